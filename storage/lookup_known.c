/* SPDX-License-Identifier: MIT */
/* The gaps, buckets and polls of a point around a window. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "storage/bucket.h"
#include "storage/inside.h"
#include "storage/lookup_point.h"
#include "storage/lookup_row.h"

/* Gaps are read this far around a window: they explain the distances of the buckets at its
 * edges. */
#define GAP_REACH_MS (BUCKET_LENGTH_MAX_MS + INT64_C(3600000))

void lookup_finish_point(struct lookup_point *point)
{
	for (size_t i = 0; i < point->server_gaps_len; i++)
		free((void *)(uintptr_t)point->server_gaps[i].server);
	free(point->server_gaps);
	free(point->gaps);
	free(point->buckets);
	free(point->polls);
	free(point->view);
	*point = (struct lookup_point){0};
}

/* Room for one more element of *array. Returns it, or NULL. */
static void *append(void **array, size_t *len, size_t *room, size_t size)
{
	if (*len == *room) {
		size_t wanted = *room + *room / 2 + 16;
		void *grown = reallocarray(*array, wanted, size);
		if (grown == NULL)
			return NULL;
		*array = grown;
		*room = wanted;
	}
	return (char *)*array + (*len)++ * size;
}

int lookup_add_gap(struct lookup_point *point, const struct gap *gap)
{
	void *array = point->gaps;
	struct gap *added =
		append(&array, &point->gaps_len, &point->gaps_room, sizeof *added);
	point->gaps = array;
	if (added == NULL)
		return -ENOMEM;
	*added = *gap;
	added->domain = point->domain;
	added->view = point->view;
	added->server = NULL;
	return 0;
}

static int add_server_gap(
	struct lookup_point *point, const struct gap *gap, const char *server)
{
	void *array = point->server_gaps;
	struct gap *added = append(
		&array, &point->server_gaps_len, &point->server_gaps_room, sizeof *added);
	point->server_gaps = array;
	char *copy = strdup(server);
	if (added == NULL || copy == NULL) {
		point->server_gaps_len -= added != NULL;
		free(copy);
		return -ENOMEM;
	}
	*added = *gap;
	added->domain = point->domain;
	added->view = point->view;
	added->server = copy;
	return 0;
}

static int add_poll(struct lookup_point *point, int64_t at)
{
	if (at == 0)
		return 0;
	void *array = point->polls;
	int64_t *added =
		append(&array, &point->polls_len, &point->polls_room, sizeof *added);
	point->polls = array;
	if (added == NULL)
		return -ENOMEM;
	*added = at;
	return 0;
}

/* That a monitor has ended is told by the silence that follows, so one that came with an import
 * has to be as long as the silence of a point of ours. */
static bool is_not_yet_a_gap(const struct lookup_point *point, const struct gap *lasting)
{
	return (lasting->reason == GAP_STOPPED || lasting->reason == GAP_CRASHED) &&
		lasting->to_at - lasting->from_at <= point->threshold_ms;
}

int lookup_read_gaps(
	struct store *store, const struct lookup_reach *reach, struct lookup_point *point)
{
	static const char get[] =
		"SELECT sv.text, t.number, t.from_at, t.to_at, t.reason, t.imported"
		" FROM gap t JOIN server sv ON sv.id = t.server"
		" WHERE t.point = ?1 AND t.from_at < ?2 AND t.to_at > ?3"
		" UNION ALL SELECT sv.text, 0, t.from_at, 0, t.reason, 0"
		" FROM gap_open t JOIN server sv ON sv.id = t.server"
		" WHERE t.point = ?1 AND t.from_at < ?2 ORDER BY 3, 1";
	int result = 0;
	struct query query = query_begin(store, get);
	query_int(&query, point->number);
	query_int(&query, reach->to + GAP_REACH_MS);
	query_int(&query, reach->from - GAP_REACH_MS);
	while (result == 0 && query_next(&query)) {
		const char *server = lookup_server(&query, 0);
		struct gap gap = {
			.number = query_column_int(&query, 1),
			.from_at = query_column_int(&query, 2),
			.to_at = query_column_int(&query, 3),
			.reason = (unsigned)query_column_int(&query, 4),
			.imported = query_column_int(&query, 5) != 0,
		};
		if (gap.to_at == 0) {
			gap.to_at = reach->to > reach->now ? reach->to : reach->now;
			if (is_not_yet_a_gap(point, &gap))
				continue;
		}
		result = server != NULL ? add_server_gap(point, &gap, server)
					: lookup_add_gap(point, &gap);
	}
	int error = query_end(&query);
	return error < 0 ? error : result;
}

/* A bucket recorded again takes the place of its earlier self. */
static int add_bucket(struct lookup_point *point, const struct bucket *bucket)
{
	for (size_t i = point->buckets_len; i-- > 0;) {
		if (point->buckets[i].from_at != bucket->from_at)
			continue;
		point->buckets[i] = *bucket;
		return 0;
	}
	void *array = point->buckets;
	struct bucket *added =
		append(&array, &point->buckets_len, &point->buckets_room, sizeof *added);
	point->buckets = array;
	if (added == NULL)
		return -ENOMEM;
	*added = *bucket;
	return 0;
}

