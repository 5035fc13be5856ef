/* SPDX-License-Identifier: MIT */
/* Incidents on their way into the store and the log. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/announce.h"
#include "monitor/casebook_inside.h"
#include "monitor/decide/memory.h"
#include "monitor/log.h"
#include "storage/incidents.h"
#include "storage/store.h"

/* --- what was said last --- */

static size_t find_place(const struct casebook *casebook, int64_t number)
{
	size_t low = 0;
	size_t high = casebook->standings_len;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (casebook->standings[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct standing *find(const struct casebook *casebook, int64_t number)
{
	const size_t at = find_place(casebook, number);
	return at < casebook->standings_len && casebook->standings[at].number == number
		? &casebook->standings[at]
		: NULL;
}

int casebook_note(struct casebook *casebook, const struct standing *standing)
{
	struct standing *const known = find(casebook, standing->number);
	if (known) {
		*known = *standing;
		return 0;
	}
	if (casebook->standings_len == casebook->standings_room) {
		const size_t room = 2 * casebook->standings_room + 64;
		struct standing *const list =
			reallocarray(casebook->standings, room, sizeof *list);
		if (!list)
			return -ENOMEM;
		casebook->standings = list;
		casebook->standings_room = room;
	}
	const size_t at = find_place(casebook, standing->number);
	memmove(&casebook->standings[at + 1], &casebook->standings[at],
		(casebook->standings_len - at) * sizeof *standing);
	casebook->standings[at] = *standing;
	casebook->standings_len++;
	return 0;
}

/* --- into the transaction --- */

static struct entry *add_entry(struct casebook *casebook)
{
	if (casebook->entries_len == casebook->entries_room) {
		const size_t room = 2 * casebook->entries_room + 16;
		struct entry *const list =
			reallocarray(casebook->entries, room, sizeof *list);
		if (!list)
			return NULL;
		casebook->entries = list;
		casebook->entries_room = room;
	}
	return &casebook->entries[casebook->entries_len++];
}

void casebook_attend(struct casebook *casebook, casebook_put_fn fn, void *owner)
{
	if (!casebook)
		return;
	casebook->on_put = fn;
	casebook->put_owner = owner;
}

void casebook_begin(struct casebook *casebook)
{
	if (casebook->own && !casebook->begun)
		store_begin(casebook->store);
	casebook->begun = casebook->own;
}

static int on_incident(void *owner, uint64_t serial, const struct incident *incident,
	const struct incident_recipient *recipients, size_t recipients_len)
{
	struct casebook *const casebook = owner;
	struct entry *const entry = add_entry(casebook);
	if (!entry)
		return -ENOMEM;
	casebook_begin(casebook);
	const int64_t number = incidents_put(casebook->store, incident);
	for (size_t i = 0; i < recipients_len; i++)
		incidents_put_recipient(casebook->store, number, &recipients[i]);
	decide_set_number(casebook->decide, serial, number);
	if (casebook->on_put)
		casebook->on_put(casebook->put_owner, number, incident);
	*entry = (struct entry){
		.serial = serial,
		.is_new = incident->number == 0,
		.now = {number, incident->kind, incident->state},
		.severity = incident->severity_now,
	};
	if (incident->domain)
		memcpy(entry->domain, incident->domain, name_length(incident->domain));
	snprintf(entry->summary, sizeof entry->summary, "%s", incident->summary);
	return 0;
}

void casebook_save(struct casebook *casebook, int64_t now)
{
	if (!casebook || !casebook->decide)
		return;
	casebook_check(casebook, decide_take(casebook->decide, on_incident, casebook));
	casebook_remember(casebook, now);
}

/* --- after it --- */

static const char *event_of(const struct standing *before, const struct standing *now)
{
	const enum incident_state was = before ? before->state : INCIDENT_SUSPECTED;
	if (before && was == now->state)
		return before->kind != now->kind ? "kind-changed" : NULL;
	switch (now->state) {
	case INCIDENT_SUSPECTED:
		return before ? NULL : "suspected";
	case INCIDENT_OPEN:
		return was == INCIDENT_SUSPECTED ? "opened" : "reopened";
	case INCIDENT_REVERTED:
		return "reverted";
	case INCIDENT_CLOSED:
		break;
	}
	return "closed";
}

static void announce(struct casebook *casebook, const struct entry *entry)
{
	const struct standing *const before = find(casebook, entry->now.number);
	const struct announced_incident told = {
		.number = entry->now.number,
		.domain = entry->domain[0] != 0 ? entry->domain : NULL,
		.event = event_of(before, &entry->now),
		.from_kind = before ? before->kind : entry->now.kind,
		.kind = entry->now.kind,
		.severity = entry->severity,
		.summary = entry->summary,
	};
	if (told.event)
		announce_incident(casebook->store, &told);
	casebook_check(casebook, casebook_note(casebook, &entry->now));
	if (casebook->on_durable)
		casebook->on_durable(casebook->durable_owner, told.domain);
}

void casebook_saved(struct casebook *casebook, int error)
{
	if (!casebook || !casebook->decide)
		return;
	for (size_t i = 0; i < casebook->entries_len; i++) {
		const struct entry *const entry = &casebook->entries[i];
		if (error == 0)
			announce(casebook, entry);
		else
			decide_put_back(casebook->decide, entry->serial,
				entry->is_new ? 0 : entry->now.number);
	}
	casebook->entries_len = 0;
	casebook_remembered(casebook, error);
}

/* --- by itself --- */

static int save_alone(struct casebook *casebook, int64_t now)
{
	struct store_error error = {0};
	casebook->own = true;
	casebook_save(casebook, now);
	casebook->own = false;
	if (!casebook->begun)
		return 0;
	casebook->begun = false;
	const int code = store_commit(casebook->store, now, &error);
	casebook_saved(casebook, code);
	casebook_check(casebook, code);
	return code;
}

void casebook_tick(struct casebook *casebook, int64_t now)
{
	if (!casebook || !casebook->decide)
		return;
	if (now > casebook->now)
		casebook->now = now;
	casebook_check(casebook, decide_advance(casebook->decide, now - CASEBOOK_LAG_MS));
	decide_feeders_look(casebook->decide, now);
	save_alone(casebook, now);
}

int casebook_flush(struct casebook *casebook, int64_t now)
{
	if (!casebook || !casebook->decide)
		return 0;
	decide_hurry(casebook->decide);
	casebook->learnt = true;
	casebook->remembered_at = now - CASEBOOK_EASY_MS; /* due, whenever it was */
	return save_alone(casebook, now);
}

void casebook_listen(struct casebook *casebook, casebook_durable_fn fn, void *owner)
{
	if (!casebook)
		return;
	casebook->on_durable = fn;
	casebook->durable_owner = owner;
}

void casebook_closed(struct casebook *casebook, int64_t incident, int64_t now)
{
	if (!casebook || !casebook->decide)
		return;
	decide_close(casebook->decide, incident, now);
	save_alone(casebook, now);
}
