/* SPDX-License-Identifier: MIT */
/*
 * Reading rows back. A row is read as a whole before anything of it is recorded, so that a
 * refused one leaves nothing behind; what cannot be kept in memory at all fails the
 * transaction through the store.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/exchange.h"
#include "resolvers/endpoint.h"
#include "resolvers/mxset.h"
#include "resolvers/name.h"
#include "storage/history.h"
#include "storage/record.h"

#define DAY_MS INT64_C(86400000)
#define YEAR_MS (366 * DAY_MS)
#define FIRST_MS INT64_C(0)
#define LAST_MS INT64_C(7258118400000) /* 2200-01-01 */

/* A row that is being read: `why` sticks at the first fault. */
struct reading {
	const char *why;
	uint8_t domain[NAME_WIRE_MAX];
	char view[EXCHANGE_VIEW_MAX + 1];
	char server[ENDPOINT_TEXT_MAX]; /* "" for the view as a whole */
};

static void fault(struct reading *reading, const char *why)
{
	if (reading->why == NULL)
		reading->why = why;
}

static const char *read_text(
	struct reading *reading, const json_t *row, const char *key, const char *why)
{
	const char *text = json_string_value(json_object_get(row, key));

	if (text == NULL)
		fault(reading, why);
	return text;
}

/* A whole number in [least, most]. */
static int64_t read_number(struct reading *reading, const json_t *row, const char *key,
	int64_t least, int64_t most, const char *why)
{
	const json_t *value = json_object_get(row, key);
	int64_t number = json_integer_value(value);

	if (json_is_integer(value) && number >= least && number <= most)
		return number;
	fault(reading, why);
	return least;
}

/* An instant in milliseconds; null is 0. */
static int64_t read_instant(struct reading *reading, const json_t *row, const char *key)
{
	if (json_is_null(json_object_get(row, key)))
		return 0;
	return read_number(reading, row, key, FIRST_MS, LAST_MS,
		"an instant that is no number of milliseconds before the year 2200");
}

static bool read_bool(struct reading *reading, const json_t *row, const char *key)
{
	const json_t *value = json_object_get(row, key);

	if (!json_is_boolean(value))
		fault(reading, "a member that is neither true nor false");
	return json_is_true(value);
}

static bool is_view(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
			return false;
	return len > 0 && len <= EXCHANGE_VIEW_MAX;
}

