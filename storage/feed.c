/* SPDX-License-Identifier: MIT */
#include "storage/feed.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "storage/inside.h"
#include "storage/intern.h"

static void put_place(struct query *query, int64_t source, const struct feed_place *place)
{
	query_int_or_null(query, place->number);
	query_int(query, source);
	query_text(query, place->format);
	query_text(query, place->path);
	query_int(query, (int64_t)place->device);
	query_int(query, (int64_t)place->inode);
	query_int(query, place->head_len);
	query_blob(query, place->head, FEED_HASH);
	query_int(query, place->tail_len);
	query_blob(query, place->tail, FEED_HASH);
	query_int(query, place->offset);
	query_int(query, place->at);
	query_text(query, place->state);
	query_blob(query, place->marks.hashes, (size_t)place->marks.len * FEED_MARK);
}

void feed_put(struct store *store, const char *source, struct feed_place *place)
{
	static const char put[] =
		"INSERT INTO feed(number, source, format, path, device, inode, head_len,"
		" head, tail_len, tail, place, at, state, marks)"
		" VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)"
		" ON CONFLICT(number) DO UPDATE SET source = excluded.source,"
		" path = excluded.path, device = excluded.device,"
		" inode = excluded.inode, head_len = excluded.head_len,"
		" head = excluded.head, tail_len = excluded.tail_len,"
		" tail = excluded.tail, place = excluded.place, at = excluded.at,"
		" state = excluded.state, marks = excluded.marks"
		" RETURNING number";
	const int64_t source_id = intern_source(store, source);
	struct query query = query_begin(store, put);
	put_place(&query, source_id, place);
	if (query_next(&query))
		place->number = query_column_int(&query, 0);
	query_end(&query);
}

int64_t feed_offset(struct store *store, int64_t number)
{
	struct query query =
		query_begin(store, "SELECT place FROM feed WHERE number = ?1");
	query_int(&query, number);
	int64_t offset = query_next(&query) ? query_column_int(&query, 0) : -1;
	query_end(&query);
	return offset;
}

int64_t feed_latest(struct store *store)
{
	struct query query = query_begin(store, "SELECT max(number) FROM feed");
	int64_t number = query_next(&query) ? query_column_int(&query, 0) : 0;
	query_end(&query);
	return number;
}

bool feed_was_taken(struct store *store, const struct feed_place *place, int64_t after)
{
	static const char get[] =
		"SELECT 1 FROM feed WHERE number > ?1 AND format = ?2"
		" AND ((device = ?3 AND inode = ?4) OR (head_len = ?5 AND head = ?6))";
	struct query query = query_begin(store, get);
	query_int(&query, after);
	query_text(&query, place->format);
	query_int(&query, (int64_t)place->device);
	query_int(&query, (int64_t)place->inode);
	query_int(&query, place->head_len);
	query_blob(&query, place->head, FEED_HASH);
	bool taken = query_next(&query);
	query_end(&query);
	return taken;
}

bool feed_is_known(struct store *store, const char *format, const char *path)
{
	struct query query =
		query_begin(store, "SELECT 1 FROM feed WHERE format = ?1 AND path = ?2");
	query_text(&query, format);
	query_text(&query, path);
	bool known = query_next(&query);
	query_end(&query);
	return known;
}

void feed_forget(struct store *store, int64_t before)
{
	struct query query = query_begin(store, "DELETE FROM feed WHERE at < ?1");
	query_int(&query, before);
	query_run(&query);
}

static void copy_text(const struct query *query, int column, char *ret_text, size_t size)
{
	const char *text = query_column_text(query, column);
	snprintf(ret_text, size, "%s", text != NULL ? text : "");
}

static bool copy_hash(const struct query *query, int column, uint8_t *ret_hash)
{
	size_t len;
	const uint8_t *bytes = query_column_blob(query, column, &len);
	if (bytes == NULL || len != FEED_HASH)
		return false;
	memcpy(ret_hash, bytes, len);
	return true;
}

static bool copy_marks(
	const struct query *query, int column, struct feed_marks *ret_marks)
{
	size_t len;
	const uint8_t *bytes = query_column_blob(query, column, &len);
	if (len % FEED_MARK != 0 || len > sizeof ret_marks->hashes)
		return false;
	if (len > 0)
		memcpy(ret_marks->hashes, bytes, len);
	ret_marks->len = (uint32_t)(len / FEED_MARK);
	return true;
}

