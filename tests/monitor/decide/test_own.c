/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "monitor/decide/own.h"
#include "resolvers/mxset.h"
#include "resolvers/name.h"

static struct operators *operators;
static struct hosts hosts;

static int make_hosts(void **state)
{
	struct operators_error error;
	(void)state;
	const int err = operators_create(NULL, NULL, &operators, &error);
	hosts_init(&hosts, operators);
	return err;
}

static int drop_hosts(void **state)
{
	(void)state;
	hosts_finish(&hosts);
	operators_destroy(operators);
	return 0;
}

static struct host *host_at(const char *name, uint64_t network)
{
	struct host *host = hosts_get(&hosts, name);
	assert_non_null(host);
	if (network != 0)
		host_add_network(host, network);
	return host;
}

static void own_is_empty_until_something_is_learnt(void **state)
{
	struct own own = {0};
	struct host *host = host_at("mx.first.test", 11);
	(void)state;
	assert_true(own_is_empty(&own));
	assert_false(own_has(&own, host));
	own_learn(&own, host);
	assert_false(own_is_empty(&own));
	assert_true(own_has(&own, host));
}

static void own_host_is_known_by_operator_or_network(void **state)
{
	struct own own = {0};
	(void)state;
	own_learn(&own, host_at("mx.known.test", 21));
	/* Another host of the operator, in another network. */
	assert_true(own_has(&own, host_at("mx9.known.test", 22)));
	/* Another name in the same network. */
	assert_true(own_has(&own, host_at("in.renamed.test", 21)));
	/* Neither. */
	const struct host *stranger = host_at("mx.stranger.test", 23);
	assert_false(own_has(&own, stranger));
	/* It answered from there, whatever its addresses are said to be. */
	assert_true(own_has_at(&own, stranger, 21));
	assert_false(own_has_at(&own, stranger, 0));
	assert_false(own_has_at(&own, stranger, 99));
}

static void own_network_makes_no_provider_another(void **state)
{
	struct own own = {0};
	(void)state;
	own_learn(&own, host_at("aspmx.l.google.com", 31));
	/* Both are known, and are known to be two: that they rent in one place says
   * nothing. */
	assert_false(own_has(&own, host_at("mx01.mail.icloud.com", 31)));
	/* Of a name that nobody knows, the network tells. */
	assert_true(own_has(&own, host_at("mx.vanity-name.test", 31)));
}

static void own_learns_where_hosts_answer_from(void **state)
{
	struct own own = {0};
	struct host *host = host_at("mx.moves.test", 0);
	(void)state;
	own_learn(&own, host);
	assert_false(own_has(&own, host_at("mx.neighbour.test", 41)));
	own_learn_network(&own, host, 41);
	assert_true(own_has(&own, host_at("mx.neighbour.test", 41)));
	own_learn_network(&own, host, 41);
	assert_int_equal(own.networks_len, 1);
}

static bool accept_some(
	struct own *own, const struct host *host, unsigned mails, int64_t step)
{
	bool learnt = false;
	for (unsigned i = 0; i < mails; i++)
		learnt |= own_accepted(own, host, 1000 + i * step);
	return learnt;
}

static void own_is_who_goes_on_accepting(void **state)
{
	const struct host *host = host_at("mx.accepting.test", 51);
	struct own hasty = {0}, few = {0}, steady = {0};
	(void)state;
	/* Many mails within less than a day. */
	assert_false(accept_some(&hasty, host, 100, OWN_ACCEPTED_MS / 100));
	assert_false(own_has(&hasty, host));
	/* Long, but too few. */
	assert_false(accept_some(&few, host, OWN_ACCEPTED - 1, OWN_ACCEPTED_MS));
	assert_false(own_has(&few, host));
	assert_true(accept_some(&steady, host, OWN_ACCEPTED, OWN_ACCEPTED_MS / 9 + 1));
	assert_true(own_has(&steady, host));
	assert_int_equal(steady.candidates_len, 0);
	/* It is news only once. */
	assert_false(own_accepted(&steady, host, 10 * OWN_ACCEPTED_MS));
}

