/* SPDX-License-Identifier: MIT */
/* The same days, lived through and replayed: the running monitor finds what backtest finds. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "alerts/incident_json.h"
#include "monitor/backtest/backtest.h"
#include "monitor/backtest/mails.h"
#include "monitor/backtest/past.h"
#include "monitor/ingest/intake.h"
#include "monitor/ingest/reader.h"
#include "resolvers/name.h"
#include "storage/incidents.h"
#include "storage/instant.h"
#include "tests/monitor/office.h"

#define FACTS 8192
#define START INT64_C(1780272000000) /* a Monday */
#define END (9 * DAY)
#define IONOS "10 mx00.kundenserver.de 10 mx01.kundenserver.de"
#define ICLOUD "10 mx01.mail.icloud.com 10 mx02.mail.icloud.com"
#define UNKNOWN "550 5.1.1 user does not exist"

/* Something that happens; a line of a log, or what a view says. */
struct fact {
	int64_t at;
	int order;
	const char *view; /* NULL: mail */
	const char *domain;
	const char *answer; /* NULL: a failed poll */
	bool again; /* the same answer as before failures */
	char *line; /* owned */
};

struct world {
	struct fact facts[FACTS];
	int len;
	FILE *rows; /* of the DNS, for backtest */
};

static struct fact *add(struct world *world, int64_t at)
{
	assert_true(world->len < FACTS);
	struct fact *fact = &world->facts[world->len];
	*fact = (struct fact){.at = START + at, .order = world->len++};
	return fact;
}

/* --- the DNS --- */

static void write_row(struct world *world, const char *view, const char *domain,
	int64_t from, int64_t to, const char *answer)
{
	const struct answer_value value = answer_of(answer);
	const long long count = (to - from) / MINUTE > 0 ? (to - from) / MINUTE : 1;
	char name[NAME_TEXT_MAX];
	fprintf(world->rows, "{\"rrname\":\"%s.\",\"rrtype\":\"MX\",\"rdata\":[", domain);
	for (size_t i = 0; i < value.set->len; i++)
		fprintf(world->rows, "%s\"%u %s.\"", i > 0 ? "," : "",
			value.set->hosts[i].preference,
			name_format(value.set->hosts[i].exchange, name));
	fprintf(world->rows, "],\"time_first\":%lld,\"time_last\":%lld,\"count\":%lld,",
		(long long)(START + from) / 1000,
		(long long)(START + (count > 1 ? to - MINUTE : from)) / 1000, count);
	if (value.state == ANSWER_NXDOMAIN)
		fprintf(world->rows, "\"x_rcode\":\"NXDOMAIN\",");
	fprintf(world->rows, "\"sensor_id\":\"%s\"}\n", view);
}

static void say(struct world *world, const char *view, const char *domain, int64_t from,
	int64_t to, const char *answer, bool again)
{
	struct fact *fact = add(world, from);
	fact->view = view;
	fact->domain = domain;
	fact->answer = answer;
	fact->again = again;
	write_row(world, view, domain, from, to, answer);
}

static void both_say(struct world *world, const char *domain, int64_t from, int64_t to,
	const char *answer)
{
	say(world, "own", domain, from, to, answer, false);
	say(world, "mta", domain, from, to, answer, false);
}

/* Polls that fail, one a minute; the first two are told. */
static void go_deaf(struct world *world, const char *view, const char *domain,
	int64_t from, int64_t to)
{
	for (int64_t at = from; at < to; at += MINUTE) {
		fprintf(world->rows,
			"{\"rrname\":\"%s.\",\"rrtype\":\"MX\",\"rdata\":[],"
			"\"x_rcode\":\"SERVFAIL\",\"time_first\":%lld,\"time_last\":%lld,"
			"\"count\":1,\"sensor_id\":\"%s\"}\n",
			domain, (long long)(START + at) / 1000,
			(long long)(START + at) / 1000, view);
		if (at >= from + 2 * MINUTE)
			continue;
		struct fact *fact = add(world, at);
		fact->view = view;
		fact->domain = domain;
	}
}

/* --- mail --- */

static void mail(struct world *world, int64_t at, const char *recipient, const char *host,
	const char *reply)
{
	char when[INSTANT_TEXT_MAX];
	struct fact *fact = add(world, at);
	instant_format(fact->at, when);
	assert_true(asprintf(&fact->line,
			    "%.23s+00:00 mail postfix/smtp[7]: 4BCDF%dX: to=<%s>, "
			    "relay=%s[192.0.2.%d]:25, delay=1, delays=0/0/0/1, dsn=%s, "
			    "status=%s\n",
			    when, fact->order, recipient, host,
			    (int)(host[3] + host[strlen(host) - 5]) % 200,
			    reply ? "5.1.1" : "2.0.0",
			    reply ? "bounced (host x[192.0.2.1] said: " UNKNOWN
				    " (in reply to RCPT TO command))"
				  : "sent (250 2.0.0 Ok)") > 0);
}

