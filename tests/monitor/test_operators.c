/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "monitor/operators.h"
#include "resolvers/endpoint.h"
#include "tests/fake/memory.h"

static char path[] = "/tmp/mxvigil-operators-XXXXXX";
static char asn_path[] = "/tmp/mxvigil-operators-asn-XXXXXX";

static int make_files(void **state)
{
	int fd = mkstemp(path);
	int asn_fd = mkstemp(asn_path);

	(void)state;
	if (fd < 0 || asn_fd < 0)
		return -1;
	close(fd);
	close(asn_fd);
	return 0;
}

static int remove_files(void **state)
{
	(void)state;
	unlink(path);
	unlink(asn_path);
	return 0;
}

static void write_file(const char *file, const char *text)
{
	FILE *out = fopen(file, "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static struct operators *create(const char *local, const char *asn)
{
	struct operators *operators = NULL;
	struct operators_error error;
	int err;

	if (local != NULL)
		write_file(path, local);
	if (asn != NULL)
		write_file(asn_path, asn);
	err = operators_create(local != NULL ? path : NULL, asn != NULL ? asn_path : NULL,
		&operators, &error);
	if (err < 0)
		print_error("%s\n", error.text);
	assert_int_equal(err, 0);
	return operators;
}

static struct endpoint endpoint(const char *text)
{
	struct endpoint endpoint;

	assert_int_equal(endpoint_parse(text, 25, &endpoint), 0);
	return endpoint;
}

static uint64_t network(const struct operators *operators, const char *text)
{
	struct endpoint address = endpoint(text);

	return operators_network(operators, &address);
}

static void operators_are_named_by_the_longest_suffix(void **state)
{
	static const struct {
		const char *host;
		const char *name;
		enum operator_kind kind;
	} cases[] = {
		{"mx00.ionos.de", "IONOS", OPERATOR_MAILBOX},
		{"mx01.kundenserver.de", "IONOS", OPERATOR_MAILBOX},
		{"kundenserver.de", "IONOS", OPERATOR_MAILBOX},
		{"mx01.mail.icloud.com", "Apple iCloud", OPERATOR_MAILBOX},
		{"alt1.aspmx.l.google.com", "Google", OPERATOR_MAILBOX},
		{"a-com.mail.protection.outlook.com", "Microsoft 365", OPERATOR_MAILBOX},
		{"a-com.a-v1.mx.microsoft", "Microsoft 365", OPERATOR_MAILBOX},
		{"mx1.hotmail.com", "Outlook.com", OPERATOR_MAILBOX},
		{"eur.olc.protection.outlook.com", "Outlook.com", OPERATOR_MAILBOX},
		{"mailin-01.mx.aol.com", "Yahoo", OPERATOR_MAILBOX},
		{"mx-aol.mail.gm0.yahoodns.net", "Yahoo", OPERATOR_MAILBOX},
		{"mxa-00123456.gslb.pphosted.com", "Proofpoint", OPERATOR_GATEWAY},
		{"mail.h-email.net", "h-email.net", OPERATOR_PARKING},
		{"eforward1.registrar-servers.com", "Namecheap", OPERATOR_REGISTRAR},
		{"inbound-smtp.eu-west-1.amazonaws.com", "Amazon SES", OPERATOR_SENDER},
		{"ec2-192-0-2-1.eu-west-1.compute.amazonaws.com",
			"ec2-192-0-2-1.eu-west-1.compute.amazonaws.com",
			OPERATOR_UNLISTED},
		{"notkundenserver.de", "notkundenserver.de", OPERATOR_UNLISTED},
		{"mx.a.example.co.uk", "example.co.uk", OPERATOR_UNLISTED},
		{"co.uk", "co.uk", OPERATOR_UNLISTED},
		{"localhost", "localhost", OPERATOR_UNLISTED},
		{"ionos", "ionos", OPERATOR_UNLISTED}, /* a host, not the name */
		{"m\\000x.example.com", "m\\000x.example.com", OPERATOR_UNLISTED},
	};
	struct operators *operators = create(NULL, NULL);

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct operator_entry *entry =
			operators_of_host(operators, cases[i].host);

		assert_non_null(entry);
		assert_string_equal(entry->name, cases[i].name);
		assert_int_equal(entry->kind, cases[i].kind);
	}
	operators_destroy(operators);
}

static void operators_compare_as_identities(void **state)
{
	struct operators *operators = create(NULL, NULL);
	const struct operator_entry *ionos =
		operators_of_host(operators, "mx00.ionos.de");
	const struct operator_entry *met = operators_of_host(operators, "a.example.net");

	(void)state;
	assert_ptr_equal(operators_of_host(operators, "mx01.perfora.net"), ionos);
	assert_ptr_equal(operators_of_host(operators, "b.c.example.net"), met);
	assert_ptr_not_equal(operators_of_host(operators, "example.org"), met);
	for (unsigned i = 0; i < 5000; i++) {
		char host[64];

		snprintf(host, sizeof host, "mx.example-%u.com", i);
		assert_non_null(operators_of_host(operators, host));
	}
	assert_ptr_equal(operators_of_host(operators, "mx00.ionos.de"), ionos);
	assert_ptr_equal(operators_of_host(operators, "example.net"), met);
	assert_string_equal(met->name, "example.net");
	assert_true(met->id > operators_listed(operators));
	operators_destroy(operators);
}

static void operators_are_found_as_users_write_them(void **state)
{
	struct operators *operators = create(NULL, NULL);
	const struct operator_entry *apple = operators_of_host(operators, "me.com");
	const struct operator_entry *met;

	(void)state;
	assert_ptr_equal(operators_find(operators, "apple icloud"), apple);
	assert_ptr_equal(operators_find(operators, "Apple iCloud"), apple);
	assert_ptr_equal(operators_find(operators, "iCloud.com"), apple);
	assert_ptr_equal(operators_find(operators, "mx01.mail.icloud.com."), apple);
	assert_string_equal(operators_find(operators, "ionos")->name, "IONOS");
	met = operators_find(operators, "MX.Example.NET");
	assert_string_equal(met->name, "example.net");
	assert_ptr_equal(operators_of_host(operators, "example.net"), met);
	met = operators_find(operators, "nobody knows");
	assert_int_equal(met->kind, OPERATOR_UNLISTED);
	assert_ptr_equal(operators_find(operators, "Nobody Knows"), met);
	operators_destroy(operators);
}

static void operators_that_are_listed_are_distinct(void **state)
{
	struct operators *operators = create(NULL, NULL);
	const struct operator_entry *gmx = operators_find(operators, "GMX");
	const struct operator_entry *ionos = operators_find(operators, "IONOS");
	const struct operator_entry *a = operators_find(operators, "a.example");
	const struct operator_entry *b = operators_find(operators, "b.example");

	(void)state;
	assert_true(operators_distinct(gmx, ionos));
	assert_false(operators_distinct(gmx, gmx));
	assert_false(operators_distinct(gmx, a));
	assert_false(operators_distinct(a, b));
	operators_destroy(operators);
}

static void operators_of_a_local_file_come_first(void **state)
{
	struct operators *operators = create("# ours\r\n"
					     "\n"
					     "Our relays\tgateway\tmx.example.net "
					     "M\xc3\xbcnchen.example\t64512 AS64513\n"
					     "Ionos\tgateway\tmx.ionos.example\n"
					     "Special\tparking\tmx00.ionos.de web.de\n"
					     "Rented\thosting\t-\t64514\n",
		NULL);

	(void)state;
	assert_string_equal(
		operators_of_host(operators, "a.mx.example.net")->name, "Our relays");
	assert_string_equal(operators_of_host(operators, "xn--mnchen-3ya.example")->name,
		"Our relays");
	assert_string_equal(
		operators_of_host(operators, "example.net")->name, "example.net");
	/* One that we list is added to, and goes by the local name and kind. */
	assert_ptr_equal(operators_of_host(operators, "mx01.ionos.de"),
		operators_of_host(operators, "mx.ionos.example"));
	assert_string_equal(operators_find(operators, "ionos")->name, "Ionos");
	assert_int_equal(operators_find(operators, "ionos")->kind, OPERATOR_GATEWAY);
	/* A suffix of ours is taken over, or parted. */
	assert_string_equal(
		operators_of_host(operators, "mx00.ionos.de")->name, "Special");
	assert_string_equal(operators_of_host(operators, "mx.web.de")->name, "Special");
	operators_destroy(operators);
}

static void operators_name_what_is_wrong_in_a_local_file(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *why;
	} cases[] = {
		{"A\n", 1, "NAME TAB KIND"},
		{"A\tmailbox\n", 1, "NAME TAB KIND"},
		{"A\tmailbox\ta.example\t1\t2\n", 1, "NAME TAB KIND"},
		{"\tmailbox\ta.example\n", 1, "a name of 1 to 63"},
		{"A\x01\tmailbox\ta.example\n", 1, "a name of 1 to 63"},
		{"A\xff\tmailbox\ta.example\n", 1, "a name of 1 to 63"},
		{"A \tmailbox\ta.example\n", 1, "a name of 1 to 63"},
		{"\n#\nA\tmail\ta.example\n", 3, "mailbox, gateway, parking"},
		{"A\tmailbox\t-\t-\n", 1, "suffixes or AS numbers"},
		{"A\tmailbox\texample\n", 1, "a domain below which"},
		{"A\tmailbox\t.a.example\n", 1, "a domain below which"},
		{"A\tmailbox\ta/b.example\n", 1, "a domain below which"},
		{"A\tmailbox\tco.uk\n", 1, "a domain of one holder"},
		{"A\tmailbox\ta.example\nB\tmailbox\tA.example\n", 2,
			"a suffix that no line above"},
		{"A\tmailbox\ta.example\na\tmailbox\tb.example\n", 2,
			"a name that no line above"},
		{"A\tmailbox\ta.example\tAS\n", 1, "an AS number"},
		{"A\tmailbox\ta.example\t0\n", 1, "an AS number"},
		{"A\tmailbox\ta.example\t4294967296\n", 1, "an AS number"},
		{"A\thosting\ta.example\t64512\n", 1, "addresses are rented"},
		{"A\thosting\t-\n", 1, "an AS number"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct operators *operators;
		struct operators_error error;
		char place[64];

		write_file(path, cases[i].text);
		assert_int_equal(
			operators_create(path, NULL, &operators, &error), -EINVAL);
		assert_int_equal(error.line, cases[i].line);
		snprintf(place, sizeof place, "%s:%u: found \"", path, cases[i].line);
		assert_memory_equal(error.text, place, strlen(place));
		assert_non_null(strstr(error.text, cases[i].why));
	}
}

static void operators_name_the_file_that_they_cannot_read(void **state)
{
	struct operators *operators;
	struct operators_error error;

	(void)state;
	assert_int_equal(
		operators_create("/nonexistent/a", NULL, &operators, &error), -ENOENT);
	assert_non_null(strstr(error.text, "/nonexistent/a"));
	assert_int_equal(error.line, 0);
	assert_int_equal(operators_create(NULL, "/tmp", &operators, &error), -EISDIR);
	assert_non_null(strstr(error.text, "/tmp"));
	write_file(asn_path, "192.0.2.0/24\t64512\n192.0.2.0\t1\n");
	assert_int_equal(operators_create(NULL, asn_path, &operators, &error), -EINVAL);
	assert_int_equal(error.line, 2);
}

static void operators_have_networks_by_as(void **state)
{
	struct operators *operators = create(NULL,
		"192.0.2.0/24\t64512\n"
		"198.51.100.0/24\t64512\n"
		"2001:db8::/32\t64512\n"
		"203.0.113.0/24\t24940\n" /* hosting */
		"10.0.0.0/8\t15169\n");
	struct endpoint google = endpoint("10.1.2.3");
	struct endpoint rented = endpoint("203.0.113.1");
	struct endpoint unlisted = endpoint("192.0.2.1");
	struct endpoint nowhere = endpoint("11.0.0.1");

	(void)state;
	assert_int_equal(network(operators, "192.0.2.1"), 64512);
	assert_int_equal(network(operators, "198.51.100.9"), 64512);
	assert_int_equal(network(operators, "2001:db8:1::1"), 64512);
	assert_int_equal(operators_asn(operators, &rented), 24940);
	assert_int_not_equal(network(operators, "203.0.113.1"), 24940);
	assert_int_equal(operators_asn(operators, &nowhere), 0);
	assert_string_equal(operators_of_network(operators, &google)->name, "Google");
	assert_null(operators_of_network(operators, &rented));
	assert_null(operators_of_network(operators, &unlisted));
	assert_null(operators_of_network(operators, &nowhere));
	operators_destroy(operators);
}

static void operators_have_networks_by_prefix(void **state)
{
	static const struct {
		const char *a;
		const char *b;
		bool same;
	} cases[] = {
		{"192.0.2.1", "192.0.2.254", true},
		{"192.0.2.1", "192.0.3.1", false},
		{"0.0.0.1", "0.0.0.2", true},
		{"2001:db8:1::1", "2001:db8:1:ffff::2", true},
		{"2001:db8:1::1", "2001:db8:2::1", false},
		{"0.0.0.1", "::1", false},
		{"192.0.2.1", "::c000:2", false},
	};
	struct operators *operators = create(NULL, NULL);

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint64_t a = network(operators, cases[i].a);
		uint64_t b = network(operators, cases[i].b);

		assert_int_equal(a == b, cases[i].same);
		assert_true(a >> 63 == 1 && b >> 63 == 1);
	}
	operators_destroy(operators);
}

