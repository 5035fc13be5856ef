/* SPDX-License-Identifier: MIT */
#include "tests/monitor/ingest/reading.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "storage/instant.h"

static void on_report(void *owner, const struct report *report)
{
	struct reading *reading = owner;
	if (reading->len < READING_MAX)
		reading->reports[reading->len] = *report;
	reading->len++;
}

static void on_rejected(void *owner, const struct reader_rejected *rejected)
{
	struct reading *reading = owner;
	reading->rejected = *rejected;
	snprintf(reading->shown, sizeof reading->shown, "%s", rejected->shown);
	reading->rejected.shown = reading->shown;
	reading->rejected_len++;
}

int64_t reading_instant(const char *text)
{
	int64_t at;
	assert_int_equal(instant_parse(text, 0, NULL, &at), 0);
	return at;
}

void reading_start(struct reading *reading, enum reader_format format,
	const struct reader_options *options)
{
	const struct reader_options plain = {
		.reference_at = reading_instant("2026-06-01T00:00:00Z")};
	const struct reader_sink sink = {
		.owner = reading, .on_report = on_report, .on_rejected = on_rejected};
	memset(reading, 0, sizeof *reading);
	assert_int_equal(reader_create(format, options != NULL ? options : &plain, &sink,
				 &reading->reader),
		0);
}

void reading_stop(struct reading *reading)
{
	reader_destroy(reading->reader);
}

void reading_feed(struct reading *reading, const char *text)
{
	reader_feed(reading->reader, text, strlen(text));
}

const struct report *reading_one(struct reading *reading, const char *line)
{
	const size_t before = reading->len;
	reading_feed(reading, line);
	reading_feed(reading, "\n");
	if (reading->len != before + 1)
		fail_msg("%zu reports of: %s", reading->len - before, line);
	assert_in_range(reading->len, 1, READING_MAX);
	return &reading->reports[reading->len - 1];
}

void reading_ignores(struct reading *reading, const char *line)
{
	const size_t before = reading->len + reading->rejected_len;
	const uint64_t ignored = reader_counts(reading->reader)->ignored;
	reading_feed(reading, line);
	reading_feed(reading, "\n");
	if (reading->len + reading->rejected_len != before)
		fail_msg("not ignored: %s", line);
	assert_int_equal(reader_counts(reading->reader)->ignored, ignored + 1);
}

void reading_rejects(struct reading *reading, const char *line, const char *why)
{
	const size_t before = reading->rejected_len;
	const size_t reports = reading->len;
	reading_feed(reading, line);
	reading_feed(reading, "\n");
	if (reading->rejected_len != before + 1)
		fail_msg("not rejected: %s", line);
	assert_int_equal(reading->len, reports);
	assert_string_equal(reading->rejected.why, why);
}
