/* SPDX-License-Identifier: MIT */
#include <dlfcn.h>
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <idn2.h>

#include "resolvers/name.h"

/* Stands before the library's function, whose allocations are out of the test's reach. */
static bool is_idn2_to_fail;

int idn2_lookup_u8(const uint8_t *src, uint8_t **lookupname, int flags)
{
	int (*real)(const uint8_t *, uint8_t **, int);

	if (is_idn2_to_fail)
		return IDN2_MALLOC;
	*(void **)&real = dlsym(RTLD_NEXT, "idn2_lookup_u8");
	assert_non_null(real);
	return real(src, lookupname, flags);
}

static const char *format(const char *text)
{
	static char formatted[NAME_TEXT_MAX];
	uint8_t name[NAME_WIRE_MAX];

	assert_int_equal(name_parse(text, name), 0);
	return name_format(name, formatted);
}

static void name_parses_to_lower_case_wire(void **state)
{
	static const uint8_t wire[] = "\2mx\7example\3com";
	static const char *const same[] = {"mx.example.com", "mx.example.com.",
		"MX.eXaMpLe.COM", "\\109x.example.com", "\\077\\x.example.\\c\\om"};
	uint8_t name[NAME_WIRE_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
		assert_int_equal(name_parse(same[i], name), 0);
		assert_int_equal(name_length(name), sizeof wire);
		assert_memory_equal(name, wire, sizeof wire);
	}
	assert_int_equal(name_parse("", name), 0);
	assert_int_equal(name_length(name), 1);
	name[0] = 9;
	assert_int_equal(name_parse(".", name), 0);
	assert_int_equal(name[0], 0);
}

