/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "monitor/backtest/past.h"
#include "resolvers/name.h"

#define FRONT                                                                            \
	"{\"rrname\": \"a.test.\", \"rrtype\": \"MX\", \"rdata\": [\"10 b.test.\"], "
#define EMPTY "{\"rrname\": \"a.test.\", \"rrtype\": \"MX\", \"rdata\": [], "
#define TIMES "\"time_first\": 1000, \"time_last\": 1600, \"count\": 11"
#define VIEW ", \"sensor_id\": \"r1\"}"

/* What was said of the lines that were refused. */
struct refusals {
	char text[1 << 16];
	size_t len;
};

static void on_refused(void *owner, uint64_t line, const char *why)
{
	struct refusals *refusals = owner;
	const int len = snprintf(refusals->text + refusals->len,
		sizeof refusals->text - refusals->len, "%llu: %s\n",
		(unsigned long long)line, why);
	refusals->len += (size_t)len;
	assert_true(refusals->len < sizeof refusals->text);
}

/* before: what stands before each line. A row that is indented has no front. */
static void read_past(struct past *past, struct refusals *refusals,
	const char *const *lines, size_t len, const char *before)
{
	char path[] = "/tmp/test_past.XXXXXX";
	FILE *out = fdopen(mkstemp(path), "w");
	assert_non_null(out);
	for (size_t i = 0; i < len; i++)
		fprintf(out, "%s%s\n", before, lines[i]);
	assert_int_equal(fclose(out), 0);
	past_init(past);
	refusals->len = 0;
	refusals->text[0] = '\0';
	assert_int_equal(past_read(past, path, on_refused, refusals), 0);
	past_settle(past);
	unlink(path);
}

static void expect_event(const struct past_event *one, const struct past_event *other)
{
	assert_int_equal(one->at, other->at);
	assert_int_equal(one->last_at, other->last_at);
	assert_int_equal(one->kind, other->kind);
	assert_int_equal(one->view, other->view);
	assert_int_equal(one->state, other->state);
	assert_true(name_equal(one->domain, other->domain));
	if (one->kind != PAST_ANSWER)
		return;
	assert_int_equal(one->not_before_at, other->not_before_at);
	assert_true(mxset_equal(one->set, other->set));
}

/* The rows say the same whether their fronts are remembered or not. Returns the events. */
static size_t expect_same(const char *const *lines, size_t len)
{
	static struct refusals refusals[2];
	struct past pasts[2];
	read_past(&pasts[0], &refusals[0], lines, len, "");
	read_past(&pasts[1], &refusals[1], lines, len, " ");
	assert_string_equal(refusals[0].text, refusals[1].text);
	assert_int_equal(pasts[0].passed_over, pasts[1].passed_over);
	assert_int_equal(pasts[0].refused, pasts[1].refused);
	assert_int_equal(pasts[0].len, pasts[1].len);
	for (size_t i = 0; i < pasts[0].len; i++)
		expect_event(&pasts[0].events[i], &pasts[1].events[i]);
	assert_int_equal(pasts[0].views_len, pasts[1].views_len);
	for (unsigned i = 0; i < pasts[0].views_len; i++)
		assert_int_equal(
			pasts[0].views[i].interval_ms, pasts[1].views[i].interval_ms);
	const size_t events = pasts[0].len;
	past_finish(&pasts[0]);
	past_finish(&pasts[1]);
	return events;
}

static void past_keeps_a_set_once(void **state)
{
	static const char *const lines[] = {
		FRONT TIMES VIEW,
		FRONT "\"time_first\": 2000, \"time_last\": 2000" VIEW,
		FRONT "\"time_first\": 3000, \"time_last\": 3000" VIEW,
	};
	static struct refusals refusals;
	struct past past;
	(void)state;
	read_past(&past, &refusals, lines, 3, "");
	assert_int_equal(past.len, 3);
	assert_int_equal(past.events[2].at, 3000000);
	assert_int_equal(past.events[2].not_before_at, 2000000);
	assert_ptr_equal(past.events[0].domain, past.events[2].domain);
	assert_ptr_equal(past.events[0].set, past.events[2].set);
	assert_int_equal(past.events[2].set->len, 1);
	assert_int_equal(past.views[0].interval_ms, 60000);
	past_finish(&past);
}

