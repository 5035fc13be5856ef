/* SPDX-License-Identifier: MIT */
#include "storage/cover.h"

static int64_t lesser(int64_t a, int64_t b)
{
	return a < b ? a : b;
}

static int64_t greater(int64_t a, int64_t b)
{
	return a > b ? a : b;
}

static int64_t end_of(const struct bucket *bucket)
{
	return bucket->from_at + bucket->length_ms;
}

/* The bucket that has counted the poll, or NULL. */
static const struct bucket *bucket_of(const struct cover *cover, int64_t poll_at)
{
	size_t begin = 0;
	size_t end = cover->buckets_len;
	while (begin < end) {
		size_t middle = begin + (end - begin) / 2;
		if (cover->buckets[middle].from_at <= poll_at)
			begin = middle + 1;
		else
			end = middle;
	}
	if (begin == 0 || poll_at >= end_of(&cover->buckets[begin - 1]))
		return NULL;
	if (begin == cover->buckets_len && poll_at > cover->filling_to)
		return NULL;
	return &cover->buckets[begin - 1];
}

/* Whether no usable poll lies in [from, to): before the first one, after the last, or in a gap.
 * Both edges of a gap may be polls. */
static bool is_silent(const struct cover *cover, int64_t from, int64_t to)
{
	if (from >= to || cover->first_at == 0 || to <= cover->first_at ||
		from > cover->last_at)
		return true;
	for (size_t i = 0; i < cover->gaps_len; i++)
		if (cover->gaps[i].from_at < from && cover->gaps[i].to_at >= to)
			return true;
	return false;
}

/* The longest distance outside gaps of two polls, the later of which is in the bucket. */
static int64_t distance_in(const struct cover *cover, const struct bucket *bucket)
{
	if (bucket->longest_ms <= cover->threshold_ms)
		return bucket->longest_ms;
	for (size_t i = 0; i < cover->gaps_len; i++) {
		int64_t to_at = cover->gaps[i].to_at;
		if (to_at >= bucket->from_at && to_at < end_of(bucket))
			return cover->threshold_ms;
	}
	return bucket->longest_ms;
}

/* As distance_in, for polls around the instants of a bucket: the poll that follows its last one
 * is in the next. */
static int64_t distance_around(const struct cover *cover, size_t bucket)
{
	int64_t distance = distance_in(cover, &cover->buckets[bucket]);
	if (bucket + 1 < cover->buckets_len)
		distance = greater(
			distance, distance_in(cover, &cover->buckets[bucket + 1]));
	return distance;
}

static uint64_t count_known(const struct cover *cover, int64_t from, int64_t to)
{
	uint64_t count = 0;
	for (size_t i = 0; i < cover->polls_len; i++)
		count += cover->polls[i] >= from && cover->polls[i] < to;
	return count;
}

/* At least so many polls lie in a part of a bucket: where two are never further apart than d, each
 * d of time without a gap holds one. */
static uint64_t count_at_least(
	const struct cover *cover, size_t index, int64_t from, int64_t to)
{
	const struct bucket *bucket = &cover->buckets[index];
	uint64_t known = count_known(cover, from, to);
	int64_t distance = distance_around(cover, index);
	uint64_t least = 0;
	from = greater(from, cover->first_at);
	to = lesser(to, cover->last_at);
	for (size_t i = 0; distance > 0 && from < to && i <= cover->gaps_len; i++) {
		bool last = i == cover->gaps_len;
		int64_t silence_at = last ? to : lesser(to, cover->gaps[i].from_at);
		if (silence_at > from)
			least += (uint64_t)((silence_at - from) / distance);
		if (!last)
			from = greater(from, cover->gaps[i].to_at);
	}
	least = least > known ? least : known;
	return least < bucket->usable ? least : bucket->usable;
}

