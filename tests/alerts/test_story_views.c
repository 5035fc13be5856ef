/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "alerts/story.h"
#include "storage/incident.h"

#define T0 INT64_C(1693341067000) /* 2023-08-29 20:31:07 */

static struct incident make(enum incident_kind kind, enum incident_state state)
{
	static const struct incident_evidence evidence = {
		"foreign-relay", 6.9, T0 + 60000, "It went to <mx01>."};

	return (struct incident){
		.kind = kind,
		.kind_at_open = kind,
		.severity = SEVERITY_CRITICAL,
		.severity_now = SEVERITY_CRITICAL,
		.state = state,
		.suspected_at = T0,
		.change_at = T0,
		.reverted_at = state >= INCIDENT_REVERTED ? T0 + 7200000 : 0,
		.from_operators = "IONOS\n",
		.to_operators = "evil\x1b[31m.example\n",
		.view = "mta",
		.recipients = 4137,
		.bounces = 5000,
		.summary = "Mail goes elsewhere.",
		.evidence = &evidence,
		.evidence_len = 1,
	};
}

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

static char *tell_some(const struct story_view *view, size_t len, bool html)
{
	const struct incident incident = make(INCIDENT_TRANSIENT_HIJACK, INCIDENT_OPEN);
	const struct story story = {.incident = &incident,
		.id = "x-i1",
		.domain = "a.example",
		.views = view,
		.views_len = len,
		.coverage = ""};
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	assert_non_null(out);
	assert_int_equal(
		html ? story_write_html(&story, out) : story_write(&story, out), 0);
	assert_int_equal(fclose(out), 0);
	return text;
}

static char *tell_views(const struct story_view *view, bool html)
{
	return tell_some(view, 1, html);
}

#define WIDE "10 a-rather-long-name-of-a-mail-host.outbound.protection.example"

static void story_sets_answers_side_by_side_where_they_fit(void **state)
{
	const struct story_view still = {
		"mta", "10 a.b", "10 c.d, 20 e.f", "10 c.d, 20 e.f"};
	const struct story_view same = {"mta", "10 a.b", "10 a.b", "10 a.b"};
	const struct story_view fewer = {
		"mta", "10 a.b, 20 c.d", "10 e.f", "no such domain"};
	const struct story_view wide = {"mta", WIDE, "10 a.b", NULL};
	(void)state;

	char *text = tell_views(&still, false);
	has(text, "    before  since, and now\n    10 a.b  10 c.d\n            20 e.f\n");
	free(text);
	text = tell_views(&same, false);
	has(text, "    before, since and now\n    10 a.b\n");
	free(text);
	text = tell_views(&fewer, false);
	has(text,
		"    before  since   now\n"
		"    10 a.b  10 e.f  no such domain\n    20 c.d\n");
	free(text);
	text = tell_views(&wide, false);
	has(text, "  before  " WIDE "\n  since   10 a.b\n  now     not known\n");
	free(text);
	text = tell_views(&still, true);
	has(text, ">since, and now</th>");
	has(text, ">10 c.d<br>20 e.f</span></td>");
	free(text);
}

static void story_says_once_what_several_views_had(void **state)
{
	const struct story_view some[] = {
		{"a", "10 a.b", "10 c.d", NULL},
		{"b", "10 a.b", "10 c.d", NULL},
		{"c", "10 a.b", "10 c.d", NULL},
		{"d", "10 a.b", "10 c.d", "10 a.b"},
	};
	char *text = tell_some(some, 4, false);
	(void)state;

	has(text,
		"  What the views a, b and c had:\n    before  since   now\n"
		"    10 a.b  10 c.d  not known\n  What the view d had:\n");
	free(text);
}

/* Each element is closed, in its order, and none is there that was not meant. */
static void check_nesting(const char *html)
{
	static const char *const allowed[] = {
		"h2", "p", "ul", "li", "pre", "table", "tr", "th", "td", "span"};
	const char *open[16];
	size_t depth = 0;

	while ((html = strchr(html, '<')) != NULL) {
		const bool is_end = html[1] == '/';
		const char *name = html + 1 + is_end;
		const size_t len = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789");
		size_t i = 0;

		html = name;
		if (len == 2 && strncmp(name, "br", 2) == 0)
			continue;
		while (i < sizeof allowed / sizeof *allowed &&
			(strlen(allowed[i]) != len ||
				strncmp(allowed[i], name, len) != 0))
			i++;
		if (i == sizeof allowed / sizeof *allowed)
			fail_msg("<%.*s>", (int)len, name);
		if (!is_end) {
			assert_true(depth < sizeof open / sizeof *open);
			open[depth++] = allowed[i];
		} else if (depth == 0 || open[--depth] != allowed[i])
			fail_msg("</%s> closes another", allowed[i]);
	}
	assert_int_equal(depth, 0);
}

static const struct story_view views[] = {
	{"authoritative", "10 mx00.ionos.de, 10 mx01.ionos.de", "10 <b>.example", NULL},
	{"<i>", NULL, NULL, "10 mx00.ionos.de"},
};

static const struct story_mail mail = {
	.deferred_before = 14,
	.accepted_all = 96000,
	.bounced_all = 4000,
};

static void story_closes_what_it_opens_in_a_page(void **state)
{
	(void)state;

	for (int kind = 1; kind < INCIDENT_KINDS; kind++)
		for (int of = INCIDENT_SUSPECTED; of <= INCIDENT_CLOSED; of++) {
			const struct incident incident =
				make((enum incident_kind)kind, (enum incident_state)of);
			const struct story story = {.incident = &incident,
				.id = "<i>",
				.domain = "<b>\"&.example",
				.spoken = "<script>",
				.views = views,
				.views_len = 2,
				.mail = &mail,
				.coverage = "</p><img>"};
			char *html = NULL;
			size_t len;
			FILE *out = open_memstream(&html, &len);

			assert_non_null(out);
			assert_int_equal(story_write_html(&story, out), 0);
			assert_int_equal(fclose(out), 0);
			check_nesting(html);
			has(html, ">What happened</h2>");
			has(html, "&lt;b&gt;&quot;&amp;.example");
			lacks(html, "\x1b");
			free(html);
		}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(story_sets_answers_side_by_side_where_they_fit),
		cmocka_unit_test(story_says_once_what_several_views_had),
		cmocka_unit_test(story_closes_what_it_opens_in_a_page),
	};
	return cmocka_run_group_tests_name("alerts/story_views", tests, NULL, NULL);
}
