/* SPDX-License-Identifier: MIT */
#include "monitor/exchange.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "resolvers/address.h"
#include "resolvers/mxset.h"
#include "resolvers/name.h"
#include "storage/lookup.h"
#include "storage/record.h"
#include "storage/store.h"

/* The part that every row has, so that readers of COF which do not know us can skip ours. */
static json_t *make_row(const uint8_t *domain, uint16_t rrtype, const char *view,
	int64_t first_at, int64_t last_at, json_t *rdata)
{
	char name[NAME_TEXT_MAX];

	return json_pack("{s:s, s:s, s:o, s:I, s:I, s:s}", "rrname",
		name_format(domain, name), "rrtype",
		record_type_name(rrtype != 0 ? rrtype : RECORD_TYPE_MX), "rdata", rdata,
		"time_first", (json_int_t)(first_at / 1000), "time_last",
		(json_int_t)(last_at / 1000), "sensor_id", view);
}

/* "10 mx.example.com." for each host; "0 ." for the null MX; "192.0.2.1" for addresses. */
static json_t *make_rdata(uint16_t rrtype, const struct mxset *set)
{
	json_t *rdata = json_array();
	char name[NAME_TEXT_MAX];
	char text[NAME_TEXT_MAX + 16];

	for (size_t i = 0; rdata != NULL && i < set->len; i++) {
		if (record_type_is_address(rrtype))
			address_format(set->hosts[i].exchange, text);
		else
			snprintf(text, sizeof text, "%u %s.", set->hosts[i].preference,
				name_format(set->hosts[i].exchange, name));
		if (json_array_append_new(rdata, json_string(text)) < 0) {
			json_decref(rdata);
			rdata = NULL;
		}
	}
	return rdata;
}

static json_t *make_instant(int64_t at)
{
	return at == 0 ? json_null() : json_integer(at);
}

static json_t *make_server(const char *server)
{
	return server == NULL ? json_null() : json_string(server);
}

/* Puts `ours` into row, both of which are taken. Any of them may be NULL for lack of memory. */
static json_t *add_ours(json_t *row, json_t *ours)
{
	if (row == NULL || ours == NULL ||
		json_object_set_new(row, "x_mxvigil", ours) < 0) {
		if (row == NULL)
			json_decref(ours);
		json_decref(row);
		return NULL;
	}
	return row;
}

static const char *rcode_of(enum answer_state state)
{
	if (state == ANSWER_NODATA)
		return "NOERROR";
	return state == ANSWER_NXDOMAIN ? "NXDOMAIN" : NULL;
}

/* It has no time of its own. */
json_t *exchange_point_row(const struct point *point)
{
	return add_ours(
		make_row(point->domain, point->rrtype, point->view, 0, 0, json_array()),
		json_pack("{s:s, s:I, s:I, s:I}", "record", "point", "interval_ms",
			(json_int_t)point->interval_ms, "timeout_ms",
			(json_int_t)point->timeout_ms, "bucket_ms",
			(json_int_t)point->bucket_ms));
}

json_t *exchange_span_row(const struct span *span)
{
	bool ttl = span->ttl_max != 0 || span->ttl_min != UINT32_MAX;
	const char *rcode = rcode_of(span->answer.state);
	char alias[NAME_TEXT_MAX];
	json_t *row = make_row(span->domain, span->rrtype, span->view, span->first_at,
		span->last_at, make_rdata(span->rrtype, span->answer.set));
	json_t *ours = json_pack("{s:s, s:s, s:o, s:I, s:I, s:o, s:o, s:o, s:o, s:b, "
				 "s:b, s:b}",
		"record", "span", "answer",
		record_answer_name(span->rrtype, span->answer.state), "server",
		make_server(span->server), "first_ms", (json_int_t)span->first_at,
		"last_ms", (json_int_t)span->last_at, "not_before_ms",
		make_instant(span->not_before_at), "ttl_min",
		ttl ? json_integer(span->ttl_min) : json_null(), "ttl_max",
		ttl ? json_integer(span->ttl_max) : json_null(), "alias",
		span->alias != NULL ? json_string(name_format(span->alias, alias))
				    : json_null(),
		"authenticated", (span->flags & SPAN_AUTHENTICATED) != 0, "beside_null",
		(span->flags & SPAN_BESIDE_NULL) != 0, "imported", span->imported);

	row = add_ours(row, ours);
	if (row != NULL &&
		json_object_set_new(row, "count", json_integer(span->polls)) < 0) {
		json_decref(row);
		return NULL;
	}
	if (row != NULL && rcode != NULL)
		json_object_set_new(row, "x_rcode", json_string(rcode));
	return row;
}

