/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/journal.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <systemd/sd-id128.h>
#include <systemd/sd-journal.h>
#include <systemd/sd-messages.h>

#define DATA_MOST (1024 * 1024) /* bytes of a field that are unpacked */
#define WARM_ENTRIES 2000 /* before the place that are read again */
#define IDENTIFIER_MAX 256
#define CURSOR_MAX 1024

struct journal {
	char *unit; /* owned */
	char *directory; /* owned; NULL: of this machine */
	char *path; /* owned */
	sd_journal *handle; /* owned; NULL: not open */
	dev_t device; /* of the directory, when it was opened */
	ino_t inode;
	char *cursor; /* owned; of the last entry read, NULL: none */
	uint64_t seen_us; /* all entries up to here were read */
	bool placed; /* the handle stands where the cursor says */
	bool on_entry; /* it stands on an entry that was not read */
	bool warmed;
	uint64_t warm; /* entries before the place that are still to be given */
	char identifier[IDENTIFIER_MAX];
	char state[CURSOR_MAX];
};

int journal_create(const char *unit, const char *directory, struct journal **ret_journal)
{
	struct journal *journal = calloc(1, sizeof *journal);
	if (journal == NULL)
		return -ENOMEM;
	const char *suffix = strchr(unit, '.') == NULL ? ".service" : "";
	if (asprintf(&journal->unit, "%s%s", unit, suffix) < 0)
		journal->unit = NULL;
	if (asprintf(&journal->path, "%s:%s%s", directory != NULL ? directory : "journal",
		    unit, suffix) < 0)
		journal->path = NULL;
	if (directory != NULL)
		journal->directory = strdup(directory);
	if (journal->unit == NULL || journal->path == NULL ||
		(directory != NULL && journal->directory == NULL)) {
		journal_destroy(journal);
		return -ENOMEM;
	}
	*ret_journal = journal;
	return 0;
}

static void close_handle(struct journal *journal)
{
	sd_journal_close(journal->handle);
	journal->handle = NULL;
	journal->placed = journal->on_entry = false;
	journal->warm = 0;
}

void journal_destroy(struct journal *journal)
{
	if (journal == NULL)
		return;
	close_handle(journal);
	free(journal->cursor);
	free(journal->directory);
	free(journal->path);
	free(journal->unit);
	free(journal);
}

const char *journal_path(const struct journal *journal)
{
	return journal->path;
}

/* --- the place --- */

/* Returns the cursor in a state, NULL where it is none. */
static const char *parse_state(const char *state, uint64_t *ret_seen_us)
{
	int len = 0;
	if (sscanf(state, "journal 1 %" SCNu64 " %n", ret_seen_us, &len) != 1 || len == 0)
		return NULL;
	return state + len;
}

int journal_load(struct journal *journal, const char *state)
{
	uint64_t seen_us;
	const char *text = parse_state(state, &seen_us);
	if (text == NULL)
		return -EINVAL;
	char *cursor = strdup(text);
	if (cursor == NULL)
		return -ENOMEM;
	free(journal->cursor);
	journal->cursor = cursor;
	journal->seen_us = seen_us;
	journal->placed = journal->warmed = false;
	return 0;
}

const char *journal_state(struct journal *journal)
{
	if (journal->cursor == NULL)
		return "";
	snprintf(journal->state, sizeof journal->state, "journal 1 %" PRIu64 " %s",
		journal->seen_us, journal->cursor);
	return journal->state;
}

/* The present entry is the last one read. */
static int note_place(struct journal *journal, uint64_t at_us)
{
	char *cursor;
	int error = sd_journal_get_cursor(journal->handle, &cursor);
	if (error < 0)
		return error;
	free(journal->cursor);
	journal->cursor = cursor;
	if (at_us > journal->seen_us)
		journal->seen_us = at_us;
	return 0;
}

/* --- opening --- */

static int add_matches(struct journal *journal)
{
	char match[NAME_MAX + 32];
	snprintf(match, sizeof match, "_SYSTEMD_UNIT=%.255s", journal->unit);
	int error = sd_journal_add_match(journal->handle, match, 0);
	if (error >= 0)
		error = sd_journal_add_disjunction(journal->handle);
	if (error >= 0)
		error = sd_journal_add_match(
			journal->handle, "MESSAGE_ID=" SD_MESSAGE_JOURNAL_DROPPED_STR, 0);
	return error;
}

