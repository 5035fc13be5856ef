/* SPDX-License-Identifier: MIT */
#include "storage/watchlist.h"

#include <errno.h>

#include "resolvers/name.h"
#include "storage/inside.h"

static bool is_watched(struct store *store, const uint8_t *domain)
{
	struct query query = query_begin(store, "SELECT 1 FROM watched WHERE name = ?1");
	query_blob(&query, domain, name_length(domain));
	bool found = query_next(&query);
	query_end(&query);
	return found;
}

int watchlist_put(struct store *store, const struct watched *watched)
{
	static const char put[] =
		"INSERT INTO watched(name, tags, added_at) VALUES(?1, ?2, ?3)"
		" ON CONFLICT DO UPDATE SET tags = excluded.tags";
	bool known = is_watched(store, watched->domain);
	struct query query = query_begin(store, put);
	query_blob(&query, watched->domain, name_length(watched->domain));
	query_text(&query, watched->tags);
	query_int(&query, watched->added_at);
	return query_run(&query) == 0 && !known;
}

int watchlist_remove(struct store *store, const uint8_t *domain)
{
	bool known = is_watched(store, domain);
	struct query query = query_begin(store, "DELETE FROM watched WHERE name = ?1");
	query_blob(&query, domain, name_length(domain));
	return query_run(&query) == 0 && known;
}

/* Hands over each row of a query, and ends it. */
static int give_rows(struct query *query, watchlist_fn fn, void *owner, bool *ret_any)
{
	int result = 0;
	*ret_any = false;
	while (result == 0 && query_next(query)) {
		bool damaged = false;
		const struct watched watched = {
			.domain = query_column_name(query, 0, &damaged),
			.tags = query_column_text(query, 1),
			.added_at = query_column_int(query, 2),
		};
		*ret_any = true;
		result = damaged ? -EUCLEAN : fn(owner, &watched);
	}
	const int error = query_end(query);
	return result != 0 ? result : error;
}

int watchlist_each(struct store *store, watchlist_fn fn, void *owner)
{
	static const char get[] =
		"SELECT name, tags, added_at FROM watched ORDER BY name";
	bool any;
	struct query query = query_begin(store, get);
	return give_rows(&query, fn, owner, &any);
}

int watchlist_get(
	struct store *store, const uint8_t *domain, watchlist_fn fn, void *owner)
{
	static const char get[] =
		"SELECT name, tags, added_at FROM watched WHERE name = ?1";
	bool any;
	struct query query = query_begin(store, get);
	query_blob(&query, domain, name_length(domain));
	const int result = give_rows(&query, fn, owner, &any);
	return result == 0 && !any ? -ENOENT : result;
}
