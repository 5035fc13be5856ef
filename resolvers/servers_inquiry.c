/* SPDX-License-Identifier: MIT */
#include "resolvers/servers_inquiry.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "resolvers/name.h"
#include "resolvers/servers_message.h"
#include "resolvers/wire.h"

#define TRIES 3
#define STEPS 16
#define DEPTH 3 /* of asking for the address of a name server to ask for ... */
#define HOSTS 2 /* of a cut without addresses that are asked for */
#define TARGETS 16

enum {
	RCODE_FORMERR = 1,
	RCODE_SERVFAIL = 2,
	RCODE_NXDOMAIN = 3,
};

struct servers_inquiry {
	TAILQ_ENTRY(servers_inquiry) link;
	struct servers_inquiry_list *list; /* that it is in */
	struct servers_asker *asker;
	servers_report_fn report;
	void *owner;
	uint8_t name[NAME_WIRE_MAX];
	uint8_t zone[NAME_WIRE_MAX]; /* whose servers are asked; the root at first */
	uint16_t type;
	struct endpoint targets[TARGETS];
	size_t targets_len;
	size_t first; /* the target of the first try */
	unsigned tries; /* made on these targets */
	unsigned steps;
	unsigned depth;
	unsigned waits; /* for so many inquiries of addresses */
	bool bootstrap; /* targets are the bootstrap servers */
	bool tcp;
	bool plain;
	enum answer_state failure; /* the last */
	struct servers_message *referral; /* owned */
};

static void move(struct servers_inquiry *inquiry, struct servers_inquiry_list *list)
{
	if (inquiry->list != NULL)
		TAILQ_REMOVE(inquiry->list, inquiry, link);
	inquiry->list = list;
	TAILQ_INSERT_TAIL(list, inquiry, link);
}

static void free_inquiry(struct servers_inquiry *inquiry)
{
	free(inquiry->referral);
	free(inquiry);
}

static void end(struct servers_inquiry *inquiry, const struct servers_message *answer)
{
	struct servers_report report = {
		.state = answer != NULL ? ANSWER_NONE : inquiry->failure,
		.answer = answer,
		.referral = inquiry->referral,
	};
	TAILQ_REMOVE(inquiry->list, inquiry, link);
	inquiry->report(inquiry->owner, &report); /* may begin others, and pump */
	free_inquiry(inquiry);
}

static void begin_step(struct servers_inquiry *inquiry)
{
	inquiry->tries = 0;
	inquiry->tcp = false;
	inquiry->plain = false;
	inquiry->failure = ANSWER_NETWORK;
	move(inquiry, &inquiry->asker->line);
}

static size_t current(const struct servers_inquiry *inquiry)
{
	return (inquiry->first + inquiry->tries) % inquiry->targets_len;
}

static void try_next(struct servers_inquiry *inquiry, enum answer_state failure)
{
	inquiry->failure = failure;
	inquiry->tries++;
	inquiry->tcp = false;
	inquiry->plain = false;
	if (inquiry->tries < TRIES)
		move(inquiry, &inquiry->asker->line);
	else
		end(inquiry, NULL);
}

static void add_target(struct servers_inquiry *inquiry, const struct endpoint *address)
{
	if (inquiry->targets_len < TARGETS)
		inquiry->targets[inquiry->targets_len++] = *address;
}

static int start(struct servers_asker *asker, const uint8_t *name, uint16_t type,
	unsigned depth, servers_report_fn report, void *owner)
{
	struct servers_inquiry *inquiry = calloc(1, sizeof *inquiry);
	if (inquiry == NULL)
		return -ENOMEM;
	inquiry->asker = asker;
	inquiry->report = report;
	inquiry->owner = owner;
	inquiry->type = type;
	inquiry->depth = depth;
	memcpy(inquiry->name, name, name_length(name));
	for (size_t i = 0; i < asker->bootstraps; i++)
		add_target(inquiry, &asker->bootstrap[i]);
	inquiry->first = asker->good;
	inquiry->bootstrap = true;
	begin_step(inquiry);
	return 0;
}

