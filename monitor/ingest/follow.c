/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/follow.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "monitor/ingest/logfile.h"
#include "monitor/ingest/rotated.h"
#include "monitor/ingest/waymark.h"

#define CHUNK 65536
#define WARM_MOST 65536 /* bytes before a place that are read again */
#define RETRY_FIRST_MS 1000
#define RETRY_MOST_MS 60000

struct follow {
	char *path; /* owned */
	char *source; /* owned */
	char format[FEED_FORMAT_MAX];
	struct errand *errand; /* NULL: none */
	bool alone;
	bool done; /* alone, and the file was opened: that was all */
	struct rotated files; /* still to be read, in order */
	struct rotated_file now; /* being read; file NULL: none */
	struct logfile_identity identity; /* of it, when it was opened */
	bool began; /* BEGIN was given */
	bool was_cut;
	bool cut_told; /* and its copy was not looked for yet */
	bool moved; /* something else lies under the path: look once more, then leave */
	int64_t number; /* of its place in the store */
	int64_t offset; /* dealt with */
	uint8_t head[FEED_HEAD_MOST];
	size_t head_len;
	uint8_t tail[FEED_TAIL_MOST]; /* before `offset` */
	size_t tail_len;
	struct feed_marks marks;
	int64_t marked; /* offset of the last of them */
	uint8_t window[FEED_TAIL_MOST +
		CHUNK]; /* what was read, after what was before it */
	size_t before_len;
	size_t read_len;
	int64_t read_at; /* offset of what was read */
	int64_t since_ms; /* files changed before that were read already */
	uint64_t retry_at; /* monotonic */
	uint64_t retry_ms;
	int trouble; /* that was said */
	int gone; /* why nothing is seen under the path of the file that is open */
};

int follow_create(const struct follow_options *options, struct follow **ret_follow)
{
	struct follow *follow = calloc(1, sizeof *follow);
	if (follow == NULL)
		return -ENOMEM;
	snprintf(follow->format, sizeof follow->format, "%s", options->format);
	follow->path = strdup(options->path);
	follow->source = strdup(options->source);
	follow->since_ms = -1;
	follow->alone = options->alone;
	follow->errand = options->errand;
	if (follow->path == NULL || follow->source == NULL) {
		follow_destroy(follow);
		return -ENOMEM;
	}
	*ret_follow = follow;
	return 0;
}

void follow_destroy(struct follow *follow)
{
	if (follow == NULL)
		return;
	rotated_finish(&follow->files);
	rotated_file_finish(&follow->now);
	free(follow->path);
	free(follow->source);
	free(follow);
}

/* --- beginning with a file --- */

/* The last bytes up to `offset`, from `from` on; for knowing the text again. */
static int read_before(struct follow *follow, int64_t from, size_t len)
{
	int error = logfile_seek(follow->now.file, from);
	follow->read_len = 0;
	while (error == 0 && follow->read_len < len) {
		ssize_t got = logfile_read(follow->now.file,
			follow->window + FEED_TAIL_MOST + follow->read_len,
			len - follow->read_len);
		if (got <= 0)
			return got < 0 ? (int)got : -ERANGE;
		follow->read_len += (size_t)got;
	}
	return error;
}

/* Places of older releases, and of commands, have no marks. */
static void resume_marks(struct follow *follow, const struct feed_place *place)
{
	const size_t len = waymark_count(place->offset);
	if (place->marks.len >= len)
		follow->marks = place->marks;
	else
		logfile_mark(follow->now.file, place->offset, &follow->marks);
	if (follow->marks.len > len)
		follow->marks.len = (uint32_t)len;
	for (size_t i = 0; i < follow->marks.len; i++)
		follow->marked = waymark_next(follow->marked);
}

