/* SPDX-License-Identifier: MIT */
/* Incidents that are worked on, and who bounced. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/decide/memory_inside.h"

#define COUNT_MOST (UINT64_C(1) << 62)

/* --- who bounced --- */

static void code_toll(struct memory *memory, struct toll *toll)
{
	struct archive *archive = &memory->archive;
	unsigned flags = (toll->accepted_before ? 1u : 0) |
		(toll->refused_before ? 2u : 0) | (toll->foreign ? 4u : 0) |
		(toll->changed ? 8u : 0);
	archive_bytes(archive, toll->hash, sizeof toll->hash);
	memory_host(memory, &toll->host);
	archive_time(archive, &toll->first_at);
	archive_time(archive, &toll->last_at);
	archive_u32(archive, &toll->bounces);
	flags = archive_choice(archive, flags, 0, 15);
	toll->accepted_before = (flags & 1) != 0;
	toll->refused_before = (flags & 2) != 0;
	toll->foreign = (flags & 4) != 0;
	toll->changed = (flags & 8) != 0;
}

void memory_tolls(struct memory *memory, struct tolls *tolls)
{
	struct archive *archive = &memory->archive;
	const size_t len = archive_count(archive, tolls->len, UINT32_MAX / 4);
	for (size_t i = 0; i < len && archive->error == 0; i++) {
		struct toll toll = {.bounces = 0};
		if (!archive->loading) {
			code_toll(memory, &tolls->list[i]);
			continue;
		}
		code_toll(memory, &toll);
		if (archive->error == 0 && tolls_add(tolls, &toll) < 0)
			archive->error = -ENOMEM;
		else if (archive->error == 0 && tolls->len != i + 1)
			archive_refuse(archive); /* one of them twice */
		else if (archive->error == 0)
			tolls->list[i].changed = toll.changed;
	}
}

/* --- what speaks for it --- */

static void code_proofs(struct memory *memory, struct affair *affair)
{
	struct archive *archive = &memory->archive;
	affair->proofs_len = (unsigned)archive_count(
		archive, affair->proofs_len, INCIDENT_EVIDENCE_MOST);
	if (archive->loading && affair->proofs_len > 0) {
		affair->proofs = calloc(affair->proofs_len, sizeof *affair->proofs);
		affair->proofs_room = affair->proofs_len;
	}
	if (affair->proofs_len > 0 && affair->proofs == NULL) {
		affair->proofs_len = affair->proofs_room = 0;
		archive->error = -ENOMEM;
	}
	for (unsigned i = 0; i < affair->proofs_len; i++) {
		struct proof *proof = &affair->proofs[i];
		archive_text(archive, proof->name, sizeof proof->name);
		archive_double(archive, &proof->weight);
		archive_time(archive, &proof->at);
		archive_text(archive, proof->text, sizeof proof->text);
	}
}

static void code_operators(
	struct memory *memory, const struct operator_entry **list, unsigned *len)
{
	*len = (unsigned)archive_count(&memory->archive, *len, AFFAIR_OPERATORS);
	for (unsigned i = 0; i < *len; i++)
		memory_operator(memory, &list[i]);
}

/* --- the whole --- */

