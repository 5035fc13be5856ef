/* SPDX-License-Identifier: MIT */
/* The canonical bytes of immutable records, as they stand in the tables. docs/ledger.md is the
 * same in prose: change both or neither. */
#include <assert.h>
#include <errno.h>
#include <string.h>

#include "storage/bucket.h"
#include "storage/inside.h"

#define FLUSH_BYTES 65536

#define PLACE_COLUMNS "n.wire, v.name, sv.text"
#define PLACE_JOINS                                                                      \
	" JOIN point p ON p.number = t.point JOIN name n ON n.id = p.name"               \
	" JOIN view v ON v.id = p.view JOIN server sv ON sv.id = t.server"

struct hashing {
	struct store *store;
	struct chain_link *link;
	struct bytes bytes; /* canonical bytes not yet digested */
	int error;
};

static void fail(struct hashing *hashing, const char *why)
{
	if (hashing->error != 0)
		return;
	hashing->error = -EUCLEAN;
	hashing->link->why = why;
}

static void flush(struct hashing *hashing)
{
	int done = EVP_DigestUpdate(
		hashing->store->digest, hashing->bytes.data, hashing->bytes.len);
	assert(done == 1);
	hashing->bytes.len = 0;
}

static void end_record(struct hashing *hashing)
{
	hashing->link->records++;
	if (hashing->bytes.len >= FLUSH_BYTES)
		flush(hashing);
}

static void end_query(struct hashing *hashing, struct query *query)
{
	int error = query_end(query);
	if (error == 0 || hashing->error != 0)
		return;
	hashing->error = error;
	hashing->link->why = "cannot be read";
}

static void add_sized(struct hashing *hashing, const struct query *query, int column)
{
	size_t len;
	const uint8_t *data = query_column_blob(query, column, &len);
	bytes_add_u32(&hashing->bytes, (uint32_t)len);
	bytes_add(&hashing->bytes, data, len);
}

static void add_int(struct hashing *hashing, const struct query *query, int column)
{
	bytes_add_i64(&hashing->bytes, query_column_int(query, column));
}

static void add_place(struct hashing *hashing, const struct query *query, int column)
{
	for (int i = 0; i < 3; i++)
		add_sized(hashing, query, column + i);
}

/* A dictionary entry goes in by its hash (column), and is known by its bytes (column + 1). */
static void add_hash(struct hashing *hashing, const struct query *query, int column)
{
	size_t len;
	const uint8_t *hash = query_column_blob(query, column, &len);
	if (hash == NULL || len != CHAIN_HASH) {
		fail(hashing, "answer or message damaged");
		return;
	}
	bytes_add(&hashing->bytes, hash, len);
	if (!hashing->link->check || hashing->bytes.failed)
		return;
	uint8_t actual[CHAIN_HASH];
	const uint8_t *content = query_column_blob(query, column + 1, &len);
	int error = store_sha256(hashing->store, content, len, actual);
	if (error < 0)
		hashing->error = hashing->error != 0 ? hashing->error : error;
	else if (memcmp(hashing->bytes.data + hashing->bytes.len - CHAIN_HASH, actual,
			 CHAIN_HASH) != 0)
		fail(hashing, "answer or message changed");
}

static void add_evidence(struct hashing *hashing, unsigned kind, int64_t number)
{
	static const char get[] =
		"SELECT m.hash, m.bytes, sv.text, e.at, e.rtt_us, e.port, e.flags"
		" FROM evidence e JOIN message m ON m.id = e.message"
		" JOIN server sv ON sv.id = e.server"
		" WHERE e.kind = ?1 AND e.number = ?2 ORDER BY e.ordinal";
	uint32_t messages = 0;
	size_t count_at = hashing->bytes.len;
	bytes_add_u32(&hashing->bytes, 0); /* their count, known at the end */
	struct query query = query_begin(hashing->store, get);
	query_int(&query, kind);
	query_int(&query, number);
	for (; query_next(&query); messages++) {
		add_hash(hashing, &query, 0);
		add_sized(hashing, &query, 2);
		for (int i = 3; i < 7; i++)
			add_int(hashing, &query, i);
	}
	end_query(hashing, &query);
	bytes_set_u32(&hashing->bytes, count_at, messages);
	hashing->link->messages += messages;
}

static int64_t not_before(const struct query *query, int first_at, int not_before_ms)
{
	if (query_column_is_null(query, not_before_ms))
		return 0;
	return query_column_int(query, first_at) - query_column_int(query, not_before_ms);
}

