/* SPDX-License-Identifier: MIT */
/* Sources against a writer that rotates its log as logrotate does, and against being killed. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "monitor/ingest/source.h"
#include "tests/monitor/ingest/source_lab.h"

static void source_reads_a_log_as_it_grows(void **state)
{
	struct source_lab *lab = *state;
	source_lab_open(lab);
	source_lab_step(lab);
	assert_int_equal(source_lab_counted(lab), 0);
	source_lab_write(lab, 3);
	source_lab_step(lab);
	assert_int_equal(source_lab_counted(lab), 3);
	fputs("2026-01-02T03:59:00.000Z host postfix/smtp[7]: 4ABCDEFFFFF: "
	      "to=<part@a.exam",
		lab->out);
	fflush(lab->out);
	source_lab_step(lab);
	assert_int_equal(source_lab_counted(lab), 3);
	source_lab_close(lab);
	source_lab_open(lab);
	source_lab_step(lab);
	fputs("ple>, relay=mx.a.example[192.0.2.1]:25, delay=1, dsn=2.0.0, "
	      "status=sent (250 ok)\n",
		lab->out);
	lab->written++;
	source_lab_write(lab, 3000);
	source_lab_step(lab);
	source_lab_expect_each_once(lab);
	assert_int_equal(source_lab_ask(lab, "SELECT count(*) FROM feed"), 1);
	assert_int_equal(source_lab_ask(lab, "SELECT count(*) FROM rejected"), 0);
}

static void source_follows_renames_however_many(void **state)
{
	struct source_lab *lab = *state;
	source_lab_open(lab);
	source_lab_write(lab, 10);
	source_lab_step(lab);
	for (int burst = 0; burst < 5; burst++) {
		for (int i = 0; i < burst; i++) {
			source_lab_write(lab, 5);
			source_lab_rotate(lab);
			if (i != 2)
				source_lab_write(lab, 5);
		}
		source_lab_step(lab);
		source_lab_step(lab);
	}
	source_lab_write(lab, 1);
	source_lab_step(lab);
	source_lab_step(lab);
	source_lab_expect_each_once(lab);
}

static void source_catches_up_after_a_rest(void **state)
{
	struct source_lab *lab = *state;
	char path[160];
	for (int i = 0; i < 2; i++) { /* older than the first start: not looked for */
		source_lab_write(lab, 4);
		source_lab_rotate(lab);
	}
	for (int i = 1; i <= 2; i++) { /* the clock of files may be the same for all */
		const struct timespec long_ago[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
		source_lab_name(lab, i, path);
		assert_int_equal(utimensat(AT_FDCWD, path, long_ago, 0), 0);
	}
	lab->written = 0;
	source_lab_open(lab);
	source_lab_write(lab, 10);
	source_lab_step(lab);
	assert_int_equal(source_lab_counted(lab), 10);
	source_lab_close(lab);
	source_lab_write(lab, 10);
	for (int i = 0; i < 3; i++) {
		source_lab_rotate(lab);
		source_lab_write(lab, 10);
	}
	source_lab_open(lab);
	source_lab_step(lab);
	source_lab_step(lab);
	source_lab_expect_each_once(lab);
	/* All is known: nothing is read again, even if the names move on. */
	source_lab_close(lab);
	source_lab_rotate(lab);
	source_lab_open(lab);
	source_lab_step(lab);
	source_lab_expect_each_once(lab);
	source_lab_name(lab, 1, path);
	assert_int_equal(access(path, R_OK), 0);
}

static void source_reads_compressed_predecessors_once(void **state)
{
	struct source_lab *lab = *state;
	char plain[160];
	char packed[170];
	source_lab_open(lab);
	source_lab_write(lab, 300);
	source_lab_step(lab);
	source_lab_close(lab);
	source_lab_write(lab, 300);
	source_lab_rotate(lab);
	source_lab_write(lab, 5);
	source_lab_name(lab, 1, plain);
	snprintf(packed, sizeof packed, "%s.gz", plain);
	source_lab_pack(plain, packed);
	assert_int_equal(remove(plain), 0);
	for (int i = 0; i < 3; i++) {
		source_lab_open(lab);
		source_lab_step(lab);
		source_lab_step(lab);
		source_lab_expect_each_once(lab);
		source_lab_close(lab);
	}
}

