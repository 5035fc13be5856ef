/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/logfile.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "monitor/ingest/unpack.h"
#include "monitor/ingest/waymark.h"
#include "storage/feed.h"

#define SKIP_BYTES 65536

#define PACKED_BYTES 4096 /* that are unpacked in one go: each may become a thousand */

struct logfile {
	int fd; /* owned */
	bool packed;
	int64_t offset;
	/* of a packed file */
	struct unpack *unpack; /* owned */
	int64_t packed_offset;
	bool ended;
	uint8_t *text; /* owned; what came out and was not read yet */
	size_t text_at;
	size_t text_len;
	size_t text_room;
	bool failed; /* no memory for it */
	/* for matching: once read, once hashed, compared with many places */
	uint8_t head[FEED_HEAD_MOST];
	size_t head_len;
	size_t hashed_len; /* of the head */
	uint8_t hashed[FEED_HASH];
};

void logfile_hash(const void *bytes, size_t len, uint8_t ret_hash[32])
{
	int done = EVP_Digest(bytes, len, ret_hash, NULL, EVP_sha256(), NULL);
	assert(done == 1);
}

static ssize_t read_at(int fd, void *bytes, size_t len, int64_t offset)
{
	ssize_t got;
	do
		got = pread(fd, bytes, len, offset);
	while (got < 0 && errno == EINTR);
	return got < 0 ? -errno : got;
}

static bool guess_packed(int fd)
{
	static const uint8_t zstd_magic[] = {0x28, 0xb5, 0x2f, 0xfd};
	uint8_t magic[4] = {0};
	if (read_at(fd, magic, sizeof magic, 0) < 4)
		return false;
	return (magic[0] == 0x1f && magic[1] == 0x8b) ||
		memcmp(magic, zstd_magic, sizeof magic) == 0;
}

static void on_bytes(void *owner, const void *bytes, size_t len)
{
	struct logfile *file = owner;
	if (len == 0)
		return;
	if (len > file->text_room - file->text_len) {
		const size_t room = 2 * (file->text_len + len);
		uint8_t *grown = realloc(file->text, room);
		file->failed = file->failed || grown == NULL;
		if (grown == NULL)
			return;
		file->text = grown;
		file->text_room = room;
	}
	memcpy(file->text + file->text_len, bytes, len);
	file->text_len += len;
}

/* Begins to read the text from its start. */
static int begin(struct logfile *file)
{
	const struct unpack_sink sink = {.owner = file, .on_bytes = on_bytes};
	file->offset = 0;
	if (!file->packed)
		return 0;
	unpack_destroy(file->unpack);
	file->unpack = NULL;
	file->packed_offset = 0;
	file->text_at = file->text_len = 0;
	file->ended = false;
	return unpack_create(&sink, &file->unpack);
}

int logfile_open_fd(int fd, struct logfile **ret_file)
{
	struct stat stat_of;
	if (fstat(fd, &stat_of) < 0)
		return -errno;
	if (!S_ISREG(stat_of.st_mode))
		return -EINVAL;
	struct logfile *file = calloc(1, sizeof *file);
	if (file == NULL)
		return -ENOMEM;
	file->fd = fd;
	file->packed = guess_packed(fd);
	int error = begin(file);
	if (error < 0) {
		free(file);
		return error;
	}
	*ret_file = file;
	return 0;
}

int logfile_open(const char *path, bool no_links, struct logfile **ret_file)
{
	/* Without waiting: a FIFO would hold us up for ever. */
	int fd = open(path,
		O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY |
			(no_links ? O_NOFOLLOW : 0));
	if (fd < 0)
		return -errno;
	int error = logfile_open_fd(fd, ret_file);
	if (error < 0)
		close(fd);
	return error;
}

void logfile_close(struct logfile *file)
{
	if (file == NULL)
		return;
	unpack_destroy(file->unpack);
	free(file->text);
	close(file->fd);
	free(file);
}

