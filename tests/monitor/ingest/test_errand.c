/* SPDX-License-Identifier: MIT */
/* Both ends together: a source without a store asks one that has it, through JSON lines. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "monitor/ingest/errand.h"
#include "monitor/ingest/mailbox.h"
#include "monitor/ingest/reception.h"
#include "monitor/ingest/reply_rules.h"
#include "monitor/ingest/settings.h"
#include "monitor/ingest/source.h"
#include "monitor/log.h"
#include "monitor/operators.h"
#include "monitor/request.h"
#include "storage/feed.h"
#include "tests/storage/fixture.h"

struct lab {
	struct fixture *fixture;
	struct settings settings;
	char log[128];
	int written; /* lines */
	int asked;
	int fail_at; /* the request that gets no answer; 0: none */
	bool lose; /* it is carried out all the same */
	void (*before_commit)(struct lab *lab);
	size_t longest;
};

static int set_up(void **state)
{
	struct lab *lab = calloc(1, sizeof *lab);
	void *fixture = NULL;
	struct reply_rules_error error;
	struct operators_error why;
	log_set_level(LOG_LEVEL_ERR);
	if (lab == NULL || fixture_setup(&fixture) != 0 ||
		reply_rules_create(NULL, &lab->settings.rules, &error) != 0 ||
		operators_create(NULL, NULL, &lab->settings.operators, &why) != 0)
		return -1;
	lab->fixture = fixture;
	snprintf(lab->log, sizeof lab->log, "%s/mail.log", lab->fixture->dir);
	*state = lab;
	return 0;
}

static int tear_down(void **state)
{
	struct lab *lab = *state;
	void *fixture = lab->fixture;
	remove(lab->log);
	settings_finish(&lab->settings);
	int result = fixture_teardown(&fixture);
	free(lab);
	return result;
}

static json_t *through_text(struct lab *lab, json_t *value)
{
	assert_non_null(value);
	char *line = json_dumps(value, JSON_COMPACT);
	assert_non_null(line);
	const size_t len = strlen(line);
	assert_true(len < REQUEST_LINE_MAX);
	if (len > lab->longest)
		lab->longest = len;
	json_t *copy = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(copy);
	free(line);
	json_decref(value);
	return copy;
}

static int on_ask(void *owner, json_t *request, json_t **ret_answer)
{
	struct lab *lab = owner;
	struct reception_moved moved;
	const bool fails = ++lab->asked == lab->fail_at;
	void (*const before)(struct lab * lab) = lab->before_commit;
	request = through_text(lab, request);
	assert_true(reception_is_asked(request));
	if (before != NULL && json_object_get(request, "reports") != NULL) {
		lab->before_commit = NULL;
		before(lab);
	}
	if (fails && !lab->lose) {
		json_decref(request);
		return -EPIPE;
	}
	assert_int_equal(reception_apply(&lab->settings, lab->fixture->store, request, T0,
				 &moved, ret_answer),
		0);
	json_decref(request);
	*ret_answer = through_text(lab, *ret_answer);
	if (!fails)
		return 0;
	json_decref(*ret_answer);
	return -EPIPE;
}

static void write_lines(struct lab *lab, int lines)
{
	FILE *out = fopen(lab->log, "ae");
	assert_non_null(out);
	for (int i = 0; i < lines; i++, lab->written++)
		fprintf(out,
			"2026-01-02T03:%02d:%02d.000Z host postfix/smtp[7]: 4ABCDE%05X: "
			"to=<u%d@a.example>, relay=mx.a.example[192.0.2.1]:25, delay=1, "
			"delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)\n",
			lab->written / 60 % 60, lab->written % 60, (unsigned)lab->written,
			lab->written);
	fclose(out);
}

static int read_file(struct lab *lab, uint64_t *ret_lines)
{
	const struct errand_link link = {.owner = lab, .ask = on_ask};
	struct source *source;
	struct source_options options = {
		.intake = {.source = "test"},
		.format = READER_POSTFIX,
		.path = lab->log,
		.alone = true,
	};
	bool more = false;
	int error = 0;
	assert_int_equal(errand_create(&link, "test", false, &options.intake.errand), 0);
	assert_int_equal(source_create(&options, &source), 0);
	while (error == 0 && !source_is_done(source) && source_trouble(source) == 0)
		error = source_step(source, NULL, T0, 0, &more);
	if (error == 0)
		error = source_trouble(source);
	*ret_lines = source_counts(source)->lines;
	source_destroy(source);
	errand_destroy(options.intake.errand);
	return error;
}

static int64_t counted(struct lab *lab)
{
	return fixture_query(lab->fixture, "SELECT sum(count) FROM tally");
}

