/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "monitor/roster.h"
#include "resolvers/name.h"
#include "storage/popular.h"
#include "storage/watchlist.h"
#include "tests/fake/memory.h"
#include "tests/storage/fixture.h"

#define VIEWS 3

/* A configuration of three views, and watches made by hand. */
struct plan {
	struct fixture *fixture;
	char path[96]; /* of a domain file */
	struct conf conf;
	struct conf_view views[VIEWS];
	struct conf_watch watches[64];
	struct roster *roster;
};

static int set_up(void **state)
{
	static char names[VIEWS][8] = {"one", "two", "three"};
	struct plan *plan = calloc(1, sizeof *plan);
	void *fixture;

	assert_non_null(plan);
	fixture_setup(&fixture);
	plan->fixture = fixture;
	snprintf(plan->path, sizeof plan->path, "%s/domains", plan->fixture->dir);
	for (size_t i = 0; i < VIEWS; i++)
		plan->views[i].name = names[i];
	plan->conf.views = plan->views;
	plan->conf.views_len = VIEWS;
	plan->conf.watches = plan->watches;
	plan->conf.limits.min_interval_ms = 1000;
	*state = plan;
	return 0;
}

static int tear_down(void **state)
{
	struct plan *plan = *state;
	void *fixture = plan->fixture;

	roster_destroy(plan->roster);
	roster_destroy(NULL);
	unlink(plan->path);
	free(plan);
	return fixture_teardown(&fixture);
}

/* Adds a watch: its views as digits, its domains (at most four) borrowed for the test. */
static struct conf_watch *add_watch(
	struct plan *plan, const char *views, int64_t interval_ms)
{
	static size_t indices[64][VIEWS];
	struct conf_watch *watch = &plan->watches[plan->conf.watches_len];

	watch->views = indices[plan->conf.watches_len++];
	watch->interval_ms = interval_ms;
	for (; *views != '\0'; views++)
		watch->views[watch->views_len++] = (size_t)(*views - '0');
	return watch;
}

static void name_domains(struct conf_watch *watch, uint8_t **domains, size_t len)
{
	watch->domains = domains;
	watch->domains_len = len;
}

static uint8_t *domain(const char *text)
{
	static uint8_t names[16][NAME_WIRE_MAX];
	static size_t next;
	uint8_t *name = names[next++ % 16];

	assert_int_equal(name_parse(text, name), 0);
	return name;
}

