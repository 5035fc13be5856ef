/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * journal — the messages of one unit in the systemd journal, each once.
 *
 * The place is the journal's own cursor of the last entry read. Files that journald archives
 * meanwhile stay part of the journal, and the cursor finds its entry in them. When the entry
 * is gone (vacuumed), reading goes on with the next one there is, and what lies between the
 * time up to which all was read and the oldest entry left is told as lost. A cursor is no
 * unique text: it is never compared, the journal is asked (sd_journal_get_cursor(3)).
 *
 * A directory is read as the journal of one machine: entries that are put before the place
 * later, as when journals of several machines are collected in one, would not be seen.
 * Never waits. One thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct journal;

enum journal_kind {
	JOURNAL_NOTHING, /* not now */
	JOURNAL_BEFORE, /* lies before the place: read already, to know again */
	JOURNAL_MESSAGE,
	JOURNAL_DROPPED, /* journald left messages of the unit out: its rate limit */
	JOURNAL_OTHER, /* no message of the unit; only the place moves */
	JOURNAL_DAMAGED, /* an entry that cannot be read */
	JOURNAL_LOST, /* the entries between `from` and `at` may be */
};
struct journal_piece {
	enum journal_kind kind;
	int64_t at; /* ms, as journald took it in */
	int64_t from; /* LOST */
	const char
		*identifier; /* "postfix/smtp"; cut to 255 bytes. Until the next read */
	const void *message; /* any bytes. Until the next read */
	size_t len;
};

/* unit: "postfix@-.service"; ".service" is added to a name without a dot. directory: of
 * journal files, NULL for this machine's journal. Copies both. Returns 0 or -ENOMEM. */
int journal_create(const char *unit, const char *directory, struct journal **ret_journal)
	__attribute__((warn_unused_result));
void journal_destroy(struct journal *journal);

/* What the place belongs to: "DIRECTORY:UNIT", or "journal:UNIT". */
const char *journal_path(const struct journal *journal);

/* Whether the entry of a place lies in this journal, whatever its directory is called. Returns
 * 1, 0, or why the journal cannot be opened or read. */
int journal_holds(struct journal *journal, const char *state)
	__attribute__((warn_unused_result));
/* Whether no entry at all is to be seen, of any unit: it is empty, or we may not read it, which
 * the library does not tell apart. True before it was opened. */
bool journal_is_blank(const struct journal *journal);

/* Goes on behind a place. Returns 0, -ENOMEM, or -EINVAL for a state that is none. */
int journal_load(struct journal *journal, const char *state)
	__attribute__((warn_unused_result));
/* The place behind what was read last, as text; "" before anything was. Until the next read. */
const char *journal_state(struct journal *journal);

/* The next piece. now: wall clock, ms. Returns 0, or why the journal cannot be opened or read;
 * it is opened anew next time. */
int journal_read(struct journal *journal, int64_t now, struct journal_piece *ret_piece)
	__attribute__((warn_unused_result));