static void source_survives_copytruncate(void **state)
{
	struct source_lab *lab = *state;
	char path[160];
	const int rounds = getenv("MXVIGIL_LONG") != NULL ? 200 : 30;
	source_lab_name(lab, 1, path);
	source_lab_open(lab);
	source_lab_write(lab, 1);
	source_lab_step(lab);
	for (int i = 0; i < rounds; i++) {
		source_lab_write(lab, 20);
		if (i % 3 != 0)
			source_lab_step(lab);
		source_lab_write(lab, i % 7);
		source_lab_copy(lab->log, path);
		assert_int_equal(truncate(lab->log, 0), 0);
		/* By as much as there was, and more: the size tells nothing. */
		source_lab_write(lab, i % 5 == 0 ? 40 : 3);
		if (i % 4 == 0) {
			source_lab_close(lab);
			source_lab_open(lab);
		}
		source_lab_step(lab);
		source_lab_step(lab);
		source_lab_expect_each_once(lab);
	}
	assert_true(source_lab_ask(lab,
			    "SELECT count FROM rejected WHERE reason LIKE '%was cut%'") >=
		rounds / 3);
}

static void source_says_what_cannot_be_read_and_goes_on_later(void **state)
{
	struct source_lab *lab = *state;
	source_lab_open(lab);
	assert_int_equal(mkfifo(lab->log, 0600), 0);
	source_lab_step(lab);
	assert_int_equal(remove(lab->log), 0);
	assert_int_equal(mkdir(lab->log, 0700), 0);
	source_lab_step(lab);
	assert_int_equal(rmdir(lab->log), 0);
	assert_int_equal(symlink("/etc/passwd", lab->log), 0);
	source_lab_step(lab);
	assert_int_equal(remove(lab->log), 0);
	source_lab_step(lab);
	source_lab_write(lab, 2);
	source_lab_step(lab);
	source_lab_expect_each_once(lab);
	assert_int_equal(source_lab_ask(lab, "SELECT count(*) FROM rejected"), 0);
}

/* Also while what was open under that name can still be read. */
static void source_knows_that_its_file_is_gone(void **state)
{
	struct source_lab *lab = *state;
	source_lab_open(lab);
	source_lab_step(lab);
	assert_int_equal(source_trouble(lab->source), -ENOENT);
	source_lab_write(lab, 2);
	source_lab_step(lab);
	source_lab_step(lab);
	assert_int_equal(source_trouble(lab->source), 0);
	assert_int_equal(remove(lab->log), 0);
	source_lab_step(lab);
	assert_int_equal(source_trouble(lab->source), -ENOENT);
	fclose(lab->out);
	lab->out = NULL;
	source_lab_write(lab, 1);
	source_lab_step(lab);
	source_lab_step(lab);
	assert_int_equal(source_trouble(lab->source), 0);
	source_lab_expect_each_once(lab);
}

static void source_keeps_rejected_lines(void **state)
{
	struct source_lab *lab = *state;
	source_lab_open(lab);
	source_lab_write(lab, 1);
	fputs("2026-01-02T03:00:00Z host postfix/smtp[7]: 4ABCDEF0001: to=<>, "
	      "relay=none, delay=1, dsn=9, status=sent (x)\n",
		lab->out);
	for (int i = 0; i < 200000; i++)
		fputc(i % 3, lab->out);
	fputs("\n", lab->out);
	source_lab_write(lab, 1);
	source_lab_step(lab);
	source_lab_expect_each_once(lab);
	assert_true(source_lab_ask(lab, "SELECT sum(count) FROM rejected") >= 1);
	assert_true(source_lab_ask(lab, "SELECT count(*) FROM rejected_line") >= 1);
}

static void source_stops_reading_while_the_store_is_full(void **state)
{
	struct source_lab *lab = *state;
	bool more;
	source_lab_open(lab);
	source_lab_write(lab, 5);
	fixture_tamper(lab->fixture,
		"CREATE TRIGGER full BEFORE INSERT ON feed BEGIN"
		" SELECT RAISE(ABORT, 'no room'); END");
	for (int i = 0; i < 3; i++)
		assert_int_not_equal(source_step(lab->source, lab->fixture->store, T0,
					     lab->mono_ms += 1000, &more),
			0);
	assert_int_equal(source_lab_counted(lab), 0);
	source_lab_write(lab, 5);
	fixture_tamper(lab->fixture, "DROP TRIGGER full");
	source_lab_step(lab);
	source_lab_expect_each_once(lab);
}

