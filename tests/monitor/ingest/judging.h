/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * judging — the built-in rules of replies, and reports for them to judge.
 */
#include "monitor/ingest/reply.h"
#include "monitor/ingest/report.h"

/* cmocka group set-up and tear-down. */
int judging_setup(void **state);
int judging_teardown(void **state);

/* A recipient who was refused by a remote host. */
struct report judging_report(const char *status, const char *text);
struct reply_verdict judging_verdict(const struct report *report);
enum delivery_reason judging_reason(const char *status, const char *text);