static int64_t rrtype(const struct query *query, int column)
{
	return query_column_is_null(query, column) ? RECORD_TYPE_MX
						   : query_column_int(query, column);
}

static void add_opened(struct hashing *hashing, const struct query *query)
{
	struct bytes *bytes = &hashing->bytes;
	bytes_add_u8(bytes, CHAIN_SPAN_OPENED);
	add_int(hashing, query, 0);
	add_place(hashing, query, 1);
	bytes_add_i64(bytes, rrtype(query, 4));
	add_hash(hashing, query, 5);
	add_int(hashing, query, 7);
	bytes_add_i64(bytes, not_before(query, 7, 8));
	bool changed = !query_column_is_null(query, 9);
	bytes_add_u8(bytes, changed);
	if (changed) {
		int64_t confirmed_at = 0;
		if (!query_column_is_null(query, 12))
			confirmed_at =
				query_column_int(query, 7) + query_column_int(query, 12);
		add_hash(hashing, query, 9);
		add_int(hashing, query, 11);
		bytes_add_i64(bytes, confirmed_at);
		add_evidence(hashing, 0, 2 * query_column_int(query, 0));
	}
	end_record(hashing);
}

/* Where a record did not tell types apart: nothing for MX. */
static void add_other_type(struct hashing *hashing, const struct query *query, int column)
{
	if (!query_column_is_null(query, column))
		add_int(hashing, query, column);
}

static void add_gap(struct hashing *hashing, const struct query *query)
{
	bytes_add_u8(&hashing->bytes, CHAIN_GAP);
	add_int(hashing, query, 0);
	add_place(hashing, query, 1);
	for (int i = 4; i < 8; i++)
		add_int(hashing, query, i);
	add_other_type(hashing, query, 8);
	end_record(hashing);
}

static void add_change(struct hashing *hashing, const struct query *query)
{
	int64_t number = 2 * query_column_int(query, 0) + 1;
	bytes_add_u8(&hashing->bytes, CHAIN_CHANGE);
	bytes_add_i64(&hashing->bytes, number);
	add_place(hashing, query, 1);
	bytes_add_i64(&hashing->bytes, rrtype(query, 4));
	add_int(hashing, query, 5);
	add_int(hashing, query, 6);
	add_hash(hashing, query, 7);
	add_hash(hashing, query, 9);
	for (int i = 11; i < 14; i++)
		add_int(hashing, query, i);
	add_evidence(hashing, 0, number);
	end_record(hashing);
}

static void add_suspicion(struct hashing *hashing, const struct query *query)
{
	bytes_add_u8(&hashing->bytes, CHAIN_SUSPICION);
	add_int(hashing, query, 0);
	add_place(hashing, query, 1);
	add_int(hashing, query, 4);
	add_hash(hashing, query, 5);
	add_hash(hashing, query, 7);
	add_sized(hashing, query, 9);
	add_evidence(hashing, 1, query_column_int(query, 0));
	add_other_type(hashing, query, 10);
	end_record(hashing);
}

static void add_ints(struct hashing *hashing, const struct query *query, int from, int to)
{
	for (int i = from; i < to; i++)
		add_int(hashing, query, i);
}

static void add_incident(struct hashing *hashing, const struct query *query)
{
	bytes_add_u8(&hashing->bytes, CHAIN_INCIDENT);
	add_ints(hashing, query, 0, 2);
	add_sized(hashing, query, 2);
	add_ints(hashing, query, 3, 17);
	for (int i = 17; i < 20; i++)
		add_sized(hashing, query, i);
	add_ints(hashing, query, 20, 24);
	end_record(hashing);
}

static void add_erasure(struct hashing *hashing, const struct query *query)
{
	bytes_add_u8(&hashing->bytes, CHAIN_ERASURE);
	add_ints(hashing, query, 0, 3);
	end_record(hashing);
}

