/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * outbox — what is to be told, what was told, and what became of it.
 *
 * A notice says that a channel is to be told of an incident; it is written in the transaction of
 * the incident. An alert is what one channel is sent of all its notices, once composed: its bytes
 * and one handover for each recipient. A handover is tried until it is sent, refused or expired,
 * with the same bytes each time. `told` remembers of what, and of how much of it, a channel knows.
 *
 * While a notice or a waiting handover refers to an incident, retention keeps its history. None
 * of this is chained into the ledger: it says what we did, not what was seen, and addresses of
 * recipients may stand in the bytes.
 *
 * Numbers of events are those of alerts/alert.h. Channels are names of the configuration, and may
 * have left it. Writes stand in a transaction, as in history.h: errors stick to it. Pointers of
 * rows are borrowed for the call; a callback's non-zero return ends the reading and is returned.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "storage/incident.h"
#include "storage/store.h"

/* Ids of alerts are opaque texts "SITE-aNUMBER". Returns ret_text. */
char *outbox_id_format(
	const struct store *store, int64_t number, char ret_text[STORE_ID_MAX]);
/* Returns 0, or -EINVAL for an id that is no alert's of this store. */
int outbox_id_parse(const struct store *store, const char *id, int64_t *ret_number)
	__attribute__((warn_unused_result));

/* --- notices --- */

struct outbox_notice {
	const char *channel;
	int64_t incident;
	int event;
	enum incident_severity severity;
	int64_t at; /* since when it waits */
};

/* One that waits for the same channel and incident becomes this one, waiting since then. */
void outbox_put_notice(struct store *store, const struct outbox_notice *notice);
void outbox_drop_notice(struct store *store, const char *channel, int64_t incident);
/* Drops all of a channel: it has left the configuration. */
void outbox_drop_notices(struct store *store, const char *channel);
typedef int (*outbox_notice_fn)(void *owner, const struct outbox_notice *notice);
/* Of a channel (most severe first, then by incident), or with channel NULL all of an incident. */
int outbox_notices(struct store *store, const char *channel, int64_t incident,
	outbox_notice_fn fn, void *owner) __attribute__((warn_unused_result));

/* What waits for a channel by what happened, most first; at most `most` rows. */
struct outbox_group {
	enum incident_kind kind;
	const char *to_operators;
	uint64_t count;
};
typedef int (*outbox_group_fn)(void *owner, const struct outbox_group *group);
int outbox_groups(struct store *store, const char *channel, size_t most,
	outbox_group_fn fn, void *owner) __attribute__((warn_unused_result));
/* The incidents that wait for a channel, most severe first. */
struct outbox_named {
	int64_t incident;
	const uint8_t *domain; /* NULL: of kind SELF */
	enum incident_kind kind;
	const char *to_operators;
};
typedef int (*outbox_named_fn)(void *owner, const struct outbox_named *named);
int outbox_each_named(struct store *store, const char *channel, outbox_named_fn fn,
	void *owner) __attribute__((warn_unused_result));

/* All notices of a channel together. */
struct outbox_pending {
	const char *channel;
	uint64_t count;
	int64_t first_at;
	int64_t critical_at; /* the first critical one; 0: none */
};
typedef int (*outbox_pending_fn)(void *owner, const struct outbox_pending *pending);
int outbox_each_pending(struct store *store, outbox_pending_fn fn, void *owner)
	__attribute__((warn_unused_result));

/* --- what a channel knows --- */

struct outbox_told {
	const char *channel;
	int64_t incident;
	int64_t at; /* last told */
	enum incident_kind kind; /* as it was then */
	enum incident_severity severity; /* the highest that was told */
	enum incident_state state;
	uint64_t recipients;
	int64_t first_alert; /* number; later ones thread under it */
	int64_t last_alert;
};

/* Inserts or updates; `first_alert` of one that is known stays. */
void outbox_tell(struct store *store, const struct outbox_told *told);
typedef int (*outbox_told_fn)(void *owner, const struct outbox_told *told);
int outbox_each_told(struct store *store, int64_t incident, outbox_told_fn fn,
	void *owner) __attribute__((warn_unused_result));
/* Of a channel: incidents that go on, that nobody has acknowledged, that no notice refers to and
 * that it was last told of at `before` or earlier; at most `most` of them. */
