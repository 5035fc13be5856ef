/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/operators.h"
#include "monitor/protect/acceptors.h"
#include "monitor/protect/gather.h"
#include "tests/monitor/office.h"

#define HOME "10 mx00.kundenserver.de 10 mx01.kundenserver.de"
#define AWAY "10 mx01.mail.icloud.com 10 mx02.mail.icloud.com"
#define UNKNOWN "550 5.1.1 user does not exist"
#define MOVED (T0 + 5 * DAY)
#define LONGEST (12 * HOUR)
#define TTL_MS 300000 /* of all answers of the office */

struct study {
	struct gather gather;
	struct acceptors *acceptors;
};

static struct study open_study(struct office *office, enum incident_severity least)
{
	struct study study;
	assert_int_equal(acceptors_create(office->operators, &study.acceptors), 0);
	study.gather = (struct gather){
		.store = office->desk->fixture->store,
		.operators = office->operators,
		.acceptors = study.acceptors,
		.mta = gather_mta_view(&office->conf),
		.options = {least, LONGEST},
	};
	return study;
}

/* "lab-i1 mx01.mail.icloud.com mx02.mail.icloud.com* until +3600": with seconds since the move, a
 * star for a host that is alone; "" where mail does not wait. */
static const char *held(struct office *office, enum incident_severity least,
	const char *domain, int64_t now)
{
	static char text[1024];
	struct study study = open_study(office, least);
	struct hold hold;
	bool holds;
	*text = '\0';
	assert_int_equal(
		gather_domain(&study.gather, wire(domain), now, &hold, &holds), 0);
	acceptors_destroy(study.acceptors);
	if (!holds)
		return text;
	char *end = text + sprintf(text, "%s", hold.id);
	for (size_t i = 0; i < hold.hosts_len; i++)
		end += sprintf(
			end, " %s%s", hold.hosts[i].name, hold.hosts[i].alone ? "*" : "");
	sprintf(end, " until +%d", (int)((hold_until(&hold) - MOVED) / SECOND));
	hold_finish(&hold);
	return text;
}

static void move(struct office *office)
{
	office_say(office, "online.de", HOME, T0);
	office_everyday(office, "online.de", "mx00.kundenserver.de", T0 + HOUR, MOVED);
	office_say(office, "online.de", AWAY, MOVED);
}

static void bounce(struct office *office, int who, int64_t at)
{
	char recipient[64];
	snprintf(recipient, sizeof recipient, "person%d@online.de", who);
	office_mail(office, at, recipient, "mx01.mail.icloud.com", UNKNOWN);
}

static void gather_holds_from_the_suspicion_on_if_so_asked(void **state)
{
	struct office *office = *state;
	office_say(office, "online.de", HOME, T0);
	assert_string_equal(held(office, SEVERITY_INFO, "online.de", T0 + HOUR), "");
	move(office);
	assert_string_equal(held(office, SEVERITY_WARNING, "online.de", MOVED + MINUTE),
		"lab-i1 mx01.mail.icloud.com* mx02.mail.icloud.com* until +43200");
	assert_string_equal(
		held(office, SEVERITY_CRITICAL, "online.de", MOVED + MINUTE), "");
	for (int who = 1; who <= 3; who++)
		bounce(office, who, MOVED + who * MINUTE);
	assert_non_null(
		strstr(held(office, SEVERITY_CRITICAL, "online.de", MOVED + 4 * MINUTE),
			"lab-i1 mx01.mail.icloud.com* mx02.mail.icloud.com* until +"));
	assert_string_equal(
		held(office, SEVERITY_WARNING, "other.de", MOVED + MINUTE), "");
}

static void gather_lifts_a_ttl_after_the_return_of_the_mta_view(void **state)
{
	struct office *office = *state;
	move(office);
	office_view_says(office, "own", "online.de", HOME, MOVED + HOUR);
	assert_string_equal(held(office, SEVERITY_WARNING, "online.de", MOVED + 2 * HOUR),
		"lab-i1 mx01.mail.icloud.com* mx02.mail.icloud.com* until +43200");
	office_view_says(office, "mta", "online.de", HOME, MOVED + 2 * HOUR);
	assert_string_equal(
		held(office, SEVERITY_WARNING, "online.de", MOVED + 2 * HOUR + MINUTE),
		"lab-i1 mx01.mail.icloud.com* mx02.mail.icloud.com* until +7500");
	assert_string_equal(
		held(office, SEVERITY_WARNING, "online.de", MOVED + 2 * HOUR + TTL_MS),
		"");
}

