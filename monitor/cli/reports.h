/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * reports — the deliveries that files tell, one after the other: logs, and bounce mails.
 *
 * Files may be packed; "-" is standard input; a folder or maildir is read where the format is
 * dsn. What is said to the user about a file that cannot be read is said here.
 */
#include <stdint.h>

#include "monitor/cli/cli.h"

struct conf_file_delivery;
struct report;
struct reports;

struct reports_options {
	struct cli *cli; /* its --tz counts */
	const char *format; /* a word of --format */
	const struct conf_file_delivery *source; /* whose settings count; NULL for none */
	void *owner;
	/* Non-zero ends the reading, and sticks: reports_error(). */
	int (*on_report)(void *owner, const char *path, const struct report *report);
	/* line: 0 where it is not known. */
	void (*on_refused)(void *owner, const char *path, uint64_t line, const char *why);
};

/* Options are borrowed. Returns 0 or -ENOMEM. */
int reports_create(const struct reports_options *options, struct reports **ret_reports)
	__attribute__((warn_unused_result));
void reports_destroy(struct reports *reports);
enum cli_status reports_read(struct reports *reports, const char *path);
/* What on_report returned, or another failure that ended everything; else 0. */
int reports_error(const struct reports *reports);
