/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * channels — the channels of a configuration, with what their secret files hold.
 *
 * Each type's keys are checked here, those that it needs and those that it has no use for.
 * Reads files; no logging.
 */
#include <stddef.h>

struct channel;
struct conf;
struct conf_error;
struct conf_reader;

/* Part of conf_load: file, line and column of what is wrong with the channels, secrets
 * included. Sticky, as conf_value.h. */
void channels_check(struct conf_reader *reader);

/* In the order of the file. *ret_channels is returned, free with channels_free(). Returns 0,
 * or error->code with ret_error filled: a secret may have gone since conf_load. */
int channels_load(const struct conf *conf, struct channel **ret_channels, size_t *ret_len,
	struct conf_error *ret_error) __attribute__((warn_unused_result));
/* Wipes the secrets. */
void channels_free(struct channel *channels, size_t len);
