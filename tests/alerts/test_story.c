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
#include "alerts/story_text.h"
#include "storage/incident.h"

#define T0 INT64_C(1693341067000) /* 2023-08-29 20:31:07 */

static const struct incident_evidence evidence[] = {
	{"foreign-relay", 6.9, T0 + 60000, "It went to mx01.mail.icloud.com."},
	{"known-bounce", 4.2, T0 + 61000, "A recipient who took mail before bounced."},
	{"sighting", 0, T0 + 62000, "Two views say so."},
};

static struct incident make(enum incident_kind kind, enum incident_state state)
{
	return (struct incident){
		.number = 7,
		.domain = (const uint8_t *)"\006online\002de",
		.kind = kind,
		.kind_at_open = kind,
		.severity = SEVERITY_CRITICAL,
		.severity_now = SEVERITY_CRITICAL,
		.state = state,
		.suspected_at = T0,
		.opened_at = T0 + 60000,
		.change_at = T0,
		.change_not_before = T0 - 10000,
		.first_bounce_at = T0 + 61000,
		.last_bounce_at = T0 + 3600000,
		.reverted_at = state >= INCIDENT_REVERTED ? T0 + 7200000 : 0,
		.closed_at = state == INCIDENT_CLOSED ? T0 + 14400000 : 0,
		.from_operators = "IONOS\n",
		.to_operators = "Apple iCloud\nevil\x1b[31m.example\n",
		.view = "mta",
		.recipients = 4137,
		.bounces = 5000,
		.deferrals = 12,
		.deliveries = 40000,
		.summary = "Mail for online.de goes to Apple iCloud, and valid users "
			   "bounce.",
		.evidence = evidence,
		.evidence_len = 3,
	};
}

static const struct story_view views[] = {
	{"authoritative", "10 mx00.ionos.de, 10 mx01.ionos.de",
		"10 mx01.mail.icloud.com, 10 mx02.mail.icloud.com",
		"10 mx00.ionos.de, 10 mx01.ionos.de"},
	{"mta", NULL, NULL, "10 mx00.ionos.de"},
};

static const struct story_mail mail = {
	.deferred_before = 14,
	.greylisted_before = 3,
	.accepted_all = 96000,
	.bounced_all = 4000,
};

