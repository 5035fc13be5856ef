/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/domainlist.h"
#include "resolvers/name.h"
#include "tests/fake/memory.h"

/* What a reading said, as text: "LINE domain tags" and "LINE! why". */
struct said {
	char text[4096];
	size_t len;
};

static int on_domain(void *owner, uint64_t line, const uint8_t *domain, const char *tags)
{
	struct said *said = owner;
	char name[NAME_TEXT_MAX];

	said->len += (size_t)snprintf(said->text + said->len,
		sizeof said->text - said->len, "%d %s%s%s\n", (int)line,
		name_format(domain, name), tags[0] != '\0' ? " " : "", tags);
	return 0;
}

static void on_refused(void *owner, uint64_t line, const char *why)
{
	struct said *said = owner;

	said->len += (size_t)snprintf(said->text + said->len,
		sizeof said->text - said->len, "%d! %s\n", (int)line, why);
}

static struct domainlist_counts read_bytes(
	const void *bytes, size_t len, struct said *ret_said)
{
	const struct domainlist_reader reader = {
		.owner = ret_said, .on_domain = on_domain, .on_refused = on_refused};
	struct domainlist_counts counts;
	FILE *in = tmpfile();

	*ret_said = (struct said){.len = 0};
	assert_non_null(in);
	assert_int_equal(fwrite(bytes, 1, len, in), len);
	rewind(in);
	assert_int_equal(domainlist_read(in, &reader, &counts), 0);
	fclose(in);
	return counts;
}

static void expect(const char *text, const char *said_text)
{
	struct said said;

	read_bytes(text, strlen(text), &said);
	assert_string_equal(said.text, said_text);
}

static void domainlist_takes_plain_domains(void **state)
{
	(void)state;
	expect("online.de\nGMX.de.\r\n\n# none\n  web.de  \nb.example # why\n",
		"1 online.de\n2 gmx.de\n5 web.de\n6 b.example\n");
	expect("last.example", "1 last.example\n");
	expect("", "");
	expect("\xef\xbb\xbfonline.de\n", "1 online.de\n");
	expect("m\xc3\xbcnchen.example\n", "1 xn--mnchen-3ya.example\n");
}

static void domainlist_takes_tags(void **state)
{
	(void)state;
	expect("a.example,key,eu\nb.example, \"x\" ,, y\n\"c.example\",z\n",
		"1 a.example key,eu\n2 b.example x,y\n3 c.example z\n");
	expect("domain,tag\na.example,b\n", "2 a.example b\n");
	expect("a.example,two words\n",
		"1! found \"two words\": no tag (letters, digits, -_.:, at most 63)\n");
	expect("a.example,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17\n",
		"1! found \"17\": more than 16 tags\n");
}

static void domainlist_knows_tags(void **state)
{
	(void)state;
	assert_true(domainlist_is_tags(""));
	assert_true(domainlist_is_tags("a,b-c"));
	assert_false(domainlist_is_tags("a,,b"));
	assert_false(domainlist_is_tags("a,"));
	assert_false(domainlist_is_tags("a b"));
	assert_false(domainlist_is_tags("a\x1b"));
	assert_false(domainlist_is_tags("1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16,17"));
}

static void domainlist_takes_addresses(void **state)
{
	(void)state;
	expect("joe@a.example\n"
	       "Joe <joe@b.example>\n"
	       "\"Doe, Joe\" <joe@c.example>\n"
	       "joe@d.example, Eve <eve@e.example>; f@f.example\n"
	       "\"odd@local\"@g.example\n"
	       "Joe Doe,joe@h.example,2023\n",
		"1 a.example\n2 b.example\n3 c.example\n4 d.example\n4 e.example\n"
		"4 f.example\n5 g.example\n6 h.example\n");
	expect("Joe <joe@b.example\n",
		"1! found \"Joe <joe@b.example\": an address without its closing '>'\n");
	expect("@b.example\n",
		"1! found \"@b.example\": an address with nothing before its '@'\n");
}

static void domainlist_names_bad_lines_and_takes_the_rest(void **state)
{
	static const char text[] = "a.example\n"
				   "single\n"
				   "two..dots.example\n"
				   "b.example\n"
				   "joe@[192.0.2.1]\n"
				   "nul\0.example\n"
				   "esc\x1b[31m.example\n"
				   "\xff\xfe\n"
				   "c.example\n";
	struct domainlist_counts counts;
	struct said said;

	(void)state;
	counts = read_bytes(text, sizeof text - 1, &said);
	assert_int_equal(counts.lines, 9);
	assert_int_equal(counts.taken, 3);
	assert_int_equal(counts.refused, 6);
	assert_non_null(strstr(said.text, "2! found \"single\": "));
	assert_non_null(strstr(said.text, "6! found \"nul\": a line with a NUL byte"));
	assert_non_null(strstr(said.text, "7! found \"esc\\x1b[31m.example\": "));
	assert_non_null(strstr(said.text, "8! found \"\\xff\\xfe\": "));
	assert_non_null(strstr(said.text, "9 c.example\n"));
}