static void gather_ends_with_longest(void **state)
{
	struct office *office = *state;
	move(office);
	assert_string_not_equal(
		held(office, SEVERITY_WARNING, "online.de", MOVED + LONGEST - 1), "");
	assert_string_equal(
		held(office, SEVERITY_WARNING, "online.de", MOVED + LONGEST), "");
}

static void gather_ends_where_somebody_closes_the_incident(void **state)
{
	struct office *office = *state;
	move(office);
	casebook_closed(office->casebook, 1, MOVED + HOUR);
	assert_string_equal(
		held(office, SEVERITY_WARNING, "online.de", MOVED + HOUR), "");
}

static void gather_names_hosts_that_only_mail_met(void **state)
{
	struct office *office = *state;
	office_say(office, "online.de", HOME, T0);
	office_everyday(office, "online.de", "mx00.kundenserver.de", T0 + HOUR, MOVED);
	for (int who = 1; who <= 12; who++)
		bounce(office, who, MOVED + who * MINUTE);
	assert_non_null(
		strstr(held(office, SEVERITY_WARNING, "online.de", MOVED + 15 * MINUTE),
			"lab-i1 mx01.mail.icloud.com* until +"));
}

static void gather_knows_who_takes_other_mail_too(void **state)
{
	struct office *office = *state;
	office_say(office, "family.example", AWAY, T0);
	office_mail(office, T0 + DAY, "mum@family.example", "mx03.mail.icloud.com", NULL);
	move(office);
	assert_string_equal(held(office, SEVERITY_WARNING, "online.de", MOVED + MINUTE),
		"lab-i1 mx01.mail.icloud.com mx02.mail.icloud.com until +43200");
}

static int count(void *owner, const uint8_t *domain)
{
	size_t *const len = owner;
	assert_true(name_equal(domain, wire("online.de")));
	++*len;
	return 0;
}

static void gather_lists_domains(void **state)
{
	struct office *office = *state;
	size_t len = 0;
	move(office);
	struct study study = open_study(office, SEVERITY_WARNING);
	assert_int_equal(
		gather_each_domain(&study.gather, MOVED + MINUTE, count, &len), 0);
	assert_int_equal(len, 1);
	assert_int_equal(
		gather_each_domain(&study.gather, MOVED + LONGEST, count, &len), 0);
	assert_int_equal(len, 1);
	acceptors_destroy(study.acceptors);
}

static void gather_finds_the_mail_servers_view(void **state)
{
	static char names[][8] = {"own", "public", "local", "mta"};
	struct endpoint public_server;
	struct endpoint local_server;
	struct conf_view views[4] = {{.name = names[0]}};
	const struct conf conf = {.views = views, .views_len = 4};
	(void)state;
	assert_int_equal(endpoint_parse("192.0.2.1", 53, &public_server), 0);
	assert_int_equal(endpoint_parse("127.0.0.53", 53, &local_server), 0);
	for (size_t i = 1; i < 4; i++)
		views[i] = (struct conf_view){.name = names[i],
			.kind = CONF_VIEW_RECURSIVE,
			.servers = &public_server,
			.servers_len = 1};
	views[2].servers = &local_server;
	assert_string_equal(gather_mta_view(&conf), "mta");
	strcpy(names[3], "other");
	assert_string_equal(gather_mta_view(&conf), "local");
	views[2].servers = &public_server;
	assert_null(gather_mta_view(&conf));
}

#define WITH_OFFICE(name)                                                                \
	cmocka_unit_test_setup_teardown(name, office_setup, office_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_OFFICE(gather_holds_from_the_suspicion_on_if_so_asked),
		WITH_OFFICE(gather_lifts_a_ttl_after_the_return_of_the_mta_view),
		WITH_OFFICE(gather_ends_with_longest),
		WITH_OFFICE(gather_ends_where_somebody_closes_the_incident),
		WITH_OFFICE(gather_names_hosts_that_only_mail_met),
		WITH_OFFICE(gather_knows_who_takes_other_mail_too),
		WITH_OFFICE(gather_lists_domains),
		cmocka_unit_test(gather_finds_the_mail_servers_view),
	};
	return cmocka_run_group_tests_name("gather", tests, NULL, NULL);
}