/* --- with a writer of its own --- */

static void write_and_rotate(struct source_lab *lab, int rotations, int lines)
{
	for (int i = 0; i < rotations; i++) {
		for (int j = 0; j < lines; j += 20)
			source_lab_write(lab, 20);
		source_lab_rotate(lab);
	}
	source_lab_write(lab, 20);
	_exit(0);
}

/* As fast as the writer can: far more than 5,000 lines a second. */
static void source_loses_nothing_to_a_busy_writer(void **state)
{
	struct source_lab *lab = *state;
	const int rotations = getenv("MXVIGIL_LONG") != NULL ? 1000 : 60;
	source_lab_write(lab, 20);
	source_lab_open(lab);
	source_lab_step(lab);
	fclose(lab->out);
	lab->out = NULL;
	/* The writer waits where we fall behind by more than is kept: logrotate deletes. */
	for (int done = 0; done < rotations; done += SOURCE_LAB_KEPT - 1) {
		fflush(NULL);
		pid_t writer = fork();
		assert_true(writer >= 0);
		if (writer == 0)
			write_and_rotate(lab, SOURCE_LAB_KEPT - 1, 100);
		int status;
		while (waitpid(writer, &status, WNOHANG) == 0)
			source_lab_step(lab);
		assert_int_equal(status, 0);
		lab->written += (SOURCE_LAB_KEPT - 1) * 100 + 20;
		source_lab_step(lab);
		source_lab_step(lab);
		assert_int_equal(source_lab_counted(lab), lab->written);
	}
	source_lab_expect_each_once(lab);
}

static void read_for_ever(struct source_lab *lab)
{
	fixture_open(lab->fixture);
	source_lab_open(lab);
	for (;;)
		source_lab_step(lab);
}

static void source_reads_each_line_once_though_killed(void **state)
{
	struct source_lab *lab = *state;
	const int rounds = getenv("MXVIGIL_LONG") != NULL ? 200 : 25;
	unsigned seed = 5;
	source_lab_write(lab, 20);
	source_lab_open(lab);
	source_lab_step(lab);
	source_lab_close(lab);
	for (int i = 0; i < rounds; i++) {
		fixture_close(lab->fixture);
		fflush(NULL);
		pid_t reader = fork();
		assert_true(reader >= 0);
		if (reader == 0)
			read_for_ever(lab);
		const int bursts = rand_r(&seed) % 20;
		for (int j = 0; j < bursts; j++) {
			source_lab_write(lab, 1 + rand_r(&seed) % 200);
			if (j % 6 == 3)
				source_lab_rotate(lab);
		}
		assert_int_equal(kill(reader, SIGKILL), 0);
		assert_int_equal(waitpid(reader, NULL, 0), reader);
		fixture_open(lab->fixture);
		source_lab_open(lab);
		source_lab_step(lab);
		source_lab_step(lab);
		source_lab_close(lab);
		source_lab_expect_each_once(lab);
	}
}

int main(void)
{
#define WITH_LAB(test)                                                                   \
	cmocka_unit_test_setup_teardown(test, source_lab_set_up, source_lab_tear_down)
	const struct CMUnitTest tests[] = {
		WITH_LAB(source_reads_a_log_as_it_grows),
		WITH_LAB(source_follows_renames_however_many),
		WITH_LAB(source_catches_up_after_a_rest),
		WITH_LAB(source_reads_compressed_predecessors_once),
		WITH_LAB(source_survives_copytruncate),
		WITH_LAB(source_says_what_cannot_be_read_and_goes_on_later),
		WITH_LAB(source_knows_that_its_file_is_gone),
		WITH_LAB(source_keeps_rejected_lines),
		WITH_LAB(source_stops_reading_while_the_store_is_full),
		WITH_LAB(source_loses_nothing_to_a_busy_writer),
		WITH_LAB(source_reads_each_line_once_though_killed),
	};
	return cmocka_run_group_tests_name("ingest/source", tests, NULL, NULL);
}