/* The addresses of a name server without glue have been asked for. */
static void on_addresses(void *owner, const struct servers_report *report)
{
	struct servers_inquiry *inquiry = owner;
	if (report->answer != NULL)
		for (size_t i = 0; i < report->answer->addresses_len; i++)
			add_target(inquiry, &report->answer->addresses[i]);
	if (--inquiry->waits > 0)
		return;
	if (inquiry->targets_len > 0)
		begin_step(inquiry);
	else
		end(inquiry, NULL);
}

/* Asks for the addresses of a cut's name servers, where they did not come with it. Those within
 * the cut can be found by nobody. */
static void chase_hosts(
	struct servers_inquiry *inquiry, const struct servers_message *referral)
{
	inquiry->failure = ANSWER_SERVFAIL;
	move(inquiry, &inquiry->asker->others);
	size_t asked = 0;
	for (size_t i = 0; inquiry->depth < DEPTH && i < referral->hosts_len; i++) {
		const uint8_t *host = referral->hosts[i];
		if (asked == HOSTS || name_is_below(host, referral->cut))
			continue;
		asked++;
		if (start(inquiry->asker, host, WIRE_TYPE_A, inquiry->depth + 1,
			    on_addresses, inquiry) == 0)
			inquiry->waits++;
		if (start(inquiry->asker, host, WIRE_TYPE_AAAA, inquiry->depth + 1,
			    on_addresses, inquiry) == 0)
			inquiry->waits++;
	}
	if (inquiry->waits == 0)
		end(inquiry, NULL);
}

/* A referral leads down: to a cut below the zone whose server gives it. */
static bool is_progress(
	const struct servers_inquiry *inquiry, const struct servers_message *message)
{
	return message->has_cut && name_is_below(message->cut, inquiry->zone) &&
		!name_equal(message->cut, inquiry->zone);
}

static void follow(struct servers_inquiry *inquiry, const struct servers_message *message)
{
	if (inquiry->referral == NULL)
		inquiry->referral = malloc(sizeof *inquiry->referral);
	if (inquiry->referral == NULL || ++inquiry->steps > STEPS) {
		inquiry->failure = ANSWER_SERVFAIL;
		end(inquiry, NULL);
		return;
	}
	*inquiry->referral = *message;
	inquiry->bootstrap = false;
	inquiry->targets_len = 0;
	for (size_t i = 0; i < message->glue_len; i++)
		if (name_is_below(message->hosts[message->glue[i].host], inquiry->zone))
			add_target(inquiry, &message->glue[i].address);
	memcpy(inquiry->zone, message->cut, name_length(message->cut));
	/* Whoever asks next begins with another of them. */
	inquiry->first = (size_t)inquiry->asker->turn++;
	if (inquiry->targets_len > 0)
		begin_step(inquiry);
	else
		chase_hosts(inquiry, inquiry->referral);
}

static void again(struct servers_inquiry *inquiry, bool tcp, bool plain)
{
	inquiry->tcp = tcp;
	inquiry->plain = plain;
	move(inquiry, &inquiry->asker->line);
}

static void judge(struct servers_inquiry *inquiry, const struct servers_message *message)
{
	bool trusted = (message->flags & WIRE_AA) != 0 ||
		(inquiry->bootstrap && (message->flags & WIRE_RA) != 0);
	bool negative = message->has_soa || message->alias || message->answered ||
		(message->flags & WIRE_AA) != 0;
	if (message->malformed)
		try_next(inquiry, ANSWER_MALFORMED);
	else if (message->rcode == RCODE_SERVFAIL)
		try_next(inquiry, ANSWER_SERVFAIL);
	else if (message->rcode == RCODE_FORMERR && !inquiry->plain)
		again(inquiry, inquiry->tcp, true); /* a server from before EDNS */
	else if (message->rcode != 0 && message->rcode != RCODE_NXDOMAIN)
		try_next(inquiry, ANSWER_REFUSED);
	else if (message->rcode == 0 && !negative && is_progress(inquiry, message))
		follow(inquiry, message);
	else if (trusted)
		end(inquiry, message);
	else
		try_next(inquiry, ANSWER_REFUSED);
}

