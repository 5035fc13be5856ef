/* SPDX-License-Identifier: MIT */
#include "monitor/recorder.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/announce.h"
#include "monitor/casebook.h"
#include "monitor/clock.h"
#include "monitor/log.h"
#include "storage/history.h"

#define BATCH_MOST 5000 /* pieces in one transaction */
#define GAPS_TOLD                                                                        \
	20 /* of one batch; of an outage that hits all domains the rest is counted */

struct recorder {
	struct recorder_options options;
	struct news *first; /* waiting, oldest first */
	struct news **end;
	size_t len;
	bool failing; /* the last batch could not be written */
	size_t one_by_one; /* pieces to be written singly, one of them cannot be */
	struct recorder_counts counts;
};

int recorder_create(
	const struct recorder_options *options, struct recorder **ret_recorder)
{
	struct recorder *recorder = calloc(1, sizeof *recorder);
	if (!recorder)
		return -ENOMEM;
	recorder->options = *options;
	recorder->end = &recorder->first;
	*ret_recorder = recorder;
	return 0;
}

void recorder_destroy(struct recorder *recorder)
{
	if (!recorder)
		return;
	if (recorder->len > 0)
		log_err("recorder", "what was seen last is not recorded pieces=%zu",
			recorder->len);
	while (recorder->first) {
		struct news *const next = recorder->first->next;
		news_destroy(recorder->first);
		recorder->first = next;
	}
	free(recorder);
}

static const char *server_text(const struct news *news, char text[ENDPOINT_TEXT_MAX])
{
	return news->server.family != 0 ? endpoint_format(&news->server, text) : NULL;
}

static void collect_evidence(const struct news *news, struct evidence *evidence,
	char texts[][ENDPOINT_TEXT_MAX])
{
	const bool synchronised = clock_is_synchronised();
	for (size_t i = 0; i < news->evidence_len; i++)
		evidence[i] = (struct evidence){
			.message = news->evidence[i].message,
			.len = news->evidence[i].len,
			.server = endpoint_format(&news->evidence[i].server, texts[i]),
			.at = news->evidence[i].at,
			.rtt_us = news->evidence[i].rtt_us,
			.local_port = news->evidence[i].local_port,
			.tcp = news->evidence[i].tcp,
			.clock_synchronised = synchronised,
		};
}

static void open_span(struct store *store, const struct news *news, const char *server)
{
	const struct span span = {
		.server = server,
		.rrtype = news->rrtype,
		.answer = {news->state, &news->set},
		.alias = news->alias,
		.first_at = news->at,
		.not_before_at = news->from_at,
		.ttl_min = news->ttl,
		.ttl_max = news->ttl != UINT32_MAX ? news->ttl : 0,
		.flags = news->flags,
	};
	history_open_span(store, news->point, &span);
}

/* Reads what the news end: what the server said itself, else what its view says. */
static void read_held(struct store *store, struct news *news, const char *server)
{
	mxset_finish(&news->from_set);
	history_open_answer(
		store, news->point, server, &news->from_state, &news->from_set);
	if (news->from_state == ANSWER_NONE && server)
		history_open_answer(
			store, news->point, NULL, &news->from_state, &news->from_set);
}

/* After its span, whose row it shares. */
static void add_change(struct store *store, struct news *news, const char *server)
{
	char texts[2][ENDPOINT_TEXT_MAX];
	struct evidence evidence[2];
	collect_evidence(news, evidence, texts);
	const struct change change = {
		.server = server,
		.rrtype = news->rrtype,
		.at = news->at,
		.not_before_at = news->from_at,
		.confirmed_by = news->by,
		.confirmed_at = news->confirmed_at,
		.from = {news->from_state, &news->from_set},
		.to = {news->state, &news->set},
		.kind = change_kind_of(
			news->from_state, &news->from_set, news->state, &news->set),
	};
	news->change = change.kind;
	news->recorded = history_add_change(
		store, news->point, &change, evidence, news->evidence_len);
}

/* One span ends, another opens, or both. */
static void turn_span(struct store *store, struct news *news, const char *server)
{
	const bool is_change = news->kind != NEWS_SPAN || server;
	read_held(store, news, server);
	if (news->kind != NEWS_SPAN)
		history_close_span(store, news->point, server, &news->final);
	if (news->kind != NEWS_REJOIN)
		open_span(store, news, server);
	if (is_change && !news->silent)
		add_change(store, news, server);
}

static void add_suspicion(struct store *store, struct news *news, const char *server)
{
	char texts[2][ENDPOINT_TEXT_MAX];
	struct evidence evidence[2];
	collect_evidence(news, evidence, texts);
	mxset_finish(&news->from_set);
	history_open_answer(store, news->point, NULL, &news->from_state, &news->from_set);
	const struct suspicion suspicion = {
		.server = server,
		.at = news->at,
		.held = {news->from_state, &news->from_set},
		.seen = {news->state, &news->set},
		.why = news->why,
	};
	news->recorded = history_add_suspicion(
		store, news->point, &suspicion, evidence, news->evidence_len);
}

