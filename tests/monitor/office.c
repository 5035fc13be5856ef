/* SPDX-License-Identifier: MIT */
#include "tests/monitor/office.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/ingest/intake.h"
#include "monitor/ingest/reply_rules.h"
#include "monitor/operators.h"
#include "resolvers/name.h"
#include "storage/incidents.h"

static const uint8_t key[DELIVERIES_KEY] = "not a secret, but long enough...";

static void open_books(struct office *office, int64_t now)
{
	struct desk *const desk = office->desk;
	assert_int_equal(casebook_create(desk->fixture->store, &office->conf, now,
				 &office->casebook),
		0);
	const struct recorder_options recorder = {
		.store = desk->fixture->store,
		.queue = desk->queue,
		.run = desk->run,
		.casebook = office->casebook,
	};
	recorder_destroy(desk->recorder);
	assert_int_equal(recorder_create(&recorder, &desk->recorder), 0);
	const struct intake_options intake = {
		.source = "log",
		.rules = office->rules,
		.operators = office->operators,
		.key = key,
		.keep = DELIVERIES_KEEP_INCIDENT,
		.casebook = office->casebook,
	};
	assert_int_equal(intake_create(&intake, &office->intake), 0);
}

static void close_books(struct office *office)
{
	intake_destroy(office->intake);
	casebook_destroy(office->casebook);
}

static void make_conf(struct office *office)
{
	static char own[] = "own";
	static char mta[] = "mta";
	static size_t both[] = {0, 1};
	office->views[0] = (struct conf_view){.name = own};
	office->views[1] = (struct conf_view){.name = mta, .kind = CONF_VIEW_RECURSIVE};
	office->watch =
		(struct conf_watch){.interval_ms = MINUTE, .views = both, .views_len = 2};
	office->conf = (struct conf){
		.views = office->views,
		.views_len = 2,
		.watches = &office->watch,
		.watches_len = 1,
	};
}

int office_setup(void **state)
{
	struct office *office = calloc(1, sizeof *office);
	struct reply_rules_error rules_error;
	struct operators_error error;
	void *desk;
	assert_non_null(office);
	desk_setup(&desk);
	office->desk = desk;
	make_conf(office);
	assert_int_equal(reply_rules_create(NULL, &office->rules, &rules_error), 0);
	assert_int_equal(operators_create(NULL, NULL, &office->operators, &error), 0);
	open_books(office, T0);
	*state = office;
	return 0;
}

int office_teardown(void **state)
{
	struct office *office = *state;
	void *desk = office->desk;
	recorder_destroy(office->desk->recorder);
	office->desk->recorder = NULL;
	close_books(office);
	reply_rules_destroy(office->rules);
	operators_destroy(office->operators);
	free(office);
	return desk_teardown(&desk);
}

void office_restart(struct office *office)
{
	close_books(office);
	open_books(office, office->now);
}

void office_restart_in_peace(struct office *office)
{
	casebook_flush(office->casebook, office->now);
	office_restart(office);
}

/* --- the DNS --- */

static struct news *make_news(struct office *office, enum news_kind kind,
	const char *view, const char *domain, int64_t at)
{
	const uint8_t *name = wire(domain);
	struct news *news = calloc(1, sizeof *news);
	assert_non_null(news);
	news->kind = kind;
	news->point = fixture_point(office->desk->fixture, domain, view);
	snprintf(news->view, sizeof news->view, "%s", view);
	news->domain = malloc(name_length(name));
	assert_non_null(news->domain);
	memcpy(news->domain, name, name_length(name));
	news->at = at;
	news->ttl = 300;
	return news;
}

static void record(struct office *office, struct news *news)
{
	const int64_t at = office->now = news->at;
	news_queue_push(office->desk->queue, news);
	assert_int_equal(recorder_write(office->desk->recorder, at), 0);
}

/* Whether the view said something before; the last poll of that is a minute ago. */
static bool said_something(struct office *office, int64_t point)
{
	struct mxset set = {0};
	enum answer_state state = ANSWER_NONE;
	history_open_answer(office->desk->fixture->store, point, NULL, &state, &set);
	mxset_finish(&set);
	return state != ANSWER_NONE;
}

