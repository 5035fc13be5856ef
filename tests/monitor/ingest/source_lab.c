/* SPDX-License-Identifier: MIT */
#include "tests/monitor/ingest/source_lab.h"

#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "monitor/clock.h"
#include "monitor/ingest/reply_rules.h"
#include "monitor/ingest/source.h"
#include "monitor/log.h"
#include "monitor/operators.h"

int source_lab_set_up(void **state)
{
	struct source_lab *lab = calloc(1, sizeof *lab);
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

void source_lab_open(struct source_lab *lab)
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

void source_lab_close(struct source_lab *lab)
{
	source_destroy(lab->source);
	lab->source = NULL;
}

void source_lab_name(const struct source_lab *lab, int number, char path[160])
{
	if (number == 0)
		snprintf(path, 160, "%s", lab->log);
	else
		snprintf(path, 160, "%s.%d", lab->log, number);
}

int source_lab_tear_down(void **state)
{
	struct source_lab *lab = *state;
	void *fixture = lab->fixture;
	char path[160];
	source_destroy(lab->source);
	reply_rules_destroy(lab->rules);
	operators_destroy(lab->operators);
	if (lab->out != NULL)
		fclose(lab->out);
	for (int i = 0; i < SOURCE_LAB_KEPT + 2; i++) {
		char packed[170];
		source_lab_name(lab, i, path);
		remove(path);
		snprintf(packed, sizeof packed, "%s.gz", path);
		remove(packed);
	}
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

void source_lab_write(struct source_lab *lab, int lines)
{
	if (lab->out == NULL)
		lab->out = fopen(lab->log, "ae");
	assert_non_null(lab->out);
	for (int i = 0; i < lines; i++)
		print_line(lab->out, lab->written++);
	fflush(lab->out);
}

/* As logrotate's `create`: the names move up, the writer opens a new file. */
void source_lab_rotate(struct source_lab *lab)
{
	char from[160];
	char to[160];
	if (lab->out != NULL)
		fclose(lab->out);
	for (int i = SOURCE_LAB_KEPT; i >= 0; i--) {
		source_lab_name(lab, i, from);
		source_lab_name(lab, i + 1, to);
		rename(from, to);
	}
	lab->out = fopen(lab->log, "ae");
	assert_non_null(lab->out);
}

void source_lab_step(struct source_lab *lab)
{
	bool more = true;
	lab->mono_ms += 100000;
	while (more)
		assert_int_equal(source_step(lab->source, lab->fixture->store,
					 clock_read().wall_ms, lab->mono_ms, &more),
			0);
}

int64_t source_lab_ask(const struct source_lab *lab, const char *sql)
{
	return fixture_query(lab->fixture, sql);
}

int64_t source_lab_counted(const struct source_lab *lab)
{
	return source_lab_ask(lab, "SELECT ifnull(sum(count), 0) FROM tally");
}

/* Each line has a recipient of its own: as many deliveries as recipients as lines. */
void source_lab_expect_each_once(struct source_lab *lab)
{
	assert_int_equal(source_lab_counted(lab), lab->written);
	assert_int_equal(
		source_lab_ask(lab, "SELECT count(*) FROM recipient"), lab->written);
}

void source_lab_pack(const char *from, const char *to)
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
}

void source_lab_copy(const char *from, const char *to)
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
