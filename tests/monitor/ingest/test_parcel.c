/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/ingest/parcel.h"

static struct report full_report(void)
{
	struct report report;
	parcel_first(&report);
	report.at = INT64_C(1700000000123);
	report.outcome = DELIVERY_BOUNCED;
	report.origin = REPORT_REMOTE;
	report.stage = REPORT_STAGE_RCPT;
	report.count = 3;
	report.code = 550;
	strcpy(report.recipient, "b\xfcro@a.example");
	strcpy(report.original, "alias@a.example");
	strcpy(report.status, "5.1.1");
	strcpy(report.relay_host, "mx.a.example");
	strcpy(report.relay_ip, "192.0.2.1");
	strcpy(report.text, "550 no \x01\x7f\x80\xff \"such\" \\user \xe2\x82\xac");
	strcpy(report.missing_name, "mx.gone.example");
	strcpy(report.id, "4ABCDE");
	return report;
}

static void expect_same(const struct report *a, const struct report *b)
{
	assert_int_equal(a->at, b->at);
	assert_int_equal(a->outcome, b->outcome);
	assert_int_equal(a->origin, b->origin);
	assert_int_equal(a->stage, b->stage);
	assert_int_equal(a->count, b->count);
	assert_int_equal(a->code, b->code);
	assert_string_equal(a->recipient, b->recipient);
	assert_string_equal(a->original, b->original);
	assert_string_equal(a->status, b->status);
	assert_string_equal(a->relay_host, b->relay_host);
	assert_string_equal(a->relay_ip, b->relay_ip);
	assert_string_equal(a->text, b->text);
	assert_string_equal(a->missing_name, b->missing_name);
	assert_string_equal(a->id, b->id);
}

/* As a line on the socket, and back. */
static json_t *send(json_t *item)
{
	assert_non_null(item);
	char *line = json_dumps(item, JSON_COMPACT);
	json_decref(item);
	assert_non_null(line);
	assert_null(strchr(line, '\n'));
	json_t *received = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(received);
	free(line);
	return received;
}

static void parcel_carries_every_byte(void **state)
{
	char bytes[256];
	char found[256];
	(void)state;
	for (int i = 1; i < 256; i++)
		bytes[i - 1] = (char)i;
	bytes[255] = '\0';
	json_t *list = send(json_pack("[o]", parcel_text(bytes)));
	assert_true(parcel_read_text(json_array_get(list, 0), found, sizeof found));
	assert_string_equal(found, bytes);
	assert_false(parcel_read_text(json_array_get(list, 0), found, sizeof found - 1));
	json_decref(list);
}

static void parcel_refuses_what_are_no_bytes(void **state)
{
	static const char *const values[] = {"[7]", "[null]", "[\"\\u0100\"]",
		"[\"a\\u20ac\"]", "[\"\\ud83d\\ude00\"]"};
	char found[64] = "";
	(void)state;
	for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
		json_t *list = json_loads(values[i], 0, NULL);
		assert_false(
			parcel_read_text(json_array_get(list, 0), found, sizeof found));
		json_decref(list);
	}
	json_t *with_nul = json_loads("[\"a\\u0000b\"]", JSON_ALLOW_NUL, NULL);
	assert_false(parcel_read_text(json_array_get(with_nul, 0), found, sizeof found));
	json_decref(with_nul);
}

static void parcel_brings_reports_as_they_were(void **state)
{
	struct report first;
	struct report found;
	const struct report full = full_report();
	struct report other = full;
	(void)state;
	strcpy(other.recipient, "else@a.example");
	other.text[0] = '\0';
	other.origin = REPORT_LOCAL;
	other.at = 0;
	parcel_first(&first);
	parcel_first(&found);
	json_t *item = send(parcel_report(&full, &first));
	assert_null(parcel_read_report(item, &found));
	expect_same(&found, &full);
	json_decref(item);
	item = send(parcel_report(&other, &full));
	assert_int_equal(json_object_size(item), 4); /* what differs */
	assert_null(parcel_read_report(item, &found));
	expect_same(&found, &other);
	json_decref(item);
	item = send(parcel_report(&other, &other));
	assert_int_equal(json_object_size(item), 0);
	assert_null(parcel_read_report(item, &found));
	expect_same(&found, &other);
	json_decref(item);
}

static void parcel_refuses_reports_that_are_none(void **state)
{
	static const char *const items[] = {
		"[]",
		"{\"more\":1}",
		"{\"at\":-1}",
		"{\"at\":253402300800000}",
		"{\"at\":\"1\"}",
		"{\"at\":1.5}",
		"{\"stage\":7}",
		"{\"stage\":-1}",
		"{\"count\":0}",
		"{\"count\":4294967296}",
		"{\"code\":1000}",
		"{\"code\":-1}",
		"{\"outcome\":\"lost\"}",
		"{\"outcome\":1}",
		"{\"remote\":1}",
		"{\"recipient\":null}",
		"{\"status\":\"5.1.1111111111\"}",
		"{\"id\":7}",
	};
	struct report report;
	(void)state;
	for (size_t i = 0; i < sizeof items / sizeof *items; i++) {
		json_t *item = json_loads(items[i], 0, NULL);
		assert_non_null(item);
		parcel_first(&report);
		assert_non_null(parcel_read_report(item, &report));
		json_decref(item);
	}
}

