/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "resolvers/servers.h"
#include "resolvers/wire.h"
#include "tests/fake/drive.h"
#include "tests/fake/fake_dns.h"
#include "tests/fake/memory.h"

/* What came of one search. */
struct note {
	unsigned calls;
	bool known;
	enum answer_state state;
	const struct servers_set *set; /* held */
	uint64_t until;
	char apex[NAME_TEXT_MAX];
};

static struct fake_dns *boot; /* 127.0.0.1, on the port of all */
static struct fake_dns *two; /* 127.0.0.2 */
static struct fake_dns *three; /* 127.0.0.3 */
static struct drive drive;
static struct servers *servers;

static void script(struct fake_dns *fake, const char *line)
{
	const char *why = "";
	if (fake_dns_script(fake, line, &why) < 0)
		fail_msg("%s: %s", line, why);
}

static int setup(void **state)
{
	(void)state;
	assert_int_equal(fake_dns_start("127.0.0.1", 0, &boot), 0);
	struct endpoint first = fake_dns_endpoint(boot);
	assert_int_equal(fake_dns_start("127.0.0.2", first.port, &two), 0);
	assert_int_equal(fake_dns_start("127.0.0.3", first.port, &three), 0);
	drive_open(&drive, (struct channel_options){0});
	struct servers_options options = {
		.channel = drive.channel,
		.bootstrap = &first,
		.bootstraps = 1,
		.port = first.port,
	};
	assert_int_equal(servers_create(&options, &servers), 0);
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	drive_close(&drive);
	servers_destroy(servers);
	fake_dns_stop(boot);
	fake_dns_stop(two);
	fake_dns_stop(three);
	return 0;
}

static void on_found(void *owner, uint64_t cookie, const struct servers_found *found)
{
	struct note *note = owner;
	assert_int_equal(cookie, 77);
	note->calls++;
	note->known = found->known;
	note->state = found->state;
	note->until = found->until_mono_ms;
	if (!found->known) {
		assert_null(found->set);
		assert_null(found->apex);
		return;
	}
	note->set = servers_hold(found->set);
	name_format(found->apex, note->apex);
}

static void forget(struct note *note)
{
	servers_release(note->set);
	*note = (struct note){0};
}

static int search(const char *domain, bool fresh, struct note *note)
{
	uint8_t name[NAME_WIRE_MAX];
	assert_int_equal(name_parse(domain, name), 0);
	return servers_find(servers, name, fresh, drive_now(&drive), on_found, note, 77);
}

static void await(const struct note *note)
{
	channel_flush(drive.channel, drive_now(&drive));
	uint64_t until = drive_now(&drive) + DRIVE_PATIENCE_MS;
	while (note->calls == 0) {
		if (drive_now(&drive) > until)
			fail_msg("nothing found in time");
		drive_turn(&drive, 100);
	}
	assert_int_equal(note->calls, 1);
}

static void find(const char *domain, bool fresh, struct note *note)
{
	*note = (struct note){0};
	assert_int_equal(search(domain, fresh, note), 0);
	await(note);
}

static void assert_servers(const struct note *note, const char *apex, const char *list)
{
	char text[1024] = "";
	assert_true(note->known);
	assert_string_equal(note->apex, apex);
	for (size_t i = 0; i < note->set->len; i++) {
		struct endpoint address = note->set->addresses[i];
		char one[ENDPOINT_TEXT_MAX];
		assert_int_equal(address.port, fake_dns_endpoint(boot).port);
		address.port = 53;
		strncat(text, i > 0 ? " " : "", sizeof text - strlen(text) - 1);
		strncat(text, endpoint_format(&address, one),
			sizeof text - strlen(text) - 1);
	}
	assert_string_equal(text, list);
}

/* A recursive resolver that knows example.test and its two name servers. */
static void teach_resolver(void)
{
	script(boot, "rule *.test * rcode=nxdomain flags=ra au=SOA:1,60@test");
	script(boot,
		"rule *.example.test * rcode=nxdomain flags=ra au=SOA:1,60@example.test");
	script(boot, "rule example.test * flags=ra au=SOA:1,60@example.test");
	script(boot,
		"rule example.test NS flags=ra an=NS:a.ns.test an=NS:b.ns.test ttl=300");
	script(boot, "rule test NS flags=ra an=NS:b.ns.test");
	script(boot, "rule *.ns.test * flags=ra au=SOA:1,60@test");
	script(boot, "rule a.ns.test A flags=ra an=A:192.0.2.2 an=A:192.0.2.1 ttl=300");
	script(boot, "rule a.ns.test AAAA flags=ra an=AAAA:2001:db8::1 ttl=300");
	script(boot, "rule b.ns.test A flags=ra an=A:192.0.2.1 an=A:192.0.2.3 ttl=300");
}

