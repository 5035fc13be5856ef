/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/decide/inside.h"
#include "monitor/decide/memory.h"
#include "monitor/operators.h"
#include "tests/monitor/decide/history.h"
#include "tests/monitor/decide/shelf.h"
#include "tests/monitor/decide/transcript.h"

static struct operators *operators;

static int setup(void **state)
{
	if (transcript_setup(state) < 0)
		return -1;
	operators = *state;
	return 0;
}

/* --- single rows --- */

#define START INT64_C(1700000000000)

static const uint8_t *wire(const char *text)
{
	static uint8_t name[NAME_WIRE_MAX];
	assert_int_equal(name_parse(text, name), 0);
	return name;
}

static void answer(struct decide *decide, const char *domain, const char *view,
	const char *host, int64_t at)
{
	struct mxset set = {0};
	uint8_t name[NAME_WIRE_MAX];
	assert_int_equal(name_parse(host, name), 0);
	assert_int_equal(mxset_add(&set, 10, name), 0);
	const struct decide_answer given = {
		.domain = wire(domain),
		.view = decide_view(decide, view, false, 300000),
		.at = at,
		.state = ANSWER_MX,
		.set = &set,
	};
	assert_int_equal(decide_answer(decide, &given), 0);
	mxset_finish(&set);
}

/* A domain that all views have looked at, and nothing more. */
static void answer_all(struct decide *decide, const char *domain, const char *host)
{
	answer(decide, domain, "own-servers", host, START);
	answer(decide, domain, "office", host, START + 1000);
	answer(decide, domain, "public", host, START + 2000);
	answer(decide, domain, "abroad", host, START + 3000);
}

static void deliver(struct decide *decide, const char *domain, const char *host,
	const char *ip, bool bounced, int64_t at)
{
	uint8_t hash[INCIDENT_HASH] = {0};
	memcpy(hash, &at, sizeof at);
	const struct decide_delivery delivery = {
		.domain = wire(domain),
		.at = at,
		.outcome = bounced ? DELIVERY_BOUNCED : DELIVERY_DELIVERED,
		.reason = bounced ? REASON_USER_UNKNOWN : REASON_NONE,
		.remote = true,
		.accepted_before = true,
		.hash = hash,
		.relay_host = host,
		.relay_ip = ip,
	};
	assert_int_equal(decide_delivery(decide, &delivery), 0);
}

/* --- what the chance pasts do not depend on --- */

static void set_rest(struct decide *decide, struct subject *subject)
{
	subject->met_at = START - 77;
	subject->own.pinned = true;
	subject->own.candidates_len = 1;
	subject->own.candidates[0] = (struct own_candidate){
		.run_by = operators_find(operators, "Google"),
		.first_at = START - 5,
		.last_at = START - 4,
		.accepted = 9,
	};
	subject->any_expected = true;
	subject->expected_until = START + 9;
	subject->expected_len = 2;
	subject->expected[0] = operators_find(operators, "Apple iCloud");
	subject->expected[1] = operators_find(operators, "example.net");
	subject->spike.attempts[SPIKE_KNOWN] = 8;
	subject->spike.recent = 7;
	subject->spike.recent_strangers = 6;
	subject->spike.attempts[SPIKE_CROWD] = 5;
	decide->relays[0].entry = operators_find(operators, "example.org");
	decide->relays[0].attempts = 1234.5;
	decide->attempts = 1300.25;
	decide->now = START + 123;
	decide->serials = 70;
	decide->ordinals = 80;
	struct affair *affair = affair_begin(
		decide, subject, SLOT_SPIKE, INCIDENT_RECEIVER_FAULT, START + 1, 0);
	assert_non_null(affair);
	affair->departed_bounces = 3;
	affair->known_bounces = 4;
	affair->dirty = true;
	const struct toll toll = {.hash = {5}, .first_at = 1, .last_at = 2, .bounces = 3};
	affair_toll(decide, affair, &toll);
}