static void operators_share_no_as_by_guess(void **state)
{
	struct operators *operators = create("A\tmailbox\ta.example\t64512 64513\n"
					     "B\tmailbox\tb.example\t64513 64514\n"
					     "C\tmailbox\tc.example\t64515\n"
					     "D\thosting\t-\t64515 15169\n"
					     "E\tmailbox\te.example\t24940\n",
		"10.0.0.0/24\t64512\n10.0.1.0/24\t64513\n10.0.2.0/24\t64514\n"
		"10.0.3.0/24\t64515\n10.0.4.0/24\t15169\n10.0.5.0/24\t24940\n");
	static const char *const names[] = {"A", NULL, "B", NULL, NULL, "E"};

	(void)state;
	for (unsigned i = 0; i < 6; i++) {
		char text[16];
		struct endpoint address;
		const struct operator_entry *entry;

		snprintf(text, sizeof text, "10.0.%u.1", i);
		address = endpoint(text);
		entry = operators_of_network(operators, &address);
		if (names[i] == NULL)
			assert_null(entry);
		else
			assert_string_equal(entry->name, names[i]);
	}
	/* The AS of two is one network all the same; a rented one is not. */
	assert_int_equal(network(operators, "10.0.1.1"), 64513);
	assert_true(network(operators, "10.0.3.1") >> 63 == 1);
	assert_int_equal(network(operators, "10.0.5.1"), 24940);
	operators_destroy(operators);
}

