/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/mailbox.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "monitor/ingest/dsn.h"
#include "monitor/ingest/logfile.h"
#include "monitor/ingest/report.h"
#include "monitor/log.h"
#include "storage/store.h"

#define FORMAT "dsn"
#define LOOK_MS 2000
#define STEP_MESSAGES 100

struct mailbox {
	char *path; /* owned */
	char *name; /* owned */
	struct intake *intake; /* owned */
	uint64_t look_at; /* monotonic */
	struct timespec seen[2]; /* change of new/ and cur/ at the last whole look */
	int trouble; /* that was said */
	int unseen; /* why a folder cannot be listed */
};

int mailbox_create(const struct intake_options *options, const char *path,
	struct mailbox **ret_mailbox)
{
	struct mailbox *mailbox = calloc(1, sizeof *mailbox);
	if (mailbox == NULL)
		return -ENOMEM;
	mailbox->path = strdup(path);
	mailbox->name = strdup(options->source);
	if (mailbox->path == NULL || mailbox->name == NULL ||
		intake_create(options, &mailbox->intake) < 0) {
		mailbox_destroy(mailbox);
		return -ENOMEM;
	}
	*ret_mailbox = mailbox;
	return 0;
}

void mailbox_destroy(struct mailbox *mailbox)
{
	if (mailbox == NULL)
		return;
	intake_destroy(mailbox->intake);
	free(mailbox->path);
	free(mailbox->name);
	free(mailbox);
}

struct reading {
	struct intake *intake;
	struct store *store;
	int64_t at;
};

static int on_report(void *owner, const struct report *report)
{
	const struct reading *reading = owner;
	struct report dated = *report;
	if (dated.at <= 0)
		dated.at = reading->at;
	intake_report(reading->intake, reading->store, &dated);
	return 0;
}

int mailbox_read(struct intake *intake, struct store *store, const uint8_t *message,
	size_t len, int64_t at, int64_t now)
{
	struct reading reading = {.intake = intake, .store = store, .at = at};
	const char *why = NULL;
	int error = dsn_read(message, len, now, on_report, &reading, &why);
	if (error == 0 && why != NULL)
		intake_reject(intake, why, "", now);
	return error;
}

/* The first DSN_MESSAGE_MAX bytes of a file; free with free(). */
static int load(struct logfile *file, uint8_t **ret_bytes, size_t *ret_len)
{
	struct logfile_identity identity;
	int error = logfile_identify(file, &identity);
	if (error < 0)
		return error;
	const size_t room = identity.size < DSN_MESSAGE_MAX ? (size_t)identity.size + 1
							    : DSN_MESSAGE_MAX;
	uint8_t *bytes = malloc(room);
	if (bytes == NULL)
		return -ENOMEM;
	size_t len = 0;
	ssize_t got = 1;
	while (got > 0 && len < room) {
		got = logfile_read(file, bytes + len, room - len);
		len += got > 0 ? (size_t)got : 0;
	}
	if (got < 0) {
		free(bytes);
		return (int)got;
	}
	*ret_bytes = bytes;
	*ret_len = len;
	return 0;
}

static int take_file(struct mailbox *mailbox, struct store *store, struct logfile *file,
	const char *known_as, int64_t now)
{
	struct feed_place place = {.format = FORMAT, .at = now, .state = ""};
	struct logfile_identity identity = {.modified_at = now};
	struct store_error error;
	uint8_t *bytes = NULL;
	size_t len = 0;
	int code = load(file, &bytes, &len);
	if (code < 0)
		return code;
	if (logfile_identify(file, &identity) == 0) {
		place.device = identity.device;
		place.inode = identity.inode;
	}
	snprintf(place.path, sizeof place.path, "%s", known_as);
	place.offset = (int64_t)len;
	place.head_len = (uint32_t)(len < FEED_HEAD_MOST ? len : FEED_HEAD_MOST);
	logfile_hash(bytes, place.head_len, place.head);
	code = mailbox_read(
		mailbox->intake, store, bytes, len, identity.modified_at, now);
	free(bytes);
	if (code == 0)
		code = intake_commit(mailbox->intake, store, &place, now, &error);
	if (code < 0)
		intake_clear(mailbox->intake);
	return code;
}