static void errand_has_a_file_counted_once(void **state)
{
	struct lab *lab = *state;
	uint64_t lines;
	write_lines(lab, 10000);
	assert_int_equal(read_file(lab, &lines), 0);
	assert_int_equal(lines, 10000);
	assert_int_equal(counted(lab), 10000);
	assert_true(lab->longest < 1024 * 1024);
	assert_int_equal(read_file(lab, &lines), 0);
	assert_int_equal(lines, 0);
	write_lines(lab, 5);
	assert_int_equal(read_file(lab, &lines), 0);
	assert_int_equal(lines, 5);
	assert_int_equal(counted(lab), 10005);
	assert_int_equal(fixture_query(lab->fixture, "SELECT count(*) FROM feed"), 1);
}

/* Whichever answer is missing, and whether or not its request was carried out. */
static void errand_loses_nothing_with_an_answer(void **state)
{
	struct lab *lab = *state;
	uint64_t lines;
	int all = 0;
	for (int round = 0; round < 2; round++) {
		lab->lose = round == 1;
		for (int fail_at = 1; fail_at < 8; fail_at++) {
			write_lines(lab, 3000);
			all += 3000;
			lab->asked = 0;
			lab->fail_at = fail_at;
			const int error = read_file(lab, &lines);
			assert_true(error == -EPIPE || lab->asked < fail_at);
			lab->fail_at = 0;
			assert_int_equal(read_file(lab, &lines), 0);
			assert_int_equal(counted(lab), all);
		}
	}
}

static void read_by_another(struct lab *lab)
{
	uint64_t lines;
	const int asked = lab->asked;
	assert_int_equal(read_file(lab, &lines), 0);
	lab->asked = asked;
}

static void errand_notices_who_reads_on_in_its_file(void **state)
{
	struct lab *lab = *state;
	uint64_t lines;
	int all = 0;
	for (int i = 0; i < 3;
		i++) { /* of a file that is new, and of one that is known */
		write_lines(lab, 100);
		all += 100;
		lab->before_commit = read_by_another;
		assert_int_equal(read_file(lab, &lines), -ESTALE);
		assert_int_equal(lines, 0); /* that count */
		assert_int_equal(read_file(lab, &lines), 0);
		assert_int_equal(counted(lab), all);
	}
}

static void errand_reads_a_mail_once(void **state)
{
	static const char mail[] =
		"From: MAILER-DAEMON@s.example\nMIME-Version: 1.0\nContent-Type: "
		"multipart/report; report-type=delivery-status; boundary=b\n\n--b\n"
		"Content-Type: message/delivery-status\n\nReporting-MTA: dns; s.example\n"
		"\nFinal-Recipient: rfc822; a@a.example\nAction: failed\n"
		"Status: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User unknown\n\n--b--\n";
	struct lab *lab = *state;
	const struct errand_link link = {.owner = lab, .ask = on_ask};
	struct intake_options options = {.source = "dsn", .mail = true};
	struct intake *intake;
	struct store_error error;
	FILE *out = fopen(lab->log, "we");
	assert_non_null(out);
	fputs(mail, out);
	fclose(out);
	assert_int_equal(errand_create(&link, "dsn", true, &options.errand), 0);
	assert_int_equal(intake_create(&options, &intake), 0);
	assert_int_equal(mailbox_read_file(intake, NULL, lab->log, T0, &error), 1);
	assert_int_equal(mailbox_read_file(intake, NULL, lab->log, T0, &error), 0);
	assert_int_equal(counted(lab), 1);
	lab->fail_at = lab->asked + 1;
	assert_int_equal(mailbox_read_file(intake, NULL, lab->log, T0, &error), -EPIPE);
	intake_destroy(intake);
	errand_destroy(options.errand);
}

static void errand_takes_reports_that_are_refused_there(void **state)
{
	struct lab *lab = *state;
	const struct errand_link link = {.owner = lab, .ask = on_ask};
	static struct report report = {.at = T0,
		.outcome = DELIVERY_DELIVERED,
		.count = 1,
		.recipient = "no domain"};
	struct intake_options options = {.source = "test"};
	struct intake *intake;
	struct store_error error;
	assert_int_equal(errand_create(&link, "test", false, &options.errand), 0);
	assert_int_equal(intake_create(&options, &intake), 0);
	intake_report(intake, NULL, &report);
	assert_int_equal(intake_len(intake), 1);
	assert_int_equal(intake_commit(intake, NULL, NULL, T0, &error), 0);
	assert_int_equal(intake_len(intake), 0);
	assert_int_equal(intake_refused(intake), 1);
	assert_int_equal(
		fixture_query(lab->fixture, "SELECT sum(count) FROM rejected"), 1);
	intake_destroy(intake);
	errand_destroy(options.errand);
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(errand_has_a_file_counted_once),
		LAB_TEST(errand_loses_nothing_with_an_answer),
		LAB_TEST(errand_notices_who_reads_on_in_its_file),
		LAB_TEST(errand_reads_a_mail_once),
		LAB_TEST(errand_takes_reports_that_are_refused_there),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