int outbox_stale(struct store *store, const char *channel, int64_t before, size_t most,
	outbox_told_fn fn, void *owner) __attribute__((warn_unused_result));

/* Incidents of which there may be more to tell: those that are not closed, and those of which
 * somebody does not know that they are. By number. */
typedef int (*outbox_number_fn)(void *owner, int64_t incident);
int outbox_each_open(struct store *store, outbox_number_fn fn, void *owner)
	__attribute__((warn_unused_result));

/* --- alerts and their handovers --- */

enum outbox_state {
	OUTBOX_WAITING = 1,
	OUTBOX_SENT = 2,
	OUTBOX_REFUSED = 3, /* for good, by the other side */
	OUTBOX_EXPIRED = 4, /* nobody took it in time */
};
/* "waiting", ... Static. */
const char *outbox_state_name(enum outbox_state state);

struct outbox_alert {
	int64_t number;
	const char *channel;
	const char *fallback; /* channel that is told where this one fails; "" for none */
	int event;
	int64_t at;
	int64_t thread; /* number of the alert that it follows; 0: none */
	const char *subject;
	const char *note; /* what it says beside its incidents; "" for nothing */
	const void *body; /* NULL where it was let go of, or not composed yet */
	size_t body_len;
	uint64_t incidents;
};

/* The number of the next alert: its bytes name it. */
int64_t outbox_next_alert(struct store *store);
/* Inserts one, or replaces subject and bytes of it. */
void outbox_put_alert(struct store *store, const struct outbox_alert *alert);
/* An incident that the alert tells of. */
void outbox_put_case(struct store *store, int64_t alert, int64_t incident, int event);
/* The notices of a channel, or with an incident that one alone, have become cases of an alert:
 * they go, and the channel knows of the incidents what they are now. */
void outbox_settle(struct store *store, const char *channel, int64_t incident,
	int64_t alert, int64_t at);
/* -ENOENT where there is none. */
typedef int (*outbox_alert_fn)(void *owner, const struct outbox_alert *alert);
int outbox_get_alert(struct store *store, int64_t number, outbox_alert_fn fn, void *owner)
	__attribute__((warn_unused_result));
/* Most severe first. */
typedef int (*outbox_case_fn)(void *owner, int64_t incident, int event);
int outbox_cases(struct store *store, int64_t alert, outbox_case_fn fn, void *owner)
	__attribute__((warn_unused_result));
/* Alerts of a channel at or after an instant, and when its last one and its nth last one were
 * made: 0 where there are not so many. */
struct outbox_pace {
	int64_t last_at;
	int64_t nth_at;
};
int outbox_pace(struct store *store, const char *channel, uint64_t nth,
	struct outbox_pace *ret_pace) __attribute__((warn_unused_result));

struct outbox_handover {
	int64_t number;
	int64_t alert;
	const char *channel;
	const char *recipient; /* "" where the channel has but one */
	enum outbox_state state;
	uint64_t attempts;
	int64_t made_at;
	int64_t next_at; /* waiting: not before */
	int64_t done_at; /* 0 while waiting */
	int code; /* of the last reply; 0: none */
	const char *error; /* of the last attempt; foreign text; "" for none */
};

/* Returns the number. */
int64_t outbox_put_handover(struct store *store, int64_t alert, const char *channel,
	const char *recipient, int64_t at);
typedef int (*outbox_handover_fn)(void *owner, const struct outbox_handover *handover);
/* Waiting ones of a channel whose time has come, longest due first. */
int outbox_due(struct store *store, const char *channel, int64_t now, size_t most,
	outbox_handover_fn fn, void *owner) __attribute__((warn_unused_result));
/* When the next one that waits is due, of all channels; 0: none waits. */
int outbox_next_at(struct store *store, int64_t *ret_at)
	__attribute__((warn_unused_result));
/* -ENOENT where there is none. */
int outbox_get_handover(struct store *store, int64_t number, outbox_handover_fn fn,
	void *owner) __attribute__((warn_unused_result));
/* Writes what has become of one: state, attempts, next_at, done_at, code and error. */
void outbox_record(struct store *store, const struct outbox_handover *handover);

/* Instants and numbers that whoever sends has to remember. */
void outbox_put_mark(struct store *store, const char *key, int64_t value);
/* 0 where there is none. */
int outbox_mark(struct store *store, const char *key, int64_t *ret_value)
	__attribute__((warn_unused_result));
