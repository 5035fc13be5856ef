/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/intake.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/ingest/relay.h"
#include "monitor/ingest/reply.h"
#include "monitor/ingest/report.h"
#include "resolvers/name.h"
#include "storage/store.h"

#define REASONS_MOST 32 /* different ones in a batch */
#define SHOWN_MAX 128

/* Rejected lines of one reason. */
struct rejects {
	const char *reason; /* static, as parsers give it */
	uint64_t count;
	int64_t first_at;
	int64_t last_at;
	char shown[SHOWN_MAX];
};

struct intake {
	char *source; /* owned */
	const struct reply_rules *rules;
	bool mail;
	struct deliveries *batch; /* owned */
	struct relay_memory relays;
	struct rejects rejects[REASONS_MOST];
	size_t rejects_len;
	uint64_t refused; /* reports */
	int error; /* first, until cleared */
};

int intake_create(const struct intake_options *options, struct intake **ret_intake)
{
	struct intake *intake = calloc(1, sizeof *intake);
	if (intake == NULL)
		return -ENOMEM;
	intake->rules = options->rules;
	intake->mail = options->mail;
	intake->source = strdup(options->source);
	if (intake->source == NULL ||
		deliveries_create(options->key, options->keep, &intake->batch) < 0) {
		intake_destroy(intake);
		return -ENOMEM;
	}
	*ret_intake = intake;
	return 0;
}

void intake_destroy(struct intake *intake)
{
	if (intake == NULL)
		return;
	deliveries_destroy(intake->batch);
	free(intake->source);
	free(intake);
}

void intake_clear(struct intake *intake)
{
	deliveries_clear(intake->batch);
	relay_memory_clear(&intake->relays);
	intake->rejects_len = 0;
	intake->error = 0;
}

size_t intake_len(const struct intake *intake)
{
	size_t len = deliveries_len(intake->batch);
	for (size_t i = 0; i < intake->rejects_len; i++)
		len += intake->rejects[i].count;
	return len;
}

uint64_t intake_refused(const struct intake *intake)
{
	return intake->refused;
}

void intake_reject(
	struct intake *intake, const char *reason, const char *shown, int64_t now)
{
	struct rejects *rejects = NULL;
	for (size_t i = 0; i < intake->rejects_len && rejects == NULL; i++)
		if (strcmp(intake->rejects[i].reason, reason) == 0)
			rejects = &intake->rejects[i];
	if (rejects == NULL && intake->rejects_len == REASONS_MOST)
		rejects = &intake->rejects[REASONS_MOST - 1];
	if (rejects == NULL) {
		rejects = &intake->rejects[intake->rejects_len++];
		*rejects = (struct rejects){.reason = reason, .first_at = now};
	}
	rejects->count++;
	rejects->last_at = now;
	strncpy(rejects->shown, shown, sizeof rejects->shown - 1);
}

/* Lower case, so that all spellings are one recipient: no mail server of note tells "Bob" from
 * "bob". Empty where only the domain is known. */
static void fold_recipient(const char *address, char ret_folded[REPORT_ADDRESS_MAX])
{
	size_t i = 0;
	for (; address[0] != '@' && address[i] != '\0' && i < REPORT_ADDRESS_MAX - 1; i++)
		ret_folded[i] = (char)tolower((unsigned char)address[i]);
	ret_folded[i] = '\0';
}

/* The wire name of the address's domain. */
static bool find_domain(const char *address, uint8_t ret_domain[NAME_WIRE_MAX])
{
	const char *at = strrchr(address, '@');
	const char *why;
	return at != NULL && at[1] != '\0' && at[1] != '[' &&
		name_parse_domain(at + 1, ret_domain, &why) == 0 && ret_domain[0] != 0;
}

void intake_report(
	struct intake *intake, struct store *store, const struct report *report)
{
	uint8_t domain[NAME_WIRE_MAX];
	uint8_t missing[NAME_WIRE_MAX];
	char recipient[REPORT_ADDRESS_MAX];
	struct reply_verdict verdict;
	if (!find_domain(report->recipient, domain) || report->at <= 0) {
		intake_reject(intake,
			report->at <= 0 ? "no time that can be believed"
					: "a recipient without a domain",
			report->recipient, report->at > 0 ? report->at : 1);
		intake->refused++;
		return;
	}
	fold_recipient(report->recipient, recipient);
	reply_judge(intake->rules, report, &verdict);
	struct delivery_fact fact = {
		.domain = domain,
		.recipient = recipient,
		.at = report->at,
		.outcome = report->outcome,
		.reason = verdict.reason,
		.count = report->count,
		.remote = report->origin == REPORT_REMOTE,
		.mail = intake->mail,
		.relay_host = report->relay_host,
		.relay_ip = report->relay_ip,
		.id = report->id,
	};
	if (*report->missing_name != '\0' &&
		name_parse(report->missing_name, missing) == 0 &&
		!name_equal(missing, domain))
		fact.missing = missing;
	int error = 0;
	if (fact.remote && *fact.relay_host != '\0')
		error = relay_is_outside(
			&intake->relays, store, domain, fact.relay_host, fact.at);
	fact.outside = error == 1;
	if (error >= 0)
		error = deliveries_add(intake->batch, &fact);
	if (error < 0 && intake->error == 0)
		intake->error = error;
}

void intake_write(struct intake *intake, struct store *store, struct feed_place *place)
{
	deliveries_write(intake->batch, store, intake->source);
	for (size_t i = 0; i < intake->rejects_len; i++) {
		const struct rejects *rejects = &intake->rejects[i];
		const struct feed_rejected rejected = {
			.source = intake->source,
			.reason = rejects->reason,
			.count = rejects->count,
			.first_at = rejects->first_at,
			.last_at = rejects->last_at,
			.line = (const uint8_t *)rejects->shown,
			.line_len = strlen(rejects->shown),
		};
		feed_reject(store, &rejected);
	}
	if (place != NULL)
		feed_put(store, intake->source, place);
}

int intake_commit(struct intake *intake, struct store *store, struct feed_place *place,
	int64_t now, struct store_error *ret_error)
{
	if (intake->error < 0) {
		*ret_error = (struct store_error){.code = intake->error};
		strcpy(ret_error->text, "deliveries could not be taken in");
		return intake->error;
	}
	const int64_t number = place != NULL ? place->number : 0;
	store_begin(store);
	intake_write(intake, store, place);
	int error = store_commit(store, now, ret_error);
	if (error == 0)
		intake_clear(intake);
	else if (place != NULL)
		place->number = number;
	return error;
}
