/* SPDX-License-Identifier: MIT */
/* The detector's memory, and what is expected of domains. */
#include <errno.h>

#include "resolvers/name.h"
#include "storage/incidents.h"
#include "storage/inside.h"
#include "storage/intern.h"

void incidents_put_memory(
	struct store *store, const uint8_t *domain, const void *bytes, size_t len)
{
	static const char put[] = "INSERT INTO memory(name, bytes) VALUES(?1, ?2)"
				  " ON CONFLICT DO UPDATE SET bytes = excluded.bytes";
	static const char drop[] = "DELETE FROM memory WHERE name = ?1";
	const int64_t name = domain != NULL ? intern_name(store, domain) : 0;
	struct query query = query_begin(store, len > 0 ? put : drop);
	query_int(&query, name);
	if (len > 0)
		query_blob(&query, bytes, len);
	query_run(&query);
}

void incidents_renew_memory(
	struct store *store, const uint8_t *domain, const void *bytes, size_t len)
{
	store_set_thorough(store, true);
	incidents_put_memory(store, domain, NULL, 0);
	store_set_thorough(store, false);
	if (len > 0)
		incidents_put_memory(store, domain, bytes, len);
}

int incidents_each_memory(struct store *store, incidents_memory_fn fn, void *owner)
{
	static const char get[] =
		"SELECT n.wire, m.bytes, m.name FROM memory m LEFT JOIN name n"
		" ON n.id = m.name ORDER BY m.name";
	int result = 0;
	struct query query = query_begin(store, get);
	while (result == 0 && query_next(&query)) {
		size_t len;
		bool damaged = false;
		const uint8_t *domain = query_column_name(&query, 0, &damaged);
		const uint8_t *bytes = query_column_blob(&query, 1, &len);
		damaged |= domain == NULL && query_column_int(&query, 2) != 0;
		result = damaged ? -EUCLEAN : fn(owner, domain, bytes, len);
	}
	int error = query_end(&query);
	return result != 0 ? result : error;
}

int64_t incidents_expect(struct store *store, const struct expectation *expectation)
{
	static const char put[] =
		"INSERT INTO expectation(number, name, operators, until_at, made_at, "
		"note)"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO UPDATE SET"
		" name = excluded.name, operators = excluded.operators,"
		" until_at = excluded.until_at, made_at = excluded.made_at,"
		" note = excluded.note";
	const int64_t number = expectation->number != 0
		? expectation->number
		: store_next(store, SEQUENCE_EXPECTATION);
	const int64_t name = intern_name(store, expectation->domain);
	struct query query = query_begin(store, put);
	query_int(&query, number);
	query_int(&query, name);
	query_text(&query, expectation->operators);
	query_int(&query, expectation->until_at);
	query_int(&query, expectation->made_at);
	query_text(&query, expectation->note);
	query_run(&query);
	return number;
}

void incidents_expect_no_more(struct store *store, int64_t number)
{
	struct query query =
		query_begin(store, "DELETE FROM expectation WHERE number = ?1");
	query_int(&query, number);
	if (query_run(&query) == 0 && sqlite3_changes(store->db) == 0)
		store_fail(store, -ENOENT, "no such expectation");
}

int incidents_each_expectation(struct store *store, const uint8_t *domain,
	incidents_expectation_fn fn, void *owner)
{
	static const char get[] =
		"SELECT e.number, n.wire, e.operators, e.until_at, e.made_at, e.note"
		" FROM expectation e JOIN name n ON n.id = e.name"
		" WHERE ?1 IS NULL OR n.wire = ?1 ORDER BY n.wire, e.number";
	int result = 0;
	struct query query = query_begin(store, get);
	query_blob(&query, domain, domain != NULL ? name_length(domain) : 0);
	while (result == 0 && query_next(&query)) {
		bool damaged = false;
		const struct expectation expectation = {
			.number = query_column_int(&query, 0),
			.domain = query_column_name(&query, 1, &damaged),
			.operators = query_column_text(&query, 2),
			.until_at = query_column_int(&query, 3),
			.made_at = query_column_int(&query, 4),
			.note = query_column_text(&query, 5),
		};
		result = damaged ? -EUCLEAN : fn(owner, &expectation);
	}
	int error = query_end(&query);
	return result != 0 ? result : error;
}
