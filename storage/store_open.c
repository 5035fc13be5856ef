/* SPDX-License-Identifier: MIT */
/* Opening and closing of a store: path, lock, connection, settings, version, sanity. */
#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "storage/inside.h"
#include "storage/ledger_link.h"
#include "storage/lock.h"
#include "storage/schema.h"

#define WAL_LIMIT_BYTES "67108864"
#define PROGRESS_STEPS 20000 /* virtual machine steps between looks at the deadline */

/* Absolute, without symbolic links: two names of one store share its lock, and the path can
 * never be taken for a URI. The file itself need not be there. NULL with errno set. */
static char *resolve(const char *path)
{
	char *resolved = realpath(path, NULL);
	if (resolved != NULL || errno != ENOENT)
		return resolved;
	const char *slash = strrchr(path, '/');
	const char *base = slash != NULL ? slash + 1 : path;
	if (*base == '\0') {
		errno = EISDIR;
		return NULL;
	}
	char *dir =
		slash == NULL ? strdup(".") : strndup(path, (size_t)(slash - path) + 1);
	char *real_dir = dir != NULL ? realpath(dir, NULL) : NULL;
	if (real_dir != NULL &&
		asprintf(&resolved, "%s/%s", strcmp(real_dir, "/") == 0 ? "" : real_dir,
			base) < 0)
		resolved = NULL;
	int error = errno;
	free(dir);
	free(real_dir);
	errno = error;
	return resolved;
}

bool store_is_held(const char *path, int64_t *ret_pid)
{
	char *resolved = resolve(path);
	bool held = resolved != NULL && lock_is_held(resolved, ret_pid);
	free(resolved);
	return held;
}

static int fail_open(
	struct store *store, int code, const char *what, struct store_error *ret_error)
{
	store_describe(ret_error, code, "store %s: %s", store->path, what);
	return code;
}

static int fail_sqlite(struct store *store, int rc, struct store_error *ret_error)
{
	if (store->db == NULL)
		return fail_open(store, -ENOMEM, "out of memory", ret_error);
	int code = store_errno(store, rc);
	switch (code) {
	case -EUCLEAN:
		store_describe(ret_error, code,
			"store %s is damaged or no mxvigil store: %s", store->path,
			sqlite3_errmsg(store->db));
		return code;
	case -ENOENT:
		return fail_open(store, code, "there is none", ret_error);
	case -ENOSPC:
		return fail_open(store, code, "the disk is full", ret_error);
	case -EROFS:
		return fail_open(
			store, code, "cannot be written, it is read-only", ret_error);
	default:
		return fail_open(store, code, sqlite3_errmsg(store->db), ret_error);
	}
}

static int take_lock(struct store *store, struct store_error *ret_error)
{
	int64_t pid = 0;
	store->lock_fd = lock_take(store->path, &pid);
	if (store->lock_fd >= 0)
		return 0;
	int code = store->lock_fd;
	store->lock_fd = -1;
	if (code == -EBUSY)
		store_describe(ret_error, code,
			"store %s is held by another mxvigil (pid %lld)", store->path,
			(long long)pid);
	else
		store_describe(ret_error, code, "cannot lock %s.lock: %s", store->path,
			strerror(-code));
	return code;
}

/* Ends a query that runs past its deadline. */
static int on_progress(void *owner)
{
	const struct store *store = owner;
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000 >
		store->deadline_mono_ms;
}

static int on_wal(void *owner, sqlite3 *db, const char *name, int pages)
{
	(void)db;
	(void)name;
	struct store *store = owner;
	store->wal_pages = pages;
	return SQLITE_OK;
}

static int configure(struct store *store)
{
	sqlite3 *db = store->db;
	sqlite3_extended_result_codes(db, 1);
	sqlite3_busy_timeout(db, 5000);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DML, 0, NULL);
	sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
	if (!store->write)
		sqlite3_db_config(db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	if (store->deadline_ms > 0)
		sqlite3_progress_handler(db, PROGRESS_STEPS, on_progress, store);
	return sqlite3_exec(db,
		"PRAGMA mmap_size=0; PRAGMA cell_size_check=1; PRAGMA foreign_keys=1;"
		"PRAGMA wal_autocheckpoint=0; PRAGMA cache_size=-16384",
		NULL, NULL, NULL);
}

static int read_pragma(struct store *store, const char *sql, int64_t *ret_value)
{
	sqlite3_stmt *statement = NULL;
	int rc = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
	if (rc != SQLITE_OK)
		return rc;
	if (sqlite3_step(statement) == SQLITE_ROW)
		*ret_value = sqlite3_column_int64(statement, 0);
	return sqlite3_finalize(statement);
}

