/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/ingest/bounceline.h"
#include "monitor/ingest/report.h"

static void bounceline_gives_trimmed_lines(void **state)
{
	static const char text[] = "  a b \n\n\tc";
	struct bounceline line = {0};

	(void)state;
	assert_true(bounceline_next(text, strlen(text), &line));
	assert_memory_equal(line.text, "a b", line.len);
	assert_int_equal(line.len, 3);
	assert_true(bounceline_next(text, strlen(text), &line));
	assert_int_equal(line.len, 0);
	assert_true(bounceline_next(text, strlen(text), &line));
	assert_int_equal(line.len, 1);
	assert_false(bounceline_next(text, strlen(text), &line));
}

static void bounceline_finds_words_in_any_case(void **state)
{
	static const char text[] = "Not Delivered";

	(void)state;
	assert_ptr_equal(bounceline_find(text, strlen(text), "deliver"), text + 4);
	assert_null(bounceline_find(text, 10, "delivered"));
	assert_null(bounceline_find(text, 0, "n"));
}

static void bounceline_knows_lines_that_start_with_an_address(void **state)
{
	static const struct {
		const char *line;
		const char *address;
		const char *rest;
	} cases[] = {
		{"<kim@example.org>:", "kim@example.org", ""},
		{"\"kim@example.org\":", "kim@example.org", ""},
		{"* kim@example.org", "kim@example.org", ""},
		{"kim@example.org: 550 no", "kim@example.org", "550 no"},
		{"kim@example.org [User unknown]", "kim@example.org", "[User unknown]"},
		{"kim@example.org<mailto:kim@example.org> gone", "kim@example.org",
			"gone"},
		{"554 <kim@example.org>... Remote error", "kim@example.org",
			"Remote error"},
		{"<<< 550 <kim@example.org> x", "", NULL},
		{">>> RCPT To:<kim@example.org>", "", NULL},
		{"(generated from kim@example.org)", "", NULL},
		{"To: kim@example.org", "", NULL},
		{"kim@", "", NULL},
		{"@example.org", "", NULL},
		{"", "", NULL},
	};
	char address[REPORT_ADDRESS_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *line = cases[i].line;
		size_t used =
			bounceline_address(line, strlen(line), address, sizeof address);
		if (cases[i].rest == NULL) {
			assert_int_equal(used, 0);
			continue;
		}
		assert_string_equal(address, cases[i].address);
		assert_string_equal(line + used, cases[i].rest);
	}
}

static void bounceline_finds_an_address_anywhere(void **state)
{
	static const char line[] = "not @ or a@ but <kim@example.org>, then x@y.example";
	char address[REPORT_ADDRESS_MAX];
	size_t used = bounceline_any_address(line, strlen(line), address, sizeof address);

	(void)state;
	assert_string_equal(address, "kim@example.org");
	assert_string_equal(line + used, ">, then x@y.example");
	assert_int_equal(bounceline_any_address("a b", 3, address, sizeof address), 0);
}

static void bounceline_tells_replies_from_numbers(void **state)
{
	static const struct {
		const char *text;
		const char *reply;
	} cases[] = {
		{"550 no", "550 no"},
		{"Remote host said: 450 4.2.2 full", "450 4.2.2 full"},
		{"returned '550 5.1.1 x'", "550 5.1.1 x'"},
		{"error 550-'5.2.2 <a@b>", "550-'5.2.2 <a@b>"},
		{"host a [192.0.2.1]: 554-no", "554-no"},
		{"for the last 432000 seconds", NULL},
		{"after 500 seconds", NULL},
		{"between 450-500 bytes", NULL},
		{"port 587", NULL},
		{"[550.1.1.1]", NULL},
		{"250 ok", NULL},
		{"", NULL},
		{"55", NULL},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const char *reply = bounceline_reply(cases[i].text);
		if (cases[i].reply == NULL)
			assert_null(reply);
		else
			assert_string_equal(reply, cases[i].reply);
	}
}

static void bounceline_finds_who_answered(void **state)
{
	static const struct {
		const char *text;
		const char *host;
		const char *ip;
	} cases[] = {
		{"host mx.example.org [192.0.2.1]: 550 no", "mx.example.org",
			"192.0.2.1"},
		{"host mx.example.org[2001:db8::1] said: 550", "mx.example.org",
			"2001:db8::1"},
		{"host: mx.example.org 5.2.1 no", "mx.example.org", ""},
		{"Connected to 192.0.2.1 but sender was rejected.", "", "192.0.2.1"},
		{"192.0.2.1 does not like recipient. Remote host said: 550 x", "",
			"192.0.2.1"},
		/* What the server says of us is no host that answered. */
		{"550 blocked: mail.example.net [203.0.113.9]", "", ""},
		{"nobody there", "", ""},
	};
	char host[REPORT_HOST_MAX];
	char ip[48];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		bounceline_host(cases[i].text, host, sizeof host, ip, sizeof ip);
		assert_string_equal(host, cases[i].host);
		assert_string_equal(ip, cases[i].ip);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bounceline_gives_trimmed_lines),
		cmocka_unit_test(bounceline_finds_words_in_any_case),
		cmocka_unit_test(bounceline_knows_lines_that_start_with_an_address),
		cmocka_unit_test(bounceline_finds_an_address_anywhere),
		cmocka_unit_test(bounceline_tells_replies_from_numbers),
		cmocka_unit_test(bounceline_finds_who_answered),
	};

	return cmocka_run_group_tests_name("bounceline", tests, NULL, NULL);
}
