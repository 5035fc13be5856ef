/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * incident_case — an incident as the detector might put it, and short ways around it.
 *
 * As in fixture.h, every function fails the running test where something goes wrong.
 */
#include "storage/incidents.h"
#include "storage/ledger.h"
#include "tests/storage/fixture.h"

extern const struct incident_evidence case_reasons[2];

/* A suspected one of a.example from T0 on. */
struct incident case_hijack(void);
int64_t case_put(struct fixture *fixture, const struct incident *incident);
/* Of incident 1. */
void case_put_recipient(struct fixture *fixture, const struct incident_recipient *row);
/* One line of text; static. */
const char *case_recipients(
	struct fixture *fixture, int64_t number, enum incident_advice advice);
/* A recipient accepts mail the day before, bounces as unknown and defers. */
void case_write_bounce(struct fixture *fixture, const char *recipient, int64_t at);
/* The hash that the first recipient of the domain who bounced is known by. */
void case_hash_of(struct fixture *fixture, const char *domain, uint8_t *ret_hash);
struct ledger_verdict case_verify(struct fixture *fixture);
int64_t case_count(struct fixture *fixture, const char *table);
