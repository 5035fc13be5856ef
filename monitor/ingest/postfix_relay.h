/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * postfix_relay — relay= of a delivery line: "mx.example.com[192.0.2.1]:25", "none", a pipe.
 *
 * Most mail goes to a few hosts: what was made of a text is remembered by its last bytes, where
 * the address stands, and a text that comes again is only compared.
 */
#include "monitor/ingest/report.h"
#include "monitor/ingest/span.h"

/* Borrowed from the text or the memory until the next is read. */
struct postfix_relay {
	struct span host; /* empty: "none", "local", a pipe's name */
	struct span ip;
	struct span port;
};

struct postfix_relays; /* the memory */

/* NULL for want of memory. */
struct postfix_relays *postfix_relays_create(void);
void postfix_relays_destroy(struct postfix_relays *relays);

/* Splits the text, and sets relay_host and relay_ip. */
struct postfix_relay postfix_relay_read(
	struct postfix_relays *relays, struct span text, struct report *report);