static int open_handle(struct journal *journal)
{
	struct stat stat_of = {.st_ino = 0};
	if (journal->directory != NULL && stat(journal->directory, &stat_of) < 0)
		return -errno;
	int error = journal->directory != NULL
		? sd_journal_open_directory(&journal->handle, journal->directory, 0)
		: sd_journal_open(
			  &journal->handle, SD_JOURNAL_LOCAL_ONLY | SD_JOURNAL_SYSTEM);
	if (error < 0)
		return error;
	journal->device = stat_of.st_dev;
	journal->inode = stat_of.st_ino;
	/* Asking for the descriptor is what makes the library look out for new files. */
	error = sd_journal_get_fd(journal->handle);
	if (error >= 0)
		error = sd_journal_set_data_threshold(journal->handle, DATA_MOST);
	if (error >= 0)
		error = add_matches(journal);
	return error;
}

/* Whether another directory lies there than the one that is open. */
static bool has_moved(const struct journal *journal)
{
	struct stat stat_of;
	return journal->directory != NULL &&
		(stat(journal->directory, &stat_of) < 0 ||
			stat_of.st_ino != journal->inode ||
			stat_of.st_dev != journal->device);
}

/* The cursor's entry is gone, and the handle stands on the one after it. What lay between the
 * time up to which all was read and the oldest entry left may have gone unread. */
static int tell_lost(struct journal *journal, struct journal_piece *piece)
{
	uint64_t oldest_us;
	int found = sd_journal_get_cutoff_realtime_usec(
		journal->handle, &oldest_us, &(uint64_t){0});
	if (found <= 0 || oldest_us <= journal->seen_us)
		return found < 0 ? found : 0;
	piece->kind = JOURNAL_LOST;
	piece->from = (int64_t)(journal->seen_us / 1000);
	piece->at = (int64_t)(oldest_us / 1000);
	journal->seen_us = oldest_us;
	return 0;
}

/* Goes back a little, so that what a restart forgot is known again. */
static int go_back(struct journal *journal)
{
	int steps = sd_journal_previous_skip(journal->handle, WARM_ENTRIES);
	int error = steps < 0 ? steps : 0;
	if (steps == 0) {
		/* Where a step that failed leaves the handle is not promised. */
		error = sd_journal_seek_cursor(journal->handle, journal->cursor);
		if (error >= 0)
			error = sd_journal_next(journal->handle);
	}
	if (error < 0)
		return error;
	journal->warmed = journal->on_entry = true;
	journal->warm = (uint64_t)steps + 1;
	return 0;
}

/* Stands where the cursor says. */
static int find_place(struct journal *journal, struct journal_piece *piece)
{
	if (journal->cursor == NULL) {
		journal->placed = true;
		return sd_journal_seek_head(journal->handle);
	}
	int error = sd_journal_seek_cursor(journal->handle, journal->cursor);
	int found = error < 0 ? error : sd_journal_next(journal->handle);
	if (found <= 0)
		return found; /* nothing is left: looked for again */
	found = sd_journal_test_cursor(journal->handle, journal->cursor);
	if (found < 0)
		return found;
	journal->placed = true;
	if (found == 0) {
		journal->on_entry = true;
		return tell_lost(journal, piece);
	}
	return journal->warmed ? 0 : go_back(journal);
}

/* --- reading --- */

/* The value of a field of the present entry; len 0 where there is none. */
static int get_field(struct journal *journal, const char *field, const char **ret_value,
	size_t *ret_len)
{
	const void *data;
	size_t len;
	int error = sd_journal_get_data(journal->handle, field, &data, &len);
	*ret_value = "";
	*ret_len = 0;
	if (error == -ENOENT)
		return 0;
	if (error < 0)
		return error;
	const size_t name = strlen(field) + 1;
	if (len < name)
		return -EBADMSG;
	*ret_value = (const char *)data + name;
	*ret_len = len - name;
	return 0;
}

static bool is_text(const char *value, size_t len, const char *text)
{
	return len == strlen(text) && memcmp(value, text, len) == 0;
}

/* "Suppressed 42 messages from postfix@-.service": of our unit? */
static bool is_dropped(const struct journal *journal, const char *message, size_t len)
{
	const size_t unit = strlen(journal->unit);
	return len > unit && message[len - unit - 1] == ' ' &&
		memcmp(message + len - unit, journal->unit, unit) == 0;
}

