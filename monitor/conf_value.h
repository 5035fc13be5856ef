/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * conf_value — single values of the configuration file, and the blame for wrong ones. Private
 * to conf: the sticky error makes a sequence of reads one check.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf;
struct conf_error;
struct conf_tree;
struct endpoint;

/* A place in the file that is being read; after the first error nothing is read any more. */
struct conf_reader {
	const struct conf_tree *tree;
	struct conf *conf;
	struct conf_error *error;
	int err; /* sticky: 0, -EINVAL, -ENOMEM */
};

/* The path of a value, "watch[%zu].name". */
#define CONF_PATH_MAX 160

/* Blames the value at a path. found: NULL is nothing. */
void conf_blame(struct conf_reader *reader, const char *found, const char *expected,
	const char *path_fmt, ...) __attribute__((format(printf, 4, 5)));
/* Adds a warning for the thing at path. */
void conf_warn(struct conf_reader *reader, const char *path, const char *what);

/* Each reads text, if there is one, into *ret_value, which else stays as it is. */
void conf_read_duration(struct conf_reader *reader, const char *text, const char *path,
	int64_t *ret_value);
/* The same, with "forever" as 0. */
void conf_read_term(struct conf_reader *reader, const char *text, const char *path,
	int64_t *ret_value);
void conf_read_number(struct conf_reader *reader, const uint32_t *number, uint32_t least,
	uint32_t most, const char *path, uint32_t *ret_value);
/* A name of CONF_NAME_MAX letters, digits, '-', '_' and '.'. */
void conf_read_name(
	struct conf_reader *reader, const char *text, const char *path, char **ret_value);
void conf_read_text(struct conf_reader *reader, const char *text, char **ret_value);
void conf_read_texts(struct conf_reader *reader, char *const *texts, size_t len,
	char ***ret_values, size_t *ret_len);
/* A file name; a relative one stands beside the configuration file. text may be what *ret_value
 * is, to be replaced. */
void conf_read_file_name(struct conf_reader *reader, const char *text, char **ret_value);
/* Refuses a secret that everybody may read. */
void conf_check_secret(struct conf_reader *reader, const char *file, const char *path);
void conf_check_url(struct conf_reader *reader, const char *text, const char *schemes,
	const char *path);
void conf_read_endpoint(struct conf_reader *reader, const char *text,
	uint16_t default_port, const char *path, struct endpoint *ret_value);
