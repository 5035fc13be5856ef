/* SPDX-License-Identifier: MIT */
/* Deliveries out of a journal that is archived, vacuumed, damaged, while readers are killed. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "monitor/ingest/journal_source.h"
#include "tests/monitor/ingest/journal_lab.h"

#define DROPPED "a596d6fe7bfa4994828e72309e95d61e" /* journald's id of that message */

static void open_source(struct journal_lab *lab)
{
	static const uint8_t key[DELIVERIES_KEY] = {1};
	const struct journal_source_options options = {
		.intake = {.source = "test",
			.rules = lab->rules,
			.operators = lab->operators,
			.key = key},
		.format = READER_POSTFIX,
		.unit = UNIT,
		.directory = lab->dir,
	};
	assert_int_equal(journal_source_create(&options, &lab->source), 0);
}

static void close_source(struct journal_lab *lab)
{
	journal_source_destroy(lab->source);
	lab->source = NULL;
}

static void reopen_source(struct journal_lab *lab)
{
	close_source(lab);
	open_source(lab);
}

static void step(struct journal_lab *lab)
{
	bool more = true;
	lab->mono_ms += 100000;
	while (more)
		assert_int_equal(journal_source_step(lab->source, lab->fixture->store,
					 lab->now, lab->mono_ms, &more),
			0);
}

static int64_t ask(const struct journal_lab *lab, const char *sql)
{
	return fixture_query(lab->fixture, sql);
}

static int64_t counted(const struct journal_lab *lab)
{
	return ask(lab, "SELECT ifnull(sum(count), 0) FROM tally");
}

static int64_t rejected(const struct journal_lab *lab, const char *reason)
{
	char sql[200];
	snprintf(sql, sizeof sql,
		"SELECT ifnull(sum(count), 0) FROM rejected WHERE reason LIKE '%%%s%%'",
		reason);
	return ask(lab, sql);
}

/* Each delivery has a recipient of its own. */
static void expect_each_once(struct journal_lab *lab)
{
	assert_int_equal(counted(lab), lab->written);
	assert_int_equal(ask(lab, "SELECT count(*) FROM recipient"), lab->written);
}

static void journal_source_reads_each_entry_once(void **state)
{
	struct journal_lab *lab = *state;
	open_source(lab);
	for (int i = 0; i < 8; i++) {
		journal_lab_deliver(lab, 1 + 40 * (i % 3));
		step(lab);
		step(lab);
		expect_each_once(lab);
		if (i % 2 == 1)
			journal_lab_archive(lab);
		if (i % 3 == 2)
			reopen_source(lab);
	}
	assert_int_equal(ask(lab, "SELECT count(*) FROM feed"), 1);
	assert_int_equal(ask(lab, "SELECT place FROM feed"), lab->entries);
	assert_int_equal(ask(lab, "SELECT count(*) FROM rejected"), 0);
	assert_int_equal(ask(lab, "SELECT min(minute) FROM tally"), T0 / 60000);
}

static void journal_source_catches_up_through_archives(void **state)
{
	struct journal_lab *lab = *state;
	journal_lab_deliver(lab, 5);
	open_source(lab);
	step(lab);
	close_source(lab);
	for (int i = 0; i < 4; i++) {
		journal_lab_deliver(lab, 5);
		journal_lab_archive(lab);
	}
	journal_lab_deliver(lab, 5);
	for (int i = 0; i < 3; i++) {
		reopen_source(lab);
		step(lab);
		expect_each_once(lab);
	}
	assert_int_equal(ask(lab, "SELECT count(*) FROM rejected"), 0);
}

