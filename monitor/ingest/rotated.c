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

bool rotated_take(struct rotated *rotated, struct rotated_file *ret_file)
{
	if (rotated->taken == rotated->len)
		return false;
	struct rotated_file *file = &rotated->files[rotated->taken++];
	*ret_file = *file;
	ret_file->place.state = ret_file->state;
	*file = (struct rotated_file){.file = NULL};
	if (rotated->taken == rotated->len)
		rotated->taken = rotated->len = 0;
	return true;
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
	/* Of the same moment: PATH.2 is older than PATH.1. */
	return strverscmp(y->path, x->path);
}

static bool are_same(const struct names *a, const struct names *b)
{
	if (a->len != b->len)
		return false;
	for (size_t i = 0; i < a->len; i++) {
		bool found = false;
		for (size_t j = 0; j < b->len && !found; j++)
			found = a->items[i].inode == b->items[j].inode &&
				a->items[i].live == b->items[j].live;
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
	struct rotated_file *file;
	const char *source; /* NULL, or whose latest place is looked for */
	int64_t latest; /* number of that */
	int64_t latest_at;
};

static int on_place(void *owner, const struct feed_place *place)
{
	struct matching *matching = owner;
	struct rotated_file *file = matching->file;
	if (file->known && file->place.offset >= place->offset)
		return 0;
	const int same = logfile_matches(file->file, place);
	if (same != 1)
		return same == -ENOMEM ? same : 0;
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

static int on_latest(void *owner, const struct feed_place *place)
{
	struct matching *matching = owner;
	if (matching->latest != 0 || strcmp(place->source, matching->source) != 0)
		return 0;
	matching->latest = place->number;
	matching->latest_at = place->at;
	return 0;
}

static int match(struct rotated_file *file, const char *format, struct store *store)
{
	struct matching matching = {.file = file};
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
				       : match(&file, format, store);
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
static int take_name(const struct rotated_search *search, struct store *store,
	const struct name *name, struct rotated_file *file)
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
	if (error == 0 && identity.inode != name->inode)
		error = -ESTALE;
	if (error == 0)
		error = match(file, search->format, store);
	if (error < 0)
		return error;
	return name->live || has_more(file);
}

/* At a start: since when files count is told by the one that was being read, which is looked
 * for among the newest first. Without one nothing but the log's own file counts. */
static int find_since(const struct rotated_search *search, struct store *store,
	const struct names *names, int64_t *ret_since_ms)
{
	struct matching matching = {.source = search->source};
	int error = feed_each(store, search->format, on_latest, &matching);
	*ret_since_ms = matching.latest == 0 ? INT64_MAX : matching.latest_at;
	bool found = matching.latest == 0;
	for (size_t i = names->len; error == 0 && !found && i > 0; i--) {
		const struct name *name = &names->items[i - 1];
		struct rotated_file file = {.file = NULL};
		if (logfile_open(name->path, true, &file.file) == 0)
			error = match(&file, search->format, store);
		found = error == 0 && file.known && file.place.number == matching.latest;
		if (found)
			*ret_since_ms = name->modified_ns / 1000000;
		rotated_file_finish(&file);
	}
	return error;
}

static int take_names(const struct rotated_search *search, struct store *store,
	const struct names *names, int64_t since_ms, struct rotated *rotated)
{
	int error = 0;
	for (size_t i = 0; error >= 0 && i < names->len; i++) {
		const struct name *name = &names->items[i];
		if (!name->live && name->modified_ns / 1000000 < since_ms)
			continue;
		if (rotated->len == ROTATED_MOST)
			break;
		struct rotated_file file = {.file = NULL};
		error = take_name(search, store, name, &file);
		if (error == 1)
			rotated->files[rotated->len++] = file;
		else
			rotated_file_finish(&file);
	}
	return error < 0 ? error : 0;
}

static int find(
	const struct rotated_search *search, struct store *store, struct rotated *rotated)
{
	struct names names = {.items = NULL};
	int64_t since_ms = search->since_ms;
	int error = list_settled(search->path, &names);
	if (error == 0 && since_ms < 0)
		error = find_since(search, store, &names, &since_ms);
	if (error == 0)
		error = take_names(search, store, &names, since_ms, rotated);
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
