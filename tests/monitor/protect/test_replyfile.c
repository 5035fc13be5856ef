/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/protect/hold.h"
#include "monitor/protect/replyfile.h"

#define T INT64_C(1700000000000)
#define HOUR INT64_C(3600000)
#define TITLE "# written by mxvigil (protect.postfix-reply-filter): not to be edited\n"
#define HEAD(number, name)                                                               \
	"# held incident=lab-i" number " domain=" name                                   \
	" since=2023-11-14T22:13:20.000Z expires=2023-11-15T10:13:20.000Z\n"

static struct hold hold_of(int64_t number, const char *name, const char *host)
{
	struct hold hold = {
		.incident = number,
		.keeps_away = true,
		.since_at = T,
		.expires_at = T + 12 * HOUR,
	};
	snprintf(hold.id, sizeof hold.id, "lab-i%d", (int)number);
	assert_int_equal(name_parse(name, hold.domain), 0);
	assert_int_equal(hold_add_host(&hold, host), 0);
	return hold;
}

static const char *written(const struct hold *holds, size_t len, int64_t now)
{
	static char kept[65536];
	struct replyfile_text text;
	char why[REPLYFILE_WHY_MAX];
	assert_int_equal(replyfile_format(holds, len, now, &text), 0);
	assert_true(text.len < sizeof kept);
	memcpy(kept, text.text, text.len + 1);
	if (!replyfile_check(text.text, text.len, why))
		fail_msg("%s in:\n%s", why, text.text);
	assert_int_equal(text.len > 0, text.rules > 0);
	assert_int_equal(text.sample != NULL, text.rules > 0);
	replyfile_finish(&text);
	return kept;
}

static void replyfile_names_records_and_whose_they_are(void **state)
{
	struct hold holds[] = {
		hold_of(7, "online.test", "mx02.mail.icloud.test"),
		hold_of(8, "a-b_c.test", "mx.x.test"),
	};
	(void)state;
	assert_int_equal(hold_add_host(&holds[0], "mx01.mail.icloud.test"), 0);
	assert_string_equal(written(holds, 2, T),
		TITLE HEAD("7",
			"online.test") "/^online\\.test\\. \\d+ IN MX \\d+ "
				       "mx01\\.mail\\.icloud\\.test\\.$/ "
				       "IGNORE\n"
				       "/^online\\.test\\. \\d+ IN MX \\d+ "
				       "mx02\\.mail\\.icloud\\.test\\.$/ "
				       "IGNORE\n" HEAD("8",
					       "a-b_c.test") "/^a-b_c\\.test\\. \\d+ IN "
							     "MX \\d+ mx\\.x\\.test\\.$/ "
							     "IGNORE\n");
	hold_finish(&holds[0]);
	hold_finish(&holds[1]);
}

static void replyfile_of_nothing_is_empty(void **state)
{
	struct hold hold = hold_of(7, "online.test", "mx.icloud.test");
	(void)state;
	assert_string_equal(written(NULL, 0, T), "");
	assert_string_equal(written(&hold, 1, T + 12 * HOUR), "");
	hold.lift_at = T + HOUR;
	assert_string_equal(written(&hold, 1, T + HOUR), "");
	hold.keeps_away = false;
	assert_string_equal(written(&hold, 1, T), "");
	hold_finish(&hold);
}

static void replyfile_has_rules_for_the_name_behind_a_cname(void **state)
{
	struct hold hold = hold_of(7, "online.test", "mx.icloud.test");
	uint8_t alias[NAME_WIRE_MAX];
	(void)state;
	assert_int_equal(name_parse("real.test", alias), 0);
	assert_int_equal(hold_add_alias(&hold, alias), 0);
	assert_non_null(strstr(written(&hold, 1, T),
		"\n/^real\\.test\\. \\d+ IN MX \\d+ mx\\.icloud\\.test\\.$/ IGNORE\n"));
	hold_finish(&hold);
}

/* Names that would be patterns, lines or comments of their own. */
static void replyfile_refuses_odd_names(void **state)
{
	static const char *const odd[] = {
		"a/ IGNORE\\010/.", /* as text of a name: bytes come as \DDD */
		"a\\010b.test",
		"a\\047b.test",
		".*.test",
		"(x).test",
		"$.test",
		"#.test",
		"a b.test",
		"\xc3\xbc.test",
		"",
	};
	(void)state;
	for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
		struct hold hold = hold_of(7, "online.test", odd[i]);
		assert_string_equal(written(&hold, 1, T), "");
		assert_int_equal(hold_add_host(&hold, "mx.icloud.test"), 0);
		assert_string_equal(written(&hold, 1, T),
			TITLE HEAD("7", "online.test") "/^online\\.test\\. \\d+ IN MX "
						       "\\d+ mx\\.icloud\\.test\\.$/ "
						       "IGNORE\n");
		hold_finish(&hold);
	}
	struct hold hold = hold_of(7, "a\\010/x.test", "mx.icloud.test");
	struct replyfile_text text;
	assert_string_equal(written(&hold, 1, T), "");
	assert_int_equal(replyfile_format(&hold, 1, T, &text), 0);
	assert_int_equal(text.refused, 1);
	replyfile_finish(&text);
	hold_finish(&hold);
}

static void replyfile_writes_odd_ids_so_that_they_stay_one_word(void **state)
{
	struct hold hold = hold_of(7, "online.test", "mx.icloud.test");
	(void)state;
	strcpy(hold.id, "a b\n/./ IGNORE\xff");
	assert_non_null(
		strstr(written(&hold, 1, T), "# held incident=a_b_/./_IGNORE_ domain="));
	hold_finish(&hold);
}

