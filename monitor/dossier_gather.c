/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/describe.h"
#include "monitor/dossier_inside.h"
#include "resolvers/answer.h"
#include "storage/deliveries_lookup.h"
#include "storage/delivery.h"
#include "storage/lookup.h"
#include "storage/store.h"

/* Room for one more, whose place is returned; NULL without memory. */
static void *add(void *array, size_t *len, size_t size)
{
	void **const items = array;
	void *const grown = reallocarray(*items, *len + 1, size);

	if (grown == NULL)
		return NULL;
	*items = grown;
	return memset((char *)grown + (*len)++ * size, 0, size);
}

/* A copy of what may be NULL; the sign of a want of memory sticks. */
static const char *copy(const char *text, int *err)
{
	char *const copied = text != NULL ? strdup(text) : NULL;

	if (text != NULL && copied == NULL)
		*err = -ENOMEM;
	return copied;
}

static const char *say_answer(
	const struct dossier_parts *parts, const struct answer_value *answer, int *err)
{
	char *const text =
		describe_answer(parts->options->operators, RECORD_TYPE_MX, answer, true);

	if (text == NULL)
		*err = -ENOMEM;
	for (char *tab = text; tab != NULL && (tab = strchr(tab, '\t')) != NULL;)
		*tab = ' ';
	return text;
}

static int add_change(struct dossier_parts *parts, const struct report_change *change,
	struct dossier_key key, const struct answer_value *from,
	const struct answer_value *to)
{
	struct report_change *place;
	struct dossier_key *key_place;
	int err = 0;

	if (parts->changes_len == DOSSIER_CHANGES_MOST) {
		parts->changes_more++;
		return 0;
	}
	place = add(&parts->changes, &parts->changes_len, sizeof *place);
	if (place == NULL)
		return -ENOMEM;
	key_place = add(&parts->keys, &parts->keys_len, sizeof *key_place);
	if (key_place == NULL)
		return -ENOMEM;
	*key_place = key;
	place->not_before_at = change->not_before_at;
	place->at = change->at;
	place->id = copy(change->id, &err);
	place->view = copy(change->view, &err);
	place->server = copy(change->server, &err);
	place->what = copy(change->what, &err);
	place->from = say_answer(parts, from, &err);
	place->to = say_answer(parts, to, &err);
	return err;
}

static int on_change(void *owner, const struct change *change)
{
	struct dossier_parts *const parts = owner;
	char id[STORE_ID_MAX];
	const struct report_change row = {
		.id = store_id_format(parts->options->store, change->number, id),
		.view = change->view,
		.server = change->server,
		.what = change_kind_name(change->kind),
		.not_before_at = change->not_before_at,
		.at = change->at,
	};

	return add_change(parts, &row, (struct dossier_key){change->number, false},
		&change->from, &change->to);
}

static int on_suspicion(void *owner, const struct suspicion *suspicion)
{
	struct dossier_parts *const parts = owner;
	char id[48];
	char what[160];
	const struct report_change row = {
		.id = id,
		.view = suspicion->view,
		.server = suspicion->server,
		.what = what,
		.at = suspicion->at,
	};

	snprintf(id, sizeof id, "suspicion %lld", (long long)suspicion->number);
	snprintf(what, sizeof what, "held back, %s", suspicion->why);
	return add_change(parts, &row, (struct dossier_key){suspicion->number, true},
		&suspicion->held, &suspicion->seen);
}

static int on_evidence(void *owner, const struct evidence *evidence)
{
	struct dossier_parts *const parts = owner;
	struct report_message *place;
	char *text = NULL;
	size_t len;
	FILE *out;
	int err;

	if (parts->messages_len == DOSSIER_MESSAGES_MOST) {
		parts->messages_more++;
		return 0;
	}
	place = add(&parts->messages, &parts->messages_len, sizeof *place);
	out = place != NULL ? open_memstream(&text, &len) : NULL;
	if (out == NULL)
		return -ENOMEM;
	err = answer_print(evidence->message, evidence->len, out);
	if (fclose(out) != 0)
		err = -ENOMEM;
	*place = (struct report_message){
		.change = parts->change,
		.server = copy(evidence->server, &err),
		.at = evidence->at,
		.rtt_us = evidence->rtt_us,
		.local_port = evidence->local_port,
		.tcp = evidence->tcp,
		.clock_synchronised = evidence->clock_synchronised,
		.bytes = malloc(evidence->len + 1),
		.len = evidence->len,
		.text = text,
	};
	if (place->bytes == NULL)
		return -ENOMEM;
	memcpy((uint8_t *)(uintptr_t)place->bytes, evidence->message, evidence->len);
	return err;
}