/* To be freed. */
static char *tell(const struct incident *incident)
{
	const struct story story = {
		.incident = incident,
		.id = "fra1-i7",
		.domain = incident->kind == INCIDENT_SELF ? "" : "online.de",
		.views = views,
		.views_len = 2,
		.mail = &mail,
		.coverage = "The view mta was asked 120 times, at most 11 s apart.",
		.leave = 31,
		.repeated = 1,
		.nameless = 2,
		.ttl_s = 3600,
		.meant = incident->kind == INCIDENT_LIST_QUALITY ? "gmail.com" : NULL,
	};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	assert_non_null(out);
	assert_int_equal(story_write(&story, out), 0);
	assert_int_equal(fclose(out), 0);
	return text;
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

/* The lines of one part, joined by blanks; to be freed. */
static char *part(const char *text, const char *heading)
{
	const char *from = strstr(text, heading);
	char *joined;
	size_t len = 0;

	assert_non_null(from);
	const char *to = strstr(from, "\n\n");
	to = to != NULL ? to : from + strlen(from);
	joined = malloc((size_t)(to - from) + 1);
	assert_non_null(joined);
	for (; from < to; from++)
		if ((*from != ' ' && *from != '\n') ||
			(len > 0 && joined[len - 1] != ' '))
			joined[len++] = *from == '\n' ? ' ' : *from;
	joined[len] = '\0';
	return joined;
}

static void story_fits_a_terminal_for_every_kind_and_state(void **state)
{
	static const char *const headings[] = {"WHAT HAPPENED\n  ", "SINCE WHEN\n  ",
		"HOW SURE, AND WHY\n  ", "WHAT IS NOT KNOWN\n  ", "WHAT TO DO NOW\n  - ",
		"WHAT TO DO AFTER\n  - "};
	(void)state;

	for (int kind = 1; kind < INCIDENT_KINDS; kind++)
		for (int of = INCIDENT_SUSPECTED; of <= INCIDENT_CLOSED; of++) {
			const struct incident incident =
				make((enum incident_kind)kind, (enum incident_state)of);
			char *text = tell(&incident);

			for (size_t i = 0; i < sizeof headings / sizeof *headings; i++)
				has(text, headings[i]);
			for (const char *line = text; *line != '\0';) {
				const size_t len = strcspn(line, "\n");

				if (len > 80)
					fail_msg("%.*s", (int)len, line);
				line += len + (line[len] == '\n');
			}
			has(text, incident_kind_name(incident.kind));
			lacks(text, "\x1b");
			lacks(text, "(null)");
			lacks(text, "(no memory)");
			free(text);
		}
}

static void story_tells_what_happened_and_why(void **state)
{
	const struct incident incident = make(INCIDENT_TRANSIENT_HIJACK, INCIDENT_OPEN);
	char *text = tell(&incident);
	char *what = part(text, "WHAT HAPPENED");
	char *sure = part(text, "HOW SURE");
	char *unknown = part(text, "WHAT IS NOT");
	(void)state;

	has(what,
		"is being delivered to hosts of Apple iCloud and "
		"evil\\x1b[31m.example, which are not the domain's own (IONOS)");
	has(what, "4,137 recipients bounced for no other reason");
	has(text,
		"  What the view authoritative had:\n"
		"    before, and now again  since\n"
		"    10 mx00.ionos.de       10 mx01.mail.icloud.com\n"
		"    10 mx01.ionos.de       10 mx02.mail.icloud.com\n"
		"  What the view mta had:\n"
		"    before     since      now\n"
		"    not known  not known  10 mx00.ionos.de\n");
	has(what, "5,000 affected bounces, 40,000 accepted, 12 deferred");
	has(what, "a bounce share of 11.1 %");
	has(what,
		"In the two hours before the first affected bounce 14 mails were "
		"deferred "
		"(4xx), greylisting (3) left out.");
	has(what,
		"Over all your mail of that time (100,000), 4.0 % bounced; providers "
		"begin "
		"to punish a sender at 2 to 3 %.");
	has(what, "1 recipient bounced more than once");
	has(text,
		"  2023-08-29 20:30:57  last poll with the old answer\n"
		"  2023-08-29 20:31:07  first sight of the other answer\n");
	/* exp(11.1) */
	has(sure, "about 66,171 times likelier");
	has(sure,
		"2023-08-29 20:32:07 It went to mx01.mail.icloud.com. (foreign-relay, "
		"+6.9)");
	has(sure, "Two views say so. (sighting)");
	has(unknown, "it lies within the 10 seconds before the first sight");
	has(unknown, "asked 120 times");
	has(unknown, "incidents recipients fra1-i7 --from FILE");
	free(text);
	free(what);
	free(sure);
	free(unknown);
}

static void story_advises_by_state(void **state)
{
	struct incident incident = make(INCIDENT_TRANSIENT_HIJACK, INCIDENT_OPEN);
	char *text = tell(&incident);
	char *now = part(text, "WHAT TO DO NOW");
	(void)state;

	has(now, "Do not suppress the addresses that bounced: 4,137");
	has(now, "endswith(\"@online.de\"))) | .queue_id' | postsuper -h -");
	has(now, "mxvigil expect online.de --operator 'Apple iCloud'");
	free(now);
	free(text);

	incident = make(INCIDENT_TRANSIENT_HIJACK, INCIDENT_REVERTED);
	text = tell(&incident);
	now = part(text, "WHAT TO DO NOW");
	/* The revert and an hour of TTL. */
	has(now, "Until 2023-08-29 23:31:07 UTC caches may still give the other hosts");
	has(now, "postsuper -H -");
	lacks(now, "postsuper -h -");
	free(now);
	now = part(text, "WHAT TO DO AFTER");
	has(now, "Re-activate the 4,137 recipients");
	has(now, "mxvigil incidents recipients fra1-i7");
	has(now, "Leave 31 recipients suppressed");
	free(now);
	free(text);

	incident = make(INCIDENT_TRANSIENT_HIJACK, INCIDENT_CLOSED);
	text = tell(&incident);
	now = part(text, "WHAT TO DO NOW");
	has(now, "Re-activate the 4,137 recipients");
	lacks(now, "postsuper");
	free(now);
	free(text);
}

static void story_advises_by_kind(void **state)
{
	static const struct {
		enum incident_kind kind;
		const char *now;
	} cases[] = {
		{INCIDENT_TRANSIENT_MOVE, "Nothing has to be stopped"},
		{INCIDENT_MIGRATION, "transport_maps"},
		{INCIDENT_MIGRATION_FALLOUT, "the MX will not come back"},
		{INCIDENT_ROTATION, "- Nothing."},
		{INCIDENT_RESOLVER_POISONING, "the view mta away from your mail servers"},
		{INCIDENT_DNS_OUTAGE, "it says nothing about them"},
		{INCIDENT_RECEIVER_FAULT, "Put off mail for online.de"},
		{INCIDENT_RECEIVER_OUTAGE, "Let the mail wait"},
		{INCIDENT_LIST_QUALITY, "whether they mean gmail.com"},
		{INCIDENT_EXPIRY, "their domain ran out"},
		{INCIDENT_NULL_MX, "suppress all its addresses"},
		{INCIDENT_SELF, "mxvigil status"},
	};
	(void)state;

	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const struct incident incident = make(cases[i].kind, INCIDENT_OPEN);
		char *text = tell(&incident);
		char *now = part(text, "WHAT TO DO NOW");

		has(now, cases[i].now);
		if (cases[i].kind != INCIDENT_TRANSIENT_HIJACK)
			lacks(now, "postsuper -h");
		free(now);
		free(text);
	}
}

