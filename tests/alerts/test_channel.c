/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alerts/channel.h"

static void channel_takes_addresses(void **state)
{
	static const char *const right[] = {
		"a@b.example",
		"first.last+tag@mail.example.com",
		"!#$%&'*+-/=?^_`{|}~@example.com",
		"postmaster@localhost",
		"a@[192.0.2.1]",
		"a@xn--bcher-kva.example",
		"1@1.example",
	};

	(void)state;
	for (size_t i = 0; i < sizeof right / sizeof *right; i++)
		if (channel_check_address(right[i]) != NULL)
			fail_msg("%s: %s", right[i], channel_check_address(right[i]));
}

static void channel_refuses_what_is_no_address(void **state)
{
	static const char *const wrong[] = {
		"",
		"a",
		"@b.example",
		"a@",
		"a@b@c.example",
		"<a@b.example>",
		"a@b.example>",
		"a@b.example\r\nRCPT TO:<c@d.example>",
		"a\n@b.example",
		"a@b.example\n",
		"\"a\nb\"@c.example",
		"@relay.example:a@b.example",
		"a@b.example,c@d.example",
		"a b@c.example",
		" a@b.example",
		"a@b.example ",
		".a@b.example",
		"a.@b.example",
		"a..b@c.example",
		"a@b..example",
		"a@.example",
		"a@example.",
		"a@-b.example",
		"a@b-.example",
		"a@b_c.example",
		"-oQ/tmp@b.example",
		"\"a.b\"@example.com",
		"a@[IPv6:2001:db8::1]",
		"\"a@b\"@c.example",
		"\"a\\\"b\"@c.example",
		"\"\"@c.example",
		"\"@c.example",
		"(comment)a@b.example",
		"a@[192.0.2.256]",
		"a@[IPv6:192.0.2.1]",
		"a@[192.0.2.1",
		"a@[]",
		"a@[tag:x]",
		"a\x7f@b.example",
		"a\x1b@b.example",
		"a\xff@b.example",
		"a\xc0\x8a@b.example", /* an overlong line feed */
		"a@b\xe2\x80\xae.example", /* right-to-left override */
		"a\xc2\xa0z@b.example", /* no-break space */
		"a\xe2\x80\xa8z@b.example", /* line separator */
		"a\xc2\x85z@b.example", /* next line */
		"a@b.exa%mple",
		"jos\xc3\xa9@b.example",
		"jose@b\xc3\xbc"
		"cher.example",
	};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (channel_check_address(wrong[i]) == NULL)
			fail_msg("taken: %s", wrong[i]);
}

static void channel_puts_domains_in_ascii(void **state)
{
	static const char *const cases[][2] = {
		{"a@b\xc3\xbc"
		 "cher.example",
			"a@xn--bcher-kva.example"},
		{"jos\xc3\xa9@b\xc3\xbc"
		 "cher.example",
			"jos\xc3\xa9@xn--bcher-kva.example"},
		{"A.b@MAIL.Example", "A.b@MAIL.Example"},
		{"a@[192.0.2.1]", "a@[192.0.2.1]"},
		{"a@b\r\nc", "a@b\r\nc"},
		{"none", "none"},
		{"a@\xff.example", "a@\xff.example"},
	};
	char *address;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		assert_int_equal(channel_read_address(cases[i][0], &address), 0);
		assert_string_equal(address, cases[i][1]);
		free(address);
	}
}

