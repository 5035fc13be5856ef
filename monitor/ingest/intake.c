/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/intake.h"

#include <assert.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/casebook.h"
#include "monitor/ingest/errand.h"
#include "monitor/ingest/rejects.h"
#include "monitor/ingest/relay.h"
#include "monitor/ingest/reply.h"
#include "monitor/ingest/report.h"
#include "resolvers/name.h"
#include "storage/store.h"

#define BROKEN_FILTER "reply-filter-broken" /* a rule of ours */

struct intake {
	char *source; /* owned */
	const struct reply_rules *rules;
	bool mail;
	struct deliveries *batch; /* owned */
	struct errand *errand; /* NULL: the store is ours */
	struct casebook *casebook; /* NULL: nothing is decided */
	bool told; /* the casebook was told what waits, in this transaction */
	struct relay_memory relays;
	struct rejects rejects;
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
	intake->errand = options->errand;
	intake->casebook = options->casebook;
	intake->relays.operators = options->operators;
	intake->source = strdup(options->source);
	if (intake->source == NULL ||
		(intake->errand == NULL &&
			deliveries_create(options->key, options->keep, &intake->batch) <
				0)) {
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
	if (intake->errand != NULL)
		errand_clear(intake->errand);
	else
		deliveries_clear(intake->batch);
	relay_memory_clear(&intake->relays);
	intake->rejects.len = 0;
	intake->error = 0;
}

size_t intake_len(const struct intake *intake)
{
	return rejects_count(&intake->rejects) +
		(intake->errand != NULL ? errand_len(intake->errand)
					: deliveries_len(intake->batch));
}

bool intake_is_full(const struct intake *intake)
{
	return intake_len(intake) >= INTAKE_BATCH ||
		(intake->errand != NULL && errand_is_full(intake->errand));
}

uint64_t intake_refused(const struct intake *intake)
{
	return intake->refused;
}

int intake_error(const struct intake *intake)
{
	return intake->error;
}

int intake_is_known(const struct intake *intake, struct store *store, const char *format,
	const char *path)
{
	return intake->errand != NULL ? errand_is_known(intake->errand, format, path)
				      : feed_is_known(store, format, path);
}

void intake_reject(
	struct intake *intake, const char *reason, const char *shown, int64_t now)
{
	rejects_add(&intake->rejects, reason, shown, now);
}

void intake_fold_recipient(const char *address, char ret_folded[REPORT_ADDRESS_MAX])
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

static void take_fact(
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
	intake_fold_recipient(report->recipient, recipient);
	reply_judge(intake->rules, report, &verdict);
	if (strcmp(verdict.rule, BROKEN_FILTER) == 0)
		casebook_broken_filter(intake->casebook, intake->source, report->at);
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
		name_parse(report->missing_name, missing) == 0)
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

void intake_report(
	struct intake *intake, struct store *store, const struct report *report)
{
	if (intake->errand == NULL) {
		take_fact(intake, store, report);
		return;
	}
	const int error = errand_report(intake->errand, report);
	if (error < 0 && intake->error == 0)
		intake->error = error;
}

void intake_write(
	struct intake *intake, struct store *store, struct feed_place *place, int64_t now)
{
	assert(intake->errand == NULL);
	deliveries_write(intake->batch, store, intake->source);
	rejects_write(&intake->rejects, store, intake->source);
	if (place != NULL)
		feed_put(store, intake->source, place);
	if (intake->casebook == NULL)
		return;
	intake->told = casebook_deliveries(intake->casebook, intake->batch, now);
	casebook_save(intake->casebook, now);
}

void intake_written(struct intake *intake, int error)
{
	if (intake->casebook == NULL)
		return;
	casebook_saved(intake->casebook, error);
	if (error != 0 && intake->told)
		casebook_deliveries_failed(intake->casebook, intake->batch);
	if (error == 0)
		casebook_heard(
			intake->casebook, intake->source, deliveries_len(intake->batch));
}

static int carry(
	struct intake *intake, struct feed_place *place, struct store_error *ret_error)
{
	uint64_t refused;
	int error = errand_commit(
		intake->errand, &intake->rejects, place, &refused, ret_error);
	if (error == 0) {
		intake->refused += refused;
		intake_clear(intake);
	}
	return error;
}

int intake_commit(struct intake *intake, struct store *store, struct feed_place *place,
	int64_t now, struct store_error *ret_error)
{
	if (intake->error < 0) {
		*ret_error = (struct store_error){.code = intake->error};
		strcpy(ret_error->text, "deliveries could not be taken in");
		return intake->error;
	}
	if (intake->errand != NULL)
		return carry(intake, place, ret_error);
	const int64_t number = place != NULL ? place->number : 0;
	store_begin(store);
	intake_write(intake, store, place, now);
	int error = store_commit(store, now, ret_error);
	intake_written(intake, error);
	if (error == 0)
		intake_clear(intake);
	else if (place != NULL)
		place->number = number;
	return error;
}
