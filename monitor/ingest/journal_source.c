/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/journal_source.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/ingest/journal.h"
#include "monitor/ingest/span.h"
#include "monitor/log.h"
#include "storage/instant.h"
#include "storage/store.h"

#define FORMAT "journal"
#define STEP_ENTRIES 4096 /* most that one step reads */
#define QUIET_ENTRIES 65536 /* that say nothing, and are committed all the same */
#define TOUCH_MS 3600000 /* the place is committed so often, with nothing to say */
#define RETRY_FIRST_MS 1000
#define RETRY_MOST_MS 60000

struct journal_source {
	char *name; /* owned */
	struct journal *journal; /* owned */
	struct reader *reader; /* owned */
	struct intake *intake; /* owned */
	int64_t number; /* of the place in the store */
	int64_t entries; /* read in all, over restarts */
	int64_t committed; /* of entries */
	int64_t committed_at;
	bool known; /* the store was asked for the place */
	bool blank; /* nothing was to be seen, and that was said */
	bool pending; /* a commit failed: it comes first */
	int failure; /* of a commit, that was said */
	int trouble; /* with the journal, that was said */
	uint64_t retry_at; /* monotonic */
	uint64_t retry_ms;
	struct store *store; /* during a step */
	int64_t now; /* during a step */
};

static void on_report(void *owner, const struct report *report)
{
	struct journal_source *source = owner;
	intake_report(source->intake, source->store, report);
}

static void on_rejected(void *owner, const struct reader_rejected *rejected)
{
	struct journal_source *source = owner;
	intake_reject(source->intake, rejected->why, rejected->shown, source->now);
}

int journal_source_create(
	const struct journal_source_options *options, struct journal_source **ret_source)
{
	struct journal_source *source = calloc(1, sizeof *source);
	if (source == NULL)
		return -ENOMEM;
	const struct reader_sink sink = {
		.owner = source, .on_report = on_report, .on_rejected = on_rejected};
	source->name = strdup(options->intake.source);
	int error = source->name == NULL ? -ENOMEM : 0;
	if (error == 0)
		error = intake_create(&options->intake, &source->intake);
	if (error == 0)
		error = reader_create(
			options->format, &options->reader, &sink, &source->reader);
	if (error == 0)
		error = journal_create(
			options->unit, options->directory, &source->journal);
	if (error < 0) {
		journal_source_destroy(source);
		return error;
	}
	*ret_source = source;
	return 0;
}

void journal_source_destroy(struct journal_source *source)
{
	if (source == NULL)
		return;
	journal_destroy(source->journal);
	reader_destroy(source->reader);
	intake_destroy(source->intake);
	free(source->name);
	free(source);
}

/* --- the place --- */

/* Paths end in the unit. */
static bool has_same_unit(const char *path, const char *other)
{
	const char *unit = strrchr(path, ':');
	const char *other_unit = strrchr(other, ':');
	return unit != NULL && other_unit != NULL && strcmp(unit, other_unit) == 0;
}

/* Our place: that of the same journal, also if it lies elsewhere by now. */
static int on_place(void *owner, const struct feed_place *place)
{
	struct journal_source *source = owner;
	const char *path = journal_path(source->journal);
	int found = strcmp(place->path, path) == 0;
	if (found == 0 && has_same_unit(place->path, path))
		found = journal_holds(source->journal, place->state);
	if (found <= 0)
		return found;
	int error = journal_load(source->journal, place->state);
	if (error == -EINVAL)
		return 0; /* of another release */
	source->number = place->number;
	source->entries = source->committed = place->offset;
	source->committed_at = place->at;
	return error < 0 ? error : 1;
}

static int find_place(struct journal_source *source)
{
	int found = feed_each(source->store, FORMAT, on_place, source);
	if (found < 0)
		return found;
	source->known = true;
	log_info("ingest", "reading name=%s path=%s entries=%lld", source->name,
		log_quote(journal_path(source->journal)), (long long)source->entries);
	return 0;
}

static int commit(struct journal_source *source)
{
	struct store_error error;
	struct feed_place place = {
		.number = source->number,
		.format = FORMAT,
		.offset = source->entries,
		.at = source->now,
		.state = journal_state(source->journal),
	};
	snprintf(place.path, sizeof place.path, "%s", journal_path(source->journal));
	source->pending = true;
	int code = intake_commit(source->intake, source->store,
		*place.state != '\0' ? &place : NULL, source->now, &error);
	if (code == 0) {
		source->number = place.number;
		source->committed = source->entries;
		source->committed_at = source->now;
		source->pending = false;
		source->failure = 0;
	} else if (code != source->failure) {
		source->failure = code;
		log_err("ingest",
			"nothing is read until the store takes it name=%s error=%s",
			source->name, log_quote(error.text));
	}
	return code;
}

/* --- reading --- */

