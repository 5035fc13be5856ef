/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/rotated.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "monitor/ingest/errand.h"
#include "monitor/ingest/logfile.h"

#define LOOKS_MOST 20
#define NAMES_MOST 4096

void rotated_file_finish(struct rotated_file *file)
{
	logfile_close(file->file);
	free(file->path);
	free(file->state);
	*file = (struct rotated_file){.file = NULL};
}

size_t rotated_len(const struct rotated *rotated)
{
	return rotated->len - rotated->taken;
}

void rotated_finish(struct rotated *rotated)
{
	for (size_t i = rotated->taken; i < rotated->len; i++)
		rotated_file_finish(&rotated->files[i]);
	rotated->taken = rotated->len = 0;
}

/* --- the names beside the log --- */

struct name {
	char *path; /* owned */
	uint64_t device;
	uint64_t inode;
	int64_t modified_ns;
	int64_t size;
	bool live;
};
struct names {
	struct name *items; /* owned */
	size_t len;
};

static void names_finish(struct names *names)
{
	for (size_t i = 0; i < names->len; i++)
		free(names->items[i].path);
	free(names->items);
	*names = (struct names){.items = NULL};
}

static int add_name(struct names *names, const char *path, bool live)
{
	struct stat stat_of;
	if (lstat(path, &stat_of) < 0 || (!live && !S_ISREG(stat_of.st_mode)))
		return 0;
	for (size_t i = 0; i < names->len; i++)
		if (names->items[i].inode == stat_of.st_ino &&
			names->items[i].device == stat_of.st_dev)
			return 0;
	if (names->len == NAMES_MOST)
		return 0;
	if (names->items == NULL)
		names->items = calloc(NAMES_MOST, sizeof *names->items);
	struct name name = {
		.path = strdup(path),
		.device = stat_of.st_dev,
		.inode = stat_of.st_ino,
		.modified_ns = (int64_t)stat_of.st_mtim.tv_sec * 1000000000 +
			stat_of.st_mtim.tv_nsec,
		.size = stat_of.st_size,
		.live = live,
	};
	if (names->items == NULL || name.path == NULL) {
		free(name.path);
		return -ENOMEM;
	}
	names->items[names->len++] = name;
	return 0;
}

/* The log first: it is the live one even where it was found under an older name before. */
static int list_names(const char *path, struct names *names)
{
	char sibling[FEED_PATH_MAX];
	const char *slash = strrchr(path, '/');
	const char *base = slash != NULL ? slash + 1 : path;
	const size_t base_len = strlen(base);
	int error = add_name(names, path, true);
	snprintf(sibling, sizeof sibling, "%.*s", slash != NULL ? (int)(slash - path) : 1,
		slash != NULL ? path : ".");
	DIR *folder = opendir(*sibling != '\0' ? sibling : "/");
	if (folder == NULL)
		return error;
	const struct dirent *entry;
	while (error == 0 && (entry = readdir(folder)) != NULL) {
		if (strncmp(entry->d_name, base, base_len) != 0 ||
			(entry->d_name[base_len] != '.' &&
				entry->d_name[base_len] != '-'))
			continue;
		const int len = snprintf(sibling, sizeof sibling, "%.*s%s",
			(int)(base - path), path, entry->d_name);
		if (len > 0 && (size_t)len < sizeof sibling)
			error = add_name(names, sibling, false);
	}
	closedir(folder);
	return error;
}

static int compare_names(const void *a, const void *b)
{
	const struct name *x = a;
	const struct name *y = b;
	if (x->live != y->live)
		return x->live ? 1 : -1;
	if (x->modified_ns != y->modified_ns)
		return x->modified_ns < y->modified_ns ? -1 : 1;
	/* Of the same moment: PATH.1.gz is made of PATH.1, PATH.2 is older than that. */
	const size_t x_len = strlen(x->path);
	const size_t y_len = strlen(y->path);
	if (strncmp(x->path, y->path, x_len < y_len ? x_len : y_len) == 0)
		return x_len < y_len ? -1 : 1;
	return strverscmp(y->path, x->path);
}

