/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * poller_inside — what the files of the poller share; nobody else includes this.
 * Everything here belongs to the poller's thread.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <uv.h>

#include "monitor/deviant.h"
#include "monitor/pace.h"
#include "monitor/poller.h"
#include "monitor/schedule.h"
#include "resolvers/answer.h"
#include "resolvers/channel.h"
#include "resolvers/servers.h"

struct view {
	const struct conf_view *conf;
	struct servers_set *set; /* owned; of a recursive view, never NULL there */
	struct servers *servers; /* owned; of an authoritative view */
};

#define POLLER_OUTSTANDING 8192 /* queries at once */

struct command;
struct round;
struct chase;

struct poller {
	struct poller_options options;
	pthread_t thread;
	bool started;
	pthread_mutex_t lock; /* guards commands */
	struct command *commands; /* newest first */
	atomic_bool stopping;

	bool has_loop;
	bool told_done;
	bool dead; /* being destroyed: what still comes back is not judged */
	uv_loop_t loop;
	uv_timer_t timer;
	uv_async_t wake;
	uv_prepare_t turn;
	bool clock_is_read; /* in this turn */
	uv_poll_t **watches; /* by descriptor */
	size_t watches_len;

	struct channel *channel;
	struct schedule *schedule;
	struct pace *pace;
	struct digest_key key;
	struct timeline timeline;
	struct interruption interruption;
	uint64_t now; /* monotonic ms, read once a turn */
	uint64_t random;
	struct view *views;
	size_t views_len;
	struct target_group *groups;
	size_t groups_len;
	struct target *targets; /* by local index */
	size_t targets_len; /* whole blocks */
	uint8_t *names; /* wire names one after another */
	size_t names_len;
	size_t names_capacity;
	uint8_t *dirty; /* a flag for each block */
	size_t flush_next;
	uint64_t flush_mono_ms; /* when the next share of pulses is due */
	struct deviants deviants;
	struct round *rounds; /* under way */
	struct chase *chases; /* under way */
	uint64_t unpolled; /* active targets not polled since the start */
	struct poller_tally tally;
};

/* A reply that was read: what one server says of a target. */
struct sight {
	const struct channel_reply *reply;
	const uint8_t *
		name; /* that was asked for: the target's, or the end of its CNAME chain */
	struct wire_summary summary;
	int64_t at;
};

static inline const uint8_t *target_name(
	const struct poller *poller, const struct target *target)
{
	return poller->names + target->name;
}

static inline const struct target_group *target_group(
	const struct poller *poller, const struct target *target)
{
	return &poller->groups[target->group];
}

static inline struct view *target_view(
	const struct poller *poller, const struct target *target)
{
	return &poller->views[poller->groups[target->group].view];
}

/* Whether addresses of an exchange are asked for: of these no server is kept apart. */
bool target_is_address(const struct poller *poller, const struct target *target);
int64_t poller_point_number(const struct poller *poller, uint32_t index);
/* Reads the clocks into `now` and the timeline; notes suspension and steps. Returns the instant. */
int64_t poller_read_clock(struct poller *poller);
void poller_mark_dirty(struct poller *poller, uint32_t index);
void poller_obey(struct poller *poller); /* does what the loop thread has asked for */
/* Tells every pulse that has changed, and those of servers that are kept apart. */
void poller_flush_all(struct poller *poller);
void poller_touch_deviants(struct poller *poller);

/* Finds the servers of a target's view; done is called once, from within where they are known.
 * fresh walks to the zone again. */
void view_find(struct poller *poller, uint32_t index, bool fresh, servers_done_fn done,
	void *owner, uint64_t cookie);
/* Looks for the domain's servers anew, in every authoritative view, for the polls to come. */
void view_walk_again(struct poller *poller, uint32_t index);
/* Reads a reply about name; what cannot be used from this kind of view is a failure. */
void view_read(const struct poller *poller, uint32_t index, const uint8_t *name,
	const struct channel_reply *reply, struct wire_summary *ret_summary);
/* Whether a reply wants its question asked in another way: cut short, over TCP; not understood,
 * without EDNS. These are what was tried, and become what to try. */
