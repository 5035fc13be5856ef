/* SPDX-License-Identifier: MIT */
/* What the detector has learnt: into the store, and back after a restart. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/casebook_inside.h"
#include "monitor/decide/memory.h"
#include "monitor/log.h"
#include "storage/incidents.h"

/* --- out --- */

static int note_name(struct casebook *casebook, const uint8_t *name)
{
	static const uint8_t of_all[] = {0}; /* the root: no domain has that name */
	const uint8_t *const noted = name ? name : of_all;
	const size_t len = name_length(noted);
	if (casebook->names_len + len > casebook->names_room) {
		const size_t room = 2 * casebook->names_room + 4096;
		uint8_t *const names = realloc(casebook->names, room);
		if (!names)
			return -ENOMEM;
		casebook->names = names;
		casebook->names_room = room;
	}
	memcpy(casebook->names + casebook->names_len, noted, len);
	casebook->names_len += len;
	return 0;
}

static int on_row(void *owner, const uint8_t *name, const void *bytes, size_t len)
{
	struct casebook *const casebook = owner;
	const int error = note_name(casebook, name);
	if (error != 0)
		return error;
	casebook_begin(casebook);
	if (casebook->erasing)
		incidents_renew_memory(casebook->store, name, bytes, len);
	else
		incidents_put_memory(casebook->store, name, bytes, len);
	return 0;
}

static bool is_due(const struct casebook *casebook, int64_t now)
{
	const int64_t since_ms = now - casebook->remembered_at;
	return casebook->entries_len > 0 ||
		(casebook->urgent && since_ms >= CASEBOOK_URGENT_MS) ||
		(casebook->learnt && since_ms >= CASEBOOK_EASY_MS);
}

void casebook_remember(struct casebook *casebook, int64_t now)
{
	if (!is_due(casebook, now))
		return;
	casebook_check(casebook, decide_remember(casebook->decide, on_row, casebook));
	casebook->remembering_at = now;
}

void casebook_remembered(struct casebook *casebook, int error)
{
	for (size_t at = 0; error != 0 && at < casebook->names_len;
		at += name_length(casebook->names + at)) {
		const uint8_t *const name = casebook->names + at;
		decide_remember_again(casebook->decide, *name != 0 ? name : NULL);
	}
	casebook->names_len = 0;
	if (error == 0 && casebook->remembering_at != 0) {
		casebook->remembered_at = casebook->remembering_at;
		casebook->urgent = casebook->erasing = false;
		casebook->learnt = decide_is_behind(casebook->decide);
	}
	casebook->remembering_at = 0;
}

/* The rows of the store have them still: they are written anew with the next tick. */
void casebook_forget(
	struct casebook *casebook, const uint8_t *hash, const uint8_t *domain)
{
	if (!casebook || !casebook->decide)
		return;
	if (hash)
		decide_forget_recipient(casebook->decide, hash);
	else
		decide_forget_domain(casebook->decide, domain);
	casebook->urgent = casebook->erasing = true;
}

/* --- back --- */

struct recalling {
	struct casebook *casebook;
	size_t lost; /* rows that cannot be read */
};

static int on_memory(void *owner, const uint8_t *name, const void *bytes, size_t len)
{
	struct recalling *const recalling = owner;
	struct casebook *const casebook = recalling->casebook;
	const int error = decide_recall(casebook->decide, name, bytes, len);
	if (error == -EUCLEAN || error == -EEXIST) {
		recalling->lost++;
		return 0;
	}
	if (error != 0 || !name)
		return error;
	struct acquainted *const one = casebook_acquaint(casebook, name);
	if (!one)
		return -ENOMEM;
	one->recalled = true;
	return 0;
}

int casebook_recall(struct casebook *casebook)
{
	struct recalling recalling = {.casebook = casebook};
	const int error = incidents_each_memory(casebook->store, on_memory, &recalling);
	if (recalling.lost > 0)
		log_warn("casebook",
			"what was learnt of some domains cannot be read, they are learnt "
			"anew domains=%zu",
			recalling.lost);
	return error;
}
