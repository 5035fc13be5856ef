/* SPDX-License-Identifier: MIT */
/*
 * Reading rows back. A row is read as a whole before anything of it is recorded, so that a
 * refused one leaves nothing behind; what cannot be kept in memory at all fails the
 * transaction through the store.
 */
#include <string.h>

#include "monitor/exchange.h"
#include "monitor/exchange_read.h"
#include "resolvers/mxset.h"
#include "resolvers/name.h"
#include "storage/history.h"
#include "storage/record.h"

#define DAY_MS INT64_C(86400000)
#define YEAR_MS (366 * DAY_MS)

static enum exchange_outcome outcome_of(int64_t number)
{
	return number != 0 ? EXCHANGE_ADDED : EXCHANGE_KNOWN;
}

static void read_our_span(struct exchange_reading *reading, const json_t *row,
	const json_t *ours, const struct mxset *set, struct span *span)
{
	span->answer.state = exchange_read_state(reading, ours, set);
	span->first_at = exchange_read_instant(reading, ours, "first_ms");
	span->last_at = exchange_read_instant(reading, ours, "last_ms");
	span->not_before_at = exchange_read_instant(reading, ours, "not_before_ms");
	span->polls = (uint32_t)exchange_read_number(
		reading, row, "count", 0, UINT32_MAX, "count is no number");
	span->ttl_min = exchange_read_ttl(reading, ours, "ttl_min", UINT32_MAX);
	span->ttl_max = exchange_read_ttl(reading, ours, "ttl_max", 0);
	span->flags =
		(exchange_read_bool(reading, ours, "authenticated") ? SPAN_AUTHENTICATED
								    : 0u) |
		(exchange_read_bool(reading, ours, "beside_null") ? SPAN_BESIDE_NULL
								  : 0u);
	span->imported = exchange_read_bool(reading, ours, "imported");
	if (span->not_before_at > span->first_at)
		exchange_read_fault(reading, "not_before_ms is after first_ms");
}

static enum exchange_outcome import_our_span(struct exchange_reading *reading,
	struct store *store, const json_t *row, const json_t *ours, const char *source)
{
	const json_t *alias_text = json_object_get(ours, "alias");
	struct mxset set = {0};
	uint8_t alias[NAME_WIRE_MAX];
	struct span span = {.domain = reading->domain,
		.view = reading->view,
		.server = exchange_read_server_text(reading),
		.rrtype = reading->rrtype,
		.answer.set = &set};
	enum exchange_outcome outcome = EXCHANGE_REFUSED;

	exchange_read_rdata(reading, row, &set);
	read_our_span(reading, row, ours, &set, &span);
	if (json_is_string(alias_text) &&
		exchange_read_is_name(json_string_value(alias_text), alias))
		span.alias = alias;
	else if (!json_is_null(alias_text))
		exchange_read_fault(reading, "alias is no domain name");
	if (span.first_at == 0 || span.last_at < span.first_at)
		exchange_read_fault(reading, "last_ms is before first_ms");
	if (reading->why == NULL)
		outcome = outcome_of(history_import_span(store, &span, source));
	mxset_finish(&set);
	return outcome;
}

static enum exchange_outcome import_our_gap(
	struct exchange_reading *reading, struct store *store, const json_t *ours)
{
	const char *name = exchange_read_text(reading, ours, "reason", "no reason");
	struct gap gap = {.domain = reading->domain,
		.rrtype = reading->rrtype,
		.view = reading->view,
		.server = exchange_read_server_text(reading),
		.from_at = exchange_read_instant(reading, ours, "from_ms"),
		.to_at = exchange_read_instant(reading, ours, "to_ms"),
		.imported = exchange_read_bool(reading, ours, "imported")};

	if (name != NULL && gap_reason_from_name(name, &gap.reason) < 0)
		exchange_read_fault(reading, "a reason of an unknown name");
	if (gap.from_at == 0 || (gap.to_at != 0 && gap.to_at < gap.from_at))
		exchange_read_fault(reading, "to_ms is before from_ms");
	if (reading->why != NULL)
		return EXCHANGE_REFUSED;
	return outcome_of(history_import_gap(store, &gap));
}

