/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/ingest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/casebook.h"
#include "monitor/clock.h"
#include "monitor/conf.h"
#include "monitor/conf_file.h"
#include "monitor/ingest/journal_source.h"
#include "monitor/ingest/mailbox.h"
#include "monitor/ingest/reception.h"
#include "monitor/ingest/settings.h"
#include "monitor/ingest/source.h"
#include "monitor/log.h"
#include "monitor/request.h"
#include "storage/store.h"

#define IDLE_MS 250 /* between looks at logs that have not grown */
#define BUSY_MS 1 /* while there is more to read: others have their turn in between */
#define FAILED_MS 1000
#define PRUNE_EVERY_MS 600000
#define PRUNE_AGAIN_MS 1000

/* One of the sources is set, and owned. */
struct inlet {
	const char *name;
	struct source *source;
	struct mailbox *mailbox;
	struct journal_source *journal;
};

struct ingest {
	struct store *store;
	const struct conf *conf;
	struct casebook *casebook;
	struct settings settings;
	bool is_set; /* settings are loaded, and the timer runs */
	struct inlet *inlets; /* owned */
	size_t len;
	uv_timer_t timer;
	uint64_t prune_at; /* monotonic */
};

static enum reader_format format_of(int word)
{
	switch ((enum settings_format)word) {
	case SETTINGS_POSTFIX:
		return READER_POSTFIX;
	case SETTINGS_EXIM:
		return READER_EXIM;
	case SETTINGS_PMTA:
		return READER_PMTA;
	case SETTINGS_KUMOMTA:
		return READER_KUMOMTA;
	case SETTINGS_CSV:
		return READER_CSV;
	case SETTINGS_JSONL:
	case SETTINGS_DSN:
		break;
	}
	return READER_JSONL;
}

static struct intake_options intake_of(
	const struct ingest *ingest, const struct conf_file_delivery *delivery)
{
	return (struct intake_options){
		.source = delivery->name,
		.rules = ingest->settings.rules,
		.operators = ingest->settings.operators,
		.key = ingest->settings.key,
		.keep = ingest->settings.keep,
		.mail = delivery->format == SETTINGS_DSN,
		.casebook = ingest->casebook,
	};
}

/* Borrows from delivery and fields. */
static struct reader_options reading_of(
	const struct conf_file_delivery *delivery, struct reader_fields *fields)
{
	settings_fields(delivery, fields);
	return (struct reader_options){
		.zone = delivery->timezone,
		.internal_relays = (const char *const *)delivery->internal_relays,
		.internal_relays_len = delivery->internal_relays_count,
		.fields = delivery->fields != NULL ? fields : NULL,
	};
}

static int add_log(struct ingest *ingest, const struct conf_file_delivery *delivery,
	struct inlet *inlet)
{
	struct reader_fields fields;
	const struct source_options options = {
		.intake = intake_of(ingest, delivery),
		.format = format_of(delivery->format),
		.path = delivery->path,
		.reader = reading_of(delivery, &fields),
	};
	return source_create(&options, &inlet->source);
}

static int add_journal(struct ingest *ingest, const struct conf_file_delivery *delivery,
	struct inlet *inlet)
{
	struct reader_fields fields;
	const struct journal_source_options options = {
		.intake = intake_of(ingest, delivery),
		.format = format_of(delivery->format),
		.unit = delivery->journal,
		.directory = delivery->journal_directory,
		.reader = reading_of(delivery, &fields),
	};
	return journal_source_create(&options, &inlet->journal);
}

static int add_mailbox(struct ingest *ingest, const struct conf_file_delivery *delivery,
	struct inlet *inlet)
{
	const struct intake_options options = intake_of(ingest, delivery);
	return mailbox_create(&options, delivery->maildir, &inlet->mailbox);
}

static int add_inlet(struct ingest *ingest, const struct conf_file_delivery *delivery)
{
	const bool lines =
		delivery->format <= SETTINGS_JSONL && delivery->format != SETTINGS_DSN;
	struct inlet *inlet = &ingest->inlets[ingest->len];
	int error = 0;
	inlet->name = delivery->name;
	if (delivery->path != NULL && lines) {
		error = add_log(ingest, delivery, inlet);
	} else if (delivery->journal != NULL && lines) {
		error = add_journal(ingest, delivery, inlet);
	} else if (delivery->maildir != NULL && delivery->format == SETTINGS_DSN) {
		error = add_mailbox(ingest, delivery, inlet);
	} else {
		log_warn("ingest", "not in this release, so nothing is read name=%s",
			delivery->name);
		return 0;
	}
	if (error == 0)
		ingest->len++;
	else
		log_err("ingest", "cannot be read name=%s error=%s", delivery->name,
			error == -EINVAL ? "no such time zone" : strerror(-error));
	return error;
}

static void finish_inlet(struct inlet *inlet)
{
	source_destroy(inlet->source);
	mailbox_destroy(inlet->mailbox);
	journal_source_destroy(inlet->journal);
}