/* It is known by what it holds: moved, it goes on; another one under its name is read. */
static void journal_source_knows_a_journal_that_was_moved(void **state)
{
	struct journal_lab *lab = *state;
	char other[sizeof lab->dir];
	journal_lab_deliver(lab, 10);
	open_source(lab);
	step(lab);
	close_source(lab);
	snprintf(other, sizeof other, "%s", lab->dir);
	strcpy(strstr(other, "journal"), "elsewhere");
	assert_int_equal(rename(lab->dir, other), 0);
	strcpy(lab->dir, other);
	snprintf(lab->live, sizeof lab->live, "%s/x.journal", lab->dir);
	journal_lab_deliver(lab, 5);
	for (int i = 0; i < 2; i++) {
		reopen_source(lab);
		step(lab);
		expect_each_once(lab);
	}
	assert_int_equal(ask(lab, "SELECT count(*) FROM feed"), 1);
	assert_int_equal(ask(lab, "SELECT path LIKE '%/elsewhere:%' FROM feed"), 1);
	close_source(lab);
	journal_lab_remove(lab, "");
	strcpy(strstr(lab->dir, "elsewhere"), "third");
	assert_int_equal(rename(other, lab->dir), 0);
	snprintf(lab->live, sizeof lab->live, "%s/x.journal", lab->dir);
	journal_lab_deliver(lab, 4);
	open_source(lab);
	step(lab);
	expect_each_once(lab);
	assert_int_equal(ask(lab, "SELECT count(*) FROM feed"), 2);
	assert_int_equal(ask(lab, "SELECT count(*) FROM rejected"), 0);
}

static void journal_source_waits_for_its_directory(void **state)
{
	struct journal_lab *lab = *state;
	journal_lab_deliver(lab, 2);
	open_source(lab);
	step(lab);
	close_source(lab);
	journal_lab_remove(lab, "");
	assert_int_equal(rmdir(lab->dir), 0);
	open_source(lab);
	step(lab);
	step(lab);
	assert_int_equal(journal_source_trouble(lab->source), -ENOENT);
	assert_int_equal(mkdir(lab->dir, 0700), 0);
	step(lab);
	assert_int_equal(journal_source_trouble(lab->source), -ENODATA);
	journal_lab_deliver(lab, 3);
	step(lab);
	step(lab);
	assert_int_equal(journal_source_trouble(lab->source), 0);
	expect_each_once(lab);
}

static void journal_source_says_what_vacuuming_took(void **state)
{
	struct journal_lab *lab = *state;
	journal_lab_deliver(lab, 10);
	open_source(lab);
	step(lab);
	close_source(lab);
	journal_lab_deliver(lab, 7); /* not read, and gone */
	journal_lab_archive(lab);
	journal_lab_vacuum(lab);
	lab->written -= 7;
	open_source(lab);
	step(lab); /* an empty journal */
	assert_int_equal(counted(lab), 10);
	close_source(lab);
	journal_lab_deliver(lab, 3);
	for (int i = 0; i < 3; i++) {
		open_source(lab);
		step(lab);
		assert_int_equal(counted(lab), 13);
		assert_int_equal(rejected(lab, "was vacuumed"), 1);
		close_source(lab);
	}
	/* From the last look that found all read, to the oldest entry left. */
	assert_int_equal(
		ask(lab,
			"SELECT CAST(line AS TEXT) = 'from 2023-11-14T22:13:29.000Z to "
			"2023-11-14T22:13:37.000Z' FROM rejected_line"),
		1);
}

/* All was read when the file went: nothing is lost, and nothing is said. */
static void journal_source_lets_go_what_it_has_read(void **state)
{
	struct journal_lab *lab = *state;
	journal_lab_deliver(lab, 10);
	open_source(lab);
	step(lab);
	journal_lab_archive(lab);
	journal_lab_deliver(lab, 1);
	journal_lab_begin(lab);
	journal_lab_text(lab, "ssh.service", "sshd", "of others");
	journal_lab_end(lab);
	step(lab);
	step(lab);
	journal_lab_vacuum(lab);
	step(lab);
	journal_lab_deliver(lab, 4);
	step(lab);
	step(lab);
	reopen_source(lab);
	step(lab);
	expect_each_once(lab);
	assert_int_equal(ask(lab, "SELECT count(*) FROM rejected"), 0);
}