/* Whether all names stood for the same files: then all stood for them at once. */
static bool are_same(const struct names *a, const struct names *b)
{
	if (a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++) {
		bool found = false;
		for (size_t j = 0; j < b->len && !found; j++)
			found = a->items[i].inode == b->items[j].inode &&
				strcmp(a->items[i].path, b->items[j].path) == 0;
		if (!found)
			return false;
	}
	return true;
}

static int list_settled(const char *path, struct names *names)
{
	int error = list_names(path, names);
	for (int look = 0; error == 0 && look < LOOKS_MOST; look++) {
		struct names again = {.items = NULL};
		error = list_names(path, &again);
		const bool same = error == 0 && are_same(names, &again);
		names_finish(names);
		*names = again;
		if (same)
			break;
	}
	if (error == 0 && names->len > 1)
		qsort(names->items, names->len, sizeof *names->items, compare_names);
	return error;
}

/* --- what is known of them --- */

struct matching {
	struct rotated_file *files;
	size_t len;
};

static int remember(struct rotated_file *file, const struct feed_place *place)
{
	char *state = strdup(place->state);
	if (state == NULL)
		return -ENOMEM;
	free(file->state);
	file->state = state;
	file->place = *place;
	file->place.state = state;
	file->place.source = NULL;
	file->known = true;
	return 0;
}

/* Remembers the place if it lies in the file, further on than what was found before, or behind
 * the file's end. */
static int learn(struct rotated_file *file, const struct feed_place *place)
{
	int64_t end = 0;
	if (file->shorter || (file->known && file->place.offset >= place->offset))
		return 0;
	int same = logfile_matches(file->file, place);
	const bool shorter = same != 1 && same != -ENOMEM;
	if (shorter)
		same = logfile_ends_before(file->file, place, &end);
	if (same != 1)
		return same == -ENOMEM ? same : 0;
	int error = remember(file, place);
	if (error < 0 || !shorter)
		return error;
	file->shorter = true;
	file->place.offset = end;
	if (end < file->place.head_len)
		file->place.head_len = (uint32_t)end;
	if (end < file->place.tail_len)
		file->place.tail_len = (uint32_t)end;
	return 0;
}

static int on_place(void *owner, const struct feed_place *place)
{
	const struct matching *matching = owner;
	int error = 0;
	for (size_t i = 0; error == 0 && i < matching->len; i++)
		error = learn(&matching->files[i], place);
	return error;
}

/* All at once: there may be a thousand places. */
static int match(
	struct rotated_file *files, size_t len, const char *format, struct store *store)
{
	struct matching matching = {.files = files, .len = len};
	return feed_each(store, format, on_place, &matching);
}

int rotated_open(const char *path, const char *format, struct store *store,
	struct errand *errand, struct rotated_file *ret_file)
{
	struct rotated_file file = {.path = strdup(path)};
	if (file.path == NULL)
		return -ENOMEM;
	int error = logfile_open(path, false, &file.file);
	if (error == 0)
		error = errand != NULL ? errand_find(errand, format, &file)
				       : match(&file, 1, format, store);
	if (error == 0)
		*ret_file = file;
	else
		rotated_file_finish(&file);
	return error;
}

/* Whether there is anything behind the place. */
static bool has_more(struct rotated_file *file)
{
	uint8_t byte;
	return logfile_seek(file->file, file->known ? file->place.offset : 0) == 0 &&
		logfile_read(file->file, &byte, 1) == 1;
}

/* Opens one of the names into file. Returns 1, 0 where it is not to be read, or -ESTALE where
 * something else has that name by now: passing over it could be for ever, as those after it are
 * read. */