json_t *exchange_gap_row(const struct gap *gap)
{
	int64_t end = gap->to_at != 0 ? gap->to_at : gap->from_at;

	return add_ours(make_row(gap->domain, gap->rrtype, gap->view, gap->from_at, end,
				json_array()),
		json_pack("{s:s, s:s, s:o, s:I, s:o, s:b}", "record", "gap", "reason",
			gap_reason_name(gap->reason), "server", make_server(gap->server),
			"from_ms", (json_int_t)gap->from_at, "to_ms",
			make_instant(gap->to_at), "imported", gap->imported));
}

json_t *exchange_bucket_row(
	const uint8_t *domain, const char *view, const struct bucket *bucket)
{
	int64_t end = bucket->from_at + bucket->length_ms;

	return add_ours(make_row(domain, bucket->rrtype, view, bucket->from_at, end,
				json_array()),
		json_pack("{s:s, s:I, s:I, s:I, s:I, s:I}", "record", "bucket", "from_ms",
			(json_int_t)bucket->from_at, "length_ms",
			(json_int_t)bucket->length_ms, "polls", (json_int_t)bucket->polls,
			"usable", (json_int_t)bucket->usable, "longest_ms",
			(json_int_t)bucket->longest_ms));
}

static json_t *make_answer(uint16_t rrtype, const struct answer_value *answer)
{
	return json_pack("{s:s, s:o}", "answer",
		record_answer_name(rrtype, answer->state), "rdata",
		make_rdata(rrtype, answer->set));
}

json_t *exchange_change_row(const struct change *change)
{
	return add_ours(make_row(change->domain, change->rrtype, change->view, change->at,
				change->at, json_array()),
		json_pack("{s:s, s:o, s:I, s:o, s:s, s:o, s:s, s:o, s:o, s:b}", "record",
			"change", "server", make_server(change->server), "at_ms",
			(json_int_t)change->at, "not_before_ms",
			make_instant(change->not_before_at), "confirmed_by",
			confirmation_name(change->confirmed_by), "confirmed_ms",
			make_instant(change->confirmed_at), "kind",
			change_kind_name(change->kind), "from",
			make_answer(change->rrtype, &change->from), "to",
			make_answer(change->rrtype, &change->to), "imported",
			change->imported));
}

/* A gap that lasts, of a view as a whole. */
struct lasting {
	int64_t point;
	int64_t from_at;
	unsigned reason;
};

struct writing {
	struct store *store;
	const struct lookup_window *window;
	FILE *out;
	exchange_progress_fn on_row;
	void *owner;
	uint64_t rows;
	struct lasting *lasting; /* owned, by point */
	size_t lasting_len;
	size_t lasting_size;
	size_t lasting_next; /* of the points still to come */
	unsigned
		silence; /* why nobody looks at watched points now; 0 while somebody does */
};

/* Writes and frees the row. */
static int write_row(struct writing *writing, json_t *row)
{
	int err = -ENOMEM;

	if (row != NULL)
		err = json_dumpf(row, writing->out, JSON_COMPACT) < 0 ||
				putc('\n', writing->out) == EOF
			? -EIO
			: 0;
	json_decref(row);
	writing->rows++;
	if (err == 0 && writing->on_row != NULL)
		writing->on_row(writing->owner, writing->rows);
	return err;
}

static int on_lasting_gap(void *owner, int64_t point, const struct gap *gap)
{
	struct writing *writing = owner;

	if (gap->server != NULL)
		return 0;
	if (writing->lasting_len == writing->lasting_size) {
		size_t size = writing->lasting_size * 2 + 64;
		struct lasting *grown =
			reallocarray(writing->lasting, size, sizeof *grown);

		if (grown == NULL)
			return -ENOMEM;
		writing->lasting = grown;
		writing->lasting_size = size;
	}
	writing->lasting[writing->lasting_len++] = (struct lasting){
		.point = point, .from_at = gap->from_at, .reason = gap->reason};
	return 0;
}