static void servers_finds_those_of_an_apex(void **state)
{
	(void)state;
	struct note note;
	teach_resolver();
	find("example.test", false, &note);
	assert_servers(
		&note, "example.test", "192.0.2.1 192.0.2.2 192.0.2.3 2001:db8::1");
	assert_int_equal(note.state, ANSWER_NONE);
	assert_in_range(
		note.until, drive_now(&drive) + 290000, drive_now(&drive) + 300000);
	struct fake_query query;
	assert_true(fake_dns_query(boot, 0, &query));
	assert_int_equal(query.flags & WIRE_RD, WIRE_RD);
	assert_int_equal(fake_dns_seen(boot), 5);
	forget(&note);
	assert_int_equal(search("example.test", false, &note), 0);
	assert_int_equal(note.calls, 1); /* from within, of the cache */
	assert_servers(
		&note, "example.test", "192.0.2.1 192.0.2.2 192.0.2.3 2001:db8::1");
	assert_int_equal(fake_dns_seen(boot), 5);
	forget(&note);
}

static void servers_finds_the_apex_above(void **state)
{
	(void)state;
	struct note note;
	teach_resolver();
	script(boot, "rule x.y.example.test NS flags=ra au=SOA:1,60@example.test");
	script(boot,
		"rule alias.example.test NS flags=ra an=CNAME:x.else.test "
		"au=SOA:1,60@else.test");
	script(boot, "rule mute.example.test NS flags=ra");
	script(boot,
		"rule near.example.test NS flags=ra an=CNAME:x.test au=SOA:1,60@test");
	static const char *const domains[] = {"x.y.example.test", "near.example.test",
		"alias.example.test", "mute.example.test", "no.such.example.test"};
	for (size_t i = 0; i < sizeof domains / sizeof *domains; i++) {
		find(domains[i], false, &note);
		assert_servers(&note, "example.test",
			"192.0.2.1 192.0.2.2 192.0.2.3 2001:db8::1");
		forget(&note);
	}
	assert_int_equal(fake_dns_count(boot, "a.ns.test", WIRE_TYPE_A), 1);
	assert_int_equal(fake_dns_count(boot, "y.example.test", WIRE_TYPE_NS), 0);
	find("gone.test", false, &note); /* the parent says so, and is asked */
	assert_servers(&note, "test", "192.0.2.1 192.0.2.3");
	forget(&note);
}

static void servers_says_why_nothing_was_found(void **state)
{
	(void)state;
	static const struct {
		const char *line;
		enum answer_state state;
	} cases[] = {
		{"rule * NS rcode=servfail flags=ra", ANSWER_SERVFAIL},
		{"rule * NS rcode=refused flags=ra", ANSWER_REFUSED},
		{"rule * NS flags=none", ANSWER_REFUSED},
		{"rule * NS flags=ra an=TYPE2:c0ff", ANSWER_MALFORMED},
		{"rule * NS flags=ra an=NS:none.test", ANSWER_NXDOMAIN},
		{"rule * NS flags=ra an=NS:empty.test", ANSWER_NODATA},
		{"rule * NS flags=ra an=NS:alias.test", ANSWER_NODATA},
		{"rule * NS flags=ra au=SOA:1,1@.", ANSWER_MALFORMED},
		{"rule * NS flags=ra", ANSWER_MALFORMED},
		{"udp off", ANSWER_NETWORK},
	};
	script(boot, "rule none.test * rcode=nxdomain flags=ra");
	script(boot, "rule empty.test * flags=ra");
	script(boot, "rule alias.test * flags=ra an=CNAME:x.test an=A:192.0.2.9");
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct note note;
		char domain[32];
		script(boot, cases[i].line);
		snprintf(domain, sizeof domain, "d%zu.example.test", i);
		find(domain, false, &note);
		assert_false(note.known);
		assert_int_equal(note.state, cases[i].state);
		assert_in_range(
			note.until, drive_now(&drive) + 1, drive_now(&drive) + 1000);
	}
}

static void servers_tries_three_times(void **state)
{
	(void)state;
	struct note note;
	script(boot, "rule * * do=drop");
	*(&note) = (struct note){0};
	assert_int_equal(search("example.test", false, &note), 0);
	for (size_t i = 1; i <= 3; i++) {
		channel_flush(drive.channel, drive_now(&drive));
		while (fake_dns_seen(boot) < i)
			drive_turn(&drive, 10);
		assert_int_equal(note.calls, 0);
		drive_jump(&drive, 2000);
	}
	assert_int_equal(note.calls, 1);
	assert_int_equal(note.state, ANSWER_TIMEOUT);
	assert_int_equal(fake_dns_seen(boot), 3);
}