static int open_name(const struct name *name, struct rotated_file *file)
{
	struct logfile_identity identity;
	if (!name->live && name->size == 0)
		return 0;
	int error = logfile_open(name->path, true, &file->file);
	if (error == -ENOENT)
		return -ESTALE;
	if (error < 0)
		return name->live || error == -ENOMEM ? error : 0;
	file->path = strdup(name->path);
	file->live = name->live;
	file->modified_ns = name->modified_ns;
	error = file->path == NULL ? -ENOMEM : logfile_identify(file->file, &identity);
	if (error < 0)
		return error;
	file->size = identity.size;
	return identity.inode == name->inode ? 1 : -ESTALE;
}

/* Opens names from *next to end, changed since then, while there is room. Nothing but opening is
 * done here, so that the names still hold. */
static int open_names(const struct names *names, int64_t since_ms, size_t end,
	size_t *next, struct rotated *rotated)
{
	int error = 0;
	for (; error >= 0 && *next < end && rotated->len < ROTATED_MOST; (*next)++) {
		const struct name *name = &names->items[*next];
		struct rotated_file *file = &rotated->files[rotated->len];
		if (!name->live && name->modified_ns / 1000000 < since_ms)
			continue;
		*file = (struct rotated_file){.file = NULL};
		error = open_name(name, file);
		if (error == 1)
			rotated->len++;
		else
			rotated_file_finish(file);
	}
	return error < 0 ? error : 0;
}

struct latest {
	const char *source;
	int64_t number; /* of its latest place; 0: none */
	int64_t at;
};

static int on_latest(void *owner, const struct feed_place *place)
{
	struct latest *latest = owner;
	if (latest->number != 0 || strcmp(place->source, latest->source) != 0)
		return 0;
	latest->number = place->number;
	latest->at = place->at;
	return 0;
}

/* The oldest one that has the place, or else the oldest that ends before it. */
static const struct rotated_file *pick(const struct rotated *rotated, int64_t number)
{
	const struct rotated_file *picked = NULL;
	for (size_t i = 0; i < rotated->len; i++) {
		const struct rotated_file *file = &rotated->files[i];
		if (file->known && file->place.number == number &&
			(picked == NULL || (picked->shorter && !file->shorter)))
			picked = file;
	}
	return picked;
}

/* At a start: since when files count is told by the one that was being read, which is looked
 * for among the newest first. Without one nothing but the log's own file counts. */
static int find_since(const struct rotated_search *search, struct store *store,
	const struct names *names, struct rotated *scratch, int64_t *ret_since_ms)
{
	struct latest latest = {.source = search->source};
	int error = feed_each(store, search->format, on_latest, &latest);
	*ret_since_ms = latest.number == 0 ? INT64_MAX : latest.at;
	bool found = latest.number == 0;
	for (size_t end = names->len; error == 0 && !found && end > 0;) {
		const size_t start = end > ROTATED_MOST ? end - ROTATED_MOST : 0;
		size_t next = start;
		error = open_names(names, INT64_MIN, end, &next, scratch);
		if (error == 0)
			error = match(
				scratch->files, scratch->len, search->format, store);
		const struct rotated_file *latest_file =
			error == 0 ? pick(scratch, latest.number) : NULL;
		found = latest_file != NULL;
		if (found)
			*ret_since_ms = latest_file->modified_ns / 1000000;
		rotated_finish(scratch);
		end = start;
	}
	return error;
}

/* Whether there is something to read in it. A copy is complete when the log is cut: until then
 * all of it is in the log. One that has grown since it was matched was only complete, if at all,
 * after that. Returns 1, 0, or an error. */
static int is_to_be_read(struct rotated_file *file, const struct logfile *log,
	const char *format, struct store *store)
{
	struct logfile_identity identity;
	if (file->live)
		return 1;
	if (log != NULL && logfile_is_start_of(file->file, log))
		return 0;
	int error = logfile_identify(file->file, &identity);
	if (error == 0 && identity.size != file->size) {
		file->size = identity.size;
		file->known = file->shorter = false;
		error = match(file, 1, format, store);
	}
	return error < 0 ? error : !file->shorter && has_more(file);
}