/* WAL with full synchronisation, whatever the library was built with. */
static int make_durable(struct store *store, struct store_error *ret_error)
{
	sqlite3_stmt *statement = NULL;
	char mode[16] = "";
	int rc = sqlite3_prepare_v2(
		store->db, "PRAGMA journal_mode=WAL", -1, &statement, NULL);
	if (rc == SQLITE_OK && sqlite3_step(statement) == SQLITE_ROW)
		snprintf(mode, sizeof mode, "%s", sqlite3_column_text(statement, 0));
	int finalized = sqlite3_finalize(statement);
	rc = rc != SQLITE_OK ? rc : finalized;
	if (rc == SQLITE_OK)
		rc = sqlite3_exec(store->db,
			"PRAGMA synchronous=FULL; PRAGMA "
			"journal_size_limit=" WAL_LIMIT_BYTES,
			NULL, NULL, NULL);
	int64_t synchronous = 0;
	if (rc == SQLITE_OK)
		rc = read_pragma(store, "PRAGMA synchronous", &synchronous);
	if (rc != SQLITE_OK)
		return fail_sqlite(store, rc, ret_error);
	if (strcmp(mode, "wal") != 0 || synchronous != 2)
		return fail_open(store, -EIO,
			"needs write-ahead logging with synchronous=FULL, which this "
			"file "
			"system does not give",
			ret_error);
	sqlite3_wal_hook(store->db, on_wal, store);
	return 0;
}

static int migrate(struct store *store, const struct store_options *options,
	int64_t version, struct store_error *ret_error)
{
	char host[STORE_SITE_MAX] = "";
	const char *site = options->site;
	if (site == NULL) {
		gethostname(host, sizeof host - 1);
		site = *host != '\0' ? host : "localhost";
	}
	if (*site == '\0' || strlen(site) >= STORE_SITE_MAX)
		return fail_open(
			store, -EINVAL, "its site needs 1 to 63 bytes", ret_error);
	int rc = schema_migrate(store->db, (int)version, site, options->now);
	return rc == SQLITE_OK ? 0 : fail_sqlite(store, rc, ret_error);
}

static int check_version(struct store *store, const struct store_options *options,
	struct store_error *ret_error)
{
	int64_t version = 0;
	int64_t application = 0;
	int64_t tables = 0;
	int rc = read_pragma(store, "PRAGMA user_version", &version);
	if (rc == SQLITE_OK)
		rc = read_pragma(store, "PRAGMA application_id", &application);
	if (rc == SQLITE_OK)
		rc = read_pragma(store, "SELECT count(*) FROM sqlite_schema", &tables);
	if (rc != SQLITE_OK)
		return fail_sqlite(store, rc, ret_error);
	/* SQLite takes a file of one byte for an empty one. */
	struct stat stat_of;
	bool empty = version == 0 && application == 0 && tables == 0 &&
		stat(store->path, &stat_of) == 0 && stat_of.st_size == 0;
	if (!empty && application != SCHEMA_APPLICATION)
		return fail_open(store, -EUCLEAN, "this is no mxvigil store", ret_error);
	if (version > SCHEMA_VERSION) {
		store_describe(ret_error, -EPROTO,
			"store %s has schema version %lld, this program knows versions "
			"up to "
			"%d: use a newer mxvigil",
			store->path, (long long)version, SCHEMA_VERSION);
		return -EPROTO;
	}
	if (version == SCHEMA_VERSION)
		return 0;
	if (empty && !store->write)
		return fail_open(store, -ENOENT, "it is empty so far", ret_error);
	if (store->write)
		return migrate(store, options, version, ret_error);
	store_describe(ret_error, -EPROTO,
		"store %s has schema version %lld, this program reads version %d: "
		"a command that writes will bring it up to date",
		store->path, (long long)version, SCHEMA_VERSION);
	return -EPROTO;
}

/* Reads what every use needs, which also shows the coarse damages: no tables, no site, a ledger
 * whose head is no head. */
static int load(struct store *store, struct store_error *ret_error)
{
	struct query query =
		query_begin(store, "SELECT value FROM meta WHERE key = 'site'");
	if (query_next(&query)) {
		const char *site = query_column_text(&query, 0);
		snprintf(store->site, sizeof store->site, "%s", site != NULL ? site : "");
	}
	int error = query_end(&query);
	if (error == 0 && *store->site == '\0')
		error = -EUCLEAN;
	if (error == 0)
		error = store_load_sequences(store);
	if (error == 0)
		error = ledger_check_head(store);
	if (error == -EUCLEAN)
		return fail_open(store, error,
			"damaged: its tables or its ledger's head "
			"cannot be read",
			ret_error);
	return error == 0 ? 0 : fail_open(store, error, strerror(-error), ret_error);
}

