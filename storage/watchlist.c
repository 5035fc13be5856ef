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

int watchlist_each(struct store *store, watchlist_fn fn, void *owner)
{
	static const char get[] =
		"SELECT name, tags, added_at FROM watched ORDER BY name";
	struct query query = query_begin(store, get);
	int result = 0;
	while (result == 0 && query_next(&query)) {
		bool damaged = false;
		struct watched watched = {
			.domain = query_column_name(&query, 0, &damaged),
			.tags = query_column_text(&query, 1),
			.added_at = query_column_int(&query, 2),
		};
		result = damaged ? -EUCLEAN : fn(owner, &watched);
	}
	int error = query_end(&query);
	return result != 0 ? result : error;
}