/* Unpacks until there is text, or the end. */
static int unpack_more(struct logfile *file)
{
	uint8_t bytes[PACKED_BYTES];
	int error = 0;
	file->text_at = file->text_len = 0;
	while (error == 0 && file->text_len == 0 && !file->ended) {
		const ssize_t got =
			read_at(file->fd, bytes, sizeof bytes, file->packed_offset);
		if (got < 0)
			return (int)got;
		file->packed_offset += got;
		file->ended = got == 0;
		error = file->ended ? unpack_end(file->unpack)
				    : unpack_feed(file->unpack, bytes, (size_t)got);
	}
	if (file->failed)
		return -ENOMEM;
	return error == 0 || error == -ENOMEM ? error : -EUCLEAN;
}

static ssize_t read_packed(struct logfile *file, void *bytes, size_t len)
{
	if (file->text_at == file->text_len) {
		int error = unpack_more(file);
		if (error < 0)
			return error;
	}
	const size_t left = file->text_len - file->text_at;
	if (len > left)
		len = left;
	if (len > 0)
		memcpy(bytes, file->text + file->text_at, len);
	file->text_at += len;
	return (ssize_t)len;
}

ssize_t logfile_read(struct logfile *file, void *bytes, size_t len)
{
	const ssize_t got = file->packed ? read_packed(file, bytes, len)
					 : read_at(file->fd, bytes, len, file->offset);
	if (got > 0)
		file->offset += got;
	return got;
}

int logfile_seek(struct logfile *file, int64_t offset)
{
	struct stat stat_of;
	if (!file->packed) {
		if (fstat(file->fd, &stat_of) < 0)
			return -errno;
		if (offset > stat_of.st_size)
			return -ERANGE;
		file->offset = offset;
		return 0;
	}
	int error = offset < file->offset ? begin(file) : 0;
	while (error == 0 && file->offset < offset) {
		uint8_t bytes[SKIP_BYTES];
		const int64_t left = offset - file->offset;
		const ssize_t got = logfile_read(
			file, bytes, left < SKIP_BYTES ? (size_t)left : SKIP_BYTES);
		if (got <= 0)
			error = got < 0 ? (int)got : -ERANGE;
	}
	return error;
}

ssize_t logfile_peek(const struct logfile *file, int64_t offset, void *bytes, size_t len)
{
	return read_at(file->fd, bytes, len, offset);
}

bool logfile_is_packed(const struct logfile *file)
{
	return file->packed;
}

int64_t logfile_offset(const struct logfile *file)
{
	return file->offset;
}

int logfile_identify(const struct logfile *file, struct logfile_identity *ret_identity)
{
	struct stat stat_of;
	if (fstat(file->fd, &stat_of) < 0)
		return -errno;
	*ret_identity = (struct logfile_identity){
		.device = stat_of.st_dev,
		.inode = stat_of.st_ino,
		.size = stat_of.st_size,
		.modified_at = (int64_t)stat_of.st_mtim.tv_sec * 1000 +
			stat_of.st_mtim.tv_nsec / 1000000,
	};
	return 0;
}

/* As many of len bytes at offset as there are, before the end or the damage. */
static ssize_t read_text(struct logfile *file, int64_t offset, uint8_t *bytes, size_t len)
{
	size_t got = 0;
	int error = logfile_seek(file, offset);
	if (error < 0)
		return error == -ERANGE ? 0 : error;
	while (got < len) {
		ssize_t more = logfile_read(file, bytes + got, len - got);
		if (more < 0 && (more == -ENOMEM || got == 0))
			return more;
		if (more <= 0)
			break;
		got += (size_t)more;
	}
	return (ssize_t)got;
}

static int has_head(struct logfile *file, const struct feed_place *place)
{
	if (file->head_len < place->head_len) {
		ssize_t got = read_text(file, 0, file->head, sizeof file->head);
		file->head_len = got > 0 ? (size_t)got : 0;
		file->hashed_len = 0;
		if (got < (ssize_t)place->head_len)
			return got < 0 ? (int)got : 0;
	}
	if (file->hashed_len != place->head_len || place->head_len == 0) {
		logfile_hash(file->head, place->head_len, file->hashed);
		file->hashed_len = place->head_len;
	}
	return memcmp(file->hashed, place->head, FEED_HASH) == 0;
}