/* Makes head, tail and the bytes to warm a reader with, as they were when the place was left. */
static int resume(struct follow *follow, struct follow_piece *piece)
{
	const struct feed_place *place = &follow->now.place;
	uint8_t *const start = follow->window + FEED_TAIL_MOST;
	resume_marks(follow, place);
	int error = read_before(follow, 0, place->head_len);
	if (error < 0)
		return error;
	memcpy(follow->head, start, place->head_len);
	follow->head_len = place->head_len;
	const int64_t from = place->offset > WARM_MOST ? place->offset - WARM_MOST : 0;
	error = read_before(follow, from, (size_t)(place->offset - from));
	if (error < 0)
		return error;
	follow->offset = place->offset;
	follow->tail_len = place->tail_len;
	memcpy(follow->tail, start + follow->read_len - place->tail_len, place->tail_len);
	piece->bytes = start;
	piece->len = follow->read_len;
	if (from > 0) {
		const uint8_t *newline = memchr(start, '\n', piece->len);
		const size_t cut =
			newline != NULL ? (size_t)(newline - start) + 1 : piece->len;
		piece->bytes += cut;
		piece->len -= cut;
	}
	memcpy(follow->window + FEED_TAIL_MOST - follow->tail_len, follow->tail,
		follow->tail_len);
	follow->before_len = follow->tail_len;
	return 0;
}

/* Whether the log itself was read up to the place, which is in another file now: who renames it
 * leaves it what it is. */
static bool is_copy(const struct follow *follow)
{
	struct stat stat_of;
	const struct feed_place *place = &follow->now.place;
	return follow->now.known && !follow->now.live && !follow->alone &&
		follow->identity.inode != place->inode &&
		stat(follow->path, &stat_of) == 0 && stat_of.st_ino == place->inode &&
		stat_of.st_dev == place->device;
}

static int begin_file(struct follow *follow, struct follow_piece *piece)
{
	follow->began = true;
	follow->moved = false;
	/* Who ends before a place leaves it where it is. */
	follow->number =
		follow->now.known && !follow->now.shorter ? follow->now.place.number : 0;
	follow->offset = follow->read_at = 0;
	follow->head_len = follow->tail_len = follow->before_len = follow->read_len = 0;
	follow->marks.len = 0;
	follow->marked = 0;
	int error = logfile_identify(follow->now.file, &follow->identity);
	piece->was_cut = error == 0 && !follow->cut_told && is_copy(follow);
	follow->cut_told = false;
	if (error == 0 && follow->now.known)
		error = resume(follow, piece);
	if (error == 0)
		error = logfile_seek(follow->now.file, follow->offset);
	follow->read_at = follow->offset;
	follow->read_len = 0;
	piece->kind = FOLLOW_BEGIN;
	piece->place = follow->now.known ? &follow->now.place : NULL;
	piece->modified_at = follow->identity.modified_at;
	return error;
}

static void leave(struct follow *follow)
{
	rotated_file_finish(&follow->now);
	follow->began = false;
	follow->was_cut = false;
}

/* Of a file that was read to its end, as it is or as it was when it was cut. */
static void pass(struct follow *follow)
{
	struct logfile_identity identity;
	if (follow->was_cut)
		follow->since_ms = -1; /* the copy is older than what is written now */
	else if (logfile_identify(follow->now.file, &identity) == 0 &&
		identity.modified_at > follow->since_ms)
		follow->since_ms = identity.modified_at;
	leave(follow);
}

/* Puts off the next try, and says why unless that was said. */
static void be_in_trouble(
	struct follow *follow, int error, uint64_t mono_ms, struct follow_piece *piece)
{
	follow->retry_ms = follow->retry_ms == 0 ? RETRY_FIRST_MS : 2 * follow->retry_ms;
	if (follow->retry_ms > RETRY_MOST_MS)
		follow->retry_ms = RETRY_MOST_MS;
	follow->retry_at = mono_ms + follow->retry_ms;
	if (follow->trouble == error)
		return;
	follow->trouble = error;
	piece->kind = FOLLOW_TROUBLE;
	piece->error = error;
}

/* Finds the file to go on with, and begins with it. */
static int find_next(
	struct follow *follow, struct store *store, struct follow_piece *piece)
{
	int error = 0;
	if (follow->alone) {
		follow->done = true;
		error = rotated_open(follow->path, follow->format, store, follow->errand,
			&follow->now);
		return error < 0 ? error : begin_file(follow, piece);
	}
	if (rotated_len(&follow->files) == 0) {
		const struct rotated_search search = {
			.path = follow->path,
			.format = follow->format,
			.source = follow->source,
			.since_ms = follow->since_ms,
		};
		error = rotated_find(&search, store, &follow->files);
	}
	if (error == 0)
		error = rotated_take(&follow->files, follow->format, store, &follow->now);
	if (error != 1)
		return error;
	if (logfile_is_same(follow->now.file))
		return begin_file(follow, piece);
	follow->was_cut = true;
	pass(follow);
	return -ESTALE;
}