static int read_entry(struct journal *journal, struct journal_piece *piece)
{
	const char *value;
	const char *message;
	size_t len;
	/* What a call returns is there until the next call: the message comes last. */
	int error = get_field(journal, "SYSLOG_IDENTIFIER", &value, &len);
	if (error < 0)
		return error;
	snprintf(journal->identifier, sizeof journal->identifier, "%.*s",
		len < IDENTIFIER_MAX ? (int)len : IDENTIFIER_MAX - 1, value);
	error = get_field(journal, "_SYSTEMD_UNIT", &value, &len);
	const bool ours = error == 0 && is_text(value, len, journal->unit);
	if (error == 0)
		error = get_field(journal, "MESSAGE", &message, &len);
	if (error < 0)
		return error;
	piece->kind = ours                          ? JOURNAL_MESSAGE
		: is_dropped(journal, message, len) ? JOURNAL_DROPPED
						    : JOURNAL_OTHER;
	piece->identifier = journal->identifier;
	piece->message = message;
	piece->len = len;
	return 0;
}

static bool is_damage(int error)
{
	return error == -EBADMSG || error == -E2BIG || error == -EPROTONOSUPPORT;
}

/* Gives the entry that the handle stands on. */
static int take_entry(struct journal *journal, struct journal_piece *piece)
{
	uint64_t at_us = 0;
	int error = sd_journal_get_realtime_usec(journal->handle, &at_us);
	if (error == 0)
		error = read_entry(journal, piece);
	if (is_damage(error)) {
		piece->kind = JOURNAL_DAMAGED;
		error = 0;
	}
	piece->at = (int64_t)(at_us / 1000);
	if (error < 0)
		return error;
	if (journal->warm == 0)
		return note_place(journal, at_us);
	journal->warm--;
	piece->kind = piece->kind == JOURNAL_MESSAGE ? JOURNAL_BEFORE : JOURNAL_OTHER;
	return 0;
}

/* At the end of the files as they are: have any come or gone? A file that went may have taken
 * along what was not read, so the place is found anew. */
static int look_around(struct journal *journal, int64_t now)
{
	if (has_moved(journal)) {
		close_handle(journal);
		return 0;
	}
	const int event = sd_journal_process(journal->handle);
	const uint64_t now_us = now > 0 ? (uint64_t)now * 1000 : 0;
	if (event == SD_JOURNAL_INVALIDATE)
		journal->placed = false;
	if (event == SD_JOURNAL_NOP && journal->placed && now_us > journal->seen_us)
		journal->seen_us = now_us;
	return event < 0 ? event : 0;
}

static int step(struct journal *journal, int64_t now, struct journal_piece *piece)
{
	int found = 1;
	int error = 0;
	if (!journal->placed)
		error = find_place(journal, piece);
	if (error < 0 || piece->kind != JOURNAL_NOTHING)
		return error;
	if (!journal->placed)
		return look_around(journal, now);
	if (!journal->on_entry)
		found = sd_journal_next(journal->handle);
	journal->on_entry = false;
	if (found > 0)
		return take_entry(journal, piece);
	return found < 0 ? found : look_around(journal, now);
}

int journal_holds(struct journal *journal, const char *state)
{
	uint64_t seen_us;
	const char *cursor = parse_state(state, &seen_us);
	if (cursor == NULL)
		return 0;
	int found = journal->handle == NULL ? open_handle(journal) : 0;
	if (found >= 0)
		found = sd_journal_seek_cursor(journal->handle, cursor);
	if (found >= 0)
		found = sd_journal_next(journal->handle);
	if (found > 0)
		found = sd_journal_test_cursor(journal->handle, cursor);
	journal->placed = journal->on_entry = false;
	if (found < 0)
		close_handle(journal);
	return found == -EINVAL ? 0 : found; /* a cursor that makes no sense */
}

bool journal_is_blank(const struct journal *journal)
{
	uint64_t from;
	return journal->handle == NULL ||
		sd_journal_get_cutoff_realtime_usec(
			journal->handle, &from, &(uint64_t){0}) <= 0;
}

int journal_read(struct journal *journal, int64_t now, struct journal_piece *ret_piece)
{
	*ret_piece = (struct journal_piece){.kind = JOURNAL_NOTHING, .identifier = ""};
	int error = journal->handle == NULL ? open_handle(journal) : 0;
	if (error >= 0)
		error = step(journal, now, ret_piece);
	if (error < 0)
		close_handle(journal);
	return error < 0 ? error : 0;
}
