/* SPDX-License-Identifier: MIT */
#include "storage/lookup_row.h"

#include <errno.h>

#include "resolvers/name.h"
#include "storage/history.h"
#include "storage/inside.h"
#include "storage/pulse.h"

int lookup_read_answer(const struct query *query, int column, struct mxset *set,
	struct answer_value *ret_answer)
{
	size_t len;
	const uint8_t *bytes = query_column_blob(query, column, &len);
	mxset_finish(set);
	ret_answer->set = set;
	if (bytes != NULL && len == 1 && bytes[0] == ANSWER_NONE) {
		ret_answer->state = ANSWER_NONE;
		return 0;
	}
	if (bytes == NULL)
		return -EUCLEAN;
	int error = mxset_decode(bytes, len, &ret_answer->state, set);
	return error == -EINVAL ? -EUCLEAN : error;
}

const char *lookup_server(const struct query *query, int column)
{
	const char *text = query_column_text(query, column);
	return text != NULL && *text != '\0' ? text : NULL;
}

static uint32_t big_endian(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 |
		at[3];
}

int lookup_read_span(const struct query *query, int from, struct lookup_span *ret_span)
{
	struct span *span = &ret_span->span;
	bool damaged = false;
	size_t len;
	const uint8_t *counters = query_column_blob(query, from + 11, &len);
	if (counters == NULL || len != 12)
		return -EUCLEAN;
	*span = (struct span){
		.number = query_column_int(query, from),
		.domain = query_column_name(query, from + 1, &damaged),
		.view = query_column_text(query, from + 2),
		.server = lookup_server(query, from + 3),
		.rrtype = lookup_rrtype(query, from + 4),
		.alias = query_column_name(query, from + 6, &damaged),
		.first_at = query_column_int(query, from + 7),
		.last_at = query_column_int(query, from + 9),
		.open = query_column_int(query, from + 10) != 0,
		.polls = big_endian(counters),
		.ttl_min = big_endian(counters + 4),
		.ttl_max = big_endian(counters + 8),
		.flags = (unsigned)query_column_int(query, from + 12),
		.imported = query_column_int(query, from + 13) != 0,
	};
	if (!query_column_is_null(query, from + 8))
		span->not_before_at = span->first_at - query_column_int(query, from + 8);
	ret_span->point = query_column_int(query, from + 14);
	if (damaged || span->domain == NULL || span->view == NULL)
		return -EUCLEAN;
	return lookup_read_answer(query, from + 5, &ret_span->set, &span->answer);
}

void lookup_finish_span(struct lookup_span *span)
{
	mxset_finish(&span->set);
}

int lookup_read_pulse(struct store *store, int64_t point, struct pulse *ret_pulse)
{
	struct query query =
		query_begin(store, "SELECT data FROM pulse WHERE block = ?1");
	query_int(&query, (point - 1) / PULSE_BLOCK);
	*ret_pulse = (struct pulse){0};
	int damaged = 0;
	if (query_next(&query)) {
		size_t len;
		const uint8_t *data = query_column_blob(&query, 0, &len);
		damaged = pulse_unpack(
			data, len, (size_t)((point - 1) % PULSE_BLOCK), ret_pulse);
	}
	int error = query_end(&query);
	return error < 0 ? error : damaged;
}

int lookup_begin(struct store *store, bool *ret_mine)
{
	*ret_mine = false;
	if (!sqlite3_get_autocommit(store->db))
		return 0;
	struct query query = query_begin(store, "BEGIN");
	int error = query_run(&query);
	*ret_mine = error == 0;
	return error;
}

int lookup_end(struct store *store, bool mine, int error)
{
	if (!mine)
		return error;
	struct query query = query_begin(store, "COMMIT");
	int ended = query_run(&query);
	if (ended < 0)
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return error != 0 ? error : ended;
}

int lookup_domain_is_known(struct store *store, const uint8_t *domain, uint16_t rrtype)
{
	static const char get[] = "SELECT 1 FROM name n JOIN point p ON p.name = n.id"
				  " WHERE n.wire = ?1" LOOKUP_OF_TYPE("?2") " LIMIT 1";
	if (domain == NULL)
		return 0;
	struct query query = query_begin(store, get);
	query_blob(&query, domain, name_length(domain));
	lookup_bind_type(&query, rrtype);
	bool known = query_next(&query);
	int error = query_end(&query);
	return error < 0 ? error : known ? 0 : -ENOENT;
}

int64_t lookup_window_end(const struct lookup_window *window)
{
	bool to_now = window->to == 0 || (window->now != 0 && window->to > window->now);
	return to_now && window->now != 0 ? window->now : window->to;
}

void lookup_bind_window(struct query *query, const struct lookup_window *window)
{
	size_t len = window->domain != NULL ? name_length(window->domain) : 0;
	query_blob(query, window->domain, len);
	query_text(query, window->view);
	query_int(query, window->to != 0 ? window->to : INT64_MAX);
	query_int(query, window->from);
	lookup_bind_type(query, window->rrtype);
}

void lookup_bind_type(struct query *query, uint16_t rrtype)
{
	if (rrtype == LOOKUP_ALL_TYPES)
		query_int(query, -1);
	else
		query_int_or_null(query, store_rrtype(rrtype));
}

uint16_t lookup_rrtype(const struct query *query, int column)
{
	return query_column_is_null(query, column)
		? RECORD_TYPE_MX
		: (uint16_t)query_column_int(query, column);
}
