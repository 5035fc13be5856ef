/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/ingest/follow.h"
#include "monitor/log.h"
#include "storage/store.h"

#define STEP_BYTES (1024 * 1024) /* most that one step reads */
#define QUIET_BYTES                                                                      \
	(4 * 1024 * 1024) /* that say nothing, and are committed all the same */

struct source {
	char *name; /* owned */
	enum reader_format format;
	struct reader_options options; /* texts borrowed */
	struct reader_fields fields;
	struct follow *follow; /* owned */
	struct reader *reader; /* owned */
	struct intake *intake; /* owned */
	int64_t base; /* offset of the file minus position of the reader */
	int64_t committed; /* offset */
	struct reader_counts counts; /* as far as that */
	bool pending; /* a commit failed: it comes first */
	int failure; /* that was said */
	bool alone;
	bool done;
	int trouble;
	int64_t known;
	struct store *store; /* during a step */
	int64_t now; /* during a step */
	char state[READER_STATE_MAX + 1];
};

static void on_report(void *owner, const struct report *report)
{
	struct source *source = owner;
	intake_report(source->intake, source->store, report);
}

static void on_rejected(void *owner, const struct reader_rejected *rejected)
{
	struct source *source = owner;
	intake_reject(source->intake, rejected->why, rejected->shown, source->now);
}

/* A fresh reader, in the state of a place or at the start of a file. */
static int make_reader(
	struct source *source, const struct feed_place *place, int64_t reference_at)
{
	const struct reader_sink sink = {
		.owner = source, .on_report = on_report, .on_rejected = on_rejected};
	struct reader_options options = source->options;
	struct reader *reader;
	options.reference_at = reference_at;
	int error = reader_create(source->format, &options, &sink, &reader);
	if (error < 0)
		return error;
	if (place != NULL)
		error = reader_load(reader, place->state, strlen(place->state));
	if (error == -ENOMEM) {
		reader_destroy(reader);
		return error;
	}
	/* A state of another release is not known here: only columns and waiting ids are lost. */
	reader_destroy(source->reader);
	source->reader = reader;
	return 0;
}

static int create_follow(struct source *source, const struct source_options *options)
{
	const struct follow_options follow = {
		.path = options->path,
		.format = reader_format_name(options->format),
		.source = source->name,
		.alone = options->alone,
		.errand = options->intake.errand,
	};
	return follow_create(&follow, &source->follow);
}

int source_create(const struct source_options *options, struct source **ret_source)
{
	struct source *source = calloc(1, sizeof *source);
	if (source == NULL)
		return -ENOMEM;
	source->format = options->format;
	source->alone = options->alone;
	source->options = options->reader;
	if (options->reader.fields != NULL) {
		source->fields = *options->reader.fields;
		source->options.fields = &source->fields;
	}
	source->name = strdup(options->intake.source);
	int error = source->name == NULL ? -ENOMEM : 0;
	if (error == 0)
		error = intake_create(&options->intake, &source->intake);
	if (error == 0)
		error = create_follow(source, options);
	if (error == 0)
		error = make_reader(source, NULL, 0);
	if (error < 0) {
		source_destroy(source);
		return error;
	}
	*ret_source = source;
	return 0;
}

void source_destroy(struct source *source)
{
	if (source == NULL)
		return;
	follow_destroy(source->follow);
	reader_destroy(source->reader);
	intake_destroy(source->intake);
	free(source->name);
	free(source);
}

static int64_t offset_of(const struct source *source)
{
	return source->base + (int64_t)reader_position(source->reader);
}

static int commit(struct source *source)
{
	struct store_error error;
	struct feed_place place;
	follow_place(source->follow, &place);
	source->state[reader_save(source->reader, source->state)] = '\0';
	place.state = source->state;
	place.at = source->now;
	const bool anywhere = place.offset > 0 || place.number != 0;
	source->pending = true;
	int code = intake_commit(source->intake, source->store, anywhere ? &place : NULL,
		source->now, &error);
	if (code == 0) {
		follow_committed(source->follow, place.number);
		source->committed = place.offset;
		source->counts = *reader_counts(source->reader);
		source->pending = false;
		source->failure = 0;
	} else if (code != source->failure && code != -ESTALE) {
		source->failure = code;
		log_err("ingest",
			"nothing is read until the store takes it name=%s error=%s",
			source->name, log_quote(error.text));
	}
	return code;
}

