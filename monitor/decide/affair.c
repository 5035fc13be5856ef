/* SPDX-License-Identifier: MIT */
/* An incident's life: what it is called, how bad it is, what speaks for it, whom it hit. */
#include <assert.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/decide/inside.h"
#include "resolvers/name.h"

#define RECIPIENTS_SERIOUS 3 /* a hijack is critical from here on, */
#define RECIPIENTS_GRAVE 100 /* a fault of the receiver from here on */
#define OVER_MS (2 * DAY_MS)

struct affair *affair_of(const struct subject *subject, enum slot slot)
{
	struct affair *affair = subject->affairs[slot];
	return affair != NULL && affair->state != INCIDENT_CLOSED ? affair : NULL;
}

/* --- how bad --- */

static enum incident_severity severity_of(const struct affair *affair)
{
	const uint64_t hit = affair->recipients;
	switch (affair->kind) {
	case INCIDENT_TRANSIENT_MOVE:
		return affair->state == INCIDENT_CLOSED ? SEVERITY_INFO
							: SEVERITY_WARNING;
	case INCIDENT_TRANSIENT_HIJACK:
		return hit >= RECIPIENTS_SERIOUS ? SEVERITY_CRITICAL : SEVERITY_WARNING;
	case INCIDENT_MIGRATION_FALLOUT:
	case INCIDENT_RECEIVER_FAULT:
		return hit >= RECIPIENTS_GRAVE ? SEVERITY_CRITICAL : SEVERITY_WARNING;
	case INCIDENT_RESOLVER_POISONING:
		return affair->bounces > 0 ? SEVERITY_CRITICAL : SEVERITY_WARNING;
	case INCIDENT_DNS_OUTAGE:
	case INCIDENT_EXPIRY:
		return SEVERITY_WARNING;
	case INCIDENT_SELF:
		return affair->blind ? SEVERITY_CRITICAL : SEVERITY_WARNING;
	case INCIDENT_MIGRATION:
	case INCIDENT_ROTATION:
	case INCIDENT_RECEIVER_OUTAGE:
	case INCIDENT_LIST_QUALITY:
	case INCIDENT_NULL_MX:
		break;
	}
	return SEVERITY_INFO;
}

static void touch(struct affair *affair, int64_t at)
{
	affair->severity_now = severity_of(affair);
	if (affair->severity_now > affair->severity)
		affair->severity = affair->severity_now;
	if (at > affair->updated_at)
		affair->updated_at = at;
	affair->dirty = true;
}

/* --- its life --- */

/* More than its counts have changed. */
static void turn(struct affair *affair, int64_t at)
{
	decide_press(affair->subject);
	touch(affair, at);
}

bool affair_reserve(struct decide *decide, size_t more)
{
	if (decide->affairs_len + more <= decide->affairs_room)
		return true;
	const size_t room = decide->affairs_room * 2 + more + 64;
	struct affair **list = realloc(decide->affairs, room * sizeof *list);
	if (list == NULL)
		return false;
	decide->affairs = list;
	decide->affairs_room = room;
	return true;
}

struct affair *affair_make(struct subject *subject, enum slot slot)
{
	struct affair *affair = calloc(1, sizeof *affair);
	if (affair == NULL)
		return NULL;
	affair->subject = subject;
	affair->slot = slot;
	affair->view = -1;
	return affair;
}

struct affair *affair_begin(struct decide *decide, struct subject *subject,
	enum slot slot, enum incident_kind kind, int64_t at, int64_t reopen_ms)
{
	struct affair *last = subject != NULL ? subject->affairs[slot] : NULL;
	if (last != NULL && last->state != INCIDENT_CLOSED)
		return last;
	if (last != NULL && !last->by_hand && at - last->closed_at <= reopen_ms) {
		last->state = last->opened_at != 0 ? INCIDENT_OPEN : INCIDENT_SUSPECTED;
		last->closed_at = 0;
		last->reverted_at = 0;
		last->hot_at = at;
		last->good = 0;
		last->good_at = 0;
		turn(last, at);
		return last;
	}
	struct affair *affair =
		affair_reserve(decide, 1) ? affair_make(subject, slot) : NULL;
	if (affair == NULL) {
		decide_fail(decide);
		return NULL;
	}
	decide->affairs[decide->affairs_len++] = affair;
	affair->serial = ++decide->serials;
	affair->older = last;
	affair->kind = kind;
	affair->state = INCIDENT_SUSPECTED;
	affair->suspected_at = at;
	affair->hot_at = at;
	affair->silent = true;
	if (subject != NULL)
		subject->affairs[slot] = affair;
	turn(affair, at);
	return affair;
}

void affair_set_kind(struct affair *affair, enum incident_kind kind, int64_t at)
{
	if (affair->kind == kind)
		return;
	affair->kind = kind;
	affair->recipients = 0;
	for (size_t i = 0; i < affair->tolls.len; i++) {
		struct toll *toll = &affair->tolls.list[i];
		toll->changed = true; /* the advice may be another */
		affair->recipients += affair_advice(affair, toll) == ADVICE_REACTIVATE;
	}
	turn(affair, at);
}

