/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * parcel — reports, rejected lines and places as JSON, and back.
 *
 * For the way from a command to the monitor. Texts of a log are bytes, not characters: each is
 * written as the character of its number, U+0001 to U+00FF, so that any of them arrives as it
 * was. A report has only the members in which it differs from the one before it in its list (the
 * first: from an empty one), since the reports of one line share nearly everything.
 *
 *   REPORT   {"at", "outcome": "bounced", "remote": true, "stage": 0 to 6, "count", "code",
 *            "recipient", "original", "status", "relay_host", "relay_ip", "text",
 *            "missing_name", "id"}                                       see report.h
 *   REJECTED {"reason", "count", "first_at", "last_at", "shown"}
 *   PLACE    {"number", "format", "path", "device", "inode", "head_len", "head", "tail_len",
 *            "tail", "offset", "state"}                    hashes in hexadecimal; see feed.h
 *
 * What is read back is foreign: every member is checked, unknown ones are refused. Pure.
 */
#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>

#include "monitor/ingest/reader.h"
#include "monitor/ingest/rejects.h"
#include "monitor/ingest/report.h"
#include "storage/feed.h"

/* Bytes as a JSON text, and back into size bytes with a NUL: false for what is no such text or
 * too long. NULL: out of memory. */
json_t *parcel_text(const char *bytes);
bool parcel_read_text(const json_t *text, char *ret_bytes, size_t size);
/* Without control characters: fit to be a name. */
bool parcel_is_printable(const char *text);
/* Bytes in hexadecimal, at most 1024. */
json_t *parcel_hex(const uint8_t *bytes, size_t len);
bool parcel_read_hex(const json_t *text, uint8_t *ret_bytes, size_t len);

/* Empty, as what stands before the first one of a list. */
void parcel_first(struct report *ret_report);
/* NULL: out of memory. */
json_t *parcel_report(const struct report *report, const struct report *before);
json_t *parcel_rejected(const struct reject *reject);
json_t *parcel_place(const struct feed_place *place);

/* Each returns NULL, or what is wrong (static). report is the one before, and is changed. */
const char *parcel_read_report(const json_t *item, struct report *report);
/* reason is borrowed from item. */
const char *parcel_read_rejected(const json_t *item, struct rejects *rejects);
/* ret_state holds what ret_place->state borrows; `at` is 0. */
const char *parcel_read_place(const json_t *item, struct feed_place *ret_place,
	char ret_state[READER_STATE_MAX + 1]);