/* The kinds that are found by a range of numbers. */
static const struct {
	const char *sql;
	void (*add)(struct hashing *hashing, const struct query *query);
} kinds[] = {
	[CHAIN_SPAN_OPENED] = {"SELECT t.number, " PLACE_COLUMNS ", t.rrtype, a.hash, "
			       "a.bytes, t.first_at, t.not_before_ms, f.hash, f.bytes,"
			       " t.confirmed_by, t.confirmed_ms FROM span t" PLACE_JOINS
			       " JOIN answer a ON a.id = t.answer"
			       " LEFT JOIN answer f ON f.id = t.from_answer"
			       " WHERE t.number >= ?1 AND t.number < ?2"
			       " ORDER BY t.number",
		add_opened},
	[CHAIN_GAP] = {"SELECT t.number, " PLACE_COLUMNS ", t.from_at, t.to_at, t.reason,"
		       " t.imported, p.rrtype FROM gap t" PLACE_JOINS
		       " WHERE t.number >= ?1 AND t.number < ?2 ORDER BY t.number",
		add_gap},
	[CHAIN_CHANGE] = {"SELECT t.number, " PLACE_COLUMNS ", t.rrtype, t.at,"
			  " t.not_before_at, f.hash, f.bytes, a.hash, a.bytes,"
			  " t.confirmed_by, t.confirmed_at, t.imported"
			  " FROM change t" PLACE_JOINS
			  " JOIN answer f ON f.id = t.from_answer"
			  " JOIN answer a ON a.id = t.to_answer"
			  " WHERE t.number >= ?1 AND t.number < ?2 ORDER BY t.number",
		add_change},
	[CHAIN_SUSPICION] =
		{"SELECT t.number, " PLACE_COLUMNS ", t.at, h.hash, h.bytes,"
		 " s.hash, s.bytes, t.why, p.rrtype FROM suspicion t" PLACE_JOINS
		 " JOIN answer h ON h.id = t.held_answer"
		 " JOIN answer s ON s.id = t.seen_answer"
		 " WHERE t.number >= ?1 AND t.number < ?2"
		 " ORDER BY t.number",
			add_suspicion},
	[CHAIN_INCIDENT] = {"SELECT t.number, t.incident, n.wire, t.at, t.kind,"
			    " t.kind_at_open, t.severity, t.severity_now, t.state,"
			    " t.suspected_at, t.opened_at, t.change_at,"
			    " t.change_not_before, t.first_bounce_at, t.last_bounce_at,"
			    " t.reverted_at, t.closed_at, t.from_operators,"
			    " t.to_operators, t.view, t.recipients, t.bounces,"
			    " t.deferrals, t.deliveries FROM incident_event t"
			    " LEFT JOIN name n ON n.id = t.name"
			    " WHERE t.number >= ?1 AND t.number < ?2 ORDER BY t.number",
		add_incident},
	[CHAIN_ERASURE] = {"SELECT number, what, erased FROM erasure"
			   " WHERE number >= ?1 AND number < ?2 ORDER BY number",
		add_erasure},
};

static void add_range(
	struct hashing *hashing, enum chain_kind kind, const struct chain_range *range)
{
	if (range->count == 0 || hashing->error != 0)
		return;
	struct query query = query_begin(hashing->store, kinds[kind].sql);
	query_int(&query, range->first);
	query_int(&query, range->first + (int64_t)range->count);
	uint64_t found = 0;
	for (; hashing->error == 0 && query_next(&query); found++)
		kinds[kind].add(hashing, &query);
	end_query(hashing, &query);
	if (found != range->count)
		fail(hashing, "record missing");
}

static void add_closed(struct hashing *hashing, int64_t number)
{
	static const char get[] =
		"SELECT t.number, " PLACE_COLUMNS
		", t.rrtype, a.hash, a.bytes, t.first_at,"
		" t.not_before_ms, t.last_at, al.wire, t.counters, t.flags, so.text"
		" FROM span t" PLACE_JOINS " JOIN answer a ON a.id = t.answer"
		" LEFT JOIN name al ON al.id = t.alias"
		" LEFT JOIN imported i ON i.span = t.number"
		" LEFT JOIN source so ON so.id = i.source"
		" WHERE t.number = ?1 AND t.open = 0";
	struct query query = query_begin(hashing->store, get);
	query_int(&query, number);
	if (query_next(&query)) {
		bytes_add_u8(&hashing->bytes, CHAIN_SPAN_CLOSED);
		add_int(hashing, &query, 0);
		add_place(hashing, &query, 1);
		bytes_add_i64(&hashing->bytes, rrtype(&query, 4));
		add_hash(hashing, &query, 5);
		add_int(hashing, &query, 7);
		bytes_add_i64(&hashing->bytes, not_before(&query, 7, 8));
		add_int(hashing, &query, 9);
		add_sized(hashing, &query, 10);
		add_sized(hashing, &query, 11);
		add_int(hashing, &query, 12);
		add_sized(hashing, &query, 13);
		end_record(hashing);
	} else {
		fail(hashing, "closed span missing");
	}
	end_query(hashing, &query);
}

