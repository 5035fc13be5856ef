/* SPDX-License-Identifier: MIT */
#include "tests/storage/outbox_case.h"

#include <stdio.h>
#include <string.h>

char case_said[2048];

void case_say(const char *format, ...)
{
	va_list arguments;
	const size_t len = strlen(case_said);
	va_start(arguments, format);
	vsnprintf(case_said + len, sizeof case_said - len, format, arguments);
	va_end(arguments);
}

int64_t case_add_incident(struct fixture *fixture, const char *domain, int64_t at)
{
	struct incident incident = case_hijack();
	incident.domain = wire(domain);
	incident.state = INCIDENT_OPEN;
	incident.suspected_at = incident.opened_at = incident.change_at = at;
	incident.change_not_before = incident.first_bounce_at = at;
	incident.updated_at = at;
	return case_put(fixture, &incident);
}

void case_close_incident(struct fixture *fixture, int64_t number, int64_t at)
{
	store_begin(fixture->store);
	assert_true(incidents_close(fixture->store, number, at));
	fixture_commit(fixture, at);
}

void case_notice(struct fixture *fixture, const char *channel, int64_t incident,
	enum incident_severity severity, int64_t at)
{
	outbox_put_notice(fixture->store,
		&(struct outbox_notice){channel, incident, 2, severity, at});
}

int64_t case_make_alert(struct fixture *fixture, const char *channel, int64_t at,
	const int64_t *incidents, size_t len)
{
	const int64_t number = outbox_next_alert(fixture->store);
	outbox_put_alert(fixture->store,
		&(struct outbox_alert){
			.number = number,
			.channel = channel,
			.fallback = "other",
			.event = 2,
			.at = at,
			.subject = "it moved",
			.note = "",
			.incidents = len,
			.body = "by\0tes",
			.body_len = 6,
		});
	for (size_t i = 0; i < len; i++)
		outbox_put_case(fixture->store, number, incidents[i], 2);
	return number;
}

void case_end_handover(struct fixture *fixture, int64_t number, enum outbox_state now,
	int64_t at, const char *error)
{
	store_begin(fixture->store);
	outbox_record(fixture->store,
		&(struct outbox_handover){
			.number = number,
			.state = now,
			.attempts = 1,
			.next_at = at,
			.done_at = now == OUTBOX_WAITING ? 0 : at,
			.error = error,
		});
	fixture_commit(fixture, at);
}