static void assert_rest(const struct decide *decide, const struct subject *subject)
{
	const struct own_candidate *candidate = &subject->own.candidates[0];
	const struct affair *affair = affair_of(subject, SLOT_SPIKE);
	assert_int_equal(subject->met_at, START - 77);
	assert_true(subject->own.pinned);
	assert_int_equal(subject->own.candidates_len, 1);
	assert_string_equal(candidate->run_by->name, "Google");
	assert_int_equal(candidate->first_at, START - 5);
	assert_int_equal(candidate->last_at, START - 4);
	assert_int_equal(candidate->accepted, 9);
	assert_true(subject->any_expected);
	assert_int_equal(subject->expected_until, START + 9);
	assert_int_equal(subject->expected_len, 2);
	assert_string_equal(subject->expected[0]->name, "Apple iCloud");
	assert_string_equal(subject->expected[1]->name, "example.net");
	assert_int_equal(subject->spike.attempts[SPIKE_KNOWN], 8);
	assert_float_equal(subject->spike.recent, 7, 0);
	assert_float_equal(subject->spike.recent_strangers, 6, 0);
	assert_int_equal(subject->spike.attempts[SPIKE_CROWD], 5);
	assert_string_equal(decide->relays[0].entry->name, "example.org");
	assert_true(decide->relays[0].attempts - 1234.5 == 0);
	assert_true(decide->attempts - 1300.25 == 0);
	assert_int_equal(decide->now, START + 123);
	assert_int_equal(decide->serials, 71);
	assert_int_equal(decide->ordinals, 80);
	assert_non_null(affair);
	assert_int_equal(affair->departed_bounces, 3);
	assert_int_equal(affair->known_bounces, 4);
	assert_true(affair->dirty);
	assert_true(affair->tolls.list[0].changed);
	assert_null(affair->tolls.list[0].host);
}

static void memory_loses_nothing(void **state)
{
	struct decide *decide = transcript_engine(operators, 0);
	struct shelf shelf = {.len = 0};
	(void)state;
	answer_all(decide, "a.example", "mx.a.example");
	deliver(decide, "a.example", "mx.a.example", "", false, START + 100);
	set_rest(decide, decide->subjects[0]);
	assert_int_equal(decide_remember(decide, shelf_put, &shelf), 0);
	decide_destroy(decide);
	decide = transcript_engine(operators, 0);
	shelf_recall(&shelf, 0, decide);
	assert_rest(decide, decide->subjects[0]);
	assert_int_equal(decide->mailed, 1);
	decide_destroy(decide);
	/* Without that of all, its counters still are beyond what was given out. */
	decide = transcript_engine(operators, 0);
	assert_int_equal(shelf_recall_row(shelf_find(&shelf, "a.example"), decide), 0);
	assert_int_equal(decide->serials, 71);
	assert_int_equal(decide->ordinals, 1);
	decide_destroy(decide);
	shelf_finish(&shelf);
}

/* Whoever adds a field has memory_*.c keep it, or knows why it need not be, and says the new size
 * here. */
static void memory_knows_every_field(void **state)
{
	static const struct {
		const char *name;
		size_t size;
		size_t known;
	} structs[] = {
		{"subject", sizeof(struct subject), 1144},
		{"own", sizeof(struct own), 488},
		{"look", sizeof(struct look), 40},
		{"spike", sizeof(struct spike), 304},
		{"toll", sizeof(struct toll), 48},
		{"affair", sizeof(struct affair), 392},
		{"decide", sizeof(struct decide), 43720},
		{"feeder", sizeof(struct feeder), 264},
	};
	(void)state;
	if (sizeof(void *) != 8)
		skip();
	for (size_t i = 0; i < sizeof structs / sizeof structs[0]; i++)
		if (structs[i].size != structs[i].known)
			fail_msg("struct %s has %zu bytes: is a new field remembered?",
				structs[i].name, structs[i].size);
}

/* The row of all, and that of each domain that something was told of. */
static void memory_hands_out_what_changed(void **state)
{
	struct decide *decide = transcript_engine(operators, 0);
	struct shelf shelf = {.len = 0};
	(void)state;
	assert_int_equal(decide_remember(decide, shelf_put, &shelf), 0);
	assert_int_equal(shelf.puts, 0);
	answer_all(decide, "a.example", "mx.a.example");
	answer_all(decide, "b.example", "mx.b.example");
	assert_int_equal(decide_remember(decide, shelf_put, &shelf), 0);
	assert_int_equal(shelf.puts, 3);
	assert_int_equal(decide_remember(decide, shelf_put, &shelf), 0);
	assert_int_equal(shelf.puts, 3);
	deliver(decide, "b.example", "mx.b.example", "", false, START + 5000);
	assert_int_equal(decide_remember(decide, shelf_put, &shelf), 0);
	assert_int_equal(shelf.puts, 5);
	assert_non_null(shelf_find(&shelf, "a.example"));
	assert_non_null(shelf_find(&shelf, NULL));
	decide_destroy(decide);
	shelf_finish(&shelf);
}

