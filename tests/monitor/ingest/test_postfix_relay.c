/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/ingest/postfix_relay.h"
#include "monitor/ingest/saying.h"

static void expect(struct postfix_relays *relays, const char *text, const char *host,
	const char *ip, const char *port)
{
	struct report report;
	saying_clear(&report);
	const struct postfix_relay relay =
		postfix_relay_read(relays, span_of(text), &report);
	assert_string_equal(report.relay_host, host);
	assert_string_equal(report.relay_ip, ip);
	assert_true(span_is_nocase(relay.host, span_of(host)) ||
		(span_ends(relay.host, SPAN(".")) && relay.host.len == strlen(host) + 1));
	assert_int_equal(relay.ip.len > 0, strchr(text, '[') != NULL);
	assert_true(span_is(relay.port, span_of(port)));
}

static void postfix_relay_says_the_same_again(void **state)
{
	struct postfix_relays *relays = postfix_relays_create();
	(void)state;
	assert_non_null(relays);
	for (int i = 0; i < 3; i++) {
		expect(relays, "none", "", "", "");
		expect(relays, "local", "", "", "");
		expect(relays, "a[::1]:25", "a", "::1", "25");
		expect(relays, "MX1.Example.net.[192.0.2.7]:25", "mx1.example.net",
			"192.0.2.7", "25");
		expect(relays, "mx1.example.net[IPv6:2001:DB8::7]:587", "mx1.example.net",
			"2001:db8::7", "587");
		expect(relays, "mail.example.net[private/dovecot-lmtp]",
			"mail.example.net", "", "");
		expect(relays, "a-pipe-with-a-long-name-and-no-address", "", "", "");
	}
	postfix_relays_destroy(relays);
}

/* Many more than are remembered, some of which differ in their first bytes only. */
static void postfix_relay_tells_relays_apart(void **state)
{
	struct postfix_relays *relays = postfix_relays_create();
	char text[96], host[32], ip[32];
	(void)state;
	assert_non_null(relays);
	srandom(5);
	for (int i = 0; i < 20000; i++) {
		const int which = (int)(random() % 3000);
		snprintf(host, sizeof host, "mx%d.example.net", which);
		snprintf(ip, sizeof ip, "198.51.100.%d", 100 + which % 10);
		snprintf(text, sizeof text, "%s[%s]:25", host, ip);
		expect(relays, text, host, ip, "25");
	}
	postfix_relays_destroy(relays);
}

static void postfix_relay_reads_what_is_too_long_to_keep(void **state)
{
	struct postfix_relays *relays = postfix_relays_create();
	char host[201], text[256];
	(void)state;
	assert_non_null(relays);
	for (size_t len = 100; len < sizeof host; len++) {
		memset(host, 'a', len);
		host[len] = '\0';
		snprintf(text, sizeof text, "%s[192.0.2.7]:25", host);
		expect(relays, text, host, "192.0.2.7", "25");
		expect(relays, text, host, "192.0.2.7", "25");
	}
	postfix_relays_destroy(relays);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(postfix_relay_says_the_same_again),
		cmocka_unit_test(postfix_relay_tells_relays_apart),
		cmocka_unit_test(postfix_relay_reads_what_is_too_long_to_keep),
	};
	return cmocka_run_group_tests_name("postfix_relay", tests, NULL, NULL);
}