static enum exchange_outcome import_our_point(
	struct exchange_reading *reading, struct store *store, const json_t *ours)
{
	static const char why[] = "a time that is none, or longer than a year";
	const struct point point = {
		.domain = reading->domain,
		.rrtype = reading->rrtype,
		.view = reading->view,
		.interval_ms = exchange_read_number(
			reading, ours, "interval_ms", 0, YEAR_MS, why),
		.timeout_ms = exchange_read_number(
			reading, ours, "timeout_ms", 0, YEAR_MS, why),
		.bucket_ms = exchange_read_number(reading, ours, "bucket_ms", 1, DAY_MS,
			"a bucket of no length, or longer than a day"),
	};

	if (reading->why != NULL)
		return EXCHANGE_REFUSED;
	return outcome_of(history_import_point(store, &point));
}

static uint32_t read_count(
	struct exchange_reading *reading, const json_t *ours, const char *key)
{
	return (uint32_t)exchange_read_number(
		reading, ours, key, 0, UINT32_MAX, "a count that is none");
}

static enum exchange_outcome import_our_bucket(
	struct exchange_reading *reading, struct store *store, const json_t *ours)
{
	struct bucket bucket = {
		.rrtype = reading->rrtype,
		.from_at = exchange_read_instant(reading, ours, "from_ms"),
		.length_ms = exchange_read_number(reading, ours, "length_ms", 1, DAY_MS,
			"a bucket longer than a day"),
		.polls = read_count(reading, ours, "polls"),
		.usable = read_count(reading, ours, "usable"),
		.longest_ms = read_count(reading, ours, "longest_ms"),
	};

	if (bucket.usable > bucket.polls)
		exchange_read_fault(reading, "more usable polls than polls");
	if (reading->why != NULL)
		return EXCHANGE_REFUSED;
	return outcome_of(
		history_import_bucket(store, reading->domain, reading->view, &bucket));
}

static void read_answer(struct exchange_reading *reading, const json_t *answer,
	struct mxset *set, struct answer_value *ret_answer)
{
	if (!json_is_object(answer)) {
		exchange_read_fault(reading, "a change without its two answers");
		return;
	}
	exchange_read_rdata(reading, answer, set);
	ret_answer->state = exchange_read_state(reading, answer, set);
	ret_answer->set = set;
}

static enum confirmation read_confirmation(
	struct exchange_reading *reading, const json_t *ours)
{
	const char *name =
		exchange_read_text(reading, ours, "confirmed_by", "no confirmed_by");

	for (int by = CONFIRMED_NOT; name != NULL && by <= CONFIRMED_SERVER; by++)
		if (strcmp(name, confirmation_name((enum confirmation)by)) == 0)
			return (enum confirmation)by;
	exchange_read_fault(reading, "confirmed_by is of an unknown name");
	return CONFIRMED_NOT;
}

static enum exchange_outcome import_our_change(
	struct exchange_reading *reading, struct store *store, const json_t *ours)
{
	struct mxset from = {0};
	struct mxset to = {0};
	struct change change = {.domain = reading->domain,
		.view = reading->view,
		.server = exchange_read_server_text(reading),
		.rrtype = reading->rrtype,
		.at = exchange_read_instant(reading, ours, "at_ms"),
		.not_before_at = exchange_read_instant(reading, ours, "not_before_ms"),
		.confirmed_by = read_confirmation(reading, ours),
		.confirmed_at = exchange_read_instant(reading, ours, "confirmed_ms"),
		.imported = exchange_read_bool(reading, ours, "imported")};
	enum exchange_outcome outcome = EXCHANGE_REFUSED;

	read_answer(reading, json_object_get(ours, "from"), &from, &change.from);
	read_answer(reading, json_object_get(ours, "to"), &to, &change.to);
	if (change.at == 0 || change.not_before_at > change.at)
		exchange_read_fault(reading, "not_before_ms is after at_ms");
	if (reading->why == NULL && change.from.state == change.to.state &&
		mxset_equal(&from, &to))
		exchange_read_fault(reading, "a change from an answer to the same");
	if (reading->why == NULL) {
		change.kind =
			change_kind_of(change.from.state, &from, change.to.state, &to);
		outcome = outcome_of(history_import_change(store, &change));
	}
	mxset_finish(&from);
	mxset_finish(&to);
	return outcome;
}

static enum exchange_outcome import_ours(struct exchange_reading *reading,
	struct store *store, const json_t *row, const json_t *ours, const char *source)
{
	const char *record =
		exchange_read_text(reading, ours, "record", "x_mxvigil has no record");

