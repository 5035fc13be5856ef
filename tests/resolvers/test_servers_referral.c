/* SPDX-License-Identifier: MIT */
/* Searches that begin at an authoritative server and follow referrals. */
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

struct note {
	unsigned calls;
	bool known;
	enum answer_state state;
	char apex[NAME_TEXT_MAX];
	char list[1024]; /* of addresses */
	uint64_t until;
};

static struct fake_dns *boot; /* 127.0.0.1: of "test", on the port of all */
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

static void create(unsigned walks)
{
	struct endpoint first = fake_dns_endpoint(boot);
	struct servers_options options = {
		.channel = drive.channel,
		.bootstrap = &first,
		.bootstraps = 1,
		.port = first.port,
		.walks = walks,
	};
	assert_int_equal(servers_create(&options, &servers), 0);
}

static int setup(void **state)
{
	(void)state;
	assert_int_equal(fake_dns_start("127.0.0.1", 0, &boot), 0);
	uint16_t port = fake_dns_endpoint(boot).port;
	assert_int_equal(fake_dns_start("127.0.0.2", port, &two), 0);
	assert_int_equal(fake_dns_start("127.0.0.3", port, &three), 0);
	drive_open(&drive, (struct channel_options){0});
	create(0);
	script(boot, "rule *.test * rcode=nxdomain au=SOA:1,60@test");
	script(boot, "rule test NS an=NS:ns.test");
	script(boot, "rule ns.test A an=A:127.0.0.1");
	script(boot,
		"rule *.example.test * flags=none au=NS:ns.example.test@example.test "
		"ad=A:127.0.0.2@ns.example.test");
	script(two, "rule *.example.test * rcode=nxdomain au=SOA:1,60@example.test");
	script(two, "rule example.test NS an=NS:ns.example.test an=NS:n2.example.test");
	script(two, "rule ns.example.test A an=A:127.0.0.2");
	script(two, "rule n2.example.test A an=A:127.0.0.3");
	return 0;
}

static int teardown(void **state)
{
	(void)state;
	if (drive.channel != NULL)
		drive_close(&drive);
	servers_destroy(servers);
	fake_dns_stop(boot);
	fake_dns_stop(two);
	fake_dns_stop(three);
	return 0;
}

static void on_found(void *owner, uint64_t cookie, const struct servers_found *found)
{
	(void)cookie;
	struct note *note = owner;
	note->calls++;
	note->known = found->known;
	note->state = found->state;
	note->until = found->until_mono_ms;
	note->list[0] = '\0';
	if (!found->known)
		return;
	name_format(found->apex, note->apex);
	for (size_t i = 0; i < found->set->len; i++) {
		struct endpoint address = found->set->addresses[i];
		char one[ENDPOINT_TEXT_MAX];
		address.port = 53;
		size_t used = strlen(note->list);
		snprintf(note->list + used, sizeof note->list - used, "%s%s",
			i > 0 ? " " : "", endpoint_format(&address, one));
	}
}

static int search(const char *domain, struct note *note)
{
	uint8_t name[NAME_WIRE_MAX];
	assert_int_equal(name_parse(domain, name), 0);
	return servers_find(servers, name, false, drive_now(&drive), on_found, note, 0);
}

static void await(const struct note *note)
{
	uint64_t until = drive_now(&drive) + DRIVE_PATIENCE_MS;
	channel_flush(drive.channel, drive_now(&drive));
	while (note->calls == 0) {
		if (drive_now(&drive) > until)
			fail_msg("nothing found in time");
		drive_turn(&drive, 100);
	}
	assert_int_equal(note->calls, 1);
}

static void find(const char *domain, struct note *note)
{
	*note = (struct note){0};
	assert_int_equal(search(domain, note), 0);
	await(note);
}

static void assert_found(const struct note *note, const char *apex, const char *list)
{
	assert_true(note->known);
	assert_string_equal(note->apex, apex);
	assert_string_equal(note->list, list);
}