static void prune(struct ingest *ingest, int64_t now, uint64_t mono_ms)
{
	struct store_error error;
	bool more = false;
	if (mono_ms < ingest->prune_at)
		return;
	if (deliveries_prune(
		    ingest->store, &ingest->settings.limits, now, &more, &error) < 0)
		log_warn("ingest", "old deliveries stay for now error=%s",
			log_quote(error.text));
	ingest->prune_at = mono_ms + (more ? PRUNE_AGAIN_MS : PRUNE_EVERY_MS);
}

static int step(struct ingest *ingest, struct inlet *inlet, struct clock_reading now,
	bool *ret_more)
{
	struct store *store = ingest->store;
	const uint64_t mono_ms = now.mono_ms;
	if (inlet->source != NULL)
		return source_step(inlet->source, store, now.wall_ms, mono_ms, ret_more);
	if (inlet->journal != NULL)
		return journal_source_step(
			inlet->journal, store, now.wall_ms, mono_ms, ret_more);
	return mailbox_step(inlet->mailbox, store, now.wall_ms, mono_ms, ret_more);
}

static int trouble_of(const struct inlet *inlet)
{
	if (inlet->source != NULL)
		return source_trouble(inlet->source);
	if (inlet->journal != NULL)
		return journal_source_trouble(inlet->journal);
	return mailbox_trouble(inlet->mailbox);
}

/* A store that cannot be written keeps us from reading: that is no silence of the source. */
static void tell_state(const struct ingest *ingest, const struct inlet *inlet, int error)
{
	const int trouble = trouble_of(inlet);
	if (error == 0 || trouble != 0)
		casebook_failed(ingest->casebook, inlet->name, trouble);
	else
		casebook_passed(ingest->casebook, inlet->name);
}

static void on_timer(uv_timer_t *timer)
{
	struct ingest *ingest = timer->data;
	const struct clock_reading now = clock_read();
	uint64_t next_ms = IDLE_MS;
	for (size_t i = 0; i < ingest->len; i++) {
		bool more = false;
		const int error = step(ingest, &ingest->inlets[i], now, &more);
		tell_state(ingest, &ingest->inlets[i], error);
		if (error < 0 && next_ms != BUSY_MS)
			next_ms = FAILED_MS;
		else if (more)
			next_ms = BUSY_MS;
	}
	prune(ingest, now.wall_ms, now.mono_ms);
	uv_timer_start(timer, on_timer, next_ms, 0);
}

static void on_closed(uv_handle_t *handle)
{
	free(handle->data);
}

static int add_inlets(struct ingest *ingest, const struct conf_file *file)
{
	ingest->inlets = calloc(file->deliveries_count, sizeof *ingest->inlets);
	int error = ingest->inlets == NULL ? -ENOMEM : 0;
	for (size_t i = 0; error == 0 && i < file->deliveries_count; i++)
		error = add_inlet(ingest, &file->deliveries[i]);
	return error;
}

/* The key and the rules are only needed, and made, where there is something to take in. */
static int set(struct ingest *ingest, char *ret_why)
{
	if (ingest->is_set)
		return 0;
	int error = settings_load(ingest->conf, &ingest->settings, ret_why);
	if (error < 0)
		return error;
	ingest->settings.casebook = ingest->casebook;
	ingest->is_set = true;
	uv_timer_start(&ingest->timer, on_timer, 0, 0);
	return 0;
}

int ingest_create(uv_loop_t *loop, struct store *store, const struct conf *conf,
	struct casebook *casebook, struct ingest **ret_ingest)
{
	char why[SETTINGS_WHY_MAX];
	struct ingest *ingest = calloc(1, sizeof *ingest);
	if (ingest == NULL)
		return -ENOMEM;
	int error = uv_timer_init(loop, &ingest->timer);
	if (error != 0) {
		free(ingest);
		return error;
	}
	ingest->timer.data = ingest;
	ingest->store = store;
	ingest->conf = conf;
	ingest->casebook = casebook;
	const bool any = conf->file != NULL && conf->file->deliveries_count > 0;
	error = any ? set(ingest, why) : 0;
	if (error < 0)
		log_err("ingest", "deliveries cannot be read error=%s", log_quote(why));
	else if (any)
		error = add_inlets(ingest, conf->file);
	if (error < 0) {
		ingest_destroy(ingest);
		return error;
	}
	*ret_ingest = ingest;
	return 0;
}

int ingest_apply(
	struct ingest *ingest, const json_t *request, int64_t now, json_t **ret_answer)
{
	char why[SETTINGS_WHY_MAX];
	struct reception_moved moved;
	int error = set(ingest, why);
	if (error < 0)
		return request_refuse(error, why, ret_answer);
	error = reception_apply(
		&ingest->settings, ingest->store, request, now, &moved, ret_answer);
	for (size_t i = 0; moved.any && i < ingest->len; i++)
		if (ingest->inlets[i].source != NULL)
			source_yield(ingest->inlets[i].source, moved.number, moved.device,
				moved.inode);
	return error;
}

void ingest_destroy(struct ingest *ingest)
{
	if (ingest == NULL)
		return;
	for (size_t i = 0; i < ingest->len; i++)
		finish_inlet(&ingest->inlets[i]);
	free(ingest->inlets);
	settings_finish(&ingest->settings);
	uv_close((uv_handle_t *)&ingest->timer, on_closed);
}