	if (reading->why != NULL)
		return EXCHANGE_REFUSED;
	if (strcmp(record, "bucket") == 0)
		return import_our_bucket(reading, store, ours);
	if (strcmp(record, "point") == 0)
		return import_our_point(reading, store, ours);
	exchange_read_server(reading, ours);
	if (strcmp(record, "span") == 0)
		return import_our_span(reading, store, row, ours, source);
	if (strcmp(record, "gap") == 0)
		return import_our_gap(reading, store, ours);
	if (strcmp(record, "change") == 0)
		return import_our_change(reading, store, ours);
	exchange_read_fault(reading, "x_mxvigil has a record of an unknown name");
	return EXCHANGE_REFUSED;
}

/* Which answer an empty rdata stands for; NONE for a failed look-up. */
static enum answer_state read_rcode(struct exchange_reading *reading, const json_t *row)
{
	const char *rcode = exchange_read_text(
		reading, row, "x_rcode", "rdata is empty and there is no x_rcode");

	if (rcode == NULL)
		return ANSWER_NONE;
	if (strcmp(rcode, "NXDOMAIN") == 0)
		return ANSWER_NXDOMAIN;
	return strcmp(rcode, "NOERROR") == 0 ? ANSWER_NODATA : ANSWER_NONE;
}

/* Seconds of the epoch, of the sensor or else of the zone file. */
static int64_t read_seconds(struct exchange_reading *reading, const json_t *row,
	const char *key, const char *zone_key)
{
	const char *present = json_object_get(row, key) != NULL ? key : zone_key;

	return 1000 *
		exchange_read_number(reading, row, present, 1,
			EXCHANGE_READ_LAST_MS / 1000,
			"time_first or time_last is no number of epoch seconds");
}

static enum exchange_outcome import_foreign(struct exchange_reading *reading,
	struct store *store, const json_t *row, const char *source)
{
	struct mxset set = {0};
	const json_t *count = json_object_get(row, "count");
	struct span span = {.domain = reading->domain,
		.view = reading->view,
		.rrtype = reading->rrtype,
		.answer.set = &set,
		.first_at = read_seconds(reading, row, "time_first", "zone_time_first"),
		.last_at = read_seconds(reading, row, "time_last", "zone_time_last"),
		.polls = json_is_integer(count) && json_integer_value(count) > 0 &&
				json_integer_value(count) < UINT32_MAX
			? (uint32_t)json_integer_value(count)
			: 1,
		.ttl_min = UINT32_MAX,
		.imported = true};
	enum exchange_outcome outcome = EXCHANGE_REFUSED;

	exchange_read_rdata(reading, row, &set);
	if (set.len > 0)
		span.answer.state =
			exchange_read_is_null_mx(&set) ? ANSWER_NULL_MX : ANSWER_MX;
	else if (reading->why == NULL)
		span.answer.state = read_rcode(reading, row);
	if (span.last_at < span.first_at)
		exchange_read_fault(reading, "time_last is before time_first");
	if (reading->why == NULL)
		outcome = span.answer.state == ANSWER_NONE
			? EXCHANGE_PASSED_OVER
			: outcome_of(history_import_span(store, &span, source));
	mxset_finish(&set);
	return outcome;
}

enum exchange_outcome exchange_import_row(struct store *store, const json_t *row,
	const char *view, const char *source, const char **ret_why)
{
	struct exchange_reading reading = {0};
	const json_t *ours = json_object_get(row, "x_mxvigil");
	const char *rrtype;
	enum exchange_outcome outcome = EXCHANGE_REFUSED;

	if (!json_is_object(row)) {
		*ret_why = "no JSON object";
		return EXCHANGE_REFUSED;
	}
	rrtype = exchange_read_text(&reading, row, "rrtype", "no rrtype");
	if (rrtype != NULL && record_type_from_name(rrtype, &reading.rrtype) < 0)
		return EXCHANGE_PASSED_OVER;
	exchange_read_domain(&reading, row);
	exchange_read_view(&reading, row, ours == NULL ? view : NULL);
	if (ours != NULL && !json_is_object(ours))
		exchange_read_fault(&reading, "x_mxvigil is no object");
	if (reading.why == NULL)
		outcome = ours != NULL ? import_ours(&reading, store, row, ours, source)
				       : import_foreign(&reading, store, row, source);
	if (outcome == EXCHANGE_REFUSED)
		*ret_why = reading.why;
	return outcome;
}