static void servers_referral_is_followed_with_its_glue(void **state)
{
	(void)state;
	struct note note;
	find("example.test", &note);
	assert_found(&note, "example.test", "127.0.0.2 127.0.0.3");
	assert_int_equal(fake_dns_count(two, "example.test", WIRE_TYPE_NS), 1);
	struct fake_query query;
	assert_true(fake_dns_query(boot, 0, &query));
	assert_int_equal(query.flags & WIRE_RD, WIRE_RD);
	assert_true(fake_dns_query(two, 0, &query));
	assert_int_equal(query.flags & WIRE_RD, 0);
	find("a.b.example.test", &note);
	assert_found(&note, "example.test", "127.0.0.2 127.0.0.3");
	find("undelegated.test", &note);
	assert_found(&note, "test", "127.0.0.1");
}

/* Some servers put a delegation into the answer section, without AA. */
static void servers_referral_may_look_like_an_answer(void **state)
{
	(void)state;
	struct note note;
	script(boot,
		"rule example.test NS flags=none an=NS:ns.example.test "
		"ad=A:127.0.0.2@ns.example.test");
	find("example.test", &note);
	assert_found(&note, "example.test", "127.0.0.2 127.0.0.3");
}

static void servers_referral_without_glue_is_looked_up(void **state)
{
	(void)state;
	struct note note;
	script(boot, "rule *.other.test * flags=none au=NS:ns.example.test@other.test");
	script(two, "rule other.test NS an=NS:ns.example.test");
	find("other.test", &note);
	assert_found(&note, "other.test", "127.0.0.2");
}

static void servers_referral_in_a_circle_ends(void **state)
{
	(void)state;
	struct note note;
	script(boot, "rule *.a.test * flags=none au=NS:ns.b.test@a.test");
	script(boot, "rule *.b.test * flags=none au=NS:ns.a.test@b.test");
	find("a.test", &note);
	assert_false(note.known);
	assert_int_equal(note.state, ANSWER_SERVFAIL);
}

/* To itself, to a zone above, or to another branch: no way down. */
static void servers_referral_that_leads_nowhere_is_refused(void **state)
{
	(void)state;
	static const char *const lines[] = {
		"rule example.test NS flags=none au=NS:ns.example.test@example.test "
		"ad=A:127.0.0.2@ns.example.test",
		"rule example.test NS flags=none au=NS:ns.test@test "
		"ad=A:127.0.0.2@ns.test",
		"rule example.test NS flags=none au=NS:ns.c.test@c.test "
		"ad=A:127.0.0.2@ns.c.test",
		"rule example.test NS flags=none au=NS:a.root@. ad=A:127.0.0.2@a.root",
	};
	script(two, "rule *.example.test A an=A:127.0.0.2");
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++) {
		struct note note;
		size_t before = fake_dns_count(two, "example.test", WIRE_TYPE_NS);
		script(two, lines[i]);
		find("example.test", &note);
		/* What the parent says is left. */
		assert_found(&note, "example.test", "127.0.0.2");
		assert_int_equal(
			fake_dns_count(two, "example.test", WIRE_TYPE_NS), before + 3);
		drive.ahead_ms += 1000000;
	}
}

/* A server of test may not say where names of elsewhere are. */
static void servers_referral_glue_of_elsewhere_is_not_believed(void **state)
{
	(void)state;
	struct note note;
	script(two,
		"rule sub.example.test NS flags=none au=NS:ns.test@sub.example.test "
		"ad=A:127.0.0.3@ns.test");
	script(three, "rule sub.example.test NS an=NS:evil.test");
	script(boot, "rule sub.example.test NS an=NS:ns.test");
	script(boot,
		"rule sub.example.test NS times=1 flags=none "
		"au=NS:ns.example.test@example.test ad=A:127.0.0.2@ns.example.test");
	find("sub.example.test", &note);
	assert_found(&note, "sub.example.test", "127.0.0.1");
	assert_int_equal(fake_dns_seen(three), 0);
}