/* Returns an SQLite result code. */
static int connect(struct store *store)
{
	int flags = store->write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE
				 : SQLITE_OPEN_READONLY;
	int rc = sqlite3_open_v2(
		store->path, &store->db, flags | SQLITE_OPEN_NOMUTEX, NULL);
	return rc == SQLITE_OK ? configure(store) : rc;
}

/* Opens once more as a file that nobody changes, for a store in a directory where the index of
 * its WAL cannot be made. Right only where no WAL waits to be read. */
static int connect_immutable(struct store *store, struct store_error *ret_error)
{
	char name[PATH_MAX];
	struct stat wal;
	snprintf(name, sizeof name, "%s-wal", store->path);
	if (stat(name, &wal) == 0 && wal.st_size > 0)
		return fail_open(store, -EROFS,
			"its write-ahead log cannot be read in a read-only directory: "
			"copy "
			"the file and its -wal to a directory that can be written",
			ret_error);
	char uri[3 * PATH_MAX + 32] = "file:";
	size_t len = strlen(uri);
	for (const char *c = store->path; *c != '\0' && len < 3 * PATH_MAX; c++)
		len += (size_t)sprintf(uri + len, "%%%02X", (unsigned char)*c);
	strcpy(uri + len, "?immutable=1");
	query_drop_cache(store);
	sqlite3_close(store->db);
	store->db = NULL;
	int rc = sqlite3_open_v2(uri, &store->db,
		SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_URI, NULL);
	if (rc == SQLITE_OK)
		rc = configure(store);
	return rc == SQLITE_OK ? 0 : fail_sqlite(store, rc, ret_error);
}

static int open_reader(struct store *store, const struct store_options *options,
	struct store_error *ret_error)
{
	int64_t version;
	int error = 0;
	int rc = connect(store);
	if (rc == SQLITE_OK)
		rc = read_pragma(store, "PRAGMA user_version", &version);
	bool no_index = (rc & 0xff) == SQLITE_CANTOPEN || (rc & 0xff) == SQLITE_READONLY;
	if (no_index && access(store->path, R_OK) == 0)
		error = connect_immutable(store, ret_error);
	else if (rc != SQLITE_OK)
		error = fail_sqlite(store, rc, ret_error);
	if (error == 0)
		error = check_version(store, options, ret_error);
	return error == 0 ? load(store, ret_error) : error;
}

static int open_writer(struct store *store, const struct store_options *options,
	struct store_error *ret_error)
{
	int error = take_lock(store, ret_error);
	if (error < 0)
		return error;
	/* The journal mode is set last: a foreign file is left as it is. */
	int64_t ignored;
	int rc = connect(store);
	if (rc == SQLITE_OK)
		rc = read_pragma(store, "PRAGMA schema_version", &ignored);
	if (rc != SQLITE_OK)
		return fail_sqlite(store, rc, ret_error);
	error = check_version(store, options, ret_error);
	if (error == 0)
		error = make_durable(store, ret_error);
	return error == 0 ? load(store, ret_error) : error;
}

static struct store *create(const struct store_options *options)
{
	struct store *store = calloc(1, sizeof *store);
	if (store == NULL)
		return NULL;
	store->lock_fd = -1;
	store->write = options->write;
	store->deadline_ms = options->write ? 0 : options->deadline_ms;
	store->sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
	store->digest = EVP_MD_CTX_new();
	store->entry_digest = EVP_MD_CTX_new();
	if (store->sha256 != NULL && store->digest != NULL && store->entry_digest != NULL)
		return store;
	store_close(store);
	return NULL;
}

int store_open(const struct store_options *options, struct store **ret_store,
	struct store_error *ret_error)
{
	struct store *store = create(options);
	if (store == NULL) {
		store_describe(ret_error, -ENOMEM, "out of memory");
		return -ENOMEM;
	}
	store->path = resolve(options->path);
	int error;
	if (store->path == NULL) {
		error = errno == ENOENT || errno == EACCES || errno == ENOMEM ? -errno
									      : -EIO;
		store_describe(
			ret_error, error, "store %s: %s", options->path, strerror(errno));
	} else if (options->write) {
		error = open_writer(store, options, ret_error);
	} else {
		error = open_reader(store, options, ret_error);
	}
	if (error < 0) {
		store_close(store);
		return error;
	}
	*ret_store = store;
	return 0;
}

void store_close(struct store *store)
{
	if (store == NULL)
		return;
	store_rollback(store);
	query_drop_cache(store);
	/* The last connection of a writer copies its WAL back and removes it. */
	sqlite3_close(store->db);
	if (store->lock_fd >= 0)
		close(store->lock_fd);
	chain_finish(&store->chain);
	EVP_MD_CTX_free(store->digest);
	EVP_MD_CTX_free(store->entry_digest);
	EVP_MD_free(store->sha256);
	free(store->path);
	free(store);
}
