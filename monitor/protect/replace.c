/* SPDX-License-Identifier: MIT */
#include "monitor/protect/replace.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/protect/replace_inside.h"
#include "monitor/protect/replyfile.h"
#include "monitor/textfile.h"

#define MODE 0644

static int fail(struct replace_result *result, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static int fail(struct replace_result *result, int error, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(result->why, sizeof result->why, format, args);
	va_end(args);
	result->error = error;
	return error;
}

/* A cleanup of a descriptor is not an error of what was done with it. */
static int sync_and_close(int fd, int error)
{
	if (error == 0 && fsync(fd) != 0)
		error = -errno;
	if (close(fd) != 0 && error == 0)
		error = -errno;
	return error;
}

static int write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		const ssize_t done = write(fd, bytes, len);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return -errno;
		bytes += done;
		len -= (size_t)done;
	}
	return 0;
}

/* Whose the file is stays as it was, where that may be. */
static void keep_owner(int fd, const char *path)
{
	struct stat status;
	if (stat(path, &status) == 0 && fchown(fd, status.st_uid, status.st_gid) != 0)
		return;
}

static int write_beside(const struct replace_order *order, const char *beside)
{
	if (unlink(beside) != 0 && errno != ENOENT)
		return -errno;
	const int fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, MODE);
	if (fd < 0)
		return -errno;
	int error = fchmod(fd, MODE) != 0 ? -errno : 0;
	keep_owner(fd, order->path);
	if (error == 0)
		error = write_all(fd, order->text, order->len);
	return sync_and_close(fd, error);
}

/* The name itself is to survive a loss of power. */
static int sync_folder(const char *path)
{
	char copy[PATH_MAX];
	snprintf(copy, sizeof copy, "%s", path);
	const int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	return sync_and_close(fd, 0);
}

/* --- checks --- */

/* Whether Postfix itself finds what it is to find, in a file that is not in its place yet. Where
 * it cannot be asked, that is no fault of the file. */
static int ask_postmap(const struct replace_order *order, const char *beside,
	struct replace_result *result)
{
	char map[PATH_MAX + 8];
	snprintf(map, sizeof map, "pcre:%s", beside);
	char program[] = "postmap";
	char option[] = "-q";
	char *const sample = order->sample ? strdup(order->sample) : NULL;
	char *const words[] = {program, option, sample, map, NULL};
	struct child_end end;
	if (!sample)
		return 0;
	const int error = child_run(words, REPLACE_POSTMAP_MS, &end);
	free(sample);
	if (error != 0 || end.late || end.status == 127 || strstr(end.said, "fatal:") ||
		strstr(end.said, "unsupported dictionary"))
		return 0;
	if (end.status == 0 && strcmp(end.said, "IGNORE") == 0) {
		result->asked_postmap = true;
		return 0;
	}
	return fail(
		result, -EUCLEAN, "postmap does not find what was written: %s", end.said);
}

static int check(const struct replace_order *order, const char *beside,
	struct replace_result *result)
{
	char why[REPLYFILE_WHY_MAX];
	char *text;
	size_t len;
	const int error = textfile_read(beside, REPLYFILE_MAX, &text, &len);
	if (error != 0)
		return fail(result, error, "%s cannot be read back: %s", beside,
			strerror(-error));
	const bool same = len == order->len && memcmp(text, order->text, len) == 0;
	const bool right = replyfile_check(text, len, why);
	free(text);
	if (!same)
		return fail(result, -EIO, "%s is not what was written", beside);
	if (!right)
		return fail(result, -EUCLEAN, "%s: %s", beside, why);
	return ask_postmap(order, beside, result);
}

static int put(const struct replace_order *order, struct replace_result *result)
{
	char beside[PATH_MAX];
	if (snprintf(beside, sizeof beside, "%s.new", order->path) >= (int)sizeof beside)
		return fail(
			result, -ENAMETOOLONG, "%s: the name is too long", order->path);
	int error = write_beside(order, beside);
	if (error != 0)
		fail(result, error, "%s cannot be written: %s", beside, strerror(-error));
	if (error == 0)
		error = check(order, beside, result);
	if (error == 0 && rename(beside, order->path) != 0)
		error = fail(result, -errno, "%s cannot be put in its place: %s",
			order->path, strerror(errno));
	if (error != 0) {
		unlink(beside);
		return error;
	}
	result->written = true;
	error = sync_folder(order->path);
	if (error != 0)
		fail(result, error, "the folder of %s: %s", order->path,
			strerror(-error));
	return error;
}