static void code_life(struct archive *archive, struct affair *affair)
{
	uint64_t number = (uint64_t)affair->number;
	archive_u64(archive, &affair->serial, COUNT_MOST);
	archive_u64(archive, &number, COUNT_MOST);
	affair->number = (int64_t)number;
	affair->kind = (enum incident_kind)archive_choice(
		archive, affair->kind, 1, INCIDENT_KINDS - 1);
	affair->kind_at_open = (enum incident_kind)archive_choice(
		archive, affair->kind_at_open, 0, INCIDENT_KINDS - 1);
	affair->severity = (enum incident_severity)archive_choice(
		archive, affair->severity, SEVERITY_INFO, SEVERITY_CRITICAL);
	affair->severity_now = (enum incident_severity)archive_choice(
		archive, affair->severity_now, SEVERITY_INFO, SEVERITY_CRITICAL);
	affair->state = (enum incident_state)archive_choice(
		archive, affair->state, INCIDENT_SUSPECTED, INCIDENT_CLOSED);
	archive_time(archive, &affair->suspected_at);
	archive_time(archive, &affair->opened_at);
	archive_time(archive, &affair->change_at);
	archive_time(archive, &affair->change_not_before_at);
	archive_time(archive, &affair->first_bounce_at);
	archive_time(archive, &affair->last_bounce_at);
	archive_time(archive, &affair->reverted_at);
	archive_time(archive, &affair->closed_at);
	archive_time(archive, &affair->updated_at);
}

static void code_counts(struct archive *archive, struct affair *affair)
{
	archive_u64(archive, &affair->recipients, COUNT_MOST);
	archive_u64(archive, &affair->bounces, COUNT_MOST);
	archive_u64(archive, &affair->deferrals, COUNT_MOST);
	archive_u64(archive, &affair->deliveries, COUNT_MOST);
	archive_u32(archive, &affair->foreign_bounces);
	archive_u32(archive, &affair->foreign_known_bounces);
	archive_u32(archive, &affair->foreign_accepted);
	archive_u32(archive, &affair->foreign_known_accepted);
	archive_u32(archive, &affair->departed_bounces);
	archive_u32(archive, &affair->known_bounces);
	archive_u32(archive, &affair->good);
	archive_time(archive, &affair->good_at);
}

static void code_marks(struct memory *memory, struct affair *affair)
{
	struct archive *archive = &memory->archive;
	archive_bool(archive, &affair->dirty);
	archive_bool(archive, &affair->alarm);
	archive_bool(archive, &affair->spiked);
	archive_bool(archive, &affair->silent);
	archive_bool(archive, &affair->expected);
	archive_bool(archive, &affair->blind);
	archive_bool(archive, &affair->by_hand);
	archive_bool(archive, &affair->missing);
	archive_time(archive, &affair->hold_until);
	archive_time(archive, &affair->hot_at);
	if (memory->version < 2) {
		affair->by_hand = false; /* its place said something else */
		return;
	}
	archive_bool(archive, &affair->others_good);
	archive_u32(archive, &affair->siblings);
}

/* A resolver that is no longer asked cannot be followed. */
static void end_misled(struct affair *affair)
{
	affair_revert(affair, affair->updated_at);
	affair_close(affair, affair->updated_at);
}

static void code_view(struct memory *memory, struct affair *affair)
{
	const bool misled = archive_has(&memory->archive, affair->view >= 0);
	if (!misled)
		return;
	memory_view(memory, &affair->view);
	if (affair->view < 0)
		end_misled(affair);
}

static void code_affair(struct memory *memory, struct affair *affair)
{
	struct archive *archive = &memory->archive;
	const bool over = affair_is_over(affair, memory->decide->now);
	code_life(archive, affair);
	code_counts(archive, affair);
	code_marks(memory, affair);
	code_view(memory, affair);
	code_operators(memory, affair->from, &affair->from_len);
	code_operators(memory, affair->to, &affair->to_len);
	if (!archive_has(archive, !over))
		return;
	code_proofs(memory, affair);
	memory_tolls(memory, &affair->tolls);
}

void memory_affairs(struct memory *memory, struct subject *subject, enum slot slot,
	struct affair **affair)
{
	struct archive *archive = &memory->archive;
	for (struct affair **each = affair;; each = &(*each)->older) {
		const bool kept = *each != NULL && (each == affair || (*each)->dirty);
		if (!archive_has(archive, kept))
			return;
		if (archive->loading)
			*each = affair_make(subject, slot);
		if (*each == NULL) {
			archive->error = -ENOMEM;
			return;
		}
		code_affair(memory, *each);
	}
}