void affair_open(struct affair *affair, int64_t at)
{
	if (affair->opened_at != 0)
		return;
	if (affair->state == INCIDENT_SUSPECTED)
		affair->state = INCIDENT_OPEN;
	affair->opened_at = at;
	affair->kind_at_open = affair->kind;
	turn(affair, at);
}

void affair_set_blind(struct affair *affair, bool blind, int64_t at)
{
	if (affair->state == INCIDENT_CLOSED || affair->blind == blind)
		return;
	affair->blind = blind;
	turn(affair, at);
}

void affair_revert(struct affair *affair, int64_t at)
{
	if (affair->state == INCIDENT_CLOSED || affair->reverted_at != 0)
		return;
	affair->reverted_at = at;
	affair->state = INCIDENT_REVERTED;
	turn(affair, at);
}

void affair_close(struct affair *affair, int64_t at)
{
	if (affair->state == INCIDENT_CLOSED)
		return;
	affair->state = INCIDENT_CLOSED;
	affair->closed_at = at;
	turn(affair, at);
}

static void forget_details(struct affair *affair)
{
	tolls_finish(&affair->tolls);
	free(affair->proofs);
	affair->proofs = NULL;
	affair->proofs_len = affair->proofs_room = 0;
}

void affair_destroy(struct affair *affair)
{
	forget_details(affair);
	free(affair);
}

void decide_forget_recipient(struct decide *decide, const uint8_t *hash)
{
	for (size_t i = 0; i < decide->subjects_len; i++)
		if (tolls_drop(&decide->subjects[i]->tolls, hash)) {
			decide_touch(decide, decide->subjects[i]);
			decide_press(decide->subjects[i]);
		}
	for (size_t i = 0; i < decide->affairs_len; i++)
		if (tolls_drop(&decide->affairs[i]->tolls, hash)) {
			decide_touch(decide, decide->affairs[i]->subject);
			decide_press(decide->affairs[i]->subject);
		}
}

void decide_forget_domain(struct decide *decide, const uint8_t *domain)
{
	struct subject *subject =
		lexicon_find(&decide->by_domain, domain, name_length(domain));
	if (subject == NULL)
		return;
	tolls_finish(&subject->tolls);
	for (size_t i = 0; i < decide->affairs_len; i++)
		if (decide->affairs[i]->subject == subject)
			tolls_finish(&decide->affairs[i]->tolls);
	decide_touch(decide, subject);
	decide_press(subject);
}

/* --- its end --- */

/* A rotation goes on to be proved while it is closed, and is hot then. */
bool affair_is_over(const struct affair *affair, int64_t now)
{
	return affair->state == INCIDENT_CLOSED && !affair->dirty &&
		now - affair->closed_at > OVER_MS && now - affair->hot_at > OVER_MS;
}

static bool is_replaced(const struct decide *decide, const struct affair *affair)
{
	const struct affair *latest = affair->subject != NULL
		? affair->subject->affairs[affair->slot]
		: decide->self;
	return affair != latest && affair->state == INCIDENT_CLOSED && !affair->dirty;
}

void affair_sweep(struct decide *decide)
{
	size_t kept = 0;
	if (decide->now - decide->swept_at < HOUR_MS)
		return;
	decide->swept_at = decide->now;
	hoster_sweep(decide);
	for (size_t i = 0; i < decide->affairs_len; i++) {
		struct affair *affair = decide->affairs[i];
		while (affair->older != NULL && is_replaced(decide, affair->older))
			affair->older = affair->older->older;
	}
	for (size_t i = 0; i < decide->affairs_len; i++) {
		struct affair *affair = decide->affairs[i];
		if (is_replaced(decide, affair)) {
			affair_destroy(affair);
			continue;
		}
		if (affair_is_over(affair, decide->now))
			forget_details(affair);
		decide->affairs[kept++] = affair;
	}
	decide->affairs_len = kept;
}

/* --- what speaks for it --- */

bool affair_has_proof(const struct affair *affair, const char *name)
{
	for (unsigned i = 0; i < affair->proofs_len; i++)
		if (strcmp(affair->proofs[i].name, name) == 0)
			return true;
	return false;
}

static bool reserve_proof(struct affair *affair)
{
	if (affair->proofs_len < affair->proofs_room)
		return true;
	if (affair->proofs_len == INCIDENT_EVIDENCE_MOST)
		return false;
	const unsigned room = affair->proofs_room > 0 ? 2 * affair->proofs_room : 4;
	struct proof *list = reallocarray(affair->proofs, room, sizeof *list);
	if (list == NULL)
		return false;
	affair->proofs = list;
	affair->proofs_room = room;
	return true;
}