static int open_next(struct follow *follow, struct store *store, uint64_t mono_ms,
	struct follow_piece *piece)
{
	if (follow->done || mono_ms < follow->retry_at)
		return 0;
	int error = find_next(follow, store, piece);
	if (error == -ENOMEM || error == -EUCLEAN)
		return error;
	if (error == -ESTALE) /* files are being renamed or cut: soon again */
		return 0;
	if (error < 0) {
		leave(follow);
		be_in_trouble(follow, error, mono_ms, piece);
		return 0;
	}
	follow->trouble = 0;
	follow->gone = 0;
	follow->retry_ms = 0;
	return 0;
}

/* --- reading on --- */

/* Whether the text before the place is no longer what was read there. */
static bool is_cut(const struct follow *follow)
{
	uint8_t found[FEED_TAIL_MOST];
	struct logfile_identity identity;
	if (logfile_is_packed(follow->now.file))
		return false;
	if (logfile_identify(follow->now.file, &identity) < 0 ||
		identity.size < follow->read_at)
		return true;
	const ssize_t got = logfile_peek(follow->now.file,
		follow->read_at - (int64_t)follow->before_len, found, follow->before_len);
	return got != (ssize_t)follow->before_len ||
		memcmp(found, follow->window + FEED_TAIL_MOST - follow->before_len,
			follow->before_len) != 0;
}

/* Moves the end of what was read before the window's beginning. */
static void slide(struct follow *follow)
{
	const size_t all = follow->before_len + follow->read_len;
	const size_t kept = all < FEED_TAIL_MOST ? all : FEED_TAIL_MOST;
	memmove(follow->window + FEED_TAIL_MOST - kept,
		follow->window + FEED_TAIL_MOST + follow->read_len - kept, kept);
	follow->before_len = kept;
	follow->read_at += (int64_t)follow->read_len;
	follow->read_len = 0;
}

static void keep_head(struct follow *follow)
{
	size_t room = FEED_HEAD_MOST - follow->head_len;
	if (follow->read_at != (int64_t)follow->head_len || room == 0)
		return;
	if (room > follow->read_len)
		room = follow->read_len;
	memcpy(follow->head + follow->head_len, follow->window + FEED_TAIL_MOST, room);
	follow->head_len += room;
}

static void keep_marks(struct follow *follow)
{
	const int64_t end = follow->read_at + (int64_t)follow->read_len;
	const uint8_t *const start = follow->window + FEED_TAIL_MOST - follow->before_len;
	int64_t at = waymark_next(follow->marked);
	for (; at > follow->read_at && at <= end && follow->marks.len < FEED_MARKS_MOST;
		at = waymark_next(at)) {
		const size_t len = waymark_len(at);
		const size_t to = follow->before_len + (size_t)(at - follow->read_at);
		if (len > to)
			return;
		waymark_hash(
			start + to - len, len, follow->marks.hashes[follow->marks.len++]);
		follow->marked = at;
	}
}

/* At the end of the file, as it is now: is this all there will be? Who has begun to write another
 * file has done with this one, so one more look after seeing that settles it. */
static enum follow_kind at_end(struct follow *follow)
{
	struct stat stat_of;
	if (is_cut(follow))
		return FOLLOW_CUT;
	if (follow->moved || !follow->now.live)
		return FOLLOW_END;
	follow->gone = stat(follow->path, &stat_of) == 0 ? 0 : -errno;
	follow->moved = follow->gone == 0 && stat_of.st_size > 0 &&
		(stat_of.st_ino != follow->identity.inode ||
			stat_of.st_dev != follow->identity.device);
	return FOLLOW_NOTHING;
}

/* Whether an empty log has been touched since its folder was looked at: it may have been written,
 * copied and cut, which an empty text does not tell. */
static bool may_have_a_copy(const struct follow *follow)
{
	struct logfile_identity identity;
	return follow->now.live && follow->now.size == 0 && follow->read_at == 0 &&
		logfile_identify(follow->now.file, &identity) == 0 &&
		(identity.size > 0 ||
			identity.modified_at != follow->now.modified_ns / 1000000);
}