/* Each after a row whose front came twice. */
static void past_reads_odd_rows_as_a_whole(void **state)
{
	static const char *const rows[] = {
		FRONT TIMES ", \"rrname\": \"c.test.\"" VIEW,
		FRONT TIMES ", \"rdata\": []" VIEW,
		FRONT TIMES ", \"rrtype\": \"A\"" VIEW,
		FRONT TIMES ", \"count\": 3" VIEW,
		FRONT TIMES,
		FRONT TIMES VIEW "}",
		FRONT TIMES ", \"x_mxvigil\": {\"record\": \"point\"}" VIEW,
		FRONT TIMES ", \"x_mxvigil\": {\"server\": \"192.0.2.1\"}" VIEW,
		FRONT TIMES ", \"x_mxvigil\": {\"first_ms\": 5, \"last_ms\": 9}" VIEW,
		FRONT "\"time_first\": 3, \"time_last\": 2" VIEW,
		FRONT "\"time_first\": 3" VIEW,
		EMPTY TIMES VIEW,
		EMPTY TIMES ", \"x_rcode\": \"NXDOMAIN\"" VIEW,
		EMPTY TIMES ", \"x_rcode\": \"SERVFAIL\"" VIEW,
		EMPTY "\"x_rcode\": \"NXDOMAIN\", " TIMES VIEW,
		EMPTY "\"x\": \"\\\"time_first\\\"\", " TIMES VIEW,
		EMPTY "\"x\": {" TIMES VIEW "}",
		EMPTY "\"x\": {" TIMES "}, " TIMES VIEW,
		"{" TIMES
		", \"rrname\": \"a.test.\", \"rrtype\": \"MX\", \"rdata\": []" VIEW,
		"{\"rrname\": \"a.test.\", \"rrtype\": \"MX\", \"rdata\": []" TIMES VIEW,
		"{\"rrname\": \"a.test.\", \"rrtype\": \"MX\", \"rdata\": [],, " TIMES
			VIEW,
		"{\"rrname\": \"a.test.\", \"rrtype\": \"A\", \"rdata\": "
		"[\"1.2.3.4\"], " TIMES VIEW,
		"{\"rrname\": \"a.test.\", \"rrtype\": \"MX\", \"rdata\": [\"0 "
		".\"], " TIMES VIEW,
		"\"time_first\"",
		"{\"time_first\"",
	};
	enum {
		LEN = sizeof rows / sizeof *rows,
		TIMES_EACH = 3 /* kept the second time, used the third */
	};
	const char *lines[2 * LEN * TIMES_EACH];
	(void)state;
	for (size_t i = 0; i < LEN * TIMES_EACH; i++) {
		lines[2 * i] = i % 2 == 0 ? FRONT TIMES VIEW : EMPTY TIMES VIEW;
		lines[2 * i + 1] = rows[i % LEN];
	}
	assert_true(expect_same(lines, sizeof lines / sizeof *lines) > LEN);
}

/* Rows of a few fronts, some of which had an accident. */
static void past_reads_broken_rows_as_a_whole(void **state)
{
	enum {
		ROWS = 600
	};
	static const char bytes[] = "{}[]\",: \\a0";
	static char rows[ROWS][256];
	const char *lines[ROWS];
	(void)state;
	srandom(11);
	for (int round = 0; round < 20; round++) {
		for (int i = 0; i < ROWS; i++) {
			const int len = snprintf(rows[i], sizeof rows[i],
				"%s\"time_first\": %d, \"time_last\": %d" VIEW,
				random() % 2 == 0 ? FRONT : EMPTY, i, i + 60);
			if (random() % 4 == 0)
				rows[i][random() % len] =
					bytes[random() % (long)(sizeof bytes - 1)];
			lines[i] = rows[i];
		}
		assert_true(expect_same(lines, ROWS) > ROWS / 2);
	}
}

/* More fronts than are remembered. */
static void past_tells_fronts_apart(void **state)
{
	enum {
		ROWS = 60000,
		FRONTS = 20000
	};
	static char rows[ROWS][192];
	static const char *lines[ROWS];
	(void)state;
	for (int i = 0; i < ROWS; i++) {
		snprintf(rows[i], sizeof rows[i],
			"{\"rrname\":\"d%d.test\",\"rrtype\":\"MX\",\"rdata\":[\"10 "
			"h%d.test\"],"
			"\"time_first\":%d,\"time_last\":%d}",
			i % FRONTS, i % FRONTS, i, i);
		lines[i] = rows[i];
	}
	assert_int_equal(expect_same(lines, ROWS), ROWS);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(past_keeps_a_set_once),
		cmocka_unit_test(past_reads_odd_rows_as_a_whole),
		cmocka_unit_test(past_reads_broken_rows_as_a_whole),
		cmocka_unit_test(past_tells_fronts_apart),
	};
	return cmocka_run_group_tests_name("past", tests, NULL, NULL);
}