static int has_tail(struct logfile *file, const struct feed_place *place)
{
	uint8_t bytes[FEED_TAIL_MOST];
	uint8_t found[FEED_HASH];
	const ssize_t got =
		read_text(file, place->offset - place->tail_len, bytes, place->tail_len);
	if (got < (ssize_t)place->tail_len)
		return got < 0 ? (int)got : 0;
	logfile_hash(bytes, place->tail_len, found);
	return memcmp(found, place->tail, FEED_HASH) == 0;
}

int logfile_matches(struct logfile *file, const struct feed_place *place)
{
	const int same = has_head(file, place);
	return same != 1 ? same : has_tail(file, place);
}

/* Returns 1, 0 where the text ends before it, or -ENOMEM. */
static int read_mark(struct logfile *file, int64_t at, uint8_t ret_mark[FEED_MARK])
{
	uint8_t bytes[FEED_TAIL_MOST];
	const size_t len = waymark_len(at);
	const ssize_t got = read_text(file, at - (int64_t)len, bytes, len);
	if (got < (ssize_t)len)
		return got == -ENOMEM ? -ENOMEM : 0;
	waymark_hash(bytes, len, ret_mark);
	return 1;
}

void logfile_mark(struct logfile *file, int64_t offset, struct feed_marks *ret_marks)
{
	const size_t len = waymark_count(offset);
	int64_t at = 0;
	ret_marks->len = 0;
	while (ret_marks->len < len) {
		at = waymark_next(at);
		if (read_mark(file, at, ret_marks->hashes[ret_marks->len]) != 1)
			return;
		ret_marks->len++;
	}
}

/* How many of the marks are in the text before it ends; 0 where one is another. */
static int has_marks(struct logfile *file, const struct feed_marks *marks)
{
	int64_t at = 0;
	for (size_t i = 0; i < marks->len; i++) {
		uint8_t mark[FEED_MARK];
		at = waymark_next(at);
		const int got = read_mark(file, at, mark);
		if (got != 1)
			return got < 0 ? got : (int)i;
		if (memcmp(mark, marks->hashes[i], FEED_MARK) != 0)
			return 0;
	}
	return (int)marks->len;
}

int logfile_ends_before(
	struct logfile *file, const struct feed_place *place, int64_t *ret_len)
{
	struct logfile_identity identity;
	int error = has_head(file, place);
	if (error < 0 || (error == 0 && file->head_len >= place->head_len))
		return error;
	error = has_marks(file, &place->marks);
	if (error <= 0)
		return error;
	error = logfile_seek(file, place->offset);
	if (error == 0 || error == -ENOMEM)
		return error;
	error = logfile_identify(file, &identity);
	if (error < 0)
		return error;
	*ret_len = file->packed ? file->offset : identity.size;
	return 1;
}

bool logfile_is_start_of(const struct logfile *file, const struct logfile *other)
{
	uint8_t ours[FEED_HEAD_MOST];
	uint8_t theirs[FEED_HEAD_MOST];
	struct logfile_identity identity;
	if (file->packed || other->packed || logfile_identify(file, &identity) < 0)
		return false;
	const size_t len =
		identity.size < FEED_HEAD_MOST ? (size_t)identity.size : FEED_HEAD_MOST;
	const int64_t last = identity.size - (int64_t)len;
	return logfile_peek(file, 0, ours, len) == (ssize_t)len &&
		logfile_peek(other, 0, theirs, len) == (ssize_t)len &&
		memcmp(ours, theirs, len) == 0 &&
		logfile_peek(file, last, ours, len) == (ssize_t)len &&
		logfile_peek(other, last, theirs, len) == (ssize_t)len &&
		memcmp(ours, theirs, len) == 0;
}

bool logfile_is_same(const struct logfile *file)
{
	uint8_t head[FEED_HEAD_MOST];
	return file->packed ||
		(logfile_peek(file, 0, head, file->head_len) == (ssize_t)file->head_len &&
			memcmp(head, file->head, file->head_len) == 0);
}