static void add_bucket(struct hashing *hashing, const struct chain_place *place)
{
	static const char get[] =
		"SELECT n.wire, v.name, b.data, p.rrtype FROM bucket b"
		" JOIN point p ON p.number = b.point JOIN name n ON n.id = p.name"
		" JOIN view v ON v.id = p.view"
		" WHERE b.point = ?1 AND b.length_ms = ?2 AND b.chunk_at = ?3";
	int64_t chunk_at = bucket_chunk_at(place->from_at, place->length_ms);
	struct query query = query_begin(hashing->store, get);
	query_int(&query, place->point);
	query_int(&query, place->length_ms);
	query_int(&query, chunk_at);
	struct bucket bucket;
	uint64_t version;
	size_t len = 0;
	const uint8_t *data = NULL;
	if (query_next(&query))
		data = query_column_blob(&query, 2, &len);
	if (bucket_find(data, len, chunk_at, place->from_at, &place->version, &bucket,
		    &version)) {
		bytes_add_u8(&hashing->bytes, CHAIN_BUCKET);
		add_sized(hashing, &query, 0);
		add_sized(hashing, &query, 1);
		bytes_add_i64(&hashing->bytes, place->length_ms);
		bytes_add_i64(&hashing->bytes, place->from_at);
		bytes_add_i64(&hashing->bytes, (int64_t)place->version);
		bytes_add_u32(&hashing->bytes, bucket.polls);
		bytes_add_u32(&hashing->bytes, bucket.usable);
		bytes_add_u32(&hashing->bytes, bucket.longest_ms);
		add_other_type(hashing, &query, 3);
		end_record(hashing);
	} else {
		fail(hashing, "bucket missing");
	}
	end_query(hashing, &query);
}

static void add_pruning(struct hashing *hashing)
{
	static const char get[] =
		"SELECT before_at, cut_tx, cut_hash FROM pruning WHERE tx = ?1";
	struct query query = query_begin(hashing->store, get);
	query_int(&query, hashing->link->tx);
	if (query_next(&query)) {
		bytes_add_u8(&hashing->bytes, CHAIN_PRUNING);
		add_int(hashing, &query, 0);
		add_int(hashing, &query, 1);
		add_sized(hashing, &query, 2);
		end_record(hashing);
	} else {
		fail(hashing, "pruning missing");
	}
	end_query(hashing, &query);
}

static void add_all(struct hashing *hashing, const struct chain *chain)
{
	add_range(hashing, CHAIN_SPAN_OPENED, &chain->opened);
	for (size_t i = 0; i < chain->closed_len && hashing->error == 0; i++)
		add_closed(hashing, chain->closed[i]);
	add_range(hashing, CHAIN_GAP, &chain->gaps);
	add_range(hashing, CHAIN_CHANGE, &chain->changes);
	add_range(hashing, CHAIN_SUSPICION, &chain->suspicions);
	for (size_t i = 0; i < chain->buckets_len && hashing->error == 0; i++)
		add_bucket(hashing, &chain->buckets[i]);
	if (chain->pruning && hashing->error == 0)
		add_pruning(hashing);
	add_range(hashing, CHAIN_INCIDENT, &chain->incidents);
	add_range(hashing, CHAIN_ERASURE, &chain->erasures);
}

int chain_hash(struct store *store, const struct chain *chain, struct chain_link *link,
	uint8_t ret_hash[CHAIN_HASH])
{
	struct hashing hashing = {.store = store, .link = link};
	if (EVP_DigestInit_ex2(store->digest, store->sha256, NULL) != 1)
		return -ENOMEM;
	link->records = 0;
	link->messages = 0;
	bytes_add(&hashing.bytes, link->previous, CHAIN_HASH);
	bytes_add_i64(&hashing.bytes, link->tx);
	bytes_add_i64(&hashing.bytes, link->at);
	bytes_add_u32(&hashing.bytes, (uint32_t)strlen(store->site));
	bytes_add(&hashing.bytes, store->site, strlen(store->site));
	add_all(&hashing, chain);
	if (hashing.error == 0 && hashing.bytes.failed)
		hashing.error = -ENOMEM;
	if (hashing.error == 0) {
		flush(&hashing);
		int done = EVP_DigestFinal_ex(store->digest, ret_hash, NULL);
		assert(done == 1);
	}
	bytes_finish(&hashing.bytes);
	return hashing.error;
}

int chain_genesis(const struct store *store, uint8_t ret_hash[CHAIN_HASH])
{
	static const char prefix[] = "mxvigil ledger 1\n";
	char text[sizeof prefix + STORE_SITE_MAX];
	size_t len = strlen(prefix);
	memcpy(text, prefix, len);
	memcpy(text + len, store->site, strlen(store->site));
	return store_sha256(store, text, len + strlen(store->site), ret_hash);
}