static void on_reply(void *owner, uint64_t cookie, const struct channel_reply *reply)
{
	(void)cookie;
	struct servers_inquiry *inquiry = owner;
	struct servers_asker *asker = inquiry->asker;
	struct wire_head head;
	asker->flying--;
	asker->now_mono_ms = reply->at_mono_ms;
	if (reply->outcome == CHANNEL_TIMEOUT) {
		try_next(inquiry, ANSWER_TIMEOUT);
	} else if (reply->outcome == CHANNEL_NETWORK) {
		try_next(inquiry, ANSWER_NETWORK);
	} else if (!reply->tcp && wire_read_head(reply->msg, reply->len, &head) &&
		head.flags & WIRE_TC) {
		again(inquiry, true, inquiry->plain);
	} else {
		struct servers_message message;
		servers_message_read(reply->msg, reply->len, inquiry->name, inquiry->type,
			asker->port, &message);
		if (inquiry->bootstrap)
			asker->good = current(inquiry);
		judge(inquiry, &message);
	}
	servers_asker_pump(asker);
}

static int ask(struct servers_asker *asker, struct servers_inquiry *inquiry)
{
	struct channel_query query = {
		.server = inquiry->targets[current(inquiry)],
		.name = inquiry->name,
		.type = inquiry->type,
		.recursion = inquiry->bootstrap,
		.tcp = inquiry->tcp,
		.plain = inquiry->plain,
		.priority = true,
	};
	return channel_ask(
		asker->channel, &query, asker->now_mono_ms, on_reply, inquiry, 0);
}

void servers_asker_pump(struct servers_asker *asker)
{
	struct servers_inquiry *inquiry;
	while (asker->flying < SERVERS_FLYING &&
		(inquiry = TAILQ_FIRST(&asker->line)) != NULL) {
		if (inquiry->targets_len == 0) {
			end(inquiry, NULL);
			continue;
		}
		int error = ask(asker, inquiry);
		if (error == -EAGAIN)
			return;
		if (error < 0) {
			try_next(inquiry, ANSWER_NETWORK);
			continue;
		}
		asker->flying++;
		move(inquiry, &asker->others);
	}
}

int servers_inquire(struct servers_asker *asker, const uint8_t *name, uint16_t type,
	servers_report_fn report, void *owner)
{
	return start(asker, name, type, 0, report, owner);
}

int servers_asker_set_bootstrap(
	struct servers_asker *asker, const struct endpoint *bootstrap, size_t bootstraps)
{
	struct endpoint *copy = calloc(bootstraps + 1, sizeof *copy);
	if (copy == NULL)
		return -ENOMEM;
	if (bootstraps > 0)
		memcpy(copy, bootstrap, bootstraps * sizeof *copy);
	free(asker->bootstrap);
	asker->bootstrap = copy;
	asker->bootstraps = bootstraps;
	asker->good = 0;
	return 0;
}

int servers_asker_init(struct servers_asker *ret_asker, struct channel *channel,
	const struct endpoint *bootstrap, size_t bootstraps, uint16_t port)
{
	*ret_asker = (struct servers_asker){.channel = channel, .port = port};
	TAILQ_INIT(&ret_asker->line);
	TAILQ_INIT(&ret_asker->others);
	return servers_asker_set_bootstrap(ret_asker, bootstrap, bootstraps);
}

static void free_all(struct servers_inquiry_list *list)
{
	struct servers_inquiry *inquiry;
	while ((inquiry = TAILQ_FIRST(list)) != NULL) {
		TAILQ_REMOVE(list, inquiry, link);
		free_inquiry(inquiry);
	}
}

void servers_asker_finish(struct servers_asker *asker)
{
	free_all(&asker->line);
	free_all(&asker->others);
	free(asker->bootstrap);
	asker->bootstrap = NULL;
}