static void write_news(struct recorder *recorder, struct news *news)
{
	struct store *const store = recorder->options.store;
	char text[ENDPOINT_TEXT_MAX];
	const char *const server = server_text(news, text);
	switch (news->kind) {
	case NEWS_SPAN:
	case NEWS_CHANGE:
	case NEWS_REJOIN:
		turn_span(store, news, server);
		break;
	case NEWS_SUSPICION:
		add_suspicion(store, news, server);
		break;
	case NEWS_GAP_OPEN:
		history_open_gap(store, news->point, server, news->from_at, news->reason);
		break;
	case NEWS_GAP_CLOSE:
		history_close_gap(store, news->point, server, news->at);
		break;
	case NEWS_GAP_ADD:
		history_add_gap(store, news->point, server, news->from_at, news->at,
			news->reason);
		break;
	case NEWS_BUCKET:
		history_add_bucket(store, &news->bucket);
		break;
	case NEWS_PULSES:
		history_put_pulses(store, news->block, news->pulses, news->pulses_len);
		break;
	case NEWS_TOUCH:
		history_touch_span(store, news->point, server, &news->final);
		break;
	case NEWS_FAILURE:
	case NEWS_RECOVERY:
	case NEWS_DONE:
	case NEWS_FLUSHED:
		break;
	}
}

/* Once for each piece, however often it has to be written. */
static void decide(struct recorder *recorder, size_t len, int64_t now)
{
	struct news *news = recorder->first;
	for (size_t i = 0; i < len; i++, news = news->next) {
		if (!news->told)
			casebook_news(recorder->options.casebook, news);
		news->told = true;
	}
	casebook_save(recorder->options.casebook, now);
}

/* Takes the oldest piece, which is durable or given up. */
static struct news *shift(struct recorder *recorder)
{
	struct news *const news = recorder->first;
	recorder->first = news->next;
	recorder->len--;
	if (!recorder->first)
		recorder->end = &recorder->first;
	return news;
}

static void settle(struct recorder *recorder, struct news *news, size_t *gaps)
{
	const bool is_gap = news->kind == NEWS_GAP_OPEN || news->kind == NEWS_GAP_CLOSE ||
		news->kind == NEWS_GAP_ADD;
	*gaps += is_gap;
	if (news->kind == NEWS_DONE)
		recorder->counts.done_pollers++;
	if (news->kind == NEWS_FLUSHED)
		recorder->counts.flushes++;
	if (news->recorded != 0 && news->kind == NEWS_SUSPICION)
		recorder->counts.suspicions++;
	else if (news->recorded != 0)
		recorder->counts.changes++;
	if (recorder->options.on_written)
		recorder->options.on_written(recorder->options.owner, news);
	if (!is_gap || *gaps <= GAPS_TOLD)
		announce_news(recorder->options.store, news);
	news_destroy(news);
}

/* Lets go of counters: they will be told again. */
static void drop_counters(struct recorder *recorder)
{
	size_t dropped = 0;
	recorder->end = &recorder->first;
	while (*recorder->end) {
		struct news *const news = *recorder->end;
		if (news->kind != NEWS_PULSES && news->kind != NEWS_TOUCH) {
			recorder->end = &news->next;
			continue;
		}
		*recorder->end = news->next;
		news_destroy(news);
		dropped++;
	}
	recorder->len -= dropped;
	news_queue_settle(recorder->options.queue, dropped);
}

/* The machine's trouble, which may pass; anything else is about the batch itself. */
static bool may_pass(int code)
{
	return code == -ENOSPC || code == -EROFS || code == -EIO || code == -EBUSY ||
		code == -ENOMEM;
}

static int fail(struct recorder *recorder, const struct store_error *error, size_t len)
{
	if (may_pass(error->code)) {
		drop_counters(recorder);
		if (!recorder->failing)
			log_err("store",
				"cannot write, polling goes on error=%s waiting=%zu",
				log_quote(error->text), recorder->len);
		recorder->failing = true;
		return error->code;
	}
	if (len > 1) {
		recorder->one_by_one = len;
		return 0;
	}
	struct news *const news = shift(recorder);
	log_err("store", "a piece cannot be recorded kind=%d point=%lld error=%s",
		(int)news->kind, (long long)news->point, log_quote(error->text));
	news_destroy(news);
	news_queue_settle(recorder->options.queue, 1);
	return 0;
}

static int write_batch(struct recorder *recorder, int64_t now)
{
	struct store *const store = recorder->options.store;
	const size_t most = recorder->one_by_one > 0 ? 1 : BATCH_MOST;
	recorder->one_by_one -= recorder->one_by_one > 0;
	size_t len = 0;
	store_begin(store);
	bool joined = false;
	for (struct news *news = recorder->first;
		news && (len < most || (joined && most > 1)); news = news->next) {
		write_news(recorder, news);
		joined = news->joined;
		len++;
	}
	decide(recorder, len, now);
	history_beat_run(store, recorder->options.run, now);
	struct store_error error;
	if (store_commit(store, now, &error) != 0) {
		casebook_saved(recorder->options.casebook, error.code);
		return fail(recorder, &error, len);
	}
	if (recorder->failing)
		log_info("store", "writing again waiting=%zu", recorder->len);
	recorder->failing = false;
	size_t gaps = 0;
	for (size_t i = 0; i < len; i++)
		settle(recorder, shift(recorder), &gaps);
	if (gaps > GAPS_TOLD)
		log_info("gap", "and more, all recorded pieces=%zu", gaps - GAPS_TOLD);
	casebook_saved(recorder->options.casebook, 0);
	news_queue_settle(recorder->options.queue, len);
	return 0;
}

int recorder_write(struct recorder *recorder, int64_t now)
{
	*recorder->end = news_queue_take(recorder->options.queue);
	while (*recorder->end) {
		recorder->end = &(*recorder->end)->next;
		recorder->len++;
	}
	int error = 0;
	while (error == 0 && recorder->first)
		error = write_batch(recorder, now);
	return error;
}

struct recorder_counts recorder_counts(const struct recorder *recorder)
{
	struct recorder_counts counts = recorder->counts;
	counts.waiting = recorder->len;
	return counts;
}
