/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/ingest/reader.h"
#include "tests/fake/memory.h"
#include "tests/monitor/ingest/reading.h"
#define LINE(recipient)                                                                  \
	"Jan  2 03:04:05 mta1 postfix/smtp[1]: 4F9D195432C: to=<" recipient              \
	">, relay=none, dsn=4.4.1, status=deferred (x)"

static void reader_takes_chunks_of_any_size(void **state)
{
	static const char text[] = "\xef\xbb\xbf" LINE(
		"a@example.net") "\r\n"
				 "\n" LINE("b@example.net") "\nother\n" LINE(
					 "c@example.net");
	(void)state;
	for (size_t size = 1; size < sizeof text; size++) {
		struct reading reading;
		reading_start(&reading, READER_POSTFIX, NULL);
		for (size_t at = 0; at < sizeof text - 1; at += size) {
			const size_t left = sizeof text - 1 - at;
			reader_feed(reading.reader, text + at, size < left ? size : left);
		}
		assert_int_equal(reading.len, 2);
		assert_string_equal(reading.reports[0].text, "x");
		assert_int_equal(reader_position(reading.reader),
			sizeof text - sizeof LINE("c@example.net"));
		reader_end(reading.reader);
		reader_end(reading.reader);
		assert_int_equal(reading.len, 3);
		assert_int_equal(reader_position(reading.reader), sizeof text - 1);
		const struct reader_counts *counts = reader_counts(reading.reader);
		assert_int_equal(counts->lines, 5);
		assert_int_equal(counts->taken, 3);
		assert_int_equal(counts->ignored, 2);
		assert_int_equal(counts->rejected, 0);
		reading_stop(&reading);
	}
}

static void reader_skips_overlong_lines(void **state)
{
	struct reading reading;
	char *line = malloc(1 << 20);
	(void)state;
	assert_non_null(line);
	memset(line, 'x', 1 << 20);
	reading_start(&reading, READER_POSTFIX, NULL);
	for (int whole = 0; whole < 2; whole++) {
		reading_feed(&reading, LINE("a@example.net") "\n");
		const uint64_t before = reader_position(reading.reader);
		line[(1 << 20) - 1] = 'x';
		reader_feed(reading.reader, line, 1000);
		reader_feed(reading.reader, line, 1 << 20);
		assert_int_equal(reader_position(reading.reader), before);
		reading_feed(&reading, "tail\n");
		assert_int_equal(reading.rejected_len, 2 * whole + 1);
		assert_string_equal(reading.rejected.why, "longer than 65536 bytes");
		assert_int_equal(reading.rejected.offset, before);
		assert_int_equal(strlen(reading.shown), READER_SHOWN_MAX - 1);
		line[(1 << 20) - 1] = '\n';
		reader_feed(reading.reader, line, 1 << 20);
		assert_int_equal(reading.rejected_len, 2 * whole + 2);
	}
	assert_int_equal(reading.len, 2);
	reader_feed(reading.reader, line, READER_LINE_MAX + 1);
	reader_end(reading.reader);
	assert_int_equal(reading.rejected_len, 5);
	/* The longest that is allowed is no delivery, but fine. */
	const uint64_t ignored = reader_counts(reading.reader)->ignored;
	reader_feed(reading.reader, line, READER_LINE_MAX);
	reader_feed(reading.reader, "\n", 1);
	assert_int_equal(reader_counts(reading.reader)->ignored, ignored + 1);
	reading_stop(&reading);
	free(line);
}

static void reader_takes_holes_and_junk(void **state)
{
	static const char text[] = "\0\0\0\0" LINE(
		"a@example.net") "\n\0\0\n\xff\xfe\x80\n"
				 "\r\rcr only\r\r\n" LINE("b\0c@example.net") "\n";
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_POSTFIX, NULL);
	reader_feed(reading.reader, text, sizeof text - 1);
	assert_int_equal(reading.len, 2);
	assert_string_equal(reading.reports[0].recipient, "a@example.net");
	assert_string_equal(reading.reports[1].recipient, "b c@example.net");
	assert_int_equal(reader_counts(reading.reader)->holes, 2);
	assert_int_equal(reader_counts(reading.reader)->lines, 5);
	reading_stop(&reading);
}

static void reader_says_which_line_was_rejected(void **state)
{
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_POSTFIX, NULL);
	reading_feed(&reading, "\n\n");
	reading_rejects(&reading, "postfix/smtp[1]: 4F9D195432C: to=<a",
		"no end of the recipient");
	assert_int_equal(reading.rejected.line, 3);
	assert_int_equal(reading.rejected.offset, 2);
	assert_string_equal(reading.shown, "postfix/smtp[1]: 4F9D195432C: to=<a");
	reading_stop(&reading);
}

static void reader_goes_on_after_a_restart(void **state)
{
	static const char expiry[] = "Jan  3 03:04:05 mta1 postfix/qmgr[1]: 4F9D195432C: "
				     "from=<b@example.org>, status=expired, returned\n";
	static const char before[] = LINE("a@example.net") "\n";
	char saved[READER_STATE_MAX];
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_POSTFIX, NULL);
	reading_feed(&reading, before);
	reading_feed(&reading, "unfinished");
	const size_t len = reader_save(reading.reader, saved);
	reading_stop(&reading);

	reading_start(&reading, READER_POSTFIX, NULL);
	assert_int_equal(reader_load(reading.reader, saved, len), 0);
	assert_int_equal(reader_position(reading.reader), sizeof before - 1);
	reader_warm(reading.reader, before, sizeof before - 1);
	assert_int_equal(reading.len, 0);
	assert_int_equal(reader_counts(reading.reader)->lines, 0);
	assert_int_equal(reader_position(reading.reader), sizeof before - 1);
	reading_feed(&reading, expiry);
	assert_int_equal(reading.len, 1);
	assert_int_equal(reading.reports[0].outcome, DELIVERY_EXPIRED);
	assert_string_equal(reading.reports[0].recipient, "a@example.net");
	assert_int_equal(
		reader_position(reading.reader), sizeof before + sizeof expiry - 2);
	reader_next_file(reading.reader);
	assert_int_equal(reader_position(reading.reader), 0);
	reading_stop(&reading);
}

