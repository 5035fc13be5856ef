/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alerts/message.h"
#include "alerts/mime.h"

static const struct alert test_alert = {
	.id = "fra1-a3",
	.at = INT64_C(951782400000), /* a 29th of February */
	.site = "fra1",
	.ledger_head = "",
	.event = ALERT_TEST,
};

static int compose(const char *from, const char *to, char **ret_bytes, size_t *ret_len)
{
	const struct message_envelope envelope = {
		.from = from, .to = &to, .to_len = 1, .channel = "a b\r\nc"};

	return message_compose(&test_alert, &envelope, ret_bytes, ret_len);
}

static void message_refuses_addresses_that_are_more_than_one(void **state)
{
	static const char *const bad[] = {"", "a", "@", "a@", "@b", "a@b\r\nBcc: c@d",
		"a@b,c@d", "a b@c", "<a@b>", "\"a\"@b", "a@b\x7f", "a@\xc3\xbc", "a:b@c"};
	char *bytes;
	size_t len;
	(void)state;

	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		assert_int_equal(compose("a@b.example", bad[i], &bytes, &len), -EINVAL);
		assert_int_equal(compose(bad[i], "a@b.example", &bytes, &len), -EINVAL);
	}
}

static void message_has_one_id_and_date_whenever_it_is_composed(void **state)
{
	char *bytes;
	char *again;
	char *id;
	size_t len;
	size_t again_len;
	(void)state;

	assert_int_equal(compose("mx@b.example", "c+d@e.example", &bytes, &len), 0);
	assert_int_equal(compose("mx@b.example", "c+d@e.example", &again, &again_len), 0);
	assert_int_equal(len, again_len);
	assert_int_equal(strlen(bytes), len);
	assert_memory_equal(bytes, again, len);
	assert_non_null(strstr(bytes, "Date: Tue, 29 Feb 2000 00:00:00 +0000\r\n"));
	assert_non_null(strstr(bytes, "\r\nMessage-ID: <fra1-a3@b.example>\r\n"));
	assert_non_null(strstr(bytes, "<a-b--c.mxvigil.b.example>"));
	assert_null(strstr(bytes, "In-Reply-To"));
	free(again);
	assert_int_equal(
		compose("mx@b.example", "c@[IPv6:2001:db8::1]", &again, &again_len), 0);
	assert_non_null(strstr(again, "\r\nTo: c@[IPv6:2001:db8::1]\r\n"));
	assert_int_equal(message_id("fra1-a3", "mx@b.example", &id), 0);
	assert_string_equal(id, "fra1-a3@b.example");
	free(id);
	assert_int_equal(message_id("fr\xc3\xa4> 1-a3", "mx@b.example", &id), 0);
	assert_string_equal(id, "fr----1-a3@b.example");
	free(id);
	free(bytes);
	free(again);
}

static void check_quoted(const char *text, const char *quoted)
{
	char *bytes = NULL;
	size_t len;
	FILE *out = open_memstream(&bytes, &len);

	assert_non_null(out);
	mime_quoted(text, out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(bytes, quoted);
	free(bytes);
}

static void message_quotes_what_a_hop_could_change(void **state)
{
	char wide[80 + 1];
	(void)state;

	check_quoted("", "");
	check_quoted("a = b \n\n", "a =3D b=20\r\n\r\n");
	check_quoted(".\n..\nFrom a\nFrom", "=2E\r\n=2E.\r\n=46rom a\r\nFrom\r\n");
	check_quoted("\t\x7f\xc3\xbc", "=09=7F=C3=BC\r\n");
	memset(wide, 'a', 80);
	wide[80] = '\0';
	wide[75] = '.';
	check_quoted(wide,
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaa"
		"=\r\n=2Eaaaa\r\n");
}

static void check_header(const char *text, const char *header)
{
	char *bytes = NULL;
	size_t len;
	FILE *out = open_memstream(&bytes, &len);

	assert_non_null(out);
	mime_header("Subject", text, out);
	assert_int_equal(fclose(out), 0);
	assert_string_equal(bytes, header);
	free(bytes);
}

static void message_encodes_no_more_of_a_header_than_it_must(void **state)
{
	(void)state;

	check_header("plain words", "Subject: plain words\r\n");
	check_header("a b\xc3\xbc c", "Subject: a =?utf-8?Q?b=C3=BC?= c\r\n");
	check_header("\xc3\xa4 \xc3\xb6 c", "Subject: =?utf-8?Q?=C3=A4_=C3=B6?= c\r\n");
	check_header(
		"x =?a?q?b?= y", "Subject: x =?utf-8?Q?=3D=3Fa=3Fq=3Fb=3F=3D?= y\r\n");
	check_header("a\r\nBcc: b", "Subject: a\\x0d\\x0aBcc: b\r\n");
	check_header("a   b", "Subject: a b\r\n");
	check_header("", "Subject:\r\n");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(message_refuses_addresses_that_are_more_than_one),
		cmocka_unit_test(message_has_one_id_and_date_whenever_it_is_composed),
		cmocka_unit_test(message_quotes_what_a_hop_could_change),
		cmocka_unit_test(message_encodes_no_more_of_a_header_than_it_must),
	};
	return cmocka_run_group_tests_name("alerts/message", tests, NULL, NULL);
}
