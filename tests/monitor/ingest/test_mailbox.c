/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/clock.h"
#include "monitor/ingest/mailbox.h"
#include "monitor/ingest/reply_rules.h"
#include "monitor/log.h"
#include "monitor/operators.h"
#include "tests/storage/fixture.h"

#define LOOK_MS 2000 /* at most, between two looks */

struct lab {
	struct fixture *fixture;
	struct reply_rules *rules;
	struct operators *operators;
	struct mailbox *mailbox;
	char path[128];
	uint64_t mono_ms;
	int written;
};

static void make_folder(const struct lab *lab, const char *name)
{
	char path[192];
	snprintf(path, sizeof path, "%s%s", lab->path, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static struct intake_options options_of(const struct lab *lab)
{
	static const uint8_t key[DELIVERIES_KEY] = {1};
	return (struct intake_options){.source = "box",
		.rules = lab->rules,
		.operators = lab->operators,
		.key = key,
		.mail = true};
}

static void open_mailbox(struct lab *lab)
{
	const struct intake_options options = options_of(lab);
	mailbox_destroy(lab->mailbox);
	assert_int_equal(mailbox_create(&options, lab->path, &lab->mailbox), 0);
}

static int set_up(void **state)
{
	struct lab *lab = calloc(1, sizeof *lab);
	void *fixture = NULL;
	struct reply_rules_error error;
	struct operators_error why;
	log_set_level(LOG_LEVEL_ERR);
	if (lab == NULL || fixture_setup(&fixture) != 0 ||
		reply_rules_create(NULL, &lab->rules, &error) != 0 ||
		operators_create(NULL, NULL, &lab->operators, &why) != 0)
		return -1;
	lab->fixture = fixture;
	snprintf(lab->path, sizeof lab->path, "%s/box", lab->fixture->dir);
	make_folder(lab, "");
	make_folder(lab, "/new");
	make_folder(lab, "/cur");
	open_mailbox(lab);
	*state = lab;
	return 0;
}

static int on_file(const char *path, const struct stat *found, int kind, struct FTW *ftw)
{
	(void)found;
	(void)kind;
	(void)ftw;
	return remove(path);
}

static int tear_down(void **state)
{
	struct lab *lab = *state;
	void *fixture = lab->fixture;
	mailbox_destroy(lab->mailbox);
	reply_rules_destroy(lab->rules);
	operators_destroy(lab->operators);
	nftw(lab->path, on_file, 8, FTW_DEPTH | FTW_PHYS);
	int result = fixture_teardown(&fixture);
	free(lab);
	return result;
}

static void put_text(const struct lab *lab, const char *name, const char *text)
{
	char path[192];
	snprintf(path, sizeof path, "%s/%s", lab->path, name);
	FILE *out = fopen(path, "we");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
}

/* A bounce of a recipient of its own. */
static void put_bounce(struct lab *lab, const char *name)
{
	char text[1024];
	snprintf(text, sizeof text,
		"From: MAILER-DAEMON@s.example\nMIME-Version: 1.0\nContent-Type: "
		"multipart/report; report-type=delivery-status; boundary=b\n\n--b\n"
		"Content-Type: message/delivery-status\n\nReporting-MTA: dns; "
		"s.example\n\nFinal-Recipient: rfc822; u%d@a.example\n"
		"Action: failed\nStatus: 5.1.1\nDiagnostic-Code: smtp; 550 5.1.1 User "
		"unknown\n\n--b--\n",
		lab->written++);
	put_text(lab, name, text);
}

static int step(struct lab *lab, bool *ret_more)
{
	lab->mono_ms += LOOK_MS;
	return mailbox_step(lab->mailbox, lab->fixture->store, clock_read().wall_ms,
		lab->mono_ms, ret_more);
}

static void look(struct lab *lab)
{
	bool more = true;
	while (more)
		assert_int_equal(step(lab, &more), 0);
}

static int64_t counted(const struct lab *lab)
{
	return fixture_query(lab->fixture, "SELECT ifnull(sum(count), 0) FROM tally");
}

static int64_t refused(const struct lab *lab)
{
	return fixture_query(lab->fixture, "SELECT ifnull(sum(count), 0) FROM rejected");
}

static void move(const struct lab *lab, const char *from, const char *to)
{
	char old[192];
	char new[192];
	snprintf(old, sizeof old, "%s/%s", lab->path, from);
	snprintf(new, sizeof new, "%s/%s", lab->path, to);
	assert_int_equal(rename(old, new), 0);
}

static void mailbox_reads_each_mail_once(void **state)
{
	struct lab *lab = *state;
	look(lab);
	assert_int_equal(counted(lab), 0);
	put_bounce(lab, "new/1.host");
	put_bounce(lab, "cur/2.host:2,RS");
	look(lab);
	assert_int_equal(counted(lab), 2);
	move(lab, "new/1.host", "cur/1.host:2,");
	move(lab, "cur/2.host:2,RS", "cur/2.host:2,S");
	put_bounce(lab, "new/3.host");
	look(lab);
	assert_int_equal(counted(lab), 3);
	open_mailbox(lab); /* a restart */
	look(lab);
	assert_int_equal(counted(lab), 3);
	assert_int_equal(refused(lab), 0);
}

static void mailbox_passes_over_what_is_no_mail_of_it(void **state)
{
	struct lab *lab = *state;
	char target[192];
	char link[192];
	put_bounce(lab, "outside");
	put_bounce(lab, "new/.hidden");
	make_folder(lab, "/new/folder");
	put_bounce(lab, "new/folder/1.host");
	snprintf(target, sizeof target, "%s/outside", lab->path);
	snprintf(link, sizeof link, "%s/new/link", lab->path);
	assert_int_equal(symlink(target, link), 0);
	look(lab);
	assert_int_equal(counted(lab), 0);
}

static void mailbox_refuses_a_letter_once(void **state)
{
	struct lab *lab = *state;
	put_text(lab, "new/1.host", "Subject: hello\n\nHow are you?\n");
	put_text(lab, "new/2.host", "");
	look(lab);
	assert_int_equal(counted(lab), 0);
	assert_int_equal(refused(lab), 2);
	put_bounce(lab, "new/3.host");
	open_mailbox(lab);
	look(lab);
	assert_int_equal(counted(lab), 1);
	assert_int_equal(refused(lab), 2);
}

static void mailbox_reads_a_bounded_number_at_once(void **state)
{
	struct lab *lab = *state;
	bool more;
	int steps = 0;
	char name[32];
	for (int i = 0; i < 250; i++) {
		snprintf(name, sizeof name, "new/%d.host", i);
		put_bounce(lab, name);
	}
	do {
		const int64_t before = counted(lab);
		assert_int_equal(step(lab, &more), 0);
		assert_in_range(counted(lab) - before, 1, 100);
		steps++;
	} while (more);
	assert_int_equal(counted(lab), 250);
	assert_int_equal(steps, 3);
}

static void mailbox_looks_now_and_then(void **state)
{
	struct lab *lab = *state;
	bool more;
	look(lab);
	put_bounce(lab, "new/1.host");
	assert_int_equal(mailbox_step(lab->mailbox, lab->fixture->store,
				 clock_read().wall_ms, lab->mono_ms + 1, &more),
		0);
	assert_false(more);
	assert_int_equal(counted(lab), 0);
	look(lab);
	assert_int_equal(counted(lab), 1);
}

static void mailbox_waits_for_its_folders(void **state)
{
	struct lab *lab = *state;
	bool more;
	move(lab, "cur", "gone");
	put_bounce(lab, "new/1.host");
	put_bounce(lab, "gone/2.host:2,S");
	assert_int_equal(step(lab, &more), -ENOENT);
	assert_int_equal(mailbox_trouble(lab->mailbox), -ENOENT);
	assert_int_equal(counted(lab), 1);
	move(lab, "gone", "cur");
	look(lab);
	assert_int_equal(mailbox_trouble(lab->mailbox), 0);
	assert_int_equal(counted(lab), 2);
}

static void mailbox_tries_again_what_could_not_be_written(void **state)
{
	struct lab *lab = *state;
	bool more;
	put_bounce(lab, "new/1.host");
	fixture_tamper(lab->fixture, "ALTER TABLE feed RENAME TO gone");
	assert_true(step(lab, &more) < 0);
	assert_int_equal(mailbox_trouble(lab->mailbox), 0); /* it can be read */
	fixture_tamper(lab->fixture, "ALTER TABLE gone RENAME TO feed");
	assert_int_equal(counted(lab), 0);
	look(lab);
	assert_int_equal(counted(lab), 1);
}

static void mailbox_knows_a_file_by_what_it_says(void **state)
{
	struct lab *lab = *state;
	const struct intake_options options = options_of(lab);
	struct intake *intake;
	struct store_error error;
	char path[192];
	put_bounce(lab, "one");
	snprintf(path, sizeof path, "%s/one", lab->path);
	assert_int_equal(intake_create(&options, &intake), 0);
	assert_int_equal(
		mailbox_read_file(intake, lab->fixture->store, path, T0, &error), 1);
	move(lab, "one", "two");
	assert_int_equal(mailbox_read_file(intake, lab->fixture->store, path, T0, &error),
		-ENOENT);
	snprintf(path, sizeof path, "%s/two", lab->path);
	assert_int_equal(
		mailbox_read_file(intake, lab->fixture->store, path, T0, &error), 0);
	assert_int_equal(counted(lab), 1);
	/* without a date of its own it counts as of now */
	assert_int_equal(fixture_query(lab->fixture, "SELECT first_at FROM tally"), T0);
	intake_destroy(intake);
}

#define LAB_TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		LAB_TEST(mailbox_reads_each_mail_once),
		LAB_TEST(mailbox_passes_over_what_is_no_mail_of_it),
		LAB_TEST(mailbox_refuses_a_letter_once),
		LAB_TEST(mailbox_reads_a_bounded_number_at_once),
		LAB_TEST(mailbox_looks_now_and_then),
		LAB_TEST(mailbox_waits_for_its_folders),
		LAB_TEST(mailbox_tries_again_what_could_not_be_written),
		LAB_TEST(mailbox_knows_a_file_by_what_it_says),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
