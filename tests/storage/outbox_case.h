/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * outbox_case — notices and alerts as whoever sends might put them.
 *
 * As in fixture.h, every function fails the running test where something goes wrong.
 */
#include "storage/outbox.h"
#include "tests/storage/incident_case.h"

/* What callbacks were told; a test empties it before. */
extern char case_said[2048];
void case_say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* One that is open since then. */
int64_t case_add_incident(struct fixture *fixture, const char *domain, int64_t at);
void case_close_incident(struct fixture *fixture, int64_t number, int64_t at);

/* In the open transaction. */
void case_notice(struct fixture *fixture, const char *channel, int64_t incident,
	enum incident_severity severity, int64_t at);
/* The same; with six bytes. */
int64_t case_make_alert(struct fixture *fixture, const char *channel, int64_t at,
	const int64_t *incidents, size_t len);

/* What became of a handover at its first attempt, in a transaction of its own. */
void case_end_handover(struct fixture *fixture, int64_t number, enum outbox_state now,
	int64_t at, const char *error);