static bool is_wanted(const struct lookup_window *window, const struct point *point)
{
	return (window->rrtype == LOOKUP_ALL_TYPES ||
		       point->rrtype ==
			       (window->rrtype != 0 ? window->rrtype : RECORD_TYPE_MX)) &&
		(window->domain == NULL || name_equal(window->domain, point->domain)) &&
		(window->view == NULL || strcmp(window->view, point->view) == 0);
}

/* The gap of a point that lasts: recorded, or because the monitor has ended. */
static struct gap find_silence(
	struct writing *writing, const struct point *point, const struct pulse *pulse)
{
	struct gap gap = {
		.domain = point->domain, .rrtype = point->rrtype, .view = point->view};
	const struct lasting *lasting = writing->lasting;
	size_t *next = &writing->lasting_next;

	while (*next < writing->lasting_len && lasting[*next].point < point->number)
		++*next;
	if (*next < writing->lasting_len && lasting[*next].point == point->number) {
		gap.from_at = lasting[*next].from_at;
		gap.reason = lasting[*next].reason;
	} else if (point->watched && writing->silence != 0) {
		gap.from_at = pulse->last_at;
		gap.reason = writing->silence;
	}
	return gap;
}

static int on_point(void *owner, const struct point *point, const struct pulse *pulse,
	const struct span *span, int64_t unwatched_at)
{
	struct writing *writing = owner;
	int64_t to = writing->window->to;
	struct gap silence;
	int err;

	(void)span;
	(void)unwatched_at;
	if (!is_wanted(writing->window, point))
		return 0;
	err = write_row(writing, exchange_point_row(point));
	silence = find_silence(writing, point, pulse);
	if (err == 0 && silence.from_at != 0 && (to == 0 || silence.from_at < to))
		err = write_row(writing, exchange_gap_row(&silence));
	return err;
}

static int on_span(void *owner, const struct span *span)
{
	return write_row(owner, exchange_span_row(span));
}

static int on_gap(void *owner, const struct gap *gap)
{
	if (gap->to_at == 0 && gap->server == NULL)
		return 0; /* stands with its point */
	return write_row(owner, exchange_gap_row(gap));
}

static int on_bucket(
	void *owner, const uint8_t *domain, const char *view, const struct bucket *bucket)
{
	return write_row(owner, exchange_bucket_row(domain, view, bucket));
}

static int on_change(void *owner, const struct change *change)
{
	return write_row(owner, exchange_change_row(change));
}

/* Whether a monitor still looks, and if not, how the last one ended. */
static int find_state(struct writing *writing)
{
	struct run_end run;
	int err = lookup_last_run(writing->store, &run);

	if (err == 0 && run.any &&
		(run.stopped || !store_is_held(store_path(writing->store), NULL)))
		writing->silence = run.stopped ? GAP_STOPPED : GAP_CRASHED;
	return err;
}

static int write_points(struct writing *writing)
{
	const struct lookup_resume gaps = {.owner = writing, .on_gap = on_lasting_gap};
	const struct lookup_resume points = {.owner = writing, .on_point = on_point};
	int err = find_state(writing);

	if (err == 0)
		err = lookup_resume(writing->store, &gaps);
	if (err == 0)
		err = lookup_resume(writing->store, &points);
	return err;
}

static int write_records(struct writing *writing)
{
	struct store *store = writing->store;
	int err = lookup_spans(store, writing->window, on_span, writing);

	if (err == 0)
		err = lookup_gaps(store, writing->window, on_gap, writing);
	if (err == 0)
		err = lookup_buckets(store, writing->window, on_bucket, writing);
	if (err == 0)
		err = lookup_changes(store, writing->window, on_change, writing);
	return err;
}

int exchange_export(struct store *store, const struct lookup_window *window, FILE *out,
	exchange_progress_fn on_row, void *owner)
{
	struct writing writing = {.store = store,
		.window = window,
		.out = out,
		.on_row = on_row,
		.owner = owner};
	int err = write_points(&writing);

	if (err == 0)
		err = write_records(&writing);
	free(writing.lasting);
	return err == 0 && fflush(out) != 0 ? -EIO : err;
}
