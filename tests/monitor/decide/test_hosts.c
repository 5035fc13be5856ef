/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "monitor/decide/hosts.h"
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

static void add(struct mxset *set, uint16_t preference, const char *exchange)
{
	uint8_t name[NAME_WIRE_MAX];
	assert_int_equal(name_parse(exchange, name), 0);
	assert_int_equal(mxset_add(set, preference, name), 0);
}

static const struct exchanges *pair(
	uint16_t preference, const char *one, const char *other)
{
	struct mxset set = {0};
	add(&set, preference, one);
	add(&set, 20, other);
	const struct exchanges *found = hosts_get_set(&hosts, &set);
	mxset_finish(&set);
	assert_non_null(found);
	return found;
}

static void hosts_are_each_kept_once(void **state)
{
	struct host *one = hosts_get(&hosts, "mx1.one.test");
	char name[32];
	(void)state;
	assert_non_null(one);
	assert_string_equal(one->name, "mx1.one.test");
	assert_null(hosts_find(&hosts, "mx2.one.test"));
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof name, "mx%d.one.test", i);
		assert_ptr_equal(hosts_get(&hosts, name)->run_by, one->run_by);
	}
	assert_ptr_equal(hosts_get(&hosts, "mx1.one.test"), one);
	assert_ptr_equal(hosts_find(&hosts, "mx1.one.test"), one);
	assert_ptr_not_equal(hosts_get(&hosts, "mx1.two.test")->run_by, one->run_by);
}

static void hosts_sets_are_each_kept_once(void **state)
{
	const struct exchanges *set = pair(10, "a.set.test", "b.set.test");
	(void)state;
	assert_ptr_equal(pair(10, "a.set.test", "b.set.test"), set);
	assert_ptr_not_equal(pair(5, "a.set.test", "b.set.test"), set);
	assert_ptr_not_equal(pair(10, "a.set.test", "c.set.test"), set);
	assert_int_equal(set->len, 2);
	assert_ptr_equal(set->hosts[0].host, hosts_find(&hosts, "a.set.test"));
	assert_int_equal(set->hosts[0].preference, 10);
	assert_int_equal(set->hosts[1].preference, 20);
	/* In whatever order they were added. */
	assert_ptr_equal(pair(20, "a.set.test", "b.set.test"),
		pair(20, "b.set.test", "a.set.test"));
}

static void hosts_null_mx_names_nobody(void **state)
{
	struct mxset set = {0};
	(void)state;
	add(&set, 0, ".");
	const struct exchanges *null = hosts_get_set(&hosts, &set);
	mxset_finish(&set);
	assert_int_equal(null->len, 1);
	assert_null(null->hosts[0].host);
	const struct exchanges *none = hosts_get_set(&hosts, &set);
	assert_int_equal(none->len, 0);
	assert_ptr_not_equal(none, null);
}

static void hosts_remember_the_latest_networks(void **state)
{
	struct host *host = hosts_get(&hosts, "mx.networks.test");
	(void)state;
	for (uint64_t i = 1; i <= HOST_NETWORKS + 2; i++)
		assert_true(host_add_network(host, i));
	assert_int_equal(host->networks_len, HOST_NETWORKS);
	assert_int_equal(host->networks[0], HOST_NETWORKS + 2);
	assert_int_equal(host->networks[HOST_NETWORKS - 1], 3);
	assert_false(host_add_network(host, HOST_NETWORKS + 2));
	host_add_old_network(host, 1);
	assert_int_equal(host->networks[HOST_NETWORKS - 1], 3);
	struct host *fresh = hosts_get(&hosts, "mx.fresh.test");
	host_add_network(fresh, 9);
	host_add_old_network(fresh, 8);
	host_add_old_network(fresh, 9);
	assert_int_equal(fresh->networks_len, 2);
	assert_int_equal(fresh->networks[0], 9);
}

static void hosts_of_a_set_are_told_from_others(void **state)
{
	const struct exchanges *set = pair(10, "in.member.test", "on.member.test");
	(void)state;
	assert_true(exchanges_have(set, hosts_get(&hosts, "on.member.test")));
	assert_false(exchanges_have(set, hosts_get(&hosts, "out.member.test")));
	assert_false(exchanges_have(NULL, hosts_get(&hosts, "on.member.test")));
}

static struct host *answered(const char *name, const char *address, uint64_t *ret_network)
{
	struct host *host;
	assert_int_equal(
		hosts_get_answered(&hosts, name, address, &host, ret_network), 0);
	return host;
}

/* More addresses than are remembered, each with several names. */
static void hosts_that_answer_are_told_apart(void **state)
{
	(void)state;
	srandom(3);
	for (int i = 0; i < 20000; i++) {
		char name[32], address[48];
		uint64_t network;
		snprintf(name, sizeof name, "mx%ld.busy.test", random() % 3);
		snprintf(address, sizeof address, "198.51.%ld.%ld", random() % 4,
			random() % 250);
		const struct host *host = answered(name, address, &network);
		assert_ptr_equal(host, hosts_get(&hosts, name));
		assert_int_equal(network, hosts_network(&hosts, address));
	}
}

static void hosts_that_answer_may_be_nobody(void **state)
{
	uint64_t network;
	(void)state;
	for (int i = 0; i < 2; i++) {
		assert_null(answered("", "192.0.2.1", &network));
		assert_int_equal(network, 0);
		assert_non_null(answered("mx1.one.test", "", &network));
		assert_int_equal(network, 0);
		assert_non_null(answered("mx1.one.test", "no address", &network));
		assert_int_equal(network, 0);
		assert_string_equal(answered("a b.test", "192.0.2.1", &network)->name,
			"a\\032b.test");
		assert_true(network != 0);
		assert_null(answered("..\n", "192.0.2.1", &network));
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hosts_are_each_kept_once),
		cmocka_unit_test(hosts_sets_are_each_kept_once),
		cmocka_unit_test(hosts_null_mx_names_nobody),
		cmocka_unit_test(hosts_remember_the_latest_networks),
		cmocka_unit_test(hosts_of_a_set_are_told_from_others),
		cmocka_unit_test(hosts_that_answer_are_told_apart),
		cmocka_unit_test(hosts_that_answer_may_be_nobody),
	};
	return cmocka_run_group_tests(tests, make_hosts, drop_hosts);
}