/* A look-up is not entered twice: messages are read once all changes are. */
static int gather_messages(struct dossier_parts *parts)
{
	int err = 0;

	for (size_t i = 0; i < parts->keys_len && err == 0; i++) {
		parts->change = parts->changes[i].id;
		err = lookup_evidence(parts->options->store,
			parts->keys[i].suspicion ? EVIDENCE_OF_SUSPICION
						 : EVIDENCE_OF_CHANGE,
			parts->keys[i].number, on_evidence, parts);
	}
	return err;
}

static int on_coverage(void *owner, const struct coverage *coverage)
{
	struct dossier_parts *const parts = owner;
	struct report_view *const view =
		add(&parts->views, &parts->views_len, sizeof *view);
	int err = 0;

	if (view == NULL)
		return -ENOMEM;
	*view = (struct report_view){
		.view = copy(coverage->view, &err),
		.from = coverage->from,
		.to = coverage->to,
		.polls = coverage->polls,
		.polls_exact = coverage->polls_exact,
		.covered_ms = coverage->covered_ms,
		.longest_ms = coverage->largest_gap_ms,
	};
	if (coverage->gaps_len == 0 || err != 0)
		return err;
	const size_t len = coverage->gaps_len < DOSSIER_GAPS_MOST ? coverage->gaps_len
								  : DOSSIER_GAPS_MOST;
	struct report_gap *const gaps = calloc(len, sizeof *gaps);

	if (gaps == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++)
		gaps[i] = (struct report_gap){
			.from = coverage->gaps[i].from_at,
			.to = coverage->gaps[i].to_at,
			.reason = gap_reason_name(coverage->gaps[i].reason),
		};
	view->gaps = gaps;
	view->gaps_len = len;
	return 0;
}

static int on_row(void *owner, const struct deliveries_row *row)
{
	struct dossier_parts *const parts = owner;
	struct report_mail *mail;
	int err = 0;

	if (parts->mails_len == DOSSIER_MAILS_MOST) {
		parts->mails_more++;
		return 0;
	}
	mail = add(&parts->mails, &parts->mails_len, sizeof *mail);
	if (mail == NULL)
		return -ENOMEM;
	*mail = (struct report_mail){
		.outcome = delivery_outcome_name(row->outcome),
		.reason = delivery_reason_name(row->reason),
		.relay_host = copy(row->relay_host, &err),
		.count = row->count,
		.recipients = row->recipients,
		.first_at = row->first_at,
		.last_at = row->last_at,
	};
	return err;
}

static int none_is_well(int err)
{
	return err == -ENOENT ? 0 : err;
}

int dossier_gather(struct dossier_parts *parts)
{
	struct store *const store = parts->options->store;
	const struct lookup_window window = {
		.domain = parts->domain,
		.from = parts->from,
		.to = parts->to,
		.now = parts->options->now,
	};
	const struct deliveries_window mails = {
		.domain = parts->domain, .from = parts->from, .to = parts->to};
	int err = none_is_well(lookup_changes(store, &window, on_change, parts));

	if (err == 0)
		err = none_is_well(
			lookup_suspicions(store, &window, on_suspicion, parts));
	if (err == 0)
		err = gather_messages(parts);
	if (err == 0)
		err = none_is_well(lookup_coverage(store, &window, on_coverage, parts));
	if (err == 0)
		err = none_is_well(deliveries_rows(store, &mails, on_row, parts));
	return err;
}

/* What is owned here stands behind pointers to const, as reports want them. */
static void drop(const void *owned)
{
	free((void *)(uintptr_t)owned);
}

void dossier_forget(struct dossier_parts *parts)
{
	for (size_t i = 0; i < parts->changes_len; i++) {
		const struct report_change *const change = &parts->changes[i];

		drop(change->id);
		drop(change->view);
		drop(change->server);
		drop(change->what);
		drop(change->from);
		drop(change->to);
	}
	for (size_t i = 0; i < parts->views_len; i++) {
		drop(parts->views[i].view);
		drop(parts->views[i].gaps);
	}
	for (size_t i = 0; i < parts->mails_len; i++)
		drop(parts->mails[i].relay_host);
	for (size_t i = 0; i < parts->messages_len; i++) {
		drop(parts->messages[i].server);
		drop(parts->messages[i].bytes);
		drop(parts->messages[i].text);
	}
	free(parts->changes);
	free(parts->keys);
	free(parts->views);
	free(parts->mails);
	free(parts->messages);
}