static void journal_source_counts_what_journald_left_out(void **state)
{
	struct journal_lab *lab = *state;
	journal_lab_begin(lab);
	journal_lab_delivery(lab);
	for (int i = 0; i < 2; i++) {
		journal_lab_head(lab, "systemd-journald.service", "systemd-journald");
		fprintf(lab->out,
			"MESSAGE_ID=" DROPPED "\nN_DROPPED=42\n"
			"MESSAGE=Suppressed 42 messages from %s\n\n",
			i == 0 ? UNIT : "other-" UNIT);
	}
	/* Whoever may write to the journal cannot speak for the unit. */
	journal_lab_text(lab, "evil.service", "postfix/smtp",
		"4ABCDEF0000: to=<x@a.example>, relay=mx.a.example[192.0.2.1]:25, "
		"delay=1, dsn=2.0.0, status=sent (250 ok)");
	journal_lab_delivery(lab);
	journal_lab_end(lab);
	open_source(lab);
	step(lab);
	reopen_source(lab);
	step(lab);
	expect_each_once(lab);
	assert_int_equal(rejected(lab, "journald left out"), 1);
}

static void journal_source_joins_an_expiry_across_a_restart(void **state)
{
	struct journal_lab *lab = *state;
	journal_lab_begin(lab);
	journal_lab_text(lab, UNIT, "postfix/smtp",
		"4ABCDEF0001: to=<u@b.example>, relay=none, delay=1, "
		"delays=0/0/1/0, dsn=4.4.1, status=deferred (connect to "
		"mx.b.example[192.0.2.2]:25: Connection timed out)");
	journal_lab_end(lab);
	open_source(lab);
	step(lab);
	reopen_source(lab);
	journal_lab_begin(lab);
	journal_lab_text(lab, UNIT, "postfix/qmgr",
		"4ABCDEF0001: from=<me@sender.example>, status=expired, returned to "
		"sender");
	journal_lab_end(lab);
	step(lab);
	assert_int_equal(ask(lab, "SELECT sum(count) FROM tally WHERE outcome = 2"), 1);
	assert_int_equal(ask(lab, "SELECT sum(count) FROM tally WHERE outcome = 4"), 1);
}

static void journal_source_keeps_what_it_cannot_read(void **state)
{
	struct journal_lab *lab = *state;
	static char large[70000];
	memset(large, 'x', sizeof large);
	journal_lab_begin(lab);
	journal_lab_text(lab, UNIT, "postfix/smtp",
		"4ABCDEF0001: to=<>, relay=none, delay=1, dsn=9, status=sent (x)");
	journal_lab_bytes(lab, large, sizeof large);
	journal_lab_delivery(lab);
	journal_lab_end(lab);
	open_source(lab);
	step(lab);
	expect_each_once(lab);
	assert_int_equal(rejected(lab, ""), 2);
	assert_int_equal(rejected(lab, "longer than"), 1);
}

static void journal_source_passes_over_damage(void **state)
{
	struct journal_lab *lab = *state;
	static const uint8_t junk[4096] = {0x55};
	journal_lab_deliver(lab, 200);
	journal_lab_archive(lab);
	char path[160];
	snprintf(path, sizeof path, "%s/old@0.journal", lab->dir);
	FILE *file = fopen(path, "r+e");
	assert_non_null(file);
	/* Objects a little before the last one, whose place the header tells. */
	uint8_t tail[4];
	assert_int_equal(fseek(file, 136, SEEK_SET), 0);
	assert_int_equal(fread(tail, 1, sizeof tail, file), sizeof tail);
	const long last = tail[0] | tail[1] << 8 | tail[2] << 16;
	assert_int_equal(fseek(file, last - 32768, SEEK_SET), 0);
	for (int i = 0; i < 4; i++)
		assert_int_equal(fwrite(junk, 1, sizeof junk, file), sizeof junk);
	assert_int_equal(fclose(file), 0);
	journal_lab_deliver(lab, 10);
	open_source(lab);
	step(lab);
	step(lab);
	assert_int_equal(ask(lab, "SELECT count(*) FROM recipient"), counted(lab));
	assert_true(counted(lab) >= 10 && counted(lab) < lab->written);
}