static void take_lost(struct journal_source *source, const struct journal_piece *piece)
{
	char from[INSTANT_TEXT_MAX];
	char to[INSTANT_TEXT_MAX];
	char shown[2 * INSTANT_TEXT_MAX + 16];
	instant_format(piece->from, from);
	instant_format(piece->at, to);
	snprintf(shown, sizeof shown, "from %s to %s", from, to);
	log_warn("ingest",
		"the journal was vacuumed before it was read, messages may be lost "
		"name=%s from=%s to=%s",
		source->name, from, to);
	intake_reject(source->intake, "the journal was vacuumed before it was read",
		shown, source->now);
}

static void take_dropped(struct journal_source *source, const struct journal_piece *piece)
{
	char shown[128];
	span_copy((struct span){piece->message, piece->len}, shown, sizeof shown);
	log_warn("ingest", "journald left messages out name=%s message=%s", source->name,
		log_quote(shown));
	intake_reject(source->intake, "messages that journald left out", shown,
		piece->at > 0 ? piece->at : source->now);
}

static void take(struct journal_source *source, const struct journal_piece *piece)
{
	switch (piece->kind) {
	case JOURNAL_NOTHING:
		return;
	case JOURNAL_BEFORE:
		reader_warm_message(source->reader, piece->at, piece->identifier,
			piece->message, piece->len);
		return;
	case JOURNAL_MESSAGE:
		reader_message(source->reader, piece->at, piece->identifier,
			piece->message, piece->len);
		break;
	case JOURNAL_DROPPED:
		take_dropped(source, piece);
		break;
	case JOURNAL_OTHER:
		break;
	case JOURNAL_DAMAGED:
		intake_reject(source->intake, "a damaged entry of the journal", "",
			source->now);
		break;
	case JOURNAL_LOST:
		take_lost(source, piece);
		return;
	}
	source->entries++;
}

/* Puts off the next try, and says why unless that was said. */
static void be_in_trouble(struct journal_source *source, int error, uint64_t mono_ms)
{
	source->retry_ms = source->retry_ms == 0 ? RETRY_FIRST_MS : 2 * source->retry_ms;
	if (source->retry_ms > RETRY_MOST_MS)
		source->retry_ms = RETRY_MOST_MS;
	source->retry_at = mono_ms + source->retry_ms;
	if (source->trouble == error)
		return;
	source->trouble = error;
	log_warn("ingest", "cannot be read, tried again name=%s path=%s error=%s",
		source->name, log_quote(journal_path(source->journal)), strerror(-error));
}

/* Whether what was read, or that nothing was for long, is to be written. */
static bool is_to_commit(const struct journal_source *source)
{
	return intake_len(source->intake) > 0 ||
		source->entries - source->committed > QUIET_ENTRIES ||
		source->now - source->committed_at > TOUCH_MS;
}

/* The library does not tell an empty journal from one that we may not read. */
static void say_if_blank(struct journal_source *source)
{
	const bool blank = journal_is_blank(source->journal);
	if (blank && !source->blank)
		log_warn("ingest",
			"nothing is to be seen in the journal: it is empty, or we are "
			"not in the group systemd-journal name=%s path=%s",
			source->name, log_quote(journal_path(source->journal)));
	source->blank = blank;
}

/* Returns 1 at the end of what there is, 0 before, or an error. */
static int read_entries(struct journal_source *source)
{
	struct journal_piece piece = {.kind = JOURNAL_OTHER};
	size_t entries = 0;
	int error = source->known ? 0 : find_place(source);
	while (error == 0 && piece.kind != JOURNAL_NOTHING && entries < STEP_ENTRIES &&
		intake_len(source->intake) < INTAKE_BATCH) {
		error = journal_read(source->journal, source->now, &piece);
		if (error == 0)
			take(source, &piece);
		entries++;
	}
	if (error < 0)
		return error;
	if (entries == 1)
		say_if_blank(source);
	return piece.kind == JOURNAL_NOTHING;
}

static int read_on(struct journal_source *source, uint64_t mono_ms, bool *ret_more)
{
	int done = read_entries(source);
	if (done == -ENOMEM)
		return done;
	if (done < 0) {
		be_in_trouble(source, done, mono_ms);
		return 0;
	}
	source->retry_ms = 0;
	source->trouble = 0;
	*ret_more = done == 0;
	return 0;
}

int journal_source_step(struct journal_source *source, struct store *store, int64_t now,
	uint64_t mono_ms, bool *ret_more)
{
	int error = 0;
	*ret_more = false;
	source->store = store;
	source->now = now;
	if (source->pending)
		error = commit(source);
	if (error == 0 && mono_ms >= source->retry_at)
		error = read_on(source, mono_ms, ret_more);
	if (error == 0 && is_to_commit(source))
		error = commit(source);
	*ret_more = *ret_more && error == 0;
	return error;
}

const struct reader_counts *journal_source_counts(const struct journal_source *source)
{
	return reader_counts(source->reader);
}

int journal_source_trouble(const struct journal_source *source)
{
	return source->trouble == 0 && source->blank ? -ENODATA : source->trouble;
}