static void operators_survive_want_of_memory(void **state)
{
	bool failed = true;

	(void)state;
	write_file(path, "A\tmailbox\ta.example b.example\t64512\n");
	write_file(asn_path, "192.0.2.0/24\t64512\n");
	for (size_t before = 0; failed; before += before < 40 ? 1 : 97) {
		struct operators *operators = NULL;
		struct operators_error error;
		int err;

		memory_fail_after(before);
		err = operators_create(path, asn_path, &operators, &error);
		failed = memory_stop_failing();
		assert_int_equal(err, failed ? -ENOMEM : 0);
		if (failed)
			assert_non_null(strstr(error.text, "memory"));
		operators_destroy(failed ? NULL : operators);
	}
}

static void operators_are_null_without_memory(void **state)
{
	struct operators *operators = create(NULL, NULL);
	bool failed = true;

	(void)state;
	for (size_t before = 0; failed; before++) {
		const struct operator_entry *entry;

		memory_fail_after(before);
		entry = operators_find(operators, "mx.example.net");
		failed = memory_stop_failing();
		if (failed)
			assert_null(entry);
		else
			assert_string_equal(entry->name, "example.net");
	}
	operators_destroy(operators);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operators_are_named_by_the_longest_suffix),
		cmocka_unit_test(operators_compare_as_identities),
		cmocka_unit_test(operators_are_found_as_users_write_them),
		cmocka_unit_test(operators_that_are_listed_are_distinct),
		cmocka_unit_test(operators_of_a_local_file_come_first),
		cmocka_unit_test(operators_name_what_is_wrong_in_a_local_file),
		cmocka_unit_test(operators_name_the_file_that_they_cannot_read),
		cmocka_unit_test(operators_have_networks_by_as),
		cmocka_unit_test(operators_have_networks_by_prefix),
		cmocka_unit_test(operators_share_no_as_by_guess),
		cmocka_unit_test(operators_survive_want_of_memory),
		cmocka_unit_test(operators_are_null_without_memory),
	};

	return cmocka_run_group_tests(tests, make_files, remove_files);
}