static void servers_goes_on_to_the_next_bootstrap(void **state)
{
	(void)state;
	struct note note;
	struct endpoint both[] = {fake_dns_endpoint(two), fake_dns_endpoint(boot)};
	teach_resolver();
	script(two, "udp off");
	assert_int_equal(servers_set_bootstrap(servers, both, 2), 0);
	find("example.test", false, &note);
	assert_true(note.known);
	forget(&note);
	/* The one that answered is now asked first. */
	script(two, "udp on");
	find("example.test", true, &note);
	assert_true(note.known);
	assert_int_equal(fake_dns_seen(two), 0);
	forget(&note);
	assert_int_equal(servers_set_bootstrap(servers, NULL, 0), 0);
	find("other.test", false, &note);
	assert_false(note.known);
	assert_int_equal(note.state, ANSWER_NETWORK);
}

static void servers_asks_truncated_answers_over_tcp(void **state)
{
	(void)state;
	struct note note;
	teach_resolver();
	script(boot, "rule example.test NS via=udp flags=ra,tc an=NS:b.ns.test");
	script(boot, "rule a.ns.test A via=udp flags=ra size=2000 an=A:192.0.2.77");
	find("example.test", false, &note);
	assert_servers(
		&note, "example.test", "192.0.2.1 192.0.2.2 192.0.2.3 2001:db8::1");
	forget(&note);
}

static void servers_asks_without_edns_whom_it_confuses(void **state)
{
	(void)state;
	struct note note;
	teach_resolver();
	script(boot, "rule example.test NS times=1 rcode=formerr edns=no flags=ra");
	find("example.test", false, &note);
	assert_true(note.known);
	struct fake_query first, second;
	assert_true(fake_dns_query(boot, 0, &first));
	assert_true(fake_dns_query(boot, 1, &second));
	assert_int_equal(first.edns_size, WIRE_UDP_SIZE);
	assert_int_equal(second.edns_size, 0);
	forget(&note);
}

static void servers_shares_sets_and_walks(void **state)
{
	(void)state;
	enum {
		DOMAINS = 50
	};
	struct note notes[DOMAINS] = {0}, same[DOMAINS] = {0}, other;
	script(boot, "rule *.test NS flags=ra an=NS:a.ns.test an=NS:b.ns.test ttl=300");
	script(boot, "rule *.ns.test * flags=ra delay=20");
	script(boot, "rule a.ns.test A flags=ra an=A:192.0.2.2 ttl=300");
	script(boot, "rule b.ns.test A flags=ra an=A:192.0.2.1 ttl=300");
	script(boot, "rule other.test NS flags=ra an=NS:a.ns.test");
	for (int i = 0; i < DOMAINS; i++) {
		char domain[32];
		snprintf(domain, sizeof domain, "d%d.test", i);
		assert_int_equal(search(domain, false, &notes[i]), 0);
		assert_int_equal(search("d0.test", i % 2, &same[i]), 0);
	}
	for (int i = 0; i < DOMAINS; i++) {
		await(&notes[i]);
		await(&same[i]);
		assert_ptr_equal(notes[i].set, notes[0].set);
		assert_ptr_equal(same[i].set, notes[0].set);
	}
	assert_int_equal(fake_dns_count(boot, "d0.test", WIRE_TYPE_NS), 1);
	assert_int_equal(fake_dns_count(boot, "a.ns.test", WIRE_TYPE_A), 1);
	assert_int_equal(fake_dns_count(boot, "a.ns.test", WIRE_TYPE_AAAA), 1);
	find("other.test", false, &other);
	assert_ptr_not_equal(other.set, notes[0].set);
	assert_int_not_equal(other.set->sequence, notes[0].set->sequence);
	forget(&other);
	for (int i = 0; i < DOMAINS; i++) {
		forget(&notes[i]);
		forget(&same[i]);
	}
}

static void servers_keeps_what_it_knows_for_its_time(void **state)
{
	(void)state;
	static const struct {
		unsigned ttl;
		uint64_t kept_s;
	} cases[] = {{0, 5}, {3, 5}, {60, 60}, {86400, 900}};
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct note note;
		char line[96];
		script(boot, "clear");
		script(boot, "rule ns.test AAAA flags=ra");
		script(boot, "rule ns.test A flags=ra an=A:192.0.2.2 ttl=90000");
		snprintf(line, sizeof line,
			"rule example.test NS flags=ra an=NS:ns.test ttl=%u",
			cases[i].ttl);
		script(boot, line);
		find("example.test", true, &note);
		assert_in_range(note.until,
			drive_now(&drive) + cases[i].kept_s * 1000 - 500,
			drive_now(&drive) + cases[i].kept_s * 1000);
		forget(&note);
		size_t seen = fake_dns_count(boot, "example.test", WIRE_TYPE_NS);
		drive.ahead_ms += cases[i].kept_s * 1000 - 1000;
		find("example.test", false, &note);
		assert_int_equal(
			fake_dns_count(boot, "example.test", WIRE_TYPE_NS), seen);
		forget(&note);
		drive.ahead_ms += 1001;
		find("example.test", false, &note);
		assert_int_equal(
			fake_dns_count(boot, "example.test", WIRE_TYPE_NS), seen + 1);
		forget(&note);
	}
}