static void own_expected_by_people_is_not_learnt_over(void **state)
{
	const struct host *host = host_at("mx.accepting.test", 51);
	struct own own = {.pinned = true};
	(void)state;
	own_learn_operator(&own, operators_find(operators, "ionos"));
	assert_false(accept_some(&own, host, 1000, OWN_ACCEPTED_MS));
	assert_false(own_has(&own, host));
	assert_true(own_has(&own, host_at("mx00.ionos.de", 0)));
}

static void own_candidate_that_is_silent_longest_makes_place(void **state)
{
	struct own own = {0};
	char name[32];
	(void)state;
	const struct host *steady = host_at("mx.steady.test", 61);
	for (int i = 0; i < 40; i++) {
		const int64_t at = 1000 + i * (OWN_ACCEPTED_MS / 10);
		const bool learnt = own_accepted(&own, steady, at);
		assert_true(learnt == (i == 10));
		snprintf(name, sizeof name, "mx.passing%d.test", i);
		assert_false(own_accepted(&own, host_at(name, 0), at + 1));
		assert_in_range(own.candidates_len, 1, OWN_CANDIDATES);
	}
}

static void own_oldest_operator_makes_place(void **state)
{
	struct own own = {0};
	char name[32];
	(void)state;
	for (unsigned i = 0; i < OWN_OPERATORS + 3; i++) {
		snprintf(name, sizeof name, "mx.many%u.test", i);
		own_learn(&own, host_at(name, 1000 + i));
		own_learn(&own, host_at(name, 0));
	}
	assert_int_equal(own.operators_len, OWN_OPERATORS);
	for (unsigned i = 3; i < OWN_OPERATORS + 3; i++) {
		snprintf(name, sizeof name, "mx.many%u.test", i);
		assert_true(own_has(&own, host_at(name, 0)));
	}
	for (unsigned i = 0; i < OWN_NETWORKS + 5; i++)
		own_learn_network(&own, host_at("mx.many5.test", 0), 5000 + i);
	assert_int_equal(own.networks_len, OWN_NETWORKS);
	assert_false(own_has(&own, host_at("mx.many0.test", 0)));
}

static void own_learns_a_set_without_its_null(void **state)
{
	struct own own = {0};
	struct mxset set = {0};
	uint8_t root[NAME_WIRE_MAX], name[NAME_WIRE_MAX];
	(void)state;
	assert_int_equal(name_parse(".", root), 0);
	assert_int_equal(mxset_add(&set, 0, root), 0);
	own_learn_set(&own, hosts_get_set(&hosts, &set));
	own_learn_set(&own, NULL);
	assert_true(own_is_empty(&own));
	mxset_finish(&set);
	assert_int_equal(name_parse("mx.in-a-set.test.", name), 0);
	assert_int_equal(mxset_add(&set, 10, name), 0);
	own_learn_set(&own, hosts_get_set(&hosts, &set));
	assert_true(own_has(&own, host_at("mx.in-a-set.test", 0)));
	mxset_finish(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(own_is_empty_until_something_is_learnt),
		cmocka_unit_test(own_host_is_known_by_operator_or_network),
		cmocka_unit_test(own_network_makes_no_provider_another),
		cmocka_unit_test(own_learns_where_hosts_answer_from),
		cmocka_unit_test(own_is_who_goes_on_accepting),
		cmocka_unit_test(own_expected_by_people_is_not_learnt_over),
		cmocka_unit_test(own_candidate_that_is_silent_longest_makes_place),
		cmocka_unit_test(own_oldest_operator_makes_place),
		cmocka_unit_test(own_learns_a_set_without_its_null),
	};
	return cmocka_run_group_tests(tests, make_hosts, drop_hosts);
}