/* --- the whole --- */

/* What is there. */
struct present {
	bool exists;
	char *text; /* owned; NULL where nothing is */
	size_t len;
};

static int read_present(
	const char *path, struct present *present, struct replace_result *result)
{
	char why[REPLYFILE_WHY_MAX];
	*present = (struct present){0};
	const int error =
		textfile_read(path, REPLYFILE_MAX, &present->text, &present->len);
	if (error == -ENOENT)
		return 0;
	if (error != 0)
		return fail(result, error, "%s: %s", path, strerror(-error));
	present->exists = true;
	if (replyfile_is_ours(present->text, present->len) ||
		replyfile_check(present->text, present->len, why))
		return 0;
	free(present->text);
	return fail(result, -EEXIST,
		"%s has other content than mxvigil writes, and is left alone", path);
}

/* Runs what makes Postfix read the file. */
static void reload(const struct replace_order *order, struct replace_result *result)
{
	char *copy;
	char *words[CHILD_WORDS_MAX];
	result->reloaded = true;
	result->reload_error = child_split(order->command, &copy, words);
	if (result->reload_error != 0)
		return;
	result->reload_error = child_run(words, REPLACE_RELOAD_MS, &result->reload);
	free(copy);
}

static void put_where_needed(int state, const struct replace_order *order,
	const struct present *present, struct replace_result *result)
{
	const bool same = present->exists && present->len == order->len &&
		(order->len == 0 || memcmp(present->text, order->text, order->len) == 0);
	if (!same && put(order, result) != 0)
		return;
	if (!order->command || !(result->written || replace_lacks_reload(order->path)))
		return;
	if (result->written) /* should we end before it is done */
		replace_note(state, order, result);
	reload(order, result);
}

/* Two writers would take each other's entries out. Returns a descriptor. */
static int lock_state(const char *path, struct replace_result *result)
{
	char state[PATH_MAX];
	snprintf(state, sizeof state, "%s" REPLACE_STATE, path);
	const int fd = open(state, O_RDWR | O_CREAT | O_CLOEXEC, MODE);
	if (fd < 0)
		return fail(result, -errno, "%s: %s", state, strerror(errno));
	if (flock(fd, LOCK_EX) != 0) {
		const int error = -errno;
		close(fd);
		return fail(result, error, "%s cannot be locked", state);
	}
	keep_owner(fd, path);
	return fd;
}

void replace_file(const struct replace_order *order, struct replace_result *ret_result)
{
	struct present present;
	*ret_result = (struct replace_result){0};
	const int fd = lock_state(order->path, ret_result);
	if (fd < 0)
		return;
	if (read_present(order->path, &present, ret_result) == 0) {
		put_where_needed(fd, order, &present, ret_result);
		free(present.text);
	}
	replace_note(fd, order, ret_result);
	close(fd);
}

void replace_prune(const struct replace_order *order, size_t *ret_expired,
	struct replace_result *ret_result)
{
	struct replace_order pruned = *order;
	struct replyfile_text left = {0};
	struct present present;
	*ret_expired = 0;
	*ret_result = (struct replace_result){0};
	const int fd = lock_state(order->path, ret_result);
	if (fd < 0)
		return;
	if (read_present(order->path, &present, ret_result) == 0) {
		if (replyfile_prune(present.text ? present.text : "", present.len,
			    order->now, &left, ret_expired) != 0)
			fail(ret_result, -ENOMEM, "out of memory");
		pruned.text = left.text;
		pruned.len = left.len;
		pruned.entries = left.entries;
		pruned.sample = NULL;
		if (ret_result->error == 0)
			put_where_needed(fd, &pruned, &present, ret_result);
		free(present.text);
	}
	replace_note(fd, &pruned, ret_result);
	replyfile_finish(&left);
	close(fd);
}

void replace_count(const struct replace_order *order, size_t *ret_expired,
	struct replace_result *ret_result)
{
	struct replyfile_text left = {0};
	struct present present;
	*ret_expired = 0;
	*ret_result = (struct replace_result){0};
	if (read_present(order->path, &present, ret_result) != 0)
		return;
	if (replyfile_prune(present.text ? present.text : "", present.len, order->now,
		    &left, ret_expired) != 0)
		fail(ret_result, -ENOMEM, "out of memory");
	free(present.text);
	replyfile_finish(&left);
}

bool replace_is_well(const struct replace_result *result)
{
	return result->error == 0 &&
		(!result->reloaded ||
			(result->reload_error == 0 && result->reload.status == 0 &&
				!result->reload.late));
}