static void servers_hears_of_a_change_when_told_to_look_afresh(void **state)
{
	(void)state;
	struct note note;
	teach_resolver();
	find("example.test", false, &note);
	forget(&note);
	script(boot, "rule a.ns.test A flags=ra an=A:203.0.113.9");
	find("example.test", false, &note);
	assert_servers(
		&note, "example.test", "192.0.2.1 192.0.2.2 192.0.2.3 2001:db8::1");
	forget(&note);
	find("example.test", true, &note);
	assert_servers(
		&note, "example.test", "192.0.2.1 192.0.2.3 203.0.113.9 2001:db8::1");
	forget(&note);
}

static void servers_stay_known_while_the_resolver_is_dead(void **state)
{
	(void)state;
	struct note note;
	teach_resolver();
	find("example.test", false, &note);
	forget(&note);
	script(boot, "udp off");
	drive.ahead_ms += 1000000;
	find("example.test", false, &note);
	assert_servers(
		&note, "example.test", "192.0.2.1 192.0.2.2 192.0.2.3 2001:db8::1");
	assert_int_equal(note.state, ANSWER_NETWORK);
	assert_in_range(note.until, drive_now(&drive) + 25000, drive_now(&drive) + 30000);
	forget(&note);
	find("unknown.test", false, &note);
	assert_false(note.known);
	script(boot, "udp on");
	drive.ahead_ms += 31000;
	find("example.test", false, &note);
	assert_int_equal(note.state, ANSWER_NONE);
	forget(&note);
	/* But what is gone is gone, when somebody says so. */
	script(boot, "rule *.ns.test * rcode=nxdomain flags=ra");
	find("example.test", true, &note);
	assert_false(note.known);
	assert_int_equal(note.state, ANSWER_NXDOMAIN);
}

static void servers_looks_again_soon_for_what_was_missing(void **state)
{
	(void)state;
	struct note note;
	teach_resolver();
	script(boot, "rule b.ns.test * rcode=servfail flags=ra");
	find("example.test", false, &note);
	assert_servers(&note, "example.test", "192.0.2.1 192.0.2.2 2001:db8::1");
	assert_in_range(note.until, drive_now(&drive) + 50000, drive_now(&drive) + 60000);
	forget(&note);
}

static void servers_takes_a_bounded_number(void **state)
{
	(void)state;
	struct note note;
	char line[4096] = "rule big.test NS flags=ra";
	for (int i = 0; i < 40; i++)
		snprintf(line + strlen(line), sizeof line - strlen(line),
			" an=NS:n%d.ns.test", i);
	script(boot, "rule *.ns.test AAAA flags=ra");
	script(boot, line);
	for (int i = 0; i < 40; i++) {
		snprintf(line, sizeof line, "rule n%d.ns.test A flags=ra", i);
		for (int j = 0; j < 20; j++)
			snprintf(line + strlen(line), sizeof line - strlen(line),
				" an=A:192.0.%d.%d", i, j);
		script(boot, line);
	}
	find("big.test", false, &note);
	assert_int_equal(note.set->len, SERVERS_MAX);
	assert_int_equal(fake_dns_count(boot, "n31.ns.test", WIRE_TYPE_A), 1);
	assert_int_equal(fake_dns_count(boot, "n32.ns.test", WIRE_TYPE_A), 0);
	forget(&note);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(servers_finds_those_of_an_apex),
		TEST(servers_finds_the_apex_above),
		TEST(servers_says_why_nothing_was_found),
		TEST(servers_tries_three_times),
		TEST(servers_goes_on_to_the_next_bootstrap),
		TEST(servers_asks_truncated_answers_over_tcp),
		TEST(servers_asks_without_edns_whom_it_confuses),
		TEST(servers_shares_sets_and_walks),
		TEST(servers_keeps_what_it_knows_for_its_time),
		TEST(servers_hears_of_a_change_when_told_to_look_afresh),
		TEST(servers_stay_known_while_the_resolver_is_dead),
		TEST(servers_looks_again_soon_for_what_was_missing),
		TEST(servers_takes_a_bounded_number),
	};
#undef TEST
	return cmocka_run_group_tests(tests, NULL, NULL);
}
