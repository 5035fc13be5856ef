/* SPDX-License-Identifier: MIT */
#include "monitor/backtest/backtest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/backtest/acquaintance.h"
#include "monitor/backtest/kept.h"
#include "monitor/backtest/mails.h"
#include "monitor/backtest/past.h"
#include "monitor/decide/decide.h"
#include "resolvers/name.h"

#define PROGRESS_MAILS 65536
#define INTERVAL_USUAL_MS INT64_C(300000)

struct backtest {
	const struct backtest_options *options;
	struct decide *decide; /* owned */
	struct acquaintances *recipients; /* owned */
	struct kept *kept; /* owned */
	size_t next; /* event of the past */
	uint64_t mails;
	int64_t at;
};

static int make_views(struct backtest *backtest)
{
	const struct past *past = backtest->options->past;
	const char *ours = backtest->options->authoritative;
	for (unsigned i = 0; i < past->views_len; i++) {
		const struct past_view *view = &past->views[i];
		const int number = decide_view(backtest->decide, view->name,
			ours != NULL && strcmp(ours, view->name) == 0,
			view->interval_ms > 0 ? view->interval_ms : INTERVAL_USUAL_MS);
		if (number < 0)
			return number;
	}
	return 0;
}

static int tell_event(struct backtest *backtest, const struct past_event *event)
{
	char host[NAME_TEXT_MAX];
	switch ((enum past_kind)event->kind) {
	case PAST_ADDRESS:
		return decide_address(backtest->decide, name_format(event->domain, host),
			&event->address);
	case PAST_FAILURE:
		return decide_failure(
			backtest->decide, event->domain, (int)event->view, event->at);
	case PAST_ANSWER:
		break;
	}
	const struct decide_answer answer = {
		.domain = event->domain,
		.view = (int)event->view,
		.at = event->at,
		.not_before_at = event->not_before_at,
		.state = (enum answer_state)event->state,
		.set = event->set,
	};
	return decide_answer(backtest->decide, &answer);
}

static int tell_past(struct backtest *backtest, int64_t until)
{
	const struct past *past = backtest->options->past;
	int err = 0;
	while (err == 0 && backtest->next < past->len &&
		past->events[backtest->next].at <= until) {
		const struct past_event *event = &past->events[backtest->next++];
		err = tell_event(backtest, event);
		if (event->last_at > backtest->at)
			backtest->at = event->last_at;
	}
	return err;
}

static int remember(struct backtest *backtest, const struct mail *mail,
	const struct acquaintance *known)
{
	if (mail->outcome == DELIVERY_DELIVERED && mail->remote)
		acquaintances_accepted(backtest->recipients, known);
	if (mail->outcome == DELIVERY_DEFERRED)
		acquaintances_deferred(backtest->recipients, known, mail->at);
	if (mail->outcome == DELIVERY_BOUNCED && mail->remote)
		return acquaintances_refused(
			backtest->recipients, known, mail->recipient);
	return 0;
}

static int tell_mail(struct backtest *backtest, const struct mail *mail)
{
	struct acquaintance known = {.accepted = false};
	const bool named = *mail->recipient != '\0';
	int err = tell_past(backtest, mail->at);
	if (mail->soon != NULL)
		acquaintances_expect(backtest->recipients, mail->soon);
	if (err == 0 && named)
		err = acquaintances_meet(
			backtest->recipients, mail->hash, mail->at, &known);
	const struct decide_delivery delivery = {
		.domain = mail->domain,
		.at = mail->at,
		.outcome = mail->outcome,
		.reason = mail->reason,
		.remote = mail->remote,
		.fresh = !known.deferred,
		.accepted_before = known.accepted,
		.refused_before = known.refused,
		.hash = named ? known.hash : NULL,
		.relay_host = mail->relay_host,
		.relay_ip = mail->relay_ip,
		.missing = mail->missing,
	};
	for (unsigned i = 0; err == 0 && i < mail->count; i++)
		err = decide_delivery(backtest->decide, &delivery);
	if (err == 0 && named)
		err = remember(backtest, mail, &known);
	if (mail->at > backtest->at)
		backtest->at = mail->at;
	return err;
}

static int tell_all(struct backtest *backtest, const char **ret_path)
{
	const struct backtest_options *options = backtest->options;
	struct mail mail;
	int err = 0;
	while (err == 0 && (err = mails_next(options->mails, &mail, ret_path)) > 0) {
		err = tell_mail(backtest, &mail);
		if (++backtest->mails % PROGRESS_MAILS != 0 || err < 0)
			continue;
		err = decide_take(backtest->decide, kept_incident, backtest->kept);
		if (options->on_progress != NULL)
			options->on_progress(
				options->owner, backtest->mails, backtest->at);
	}
	if (err == 0)
		err = tell_past(backtest, INT64_MAX);
	if (err == 0)
		err = decide_advance(backtest->decide, backtest->at);
	if (err == 0)
		err = decide_take(backtest->decide, kept_incident, backtest->kept);
	return err;
}

int backtest_run(const struct backtest_options *options, struct backtest **ret_backtest,
	const char **ret_path)
{
	const struct decide_options deciding = {
		.operators = options->operators,
		.false_alarms_per_year = options->false_alarms_per_year,
	};
	struct backtest *backtest = calloc(1, sizeof *backtest);
	if (backtest == NULL)
		return -ENOMEM;
	backtest->options = options;
	int err = decide_create(&deciding, &backtest->decide);
	if (err == 0)
		err = acquaintances_create(&backtest->recipients);
	if (err == 0)
		err = kept_create(backtest->recipients, &backtest->kept);
	if (err == 0)
		err = make_views(backtest);
	if (err == 0)
		err = tell_all(backtest, ret_path);
	if (err == 0)
		err = kept_settle(backtest->kept);
	if (err < 0) {
		backtest_destroy(backtest);
		return err;
	}
	backtest->options = NULL;
	*ret_backtest = backtest;
	return 0;
}

void backtest_destroy(struct backtest *backtest)
{
	if (backtest == NULL)
		return;
	kept_destroy(backtest->kept);
	acquaintances_destroy(backtest->recipients);
	decide_destroy(backtest->decide);
	free(backtest);
}

int backtest_each(const struct backtest *backtest, backtest_incident_fn fn, void *owner)
{
	return kept_each(backtest->kept, fn, owner);
}

uint64_t backtest_mails(const struct backtest *backtest)
{
	return backtest->mails;
}
