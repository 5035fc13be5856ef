/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * chart — what a picture of a domain's past is drawn from, gathered from the store.
 *
 * For commands, alerts and reports alike. A value of its own: the store may go on. One thread.
 */
#include <stdbool.h>
#include <stdint.h>

#include "alerts/timeline.h"

struct incident;
struct operators;
struct store;

struct chart_options {
	struct store *store; /* borrowed for the call, as is operators */
	struct operators *operators;
	int64_t now;
	bool utf8; /* U-labels may be shown */
};

struct chart {
	struct timeline timeline; /* points into this chart */
	struct chart_parts *parts; /* owned; private */
};

/* Of a domain in [from, to); from 0: since anything is known of it; to 0: up to now. Returns 0,
 * -ENOENT where nothing was ever known of the domain, -ENOMEM, or the error of a query. */
int chart_open_domain(const struct chart_options *options, const uint8_t *domain,
	int64_t from, int64_t to, struct chart **ret_chart)
	__attribute__((warn_unused_result));
/* Of an incident, with some time before and after it; the same. -ENOENT of kind SELF too. */
int chart_open_incident(const struct chart_options *options,
	const struct incident *incident, struct chart **ret_chart)
	__attribute__((warn_unused_result));
/* NULL is allowed. */
void chart_close(struct chart *chart);
