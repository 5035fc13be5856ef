/* SPDX-License-Identifier: MIT */
#include "storage/store.h"

#include <assert.h>
#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "storage/inside.h"
#include "storage/ledger_link.h"
#include "storage/lock.h"

/* The WAL is copied into the database when it has this many pages (4 KiB each). */
#define CHECKPOINT_PAGES 4000

static int errno_of_io(int sqlite_code, int system_errno)
{
	if (sqlite_code == SQLITE_IOERR_NOMEM)
		return -ENOMEM;
	if (system_errno == ENOSPC || system_errno == EDQUOT || system_errno == EFBIG)
		return -ENOSPC;
	return system_errno == EROFS ? -EROFS : -EIO;
}

static int errno_of_open(int system_errno)
{
	switch (system_errno) {
	case ENOENT:
	case EACCES:
	case EROFS:
	case ENOSPC:
		return -system_errno;
	case EPERM:
		return -EACCES;
	default:
		return -EIO;
	}
}

int store_errno(const struct store *store, int sqlite_code)
{
	int system_errno = sqlite3_system_errno(store->db);
	switch (sqlite_code & 0xff) {
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_INTERRUPT:
		return -ETIME;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_CANTOPEN:
		return errno_of_open(system_errno);
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
	case SQLITE_CONSTRAINT:
	case SQLITE_ERROR: /* a table or column is not there */
		return -EUCLEAN;
	default:
		return errno_of_io(sqlite_code, system_errno);
	}
}

void store_describe(struct store_error *ret_error, int code, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	ret_error->code = code;
	vsnprintf(ret_error->text, sizeof ret_error->text, format, arguments);
	va_end(arguments);
}

int store_fail(struct store *store, int code, const char *what)
{
	if (store->error.code == 0)
		store_describe(&store->error, code, "store %s: %s", store->path, what);
	return code;
}

int store_sha256(
	const struct store *store, const void *bytes, size_t len, uint8_t ret_hash[32])
{
	EVP_MD_CTX *digest = store->entry_digest;
	if (EVP_DigestInit_ex2(digest, store->sha256, NULL) != 1 ||
		EVP_DigestUpdate(digest, bytes, len) != 1 ||
		EVP_DigestFinal_ex(digest, ret_hash, NULL) != 1)
		return -ENOMEM; /* the only thing that it needs */
	return 0;
}

const char *store_site(const struct store *store)
{
	return store->site;
}

const char *store_path(const struct store *store)
{
	return store->path;
}

static int64_t file_bytes(const char *path, const char *suffix)
{
	char name[PATH_MAX];
	struct stat stat_of;
	int len = snprintf(name, sizeof name, "%s%s", path, suffix);
	if (len < 0 || (size_t)len >= sizeof name || stat(name, &stat_of) < 0)
		return 0;
	return stat_of.st_size;
}

int64_t store_bytes(const struct store *store)
{
	return file_bytes(store->path, "") + file_bytes(store->path, "-wal");
}

char *store_id_format(
	const struct store *store, int64_t number, char ret_text[STORE_ID_MAX])
{
	snprintf(ret_text, STORE_ID_MAX, "%s-%" PRId64, store->site, number);
	return ret_text;
}

int store_parse_number(
	const struct store *store, const char *mark, const char *id, int64_t *ret_number)
{
	const size_t site_len = strlen(store->site);
	const size_t mark_len = strlen(mark);
	if (strncmp(id, store->site, site_len) != 0 ||
		strncmp(id + site_len, mark, mark_len) != 0)
		return -EINVAL;
	const char *digits = id + site_len + mark_len;
	const size_t len = strspn(digits, "0123456789");
	if (len == 0 || len > 18 || digits[len] != '\0' || digits[0] == '0')
		return -EINVAL;
	*ret_number = strtoll(digits, NULL, 10);
	return 0;
}

int store_id_parse(const struct store *store, const char *id, int64_t *ret_number)
{
	return store_parse_number(store, "-", id, ret_number);
}

int64_t store_next(struct store *store, enum sequence sequence)
{
	store->next_dirty = true;
	return store->next[sequence]++;
}

int store_load_sequences(struct store *store)
{
	for (size_t i = 0; i < SEQUENCE_COUNT; i++)
		store->next[i] = 1;
	store->next_dirty = false;
	store->next_stale = true;
	struct query query = query_begin(store, "SELECT kind, next FROM sequence");
	while (query_next(&query)) {
		int64_t kind = query_column_int(&query, 0);
		if (kind >= 0 && kind < SEQUENCE_COUNT)
			store->next[kind] = query_column_int(&query, 1);
	}
	int error = query_end(&query);
	store->next_stale = error < 0;
	return error;
}

static void save_sequences(struct store *store)
{
	static const char put[] = "INSERT INTO sequence(kind, next) VALUES(?1, ?2)"
				  " ON CONFLICT(kind) DO UPDATE SET next = excluded.next";
	for (int i = 0; i < SEQUENCE_COUNT && store->next_dirty; i++) {
		struct query query = query_begin(store, put);
		query_int(&query, i);
		query_int(&query, store->next[i]);
		query_run(&query);
	}
	store->next_dirty = false;
}

void store_begin(struct store *store)
{
	assert(!store->in_transaction);
	store->error = (struct store_error){0};
	chain_clear(&store->chain);
	struct query query = query_begin(store, "BEGIN IMMEDIATE");
	int error = query_run(&query);
	store->in_transaction = true;
	if (error < 0)
		store_fail(store, error, sqlite3_errmsg(store->db));
	else if (!store->write)
		store_fail(store, -EROFS, "opened for reading");
	if (store->next_stale && store_load_sequences(store) < 0)
		store_fail(store, -EIO, "cannot read the next numbers");
}

void store_rollback(struct store *store)
{
	if (!store->in_transaction)
		return;
	store->in_transaction = false;
	/* An I/O error, a full disk or want of memory may have rolled it back already. */
	if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	chain_clear(&store->chain);
	memset(store->answers, 0, sizeof store->answers);
	store->next_stale = true;
}

/* Copies the WAL back when it has grown. A failure here loses nothing: what was committed is in
 * the WAL, and the next commit tries again. */
static void checkpoint(struct store *store)
{
	if (store->wal_pages >= CHECKPOINT_PAGES)
		sqlite3_wal_checkpoint_v2(
			store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

int store_commit(struct store *store, int64_t now, struct store_error *ret_error)
{
	assert(store->in_transaction);
	save_sequences(store);
	ledger_link(store, now);
	struct query query = query_begin(store, "COMMIT");
	query_run(&query);
	int code = store->error.code;
	if (code == 0) {
		store->in_transaction = false;
		checkpoint(store);
		return 0;
	}
	if (ret_error != NULL)
		*ret_error = store->error;
	store_rollback(store);
	return code;
}

/* A pragma acts as it is prepared: it cannot be a kept statement. */
void store_set_thorough(struct store *store, bool thorough)
{
	const char *sql =
		thorough ? "PRAGMA secure_delete = 1" : "PRAGMA secure_delete = 0";
	int rc = sqlite3_exec(store->db, sql, NULL, NULL, NULL);
	if (rc != SQLITE_OK)
		store_fail(store, store_errno(store, rc), sqlite3_errmsg(store->db));
}
