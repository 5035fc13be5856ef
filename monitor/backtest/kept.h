/* SPDX-License-Identifier: MIT */
#pragma once
/* kept — incidents as they were last handed out, by serial; in memory. Of backtest.c. */
#include <stddef.h>
#include <stdint.h>

#include "monitor/backtest/backtest.h"

struct kept;

/* recipients: borrowed, knows addresses. */
int kept_create(const struct acquaintances *recipients, struct kept **ret_kept)
	__attribute__((warn_unused_result));
void kept_destroy(struct kept *kept);
/* Takes a copy over what it had of that serial; owner is the struct kept. As decide_incident_fn. */
int kept_incident(void *owner, uint64_t serial, const struct incident *incident,
	const struct incident_recipient *recipients, size_t recipients_len);
/* Sorts and numbers them. */
int kept_settle(struct kept *kept) __attribute__((warn_unused_result));
int kept_each(const struct kept *kept, backtest_incident_fn fn, void *owner)
	__attribute__((warn_unused_result));