/* A name in presentation form, of printable characters: others are written as \DDD. */
static bool is_name(const char *text, uint8_t ret_name[NAME_WIRE_MAX])
{
	for (const char *c = text; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return text[0] != '\0' && name_parse(text, ret_name) == 0;
}

static void read_domain(struct reading *reading, const json_t *row)
{
	const char *text = read_text(reading, row, "rrname", "no rrname");

	if (text != NULL && !is_name(text, reading->domain))
		fault(reading, "rrname is no domain name");
	else if (text != NULL && reading->domain[0] == 0)
		fault(reading, "rrname is the root");
}

static void read_view(struct reading *reading, const json_t *row, const char *view)
{
	const json_t *sensor = json_object_get(row, "sensor_id");

	if (view == NULL)
		view = sensor == NULL ? "imported" : json_string_value(sensor);
	if (view == NULL || !is_view(view))
		fault(reading, "sensor_id is no name of a view");
	else
		strcpy(reading->view, view);
}

static void read_server(struct reading *reading, const json_t *ours)
{
	const json_t *server = json_object_get(ours, "server");
	const char *text = json_string_value(server);

	if (json_is_null(server))
		return;
	if (text == NULL || strlen(text) >= sizeof reading->server)
		fault(reading, "server is no address");
	else
		strcpy(reading->server, text);
}

static const char *server_of(const struct reading *reading)
{
	return reading->server[0] != '\0' ? reading->server : NULL;
}

/* "10 mx.example.com." */
static void read_host(struct reading *reading, const char *text, struct mxset *set)
{
	uint8_t exchange[NAME_WIRE_MAX];
	char *end = NULL;
	unsigned long preference;

	if (text == NULL || text[0] < '0' || text[0] > '9') {
		fault(reading, "rdata is no preference and exchange");
		return;
	}
	preference = strtoul(text, &end, 10);
	if (preference > UINT16_MAX || *end != ' ' || !is_name(end + 1, exchange))
		fault(reading, "rdata is no preference and exchange");
	else if (mxset_add(set, (uint16_t)preference, exchange) < 0)
		fault(reading, "no memory for its rdata");
}

/* A list of texts, or one text. */
static void read_rdata(struct reading *reading, const json_t *row, struct mxset *set)
{
	const json_t *rdata = json_object_get(row, "rdata");

	if (json_is_string(rdata))
		read_host(reading, json_string_value(rdata), set);
	else if (!json_is_array(rdata) || json_array_size(rdata) > EXCHANGE_HOSTS_MAX)
		fault(reading, "rdata is no list of at most 1024 texts");
	for (size_t i = 0; reading->why == NULL && i < json_array_size(rdata); i++)
		read_host(reading, json_string_value(json_array_get(rdata, i)), set);
}

static bool is_null_mx(const struct mxset *set)
{
	return set->len == 1 && set->hosts[0].exchange[0] == 0;
}

/* Whether state and set are an answer that a poll can have given. */
static bool is_answer(enum answer_state state, const struct mxset *set)
{
	switch (state) {
	case ANSWER_MX:
		return set->len > 0 && !is_null_mx(set);
	case ANSWER_NULL_MX:
		return is_null_mx(set);
	case ANSWER_NODATA:
	case ANSWER_NXDOMAIN:
		return set->len == 0;
	case ANSWER_NONE:
	case ANSWER_SERVFAIL:
	case ANSWER_REFUSED:
	case ANSWER_TIMEOUT:
	case ANSWER_NETWORK:
	case ANSWER_MALFORMED:
	case ANSWER_BOGUS:
		break;
	}
	return false;
}

static enum answer_state read_state(
	struct reading *reading, const json_t *from, const struct mxset *set)
{
	const char *name = read_text(reading, from, "answer", "no answer");
	enum answer_state state = ANSWER_NONE;

	if (name != NULL && answer_state_from_name(name, &state) < 0)
		fault(reading, "an answer of an unknown name");
	if (!is_answer(state, set))
		fault(reading, "answer and rdata contradict each other");
	return state;
}

static uint32_t read_ttl(
	struct reading *reading, const json_t *ours, const char *key, uint32_t unset)
{
	if (json_is_null(json_object_get(ours, key)))
		return unset;
	return (uint32_t)read_number(
		reading, ours, key, 0, INT32_MAX, "a TTL that is none");
}

static enum exchange_outcome outcome_of(int64_t number)
{
	return number != 0 ? EXCHANGE_ADDED : EXCHANGE_KNOWN;
}

static void read_our_span(struct reading *reading, const json_t *row, const json_t *ours,
	const struct mxset *set, struct span *span)
{
	span->answer.state = read_state(reading, ours, set);
	span->first_at = read_instant(reading, ours, "first_ms");
	span->last_at = read_instant(reading, ours, "last_ms");
	span->not_before_at = read_instant(reading, ours, "not_before_ms");
	span->polls = (uint32_t)read_number(
		reading, row, "count", 0, UINT32_MAX, "count is no number");
	span->ttl_min = read_ttl(reading, ours, "ttl_min", UINT32_MAX);
	span->ttl_max = read_ttl(reading, ours, "ttl_max", 0);
	span->flags =
		(read_bool(reading, ours, "authenticated") ? SPAN_AUTHENTICATED : 0u) |
		(read_bool(reading, ours, "beside_null") ? SPAN_BESIDE_NULL : 0u);
	span->imported = read_bool(reading, ours, "imported");
	if (span->not_before_at > span->first_at)
		fault(reading, "not_before_ms is after first_ms");
}

static enum exchange_outcome import_our_span(struct reading *reading, struct store *store,
	const json_t *row, const json_t *ours, const char *source)
{
	const json_t *alias_text = json_object_get(ours, "alias");
	struct mxset set = {0};
	uint8_t alias[NAME_WIRE_MAX];
	struct span span = {.domain = reading->domain,
		.view = reading->view,
		.server = server_of(reading),
		.rrtype = RECORD_TYPE_MX,
		.answer.set = &set};
	enum exchange_outcome outcome = EXCHANGE_REFUSED;

	read_rdata(reading, row, &set);
	read_our_span(reading, row, ours, &set, &span);
	if (json_is_string(alias_text) && is_name(json_string_value(alias_text), alias))
		span.alias = alias;
	else if (!json_is_null(alias_text))
		fault(reading, "alias is no domain name");
	if (span.first_at == 0 || span.last_at < span.first_at)
		fault(reading, "last_ms is before first_ms");
	if (reading->why == NULL)
		outcome = outcome_of(history_import_span(store, &span, source));
	mxset_finish(&set);
	return outcome;
}

static enum exchange_outcome import_our_gap(
	struct reading *reading, struct store *store, const json_t *ours)
{
	const char *name = read_text(reading, ours, "reason", "no reason");
	struct gap gap = {.domain = reading->domain,
		.view = reading->view,
		.server = server_of(reading),
		.from_at = read_instant(reading, ours, "from_ms"),
		.to_at = read_instant(reading, ours, "to_ms"),
		.imported = read_bool(reading, ours, "imported")};

	if (name != NULL && gap_reason_from_name(name, &gap.reason) < 0)
		fault(reading, "a reason of an unknown name");
	if (gap.from_at == 0 || (gap.to_at != 0 && gap.to_at < gap.from_at))
		fault(reading, "to_ms is before from_ms");
	if (reading->why != NULL)
		return EXCHANGE_REFUSED;
	return outcome_of(history_import_gap(store, &gap));
}

static enum exchange_outcome import_our_point(
	struct reading *reading, struct store *store, const json_t *ours)
{
	static const char why[] = "a time that is none, or longer than a year";
	const struct point point = {
		.domain = reading->domain,
		.view = reading->view,
		.interval_ms = read_number(reading, ours, "interval_ms", 0, YEAR_MS, why),
		.timeout_ms = read_number(reading, ours, "timeout_ms", 0, YEAR_MS, why),
		.bucket_ms = read_number(reading, ours, "bucket_ms", 0, YEAR_MS, why),
	};

	if (reading->why != NULL)
		return EXCHANGE_REFUSED;
	return outcome_of(history_import_point(store, &point));
}

static uint32_t read_count(struct reading *reading, const json_t *ours, const char *key)
{
	return (uint32_t)read_number(
		reading, ours, key, 0, UINT32_MAX, "a count that is none");
}

static enum exchange_outcome import_our_bucket(
	struct reading *reading, struct store *store, const json_t *ours)
{
	struct bucket bucket = {
		.from_at = read_instant(reading, ours, "from_ms"),
		.length_ms = read_number(reading, ours, "length_ms", 1, DAY_MS,
			"a bucket longer than a day"),
		.polls = read_count(reading, ours, "polls"),
		.usable = read_count(reading, ours, "usable"),
		.longest_ms = read_count(reading, ours, "longest_ms"),
	};

	if (bucket.usable > bucket.polls)
		fault(reading, "more usable polls than polls");
	if (reading->why != NULL)
		return EXCHANGE_REFUSED;
	return outcome_of(
		history_import_bucket(store, reading->domain, reading->view, &bucket));
}

static void read_answer(struct reading *reading, const json_t *answer, struct mxset *set,
	struct answer_value *ret_answer)
{
	if (!json_is_object(answer)) {
		fault(reading, "a change without its two answers");
		return;
	}
	read_rdata(reading, answer, set);
	ret_answer->state = read_state(reading, answer, set);
	ret_answer->set = set;
}

static enum confirmation read_confirmation(struct reading *reading, const json_t *ours)
{
	const char *name = read_text(reading, ours, "confirmed_by", "no confirmed_by");

	for (int by = CONFIRMED_NOT; name != NULL && by <= CONFIRMED_SERVER; by++)
		if (strcmp(name, confirmation_name((enum confirmation)by)) == 0)
			return (enum confirmation)by;
	fault(reading, "confirmed_by is of an unknown name");
	return CONFIRMED_NOT;
}

static enum exchange_outcome import_our_change(
	struct reading *reading, struct store *store, const json_t *ours)
{
	struct mxset from = {0};
	struct mxset to = {0};
	struct change change = {.domain = reading->domain,
		.view = reading->view,
		.server = server_of(reading),
		.rrtype = RECORD_TYPE_MX,
		.at = read_instant(reading, ours, "at_ms"),
		.not_before_at = read_instant(reading, ours, "not_before_ms"),
		.confirmed_by = read_confirmation(reading, ours),
		.confirmed_at = read_instant(reading, ours, "confirmed_ms"),
		.imported = read_bool(reading, ours, "imported")};
	enum exchange_outcome outcome = EXCHANGE_REFUSED;

	read_answer(reading, json_object_get(ours, "from"), &from, &change.from);
	read_answer(reading, json_object_get(ours, "to"), &to, &change.to);
	if (change.at == 0 || change.not_before_at > change.at)
		fault(reading, "not_before_ms is after at_ms");
	if (reading->why == NULL && change.from.state == change.to.state &&
		mxset_equal(&from, &to))
		fault(reading, "a change from an answer to the same");
	if (reading->why == NULL) {
		change.kind =
			change_kind_of(change.from.state, &from, change.to.state, &to);
		outcome = outcome_of(history_import_change(store, &change));
	}
	mxset_finish(&from);
	mxset_finish(&to);
	return outcome;
}

static enum exchange_outcome import_ours(struct reading *reading, struct store *store,
	const json_t *row, const json_t *ours, const char *source)
{
	const char *record =
		read_text(reading, ours, "record", "x_mxvigil has no record");

	if (reading->why != NULL)
		return EXCHANGE_REFUSED;
	if (strcmp(record, "bucket") == 0)
		return import_our_bucket(reading, store, ours);
	if (strcmp(record, "point") == 0)
		return import_our_point(reading, store, ours);
	read_server(reading, ours);
	if (strcmp(record, "span") == 0)
		return import_our_span(reading, store, row, ours, source);
	if (strcmp(record, "gap") == 0)
		return import_our_gap(reading, store, ours);
	if (strcmp(record, "change") == 0)
		return import_our_change(reading, store, ours);
	fault(reading, "x_mxvigil has a record of an unknown name");
	return EXCHANGE_REFUSED;
}

/* Which answer an empty rdata stands for; NONE for a failed look-up. */
static enum answer_state read_rcode(struct reading *reading, const json_t *row)
{
	const char *rcode = read_text(
		reading, row, "x_rcode", "rdata is empty and there is no x_rcode");

	if (rcode == NULL)
		return ANSWER_NONE;
	if (strcmp(rcode, "NXDOMAIN") == 0)
		return ANSWER_NXDOMAIN;
	return strcmp(rcode, "NOERROR") == 0 ? ANSWER_NODATA : ANSWER_NONE;
}

/* Seconds of the epoch, of the sensor or else of the zone file. */
static int64_t read_seconds(
	struct reading *reading, const json_t *row, const char *key, const char *zone_key)
{
	const char *present = json_object_get(row, key) != NULL ? key : zone_key;

	return 1000 *
		read_number(reading, row, present, 1, LAST_MS / 1000,
			"time_first or time_last is no number of epoch seconds");
}

static enum exchange_outcome import_foreign(struct reading *reading, struct store *store,
	const json_t *row, const char *source)
{
	struct mxset set = {0};
	const json_t *count = json_object_get(row, "count");
	struct span span = {.domain = reading->domain,
		.view = reading->view,
		.rrtype = RECORD_TYPE_MX,
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

	read_rdata(reading, row, &set);
	if (set.len > 0)
		span.answer.state = is_null_mx(&set) ? ANSWER_NULL_MX : ANSWER_MX;
	else if (reading->why == NULL)
		span.answer.state = read_rcode(reading, row);
	if (span.last_at < span.first_at)
		fault(reading, "time_last is before time_first");
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
	struct reading reading = {0};
	const json_t *ours = json_object_get(row, "x_mxvigil");
	const char *rrtype;
	enum exchange_outcome outcome = EXCHANGE_REFUSED;

	if (!json_is_object(row)) {
		*ret_why = "no JSON object";
		return EXCHANGE_REFUSED;
	}
	rrtype = read_text(&reading, row, "rrtype", "no rrtype");
	if (rrtype != NULL && strcasecmp(rrtype, "MX") != 0)
		return EXCHANGE_PASSED_OVER;
	read_domain(&reading, row);
	read_view(&reading, row, ours == NULL ? view : NULL);
	if (ours != NULL && !json_is_object(ours))
		fault(&reading, "x_mxvigil is no object");
	if (reading.why == NULL)
		outcome = ours != NULL ? import_ours(&reading, store, row, ours, source)
				       : import_foreign(&reading, store, row, source);
	if (outcome == EXCHANGE_REFUSED)
		*ret_why = reading.why;
	return outcome;
}
