/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * herald_inside — what the files of herald share. Private to them.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "alerts/policy.h"
#include "monitor/herald.h"
#include "storage/outbox.h"

#define HERALD_CASES_MOST 200 /* that one alert lists; more are counted */
#define HERALD_ADDRESSES_MOST 10000 /* of one alert, to re-activate */
#define HERALD_UNDERWAY_MOST 8 /* handovers of a channel that the carrier has */

/* A channel, and what is known of it while an incident is judged. */
struct herald_channel {
	const struct channel *channel; /* borrowed from the configuration */
	int64_t group_wait_ms; /* the shortest of its routes */
	int64_t repeat_ms; /* the shortest of its routes; 0: none */
	bool told;
	int pending; /* event of the notice that waits; 0: none */
	struct policy_told knows;
};

struct herald {
	struct herald_options options;
	const struct conf *conf;
	struct herald_channel *channels; /* owned */
	size_t channels_len;
	struct policy_route *routes; /* owned, with what it points to */
	size_t routes_len;
	struct tagbook *tagbook; /* owned; NULL: no route asks for tags */
	size_t self_channel; /* that is told of ourselves; POLICY_NONE */
	size_t domains; /* that are watched */
	int64_t watched_at; /* since when */
	bool polling; /* polls are made and written */
	int64_t check_at; /* when to look after ourselves */
	int64_t check_mail_at;
	int64_t heartbeat_at;
	int64_t prune_at; /* when to let go of old alerts */
	int64_t repeats_at; /* when to look for what is to be told again */
	int64_t *underway; /* owned; numbers of handovers that the carrier has */
	size_t underway_len;
	size_t underway_room;
	struct deliver_result *results; /* owned; taken, not written yet */
	size_t results_len;
	size_t results_room;
	int64_t bare; /* an alert that waits without its bytes; 0: none */
	int64_t tested; /* the latest alert that was a test */
	bool troubled; /* that the store does not write has been logged */
};

/* --- herald.c --- */
/* Index of a channel by name; POLICY_NONE without one. */
size_t herald_channel(const struct herald *herald, const char *name);
/* Commits; an error is logged once until one succeeds. Returns whether it did. */
bool herald_commit(struct herald *herald, int64_t now);

/* --- herald_route.c --- */
/* Reads the routes of a configuration. Returns 0 or -ENOMEM, nothing being changed. */
int herald_load_routes(struct herald *herald, const struct conf *conf)
	__attribute__((warn_unused_result));
void herald_drop_routes(struct herald *herald);

/* --- herald_notice.c --- */
/* Judges by number, in a transaction; one that is gone is passed over. */
void herald_judge(struct herald *herald, int64_t number);
/* Notices of what is to be told again, in a transaction of its own. */
void herald_repeat(struct herald *herald, int64_t now);
/* The first route that leads an incident to a channel; POLICY_NONE. */
size_t herald_route(
	const struct herald *herald, const struct incident *incident, size_t channel);

/* --- herald_compose.c --- */
/* What an alert is made of. */
struct herald_alert {
	size_t channel;
	enum alert_event event; /* without cases */
	const struct herald_case *cases;
	size_t cases_len;
	uint64_t more;
	const struct herald_crowd *crowd; /* where there are more; NULL */
	int64_t thread;
	const char *fallback;
	const char *note; /* NULL: none */
	int64_t again; /* number of one whose bytes were let go of; 0: a new one */
};
struct herald_case {
	int64_t incident;
	enum alert_event event;
};
/* Composes and puts it with its handovers, in the open transaction, whose errors stick.
 * Returns its number. */
int64_t herald_put(struct herald *herald, const struct herald_alert *alert, int64_t now);
/* Makes alerts of a channel's notices, in a transaction of its own. */
void herald_gather(struct herald *herald, size_t channel, int64_t now);

/* --- herald_crowd.c --- */
#define HERALD_GROUPS_MOST 20
/* All that waits for a channel, where it is more than one alert tells of singly. */
struct herald_crowd {
	struct alert_group groups[HERALD_GROUPS_MOST]; /* most first */
	size_t groups_len;
	char *list; /* owned; a line each */
};
/* Returns 0, -ENOMEM, or the error of a query. */
int herald_crowd_init(struct herald *herald, const char *channel,
	struct herald_crowd *ret_crowd) __attribute__((warn_unused_result));
/* Also for a zeroed one. */
void herald_crowd_finish(struct herald_crowd *crowd);

/* --- herald_hand.c --- */
/* Hands what is due to the carrier. */
void herald_hand_over(struct herald *herald, int64_t now);
/* Takes what has come back from it, and writes it. */
void herald_take_back(struct herald *herald, int64_t now);

/* --- herald_own.c --- */
/* Where nobody was reached by an alert, and nobody will be: tells the fallback, in the open
 * transaction. */
void herald_fall_back(struct herald *herald, int64_t alert, int64_t now);
/* Composes an alert anew that waits and has no bytes: somebody in it was to be forgotten. In a
 * transaction of its own. */
void herald_compose_again(struct herald *herald, int64_t alert, int64_t now);

/* --- herald_check.c --- */
/* Looks after ourselves, in transactions of its own. Returns when to do so again. */
int64_t herald_check(struct herald *herald, int64_t now);

/* --- herald_day.c --- */
/* What there is to say of a window up to now. Returned; free with free(). NULL where the store, or
 * memory, does not give it. */
char *herald_day(struct herald *herald, int64_t from, int64_t to);
