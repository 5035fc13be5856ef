/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/ingest/pending.h"
#include "monitor/ingest/saying.h"
#include "tests/fake/memory.h"
static struct report deferral(const char *id, const char *recipient)
{
	struct report report = {.code = 450};
	saying_clear(&report);
	snprintf(report.id, sizeof report.id, "%s", id);
	snprintf(report.recipient, sizeof report.recipient, "%s", recipient);
	snprintf(report.text, sizeof report.text, "450 %s", recipient);
	return report;
}

static void on_recipient(void *owner, struct report *report)
{
	strcat(owner, report->recipient);
	strcat(owner, " ");
}

static void expect(struct pending *pending, const char *id, const char *recipients)
{
	char got[4096] = "";
	struct report into;
	pending_take(pending, span_of(id), &into, got, on_recipient);
	assert_string_equal(got, recipients);
}

static void pending_keeps_each_recipient_once(void **state)
{
	struct pending *pending = pending_create(65536);
	struct report report = deferral("AAAAA", "a");
	(void)state;
	assert_non_null(pending);
	pending_put(pending, &report);
	report = deferral("AAAAA", "b");
	pending_put(pending, &report);
	report = deferral("AAAAA", "a");
	pending_put(pending, &report);
	report = deferral("BBBBB", "c");
	pending_put(pending, &report);
	expect(pending, "AAAAA", "a b ");
	expect(pending, "AAAAA", "");
	pending_drop(pending, &report);
	expect(pending, "BBBBB", "");
	expect(pending, "CCCCC", "");
	pending_destroy(pending);
}

/* Against a plain list, while the ring goes round many times. */
static void pending_forgets_the_oldest_only(void **state)
{
	enum {
		PUTS = 20000
	};
	static unsigned char alive[PUTS];
	struct pending *pending = pending_create(65536);
	struct report report;
	char id[32];
	char name[80];
	(void)state;
	srandom(7);
	memset(alive, 0, sizeof alive);
	for (int i = 0; i < PUTS; i++) {
		snprintf(id, sizeof id, "Q%05d", i);
		snprintf(name, sizeof name, "r%0*d", 1 + (int)(random() % 70), i);
		report = deferral(id, name);
		pending_put(pending, &report);
		alive[i] = 1;
		const int old = (int)(random() % 100);
		if (old < i && old % 3 == 0) {
			snprintf(id, sizeof id, "Q%05d", i - old);
			pending_forget(pending, span_of(id));
			alive[i - old] = 0;
		}
	}
	int kept = 0;
	for (int i = PUTS - 1; i >= 0; i--) {
		snprintf(id, sizeof id, "Q%05d", i);
		const size_t taken =
			pending_take(pending, span_of(id), &report, NULL, NULL);
		if (i >= PUTS - 300)
			assert_int_equal(taken, alive[i]);
		if (taken > 0)
			kept++;
		if (alive[i] == 0)
			assert_int_equal(taken, 0);
	}
	assert_in_range(kept, 200, 900);
	pending_destroy(pending);
}

static void pending_does_without_memory(void **state)
{
	struct pending *pending = pending_create(65536);
	const struct report report = deferral("AAAAA", "a");
	(void)state;
	for (size_t before = 0; before < 2; before++) {
		memory_fail_after(before);
		pending_put(pending, &report);
		assert_true(memory_stop_failing());
		pending_drop(pending, &report);
		expect(pending, "AAAAA", "");
	}
	pending_put(pending, &report);
	expect(pending, "AAAAA", "a ");
	pending_destroy(pending);
	memory_fail_after(0);
	assert_null(pending_create(65536));
	assert_true(memory_stop_failing());
}

static void pending_survives_long_strings_and_many_recipients(void **state)
{
	struct pending *pending = pending_create(65536);
	struct report report = deferral("AAAAA", "a");
	char id[32];
	(void)state;
	memset(report.recipient, 'r', sizeof report.recipient - 1);
	memset(report.original, 'o', sizeof report.original - 1);
	memset(report.text, 't', sizeof report.text - 1);
	for (int i = 0; i < 1000; i++) {
		report.original[i % 500] = 'x';
		snprintf(id, sizeof id, "Q%05d", i % 7);
		snprintf(report.id, sizeof report.id, "%s", id);
		pending_put(pending, &report);
	}
	struct report into;
	assert_int_equal(pending_take(pending, span_of(id), &into, NULL, NULL), 1);
	pending_destroy(pending);
	pending_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(pending_keeps_each_recipient_once),
		cmocka_unit_test(pending_forgets_the_oldest_only),
		cmocka_unit_test(pending_does_without_memory),
		cmocka_unit_test(pending_survives_long_strings_and_many_recipients),
	};
	return cmocka_run_group_tests_name("pending", tests, NULL, NULL);
}
