/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "monitor/decide/inside.h"
#include "resolvers/name.h"

static struct operators *operators;
static struct hosts hosts;

static int make_hosts(void **state)
{
	struct operators_error error;
	(void)state;
	if (operators_create(NULL, NULL, &operators, &error) < 0)
		return -1;
	hosts_init(&hosts, operators);
	return 0;
}

static int drop_hosts(void **state)
{
	(void)state;
	hosts_finish(&hosts);
	operators_destroy(operators);
	return 0;
}

/* Two hosts; second NULL: one. */
static const struct exchanges *set_of(
	uint16_t preference, const char *first, uint16_t other, const char *second)
{
	struct mxset set = {0};
	uint8_t name[NAME_WIRE_MAX];
	assert_int_equal(name_parse(first, name), 0);
	assert_int_equal(mxset_add(&set, preference, name), 0);
	if (second != NULL) {
		assert_int_equal(name_parse(second, name), 0);
		assert_int_equal(mxset_add(&set, other, name), 0);
	}
	const struct exchanges *found = hosts_get_set(&hosts, &set);
	mxset_finish(&set);
	assert_non_null(found);
	return found;
}

static void backup_is_never_tried_first(void **state)
{
	struct subject subject = {
		.sets = {set_of(10, "mail.a.test", 90, "spool.b.test")}};
	(void)state;
	assert_true(backup_is(&subject, hosts_get(&hosts, "spool.b.test")));
	assert_true(backup_is(&subject, hosts_get(&hosts, "other.b.test")));
	assert_false(backup_is(&subject, hosts_get(&hosts, "mail.a.test")));
	assert_false(backup_is(&subject, hosts_get(&hosts, "mail.c.test"))); /* no part */
	/* Once it was tried first it is more than that. */
	subject.sets[1] = set_of(10, "mail.a.test", 10, "spool.b.test");
	assert_false(backup_is(&subject, hosts_get(&hosts, "spool.b.test")));
}

static void backup_alone_is_a_set_without_the_primary(void **state)
{
	const struct subject subject = {
		.sets = {set_of(10, "mail.a.test", 90, "spool.b.test")}};
	(void)state;
	assert_true(backup_alone(&subject, set_of(90, "spool.b.test", 0, NULL)));
	assert_true(backup_alone(&subject, set_of(1, "mx.b.test", 5, "spool.b.test")));
	assert_false(backup_alone(&subject, subject.sets[0]));
	assert_false(backup_alone(&subject, set_of(10, "new.a.test", 20, "mx.b.test")));
	assert_false(backup_alone(&subject, set_of(10, "mx.b.test", 20, "mx.c.test")));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(backup_is_never_tried_first),
		cmocka_unit_test(backup_alone_is_a_set_without_the_primary),
	};
	return cmocka_run_group_tests_name(
		"decide/backup", tests, make_hosts, drop_hosts);
}
