/* SPDX-License-Identifier: MIT */
#include "monitor/dossier.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "monitor/casefile.h"
#include "monitor/chart.h"
#include "monitor/dossier_inside.h"
#include "storage/incident.h"
#include "storage/ledger.h"
#include "storage/store.h"

#define ADDRESSES_MOST 1000000
#define MARGIN INT64_C(1800000)

static int open_casefile(struct dossier_parts *parts, int64_t number)
{
	const struct casefile_options options = {
		.store = parts->options->store,
		.operators = parts->options->operators,
		.now = parts->options->now,
		.utf8 = true,
		.addresses_most = parts->options->addresses ? ADDRESSES_MOST : 0,
	};
	const int err = casefile_open(&options, number, &parts->casefile);

	if (err == 0)
		parts->domain = parts->casefile->story.incident->domain;
	return err;
}

/* Nothing may be known of the domain: then there is no picture, and the incident's own times. */
static int open_chart(struct dossier_parts *parts)
{
	const struct chart_options options = {
		.store = parts->options->store,
		.operators = parts->options->operators,
		.now = parts->options->now,
		.utf8 = true,
	};
	const struct incident *const incident = parts->casefile->story.incident;
	const int err = chart_open_incident(&options, incident, &parts->chart);

	if (err == 0) {
		parts->from = parts->chart->timeline.from;
		parts->to = parts->chart->timeline.to;
	} else {
		parts->from = incident->suspected_at - MARGIN;
		parts->to = incident->closed_at != 0 ? incident->closed_at
						     : parts->options->now;
	}
	return err == -ENOENT ? 0 : err;
}

static int gather(struct dossier_parts *parts, int64_t number, struct ledger_head *head)
{
	int err = open_casefile(parts, number);

	if (err == 0)
		err = open_chart(parts);
	if (err == 0 && parts->domain != NULL)
		err = dossier_gather(parts);
	return err == 0 ? ledger_head(parts->options->store, head) : err;
}

/* All of it in one piece, with the texts that are the store's. */
struct bound {
	struct dossier dossier;
	struct dossier_parts parts;
	struct ledger_head head;
	char site[STORE_SITE_MAX];
};

static void bind(struct bound *bound)
{
	const struct dossier_parts *const parts = &bound->parts;

	snprintf(
		bound->site, sizeof bound->site, "%s", store_site(parts->options->store));
	bound->dossier.report = (struct report){
		.story = &parts->casefile->story,
		.timeline = parts->chart != NULL ? &parts->chart->timeline : NULL,
		.site = bound->site,
		.made_at = parts->options->now,
		.from = parts->from,
		.to = parts->to,
		.changes = parts->changes,
		.changes_len = parts->changes_len,
		.changes_more = parts->changes_more,
		.views = parts->views,
		.views_len = parts->views_len,
		.mails = parts->mails,
		.mails_len = parts->mails_len,
		.mails_more = parts->mails_more,
		.messages = parts->messages,
		.messages_len = parts->messages_len,
		.messages_more = parts->messages_more,
		.addresses =
			parts->options->addresses ? parts->casefile->addresses : NULL,
		.ledger_transaction = bound->head.transaction,
		.ledger_at = bound->head.at,
		.ledger_head = bound->head.hash,
	};
}

int dossier_open(const struct dossier_options *options, int64_t number,
	struct dossier **ret_dossier)
{
	struct bound *const bound = calloc(1, sizeof *bound);
	int err;

	if (bound == NULL)
		return -ENOMEM;
	bound->dossier.parts = &bound->parts;
	bound->parts.options = options;
	err = gather(&bound->parts, number, &bound->head);
	if (err != 0) {
		dossier_close(&bound->dossier);
		return err;
	}
	bind(bound);
	*ret_dossier = &bound->dossier;
	return 0;
}

void dossier_close(struct dossier *dossier)
{
	if (dossier == NULL)
		return;
	dossier_forget(dossier->parts);
	chart_close(dossier->parts->chart);
	casefile_close(dossier->parts->casefile);
	free(dossier); /* the first of what is bound with it */
}