static void parcel_brings_rejected_lines(void **state)
{
	struct rejects rejects = {.len = 0};
	struct rejects found = {.len = 0};
	(void)state;
	rejects_add(&rejects, "no time", "\xff first", 5);
	rejects_add(&rejects, "no time", "\xff last", 9);
	json_t *item = send(parcel_rejected(&rejects.items[0]));
	assert_null(parcel_read_rejected(item, &found));
	assert_int_equal(found.len, 1);
	assert_int_equal(found.items[0].count, 2);
	assert_int_equal(found.items[0].first_at, 5);
	assert_int_equal(found.items[0].last_at, 9);
	assert_string_equal(found.items[0].reason, "no time");
	assert_string_equal(found.items[0].shown, "\xff last");
	while (parcel_read_rejected(item, &found) == NULL)
		assert_true(found.len <= REJECTS_REASONS);
	assert_int_equal(found.len, REJECTS_REASONS);
	json_decref(item);
}

static void parcel_refuses_rejected_lines_that_are_none(void **state)
{
	static const char *const wrong[][2] = {
		{"reason", "7"},
		{"reason", "\"\\n\""},
		{"count", "0"},
		{"count", "3000000000"},
		{"first_at", "-1"},
		{"last_at", "null"},
		{"shown", "\"\\u0100\""},
		{"more", "1"},
	};
	struct rejects rejects = {.len = 0};
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		json_t *item = json_loads("{\"reason\":\"r\",\"count\":1,\"first_at\":1,"
					  "\"last_at\":1,\"shown\":\"s\"}",
			0, NULL);
		json_object_set_new(item, wrong[i][0],
			json_loads(wrong[i][1], JSON_DECODE_ANY, NULL));
		assert_non_null(parcel_read_rejected(item, &rejects));
		assert_int_equal(rejects.len, 0);
		json_decref(item);
	}
	assert_non_null(parcel_read_rejected(NULL, &rejects));
}

static struct feed_place a_place(void)
{
	struct feed_place place = {
		.number = 7,
		.format = "postfix",
		.path = "/var/log/b\xfc.log",
		.device = UINT64_MAX,
		.inode = 12,
		.head_len = 1024,
		.tail_len = 256,
		.offset = 5000,
		.state = "a state \xff",
	};
	memset(place.head, 0xa5, sizeof place.head);
	memset(place.tail, 0x0f, sizeof place.tail);
	return place;
}

static void parcel_brings_places(void **state)
{
	static char text[READER_STATE_MAX + 1];
	const struct feed_place place = a_place();
	struct feed_place found;
	json_t *item = send(parcel_place(&place));
	(void)state;
	assert_null(parcel_read_place(item, &found, text));
	assert_int_equal(found.number, 7);
	assert_int_equal(found.offset, 5000);
	assert_true(found.device == UINT64_MAX);
	assert_int_equal(found.inode, 12);
	assert_int_equal(found.head_len, 1024);
	assert_int_equal(found.tail_len, 256);
	assert_string_equal(found.format, place.format);
	assert_string_equal(found.path, place.path);
	assert_string_equal(found.state, place.state);
	assert_memory_equal(found.head, place.head, FEED_HASH);
	assert_memory_equal(found.tail, place.tail, FEED_HASH);
	json_decref(item);
}

static void parcel_refuses_places_that_are_none(void **state)
{
	static char text[READER_STATE_MAX + 1];
	static const char *const wrong[][2] = {
		{"number", "-1"},
		{"offset", "-1"},
		{"offset", "100"}, /* before the ends of head and tail */
		{"head_len", "1025"},
		{"tail_len", "257"},
		{"tail_len", "\"1\""},
		{"format", "\"a-very-long-format\""},
		{"path", "null"},
		{"head", "\"a5\""},
		{"tail", "7"},
		{"tail",
			"\"0F0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"
			"0f"
			"\""},
		{"state", "7"},
		{"more", "1"},
	};
	const struct feed_place place = a_place();
	struct feed_place found;
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		json_t *item = parcel_place(&place);
		json_object_set_new(item, wrong[i][0],
			json_loads(wrong[i][1], JSON_DECODE_ANY, NULL));
		assert_non_null(parcel_read_place(item, &found, text));
		json_decref(item);
	}
	assert_non_null(parcel_read_place(NULL, &found, text));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parcel_carries_every_byte),
		cmocka_unit_test(parcel_refuses_what_are_no_bytes),
		cmocka_unit_test(parcel_brings_reports_as_they_were),
		cmocka_unit_test(parcel_refuses_reports_that_are_none),
		cmocka_unit_test(parcel_brings_rejected_lines),
		cmocka_unit_test(parcel_refuses_rejected_lines_that_are_none),
		cmocka_unit_test(parcel_brings_places),
		cmocka_unit_test(parcel_refuses_places_that_are_none),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