static void read_on(struct follow *follow, uint64_t mono_ms, struct follow_piece *piece)
{
	ssize_t got = 0;
	for (int look = 0; look < 2 && got == 0; look++) {
		slide(follow);
		got = logfile_read(
			follow->now.file, follow->window + FEED_TAIL_MOST, CHUNK);
		if (got < 0) {
			leave(follow);
			rotated_finish(&follow->files);
			be_in_trouble(follow, (int)got, mono_ms, piece);
			return;
		}
		if (got > 0)
			break;
		piece->kind = at_end(follow);
		if (piece->kind != FOLLOW_NOTHING || !follow->moved)
			break;
	}
	if (got > 0 && is_cut(follow))
		piece->kind = FOLLOW_CUT;
	if (piece->kind == FOLLOW_CUT || piece->kind == FOLLOW_END) {
		/* The place stays asked for until it is committed. */
		follow->began = false;
		follow->was_cut = follow->cut_told = piece->kind == FOLLOW_CUT;
		return;
	}
	if (got <= 0)
		return;
	follow->read_len = (size_t)got;
	keep_head(follow);
	keep_marks(follow);
	piece->kind = FOLLOW_BYTES;
	piece->bytes = follow->window + FEED_TAIL_MOST;
	piece->len = follow->read_len;
}

int follow_read(struct follow *follow, struct store *store, uint64_t mono_ms,
	struct follow_piece *ret_piece)
{
	int error = 0;
	*ret_piece = (struct follow_piece){.kind = FOLLOW_NOTHING, .path = follow->path};
	if (follow->now.file != NULL && !follow->began)
		pass(follow);
	if (follow->now.file != NULL && may_have_a_copy(follow))
		leave(follow);
	if (follow->now.file == NULL)
		error = open_next(follow, store, mono_ms, ret_piece);
	else
		read_on(follow, mono_ms, ret_piece);
	if (follow->now.file != NULL)
		ret_piece->path = follow->now.path;
	return error;
}

int follow_trouble(const struct follow *follow)
{
	return follow->trouble != 0 ? follow->trouble : follow->gone;
}

void follow_advance(struct follow *follow, int64_t offset)
{
	if (offset <= follow->offset)
		return;
	/* Where it lies in the window, counted from its beginning. */
	const size_t end = (size_t)(offset - follow->read_at) + FEED_TAIL_MOST;
	const size_t all = end - (FEED_TAIL_MOST - follow->before_len);
	follow->tail_len = all < FEED_TAIL_MOST ? all : FEED_TAIL_MOST;
	memcpy(follow->tail, follow->window + end - follow->tail_len, follow->tail_len);
	follow->offset = offset;
}

void follow_place(const struct follow *follow, struct feed_place *ret_place)
{
	*ret_place = (struct feed_place){
		.number = follow->number,
		.device = follow->identity.device,
		.inode = follow->identity.inode,
		.offset = follow->offset,
		.head_len = (uint32_t)follow->head_len,
		.tail_len = (uint32_t)follow->tail_len,
		.marks = follow->marks,
		.state = "",
	};
	const size_t marks = waymark_count(follow->offset);
	if (ret_place->marks.len > marks)
		ret_place->marks.len = (uint32_t)marks;
	if (follow->offset < FEED_HEAD_MOST)
		ret_place->head_len = (uint32_t)follow->offset;
	snprintf(ret_place->format, sizeof ret_place->format, "%s", follow->format);
	snprintf(ret_place->path, sizeof ret_place->path, "%s",
		follow->now.path != NULL ? follow->now.path : follow->path);
	logfile_hash(follow->head, ret_place->head_len, ret_place->head);
	logfile_hash(follow->tail, follow->tail_len, ret_place->tail);
}

void follow_committed(struct follow *follow, int64_t number)
{
	follow->number = number;
}

bool follow_yield(struct follow *follow, int64_t number, uint64_t device, uint64_t inode)
{
	struct logfile_identity identity;
	bool ours = follow->now.file != NULL &&
		(follow->number == number ||
			(follow->identity.inode == inode &&
				follow->identity.device == device));
	for (size_t i = follow->files.taken; i < follow->files.len && !ours; i++) {
		const struct rotated_file *file = &follow->files.files[i];
		ours = (file->known && file->place.number == number) ||
			(logfile_identify(file->file, &identity) == 0 &&
				identity.inode == inode && identity.device == device);
	}
	if (!ours)
		return false;
	rotated_finish(&follow->files);
	if (follow->now.file != NULL)
		leave(follow);
	return true;
}