static void name_refuses_bad_text(void **state)
{
	static const char *const cases[] = {
		"..",
		".example",
		"mx..example",
		"mx.example..",
		"mx\\",
		"mx\\1",
		"mx\\12",
		"mx\\12x",
		"mx\\256",
		"mx\\999",
		/* 64 bytes in a label */
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b",
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t name[NAME_WIRE_MAX] = {42};

		assert_int_equal(name_parse(cases[i], name), -EINVAL);
		assert_int_equal(name[0], 42);
	}
	assert_string_equal(format("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
				   "aaaaaaaaaa.b"),
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b");
}

static void name_holds_127_labels_and_255_bytes(void **state)
{
	uint8_t name[NAME_WIRE_MAX];
	char text[NAME_TEXT_MAX];
	char back[NAME_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < 127; i++)
		memcpy(text + i * 2, "a.", 2);
	text[253] = '\0';
	assert_int_equal(name_parse(text, name), 0);
	assert_int_equal(name_length(name), 255);
	assert_string_equal(name_format(name, back), text);
	text[253] = '.'; /* the final dot */
	text[254] = '\0';
	assert_int_equal(name_parse(text, name), 0);
	memcpy(text + 252, "ab", 3);
	assert_int_equal(name_parse(text, name), -EINVAL);
	memcpy(text + 252, "a.a", 4);
	assert_int_equal(name_parse(text, name), -EINVAL);
}

static void name_text_fits_in_its_bound(void **state)
{
	static const size_t labels[] = {63, 63, 63, 61};
	uint8_t name[NAME_WIRE_MAX];
	uint8_t back[NAME_WIRE_MAX];
	char text[NAME_TEXT_MAX];
	size_t at = 0;

	(void)state;
	memset(name, 0xff, sizeof name);
	for (size_t i = 0; i < 4; i++) {
		name[at] = (uint8_t)labels[i];
		at += 1 + labels[i];
	}
	name[at] = 0;
	assert_int_equal(name_length(name), 255);
	name_format(name, text);
	assert_int_equal(strlen(text), 250 * 4 + 3);
	assert_int_equal(name_parse(text, back), 0);
	assert_true(name_equal(name, back));
	assert_string_equal(name_format_display(name, text), text);
	assert_int_equal(strlen(text), 250 * 4 + 3);
}

static void name_formats_any_byte_and_back(void **state)
{
	uint8_t name[] = {1, 0, 7, 'e', 'x', 'a', 'm', 'p', 'l', 'e', 0};
	uint8_t back[NAME_WIRE_MAX];
	char text[NAME_TEXT_MAX];

	(void)state;
	for (unsigned byte = 0; byte < 256; byte++) {
		name[1] = (uint8_t)byte;
		name_format(name, text);
		for (const char *at = text; *at != '\0'; at++)
			assert_non_null(
				strchr("abcdefghijklmnopqrstuvwxyz0123456789-_.\\", *at));
		assert_int_equal(name_parse(text, back), 0);
		if (byte >= 'A' && byte <= 'Z')
			name[1] |= 0x20;
		assert_true(name_equal(name, back));
	}
}

static void name_escapes_hostile_labels(void **state)
{
	static const struct {
		const char *label;
		size_t len;
		const char *text;
	} cases[] = {
		{"x\0y", 3, "x\\000y"},
		{"a b", 3, "a\\032b"},
		{"a\r\nb", 4, "a\\013\\010b"},
		{"a.b", 3, "a\\046b"},
		{"<b>", 3, "\\060b\\062"},
		{"\"", 1, "\\034"},
		{"\\", 1, "\\092"},
		{"\033[2J", 4, "\\027\\0912j"},
		{"\x9b", 1, "\\155"},
		{"\xff\xfe", 2, "\\255\\254"},
		{"=cmd", 4, "\\061cmd"},
		{"*", 1, "\\042"},
		{"_dmarc", 6, "_dmarc"},
	};
	char text[NAME_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t name[NAME_WIRE_MAX] = {(uint8_t)cases[i].len};

		memcpy(name + 1, cases[i].label, cases[i].len);
		assert_string_equal(name_format(name, text), cases[i].text);
		assert_string_equal(name_format_display(name, text), cases[i].text);
	}
}

static void name_compares(void **state)
{
	static const uint8_t a[] = "\1a\7example";
	static const uint8_t b[] = "\1b\7example";
	static const uint8_t longer[] = "\1a\7example\3com";
	static const uint8_t root[] = "";

	(void)state;
	assert_true(name_equal(a, a));
	assert_false(name_equal(a, b));
	assert_false(name_equal(a, longer));
	assert_false(name_equal(root, a));
	assert_true(name_compare(a, b) < 0);
	assert_true(name_compare(b, a) > 0);
	assert_int_equal(name_compare(b, b), 0);
	assert_true(name_compare(root, a) < 0);
	assert_true(name_compare(a, longer) < 0);
	assert_true(name_compare(longer, a) > 0);
}

static void name_knows_its_ancestors(void **state)
{
	static const uint8_t name[] = "\2mx\7example\3com";
	static const uint8_t zone[] = "\7example\3com";
	static const uint8_t other[] = "\7example\3org";
	/* Ends in the same bytes as zone, but inside a label. */
	static const uint8_t lookalike[] = "\16xx\7example\3com";
	static const uint8_t root[] = "";

	(void)state;
	assert_true(name_is_below(name, name));
	assert_true(name_is_below(name, zone));
	assert_true(name_is_below(name, root));
	assert_true(name_is_below(root, root));
	assert_false(name_is_below(zone, name));
	assert_false(name_is_below(name, other));
	assert_false(name_is_below(root, zone));
	assert_false(name_is_below(lookalike, zone));
	assert_true(name_equal(name_parent(name), zone));
	assert_ptr_equal(name_parent(root), root);
}

static void name_reads_domains_as_people_write_them(void **state)
{
	static const struct {
		const char *text;
		const char *name;
	} cases[] = {
		{"example.com", "example.com"},
		{"EXAMPLE.Com.", "example.com"},
		{"b\xc3\xbc\x63her.example", "xn--bcher-kva.example"},
		{"B\xc3\x9c\x43HER.example.", "xn--bcher-kva.example"},
		{"bu\xcc\x88\x63her.example", "xn--bcher-kva.example"}, /* not NFC */
		{"xn--bcher-kva.example", "xn--bcher-kva.example"},
		{"stra\xc3\x9f\x65.example", "xn--strae-oqa.example"},
		{"\xef\xbd\x85xample\xe3\x80\x82\x63om", "example.com"}, /* full width */
		{"\xd7\x9e\xd7\x91.example", "xn--5dbz.example"},
		{"r3---sn-x.example", "r3---sn-x.example"},
		{"xn--zz-1.example", "xn--zz-1.example"},
		{"_spf.example.com", "_spf.example.com"},
		{"1.2.3.4.example", "1.2.3.4.example"},
	};
	const char *why = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t name[NAME_WIRE_MAX];
		char text[NAME_TEXT_MAX];

		assert_int_equal(name_parse_domain(cases[i].text, name, &why), 0);
		assert_string_equal(name_format(name, text), cases[i].name);
	}
	assert_null(why);
}

