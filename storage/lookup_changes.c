/* SPDX-License-Identifier: MIT */
/* Changes and suspicions of a window, and the messages kept with them. */
#include <errno.h>

#include "storage/inside.h"
#include "storage/lookup.h"
#include "storage/lookup_row.h"

/* Changes that opened a span live in its row, with twice its number; the others have a row of
 * their own, with twice its number and one. */
#define CHANGES(condition)                                                               \
	"SELECT 2 * t.number, n.wire, v.name, sv.text, t.rrtype, t.first_at AS at,"      \
	" t.first_at - t.not_before_ms, f.bytes, a.bytes, t.confirmed_by,"               \
	" t.first_at + t.confirmed_ms, 0 FROM span t" LOOKUP_PLACE_JOINS                 \
	" JOIN answer f ON f.id = t.from_answer JOIN answer a ON a.id = t.answer"        \
	" WHERE t.from_answer IS NOT NULL AND " condition LOOKUP_OF_TYPE(                \
		"?5") " AND (?2 IS NULL OR v.name = ?2) AND t.first_at < ?3 AND "        \
		      "t.first_at >= ?4"                                                 \
		      " UNION ALL "                                                      \
		      "SELECT 2 * t.number + 1, n.wire, v.name, sv.text, t.rrtype, "     \
		      "t.at,"                                                            \
		      " t.not_before_at, f.bytes, a.bytes, t.confirmed_by, "             \
		      "t.confirmed_at, t.imported"                                       \
		      " FROM change t" LOOKUP_PLACE_JOINS                                \
		      " JOIN answer f ON f.id = t.from_answer JOIN answer a ON a.id = "  \
		      "t.to_answer"                                                      \
		      " WHERE " condition LOOKUP_OF_TYPE(                                \
			      "?5") " AND (?2 IS NULL OR v.name = ?2) AND t.at < ?3 "    \
				    "AND t.at >= ?4"                                     \
				    " ORDER BY 6, 3, 4, 5, 1"

#define POINTS_OF_DOMAIN                                                                 \
	"t.point IN (SELECT q.number FROM point q JOIN name m ON m.id = q.name"          \
	" WHERE m.wire = ?1)"

static const char changes_of_domain[] = CHANGES(POINTS_OF_DOMAIN);
static const char changes_of_all[] = CHANGES("?1 IS NULL");

/* The two answers of a row; reusable, finished at the end. */
struct answers {
	struct mxset first;
	struct mxset second;
};

static int read_change(
	const struct query *query, struct answers *answers, struct change *ret_change)
{
	bool damaged = false;
	*ret_change = (struct change){
		.number = query_column_int(query, 0),
		.domain = query_column_name(query, 1, &damaged),
		.view = query_column_text(query, 2),
		.server = lookup_server(query, 3),
		.rrtype = lookup_rrtype(query, 4),
		.at = query_column_int(query, 5),
		.not_before_at = query_column_int(query, 6),
		.confirmed_by = (enum confirmation)query_column_int(query, 9),
		.confirmed_at = query_column_int(query, 10),
		.imported = query_column_int(query, 11) != 0,
	};
	int error = damaged ? -EUCLEAN : 0;
	if (error == 0)
		error = lookup_read_answer(query, 7, &answers->first, &ret_change->from);
	if (error == 0)
		error = lookup_read_answer(query, 8, &answers->second, &ret_change->to);
	if (error == 0)
		ret_change->kind = change_kind_of(ret_change->from.state,
			ret_change->from.set, ret_change->to.state, ret_change->to.set);
	return error;
}

static int read_changes(struct store *store, const struct lookup_window *window,
	lookup_change_fn fn, void *owner)
{
	struct answers answers = {0};
	struct query query = query_begin(
		store, window->domain != NULL ? changes_of_domain : changes_of_all);
	lookup_bind_window(&query, window);
	int result = 0;
	while (result == 0 && query_next(&query)) {
		struct change change;
		result = read_change(&query, &answers, &change);
		if (result == 0)
			result = fn(owner, &change);
	}
	int error = query_end(&query);
	mxset_finish(&answers.first);
	mxset_finish(&answers.second);
	return result != 0 ? result : error;
}