void office_view_says(struct office *office, const char *view, const char *domain,
	const char *answer, int64_t at)
{
	struct news *news = make_news(office, NEWS_SPAN, view, domain, at);
	const struct answer_value value = answer_of(answer);
	news->state = value.state;
	assert_int_equal(mxset_copy(value.set, &news->set), 0);
	if (said_something(office, news->point)) {
		news->kind = NEWS_CHANGE;
		news->from_at = at - MINUTE;
		news->by = CONFIRMED_TCP;
		news->confirmed_at = at;
		news->final = (struct pulse){.last_at = at - MINUTE,
			.confirmed_at = at - MINUTE,
			.polls = 2,
			.ttl_min = 300,
			.ttl_max = 300};
	}
	record(office, news);
}

void office_say(struct office *office, const char *domain, const char *answer, int64_t at)
{
	office_view_says(office, "own", domain, answer, at);
	office_view_says(office, "mta", domain, answer, at);
}

void office_fail(struct office *office, const char *view, const char *domain, int64_t at)
{
	struct news *news = make_news(office, NEWS_FAILURE, view, domain, at);
	news->state = ANSWER_SERVFAIL;
	record(office, news);
}

void office_recover(
	struct office *office, const char *view, const char *domain, int64_t at)
{
	record(office, make_news(office, NEWS_RECOVERY, view, domain, at));
}

void office_gap(struct office *office, enum news_kind kind, const char *view,
	const char *domain, int64_t at)
{
	struct news *news = make_news(office, kind, view, domain, at);
	news->from_at = at - MINUTE;
	news->reason = ANSWER_SERVFAIL;
	record(office, news);
}

/* --- mail --- */

void office_report(struct office *office, const struct report *report)
{
	struct store *const store = office->desk->fixture->store;
	struct store_error error;
	office->now = report->at;
	intake_report(office->intake, store, report);
	assert_int_equal(
		intake_commit(office->intake, store, NULL, report->at, &error), 0);
}

void office_mail(struct office *office, int64_t at, const char *recipient,
	const char *host, const char *reply)
{
	struct report report = {
		.at = at,
		.outcome = reply ? DELIVERY_BOUNCED : DELIVERY_DELIVERED,
		.origin = REPORT_REMOTE,
		.stage = REPORT_STAGE_RCPT,
		.count = 1,
		.code = reply ? 550 : 250,
	};
	snprintf(report.recipient, sizeof report.recipient, "%s", recipient);
	snprintf(report.relay_host, sizeof report.relay_host, "%s", host);
	snprintf(report.text, sizeof report.text, "%s", reply ? reply : "250 ok");
	snprintf(report.status, sizeof report.status, "%s", reply ? "5.1.1" : "2.0.0");
	snprintf(report.id, sizeof report.id, "%u", ++office->mails);
	office_report(office, &report);
}

void office_everyday(struct office *office, const char *domain, const char *host,
	int64_t from, int64_t to)
{
	char recipient[300];
	int turn = 0;
	for (int64_t at = from; at < to; at += 10 * MINUTE) {
		snprintf(recipient, sizeof recipient, "person%d@%s", turn++ % 20, domain);
		office_mail(office, at, recipient, host, NULL);
	}
}

/* --- what comes of it --- */

static void put_names(char *text, const char *names)
{
	for (size_t i = strlen(text); *names != '\0'; names++) {
		text[i++] = *names == '\n' ? ',' : *names;
		text[i] = '\0';
	}
}

static int on_incident(void *owner, const struct incident *incident)
{
	char *text = owner;
	sprintf(text + strlen(text), "%d %s %s %d/%d ", (int)incident->number,
		incident_kind_name(incident->kind), incident_state_name(incident->state),
		(int)incident->bounces, (int)incident->recipients);
	put_names(text, incident->from_operators);
	strcat(text, ">");
	put_names(text, incident->to_operators);
	strcat(text, "; ");
	return 0;
}

const char *office_incidents(struct office *office)
{
	static char text[8192];
	const struct incidents_filter filter = {.most = 50};
	text[0] = '\0';
	assert_int_equal(
		incidents_each(office->desk->fixture->store, &filter, on_incident, text),
		0);
	return text;
}