/* To 20 people in turn; each 40th mail to somebody who is not there. */
static void everyday(struct world *world, const char *domain, const char *host,
	int64_t from, int64_t to)
{
	char recipient[128];
	int turn = 0;
	for (int64_t at = from + SECOND; at < to; at += 20 * MINUTE, turn++) {
		const bool nobody = turn % 40 == 39;
		snprintf(recipient, sizeof recipient, "%s%d@%s",
			nobody ? "nobody" : "person", turn % 20, domain);
		mail(world, at, recipient, host, nobody ? UNKNOWN : NULL);
	}
}

static void bounce(struct world *world, const char *domain, const char *host,
	int64_t from, int count)
{
	char recipient[128];
	for (int i = 0; i < count; i++) {
		snprintf(recipient, sizeof recipient, "person%d@%s", i % 12, domain);
		mail(world, from + i * 7 * MINUTE, recipient, host, UNKNOWN);
	}
}

/* Moved for half a day, and back; another that moves to stay; one whose hosts refuse everybody; one
 * that cannot be looked up; one that is looked at and quiet. */
static void make_world(struct world *world)
{
	const int64_t away = 5 * DAY + 3 * HOUR;
	const int64_t back = away + 11 * HOUR;
	both_say(world, "online.de", 0, away, IONOS);
	both_say(world, "online.de", away, back, ICLOUD);
	both_say(world, "online.de", back, END, IONOS);
	everyday(world, "online.de", "mx00.kundenserver.de", 0, away);
	bounce(world, "online.de", "mx01.mail.icloud.com", away + 90 * SECOND, 24);
	everyday(world, "online.de", "mx01.kundenserver.de", back + HOUR, END);
	both_say(world, "moves.example", 0, 4 * DAY, IONOS);
	both_say(world, "moves.example", 4 * DAY, END, ICLOUD);
	everyday(world, "moves.example", "mx00.kundenserver.de", 0, 4 * DAY);
	everyday(world, "moves.example", "mx02.mail.icloud.com", 4 * DAY + HOUR, END);
	both_say(world, "refuses.example", 0, END, "10 mx.refuses.example");
	everyday(world, "refuses.example", "mx.refuses.example", 0, 6 * DAY);
	bounce(world, "refuses.example", "mx.refuses.example", 6 * DAY, 30);
	everyday(world, "refuses.example", "mx.refuses.example", 6 * DAY + 6 * HOUR, END);
	both_say(world, "quiet.example", 0, END, "10 mx.quiet.example");
	everyday(world, "quiet.example", "mx.quiet.example", 0, END);
	both_say(world, "lost.example", 0, 7 * DAY, "10 mx.lost.example");
	everyday(world, "lost.example", "mx.lost.example", 0, 7 * DAY);
	for (int i = 0; i < 2; i++) {
		const char *view = i == 0 ? "own" : "mta";
		go_deaf(world, view, "lost.example", 7 * DAY, 7 * DAY + 2 * HOUR);
		say(world, view, "lost.example", 7 * DAY + 2 * HOUR, END,
			"10 mx.lost.example", true);
	}
}

static int by_time(const void *a, const void *b)
{
	const struct fact *first = a;
	const struct fact *second = b;
	if (first->at != second->at)
		return first->at < second->at ? -1 : 1;
	if (!first->view != !second->view) /* views before mail */
		return first->view ? -1 : 1;
	return first->order < second->order ? -1 : 1;
}

static struct world *open_world(const char *rows_path, const char *log_path)
{
	struct world *world = calloc(1, sizeof *world);
	assert_non_null(world);
	world->rows = fopen(rows_path, "w");
	assert_non_null(world->rows);
	make_world(world);
	fclose(world->rows);
	qsort(world->facts, (size_t)world->len, sizeof world->facts[0], by_time);
	FILE *log = fopen(log_path, "w");
	assert_non_null(log);
	for (int i = 0; i < world->len; i++)
		if (world->facts[i].line)
			fputs(world->facts[i].line, log);
	fclose(log);
	return world;
}

static void close_world(struct world *world)
{
	for (int i = 0; i < world->len; i++)
		free(world->facts[i].line);
	free(world);
}

/* --- replayed --- */

static void on_refused(void *owner, uint64_t line, const char *why)
{
	(void)owner;
	fail_msg("line %d: %s", (int)line, why);
}

static void put_incident(FILE *out, const struct incident *incident)
{
	struct incident shown = *incident;
	if (shown.kind_at_open == 0)
		shown.kind_at_open = shown.kind;
	json_t *row = incident_json("-", &shown);
	char *text = json_dumps(row, JSON_COMPACT | JSON_SORT_KEYS);
	assert_non_null(text);
	fprintf(out, "%s\n", text);
	free(text);
	json_decref(row);
}

static int put_recipient(void *owner, const struct incident_recipient *recipient)
{
	fprintf(owner, "  %s %s %d %d\n", recipient->address ? recipient->address : "?",
		recipient->relay_host, (int)recipient->bounces, (int)recipient->advice);
	return 0;
}