/* Lets files go that have nothing to be read. */
static int drop_read(struct rotated *rotated, size_t first, const struct logfile *log,
	const char *format, struct store *store)
{
	size_t kept = first;
	int error = 0;
	for (size_t i = first; i < rotated->len; i++) {
		struct rotated_file *file = &rotated->files[i];
		const int to_be_read = is_to_be_read(file, log, format, store);
		if (to_be_read < 0)
			error = to_be_read;
		if (to_be_read == 0)
			rotated_file_finish(file);
		else if (kept++ != i) {
			rotated->files[kept - 1] = *file;
			*file = (struct rotated_file){.file = NULL};
		}
	}
	rotated->len = kept;
	return error;
}

static int take_names(const struct rotated_search *search, struct store *store,
	const struct names *names, int64_t since_ms, struct rotated *rotated)
{
	struct logfile *log = NULL;
	int error = logfile_open(search->path, true, &log);
	if (error != -ENOMEM)
		error = 0; /* said when its turn comes */
	for (size_t next = 0;
		error == 0 && next < names->len && rotated->len < ROTATED_MOST;) {
		const size_t first = rotated->len;
		error = open_names(names, since_ms, names->len, &next, rotated);
		if (error == -ESTALE && first > 0) {
			error = 0;
			next = names->len; /* the rest next time */
		}
		if (error == 0)
			error = match(rotated->files + first, rotated->len - first,
				search->format, store);
		if (error == 0)
			error = drop_read(rotated, first, log, search->format, store);
	}
	logfile_close(log);
	return error;
}

/* What lies under the log's own name may be cut while the others are read: it is looked for again
 * when they were. */
static void put_off_live(struct rotated *rotated)
{
	if (rotated->len > 1 && rotated->files[rotated->len - 1].live)
		rotated_file_finish(&rotated->files[--rotated->len]);
}

static int find(
	const struct rotated_search *search, struct store *store, struct rotated *rotated)
{
	struct names names = {.items = NULL};
	int64_t since_ms = search->since_ms;
	int error = list_settled(search->path, &names);
	if (error == 0 && since_ms < 0) {
		/* That takes its time, in which the files may be renamed. */
		error = find_since(search, store, &names, rotated, &since_ms);
		names_finish(&names);
		if (error == 0)
			error = list_settled(search->path, &names);
	}
	if (error == 0)
		error = take_names(search, store, &names, since_ms, rotated);
	put_off_live(rotated);
	names_finish(&names);
	if (error < 0)
		rotated_finish(rotated);
	return error;
}

int rotated_find(
	const struct rotated_search *search, struct store *store, struct rotated *rotated)
{
	int error = -ESTALE;
	for (int look = 0; look < LOOKS_MOST && error == -ESTALE; look++)
		error = find(search, store, rotated);
	return error == 0 && rotated->len == 0 ? -ENOENT : error;
}

int rotated_take(struct rotated *rotated, const char *format, struct store *store,
	struct rotated_file *ret_file)
{
	int found = 0;
	while (found == 0 && rotated->taken < rotated->len) {
		struct rotated_file *file = &rotated->files[rotated->taken++];
		found = match(file, 1, format, store);
		if (found == 0)
			found = is_to_be_read(file, NULL, format, store);
		if (found == 1) {
			*ret_file = *file;
			ret_file->place.state = ret_file->state;
			*file = (struct rotated_file){.file = NULL};
		} else {
			rotated_file_finish(file);
		}
	}
	/* What is passed over could be so for ever, as those after it are read. */
	if (found < 0)
		rotated_finish(rotated);
	if (rotated->taken == rotated->len)
		rotated->taken = rotated->len = 0;
	return found;
}
