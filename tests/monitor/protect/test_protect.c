/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

#include "monitor/conf_file.h"
#include "monitor/protect/protect.h"
#include "monitor/textfile.h"
#include "tests/monitor/office.h"

#define HOME "10 mx00.kundenserver.de"
#define AWAY "10 mx01.mail.icloud.com 10 mx02.mail.icloud.com"
#define MOVED (T0 + 5 * DAY)
#define RULE "\n/^online\\.de\\. \\d+ IN MX \\d+ mx01\\.mail\\.icloud\\.com\\.$/ IGNORE\n"

/* An office that holds mail back. */
struct guard {
	struct office *office;
	uv_loop_t loop;
	struct protect *protect;
	struct conf_file file;
	struct conf_file_protect section;
	int severity;
	char path[128];
	char script[128];
	char command[160];
};

static int64_t on_now(void *owner)
{
	const struct guard *const guard = owner;
	return guard->office->now;
}

static void on_durable(void *owner, const uint8_t *domain)
{
	const struct guard *const guard = owner;
	protect_incident(guard->protect, domain);
}

/* Until nothing is to be done any more: looked at, written, told. */
static void settle(struct guard *guard)
{
	while (uv_run(&guard->loop, UV_RUN_DEFAULT) != 0)
		;
}

static void open_guard(struct guard *guard)
{
	const struct protect_options options = {
		.loop = &guard->loop,
		.store = guard->office->desk->fixture->store,
		.conf = &guard->office->conf,
		.now = on_now,
		.owner = guard,
	};
	assert_int_equal(protect_create(&options, &guard->protect), 0);
	assert_non_null(guard->protect);
	casebook_listen(guard->office->casebook, on_durable, guard);
	settle(guard);
}

static void close_guard(struct guard *guard, const struct conf *next)
{
	casebook_listen(guard->office->casebook, NULL, NULL);
	protect_destroy(guard->protect, next);
	guard->protect = NULL;
	settle(guard);
}

static int start(void **state)
{
	struct guard *const guard = calloc(1, sizeof *guard);
	void *office;
	assert_non_null(guard);
	office_setup(&office);
	guard->office = office;
	guard->office->now = T0;
	const char *const folder = guard->office->desk->fixture->dir;
	snprintf(guard->path, sizeof guard->path, "%s/reply.pcre", folder);
	snprintf(guard->script, sizeof guard->script, "%s/reload", folder);
	snprintf(guard->command, sizeof guard->command, "/bin/sh %s", guard->script);
	FILE *const out = fopen(guard->script, "w");
	assert_non_null(out);
	fprintf(out, "echo x >>%s.times\n", guard->path);
	assert_int_equal(fclose(out), 0);
	guard->severity = SEVERITY_WARNING;
	guard->section = (struct conf_file_protect){
		.postfix_reply_filter = guard->path,
		.reload_command = guard->command,
		.min_severity = &guard->severity,
	};
	guard->file.protect = &guard->section;
	guard->office->conf.file = &guard->file;
	assert_int_equal(uv_loop_init(&guard->loop), 0);
	open_guard(guard);
	*state = guard;
	return 0;
}

static int stop(void **state)
{
	struct guard *const guard = *state;
	static const char *const suffixes[] = {"", ".state", ".times"};
	if (guard->protect)
		close_guard(guard, NULL);
	assert_int_equal(uv_loop_close(&guard->loop), 0);
	for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
		char name[160];
		snprintf(name, sizeof name, "%s%s", guard->path, suffixes[i]);
		unlink(name);
	}
	unlink(guard->script);
	guard->office->conf.file = NULL;
	void *office = guard->office;
	free(guard);
	return office_teardown(&office);
}

static const char *content(const struct guard *guard, const char *suffix)
{
	static char kept[4096];
	char name[160];
	char *text;
	size_t len;
	snprintf(name, sizeof name, "%s%s", guard->path, suffix);
	if (textfile_read(name, sizeof kept - 1, &text, &len) != 0)
		return "(none)";
	memcpy(kept, text, len);
	kept[len] = '\0';
	free(text);
	return kept;
}

static json_int_t described(struct guard *guard, const char *key)
{
	json_t *const row = protect_describe(guard->protect);
	const json_int_t value = json_integer_value(json_object_get(row, key));
	json_decref(row);
	return value;
}

static void move(struct guard *guard)
{
	struct office *const office = guard->office;
	office_say(office, "online.de", HOME, T0 + HOUR);
	office_everyday(office, "online.de", "mx00.kundenserver.de", T0 + HOUR, MOVED);
	office_say(office, "online.de", AWAY, MOVED);
	settle(guard);
}

static void come_back(struct guard *guard, int64_t at)
{
	office_say(guard->office, "online.de", HOME, at);
	settle(guard);
}

static void tick(struct guard *guard, int64_t at)
{
	guard->office->now = at;
	protect_tick(guard->protect, at);
	settle(guard);
}

static void protect_makes_the_file_before_there_is_anything(void **state)
{
	struct guard *const guard = *state;
	assert_string_equal(content(guard, ""), "");
	assert_string_equal(content(guard, ".times"), "x\n");
	assert_int_equal(described(guard, "holds"), 0);
}

