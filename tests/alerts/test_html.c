/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alerts/html.h"

static void has(const char *text, const char *words)
{
	if (strstr(text, words) == NULL)
		fail_msg("\"%s\" is not in:\n%s", words, text);
}

static void lacks(const char *text, const char *words)
{
	if (strstr(text, words) != NULL)
		fail_msg("\"%s\" is in:\n%s", words, text);
}

/* To be freed. */
static char *escape(const char *raw)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	html_escape(raw, out);
	assert_int_equal(fclose(out), 0);
	return text;
}

static void html_escapes_what_is_foreign(void **state)
{
	static const struct {
		const char *raw;
		const char *escaped;
	} cases[] = {
		{"", ""},
		{"plain", "plain"},
		{"b\xc3\xbc"
		 "cher",
			"b\xc3\xbc"
			"cher"},
		{"<img src='x' onerror=\"a&b\">",
			"&lt;img src=&#39;x&#39; onerror=&quot;a&amp;b&quot;&gt;"},
		{"a\x1b[2J\r\n\tb\x7f", "a\\x1b[2J\\x0d\\x0a\\x09b\\x7f"},
		{"\x9b<", "\\x9b&lt;"},
		{"\xc2\x9b", "\\xc2\\x9b"},
		{"x\xe2\x80\xaey", "x\\xe2\\x80\\xaey"},
		{"\xff\xfe", "\\xff\\xfe"},
		{"&lt;", "&amp;lt;"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		char *text = escape(cases[i].raw);

		assert_string_equal(text, cases[i].escaped);
		free(text);
	}
}

static void html_frames_a_page_that_fetches_nothing(void **state)
{
	static const enum html_tone tones[] = {
		HTML_INFO, HTML_WARNING, HTML_CRITICAL, HTML_OVER};
	(void)state;

	for (size_t i = 0; i < sizeof tones / sizeof *tones; i++) {
		char *text = NULL;
		size_t len;
		FILE *out = open_memstream(&text, &len);

		assert_non_null(out);
		html_open("a<b>", "c<d>", "e<f>", tones[i], out);
		html_put(HTML_PARAGRAPH, "<p>", out);
		html_picture("cid:x@y", "a \"picture\"", out);
		html_link("https://a.example/?b=c&d=\"e", out);
		html_close(out);
		assert_int_equal(fclose(out), 0);
		has(text, "<!DOCTYPE html>");
		has(text, "<title>a&lt;b&gt;</title>");
		has(text, ">a&lt;b&gt;</h1>");
		has(text, ">c&lt;d&gt;</p>");
		has(text, ">e&lt;f&gt;</p>");
		has(text, "<img ");
		has(text, "src=\"cid:x@y\" alt=\"a &quot;picture&quot;\"");
		has(text, "href=\"https://a.example/?b=c&amp;d=&quot;e\"");
		has(text, "prefers-color-scheme:dark");
		has(text, "</body>\n</html>\n");
		lacks(text, "<script");
		lacks(text, "url(");
		lacks(text, "@import");
		free(text);
	}
}

static void html_does_without_lines_around_its_heading(void **state)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	(void)state;

	assert_non_null(out);
	html_open("a", NULL, NULL, HTML_INFO, out);
	html_close(out);
	assert_int_equal(fclose(out), 0);
	lacks(text, "<p ");
	lacks(text, "(null)");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(html_escapes_what_is_foreign),
		cmocka_unit_test(html_frames_a_page_that_fetches_nothing),
		cmocka_unit_test(html_does_without_lines_around_its_heading),
	};
	return cmocka_run_group_tests_name("alerts/html", tests, NULL, NULL);
}
