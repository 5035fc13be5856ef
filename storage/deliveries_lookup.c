/* SPDX-License-Identifier: MIT */
#include "storage/deliveries_lookup.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "resolvers/mxset.h"
#include "resolvers/name.h"
#include "storage/crowd.h"
#include "storage/inside.h"

#define MINUTE_MS INT64_C(60000)
#define HOST_MAX 256

/* A row being added up: the same part, outcome, reason and host. */
struct gathering {
	struct deliveries_row row;
	bool any;
	char host[HOST_MAX];
	struct crowd crowd;
	deliveries_row_fn fn;
	void *owner;
};

static int64_t find_name(struct store *store, const uint8_t *domain)
{
	struct query query = query_begin(store, "SELECT id FROM name WHERE wire = ?1");
	query_blob(&query, domain, name_length(domain));
	int64_t id = query_next(&query) ? query_column_int(&query, 0) : 0;
	query_end(&query);
	return id;
}

/* Closes the ends of the window that are open. */
static int close_window(
	struct store *store, int64_t name, struct deliveries_window *window)
{
	static const char get[] =
		"SELECT min(minute), max(minute + length) FROM tally WHERE name = ?1";
	struct query query = query_begin(store, get);
	query_int(&query, name);
	bool found = query_next(&query) && !query_column_is_null(&query, 0);
	if (found && window->from == 0)
		window->from = query_column_int(&query, 0) * MINUTE_MS;
	if (found && window->to == 0)
		window->to = query_column_int(&query, 1) * MINUTE_MS;
	int error = query_end(&query);
	if (error == 0 && !found)
		return -ENOENT;
	return error;
}

static int hand_over(struct gathering *gathering)
{
	if (!gathering->any)
		return 0;
	gathering->any = false;
	gathering->row.relay_host = gathering->host;
	gathering->row.recipients = crowd_count(&gathering->crowd);
	int result = gathering->fn(gathering->owner, &gathering->row);
	crowd_finish(&gathering->crowd);
	return result;
}

static void begin_row(struct gathering *gathering, const struct query *query,
	const struct deliveries_window *window, int64_t part)
{
	const int64_t step =
		window->step_ms > 0 ? window->step_ms : window->to - window->from;
	const char *host = query_column_text(query, 3);
	gathering->any = true;
	snprintf(gathering->host, sizeof gathering->host, "%s", host != NULL ? host : "");
	gathering->row = (struct deliveries_row){
		.from = window->from + part * step,
		.to = window->from + (part + 1) * step,
		.outcome = (enum delivery_outcome)query_column_int(query, 1),
		.reason = (enum delivery_reason)query_column_int(query, 2),
		.first_at = query_column_int(query, 7),
		.last_at = query_column_int(query, 8),
	};
	if (gathering->row.to > window->to)
		gathering->row.to = window->to;
}

static bool is_same(
	const struct gathering *gathering, const struct query *query, int64_t part_from)
{
	const char *host = query_column_text(query, 3);
	return gathering->any && gathering->row.from == part_from &&
		(int64_t)gathering->row.outcome == query_column_int(query, 1) &&
		(int64_t)gathering->row.reason == query_column_int(query, 2) &&
		strcmp(gathering->host, host != NULL ? host : "") == 0;
}

static bool is_word(const struct query *query)
{
	const int64_t outcome = query_column_int(query, 1);
	const int64_t reason = query_column_int(query, 2);
	return outcome >= DELIVERY_DELIVERED && outcome <= DELIVERY_EXPIRED &&
		reason >= 0 && reason < DELIVERY_REASONS;
}