static void count_bucket(const struct cover *cover, size_t index, struct cover_sum *sum)
{
	const struct bucket *bucket = &cover->buckets[index];
	int64_t from = greater(cover->from, bucket->from_at);
	int64_t to = lesser(cover->to, end_of(bucket));
	if (from >= to || is_silent(cover, from, to))
		return;
	if (is_silent(cover, bucket->from_at, from) &&
		is_silent(cover, to, end_of(bucket))) {
		sum->polls += bucket->usable;
		return;
	}
	sum->polls += count_at_least(cover, index, from, to);
	sum->polls_exact = false;
}

static void count_polls(const struct cover *cover, struct cover_sum *sum)
{
	sum->polls_exact = true;
	for (size_t i = 0; i < cover->buckets_len; i++)
		count_bucket(cover, i, sum);
	for (size_t i = 0; i < cover->polls_len; i++) {
		int64_t at = cover->polls[i];
		if (at >= cover->from && at < cover->to && bucket_of(cover, at) == NULL)
			sum->polls++;
	}
}

/* A stretch without polls, or that may be one, cut to the window. */
static void note_distance(
	const struct cover *cover, int64_t from, int64_t to, struct cover_sum *sum)
{
	from = greater(from, cover->from);
	to = lesser(to, cover->to);
	if (to - from <= sum->largest_ms)
		return;
	sum->largest_ms = to - from;
	sum->largest_at = from;
}

static void sum_gaps(const struct cover *cover, struct cover_sum *sum)
{
	int64_t done_to = cover->from;
	sum->covered_ms = greater(0, cover->to - cover->from);
	for (size_t i = 0; i < cover->gaps_len; i++) {
		const struct gap *gap = &cover->gaps[i];
		int64_t from = greater(done_to, gap->from_at);
		int64_t to = lesser(cover->to, gap->to_at);
		note_distance(cover, gap->from_at, gap->to_at, sum);
		if (from >= to)
			continue;
		sum->covered_ms -= to - from;
		done_to = to;
	}
}

static void find_largest(const struct cover *cover, struct cover_sum *sum)
{
	for (size_t i = 0; i < cover->buckets_len; i++) {
		const struct bucket *bucket = &cover->buckets[i];
		int64_t distance = distance_in(cover, bucket);
		/* The poll before the bucket's first one may lie in the window. */
		if (bucket->usable > 0 && bucket->from_at < cover->to + distance &&
			end_of(bucket) > cover->from) {
			int64_t from = lesser(bucket->from_at, cover->to - distance);
			from = greater(from, cover->from);
			note_distance(cover, from, from + distance, sum);
		}
	}
	for (size_t i = 1; i < cover->polls_len; i++) {
		int64_t distance = lesser(
			cover->polls[i] - cover->polls[i - 1], cover->threshold_ms);
		if (bucket_of(cover, cover->polls[i]) == NULL &&
			cover->polls[i] > cover->from)
			note_distance(
				cover, cover->polls[i] - distance, cover->polls[i], sum);
	}
	if (cover->last_at != 0 && cover->known_to > cover->last_at)
		note_distance(cover, cover->last_at, cover->known_to, sum);
}

struct cover_sum cover_sum(const struct cover *cover)
{
	struct cover_sum sum = {0};
	count_polls(cover, &sum);
	sum_gaps(cover, &sum);
	find_largest(cover, &sum);
	return sum;
}

int64_t cover_within(const struct cover *cover, int64_t at)
{
	int64_t before = 0;
	int64_t after = INT64_MAX;
	for (size_t i = 0; i < cover->polls_len; i++) {
		if (cover->polls[i] <= at)
			before = cover->polls[i];
		else if (after == INT64_MAX)
			after = cover->polls[i];
	}
	int64_t within = cover->threshold_ms;
	for (size_t i = 0; i < cover->buckets_len; i++) {
		const struct bucket *bucket = &cover->buckets[i];
		if (at >= bucket->from_at && at < end_of(bucket) && bucket->usable > 0)
			within = distance_around(cover, i);
	}
	if (before != 0 && after != INT64_MAX)
		within = lesser(within, after - before);
	return within;
}