static void tell_cut(struct source *source, const struct follow_piece *piece)
{
	log_warn("ingest",
		"the file was cut while it was read, lines may be lost name=%s path=%s",
		source->name, log_quote(piece->path));
	intake_reject(
		source->intake, "the file was cut while it was read", "", source->now);
}

static int begin(struct source *source, const struct follow_piece *piece)
{
	source->base = 0;
	source->committed = piece->place != NULL ? piece->place->offset : 0;
	source->known = source->committed;
	if (!source->alone)
		log_info("ingest", "reading name=%s path=%s offset=%lld", source->name,
			log_quote(piece->path), (long long)source->committed);
	if (piece->was_cut)
		tell_cut(source, piece);
	if (piece->place == NULL) {
		reader_next_file(source->reader);
		reader_set_reference(source->reader, piece->modified_at);
		return 0;
	}
	int error = make_reader(source, piece->place, piece->modified_at);
	if (error < 0)
		return error;
	source->base = piece->place->offset - (int64_t)reader_position(source->reader);
	reader_warm(source->reader, piece->bytes, piece->len);
	return 0;
}

static int take(struct source *source, const struct follow_piece *piece)
{
	switch (piece->kind) {
	case FOLLOW_NOTHING:
		return 0;
	case FOLLOW_BEGIN:
		return begin(source, piece);
	case FOLLOW_BYTES:
		reader_feed(source->reader, piece->bytes, piece->len);
		follow_advance(source->follow, offset_of(source));
		return intake_is_full(source->intake) ||
				offset_of(source) - source->committed > QUIET_BYTES
			? commit(source)
			: 0;
	case FOLLOW_END:
		source->done = true;
		reader_end(source->reader);
		follow_advance(source->follow, offset_of(source));
		return commit(source);
	case FOLLOW_CUT:
		tell_cut(source, piece);
		return commit(source);
	case FOLLOW_TROUBLE:
		source->trouble = piece->error;
		if (source->alone)
			return 0;
		log_warn("ingest", "cannot be read, tried again name=%s path=%s error=%s",
			source->name, log_quote(piece->path), strerror(-piece->error));
		return 0;
	}
	return 0;
}

int source_step(struct source *source, struct store *store, int64_t now, uint64_t mono_ms,
	bool *ret_more)
{
	size_t bytes = 0;
	int error = 0;
	struct follow_piece piece = {.kind = FOLLOW_BYTES};
	source->store = store;
	source->now = now;
	*ret_more = false;
	if (source->pending)
		error = commit(source);
	while (error == 0 && bytes < STEP_BYTES && piece.kind != FOLLOW_NOTHING &&
		piece.kind != FOLLOW_TROUBLE) {
		error = follow_read(source->follow, store, mono_ms, &piece);
		if (error == 0)
			error = take(source, &piece);
		bytes += piece.kind == FOLLOW_BYTES ? piece.len : 0;
	}
	if (error == 0 && intake_len(source->intake) > 0)
		error = commit(source);
	*ret_more = error == 0 && bytes >= STEP_BYTES;
	return error;
}

void source_yield(struct source *source, int64_t number, uint64_t device, uint64_t inode)
{
	if (!follow_yield(source->follow, number, device, inode))
		return;
	/* What a failed commit left behind has been read by who moved the place. */
	intake_clear(source->intake);
	source->pending = false;
	source->failure = 0;
}

bool source_is_done(const struct source *source)
{
	return source->done && !source->pending;
}

int source_trouble(const struct source *source)
{
	return source->alone ? source->trouble : follow_trouble(source->follow);
}

int64_t source_known(const struct source *source)
{
	return source->known;
}

uint64_t source_refused(const struct source *source)
{
	return intake_refused(source->intake);
}

const struct reader_counts *source_counts(const struct source *source)
{
	return &source->counts;
}