static int take(struct gathering *gathering, const struct query *query,
	const struct deliveries_window *window)
{
	const int64_t part = query_column_int(query, 0);
	const int64_t step =
		window->step_ms > 0 ? window->step_ms : window->to - window->from;
	if (!is_word(query))
		return -EUCLEAN;
	if (!is_same(gathering, query, window->from + part * step)) {
		int result = hand_over(gathering);
		if (result != 0)
			return result;
		begin_row(gathering, query, window, part);
	}
	struct deliveries_row *row = &gathering->row;
	size_t len;
	const uint8_t *packed = query_column_blob(query, 9, &len);
	row->count += (uint64_t)query_column_int(query, 4);
	row->known += (uint64_t)query_column_int(query, 5);
	row->fresh += (uint64_t)query_column_int(query, 6);
	if (query_column_int(query, 7) < row->first_at)
		row->first_at = query_column_int(query, 7);
	if (query_column_int(query, 8) > row->last_at)
		row->last_at = query_column_int(query, 8);
	int error = crowd_unite(&gathering->crowd, packed, len);
	return error == -EINVAL ? -EUCLEAN : error;
}

int deliveries_rows(struct store *store, const struct deliveries_window *wanted,
	deliveries_row_fn fn, void *owner)
{
	static const char get[] =
		"SELECT (t.minute * 60000 - ?2) / ?4 AS part, t.outcome, t.reason,"
		" h.text AS host, t.count, t.known, t.fresh, t.first_at, t.last_at,"
		" t.recipients FROM tally t JOIN host h ON h.id = t.host"
		" WHERE t.name = ?1 AND t.minute >= (?2 + 59999) / 60000"
		" AND t.minute < (?3 + 59999) / 60000"
		" ORDER BY part, t.outcome, t.reason, host, t.minute";
	struct deliveries_window window = *wanted;
	struct gathering gathering = {.fn = fn, .owner = owner};
	const int64_t name = find_name(store, window.domain);
	int result = name == 0 ? -ENOENT : close_window(store, name, &window);
	if (result != 0 || window.to <= window.from)
		return result;
	struct query query = query_begin(store, get);
	query_int(&query, name);
	query_int(&query, window.from);
	query_int(&query, window.to);
	query_int(&query, window.step_ms > 0 ? window.step_ms : window.to - window.from);
	while (result == 0 && query_next(&query))
		result = take(&gathering, &query, &window);
	int error = query_end(&query);
	if (result == 0 && error == 0)
		result = hand_over(&gathering);
	crowd_finish(&gathering.crowd);
	return result != 0 ? result : error;
}

int deliveries_relays(
	struct store *store, const uint8_t *domain, deliveries_relay_fn fn, void *owner)
{
	static const char get[] =
		"SELECT h.text, r.address, r.first_at, r.last_at, r.answers, r.accepted,"
		" r.outside_at, r.outside, r.no_route_at, r.no_route FROM relay r"
		" JOIN host h ON h.id = r.host WHERE r.name = ?1"
		" ORDER BY r.first_at, h.text";
	int result = 0;
	struct query query = query_begin(store, get);
	query_int(&query, find_name(store, domain));
	while (result == 0 && query_next(&query)) {
		const struct deliveries_relay relay = {
			.host = query_column_text(&query, 0),
			.address = query_column_text(&query, 1),
			.first_at = query_column_int(&query, 2),
			.last_at = query_column_int(&query, 3),
			.answers = (uint64_t)query_column_int(&query, 4),
			.accepted = (uint64_t)query_column_int(&query, 5),
			.outside_at = query_column_int(&query, 6),
			.outside = (uint64_t)query_column_int(&query, 7),
			.no_route_at = query_column_int(&query, 8),
			.no_route = (uint64_t)query_column_int(&query, 9),
		};
		result = fn(owner, &relay);
	}
	int error = query_end(&query);
	return result != 0 ? result : error;
}

