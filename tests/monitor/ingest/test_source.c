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
#include <zlib.h>

#include "monitor/clock.h"
#include "monitor/ingest/reply_rules.h"
#include "monitor/ingest/source.h"
#include "monitor/log.h"
#include "monitor/operators.h"
#include "storage/feed.h"
#include "tests/storage/fixture.h"

#define KEPT 6 /* rotated files */

struct lab {
	struct fixture *fixture;
	struct reply_rules *rules;
	struct operators *operators;
	struct source *source;
	char log[128];
	FILE *out;
	int written; /* lines */
	uint64_t mono_ms;
};

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
	snprintf(lab->log, sizeof lab->log, "%s/mail.log", lab->fixture->dir);
	*state = lab;
	return 0;
}

static void open_source(struct lab *lab)
{
	static const uint8_t key[DELIVERIES_KEY] = {1};
	const struct source_options options = {
		.intake = {.source = "test",
			.rules = lab->rules,
			.operators = lab->operators,
			.key = key},
		.format = READER_POSTFIX,
		.path = lab->log,
	};
	assert_int_equal(source_create(&options, &lab->source), 0);
}

static void close_source(struct lab *lab)
{
	source_destroy(lab->source);
	lab->source = NULL;
}

static void name_of(const struct lab *lab, int number, char path[160])
{
	if (number == 0)
		snprintf(path, 160, "%s", lab->log);
	else
		snprintf(path, 160, "%s.%d", lab->log, number);
}

static int tear_down(void **state)
{
	struct lab *lab = *state;
	void *fixture = lab->fixture;
	char path[160];
	source_destroy(lab->source);
	reply_rules_destroy(lab->rules);
	operators_destroy(lab->operators);
	if (lab->out != NULL)
		fclose(lab->out);
	for (int i = 0; i < KEPT + 2; i++) {
		name_of(lab, i, path);
		remove(path);
	}
	snprintf(path, sizeof path, "%s.1.gz", lab->log);
	remove(path);
	int result = fixture_teardown(&fixture);
	free(lab);
	return result;
}

static void print_line(FILE *out, int number)
{
	fprintf(out,
		"2026-01-02T03:%02d:%02d.000Z host postfix/smtp[7]: 4ABCDE%05X: "
		"to=<u%d@a.example>, relay=mx.a.example[192.0.2.1]:25, delay=1, "
		"delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)\n",
		number / 60 % 60, number % 60, (unsigned)number, number);
}

static void write_lines(struct lab *lab, int lines)
{
	if (lab->out == NULL)
		lab->out = fopen(lab->log, "ae");
	assert_non_null(lab->out);
	for (int i = 0; i < lines; i++)
		print_line(lab->out, lab->written++);
	fflush(lab->out);
}

/* As logrotate's `create`: the names move up, the writer opens a new file. */
static void rotate(struct lab *lab)
{
	char from[160];
	char to[160];
	if (lab->out != NULL)
		fclose(lab->out);
	for (int i = KEPT; i >= 0; i--) {
		name_of(lab, i, from);
		name_of(lab, i + 1, to);
		rename(from, to);
	}
	lab->out = fopen(lab->log, "ae");
	assert_non_null(lab->out);
}

static void step(struct lab *lab)
{
	bool more = true;
	lab->mono_ms += 100000;
	while (more)
		assert_int_equal(source_step(lab->source, lab->fixture->store,
					 clock_read().wall_ms, lab->mono_ms, &more),
			0);
}

static int64_t ask(const struct lab *lab, const char *sql)
{
	return fixture_query(lab->fixture, sql);
}

static int64_t counted(const struct lab *lab)
{
	return ask(lab, "SELECT ifnull(sum(count), 0) FROM tally");
}

/* Each line has a recipient of its own: as many deliveries as recipients as lines. */
static void expect_each_once(struct lab *lab)
{
	assert_int_equal(counted(lab), lab->written);
	assert_int_equal(ask(lab, "SELECT count(*) FROM recipient"), lab->written);
}

static void source_reads_a_log_as_it_grows(void **state)
{
	struct lab *lab = *state;
	open_source(lab);
	step(lab);
	assert_int_equal(counted(lab), 0);
	write_lines(lab, 3);
	step(lab);
	assert_int_equal(counted(lab), 3);
	fputs("2026-01-02T03:59:00.000Z host postfix/smtp[7]: 4ABCDEFFFFF: "
	      "to=<part@a.exam",
		lab->out);
	fflush(lab->out);
	step(lab);
	assert_int_equal(counted(lab), 3);
	close_source(lab);
	open_source(lab);
	step(lab);
	fputs("ple>, relay=mx.a.example[192.0.2.1]:25, delay=1, dsn=2.0.0, "
	      "status=sent (250 ok)\n",
		lab->out);
	lab->written++;
	write_lines(lab, 3000);
	step(lab);
	expect_each_once(lab);
	assert_int_equal(ask(lab, "SELECT count(*) FROM feed"), 1);
	assert_int_equal(ask(lab, "SELECT count(*) FROM rejected"), 0);
}

