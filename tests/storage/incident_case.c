/* SPDX-License-Identifier: MIT */
#include "tests/storage/incident_case.h"

#include <stdio.h>
#include <string.h>

#include "storage/deliveries.h"
#include "storage/deliveries_lookup.h"

#define DAY (24 * HOUR)

static const uint8_t key[DELIVERIES_KEY] = {1, 2, 3};

const struct incident_evidence case_reasons[2] = {
	{.name = "foreign-relay",
		.weight = 6.9,
		.at = T0 + 1,
		.text = "It went elsewhere."},
	{.name = "known-bounce",
		.weight = 4.25,
		.at = T0 + 2,
		.text = "A known one bounced."},
};

struct incident case_hijack(void)
{
	return (struct incident){
		.domain = wire("a.example"),
		.kind = INCIDENT_TRANSIENT_HIJACK,
		.severity = SEVERITY_WARNING,
		.severity_now = SEVERITY_WARNING,
		.state = INCIDENT_SUSPECTED,
		.suspected_at = T0,
		.opened_at = T0,
		.change_at = T0 - SECOND,
		.change_not_before = T0 - 10 * SECOND,
		.first_bounce_at = T0,
		.last_bounce_at = T0 + 5,
		.updated_at = T0,
		.from_operators = "IONOS\n",
		.to_operators = "Apple iCloud\nother.example\n",
		.view = "",
		.recipients = 2,
		.bounces = 3,
		.deferrals = 4,
		.deliveries = 5,
		.summary = "Mail for a.example goes to Apple iCloud.",
		.evidence = case_reasons,
		.evidence_len = 2,
	};
}

int64_t case_put(struct fixture *fixture, const struct incident *incident)
{
	store_begin(fixture->store);
	int64_t number = incidents_put(fixture->store, incident);
	fixture_commit(fixture, incident->updated_at);
	return number;
}

struct ledger_verdict case_verify(struct fixture *fixture)
{
	struct ledger_verdict verdict;
	assert_int_equal(ledger_verify(fixture->store, 0, 0, NULL, NULL, &verdict), 0);
	return verdict;
}

void case_write_bounce(struct fixture *fixture, const char *recipient, int64_t at)
{
	struct deliveries *batch;
	const struct delivery_fact facts[] = {
		{
			.domain = wire(strchr(recipient, '@') + 1),
			.recipient = recipient,
			.at = at - DAY,
			.outcome = DELIVERY_DELIVERED,
			.count = 1,
			.remote = true,
			.relay_host = "mx.own.example",
			.relay_ip = "",
			.id = "",
		},
		{
			.domain = wire(strchr(recipient, '@') + 1),
			.recipient = recipient,
			.at = at,
			.outcome = DELIVERY_BOUNCED,
			.reason = REASON_USER_UNKNOWN,
			.count = 1,
			.remote = true,
			.relay_host = "mx.other.example",
			.relay_ip = "",
			.id = "",
		},
		{
			.domain = wire(strchr(recipient, '@') + 1),
			.recipient = recipient,
			.at = at,
			.outcome = DELIVERY_DEFERRED,
			.reason = REASON_GREYLISTED,
			.count = 1,
			.remote = true,
			.relay_host = "mx.own.example",
			.relay_ip = "",
			.id = "",
		},
	};
	assert_int_equal(deliveries_create(key, DELIVERIES_KEEP_INCIDENT, &batch), 0);
	for (size_t i = 0; i < sizeof facts / sizeof *facts; i++)
		assert_int_equal(deliveries_add(batch, &facts[i]), 0);
	store_begin(fixture->store);
	deliveries_write(batch, fixture->store, "x");
	fixture_commit(fixture, at);
	deliveries_destroy(batch);
}

static int keep_hash(void *owner, const struct deliveries_refusal *row)
{
	memcpy(owner, row->hash, INCIDENT_HASH);
	return 1;
}

/* The hash that a recipient who bounced is known by. */
void case_hash_of(struct fixture *fixture, const char *domain, uint8_t *ret_hash)
{
	const struct deliveries_window window = {.domain = wire(domain)};
	assert_int_equal(
		deliveries_refusals(fixture->store, &window, keep_hash, ret_hash), 1);
}

static int on_recipient(void *owner, const struct incident_recipient *row)
{
	char *listing = owner;
	sprintf(listing + strlen(listing), "%s %s %d..%d %d %s%s; ",
		row->address != NULL ? row->address : "?", row->relay_host,
		(int)(row->first_bounce_at - T0), (int)(row->last_bounce_at - T0),
		(int)row->bounces, incident_advice_name(row->advice),
		row->accepted_before ? "" : " new");
	return 0;
}

const char *case_recipients(
	struct fixture *fixture, int64_t number, enum incident_advice advice)
{
	static char listing[1024];
	*listing = '\0';
	assert_int_equal(incidents_recipients(
				 fixture->store, number, advice, on_recipient, listing),
		0);
	return listing;
}

void case_put_recipient(struct fixture *fixture, const struct incident_recipient *row)
{
	store_begin(fixture->store);
	incidents_put_recipient(fixture->store, 1, row);
	fixture_commit(fixture, T0);
}

int64_t case_count(struct fixture *fixture, const char *table)
{
	char sql[64];
	snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
	return fixture_query(fixture, sql);
}
