/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * conf_tree — the configuration file as a tree of nodes that know their line and column.
 *
 * libcyaml maps a file by schema, but tells neither the column of a wrong value nor which key
 * was meant, takes a repeated key's last value, and reads any word as `true`. So libyaml, which
 * libcyaml itself stands on, reads the text first; the same schema is walked over its tree, and
 * later checks look up the place of what they find wrong.
 */
#include <stdbool.h>
#include <stddef.h>

struct conf_error;
struct conf_tree;
struct cyaml_schema_value;

/* Reads the text, which need not outlive the call; `file` is what errors call it. Returns 0,
 * -EINVAL with ret_error filled, or -ENOMEM. */
int conf_tree_parse(const char *file, const char *text, size_t len,
	struct conf_tree **ret_tree, struct conf_error *ret_error)
	__attribute__((warn_unused_result));
void conf_tree_free(struct conf_tree *tree);

/* A file of blanks and comments. */
bool conf_tree_is_empty(const struct conf_tree *tree);

/* Checks keys, and the types of values, against the schema. Returns 0, or -EINVAL with ret_error
 * filled. */
int conf_tree_check(const struct conf_tree *tree, const struct cyaml_schema_value *schema,
	struct conf_error *ret_error) __attribute__((warn_unused_result));

/* Where the thing at a path such as "watch[2].views[0]" stands in the file, or the nearest thing
 * above it that is there. */
void conf_tree_place(const struct conf_tree *tree, const char *path, unsigned *ret_line,
	unsigned *ret_column);
/* Fills error for the value at path. `found` is quoted and shortened; NULL: nothing was. */
void conf_tree_blame(const struct conf_tree *tree, const char *path, const char *found,
	const char *expected, struct conf_error *ret_error);

/* Writes text in double quotes, escaped and bounded, for use in a message. Returns ret_quoted. */
#define CONF_QUOTED_MAX 256
char *conf_quote(const char *text, size_t len, char ret_quoted[CONF_QUOTED_MAX]);
