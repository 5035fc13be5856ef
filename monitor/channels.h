/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * channels — the channels of a configuration, with what their secret files hold.
 *
 * What a type of channel needs, and has no use for, is checked with the rest of the file; the
 * secret files are read when the channels are loaded, for only the monitor may read them.
 */
#include <stddef.h>

struct channel;
struct conf;
struct conf_error;
struct conf_reader;

/* Part of conf_load: checks one channel of the file. Sticky, as conf_value.h. */
void channels_check(struct conf_reader *reader, size_t index);

/* What is expected of the URL of a channel of that type (enum channel_type), NULL where it is
 * right: static. Without TLS only webhooks and Alertmanagers go to other machines. */
const char *channels_url_fault(int type, const char *url);

/* In the order of the file. *ret_channels is returned, free with channels_free(). Returns 0,
 * or error->code with ret_error filled: no line, and never what a secret file holds. */
int channels_load(const struct conf *conf, struct channel **ret_channels, size_t *ret_len,
	struct conf_error *ret_error) __attribute__((warn_unused_result));
/* Wipes the secrets. */
void channels_free(struct channel *channels, size_t len);
