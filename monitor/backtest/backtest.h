/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * backtest — the detector over a past that the program was not there for.
 *
 * Feeds what a DNS history and mail logs say into monitor/decide/, by their times, and keeps
 * each incident as it ended. The same bytes in give the same incidents out. No clock, no store.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/incident.h"

struct acquaintances;
struct mails;
struct operators;
struct past;

struct backtest_options {
	struct operators *operators; /* borrowed */
	const struct past *past; /* settled */
	struct mails *mails;
	const char *authoritative; /* the view that asks the domain's own servers */
	double false_alarms_per_year;
	/* NULL is allowed; called now and then. */
	void (*on_progress)(void *owner, uint64_t mails, int64_t at);
	void *owner;
};

struct backtest;
/* Runs to the end. Returns 0, -ENOMEM, -ENOSPC (too many views), or why a file could not be read
 * on, with *ret_path. */
int backtest_run(const struct backtest_options *options, struct backtest **ret_backtest,
	const char **ret_path) __attribute__((warn_unused_result));
void backtest_destroy(struct backtest *backtest);

/* By opened_at, then domain, then kind; numbers count from 1. All is borrowed for the call. */
typedef int (*backtest_incident_fn)(void *owner, const struct incident *incident,
	const struct incident_recipient *recipients, size_t recipients_len);
int backtest_each(const struct backtest *backtest, backtest_incident_fn fn, void *owner)
	__attribute__((warn_unused_result));
uint64_t backtest_mails(const struct backtest *backtest);