static void servers_referral_counts_where_the_zone_is_dead(void **state)
{
	(void)state;
	struct note note;
	script(two, "udp off");
	find("www.example.test", &note);
	assert_found(&note, "example.test", "127.0.0.2");
	assert_in_range(note.until, drive_now(&drive) + 5000, drive_now(&drive) + 60000);
	script(boot, "rule * * flags=none au=NS:ns.tld@tld ad=A:127.0.0.2@ns.tld");
	find("www.tld", &note);
	assert_false(note.known); /* a top-level domain without a server is our trouble */
	assert_int_equal(note.state, ANSWER_NETWORK);
}

static void servers_referral_glue_stands_in_only_for_hosts_inside(void **state)
{
	(void)state;
	struct note note;
	script(boot,
		"rule example.test NS flags=ra an=NS:ns.example.test an=NS:ns.else.test "
		"ad=A:127.0.0.2@ns.example.test ad=A:127.0.0.9@ns.else.test");
	script(boot, "rule *.example.test A rcode=servfail flags=ra");
	script(boot, "rule *.example.test AAAA rcode=servfail flags=ra");
	script(boot, "rule ns.else.test * rcode=servfail flags=ra");
	find("example.test", &note);
	assert_found(&note, "example.test", "127.0.0.2");
}

static void servers_message_of_other_names_is_not_read(void **state)
{
	(void)state;
	struct note note;
	script(two,
		"rule example.test NS an=NS:evil.example.test@other.test "
		"an=NS:ns.example.test");
	script(two, "rule evil.example.test A an=A:192.0.2.66");
	find("example.test", &note);
	assert_found(&note, "example.test", "127.0.0.2");
	script(boot, "rule www.test NS au=SOA:1,60@else.where");
	find("www.test", &note);
	assert_found(&note, "test", "127.0.0.1");
	assert_int_equal(fake_dns_count(boot, "else.where", WIRE_TYPE_NS), 0);
}

/* Twenty cuts, one below the other: sixteen are followed, and the last stands. */
static void servers_referral_chain_has_an_end(void **state)
{
	(void)state;
	enum {
		LEVELS = 20,
		FOLLOWED = 16
	};
	char domain[128] = "test";
	struct note note;
	for (int i = 0; i < LEVELS; i++) {
		memmove(domain + 2, domain, strlen(domain) + 1);
		memcpy(domain, "z.", 2);
	}
	for (int level = LEVELS; level > 0; level--) {
		char line[640];
		const char *cut = domain + (size_t)(LEVELS - level) * 2;
		snprintf(line, sizeof line,
			"rule %s NS times=1 flags=none au=NS:ns.%s@%s "
			"ad=A:127.0.0.2@ns.%s",
			domain, cut, cut, cut);
		script(level == 1 ? boot : two, line); /* the newest speaks first */
	}
	find(domain, &note);
	assert_int_equal(fake_dns_count(two, domain, WIRE_TYPE_NS), FOLLOWED);
	assert_found(&note, domain + (size_t)(LEVELS - FOLLOWED) * 2, "127.0.0.2");
}

static void servers_walk_in_line_and_are_all_found(void **state)
{
	(void)state;
	enum {
		DOMAINS = 60
	};
	struct note notes[DOMAINS] = {0};
	servers_destroy(servers);
	create(3);
	for (int i = 0; i < DOMAINS; i++) {
		char domain[64];
		snprintf(domain, sizeof domain, "d%d.example.test", i);
		assert_int_equal(search(domain, &notes[i]), 0);
	}
	assert_in_range(channel_outstanding(drive.channel), 1, 3);
	for (int i = 0; i < DOMAINS; i++) {
		await(&notes[i]);
		assert_found(&notes[i], "example.test", "127.0.0.2 127.0.0.3");
	}
}

static void servers_find_places_in_a_full_channel(void **state)
{
	(void)state;
	struct drive_answer answers[5] = {0};
	struct note note;
	uint8_t name[NAME_WIRE_MAX];
	servers_destroy(servers);
	drive_close(&drive);
	drive_open(&drive, (struct channel_options){.outstanding = 4});
	create(0);
	script(three, "rule * * do=drop");
	struct channel_query query =
		drive_query(fake_dns_endpoint(three), "x.test", WIRE_TYPE_MX, name);
	for (int i = 0; i < 5; i++)
		assert_int_equal(channel_ask(drive.channel, &query, drive_now(&drive),
					 drive_note, &answers[i], 0),
			i < 4 ? 0 : -EAGAIN);
	find("example.test", &note);
	assert_found(&note, "example.test", "127.0.0.2 127.0.0.3");
	drive_jump(&drive, 2000);
}