static void memory_hands_out_again_what_was_not_taken(void **state)
{
	struct decide *decide = transcript_engine(operators, 0);
	struct shelf shelf = {.most = 2};
	(void)state;
	answer_all(decide, "a.example", "mx.a.example");
	answer_all(decide, "b.example", "mx.b.example");
	answer_all(decide, "c.example", "mx.c.example");
	assert_int_equal(decide_remember(decide, shelf_put, &shelf), -EBUSY);
	assert_int_equal(shelf.len, 2);
	shelf.most = 0;
	assert_int_equal(decide_remember(decide, shelf_put, &shelf), 0);
	assert_int_equal(shelf.len, 4);
	assert_int_equal(shelf.puts, 2 + 3); /* that of all leads each time */
	assert_int_equal(decide_remember(decide, shelf_put, &shelf), 0);
	assert_int_equal(shelf.puts, 5);
	decide_destroy(decide);
	shelf_finish(&shelf);
}

static void memory_keeps_networks_with_their_host(void **state)
{
	struct decide *decide = transcript_engine(operators, 0);
	struct shelf shelf = {.len = 0};
	struct endpoint address;
	(void)state;
	answer_all(decide, "a.example", "mx.a.example");
	assert_int_equal(decide_remember(decide, shelf_put, &shelf), 0);
	assert_int_equal(endpoint_parse("192.0.2.1", 25, &address), 0);
	assert_int_equal(decide_address(decide, "mx.a.example", &address), 0);
	assert_int_equal(decide_remember(decide, shelf_put, &shelf), 0);
	assert_non_null(shelf_find(&shelf, "mx.a.example"));
	const size_t puts = shelf.puts;
	assert_int_equal(decide_address(decide, "mx.a.example", &address), 0);
	assert_int_equal(decide_remember(decide, shelf_put, &shelf), 0);
	assert_int_equal(shelf.puts, puts); /* no news */
	decide_destroy(decide);

	decide = transcript_engine(operators, 0);
	shelf_recall(&shelf, 0, decide);
	assert_int_equal(decide_totals(decide).domains, 1);
	struct host *host = hosts_find(&decide->hosts, "mx.a.example");
	assert_non_null(host);
	assert_int_equal(host->networks_len, 1);
	assert_int_equal(host->networks[0], operators_network(operators, &address));
	decide_destroy(decide);
	shelf_finish(&shelf);
}

/* One view says something else for an hour: "office" is misled. */
static void mislead(struct decide *decide, struct transcript *says)
{
	answer_all(decide, "a.example", "mx.a.example");
	answer(decide, "a.example", "office", "mx.evil.test", START + 100000);
	assert_int_equal(decide_advance(decide, START + 3600000), 0);
	transcript_take(says, decide);
	assert_non_null(strstr(says->text, "resolver-poisoning"));
	assert_non_null(strstr(says->text, " office "));
}

static void memory_knows_views_by_name(void **state)
{
	struct decide *decide = transcript_engine(operators, 0);
	struct shelf shelf = {.len = 0};
	struct transcript says = {.latest = 0};
	(void)state;
	mislead(decide, &says);
	assert_int_equal(decide_remember(decide, shelf_put, &shelf), 0);
	decide_destroy(decide);
	decide = transcript_engine(operators, 3);
	shelf_recall(&shelf, 0, decide);
	answer(decide, "a.example", "office", "mx.a.example", START + 3700000);
	transcript_take(&says, decide);
	assert_non_null(strstr(says.text, "reverted"));
	assert_non_null(strstr(says.text, " office "));
	decide_destroy(decide);
	shelf_finish(&shelf);
	transcript_finish(&says);
}

static void memory_ends_what_it_can_no_longer_follow(void **state)
{
	const struct decide_options options = {.operators = operators};
	struct decide *decide = transcript_engine(operators, 0);
	struct shelf shelf = {.len = 0};
	struct transcript says = {.latest = 0};
	(void)state;
	mislead(decide, &says);
	assert_int_equal(decide_remember(decide, shelf_put, &shelf), 0);
	decide_destroy(decide);
	assert_int_equal(decide_create(&options, &decide), 0);
	assert_int_equal(decide_view(decide, "own-servers", true, 300000), 0);
	shelf_recall(&shelf, 0, decide);
	assert_int_equal(decide_totals(decide).open, 0);
	transcript_take(&says, decide);
	assert_non_null(strstr(says.text, "resolver-poisoning"));
	assert_non_null(strstr(says.text, "closed"));
	/* The one view there is goes on where it was. */
	assert_int_equal(decide->views[0].seen, 1);
	decide_destroy(decide);
	shelf_finish(&shelf);
	transcript_finish(&says);
}

