/* SPDX-License-Identifier: MIT */
/* Spans and gaps of a window. */
#include <errno.h>

#include "storage/inside.h"
#include "storage/lookup.h"
#include "storage/lookup_row.h"
#include "storage/pulse.h"

static const char spans_of_domain[] =
	"SELECT " LOOKUP_SPAN_COLUMNS " FROM name n CROSS JOIN point p ON p.name = n.id"
	" JOIN view v ON v.id = p.view CROSS JOIN span t ON t.point = p.number"
	" JOIN server sv ON sv.id = t.server" LOOKUP_SPAN_JOINS
	" WHERE n.wire = ?1 AND (?2 IS NULL OR v.name = ?2) AND t.first_at < ?3"
	" AND (t.last_at >= ?4 OR t.open = 1)" LOOKUP_OF_TYPE(
		"?5") " ORDER BY t.first_at, v.name, sv.text, t.rrtype, t.number";
static const char spans_of_all[] =
	"SELECT " LOOKUP_SPAN_COLUMNS " FROM span t" LOOKUP_PLACE_JOINS LOOKUP_SPAN_JOINS
	" WHERE ?1 IS NULL AND (?2 IS NULL OR v.name = ?2) AND t.first_at < ?3"
	" AND (t.last_at >= ?4 OR t.open = 1)" LOOKUP_OF_TYPE(
		"?5") " ORDER BY t.first_at, v.name, sv.text, t.rrtype, t.number";

static int read_spans(struct store *store, const struct lookup_window *window,
	lookup_span_fn fn, void *owner)
{
	struct lookup_span row = {0};
	struct query query = query_begin(
		store, window->domain != NULL ? spans_of_domain : spans_of_all);
	lookup_bind_window(&query, window);
	int result = 0;
	while (result == 0 && query_next(&query)) {
		struct pulse pulse = {0};
		result = lookup_read_span(&query, 0, &row);
		if (result == 0 && row.span.open && row.span.server == NULL)
			result = lookup_read_pulse(store, row.point, &pulse);
		pulse_overlay(&pulse, &row.span);
		if (result == 0)
			result = fn(owner, &row.span);
	}
	int error = query_end(&query);
	lookup_finish_span(&row);
	return result != 0 ? result : error;
}

int lookup_spans(struct store *store, const struct lookup_window *window,
	lookup_span_fn fn, void *owner)
{
	bool mine;
	int result = lookup_begin(store, &mine);
	if (result == 0)
		result = lookup_domain_is_known(store, window->domain, window->rrtype);
	if (result == 0)
		result = read_spans(store, window, fn, owner);
	return lookup_end(store, mine, result);
}

#define GAPS(condition)                                                                  \
	"SELECT t.number, n.wire, v.name, sv.text, t.from_at AS from_at, t.to_at,"       \
	" t.reason, t.imported, p.rrtype FROM gap t" LOOKUP_PLACE_JOINS                  \
	" WHERE " condition LOOKUP_OF_TYPE(                                              \
		"?5") " AND (?2 IS NULL OR v.name = ?2) AND t.from_at < ?3 AND t.to_at " \
		      "> ?4"                                                             \
		      " UNION ALL "                                                      \
		      "SELECT 0, n.wire, v.name, sv.text, t.from_at, 0, t.reason, 0, "   \
		      "p.rrtype"                                                         \
		      " FROM gap_open t" LOOKUP_PLACE_JOINS                              \
		      " WHERE " condition LOOKUP_OF_TYPE(                                \
			      "?5") " AND (?2 IS NULL OR v.name = ?2) AND t.from_at < "  \
				    "?3"                                                 \
				    " ORDER BY 5, 3, 4, 9"

static const char gaps_of_domain[] =
	GAPS("t.point IN (SELECT q.number FROM point q JOIN name m ON m.id = q.name"
	     " WHERE m.wire = ?1)");
static const char gaps_of_all[] = GAPS("?1 IS NULL");

static int read_gaps(struct store *store, const struct lookup_window *window,
	lookup_gap_fn fn, void *owner)
{
	struct query query =
		query_begin(store, window->domain != NULL ? gaps_of_domain : gaps_of_all);
	lookup_bind_window(&query, window);
	int result = 0;
	while (result == 0 && query_next(&query)) {
		bool damaged = false;
		struct gap gap = {
			.number = query_column_int(&query, 0),
			.domain = query_column_name(&query, 1, &damaged),
			.view = query_column_text(&query, 2),
			.server = lookup_server(&query, 3),
			.from_at = query_column_int(&query, 4),
			.to_at = query_column_int(&query, 5),
			.reason = (unsigned)query_column_int(&query, 6),
			.imported = query_column_int(&query, 7) != 0,
			.rrtype = lookup_rrtype(&query, 8),
		};
		result = damaged ? -EUCLEAN : fn(owner, &gap);
	}
	int error = query_end(&query);
	return result != 0 ? result : error;
}

int lookup_gaps(struct store *store, const struct lookup_window *window, lookup_gap_fn fn,
	void *owner)
{
	bool mine;
	int result = lookup_begin(store, &mine);
	if (result == 0)
		result = lookup_domain_is_known(store, window->domain, window->rrtype);
	if (result == 0)
		result = read_gaps(store, window, fn, owner);
	return lookup_end(store, mine, result);
}