static bool read_place(const struct query *query, struct feed_place *ret_place)
{
	*ret_place = (struct feed_place){
		.number = query_column_int(query, 0),
		.device = (uint64_t)query_column_int(query, 3),
		.inode = (uint64_t)query_column_int(query, 4),
		.head_len = (uint32_t)query_column_int(query, 5),
		.tail_len = (uint32_t)query_column_int(query, 7),
		.offset = query_column_int(query, 9),
		.at = query_column_int(query, 10),
		.state = query_column_text(query, 11),
		.source = query_column_text(query, 12),
	};
	copy_text(query, 1, ret_place->format, sizeof ret_place->format);
	copy_text(query, 2, ret_place->path, sizeof ret_place->path);
	return ret_place->state != NULL && copy_hash(query, 6, ret_place->head) &&
		copy_hash(query, 8, ret_place->tail) &&
		copy_marks(query, 13, &ret_place->marks) &&
		ret_place->head_len <= FEED_HEAD_MOST &&
		ret_place->tail_len <= FEED_TAIL_MOST;
}

#define GET_PLACES                                                                       \
	"SELECT f.number, f.format, f.path, f.device, f.inode, f.head_len, f.head,"      \
	" f.tail_len, f.tail, f.place, f.at, f.state, s.text, f.marks FROM feed f"       \
	" JOIN source s ON s.id = f.source WHERE "

static int each_place(struct query query, feed_fn fn, void *owner)
{
	int result = 0;
	while (result == 0 && query_next(&query)) {
		struct feed_place place;
		result = read_place(&query, &place) ? fn(owner, &place) : -EUCLEAN;
	}
	int error = query_end(&query);
	return result != 0 ? result : error;
}

int feed_each(struct store *store, const char *format, feed_fn fn, void *owner)
{
	struct query query = query_begin(
		store, GET_PLACES "f.format = ?1 ORDER BY f.at DESC, f.number DESC");
	query_text(&query, format);
	return each_place(query, fn, owner);
}

int feed_get(struct store *store, int64_t number, feed_fn fn, void *owner)
{
	struct query query = query_begin(store, GET_PLACES "f.number = ?1");
	query_int(&query, number);
	return each_place(query, fn, owner);
}

static void keep_line(
	struct store *store, int64_t source, const struct feed_rejected *rejected)
{
	static const char put[] = "INSERT INTO rejected_line(source, reason, at, line)"
				  " VALUES(?1, ?2, ?3, ?4)";
	static const char drop[] =
		"DELETE FROM rejected_line WHERE source = ?1 AND number <= (SELECT number"
		" FROM rejected_line WHERE source = ?1 ORDER BY number DESC"
		" LIMIT 1 OFFSET ?2)";
	const size_t len =
		rejected->line_len < FEED_LINE_MAX ? rejected->line_len : FEED_LINE_MAX;
	struct query query = query_begin(store, put);
	query_int(&query, source);
	query_text(&query, rejected->reason);
	query_int(&query, rejected->last_at);
	query_blob(&query, rejected->line, len);
	query_run(&query);
	query = query_begin(store, drop);
	query_int(&query, source);
	query_int(&query, FEED_LINES_KEPT);
	query_run(&query);
}

void feed_reject(struct store *store, const struct feed_rejected *rejected)
{
	static const char put[] =
		"INSERT INTO rejected(source, reason, count, first_at, last_at)"
		" VALUES(?1, ?2, ?3, ?4, ?5) ON CONFLICT DO UPDATE SET"
		" count = count + excluded.count,"
		" first_at = min(first_at, excluded.first_at),"
		" last_at = max(last_at, excluded.last_at)";
	const int64_t source = intern_source(store, rejected->source);
	struct query query = query_begin(store, put);
	query_int(&query, source);
	query_text(&query, rejected->reason);
	query_int(&query, (int64_t)rejected->count);
	query_int(&query, rejected->first_at);
	query_int(&query, rejected->last_at);
	query_run(&query);
	if (rejected->line_len > 0)
		keep_line(store, source, rejected);
}

int feed_each_rejected(struct store *store, bool lines, feed_rejected_fn fn, void *owner)
{
	static const char counts[] =
		"SELECT s.text, r.reason, r.count, r.first_at, r.last_at, NULL"
		" FROM rejected r JOIN source s ON s.id = r.source"
		" ORDER BY s.text, r.reason";
	static const char kept[] =
		"SELECT s.text, r.reason, 1, r.at, r.at, r.line FROM rejected_line r"
		" JOIN source s ON s.id = r.source ORDER BY s.text, r.number";
	struct query query = query_begin(store, lines ? kept : counts);
	int result = 0;
	while (result == 0 && query_next(&query)) {
		struct feed_rejected rejected = {
			.source = query_column_text(&query, 0),
			.reason = query_column_text(&query, 1),
			.count = (uint64_t)query_column_int(&query, 2),
			.first_at = query_column_int(&query, 3),
			.last_at = query_column_int(&query, 4),
		};
		rejected.line = query_column_blob(&query, 5, &rejected.line_len);
		result = fn(owner, &rejected);
	}
	int error = query_end(&query);
	return result != 0 ? result : error;
}