int lookup_changes(struct store *store, const struct lookup_window *window,
	lookup_change_fn fn, void *owner)
{
	bool mine;
	int result = lookup_begin(store, &mine);
	if (result == 0)
		result = lookup_domain_is_known(store, window->domain, window->rrtype);
	if (result == 0)
		result = read_changes(store, window, fn, owner);
	return lookup_end(store, mine, result);
}

#define SUSPICIONS(condition)                                                            \
	"SELECT t.number, n.wire, v.name, sv.text, t.at, h.bytes, s.bytes, t.why, "      \
	"p.rrtype"                                                                       \
	" FROM suspicion t" LOOKUP_PLACE_JOINS                                           \
	" JOIN answer h ON h.id = t.held_answer JOIN answer s ON s.id = t.seen_answer"   \
	" WHERE " condition LOOKUP_OF_TYPE(                                              \
		"?5") " AND (?2 IS NULL OR v.name = ?2) AND t.at < ?3 AND t.at >= ?4"    \
		      " ORDER BY t.at, v.name, sv.text, t.number"

static const char suspicions_of_domain[] = SUSPICIONS(POINTS_OF_DOMAIN);
static const char suspicions_of_all[] = SUSPICIONS("?1 IS NULL");

static int read_suspicions(struct store *store, const struct lookup_window *window,
	lookup_suspicion_fn fn, void *owner)
{
	struct answers answers = {0};
	struct query query = query_begin(
		store, window->domain != NULL ? suspicions_of_domain : suspicions_of_all);
	lookup_bind_window(&query, window);
	int result = 0;
	while (result == 0 && query_next(&query)) {
		bool damaged = false;
		struct suspicion suspicion = {
			.number = query_column_int(&query, 0),
			.domain = query_column_name(&query, 1, &damaged),
			.view = query_column_text(&query, 2),
			.server = lookup_server(&query, 3),
			.at = query_column_int(&query, 4),
			.why = query_column_text(&query, 7),
			.rrtype = lookup_rrtype(&query, 8),
		};
		result = damaged ? -EUCLEAN : 0;
		if (result == 0)
			result = lookup_read_answer(
				&query, 5, &answers.first, &suspicion.held);
		if (result == 0)
			result = lookup_read_answer(
				&query, 6, &answers.second, &suspicion.seen);
		if (result == 0)
			result = fn(owner, &suspicion);
	}
	int error = query_end(&query);
	mxset_finish(&answers.first);
	mxset_finish(&answers.second);
	return result != 0 ? result : error;
}

int lookup_suspicions(struct store *store, const struct lookup_window *window,
	lookup_suspicion_fn fn, void *owner)
{
	bool mine;
	int result = lookup_begin(store, &mine);
	if (result == 0)
		result = lookup_domain_is_known(store, window->domain, window->rrtype);
	if (result == 0)
		result = read_suspicions(store, window, fn, owner);
	return lookup_end(store, mine, result);
}

int lookup_evidence(struct store *store, enum evidence_of of, int64_t number,
	lookup_evidence_fn fn, void *owner)
{
	static const char get[] =
		"SELECT m.bytes, sv.text, e.at, e.rtt_us, e.port, e.flags FROM evidence e"
		" JOIN message m ON m.id = e.message JOIN server sv ON sv.id = e.server"
		" WHERE e.kind = ?1 AND e.number = ?2 ORDER BY e.ordinal";
	struct query query = query_begin(store, get);
	query_int(&query, of == EVIDENCE_OF_CHANGE ? 0 : 1);
	query_int(&query, number);
	int result = 0;
	while (result == 0 && query_next(&query)) {
		int64_t flags = query_column_int(&query, 5);
		struct evidence evidence = {
			.server = lookup_server(&query, 1),
			.at = query_column_int(&query, 2),
			.rtt_us = (uint32_t)query_column_int(&query, 3),
			.local_port = (uint16_t)query_column_int(&query, 4),
			.tcp = (flags & 1) != 0,
			.clock_synchronised = (flags & 2) != 0,
		};
		evidence.message = query_column_blob(&query, 0, &evidence.len);
		result = fn(owner, &evidence);
	}
	int error = query_end(&query);
	return result != 0 ? result : error;
}