static void journal_source_stops_while_the_store_is_full(void **state)
{
	struct journal_lab *lab = *state;
	bool more;
	journal_lab_deliver(lab, 5);
	open_source(lab);
	fixture_tamper(lab->fixture,
		"CREATE TRIGGER full BEFORE INSERT ON feed BEGIN"
		" SELECT RAISE(ABORT, 'no room'); END");
	for (int i = 0; i < 3; i++)
		assert_int_not_equal(journal_source_step(lab->source, lab->fixture->store,
					     lab->now, lab->mono_ms += 1000, &more),
			0);
	assert_int_equal(counted(lab), 0);
	fixture_tamper(lab->fixture, "DROP TRIGGER full");
	journal_lab_deliver(lab, 5);
	step(lab);
	step(lab);
	expect_each_once(lab);
}

/* A quiet source is not forgotten: its place is young as long as it is looked at. */
static void journal_source_keeps_its_place_young(void **state)
{
	struct journal_lab *lab = *state;
	journal_lab_deliver(lab, 1);
	open_source(lab);
	step(lab);
	lab->now += 3 * HOUR;
	step(lab);
	assert_int_equal(ask(lab, "SELECT at FROM feed"), lab->now);
	assert_int_equal(ask(lab, "SELECT count(*) FROM feed"), 1);
}

static void read_for_ever(struct journal_lab *lab)
{
	fixture_open(lab->fixture);
	open_source(lab);
	for (;;)
		step(lab);
}

static void journal_source_reads_each_entry_once_though_killed(void **state)
{
	struct journal_lab *lab = *state;
	const int rounds = getenv("MXVIGIL_LONG") != NULL ? 200 : 20;
	unsigned seed = 7;
	journal_lab_deliver(lab, 20);
	for (int i = 0; i < rounds; i++) {
		fixture_close(lab->fixture);
		fflush(NULL);
		pid_t reader = fork();
		assert_true(reader >= 0);
		if (reader == 0)
			read_for_ever(lab);
		journal_lab_deliver(lab, 1 + rand_r(&seed) % 600);
		if (i % 3 == 0)
			journal_lab_archive(lab);
		journal_lab_deliver(lab, 1 + rand_r(&seed) % 60);
		assert_int_equal(kill(reader, SIGKILL), 0);
		assert_int_equal(waitpid(reader, NULL, 0), reader);
		fixture_open(lab->fixture);
		open_source(lab);
		step(lab);
		close_source(lab);
		expect_each_once(lab);
	}
	assert_int_equal(ask(lab, "SELECT count(*) FROM rejected"), 0);
}

int main(void)
{
#define WITH_LAB(test)                                                                   \
	cmocka_unit_test_setup_teardown(test, journal_lab_setup, journal_lab_teardown)
	const struct CMUnitTest tests[] = {
		WITH_LAB(journal_source_reads_each_entry_once),
		WITH_LAB(journal_source_catches_up_through_archives),
		WITH_LAB(journal_source_knows_a_journal_that_was_moved),
		WITH_LAB(journal_source_waits_for_its_directory),
		WITH_LAB(journal_source_says_what_vacuuming_took),
		WITH_LAB(journal_source_lets_go_what_it_has_read),
		WITH_LAB(journal_source_counts_what_journald_left_out),
		WITH_LAB(journal_source_joins_an_expiry_across_a_restart),
		WITH_LAB(journal_source_keeps_what_it_cannot_read),
		WITH_LAB(journal_source_passes_over_damage),
		WITH_LAB(journal_source_stops_while_the_store_is_full),
		WITH_LAB(journal_source_keeps_its_place_young),
		WITH_LAB(journal_source_reads_each_entry_once_though_killed),
	};
	return cmocka_run_group_tests_name("ingest/journal_source", tests, NULL, NULL);
}