static void source_follows_renames_however_many(void **state)
{
	struct lab *lab = *state;
	open_source(lab);
	write_lines(lab, 10);
	step(lab);
	for (int burst = 0; burst < 5; burst++) {
		for (int i = 0; i < burst; i++) {
			write_lines(lab, 5);
			rotate(lab);
			if (i != 2)
				write_lines(lab, 5);
		}
		step(lab);
		step(lab);
	}
	write_lines(lab, 1);
	step(lab);
	step(lab);
	expect_each_once(lab);
}

static void source_catches_up_after_a_rest(void **state)
{
	struct lab *lab = *state;
	char path[160];
	for (int i = 0; i < 2; i++) { /* older than the first start: not looked for */
		write_lines(lab, 4);
		rotate(lab);
	}
	lab->written = 0;
	open_source(lab);
	write_lines(lab, 10);
	step(lab);
	assert_int_equal(counted(lab), 10);
	close_source(lab);
	write_lines(lab, 10);
	for (int i = 0; i < 3; i++) {
		rotate(lab);
		write_lines(lab, 10);
	}
	open_source(lab);
	step(lab);
	step(lab);
	expect_each_once(lab);
	/* All is known: nothing is read again, even if the names move on. */
	close_source(lab);
	rotate(lab);
	open_source(lab);
	step(lab);
	expect_each_once(lab);
	name_of(lab, 1, path);
	assert_int_equal(access(path, R_OK), 0);
}

static void pack(const char *from, const char *to)
{
	char bytes[4096];
	size_t len;
	FILE *in = fopen(from, "re");
	gzFile out = gzopen(to, "wb");
	assert_true(in != NULL && out != NULL);
	while ((len = fread(bytes, 1, sizeof bytes, in)) > 0)
		assert_int_equal(gzwrite(out, bytes, (unsigned)len), len);
	fclose(in);
	assert_int_equal(gzclose(out), Z_OK);
	assert_int_equal(remove(from), 0);
}

static void source_reads_compressed_predecessors_once(void **state)
{
	struct lab *lab = *state;
	char plain[160];
	char packed[170];
	open_source(lab);
	write_lines(lab, 300);
	step(lab);
	close_source(lab);
	write_lines(lab, 300);
	rotate(lab);
	write_lines(lab, 5);
	name_of(lab, 1, plain);
	snprintf(packed, sizeof packed, "%s.gz", plain);
	pack(plain, packed);
	for (int i = 0; i < 3; i++) {
		open_source(lab);
		step(lab);
		step(lab);
		expect_each_once(lab);
		close_source(lab);
	}
}

static void copy(const char *from, const char *to)
{
	char bytes[4096];
	size_t len;
	FILE *in = fopen(from, "re");
	FILE *out = fopen(to, "we");
	assert_true(in != NULL && out != NULL);
	while ((len = fread(bytes, 1, sizeof bytes, in)) > 0)
		assert_int_equal(fwrite(bytes, 1, len, out), len);
	fclose(in);
	assert_int_equal(fclose(out), 0);
}

static void source_survives_copytruncate(void **state)
{
	struct lab *lab = *state;
	char path[160];
	const int rounds = getenv("MXVIGIL_LONG") != NULL ? 200 : 30;
	name_of(lab, 1, path);
	open_source(lab);
	write_lines(lab, 1);
	step(lab);
	for (int i = 0; i < rounds; i++) {
		write_lines(lab, 20);
		if (i % 3 != 0)
			step(lab);
		write_lines(lab, i % 7);
		copy(lab->log, path);
		assert_int_equal(truncate(lab->log, 0), 0);
		/* By as much as there was, and more: the size tells nothing. */
		write_lines(lab, i % 5 == 0 ? 40 : 3);
		if (i % 4 == 0) {
			close_source(lab);
			open_source(lab);
		}
		step(lab);
		step(lab);
		expect_each_once(lab);
	}
	assert_true(
		ask(lab, "SELECT count FROM rejected WHERE reason LIKE '%was cut%'") >=
		rounds / 3);
}

static void source_says_what_cannot_be_read_and_goes_on_later(void **state)
{
	struct lab *lab = *state;
	open_source(lab);
	assert_int_equal(mkfifo(lab->log, 0600), 0);
	step(lab);
	assert_int_equal(remove(lab->log), 0);
	assert_int_equal(mkdir(lab->log, 0700), 0);
	step(lab);
	assert_int_equal(rmdir(lab->log), 0);
	assert_int_equal(symlink("/etc/passwd", lab->log), 0);
	step(lab);
	assert_int_equal(remove(lab->log), 0);
	step(lab);
	write_lines(lab, 2);
	step(lab);
	expect_each_once(lab);
	assert_int_equal(ask(lab, "SELECT count(*) FROM rejected"), 0);
}