static void memory_is_not_recalled_over_what_is_known(void **state)
{
	struct decide *decide = transcript_engine(operators, 0);
	struct shelf shelf = {.len = 0};
	(void)state;
	answer_all(decide, "a.example", "mx.a.example");
	deliver(decide, "a.example", "mx.a.example", "", false, START + 4000);
	assert_int_equal(decide_remember(decide, shelf_put, &shelf), 0);
	assert_int_equal(
		shelf_recall_row(shelf_find(&shelf, "a.example"), decide), -EEXIST);
	assert_int_equal(shelf_recall_row(shelf_find(&shelf, NULL), decide), -EEXIST);
	assert_int_equal(decide_totals(decide).domains, 1);
	decide_destroy(decide);
	shelf_finish(&shelf);
}

/* A row that is damaged takes no other with it, and leaves nothing behind. */
static void memory_refuses_damage(void **state)
{
	struct decide *decide = transcript_engine(operators, 0);
	struct shelf shelf = {.len = 0};
	struct transcript says = {.latest = 0};
	(void)state;
	mislead(decide, &says);
	deliver(decide, "a.example", "mx.a.example", "192.0.2.7", true, START + 3600001);
	assert_int_equal(decide_remember(decide, shelf_put, &shelf), 0);
	decide_destroy(decide);
	decide = transcript_engine(operators, 0);
	struct shelf_row *row = shelf_find(&shelf, "a.example");
	struct shelf_row *all = shelf_find(&shelf, NULL);
	for (size_t i = 0; i < row->len; i++) {
		row->bytes[i] ^= 0x10;
		assert_int_equal(shelf_recall_row(row, decide), -EUCLEAN);
		row->bytes[i] ^= 0x10;
	}
	for (row->len--; row->len > 0; row->len--)
		assert_int_equal(shelf_recall_row(row, decide), -EUCLEAN);
	assert_int_equal(decide_recall(decide, NULL, row->bytes, 0), -EUCLEAN);
	assert_int_equal(
		decide_recall(decide, row->name, all->bytes, all->len), -EUCLEAN);
	assert_int_equal(decide_totals(decide).domains, 0);
	assert_int_equal(shelf_recall_row(all, decide), 0);
	transcript_take(&says, decide);
	assert_string_equal(says.text, "");
	decide_destroy(decide);
	shelf_finish(&shelf);
	transcript_finish(&says);
}

/* A million domains are a few hundred megabytes. */
static void memory_of_a_quiet_domain_is_small(void **state)
{
	struct decide *decide = transcript_engine(operators, 0);
	struct shelf shelf = {.len = 0};
	(void)state;
	answer_all(decide, "quiet.example", "mx1.mail.quiet.example");
	assert_int_equal(decide_remember(decide, shelf_put, &shelf), 0);
	const size_t unmailed = shelf_find(&shelf, "quiet.example")->len;
	for (unsigned i = 0; i < 2000; i++)
		deliver(decide, "quiet.example", "mx1.mail.quiet.example", "192.0.2.9",
			i % 100 == 0, START + i * 600000);
	assert_int_equal(decide_remember(decide, shelf_put, &shelf), 0);
	const size_t mailed = shelf_find(&shelf, "quiet.example")->len;
	print_message("# a row: %zu bytes without mail, %zu with\n", unmailed, mailed);
	assert_true(unmailed < 200);
	assert_true(mailed < 1000);
	decide_destroy(decide);
	shelf_finish(&shelf);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_loses_nothing),
		cmocka_unit_test(memory_knows_every_field),
		cmocka_unit_test(memory_hands_out_what_changed),
		cmocka_unit_test(memory_hands_out_again_what_was_not_taken),
		cmocka_unit_test(memory_keeps_networks_with_their_host),
		cmocka_unit_test(memory_knows_views_by_name),
		cmocka_unit_test(memory_ends_what_it_can_no_longer_follow),
		cmocka_unit_test(memory_is_not_recalled_over_what_is_known),
		cmocka_unit_test(memory_refuses_damage),
		cmocka_unit_test(memory_of_a_quiet_domain_is_small),
	};
	return cmocka_run_group_tests_name("memory", tests, setup, transcript_teardown);
}