/* Reads a message unless it is known. Returns 1, 0, or a negative errno. */
static int take_name(struct mailbox *mailbox, struct store *store, const char *folder,
	const char *name, int64_t now)
{
	char path[FEED_PATH_MAX];
	char known_as[FEED_PATH_MAX];
	struct logfile *file;
	int len = snprintf(known_as, sizeof known_as, "%s/%.*s", mailbox->path,
		(int)strcspn(name, ":"), name);
	if (len < 0 || (size_t)len >= sizeof known_as ||
		feed_is_known(store, FORMAT, known_as))
		return 0;
	len = snprintf(path, sizeof path, "%s/%s/%s", mailbox->path, folder, name);
	if (len < 0 || (size_t)len >= sizeof path)
		return 0;
	/* It may have moved or gone since the folder was listed. */
	if (logfile_open(path, true, &file) < 0)
		return 0;
	int error = take_file(mailbox, store, file, known_as, now);
	logfile_close(file);
	return error < 0 ? error : 1;
}

static int look(struct mailbox *mailbox, struct store *store, const char *folder,
	int64_t now, size_t *messages)
{
	char path[FEED_PATH_MAX];
	snprintf(path, sizeof path, "%s/%s", mailbox->path, folder);
	DIR *listing = opendir(path);
	mailbox->unseen = listing != NULL ? 0 : -errno;
	if (listing == NULL)
		return mailbox->unseen;
	const struct dirent *entry;
	int result = 0;
	while (result >= 0 && *messages < STEP_MESSAGES &&
		(entry = readdir(listing)) != NULL) {
		if (entry->d_name[0] == '.')
			continue;
		result = take_name(mailbox, store, folder, entry->d_name, now);
		*messages += result == 1;
	}
	closedir(listing);
	return result < 0 ? result : 0;
}

static struct timespec changed_at(const struct mailbox *mailbox, const char *folder)
{
	char path[FEED_PATH_MAX];
	struct stat stat_of;
	snprintf(path, sizeof path, "%s/%s", mailbox->path, folder);
	return stat(path, &stat_of) == 0 ? stat_of.st_mtim : (struct timespec){0};
}

static bool is_same(struct timespec a, struct timespec b)
{
	return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
}

int mailbox_step(struct mailbox *mailbox, struct store *store, int64_t now,
	uint64_t mono_ms, bool *ret_more)
{
	static const char *const folders[2] = {"new", "cur"};
	size_t messages = 0;
	int error = 0;
	*ret_more = false;
	if (mono_ms < mailbox->look_at)
		return 0;
	mailbox->look_at = mono_ms + LOOK_MS;
	for (int i = 0; error == 0 && i < 2; i++) {
		const struct timespec changed = changed_at(mailbox, folders[i]);
		/* A change within the clock's step of the last look would not show. */
		if (changed.tv_sec != 0 && is_same(changed, mailbox->seen[i]) &&
			now - (int64_t)changed.tv_sec * 1000 > LOOK_MS + 1000)
			continue;
		error = look(mailbox, store, folders[i], now, &messages);
		if (error == 0 && messages < STEP_MESSAGES)
			mailbox->seen[i] = changed;
	}
	*ret_more = messages >= STEP_MESSAGES;
	if (*ret_more)
		mailbox->look_at = mono_ms;
	if (error != 0 && error != mailbox->trouble)
		log_warn("ingest", "cannot be read, tried again name=%s path=%s error=%s",
			mailbox->name, log_quote(mailbox->path), strerror(-error));
	mailbox->trouble = error;
	return error;
}

int mailbox_trouble(const struct mailbox *mailbox)
{
	return mailbox->unseen;
}

int mailbox_read_file(struct intake *intake, struct store *store, const char *path,
	int64_t now, struct store_error *ret_error)
{
	struct feed_place place = {.format = FORMAT, .at = now, .state = ""};
	uint8_t *bytes = NULL;
	size_t len = 0;
	struct logfile *file;
	int error = logfile_open(path, false, &file);
	if (error < 0)
		return error;
	error = load(file, &bytes, &len);
	logfile_close(file);
	if (error < 0)
		return error;
	logfile_hash(bytes, len, place.head);
	strcpy(place.path, "sha256:");
	for (size_t i = 0; i < FEED_HASH; i++)
		snprintf(place.path + 7 + 2 * i, 3, "%02x", place.head[i]);
	place.offset = (int64_t)len;
	const int known = intake_is_known(intake, store, FORMAT, place.path);
	if (known == 0)
		error = mailbox_read(intake, store, bytes, len, now, now);
	free(bytes);
	if (known == 0 && error == 0)
		error = intake_commit(intake, store, &place, now, ret_error);
	if (error == -ESTALE)
		return 0; /* somebody else has read it just now */
	if (known < 0)
		return known;
	return error < 0 ? error : known == 0;
}