static void name_refuses_domains_that_are_none(void **state)
{
	static const char *const cases[] = {
		"",
		".",
		"localhost",
		"localhost.",
		"b\xc3\xbc\x63her",
		"example..com",
		".example.com",
		"exa mple.com",
		"example.com ",
		"\texample.com",
		"example.com\n",
		"user@example.com",
		"example.com/x",
		"<example.com>",
		"ex\\097mple.com",
		"192.0.2.1",
		"[192.0.2.1]",
		"2001:db8::1",
		"\xff.example", /* no UTF-8 */
		"\xc3.example",
		"\xe2\x80\xae\145vil.example", /* right-to-left override */
		"evil\xe2\x80\x8f.example",
		"a\xe2\x80\x8b\142.example", /* zero-width space */
		"a\xc2\xad\142.example", /* soft hyphen */
		"a\xc2\x9b\142.example", /* C1 */
		"a\xe2\x84\x80\142.example", /* maps to a/c */
		"a\xe2\x80\x8d\142.example", /* joiner without a context */
		"\xd7\x9e\141\xd7\x91.example", /* Latin inside Hebrew */
		"\xe2\x98\x83-\xc3\xbc\xe2\x82\xac.example\x01",
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b",
		"\xc3\xbc\141aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b",
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t name[NAME_WIRE_MAX] = {42};
		const char *why = NULL;

		assert_int_equal(name_parse_domain(cases[i], name, &why), -EINVAL);
		assert_non_null(why);
		assert_true(strlen(why) > 0);
		assert_int_equal(name[0], 42);
	}
}

static void name_refuses_endless_domains(void **state)
{
	char text[4001] = {0};
	uint8_t name[NAME_WIRE_MAX];
	const char *why = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof text - 1; i += 2)
		memcpy(text + i, "a.", 2);
	assert_int_equal(name_parse_domain(text, name, &why), -EINVAL);
	assert_non_null(why);
}

static void name_shows_u_labels(void **state)
{
	static const struct {
		const char *name;
		const char *shown;
	} cases[] = {
		{"xn--bcher-kva.example", "b\xc3\xbc\x63her.example"},
		{"mx.xn--bcher-kva.example", "mx.b\xc3\xbc\x63her.example"},
		{"xn--strae-oqa.xn--5dbz", "stra\xc3\x9f\x65.\xd7\x9e\xd7\x91"},
		{"mx.example.com", "mx.example.com"}, {"", ""},
		{"xn--zz-1.example", "xn--zz-1.example"},
		{"xn--.example", "xn--.example"},
		{"xn--example-.com", "xn--example-.com"}, /* decodes to ASCII */
		{"xn--bcher-kva\\046.example", "xn--bcher-kva\\046.example"},
		{"xn--a-0hc.example", "xn--a-0hc.example"},
		{"xn--ab-j1t.example", "xn--ab-j1t.example"}, /* zero-width non-joiner */
		{"xn--evil-yd7a.example", "xn--evil-yd7a.example"}, /* override */
		{"xn--a-ecp.ru", "xn--a-ecp.ru"}, /* upper case inside: no round trip */
	};
	char text[NAME_TEXT_MAX];

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		uint8_t name[NAME_WIRE_MAX];

		assert_int_equal(name_parse(cases[i].name, name), 0);
		assert_string_equal(name_format_display(name, text), cases[i].shown);
	}
}

static void name_survives_want_of_memory(void **state)
{
	static const uint8_t name[] = "\15xn--bcher-kva\7example";
	uint8_t parsed[NAME_WIRE_MAX] = {42};
	char text[NAME_TEXT_MAX];
	const char *why = NULL;

	(void)state;
	is_idn2_to_fail = true;
	int r = name_parse_domain("b\xc3\xbc\x63her.example", parsed, &why);
	name_format_display(name, text);
	is_idn2_to_fail = false;
	assert_int_equal(r, -ENOMEM);
	assert_null(why);
	assert_int_equal(parsed[0], 42);
	assert_string_equal(text, "xn--bcher-kva.example");
}