static void replyfile_has_an_end(void **state)
{
	static struct hold holds[REPLYFILE_DOMAINS_MAX + 3];
	struct replyfile_text text;
	(void)state;
	for (size_t i = 0; i < REPLYFILE_DOMAINS_MAX + 3; i++) {
		char name[32];
		snprintf(name, sizeof name, "d%zu.test", i);
		holds[i] = hold_of(7, name, "mx.icloud.test");
	}
	assert_int_equal(replyfile_format(holds, REPLYFILE_DOMAINS_MAX + 3, T, &text), 0);
	assert_int_equal(text.entries, REPLYFILE_DOMAINS_MAX);
	assert_int_equal(text.beyond, 3);
	replyfile_finish(&text);
	for (size_t i = 0; i < REPLYFILE_DOMAINS_MAX + 3; i++)
		hold_finish(&holds[i]);
}

static void replyfile_check_finds_what_is_not_ours(void **state)
{
#define RULE "/^a\\.test\\. \\d+ IN MX \\d+ b\\.test\\.$/ IGNORE\n"
	static const char *const wrong[] = {
		"x",
		"\n",
		"# a comment\n",
		RULE,
		TITLE RULE,
		TITLE "# held incident=x domain=a.test since=now expires=then\n",
		TITLE HEAD("7", "a.test") "/^a\\.test\\. \\d+ IN MX \\d+ b\\.test\\.$/ "
					  "DUNNO\n",
		TITLE HEAD("7", "a.test") "/^a\\.test\\. \\d+ IN MX \\d+ b\\.test\\.$/ "
					  "IGNORE",
		TITLE HEAD("7", "a.test") "/^a.test\\. \\d+ IN MX \\d+ b\\.test\\.$/ "
					  "IGNORE\n",
		TITLE HEAD("7", "a.test") "/^\\. \\d+ IN MX \\d+ b\\.test\\.$/ IGNORE\n",
		TITLE HEAD("7", "a.test") "/^a\\.test\\. \\d+ IN MX \\d+ \\.$/ IGNORE\n",
		TITLE HEAD("7", "a.test") "/./ IGNORE\n",
		TITLE HEAD("7", "a.test") RULE "\n",
		TITLE HEAD("7", "a.test") RULE "!" RULE,
	};
	char why[REPLYFILE_WHY_MAX];
	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		strcpy(why, "");
		if (replyfile_check(wrong[i], strlen(wrong[i]), why))
			fail_msg("taken: %s", wrong[i]);
		assert_non_null(strstr(why, "expected"));
	}
	static const char right[] = TITLE HEAD("7", "a.test") RULE RULE;
	assert_true(replyfile_check(right, sizeof right - 1, why));
	assert_true(replyfile_check("", 0, why));
	assert_true(replyfile_is_ours(right, sizeof right - 1));
	assert_false(replyfile_is_ours(RULE, sizeof RULE - 1));
}

static void list_entry(void *owner, const struct replyfile_entry *entry)
{
	char *const end = (char *)owner + strlen(owner);
	sprintf(end, "%s %s %d+%dh %zu; ", entry->incident, entry->domain,
		(int)(entry->since_at - T),
		(int)((entry->expires_at - entry->since_at) / HOUR), entry->rules);
}

static void replyfile_lets_expired_entries_go(void **state)
{
	struct hold holds[] = {
		hold_of(7, "a.test", "mx.icloud.test"),
		hold_of(8, "b.test", "mx.icloud.test"),
		hold_of(9, "c.test", "mx.icloud.test"),
	};
	struct replyfile_text left;
	size_t expired;
	char list[256] = "";
	(void)state;
	holds[1].expires_at = T + HOUR;
	assert_int_equal(hold_add_host(&holds[1], "mx2.icloud.test"), 0);
	const char *const text = written(holds, 3, T);
	replyfile_each(text, strlen(text), list_entry, list);
	assert_string_equal(list,
		"lab-i7 a.test 0+12h 1; lab-i8 b.test 0+1h 2; lab-i9 c.test 0+12h 1; ");
	assert_int_equal(
		replyfile_prune(text, strlen(text), T + HOUR - 1, &left, &expired), 0);
	assert_int_equal(expired, 0);
	assert_string_equal(left.text, text);
	replyfile_finish(&left);
	assert_int_equal(
		replyfile_prune(text, strlen(text), T + HOUR, &left, &expired), 0);
	assert_int_equal(expired, 1);
	assert_int_equal(left.entries, 2);
	assert_int_equal(left.rules, 2);
	assert_null(strstr(left.text, "b\\.test"));
	*list = '\0';
	replyfile_each(left.text, left.len, list_entry, list);
	assert_string_equal(list, "lab-i7 a.test 0+12h 1; lab-i9 c.test 0+12h 1; ");
	replyfile_finish(&left);
	assert_int_equal(
		replyfile_prune(text, strlen(text), T + 12 * HOUR, &left, &expired), 0);
	assert_int_equal(expired, 3);
	assert_string_equal(left.text, "");
	assert_int_equal(left.len, 0);
	replyfile_finish(&left);
	for (size_t i = 0; i < 3; i++)
		hold_finish(&holds[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(replyfile_names_records_and_whose_they_are),
		cmocka_unit_test(replyfile_of_nothing_is_empty),
		cmocka_unit_test(replyfile_has_rules_for_the_name_behind_a_cname),
		cmocka_unit_test(replyfile_refuses_odd_names),
		cmocka_unit_test(replyfile_writes_odd_ids_so_that_they_stay_one_word),
		cmocka_unit_test(replyfile_has_an_end),
		cmocka_unit_test(replyfile_check_finds_what_is_not_ours),
		cmocka_unit_test(replyfile_lets_expired_entries_go),
	};
	return cmocka_run_group_tests_name("replyfile", tests, NULL, NULL);
}
