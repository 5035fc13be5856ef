/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "monitor/ingest/mapping.h"
#include "tests/monitor/ingest/reading.h"

static const char *fill(struct reading *reading, const char *at, const char *recipient,
	const char *domain, const char *outcome, const char *code, const char *status)
{
	struct span values[READER_FIELDS];
	for (size_t i = 0; i < READER_FIELDS; i++)
		values[i] = SPAN("");
	values[FIELD_AT] = span_of(at);
	values[FIELD_RECIPIENT] = span_of(recipient);
	values[FIELD_DOMAIN] = span_of(domain);
	values[FIELD_OUTCOME] = span_of(outcome);
	values[FIELD_CODE] = span_of(code);
	values[FIELD_STATUS] = span_of(status);
	return mapping_fill(reading->reader, values);
}

static void mapping_works_out_the_outcome(void **state)
{
	struct reading reading;
	(void)state;
	reading_start(&reading, READER_CSV, NULL);
	const struct report *report = &reading.reader->report;
	assert_null(fill(&reading, "1", "a@b", "", "", "250", ""));
	assert_int_equal(report->outcome, DELIVERY_DELIVERED);
	assert_int_equal(report->origin, REPORT_REMOTE);
	assert_null(fill(&reading, "1", "a@b", "", "", "", "4.2.2"));
	assert_int_equal(report->outcome, DELIVERY_DEFERRED);
	assert_int_equal(report->origin, REPORT_REMOTE);
	assert_null(fill(&reading, "1", "a@b", "", "deferred", "", ""));
	assert_int_equal(report->origin, REPORT_LOCAL);
	assert_null(fill(&reading, "1", "a@b", "", "", "550", "5.1.1"));
	assert_int_equal(report->outcome, DELIVERY_BOUNCED);
	assert_null(fill(&reading, "1", "a@b", "", "Failed", "450", ""));
	assert_int_equal(report->outcome, DELIVERY_BOUNCED);
	assert_int_equal(report->code, 450);
	assert_null(fill(&reading, "1", "", "b.example", "sent", "99", ""));
	assert_int_equal(report->code, 0);
	assert_string_equal(report->recipient, "@b.example");
	assert_string_equal(fill(&reading, "1", "a@b", "", "", "", ""), "no outcome");
	assert_string_equal(fill(&reading, "1", "a@b", "", "", "354", ""), "no outcome");
	assert_string_equal(
		fill(&reading, "1", "a@b", "", "odd", "250", ""), "unknown outcome");
	assert_string_equal(fill(&reading, "", "a@b", "", "", "250", ""), "no time");
	assert_string_equal(fill(&reading, "1", "", "", "", "250", ""), "no recipient");
	reading.reader->timeless = true;
	assert_null(fill(&reading, "", "a@b", "", "", "250", ""));
	assert_int_equal(report->at, 0);
	assert_string_equal(fill(&reading, "soon", "a@b", "", "", "250", ""), "no time");
	reading_stop(&reading);
}

static void mapping_knows_words_for_outcomes(void **state)
{
	enum delivery_outcome outcome;
	(void)state;
	assert_true(mapping_outcome(SPAN(" Delivered "), &outcome));
	assert_int_equal(outcome, DELIVERY_DELIVERED);
	assert_true(mapping_outcome(SPAN("QUEUE"), &outcome));
	assert_int_equal(outcome, DELIVERY_DEFERRED);
	assert_true(mapping_outcome(SPAN("expired"), &outcome));
	assert_int_equal(outcome, DELIVERY_EXPIRED);
	assert_false(mapping_outcome(SPAN(""), &outcome));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mapping_works_out_the_outcome),
		cmocka_unit_test(mapping_knows_words_for_outcomes),
	};
	return cmocka_run_group_tests_name("mapping", tests, NULL, NULL);
}
