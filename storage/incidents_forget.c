/* SPDX-License-Identifier: MIT */
/* Erasure of what is known of recipients. */
#include "resolvers/name.h"
#include "storage/incidents.h"
#include "storage/inside.h"

enum erasure {
	ERASURE_RECIPIENT = 1, /* stored */
	ERASURE_DOMAIN = 2,
};

static void note_erasure(struct store *store, enum erasure what, uint64_t rows)
{
	static const char put[] =
		"INSERT INTO erasure(number, what, erased) VALUES(?1, ?2, ?3)";
	const int64_t number = store_next(store, SEQUENCE_ERASURE);
	struct query query = query_begin(store, put);
	query_int(&query, number);
	query_int(&query, what);
	query_int(&query, (int64_t)rows);
	if (query_run(&query) == 0)
		chain_note(&store->chain.erasures, number);
}

static uint64_t drop(struct store *store, const char *sql, const void *bytes, size_t len)
{
	struct query query = query_begin(store, sql);
	query_blob(&query, bytes, len);
	if (query_run(&query) != 0)
		return 0;
	return (uint64_t)sqlite3_changes(store->db);
}

/* The bytes of alerts may name recipients: those that the statement finds go. Whatever waits is
 * composed anew without them. */
static void drop_bytes(
	struct store *store, const char *sql, const void *bytes, size_t len)
{
	struct query query = query_begin(store, sql);
	query_blob(&query, bytes, len);
	query_run(&query);
}

void incidents_forget_recipient(
	struct store *store, const uint8_t hash[INCIDENT_HASH], uint64_t *ret_rows)
{
	static const char told[] =
		"UPDATE alert SET body = NULL WHERE body IS NOT NULL AND number IN"
		" (SELECT c.alert FROM alert_case c JOIN incident_recipient r"
		" ON r.incident = c.incident WHERE r.hash = ?1)";
	static const char *const from[] = {
		"DELETE FROM incident_recipient WHERE hash = ?1",
		"DELETE FROM refused WHERE hash = ?1",
		"DELETE FROM recipient WHERE hash = ?1",
		"DELETE FROM final WHERE hash = ?1",
		"DELETE FROM deferral WHERE hash = ?1",
	};
	uint64_t rows = 0;
	store_set_thorough(store, true);
	drop_bytes(store, told, hash, INCIDENT_HASH);
	for (size_t i = 0; i < sizeof from / sizeof *from; i++)
		rows += drop(store, from[i], hash, INCIDENT_HASH);
	store_set_thorough(store, false);
	note_erasure(store, ERASURE_RECIPIENT, rows);
	*ret_rows = rows;
}

/* Rows of version 2 do not know their domain: of those, whoever bounced is found by his hash. */
#define OF_DOMAIN                                                                        \
	" WHERE name = (SELECT id FROM name WHERE wire = ?1) OR hash IN"                 \
	" (SELECT r.hash FROM refused r JOIN name n ON n.id = r.name WHERE n.wire = ?1"  \
	" UNION SELECT r.hash FROM incident_recipient r"                                 \
	" JOIN incident i ON i.number = r.incident JOIN name n ON n.id = i.name"         \
	" WHERE n.wire = ?1)"

void incidents_forget_domain(
	struct store *store, const uint8_t *domain, uint64_t *ret_rows)
{
	static const char told[] =
		"UPDATE alert SET body = NULL WHERE body IS NOT NULL AND number IN"
		" (SELECT c.alert FROM alert_case c JOIN incident i"
		" ON i.number = c.incident JOIN name n ON n.id = i.name"
		" WHERE n.wire = ?1)";
	static const char *const from[] = {
		"DELETE FROM recipient" OF_DOMAIN,
		"DELETE FROM final" OF_DOMAIN,
		"DELETE FROM deferral" OF_DOMAIN,
		"DELETE FROM incident_recipient WHERE incident IN (SELECT i.number"
		" FROM incident i JOIN name n ON n.id = i.name WHERE n.wire = ?1)",
		"DELETE FROM refused WHERE name = (SELECT id FROM name WHERE wire = ?1)",
	};
	uint64_t rows = 0;
	store_set_thorough(store, true);
	drop_bytes(store, told, domain, name_length(domain));
	for (size_t i = 0; i < sizeof from / sizeof *from; i++)
		rows += drop(store, from[i], domain, name_length(domain));
	store_set_thorough(store, false);
	note_erasure(store, ERASURE_DOMAIN, rows);
	*ret_rows = rows;
}

void incidents_forget_lines(struct store *store, const char *text, uint64_t *ret_rows)
{
	static const char sql[] =
		"DELETE FROM rejected_line"
		" WHERE instr(lower(CAST(line AS TEXT)), lower(?1)) > 0";
	struct query query = query_begin(store, sql);
	query_text(&query, text);
	if (query_run(&query) == 0)
		*ret_rows = (uint64_t)sqlite3_changes(store->db);
}