static int on_replayed(void *owner, const struct incident *incident,
	const struct incident_recipient *recipients, size_t recipients_len)
{
	put_incident(owner, incident);
	for (size_t i = 0; i < recipients_len; i++)
		put_recipient(owner, &recipients[i]);
	return 0;
}

static void replay(struct office *office, const char *rows, const char *log, FILE *out)
{
	struct past past;
	struct mails *mails;
	struct backtest *backtest;
	const char *path;
	const struct mails_options reading = {.rules = office->rules, .now = START + END};
	past_init(&past);
	assert_int_equal(past_read(&past, rows, on_refused, NULL), 0);
	past_settle(&past);
	assert_int_equal(mails_create(&reading, &mails), 0);
	assert_int_equal(mails_add(mails, log, READER_POSTFIX), 0);
	const struct backtest_options options = {
		.operators = office->operators,
		.past = &past,
		.mails = mails,
		.authoritative = "own",
	};
	assert_int_equal(backtest_run(&options, &backtest, &path), 0);
	assert_int_equal(backtest_each(backtest, on_replayed, out), 0);
	backtest_destroy(backtest);
	mails_destroy(mails);
	past_finish(&past);
}

/* --- lived through --- */

struct life {
	struct office *office;
	struct reader *reader;
};

static void on_report(void *owner, const struct report *report)
{
	const struct life *life = owner;
	office_report(life->office, report);
}

static void on_rejected(void *owner, const struct reader_rejected *rejected)
{
	(void)owner;
	fail_msg("%s", rejected->why);
}

static void look(struct office *office, const struct fact *fact)
{
	if (!fact->answer) {
		office_fail(office, fact->view, fact->domain, fact->at);
		office_gap(office, NEWS_GAP_OPEN, fact->view, fact->domain, fact->at);
	} else if (fact->again) {
		office_recover(office, fact->view, fact->domain, fact->at);
		office_gap(office, NEWS_GAP_CLOSE, fact->view, fact->domain, fact->at);
	} else {
		office_view_says(
			office, fact->view, fact->domain, fact->answer, fact->at);
	}
}

static void live(struct office *office, const struct world *world, int restart_every)
{
	struct life life = {.office = office};
	const struct reader_sink sink = {&life, on_report, on_rejected};
	const struct reader_options reading = {.reference_at = START + END};
	assert_int_equal(reader_create(READER_POSTFIX, &reading, &sink, &life.reader), 0);
	for (int i = 0; i < world->len; i++) {
		const struct fact *fact = &world->facts[i];
		casebook_tick(office->casebook, fact->at);
		if (fact->line)
			reader_feed(life.reader, fact->line, strlen(fact->line));
		else
			look(office, fact);
		if (restart_every > 0 && i % restart_every == restart_every - 1)
			office_restart_in_peace(office);
	}
	reader_destroy(life.reader);
	casebook_tick(office->casebook, START + END + CASEBOOK_LAG_MS);
}

struct listing {
	struct store *store;
	FILE *out;
};

static int on_stored(void *owner, const struct incident *incident)
{
	const struct listing *listing = owner;
	put_incident(listing->out, incident);
	return incidents_recipients(
		listing->store, incident->number, 0, put_recipient, listing->out);
}

static void compare(struct office *office, int restart_every)
{
	char rows[128];
	char log[128];
	char *replayed;
	char *lived;
	size_t len;
	snprintf(rows, sizeof rows, "%s/rows", office->desk->fixture->dir);
	snprintf(log, sizeof log, "%s/mail", office->desk->fixture->dir);
	struct world *world = open_world(rows, log);
	FILE *out = open_memstream(&replayed, &len);
	replay(office, rows, log, out);
	fclose(out);
	out = open_memstream(&lived, &len);
	live(office, world, restart_every);
	struct listing listing = {office->desk->fixture->store, out};
	const struct incidents_filter filter = {.most = 0};
	assert_int_equal(incidents_each(listing.store, &filter, on_stored, &listing), 0);
	fclose(out);
	assert_string_equal(lived, replayed);
	assert_non_null(strstr(lived, "transient-hijack"));
	assert_non_null(strstr(lived, "\"migration\""));
	assert_non_null(strstr(lived, "receiver-fault"));
	assert_non_null(strstr(lived, "dns-outage"));
	assert_null(strstr(lived, "quiet.example"));
	free(replayed);
	free(lived);
	close_world(world);
	remove(rows);
	remove(log);
}

static void casebook_finds_what_a_replay_finds(void **state)
{
	compare(*state, 0);
}

static void casebook_finds_the_same_with_many_restarts(void **state)
{
	compare(*state, 37);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(casebook_finds_what_a_replay_finds,
			office_setup, office_teardown),
		cmocka_unit_test_setup_teardown(
			casebook_finds_the_same_with_many_restarts, office_setup,
			office_teardown),
	};
	return cmocka_run_group_tests_name("casebook_past", tests, NULL, NULL);
}
