/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/log.h"
#include "monitor/poller_inside.h"
#include "storage/history.h"

_Static_assert(NEWS_VIEW_MAX > CONF_NAME_MAX, "a view's name fits into news");

struct news *tell_begin(struct poller *poller, uint32_t index, enum news_kind kind)
{
	struct news *news = calloc(1, sizeof *news);
	if (!news)
		return NULL;
	const struct target *const target = &poller->targets[index];
	const uint8_t *const name = target_name(poller, target);
	const size_t len = name_length(name);
	news->kind = kind;
	news->point = poller_point_number(poller, index);
	news->rrtype = target_group(poller, target)->rrtype;
	snprintf(news->view, sizeof news->view, "%s",
		target_view(poller, target)->conf->name);
	news->domain = malloc(len);
	if (!news->domain) {
		free(news);
		return NULL;
	}
	memcpy(news->domain, name, len);
	return news;
}

/* Copies rather than moves: a round tells one answer more than once. */
void tell_answer(struct news *news, const struct answer *answer)
{
	const struct wire_summary *const summary = &answer->summary;
	news->state = summary->state;
	news->ttl = view_span_ttl(summary);
	if (mxset_copy(&answer->set, &news->set) != 0)
		news->incomplete = true;
	if (summary->alias_len == 0)
		return;
	news->alias = malloc(summary->alias_len);
	if (news->alias)
		memcpy(news->alias, summary->alias, summary->alias_len);
}

void tell_evidence(struct news *news, const struct channel_reply *reply, int64_t at)
{
	if (news->evidence_len == sizeof news->evidence / sizeof *news->evidence)
		return;
	uint8_t *const message = malloc(reply->len);
	if (!message)
		return;
	memcpy(message, reply->msg, reply->len);
	news->evidence[news->evidence_len++] = (struct news_evidence){
		.message = message,
		.len = reply->len,
		.server = reply->server,
		.at = at,
		.rtt_us = reply->rtt_us,
		.local_port = reply->local_port,
		.tcp = reply->tcp,
	};
}

void tell_end(struct poller *poller, struct news *news)
{
	if (!news || news->incomplete) {
		log_err("poller", "out of memory: something seen cannot be recorded");
		news_destroy(news);
		return;
	}
	news_queue_push(poller->options.news, news);
}

static struct news *gap_news(struct poller *poller, uint32_t index, enum news_kind kind,
	int64_t from, int64_t to, unsigned reason)
{
	struct news *news = tell_begin(poller, index, kind);
	if (!news)
		return NULL;
	news->from_at = from;
	news->at = to;
	news->reason = reason;
	return news;
}

void tell_server_gap(struct poller *poller, const struct deviant *deviant,
	enum news_kind kind, int64_t from, int64_t to, unsigned reason)
{
	struct news *news = gap_news(poller, deviant->target, kind, from, to, reason);
	if (news)
		news->server = deviant->server;
	tell_end(poller, news);
}

static struct news *bucket_news(
	struct poller *poller, uint32_t index, const struct bucket *bucket)
{
	struct news *news = tell_begin(poller, index, NEWS_BUCKET);
	if (!news)
		return NULL;
	news->bucket = *bucket;
	news->bucket.point = news->point;
	return news;
}

static struct news *noted_gap(
	struct poller *poller, uint32_t index, const struct target_notes *notes)
{
	switch (notes->gap) {
	case TARGET_GAP_NONE:
		break;
	case TARGET_GAP_OPEN:
		return gap_news(poller, index, NEWS_GAP_OPEN, notes->gap_from, 0,
			notes->gap_reason);
	case TARGET_GAP_CLOSE:
		return gap_news(poller, index, NEWS_GAP_CLOSE, 0, notes->gap_to, 0);
	case TARGET_GAP_ADD:
		return gap_news(poller, index, NEWS_GAP_ADD, notes->gap_from,
			notes->gap_to, notes->gap_reason);
	}
	return NULL;
}

void tell_with_notes(struct poller *poller, struct news *news, uint32_t index,
	const struct target_notes *notes)
{
	struct news *pieces[3];
	size_t len = 0;
	if (news)
		pieces[len++] = news;
	if (notes->bucket_full)
		pieces[len++] = bucket_news(poller, index, &notes->bucket);
	if (notes->gap != TARGET_GAP_NONE)
		pieces[len++] = noted_gap(poller, index, notes);
	for (size_t i = len; i-- > 1;) {
		if (!pieces[i] || !pieces[i - 1] || pieces[i - 1]->incomplete) {
			tell_end(poller, pieces[i]);
			continue;
		}
		pieces[i - 1]->next = pieces[i];
		pieces[i - 1]->joined = true;
	}
	if (len > 0)
		tell_end(poller, pieces[0]);
}

void tell_mark(struct poller *poller, enum news_kind kind)
{
	struct news *news = calloc(1, sizeof *news);
	if (news)
		news->kind = kind;
	tell_end(poller, news);
}

void tell_failure(
	struct poller *poller, uint32_t index, int64_t at, enum answer_state failure)
{
	struct target *const target = &poller->targets[index];
	if (target->flags & TARGET_DEAF)
		return;
	target->flags |= target->flags & TARGET_FAILED ? TARGET_DEAF : TARGET_FAILED;
	struct news *news = tell_begin(poller, index, NEWS_FAILURE);
	if (news) {
		news->at = at;
		news->state = failure;
	}
	tell_end(poller, news);
}

void tell_recovery(
	struct poller *poller, uint32_t index, int64_t at, int64_t not_before_at)
{
	struct target *const target = &poller->targets[index];
	if (!(target->flags & TARGET_FAILED))
		return;
	target->flags &= (uint16_t) ~(TARGET_FAILED | TARGET_DEAF);
	struct news *news = tell_begin(poller, index, NEWS_RECOVERY);
	if (news) {
		news->at = at;
		news->from_at = not_before_at;
	}
	tell_end(poller, news);
}

void tell_pulses(struct poller *poller, size_t block)
{
	struct news *news = calloc(1, sizeof *news);
	struct pulse *pulses = calloc(PULSE_BLOCK, sizeof *pulses);
	if (!news || !pulses) {
		free(news);
		free(pulses);
		return; /* the block stays dirty: it is told with the next flush */
	}
	const struct target *const first = &poller->targets[block * PULSE_BLOCK];
	for (size_t i = 0; i < PULSE_BLOCK; i++)
		if (first[i].name != 0)
			pulses[i] =
				target_pulse(&first[i], target_group(poller, &first[i]));
	news->kind = NEWS_PULSES;
	news->block = (int64_t)(block * poller->options.count + poller->options.index);
	news->pulses = pulses;
	news->pulses_len = PULSE_BLOCK;
	poller->dirty[block] = 0;
	tell_end(poller, news);
}

void tell_touch(struct poller *poller, const struct deviant *deviant)
{
	struct news *news = tell_begin(poller, deviant->target, NEWS_TOUCH);
	if (news) {
		news->server = deviant->server;
		news->final = deviant->pulse;
	}
	tell_end(poller, news);
}