bool view_wants_other_way(const struct channel_reply *reply, bool *tcp, bool *plain);
/* Whether the answer ends in an alias that has to be asked for elsewhere. */
bool view_wants_chase(const struct view *view, const struct wire_summary *summary);
/* The TTL that is kept with a span: that of its RRset, UINT32_MAX without one. */
uint32_t view_span_ttl(const struct wire_summary *summary);
unsigned view_span_flags(const struct view *view, const struct wire_summary *summary);

/* poll.c: asks whatever is due, as far as limits let. */
void poll_due(struct poller *poller);
/* Of a target that is not queued, and not BUSY. */
void poll_queue(struct poller *poller, uint32_t index, uint64_t due_mono_ms);
/* Ends the poll of a target and puts it back into the schedule. ttl: seconds for which the answer
 * cannot change, UINT32_MAX where not known. */
void poll_end(struct poller *poller, uint32_t index, uint32_t ttl);
/* A usable poll agreed with the open span. */
void poll_agree(struct poller *poller, uint32_t index, int64_t at, uint32_t ttl);
void poll_fail(
	struct poller *poller, uint32_t index, int64_t at, enum answer_state failure);
void poll_open(struct poller *poller, uint32_t index, const struct sight *first);

/* apart.c: the servers of deviant.h outside of rounds. */
bool apart_has(struct poller *poller, uint32_t index, const struct endpoint *server);
/* A server, one of `servers`, says nothing usable while its view is well: it is kept apart, and
 * its gap told once that has lasted. */
void apart_fail(struct poller *poller, uint32_t index, const struct endpoint *server,
	size_t servers, enum answer_state failure);
/* A server of the target's view has answered. Returns what it is kept apart for; NULL where it
 * speaks for the view, also when the view has come to what it said. */
struct deviant *apart_hear(
	struct poller *poller, uint32_t index, const struct endpoint *server, int64_t at);
/* Lets go of those that are no servers of the zone any more. */
void apart_drop_gone(
	struct poller *poller, uint32_t index, const struct servers_set *set);

/* chase.c: reads a target's reply, following a CNAME into the zone that it points to. done gets the
 * sight, at once or later, as if the first server had said all of it. */
typedef void (*chase_done_fn)(void *owner, uint64_t cookie, const struct sight *sight);
void chase_read(struct poller *poller, uint32_t index, const struct channel_reply *reply,
	chase_done_fn done, void *owner, uint64_t cookie);

/* round.c: starts the confirming round after a differing sight, or with `first` that of a domain
 * which has no span yet. ends_poll: the target's poll ends with the round. */
void round_start(struct poller *poller, uint32_t index, const struct sight *suspect,
	bool first, bool ends_poll);
/* Frees the rounds and chases under way, after the channel is gone. */
void round_drop_all(struct poller *poller);
void chase_drop_all(struct poller *poller);

/* tell.c: news. Without memory a piece is dropped, counted and logged.
 * Tells what a poll gave to record together with the news (NULL for none) that it belongs to: a
 * transaction takes all of it or nothing. Takes news. */
void tell_with_notes(struct poller *poller, struct news *news, uint32_t index,
	const struct target_notes *notes);
/* Tells that a point in the news is reached: DONE or FLUSHED. */
void tell_mark(struct poller *poller, enum news_kind kind);
/* Tells that a poll failed, unless two in a row were told; and that one after them did not. */
void tell_failure(
	struct poller *poller, uint32_t index, int64_t at, enum answer_state failure);
void tell_recovery(
	struct poller *poller, uint32_t index, int64_t at, int64_t not_before_at);
void tell_pulses(struct poller *poller, size_t block);
void tell_touch(struct poller *poller, const struct deviant *deviant);
void tell_server_gap(struct poller *poller, const struct deviant *deviant,
	enum news_kind kind, int64_t from, int64_t to, unsigned reason);
/* Starts a piece about a target; domain is filled. NULL without memory. */
struct news *tell_begin(struct poller *poller, uint32_t index, enum news_kind kind);
/* Copies what is recorded of an answer into the piece. */
void tell_answer(struct news *news, const struct answer *answer);
/* Copies a message into the piece. */
void tell_evidence(struct news *news, const struct channel_reply *reply, int64_t at);
void tell_end(struct poller *poller, struct news *news);