static void domainlist_bounds_lines(void **state)
{
	size_t len = DOMAINLIST_LINE_MAX + 100;
	char *text = malloc(len + 12);
	struct domainlist_counts counts;
	struct said said;

	(void)state;
	assert_non_null(text);
	memset(text, 'a', len);
	memcpy(text + len, "\nb.example\n", 12);
	counts = read_bytes(text, len + 11, &said);
	assert_int_equal(counts.lines, 2);
	assert_int_equal(counts.taken, 1);
	assert_int_equal(counts.refused, 1);
	assert_non_null(strstr(said.text, "\"...: a line of more than 65536 bytes\n"));
	assert_non_null(strstr(said.text, "2 b.example\n"));
	/* as long as allowed, though no domain */
	memset(text, ' ', DOMAINLIST_LINE_MAX);
	memcpy(text, "c.example", 9);
	text[DOMAINLIST_LINE_MAX] = '\n';
	read_bytes(text, DOMAINLIST_LINE_MAX + 1, &said);
	assert_string_equal(said.text, "1 c.example\n");
	free(text);
}

static void domainlist_merges_duplicates(void **state)
{
	char text[] = "b.example,x\na.example\nB.example,y,x\nb.example\n";
	struct domainlist list;
	char name[NAME_TEXT_MAX];
	FILE *in = fmemopen(text, sizeof text - 1, "r");

	(void)state;
	assert_int_equal(domainlist_load(in, NULL, NULL, &list), 0);
	fclose(in);
	assert_int_equal(list.len, 2);
	assert_int_equal(list.duplicates, 2);
	assert_string_equal(name_format(list.entries[0].domain, name), "a.example");
	assert_string_equal(list.entries[0].tags, "");
	assert_string_equal(name_format(list.entries[1].domain, name), "b.example");
	assert_string_equal(list.entries[1].tags, "x,y");
	assert_int_equal(list.entries[1].line, 1);
	domainlist_finish(&list);
}

static int stop_at_second(
	void *owner, uint64_t line, const uint8_t *domain, const char *tags)
{
	(void)owner;
	(void)domain;
	(void)tags;
	return line == 2 ? -ECANCELED : 0;
}

static void domainlist_ends_where_the_callback_says(void **state)
{
	char text[] = "a.example\nb.example\nc.example\n";
	const struct domainlist_reader reader = {.on_domain = stop_at_second};
	struct domainlist_counts counts;
	FILE *in = fmemopen(text, sizeof text - 1, "r");

	(void)state;
	assert_int_equal(domainlist_read(in, &reader, &counts), -ECANCELED);
	assert_int_equal(counts.lines, 2);
	fclose(in);
}

static void domainlist_says_when_reading_fails(void **state)
{
	const struct domainlist_reader reader = {.on_domain = stop_at_second};
	struct domainlist_counts counts;
	FILE *in = fopen("/", "r"); /* a directory opens, but does not read */

	(void)state;
	assert_non_null(in);
	assert_int_equal(domainlist_read(in, &reader, &counts), -EIO);
	fclose(in);
}

static void domainlist_survives_lack_of_memory(void **state)
{
	static char text[] = "b.example,x\na.example\nb.example,y\n";
	bool failed = true;

	(void)state;
	for (size_t before = 0; failed; before++) {
		struct domainlist list = {0};
		FILE *in = fmemopen(text, sizeof text - 1, "r");
		int err;

		memory_fail_after(before);
		err = domainlist_load(in, NULL, NULL, &list);
		failed = memory_stop_failing();
		assert_int_equal(err, failed ? -ENOMEM : 0);
		if (!failed)
			assert_int_equal(list.len, 2);
		domainlist_finish(&list);
		fclose(in);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(domainlist_takes_plain_domains),
		cmocka_unit_test(domainlist_takes_tags),
		cmocka_unit_test(domainlist_knows_tags),
		cmocka_unit_test(domainlist_takes_addresses),
		cmocka_unit_test(domainlist_names_bad_lines_and_takes_the_rest),
		cmocka_unit_test(domainlist_bounds_lines),
		cmocka_unit_test(domainlist_merges_duplicates),
		cmocka_unit_test(domainlist_ends_where_the_callback_says),
		cmocka_unit_test(domainlist_says_when_reading_fails),
		cmocka_unit_test(domainlist_survives_lack_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