static void story_speaks_of_no_bounces_where_there_are_none(void **state)
{
	struct incident incident = make(INCIDENT_RESOLVER_POISONING, INCIDENT_OPEN);
	(void)state;

	incident.recipients = 0;
	char *text = tell(&incident);
	lacks(text, "Do not suppress");
	has(text, "Nobody is to be re-activated");
	free(text);
}

static void story_says_how_sure_it_is(void **state)
{
	struct incident incident = make(INCIDENT_TRANSIENT_MOVE, INCIDENT_SUSPECTED);
	const struct incident_evidence sure = {"x", 40.0, T0, "It is."};
	char *text = tell(&incident);
	char *words = part(text, "HOW SURE");
	(void)state;

	has(words, "This is a suspicion");
	free(words);
	free(text);
	incident.state = INCIDENT_OPEN;
	incident.evidence = &sure;
	incident.evidence_len = 1;
	incident.kind_at_open = INCIDENT_EXPIRY;
	text = tell(&incident);
	words = part(text, "HOW SURE");
	lacks(words, "suspicion");
	has(words, "over a million times");
	has(text, "It opened as expiry");
	free(words);
	free(text);
	incident.evidence = &evidence[2];
	text = tell(&incident);
	has(text, "It rests on facts");
	free(text);
}

static void story_steers_no_terminal_with_what_others_wrote(void **state)
{
	static const char hostile[] = "a\x1b[2J\x9b\r\n\tb";
	struct incident incident = make(INCIDENT_RESOLVER_POISONING, INCIDENT_SUSPECTED);
	const struct story_view view = {hostile, hostile, hostile, hostile};
	const struct story story = {
		.incident = &incident,
		.id = "fra1-i7",
		.domain = "xn--bcher-kva.example",
		.spoken = hostile,
		.views = &view,
		.views_len = 1,
		.coverage = hostile,
	};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	(void)state;
	incident.from_operators = incident.to_operators = hostile;
	incident.view = incident.summary = hostile;
	assert_non_null(out);
	assert_int_equal(story_write(&story, out), 0);
	assert_int_equal(fclose(out), 0);
	for (size_t i = 0; i < len; i++)
		assert_true(text[i] == '\n' || (text[i] >= ' ' && text[i] <= '~'));
	free(text);
}

static void story_does_without_what_is_not_there(void **state)
{
	const struct incident incident = {
		.kind = INCIDENT_DNS_OUTAGE,
		.severity = SEVERITY_WARNING,
		.severity_now = SEVERITY_INFO,
		.state = INCIDENT_REVERTED,
		.suspected_at = T0,
		.opened_at = T0,
		.from_operators = "",
		.to_operators = "",
		.view = "",
		.summary = "No DNS.",
	};
	const struct story story = {.incident = &incident,
		.id = "x-i1",
		.domain = "a.example",
		.coverage = ""};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);
	(void)state;

	assert_int_equal(story_write(&story, out), 0);
	assert_int_equal(fclose(out), 0);
	has(text, "warning at its worst");
	has(text, "Nobody is to be re-activated");
	lacks(text, "opened\n");
	lacks(text, "Mail for the domain in that time");
	lacks(text, "Over all your mail");
	free(text);
}

static void story_writes_durations_and_counts(void **state)
{
	char text[STORY_TIME_MAX];
	char count[STORY_COUNT_MAX];
	(void)state;

	assert_string_equal(story_duration(10000, text), "10 seconds");
	assert_string_equal(story_duration(1, text), "1 second");
	assert_string_equal(story_duration(60000, text), "1 minute");
	assert_string_equal(story_duration(7800000, text), "2 hours 10 minutes");
	assert_string_equal(story_duration(INT64_C(90000000), text), "1 day 1 hour");
	assert_string_equal(story_count(0, count), "0");
	assert_string_equal(story_count(999, count), "999");
	assert_string_equal(story_count(1234567, count), "1,234,567");
	assert_string_equal(story_time(0, text), "-");
	char *list = story_list("a\nb\nc\n", "none");
	assert_string_equal(list, "a, b and c");
	free(list);
	list = story_list("", "none");
	assert_string_equal(list, "none");
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(story_fits_a_terminal_for_every_kind_and_state),
		cmocka_unit_test(story_tells_what_happened_and_why),
		cmocka_unit_test(story_advises_by_state),
		cmocka_unit_test(story_advises_by_kind),
		cmocka_unit_test(story_speaks_of_no_bounces_where_there_are_none),
		cmocka_unit_test(story_says_how_sure_it_is),
		cmocka_unit_test(story_steers_no_terminal_with_what_others_wrote),
		cmocka_unit_test(story_does_without_what_is_not_there),
		cmocka_unit_test(story_writes_durations_and_counts),
	};
	return cmocka_run_group_tests_name("alerts/story", tests, NULL, NULL);
}