static void write_domains(struct plan *plan, struct conf_watch *watch, const char *text)
{
	FILE *out = fopen(plan->path, "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
	watch->domains_file = plan->path;
}

static int build(struct plan *plan, const char *const *domains, size_t len)
{
	const struct roster_sources sources = {.conf = &plan->conf,
		.store = plan->fixture->store,
		.domains = domains,
		.domains_len = len};

	return roster_build(&sources, &plan->roster);
}

static int64_t interval(struct plan *plan, const char *name, size_t view)
{
	return roster_interval(plan->roster, wire(name), view, false);
}

static void list(struct plan *plan, const char *name, const char *tags)
{
	store_begin(plan->fixture->store);
	watchlist_put(plan->fixture->store,
		&(struct watched){.domain = wire(name), .tags = tags, .added_at = T0});
	fixture_commit(plan->fixture, T0);
}

static void roster_is_empty_where_nothing_is_wished(void **state)
{
	struct plan *plan = *state;

	assert_int_equal(build(plan, NULL, 0), 0);
	assert_int_equal(roster_len(plan->roster), 0);
	assert_int_equal(interval(plan, "a.example", 0), 0);
}

static void roster_gives_domains_their_views_and_interval(void **state)
{
	struct plan *plan = *state;
	uint8_t *domains[] = {domain("a.example"), domain("b.example")};

	name_domains(add_watch(plan, "02", 10000), domains, 2);
	assert_int_equal(build(plan, NULL, 0), 0);
	assert_int_equal(roster_len(plan->roster), 2);
	assert_int_equal(interval(plan, "a.example", 0), 10000);
	assert_int_equal(interval(plan, "a.example", 1), 0);
	assert_int_equal(interval(plan, "b.example", 2), 10000);
	assert_int_equal(interval(plan, "c.example", 0), 0);
	assert_int_equal(interval(plan, "x.a.example", 0), 0);
}

static int on_named(void *owner, const uint8_t *name)
{
	char *text = owner;
	char presentation[NAME_TEXT_MAX];

	strcat(strcat(text, name_format(name, presentation)), " ");
	return strlen(text) > 15 ? 7 : 0;
}

static void roster_tells_whom_a_watch_names(void **state)
{
	struct plan *plan = *state;
	uint8_t *domains[] = {domain("a.example"), domain("b.example")};
	char text[64] = "";

	name_domains(add_watch(plan, "01", 300000), domains, 2);
	name_domains(add_watch(plan, "12", 10000), domains, 1);
	assert_int_equal(build(plan, NULL, 0), 0);
	assert_int_equal(roster_points(plan->roster, 0), 2);
	assert_int_equal(roster_points(plan->roster, 1), 2);
	assert_int_equal(roster_points(plan->roster, 2), 1);
	assert_int_equal(roster_each_of_watch(plan->roster, 1, on_named, text), 0);
	assert_string_equal(text, "a.example ");
	assert_int_equal(roster_each_of_watch(plan->roster, 0, on_named, text), 7);
}

static void roster_takes_the_shortest_of_several_intervals(void **state)
{
	struct plan *plan = *state;
	uint8_t *domains[] = {domain("a.example"), domain("b.example")};

	name_domains(add_watch(plan, "01", 300000), domains, 2);
	name_domains(add_watch(plan, "12", 10000), domains, 1);
	name_domains(add_watch(plan, "1", 30000), domains, 1);
	assert_int_equal(build(plan, NULL, 0), 0);
	assert_int_equal(roster_len(plan->roster), 2);
	assert_int_equal(interval(plan, "a.example", 0), 300000);
	assert_int_equal(interval(plan, "a.example", 1), 10000);
	assert_int_equal(interval(plan, "a.example", 2), 10000);
	assert_int_equal(interval(plan, "b.example", 1), 300000);
	assert_int_equal(interval(plan, "b.example", 2), 0);
}

static void roster_reads_files_with_junk(void **state)
{
	struct plan *plan = *state;
	struct conf_watch *watch = add_watch(plan, "0", 60000);
	uint8_t *domains[] = {domain("b.example")};

	write_domains(plan, watch,
		"A.example\n\n# none\nb.example\nno domain\njoe@c.example\n\x1b[31m\n"
		"a.example.\ntoo..many.example\nd.example,tag\nm\xc3\xbcnchen.example");
	name_domains(watch, domains, 1);
	assert_int_equal(build(plan, NULL, 0), 0);
	assert_int_equal(roster_len(plan->roster), 5);
	assert_int_equal(interval(plan, "a.example", 0), 60000);
	assert_int_equal(interval(plan, "c.example", 0), 60000);
	assert_int_equal(interval(plan, "d.example", 0), 60000);
	assert_int_equal(interval(plan, "xn--mnchen-3ya.example", 0), 60000);
}

static void roster_says_which_file_it_cannot_read(void **state)
{
	struct plan *plan = *state;
	struct conf_watch *watch = add_watch(plan, "0", 60000);

	watch->domains_file = plan->path; /* is not there */
	assert_int_equal(build(plan, NULL, 0), -EINVAL);
	watch->domains_file = plan->fixture->dir; /* opens, but does not read */
	assert_int_equal(build(plan, NULL, 0), -EINVAL);
}

static void roster_watches_what_a_command_names(void **state)
{
	static const char *const domains[] = {"A.example", "m\xc3\xbcnchen.example."};
	static const char *const wrong[] = {"a.example", "no domain"};
	struct plan *plan = *state;

	assert_int_equal(build(plan, wrong, 2), -EINVAL);
	assert_int_equal(build(plan, domains, 2), 0);
	assert_int_equal(roster_len(plan->roster), 2);
	for (size_t view = 0; view < VIEWS; view++) {
		assert_int_equal(interval(plan, "a.example", view), ROSTER_INTERVAL_MS);
		assert_int_equal(interval(plan, "xn--mnchen-3ya.example", view),
			ROSTER_INTERVAL_MS);
	}
}

/* What a command names is also configured: the shorter interval in each view. */
static void roster_joins_a_command_and_a_watch(void **state)
{
	static const char *const named[] = {"a.example", "b.example"};
	struct plan *plan = *state;
	uint8_t *fast[] = {domain("a.example")};
	uint8_t *slow[] = {domain("b.example")};

	name_domains(add_watch(plan, "1", 2000), fast, 1);
	name_domains(add_watch(plan, "1", 300000), slow, 1);
	assert_int_equal(build(plan, named, 2), 0);
	assert_int_equal(interval(plan, "a.example", 0), ROSTER_INTERVAL_MS);
	assert_int_equal(interval(plan, "a.example", 1), 2000);
	assert_int_equal(interval(plan, "b.example", 1), ROSTER_INTERVAL_MS);
}

static void roster_polls_no_faster_than_the_limit(void **state)
{
	static const char *const named[] = {"a.example"};
	struct plan *plan = *state;

	plan->conf.limits.min_interval_ms = 60000;
	assert_int_equal(build(plan, named, 1), 0);
	assert_int_equal(interval(plan, "a.example", 0), 60000);
}

/* A tag of the watch list leads to the watches that carry it; without one: every view. */
static void roster_follows_the_tags_of_the_watch_list(void **state)
{
	static char key[] = "key";
	static char eu[] = "eu";
	char *first[] = {key, eu};
	char *second[] = {eu};
	struct plan *plan = *state;
	struct conf_watch *watch = add_watch(plan, "0", 5000);

	watch->tags = first;
	watch->tags_len = 2;
	watch = add_watch(plan, "01", 60000);
	watch->tags = second;
	watch->tags_len = 1;
	list(plan, "key.example", "key");
	list(plan, "eu.example", "other,eu");
	list(plan, "none.example", "");
	list(plan, "strange.example", "ke,keys,e,u");
	assert_int_equal(build(plan, NULL, 0), 0);
	assert_int_equal(roster_len(plan->roster), 4);
	assert_int_equal(interval(plan, "key.example", 0), 5000);
	assert_int_equal(interval(plan, "key.example", 1), 0);
	assert_int_equal(interval(plan, "eu.example", 0), 5000);
	assert_int_equal(interval(plan, "eu.example", 1), 60000);
	assert_int_equal(interval(plan, "eu.example", 2), 0);
	for (size_t view = 0; view < VIEWS; view++) {
		assert_int_equal(
			interval(plan, "none.example", view), ROSTER_INTERVAL_MS);
		assert_int_equal(
			interval(plan, "strange.example", view), ROSTER_INTERVAL_MS);
	}
}

/* Domains that mail goes to belong to the watch that looks for them. */
static void roster_watches_where_mail_goes(void **state)
{
	char name[] = "auto";
	char gone[] = "gone";
	struct plan *plan = *state;
	struct conf_watch *watch = add_watch(plan, "0", 5000);
	const struct popular_domain member = {
		.domain = wire("a.example"), .since_at = T0};
	const struct popular_domain old = {.domain = wire("b.example"), .since_at = T0};

	watch->name = gone; /* no longer by mail */
	watch = add_watch(plan, "12", 30000);
	watch->name = name;
	watch->top_recipients = 10;
	store_begin(plan->fixture->store);
	popular_put(plan->fixture->store, name, &member);
	popular_put(plan->fixture->store, gone, &old);
	fixture_commit(plan->fixture, T0);
	assert_int_equal(build(plan, NULL, 0), 0);
	assert_int_equal(roster_len(plan->roster), 1);
	assert_int_equal(interval(plan, "a.example", 0), 0);
	assert_int_equal(interval(plan, "a.example", 1), 30000);
	assert_int_equal(interval(plan, "a.example", 2), 30000);
}

static int on_new(void *owner, const uint8_t *name, size_t view, int64_t interval_ms)
{
	char *text = owner;
	char presentation[NAME_TEXT_MAX];
	size_t len = strlen(text);

	if (strcmp(text, "stop") == 0)
		return -ECANCELED;
	snprintf(text + len, 512 - len, "%s/%zu/%d;", name_format(name, presentation),
		view, (int)interval_ms);
	return 0;
}

static void roster_names_points_that_are_new(void **state)
{
	struct plan *plan = *state;
	uint8_t *domains[] = {domain("a.example"), domain("b.example")};
	char text[512] = "";

	name_domains(add_watch(plan, "02", 10000), domains, 2);
	assert_int_equal(build(plan, NULL, 0), 0);
	roster_interval(plan->roster, wire("a.example"), 0, true);
	roster_interval(plan->roster, wire("b.example"), 0, true);
	roster_interval(plan->roster, wire("b.example"), 1, true); /* not wished */
	roster_interval(plan->roster, wire("b.example"), 2, true);
	roster_interval(plan->roster, wire("unknown.example"), 0, true);
	assert_int_equal(roster_each_new(plan->roster, on_new, text), 0);
	assert_string_equal(text, "a.example/2/10000;");
	strcpy(text, "stop");
	assert_int_equal(roster_each_new(plan->roster, on_new, text), -ECANCELED);
}

/* As many as possible: the last watch and the last view still count. */
static void roster_bounds_watches_and_views(void **state)
{
	struct plan *plan = *state;
	uint8_t *domains[] = {domain("a.example")};

	for (int i = 0; i < ROSTER_WATCHES_MAX; i++)
		name_domains(add_watch(plan, "1", 100000 - i), domains, 1);
	assert_int_equal(build(plan, NULL, 0), 0);
	assert_int_equal(interval(plan, "a.example", 1), 100000 - ROSTER_WATCHES_MAX + 1);
	roster_destroy(plan->roster);
	plan->roster = NULL;
	add_watch(plan, "1", 1);
	assert_int_equal(build(plan, NULL, 0), -EINVAL);
	plan->conf.watches_len = 1;
	plan->conf.views_len = ROSTER_VIEWS_MAX + 1;
	assert_int_equal(build(plan, NULL, 0), -EINVAL);
}

static int on_count(void *owner, const uint8_t *name, size_t view, int64_t interval_ms)
{
	unsigned *found = owner;

	(void)name;
	(void)view;
	assert_int_equal(interval_ms, 60000);
	++*found;
	return 0;
}

static void roster_holds_a_hundred_thousand_domains(void **state)
{
	enum {
		MANY = 100000
	};
	struct plan *plan = *state;
	FILE *out = fopen(plan->path, "w");
	unsigned found = 0;

	assert_non_null(out);
	for (int i = 0; i < MANY; i++)
		fprintf(out, "d%d.example\nD%d.EXAMPLE,x\n", i, i / 2);
	assert_int_equal(fclose(out), 0);
	add_watch(plan, "0", 60000)->domains_file = plan->path;
	assert_int_equal(build(plan, NULL, 0), 0);
	assert_int_equal(roster_len(plan->roster), MANY);
	for (int i = 0; i < MANY; i += 3) {
		char name[32];

		snprintf(name, sizeof name, "d%d.example", i);
		assert_int_equal(
			roster_interval(plan->roster, wire(name), 0, true), 60000);
	}
	assert_int_equal(roster_each_new(plan->roster, on_count, &found), 0);
	assert_int_equal(found, MANY - (MANY + 2) / 3);
}

static void roster_survives_lack_of_memory(void **state)
{
	static const char *const named[] = {"c.example"};
	struct plan *plan = *state;
	struct conf_watch *watch = add_watch(plan, "0", 60000);
	bool failed = true;

	write_domains(plan, watch, "a.example\nb.example\n");
	list(plan, "l.example", "");
	for (size_t before = 0; failed; before++) {
		int error;

		memory_fail_after(before);
		error = build(plan, named, 1);
		failed = memory_stop_failing();
		assert_int_equal(error, failed ? -ENOMEM : 0);
	}
	assert_int_equal(roster_len(plan->roster), 4);
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(roster_is_empty_where_nothing_is_wished),
		test(roster_gives_domains_their_views_and_interval),
		test(roster_tells_whom_a_watch_names),
		test(roster_takes_the_shortest_of_several_intervals),
		test(roster_reads_files_with_junk),
		test(roster_says_which_file_it_cannot_read),
		test(roster_watches_what_a_command_names),
		test(roster_joins_a_command_and_a_watch),
		test(roster_polls_no_faster_than_the_limit),
		test(roster_follows_the_tags_of_the_watch_list),
		test(roster_watches_where_mail_goes),
		test(roster_names_points_that_are_new),
		test(roster_bounds_watches_and_views),
		test(roster_holds_a_hundred_thousand_domains),
		test(roster_survives_lack_of_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