static void reader_refuses_states_of_others(void **state)
{
	static const char *const states[] = {"", "reader 1 exim 5 5\n",
		"reader 2 postfix 5 5\n", "reader 1 postfix x 5\n",
		"reader 1 postfix 5 5", "reader 1 postfix 5 5\nheading"};
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_POSTFIX, NULL);
	for (size_t i = 0; i < sizeof states / sizeof *states; i++)
		assert_int_equal(
			reader_load(reading.reader, states[i], strlen(states[i])),
			-EINVAL);
	assert_int_equal(reader_position(reading.reader), 0);
	reading_stop(&reading);
}

static void reader_knows_its_formats(void **state)
{
	enum reader_format format;
	(void)state;
	assert_int_equal(reader_format_from_name("postfix", &format), 0);
	assert_int_equal(format, READER_POSTFIX);
	assert_string_equal(reader_format_name(format), "postfix");
	assert_int_equal(reader_format_from_name("sendmail", &format), -EINVAL);
	assert_int_equal(reader_format_from_name("", &format), -EINVAL);
}

static void feed_sample(struct reading *reading, const char *name)
{
	const char *data = getenv("MXVIGIL_TEST_DATA");
	char path[4096];
	char chunk[100];
	size_t len;
	assert_non_null(data);
	snprintf(path, sizeof path, "%s/lines/%s", data, name);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	while ((len = fread(chunk, 1, sizeof chunk, file)) > 0)
		reader_feed(reading->reader, chunk, len);
	fclose(file);
}

static void reader_reads_a_sample_of_each_format(void **state)
{
	static const struct {
		const char *name;
		enum reader_format format;
		unsigned taken;
		unsigned ignored;
		unsigned reports;
		unsigned outcomes[DELIVERY_EXPIRED + 1]; /* records, not counts */
	} rows[] = {
		{"postfix.log", READER_POSTFIX, 7, 7, 9, {0, 2, 3, 1, 1}},
		{"exim.log", READER_EXIM, 5, 3, 5, {0, 1, 1, 2, 1}},
		{"pmta.csv", READER_PMTA, 3, 2, 3, {0, 1, 1, 1, 0}},
		{"kumomta.jsonl", READER_KUMOMTA, 3, 1, 4, {0, 2, 0, 1, 1}},
		{"halon.jsonl", READER_JSONL, 2, 0, 2, {0, 1, 0, 1, 0}},
		{"deliveries.csv", READER_CSV, 2, 1, 2, {0, 1, 0, 1, 0}},
	};
	const struct reader_fields halon = {.recipient = "rcpt",
		.at = "ts",
		.code = "result.code",
		.text = "result.reason.0",
		.relay_host = "remotemx",
		.relay_ip = "remoteip"};
	const struct reader_options options = {
		.reference_at = reading_instant("2026-06-01T00:00:00Z")};
	struct reader_options mapped = options;
	(void)state;
	mapped.fields = &halon;
	for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
		unsigned outcomes[DELIVERY_EXPIRED + 1] = {0};
		struct reading reading;
		reading_start(&reading, rows[i].format,
			rows[i].format == READER_JSONL ? &mapped : &options);
		feed_sample(&reading, rows[i].name);
		const struct reader_counts *counts = reader_counts(reading.reader);
		assert_int_equal(counts->rejected, 0);
		assert_int_equal(counts->taken, rows[i].taken);
		assert_int_equal(counts->ignored, rows[i].ignored);
		assert_int_equal(counts->reports, rows[i].reports);
		for (size_t j = 0; j < reading.len; j++)
			outcomes[reading.reports[j].outcome]++;
		assert_memory_equal(outcomes, rows[i].outcomes, sizeof outcomes);
		reading_stop(&reading);
	}
}

static void reader_survives_lack_of_memory(void **state)
{
	static const char *const relays[] = {"127.0.0.1"};
	const struct reader_options options = {.zone = "Europe/Berlin",
		.instance = "postfix",
		.internal_relays = relays,
		.internal_relays_len = 1};
	const struct reader_sink sink = {0};
	const struct reader_options nowhere = {.zone = "Europe/Nowhere"};
	struct reader *reader = NULL;
	(void)state;
	assert_int_equal(
		reader_create(READER_POSTFIX, &nowhere, &sink, &reader), -EINVAL);
	for (size_t before = 0;; before++) {
		memory_fail_after(before);
		const int rc = reader_create(READER_POSTFIX, &options, &sink, &reader);
		const bool failed = memory_stop_failing();
		assert_int_equal(rc, failed ? -ENOMEM : 0);
		if (!failed)
			break;
	}
	reader_destroy(reader);
	reader_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reader_takes_chunks_of_any_size),
		cmocka_unit_test(reader_skips_overlong_lines),
		cmocka_unit_test(reader_takes_holes_and_junk),
		cmocka_unit_test(reader_says_which_line_was_rejected),
		cmocka_unit_test(reader_goes_on_after_a_restart),
		cmocka_unit_test(reader_refuses_states_of_others),
		cmocka_unit_test(reader_knows_its_formats),
		cmocka_unit_test(reader_reads_a_sample_of_each_format),
		cmocka_unit_test(reader_survives_lack_of_memory),
	};
	return cmocka_run_group_tests_name("reader", tests, NULL, NULL);
}