static void channel_bounds_addresses(void **state)
{
	char address[400];
	char domain[300];

	(void)state;
	memset(domain, 'd', sizeof domain);
	for (size_t i = 60; i < sizeof domain; i += 61)
		domain[i] = '.';
	snprintf(address, sizeof address, "%.64s@b.example",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	assert_null(channel_check_address(address));
	snprintf(address, sizeof address, "%.65s@b.example",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa");
	assert_non_null(channel_check_address(address));
	snprintf(address, sizeof address, "a@%.252s", domain);
	assert_int_equal(strlen(address), CHANNEL_ADDRESS_MAX);
	assert_null(channel_check_address(address));
	snprintf(address, sizeof address, "ab@%.252s", domain);
	assert_non_null(channel_check_address(address));
	memset(domain, 'd', 64);
	snprintf(address, sizeof address, "a@%.63s.example", domain);
	assert_null(channel_check_address(address));
	snprintf(address, sizeof address, "a@%.64s.example", domain);
	assert_non_null(channel_check_address(address));
}

static void channel_takes_urls_of_the_web_alone(void **state)
{
	static const char *const right[] = {
		"https://hooks.slack.com/services/T0/B0/x",
		"http://127.0.0.1:9093",
		"https://[2001:db8::1]:8443/a?b=c&d=%20",
		"https://a.example?x",
		"http://localhost/",
	};
	static const char *const wrong[] = {
		"",
		"hooks.slack.com",
		"HTTPS://a.example/",
		"ftp://a.example/",
		"file:///etc/passwd",
		"gopher://a.example/",
		"https://",
		"https:///x",
		"https://user:pass@a.example/",
		"https://user@a.example/",
		"https://a.example/#x",
		"https://a.example/ x",
		"https://a.example/\r\nX: y",
		"https://a.example:/",
		"https://a.example:0/",
		"https://a.example:65536/",
		"https://a.example:8o/",
		"https://a..example/",
		"https://[2001:db8::1/",
		"https://[2001:db8::g]/",
		"https://[2001:db8::1]x/",
		"https://a\\b.example/",
		"https://a.example/\xc3\xbc",
	};

	(void)state;
	for (size_t i = 0; i < sizeof right / sizeof *right; i++)
		if (channel_check_url(right[i]) != NULL)
			fail_msg("refused: %s", right[i]);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
		if (channel_check_url(wrong[i]) == NULL)
			fail_msg("taken: %s", wrong[i]);
}

static void channel_takes_mail_servers(void **state)
{
	(void)state;
	assert_null(channel_check_smtp("smtp://127.0.0.1:25"));
	assert_null(channel_check_smtp("smtp://mail.example.com"));
	assert_null(channel_check_smtp("smtps://[::1]:465/"));
	assert_non_null(channel_check_smtp("smtp://mail.example.com/path"));
	assert_non_null(channel_check_smtp("smtp://mx:pw@mail.example.com"));
	assert_non_null(channel_check_smtp("smtp://mail.example.com?x"));
	assert_non_null(channel_check_smtp("http://mail.example.com"));
	assert_non_null(channel_check_smtp("mail.example.com:25"));
}

static void channel_takes_secrets_of_one_line(void **state)
{
	char long_one[4200];

	(void)state;
	memset(long_one, 'x', sizeof long_one - 1);
	long_one[sizeof long_one - 1] = '\0';
	assert_null(channel_check_secret("pass word \xc3\xbc"));
	assert_non_null(channel_check_secret(""));
	assert_non_null(channel_check_secret("a\nb"));
	assert_non_null(channel_check_secret("a\x01"));
	assert_non_null(channel_check_secret("\xff"));
	assert_non_null(channel_check_secret(long_one));
}

static void channel_shows_urls_without_their_secrets(void **state)
{
	static const struct {
		const char *url;
		const char *shown;
	} cases[] = {
		{"https://hooks.slack.com/services/T0/B0/key",
			"https://hooks.slack.com/***"},
		{"https://a.example:8443?token=key", "https://a.example:8443/***"},
		{"http://[::1]:9093", "http://[::1]:9093"},
		{"https://user:key@a.example/", "***"},
		{"https://a.example/\x1b[31m", "***"},
		{"key", "***"},
	};
	char shown[CHANNEL_SHOWN_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		channel_show_url(cases[i].url, shown);
		assert_string_equal(shown, cases[i].shown);
	}
}

static void channel_knows_this_machine(void **state)
{
	char host[256];

	(void)state;
	assert_true(channel_url_host("https://[::1]:1/x", host));
	assert_string_equal(host, "::1");
	assert_true(channel_is_loopback(host));
	assert_true(channel_url_host("http://LocalHost/x", host));
	assert_true(channel_is_loopback(host));
	assert_true(channel_is_loopback("127.9.9.9"));
	assert_false(channel_is_loopback("128.0.0.1"));
	assert_false(channel_is_loopback("localhost.example"));
	assert_false(channel_url_host("nothing", host));
}

static void channel_copies_all_it_holds(void **state)
{
	char texts[][16] = {"team", "smtp://h", "u", "p", "f@b.example", "https://h/",
		"k", "a@b.example", "c@d.example", "/bin/true", ""};
	char *to[] = {texts[7], texts[8]};
	char *command[] = {texts[9], texts[10]};
	uint8_t secret[] = {1, 0, 2};
	const struct channel channel = {.name = texts[0],
		.type = CHANNEL_WEBHOOK,
		.smtp = texts[1],
		.tls = CHANNEL_TLS_NONE,
		.user = texts[2],
		.password = texts[3],
		.from = texts[4],
		.to = to,
		.to_len = 2,
		.url = texts[5],
		.secret = secret,
		.secret_len = sizeof secret,
		.key = texts[6],
		.command = command,
		.command_len = 2};
	struct channel copy;

	(void)state;
	assert_int_equal(channel_copy(&channel, &copy), 0);
	assert_string_equal(copy.name, "team");
	assert_int_equal(copy.type, CHANNEL_WEBHOOK);
	assert_string_equal(copy.smtp, "smtp://h");
	assert_int_equal(copy.tls, CHANNEL_TLS_NONE);
	assert_string_equal(copy.user, "u");
	assert_string_equal(copy.password, "p");
	assert_string_equal(copy.from, "f@b.example");
	assert_int_equal(copy.to_len, 2);
	assert_string_equal(copy.to[1], "c@d.example");
	assert_string_equal(copy.url, "https://h/");
	assert_int_equal(copy.secret_len, 3);
	assert_memory_equal(copy.secret, secret, 3);
	assert_string_equal(copy.key, "k");
	assert_int_equal(copy.command_len, 2);
	assert_string_equal(copy.command[1], "");
	channel_finish(&copy);
	assert_null(copy.name);
	channel_finish(&copy);
}

static void channel_names_its_types(void **state)
{
	static const char *const names[] = {"unknown", "email", "sendmail", "exec",
		"webhook", "slack", "teams", "pagerduty", "alertmanager", "heartbeat"};

	(void)state;
	for (int type = 0; type <= CHANNEL_HEARTBEAT; type++)
		assert_string_equal(
			channel_type_name((enum channel_type)type), names[type]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(channel_takes_addresses),
		cmocka_unit_test(channel_refuses_what_is_no_address),
		cmocka_unit_test(channel_puts_domains_in_ascii),
		cmocka_unit_test(channel_bounds_addresses),
		cmocka_unit_test(channel_takes_urls_of_the_web_alone),
		cmocka_unit_test(channel_takes_mail_servers),
		cmocka_unit_test(channel_takes_secrets_of_one_line),
		cmocka_unit_test(channel_shows_urls_without_their_secrets),
		cmocka_unit_test(channel_knows_this_machine),
		cmocka_unit_test(channel_copies_all_it_holds),
		cmocka_unit_test(channel_names_its_types),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