int deliveries_acceptors(
	struct store *store, int64_t since, deliveries_acceptor_fn fn, void *owner)
{
	static const char get[] =
		"SELECT h.text, n.wire, r.many FROM (SELECT host, min(name) AS name,"
		" count(*) > 1 AS many FROM relay WHERE accepted > 0 AND last_at >= ?1"
		" GROUP BY host) r JOIN host h ON h.id = r.host"
		" JOIN name n ON n.id = r.name";
	int result = 0;
	struct query query = query_begin(store, get);
	query_int(&query, since);
	while (result == 0 && query_next(&query)) {
		bool damaged = false;
		const uint8_t *domain = query_column_name(&query, 1, &damaged);
		const bool many = query_column_int(&query, 2) != 0;
		result = damaged
			? -EUCLEAN
			: fn(owner, query_column_text(&query, 0), many ? NULL : domain);
	}
	int error = query_end(&query);
	return result != 0 ? result : error;
}

int deliveries_missing(
	struct store *store, const uint8_t *domain, deliveries_missing_fn fn, void *owner)
{
	static const char get[] =
		"SELECT n.wire, m.first_at, m.last_at, m.count FROM missing m"
		" JOIN name n ON n.id = m.target WHERE m.name = ?1 ORDER BY m.first_at";
	int result = 0;
	struct query query = query_begin(store, get);
	query_int(&query, find_name(store, domain));
	while (result == 0 && query_next(&query)) {
		bool damaged = false;
		const uint8_t *target = query_column_name(&query, 0, &damaged);
		result = damaged ? -EUCLEAN
				 : fn(owner, target, query_column_int(&query, 1),
					   query_column_int(&query, 2),
					   (uint64_t)query_column_int(&query, 3));
	}
	int error = query_end(&query);
	return result != 0 ? result : error;
}

int deliveries_known_sets(struct store *store, const uint8_t *domain, int64_t from,
	int64_t to, deliveries_set_fn fn, void *owner)
{
	static const char get[] =
		"SELECT DISTINCT a.bytes FROM name n JOIN point p ON p.name = n.id"
		" JOIN span s ON s.point = p.number JOIN answer a ON a.id = s.answer"
		" WHERE n.wire = ?1 AND s.first_at < ?3 AND (s.open = 1 OR s.last_at >= "
		"?2)"
		" AND s.rrtype IS NULL";
	int result = 0;
	struct query query = query_begin(store, get);
	query_blob(&query, domain, name_length(domain));
	query_int(&query, from);
	query_int(&query, to);
	while (result == 0 && query_next(&query)) {
		enum answer_state state;
		struct mxset set = {0};
		size_t len;
		const uint8_t *bytes = query_column_blob(&query, 0, &len);
		result = mxset_decode(bytes, len, &state, &set);
		if (result == 0)
			result = fn(owner, &set);
		else if (result != -ENOMEM)
			result = -EUCLEAN;
		mxset_finish(&set);
	}
	int error = query_end(&query);
	return result != 0 ? result : error;
}

int deliveries_refusals(struct store *store, const struct deliveries_window *window,
	deliveries_refusal_fn fn, void *owner)
{
	static const char get[] =
		"SELECT r.address, r.hash, h.text, r.first_at, r.last_at, r.bounces,"
		" r.accepted_day IS NOT NULL FROM refused r JOIN host h ON h.id = r.host"
		" WHERE r.name = ?1 AND r.last_at >= ?2 AND (?3 = 0 OR r.first_at < ?3)"
		" ORDER BY r.first_at, r.hash";
	int result = 0;
	struct query query = query_begin(store, get);
	query_int(&query, find_name(store, window->domain));
	query_int(&query, window->from);
	query_int(&query, window->to);
	while (result == 0 && query_next(&query)) {
		size_t len;
		const struct deliveries_refusal row = {
			.address = query_column_text(&query, 0),
			.hash = query_column_blob(&query, 1, &len),
			.relay_host = query_column_text(&query, 2),
			.first_at = query_column_int(&query, 3),
			.last_at = query_column_int(&query, 4),
			.bounces = (uint64_t)query_column_int(&query, 5),
			.accepted_before = query_column_int(&query, 6) != 0,
		};
		result = fn(owner, &row);
	}
	int error = query_end(&query);
	return result != 0 ? result : error;
}