void affair_prove(struct affair *affair, const char *name, double weight, int64_t at,
	const char *format, ...)
{
	struct proof *proof = NULL;
	for (unsigned i = 0; i < affair->proofs_len && proof == NULL; i++)
		if (strcmp(affair->proofs[i].name, name) == 0)
			proof = &affair->proofs[i];
	if (proof == NULL) {
		if (!reserve_proof(affair))
			return;
		unsigned place = affair->proofs_len++;
		for (; place > 0 && affair->proofs[place - 1].at > at; place--)
			affair->proofs[place] = affair->proofs[place - 1];
		proof = &affair->proofs[place];
		*proof = (struct proof){.at = at};
		assert(strlen(name) < sizeof proof->name);
		memcpy(proof->name, name, strlen(name));
	}
	proof->weight = weight;
	va_list arguments;
	va_start(arguments, format);
	vsnprintf(proof->text, sizeof proof->text, format, arguments);
	va_end(arguments);
	affair->dirty = true;
}

/* --- where from, where to --- */

static void add_operator(const struct operator_entry **list, unsigned *len,
	const struct operator_entry *entry)
{
	for (unsigned i = 0; i < *len; i++)
		if (list[i] == entry)
			return;
	if (*len < AFFAIR_OPERATORS)
		list[(*len)++] = entry;
}

void affair_add_to(struct affair *affair, const struct exchanges *set)
{
	const struct subject *subject = affair->subject;
	for (size_t i = 0; set != NULL && i < set->len; i++) {
		const struct host *host = set->hosts[i].host;
		if (host != NULL &&
			(!own_has(&subject->own, host) || backup_is(subject, host)))
			add_operator(affair->to, &affair->to_len, host->run_by);
	}
}

void affair_set_from(struct affair *affair, const struct exchanges *set)
{
	affair->from_len = 0;
	for (size_t i = 0; set != NULL && i < set->len; i++)
		if (set->hosts[i].host != NULL)
			add_operator(affair->from, &affair->from_len,
				set->hosts[i].host->run_by);
}

bool affair_comes_from(const struct affair *affair, const struct exchanges *set)
{
	for (size_t i = 0; i < set->len; i++) {
		bool found = false;
		if (set->hosts[i].preference != set->hosts[0].preference)
			break;
		for (unsigned k = 0; set->hosts[i].host != NULL && k < affair->from_len;
			k++)
			found |= affair->from[k] == set->hosts[i].host->run_by;
		if (!found)
			return false;
	}
	return set->len > 0;
}

bool affair_goes_to(const struct affair *affair, const struct operator_entry *entry)
{
	for (unsigned i = 0; i < affair->to_len; i++)
		if (affair->to[i] == entry)
			return true;
	return false;
}

/* --- whom it hit --- */

enum incident_advice affair_advice(const struct affair *affair, const struct toll *toll)
{
	const bool elsewhere = affair->kind == INCIDENT_TRANSIENT_HIJACK ||
		affair->kind == INCIDENT_RESOLVER_POISONING ||
		affair->kind == INCIDENT_TRANSIENT_MOVE;
	if (toll->accepted_before)
		return ADVICE_REACTIVATE;
	if (toll->refused_before)
		return ADVICE_LEAVE;
	/* The foreign hosts know nobody: that they refuse an address says nothing about it.
	 * At the domain's own, a stranger who is refused is most likely not there. */
	return elsewhere && toll->foreign ? ADVICE_REACTIVATE : ADVICE_LEAVE;
}

void affair_toll(struct decide *decide, struct affair *affair, const struct toll *toll)
{
	const struct toll *known = tolls_find(&affair->tolls, toll->hash);
	const bool was_hit =
		known != NULL && affair_advice(affair, known) == ADVICE_REACTIVATE;
	if (tolls_add(&affair->tolls, toll) < 0)
		decide_fail(decide);
	known = tolls_find(&affair->tolls, toll->hash);
	if (known != NULL) {
		const bool is_hit = affair_advice(affair, known) == ADVICE_REACTIVATE;
		affair->recipients += is_hit && !was_hit;
		affair->recipients -= was_hit && !is_hit;
	}
	affair->bounces += toll->bounces;
	affair->known_bounces += toll->accepted_before ? toll->bounces : 0;
	if (affair->first_bounce_at == 0 || toll->first_at < affair->first_bounce_at)
		affair->first_bounce_at = toll->first_at;
	if (toll->last_at > affair->last_bounce_at)
		affair->last_bounce_at = toll->last_at;
	touch(affair, toll->last_at);
}

void affair_take_tolls(
	struct decide *decide, struct affair *affair, int64_t since, bool foreign_only)
{
	const struct tolls *tolls = &affair->subject->tolls;
	for (size_t i = 0; i < tolls->len; i++) {
		const struct toll *toll = &tolls->list[i];
		if (toll->last_at >= since && (toll->foreign || !foreign_only))
			affair_toll(decide, affair, toll);
	}
	tolls_finish(&affair->subject->tolls);
}
