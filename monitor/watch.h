/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * watch — the monitor at work: `mxvigil run`.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf;

struct watch_options {
	const struct conf *conf;
	const char *conf_path; /* to read again on SIGHUP; NULL: defaults only */
	const char *store_override; /* of the command line; NULL without one */
	const char *const
		*domains; /* texts of the command line, beside those configured */
	size_t domains_len;
	bool once;
	int64_t for_ms; /* 0: until a signal */
	bool json; /* summary row of `once` as JSON */
};

/* Watches until a signal, the end of for_ms, or once. Returns the exit status. */
int watch_run(const struct watch_options *options) __attribute__((warn_unused_result));