static void protect_writes_what_holds_and_empties_it_a_ttl_after_the_return(void **state)
{
	struct guard *const guard = *state;
	move(guard);
	assert_int_equal(described(guard, "holds"), 1);
	assert_non_null(strstr(content(guard, ""), RULE));
	assert_string_equal(content(guard, ".times"), "x\nx\n");
	come_back(guard, MOVED + HOUR);
	assert_non_null(strstr(content(guard, ""), RULE));
	tick(guard, MOVED + HOUR + 299 * SECOND);
	assert_non_null(strstr(content(guard, ""), RULE));
	tick(guard, MOVED + HOUR + 300 * SECOND);
	assert_string_equal(content(guard, ""), "");
	assert_int_equal(described(guard, "holds"), 0);
	/* Once at the start, once for each of the two. */
	assert_string_equal(content(guard, ".times"), "x\nx\nx\n");
	const char *const log = desk_log(guard->office->desk);
	assert_non_null(strstr(log, "mail waits domain=online.de incident=lab-i1"));
	assert_non_null(strstr(log,
		"mail goes again domain=online.de incident=lab-i1 "
		"reason=returned"));
}

static void protect_lets_go_of_what_lasts_too_long(void **state)
{
	struct guard *const guard = *state;
	move(guard);
	tick(guard, MOVED + 12 * HOUR - 1);
	assert_non_null(strstr(content(guard, ""), RULE));
	tick(guard, MOVED + 12 * HOUR);
	assert_string_equal(content(guard, ""), "");
	assert_non_null(strstr(desk_log(guard->office->desk), "reason=expired"));
}

static void protect_lets_go_when_somebody_closes_the_incident(void **state)
{
	struct guard *const guard = *state;
	move(guard);
	casebook_closed(guard->office->casebook, 1, MOVED + HOUR);
	settle(guard);
	assert_string_equal(content(guard, ""), "");
	assert_non_null(strstr(desk_log(guard->office->desk), "reason=closed"));
}

static void protect_knows_after_a_restart_what_holds(void **state)
{
	struct guard *const guard = *state;
	move(guard);
	close_guard(guard, NULL);
	assert_non_null(strstr(content(guard, ""), RULE));
	open_guard(guard);
	assert_int_equal(described(guard, "holds"), 1);
	assert_non_null(strstr(content(guard, ""), RULE));
	assert_string_equal(content(guard, ".times"), "x\nx\n");
}

static void protect_empties_a_file_that_is_configured_no_more(void **state)
{
	struct guard *const guard = *state;
	const struct conf without = {.file = NULL};
	move(guard);
	close_guard(guard, &without);
	assert_string_equal(content(guard, ""), "");
}

static void protect_tries_again_what_could_not_be_written(void **state)
{
	struct guard *const guard = *state;
	FILE *const out = fopen(guard->path, "w");
	fputs("somebody's own\n", out);
	assert_int_equal(fclose(out), 0);
	move(guard);
	assert_string_equal(content(guard, ""), "somebody's own\n");
	assert_non_null(strstr(desk_log(guard->office->desk), "is left alone"));
	assert_int_equal(unlink(guard->path), 0);
	tick(guard, MOVED + 2 * MINUTE);
	assert_non_null(strstr(content(guard, ""), RULE));
}

static void protect_asks_for_nothing_without_its_section(void **state)
{
	struct guard *const guard = *state;
	struct protect *none;
	struct conf conf = guard->office->conf;
	conf.file = NULL;
	const struct protect_options options = {.conf = &conf};
	assert_int_equal(protect_create(&options, &none), 0);
	assert_null(none);
	protect_incident(none, wire("online.de"));
	protect_tick(none, T0);
	assert_null(protect_describe(none));
	protect_destroy(none, NULL);
}

static void protect_says_who_reloads(void **state)
{
	struct guard *const guard = *state;
	const struct conf *const conf = &guard->office->conf;
	char usual[] = "postfix reload";
	assert_string_equal(protect_reload_command(conf), guard->command);
	guard->section.reload_command = usual;
	if (geteuid() == 0)
		assert_string_equal(protect_reload_command(conf), usual);
	else
		assert_null(protect_reload_command(conf));
	guard->section.reload_command = guard->command;
}

#define WITH_GUARD(name) cmocka_unit_test_setup_teardown(name, start, stop)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_GUARD(protect_makes_the_file_before_there_is_anything),
		WITH_GUARD(
			protect_writes_what_holds_and_empties_it_a_ttl_after_the_return),
		WITH_GUARD(protect_lets_go_of_what_lasts_too_long),
		WITH_GUARD(protect_lets_go_when_somebody_closes_the_incident),
		WITH_GUARD(protect_knows_after_a_restart_what_holds),
		WITH_GUARD(protect_empties_a_file_that_is_configured_no_more),
		WITH_GUARD(protect_tries_again_what_could_not_be_written),
		WITH_GUARD(protect_asks_for_nothing_without_its_section),
		WITH_GUARD(protect_says_who_reloads),
	};
	return cmocka_run_group_tests_name("protect", tests, NULL, NULL);
}