/* What the sink makes of the text; free with free(). */
static char *escape(enum name_sink sink, const char *text, size_t len)
{
	char *escaped = NULL;
	size_t escaped_len = 0;
	FILE *out = open_memstream(&escaped, &escaped_len);

	assert_non_null(out);
	name_escape(sink, text, len, out);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(strlen(escaped), escaped_len);
	return escaped;
}

static void name_escape_tames_foreign_text(void **state)
{
	static const struct {
		const char *text;
		size_t len;
		const char *terminal;
		const char *log;
		const char *csv;
	} cases[] = {
		{"", 0, "", "", "\"\""},
		{"plain text", 10, "plain text", "plain text", "\"plain text\""},
		{"x\0y", 3, "x\\x00y", "x\\x00y", "\"x\\x00y\""},
		{"a\r\nb", 4, "a\\x0d\\x0ab", "a\\x0d\\x0ab", "\"a\\x0d\\x0ab\""},
		{"\033[2J", 4, "\\x1b[2J", "\\x1b[2J", "\"\\x1b[2J\""},
		{"\x7f", 1, "\\x7f", "\\x7f", "\"\\x7f\""},
		{"\x9b", 1, "\\x9b", "\\x9b", "\"\\x9b\""},
		{"\xc2\x9b", 2, "\\xc2\\x9b", "\\xc2\\x9b", "\"\\xc2\\x9b\""},
		{"\xe2\x80\xae", 3, "\\xe2\\x80\\xae", "\\xe2\\x80\\xae",
			"\"\\xe2\\x80\\xae\""},
		{"\xff\xc3", 2, "\\xff\\xc3", "\\xff\\xc3", "\"\\xff\\xc3\""},
		{"b\xc3\xbc", 3, "b\xc3\xbc", "b\xc3\xbc", "\"b\xc3\xbc\""},
		{"\"\\<", 3, "\"\\<", "\\\"\\\\<", "\"\"\"\\<\""},
		{"=cmd", 4, "=cmd", "=cmd", "\"'=cmd\""},
		{"+1", 2, "+1", "+1", "\"'+1\""},
		{"-1", 2, "-1", "-1", "\"'-1\""},
		{"@x", 2, "@x", "@x", "\"'@x\""},
		{"\tx", 2, "\\x09x", "\\x09x", "\"'\\x09x\""},
		{" =1", 3, " =1", " =1", "\"' =1\""},
		{"\xef\xbc\x9d\061", 4, "\xef\xbc\x9d\061", "\xef\xbc\x9d\061",
			"\"'\xef\xbc\x9d\061\""},
		{"a=b", 3, "a=b", "a=b", "\"a=b\""},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *expected[] = {cases[i].terminal, cases[i].log, cases[i].csv};

		for (int sink = NAME_SINK_TERMINAL; sink <= NAME_SINK_CSV; sink++) {
			char *escaped =
				escape((enum name_sink)sink, cases[i].text, cases[i].len);

			assert_string_equal(escaped, expected[sink]);
			free(escaped);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(name_parses_to_lower_case_wire),
		cmocka_unit_test(name_refuses_bad_text),
		cmocka_unit_test(name_holds_127_labels_and_255_bytes),
		cmocka_unit_test(name_text_fits_in_its_bound),
		cmocka_unit_test(name_formats_any_byte_and_back),
		cmocka_unit_test(name_escapes_hostile_labels),
		cmocka_unit_test(name_compares),
		cmocka_unit_test(name_knows_its_ancestors),
		cmocka_unit_test(name_reads_domains_as_people_write_them),
		cmocka_unit_test(name_refuses_domains_that_are_none),
		cmocka_unit_test(name_refuses_endless_domains),
		cmocka_unit_test(name_shows_u_labels),
		cmocka_unit_test(name_survives_want_of_memory),
		cmocka_unit_test(name_escape_tames_foreign_text),
	};

	return cmocka_run_group_tests_name("name", tests, NULL, NULL);
}