static int compare_buckets(const void *a, const void *b)
{
	const struct bucket *first = a;
	const struct bucket *second = b;
	return (first->from_at > second->from_at) - (first->from_at < second->from_at);
}

static int add_chunk(const struct query *query, const struct lookup_reach *reach,
	struct lookup_point *point)
{
	struct bytes_reader reader = {0};
	uint64_t version;
	int64_t length_ms = query_column_int(query, 0);
	int64_t chunk_at = query_column_int(query, 1);
	struct bucket bucket = {.point = point->number, .length_ms = length_ms};
	int error = 0;
	reader.data = query_column_blob(query, 2, &reader.len);
	while (error == 0 && bucket_unpack(&reader, chunk_at, &bucket, &version))
		if (bucket.from_at + length_ms > reach->from &&
			bucket.from_at < reach->to + point->threshold_ms)
			error = add_bucket(point, &bucket);
	return reader.failed ? -EUCLEAN : error;
}

/* The filling bucket follows the full ones; an older one is a pulse from before a crash. */
static int add_filling(const struct lookup_reach *reach, struct lookup_point *point)
{
	const struct pulse *pulse = &point->pulse;
	const struct bucket filling = {
		.point = point->number,
		.from_at = pulse->bucket_at,
		.length_ms = point->bucket_ms,
		.polls = pulse->bucket_polls,
		.usable = pulse->bucket_usable,
		.longest_ms = pulse->bucket_longest_ms,
	};
	point->filling_to = INT64_MAX;
	if (filling.from_at == 0 || filling.from_at + filling.length_ms <= reach->from ||
		filling.from_at >= reach->to + point->threshold_ms)
		return 0;
	if (point->buckets_len > 0 &&
		point->buckets[point->buckets_len - 1].from_at >= filling.from_at)
		return 0;
	point->filling_to = pulse->last_at;
	return add_bucket(point, &filling);
}

int lookup_read_buckets(
	struct store *store, const struct lookup_reach *reach, struct lookup_point *point)
{
	static const char get[] =
		"SELECT length_ms, chunk_at, data FROM bucket WHERE point = ?1"
		" AND chunk_at < ?2 AND chunk_at > ?3 - 33 * length_ms"
		" ORDER BY length_ms, chunk_at";
	int result = 0;
	struct query query = query_begin(store, get);
	query_int(&query, point->number);
	query_int(&query, reach->to + point->threshold_ms);
	query_int(&query, reach->from);
	while (result == 0 && query_next(&query))
		result = add_chunk(&query, reach, point);
	int error = query_end(&query);
	if (error < 0 || result < 0)
		return error < 0 ? error : result;
	if (point->buckets_len > 1)
		qsort(point->buckets, point->buckets_len, sizeof *point->buckets,
			compare_buckets);
	return add_filling(reach, point);
}

static int compare_instants(const void *a, const void *b)
{
	int64_t first = *(const int64_t *)a;
	int64_t second = *(const int64_t *)b;
	return (first > second) - (first < second);
}

static void sort_polls(struct lookup_point *point)
{
	size_t kept = 0;
	if (point->polls_len > 1)
		qsort(point->polls, point->polls_len, sizeof *point->polls,
			compare_instants);
	for (size_t i = 0; i < point->polls_len; i++)
		if (kept == 0 || point->polls[i] != point->polls[kept - 1])
			point->polls[kept++] = point->polls[i];
	point->polls_len = kept;
}

static int add_span_polls(const struct query *query, struct lookup_point *point)
{
	int64_t first_at = query_column_int(query, 0);
	int64_t not_before_ms = query_column_int(query, 1);
	int error = add_poll(point, first_at);
	if (error == 0 && not_before_ms != 0)
		error = add_poll(point, first_at - not_before_ms);
	if (error == 0)
		error = add_poll(point, query_column_int(query, 2));
	return error;
}

int lookup_read_polls(
	struct store *store, const struct lookup_reach *reach, struct lookup_point *point)
{
	static const char get[] =
		"SELECT t.first_at, t.not_before_ms, t.last_at" LOOKUP_OWN_SPANS
		" AND t.first_at < ?2 AND (t.last_at >= ?3 OR t.open = 1)";
	int result = add_poll(point, point->pulse.last_at);
	if (result == 0)
		result = add_poll(point, point->pulse.confirmed_at);
	if (result == 0)
		result = add_poll(point, point->last_at);
	for (size_t i = 0; result == 0 && i < point->gaps_len; i++) {
		const struct gap *gap = &point->gaps[i];
		if (point->first_at != 0 && gap->from_at >= point->first_at)
			result = add_poll(point, gap->from_at);
		if (result == 0 && gap->number != 0)
			result = add_poll(point, gap->to_at);
	}
	struct query query = query_begin(store, get);
	query_int(&query, point->number);
	query_int(&query, reach->to + point->threshold_ms);
	query_int(&query, reach->from - point->threshold_ms);
	while (result == 0 && query_next(&query))
		result = add_span_polls(&query, point);
	int error = query_end(&query);
	sort_polls(point);
	return error < 0 ? error : result;
}
