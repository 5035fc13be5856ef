/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * hosts — the mail hosts that were named, each once: who runs it, and in which networks it is.
 * Sets of exchanges too are kept once: most domains share theirs with many others.
 * What is found stays for the life of the table, so pointers compare as identities.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "monitor/decide/lexicon.h"
#include "monitor/operators.h"

struct endpoint;
struct mxset;

#define HOST_NETWORKS 8
#define HOSTS_ANSWERED 256 /* addresses remembered as text, a power of two */

struct host {
	const char *name; /* owned; text, lower case, no final dot */
	const struct operator_entry *run_by;
	uint64_t networks[HOST_NETWORKS]; /* the latest first */
	unsigned networks_len;
	bool touched; /* networks became others since they were last remembered */
	struct host *touched_next;
};

struct exchange_host {
	struct host *host;
	uint16_t preference;
};

/* By preference and name; a null MX is one entry without a host. */
struct exchanges {
	const uint8_t *bytes; /* canonical, see mxset_encode() */
	size_t bytes_len;
	size_t len;
	struct exchange_host hosts[];
};

/* An address that answered, as text, the network it is in, and who it was the last time. */
struct hosts_answered {
	char address[48];
	uint64_t network;
	struct host *host; /* NULL: not known */
};

struct hosts {
	struct operators *operators; /* borrowed */
	struct lexicon by_name;
	struct lexicon by_set;
	struct host *touched; /* first of a list */
	void **owned; /* everything that is to be freed */
	size_t owned_len;
	size_t owned_room;
	struct hosts_answered answered[HOSTS_ANSWERED];
};

void hosts_init(struct hosts *hosts, struct operators *operators);
void hosts_finish(struct hosts *hosts);
/* NULL for want of memory. */
struct host *hosts_get(struct hosts *hosts, const char *name);
const struct exchanges *hosts_get_set(struct hosts *hosts, const struct mxset *set);
/* The network of an address given as text, 0 where it is none. */
uint64_t hosts_network(struct hosts *hosts, const char *address);
/* Who answered a mail server, in its words. Names come from outside and go into sentences: the
 * host is NULL where it is none, and its network 0. Returns 0 or -ENOMEM. */
int hosts_get_answered(struct hosts *hosts, const char *name, const char *address,
	struct host **ret_host, uint64_t *ret_network)
	__attribute__((warn_unused_result));
struct host *hosts_find(const struct hosts *hosts, const char *name);
/* The host has, or had, an address in this network. Whether that is news. */
bool host_add_network(struct host *host, uint64_t network);
/* The same, of long ago: where there is room. */
void host_add_old_network(struct host *host, uint64_t network);
void hosts_touch(struct hosts *hosts, struct host *host);
bool exchanges_have(const struct exchanges *set, const struct host *host);