static void source_keeps_rejected_lines(void **state)
{
	struct lab *lab = *state;
	open_source(lab);
	write_lines(lab, 1);
	fputs("2026-01-02T03:00:00Z host postfix/smtp[7]: 4ABCDEF0001: to=<>, "
	      "relay=none, delay=1, dsn=9, status=sent (x)\n",
		lab->out);
	for (int i = 0; i < 200000; i++)
		fputc(i % 3, lab->out);
	fputs("\n", lab->out);
	write_lines(lab, 1);
	step(lab);
	expect_each_once(lab);
	assert_true(ask(lab, "SELECT sum(count) FROM rejected") >= 1);
	assert_true(ask(lab, "SELECT count(*) FROM rejected_line") >= 1);
}

static void source_stops_reading_while_the_store_is_full(void **state)
{
	struct lab *lab = *state;
	bool more;
	open_source(lab);
	write_lines(lab, 5);
	fixture_tamper(lab->fixture,
		"CREATE TRIGGER full BEFORE INSERT ON feed BEGIN"
		" SELECT RAISE(ABORT, 'no room'); END");
	for (int i = 0; i < 3; i++)
		assert_int_not_equal(source_step(lab->source, lab->fixture->store, T0,
					     lab->mono_ms += 1000, &more),
			0);
	assert_int_equal(counted(lab), 0);
	write_lines(lab, 5);
	fixture_tamper(lab->fixture, "DROP TRIGGER full");
	step(lab);
	expect_each_once(lab);
}

/* --- with a writer of its own --- */

static void write_and_rotate(struct lab *lab, int rotations, int lines)
{
	for (int i = 0; i < rotations; i++) {
		for (int j = 0; j < lines; j += 20)
			write_lines(lab, 20);
		rotate(lab);
	}
	write_lines(lab, 20);
	_exit(0);
}

/* As fast as the writer can: far more than 5,000 lines a second. */
static void source_loses_nothing_to_a_busy_writer(void **state)
{
	struct lab *lab = *state;
	const int rotations = getenv("MXVIGIL_LONG") != NULL ? 1000 : 60;
	write_lines(lab, 20);
	open_source(lab);
	step(lab);
	fclose(lab->out);
	lab->out = NULL;
	/* The writer waits where we fall behind by more than is kept: logrotate deletes. */
	for (int done = 0; done < rotations; done += KEPT - 1) {
		fflush(NULL);
		pid_t writer = fork();
		assert_true(writer >= 0);
		if (writer == 0)
			write_and_rotate(lab, KEPT - 1, 100);
		int status;
		while (waitpid(writer, &status, WNOHANG) == 0)
			step(lab);
		assert_int_equal(status, 0);
		lab->written += (KEPT - 1) * 100 + 20;
		step(lab);
		step(lab);
		assert_int_equal(counted(lab), lab->written);
	}
	expect_each_once(lab);
}

static void read_for_ever(struct lab *lab)
{
	fixture_open(lab->fixture);
	open_source(lab);
	for (;;)
		step(lab);
}

static void source_reads_each_line_once_though_killed(void **state)
{
	struct lab *lab = *state;
	const int rounds = getenv("MXVIGIL_LONG") != NULL ? 200 : 25;
	unsigned seed = 5;
	write_lines(lab, 20);
	open_source(lab);
	step(lab);
	close_source(lab);
	for (int i = 0; i < rounds; i++) {
		fixture_close(lab->fixture);
		fflush(NULL);
		pid_t reader = fork();
		assert_true(reader >= 0);
		if (reader == 0)
			read_for_ever(lab);
		const int bursts = rand_r(&seed) % 20;
		for (int j = 0; j < bursts; j++) {
			write_lines(lab, 1 + rand_r(&seed) % 200);
			if (j % 6 == 3)
				rotate(lab);
		}
		assert_int_equal(kill(reader, SIGKILL), 0);
		assert_int_equal(waitpid(reader, NULL, 0), reader);
		fixture_open(lab->fixture);
		open_source(lab);
		step(lab);
		step(lab);
		close_source(lab);
		expect_each_once(lab);
	}
}

int main(void)
{
#define WITH_LAB(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		WITH_LAB(source_reads_a_log_as_it_grows),
		WITH_LAB(source_follows_renames_however_many),
		WITH_LAB(source_catches_up_after_a_rest),
		WITH_LAB(source_reads_compressed_predecessors_once),
		WITH_LAB(source_survives_copytruncate),
		WITH_LAB(source_says_what_cannot_be_read_and_goes_on_later),
		WITH_LAB(source_keeps_rejected_lines),
		WITH_LAB(source_stops_reading_while_the_store_is_full),
		WITH_LAB(source_loses_nothing_to_a_busy_writer),
		WITH_LAB(source_reads_each_line_once_though_killed),
	};
	return cmocka_run_group_tests_name("ingest/source", tests, NULL, NULL);
}