static void servers_destroy_forgets_walks_under_way(void **state)
{
	(void)state;
	struct note notes[3] = {0};
	script(boot, "rule * * do=drop");
	script(boot, "rule *.example.test * flags=ra an=NS:ns.example.test");
	script(boot, "rule ns.example.test * do=drop");
	servers_destroy(servers);
	create(2);
	for (int i = 0; i < 3; i++) {
		static const char *const domains[] = {
			"a.example.test", "b.test", "c.test"};
		assert_int_equal(search(domains[i], &notes[i]), 0);
	}
	channel_flush(drive.channel, drive_now(&drive));
	while (fake_dns_count(boot, "ns.example.test", WIRE_TYPE_A) == 0)
		drive_turn(&drive, 10);
	drive_close(&drive);
	drive.channel = NULL;
	servers_destroy(servers);
	servers = NULL;
	for (int i = 0; i < 3; i++)
		assert_int_equal(notes[i].calls, 0);
}

/* Whichever allocation fails: one call back, or none and -ENOMEM; and then all works again. */
static void servers_survive_want_of_memory(void **state)
{
	(void)state;
	bool failed = true;
	for (size_t i = 0; failed; i++) {
		struct note note = {0}, again;
		memory_fail_after(i);
		int error = search("example.test", &note);
		while (error == 0 && note.calls == 0) {
			channel_flush(drive.channel, drive_now(&drive));
			drive_turn(&drive, 100);
		}
		failed = memory_stop_failing();
		if (error == 0)
			assert_int_equal(note.calls, 1);
		else
			assert_int_equal(error, -ENOMEM);
		assert_in_range(i, 0, 200);
		servers_destroy(servers);
		create(0);
		find("example.test", &again);
		assert_found(&again, "example.test", "127.0.0.2 127.0.0.3");
		servers_destroy(servers);
		create(0);
	}
}

static void servers_cannot_be_made_without_memory(void **state)
{
	(void)state;
	struct endpoint first = fake_dns_endpoint(boot);
	struct servers_options options = {
		.channel = drive.channel, .bootstrap = &first, .bootstraps = 1};
	for (size_t i = 0;; i++) {
		struct servers *none = NULL;
		memory_fail_after(i);
		int error = servers_create(&options, &none);
		if (!memory_stop_failing()) {
			assert_int_equal(error, 0);
			servers_destroy(none);
			break;
		}
		assert_int_equal(error, -ENOMEM);
	}
	memory_fail_after(0);
	assert_int_equal(servers_set_bootstrap(servers, &first, 1), -ENOMEM);
	assert_true(memory_stop_failing());
	servers_destroy(NULL);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(servers_referral_is_followed_with_its_glue),
		TEST(servers_referral_may_look_like_an_answer),
		TEST(servers_referral_without_glue_is_looked_up),
		TEST(servers_referral_in_a_circle_ends),
		TEST(servers_referral_that_leads_nowhere_is_refused),
		TEST(servers_referral_glue_of_elsewhere_is_not_believed),
		TEST(servers_referral_counts_where_the_zone_is_dead),
		TEST(servers_referral_glue_stands_in_only_for_hosts_inside),
		TEST(servers_message_of_other_names_is_not_read),
		TEST(servers_referral_chain_has_an_end),
		TEST(servers_walk_in_line_and_are_all_found),
		TEST(servers_find_places_in_a_full_channel),
		TEST(servers_destroy_forgets_walks_under_way),
		TEST(servers_survive_want_of_memory),
		TEST(servers_cannot_be_made_without_memory),
	};
#undef TEST
	return cmocka_run_group_tests(tests, NULL, NULL);
}
