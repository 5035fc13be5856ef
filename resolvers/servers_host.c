/* SPDX-License-Identifier: MIT */
#include "resolvers/servers_host.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "resolvers/name.h"
#include "resolvers/wire.h"

#define BUCKETS 1024
#define TTL_LEAST 5
#define TTL_MOST 900
#define TTL_PARTIAL 60 /* where some servers could not be looked up */

struct waiter {
	STAILQ_ENTRY(waiter) link;
	servers_host_fn tell;
	void *owner;
	uint64_t cookie;
};

/* A look-up under way. */
struct lookup {
	LIST_ENTRY(lookup) link;
	struct servers_hosts *hosts;
	STAILQ_HEAD(, waiter) waiters;
	unsigned inquiries; /* not yet reported */
	enum answer_state failure; /* ANSWER_NONE where both were answered */
	bool exists; /* not NXDOMAIN */
	uint32_t ttl;
	size_t len;
	struct endpoint addresses[2 * SERVERS_ADDRESSES_MAX];
	uint8_t name[];
};

LIST_HEAD(lookup_list, lookup);

struct servers_hosts {
	struct servers_asker *asker;
	struct servers_sets *sets;
	struct servers_cache cache;
	struct lookup_list buckets[BUCKETS];
};

uint64_t servers_until(uint64_t now_mono_ms, uint32_t ttl, bool whole)
{
	uint32_t most = whole ? TTL_MOST : TTL_PARTIAL;
	if (ttl > most)
		ttl = most;
	if (ttl < TTL_LEAST)
		ttl = TTL_LEAST;
	return now_mono_ms + (uint64_t)ttl * 1000;
}

int servers_hosts_create(struct servers_asker *asker, struct servers_sets *sets,
	struct servers_hosts **ret_hosts)
{
	struct servers_hosts *hosts = calloc(1, sizeof *hosts);
	if (hosts == NULL)
		return -ENOMEM;
	int error = servers_cache_init(&hosts->cache, SERVERS_CACHE_MAX);
	if (error < 0) {
		free(hosts);
		return error;
	}
	hosts->asker = asker;
	hosts->sets = sets;
	for (size_t i = 0; i < BUCKETS; i++)
		LIST_INIT(&hosts->buckets[i]);
	*ret_hosts = hosts;
	return 0;
}

static void free_lookup(struct lookup *lookup)
{
	struct waiter *waiter;
	while ((waiter = STAILQ_FIRST(&lookup->waiters)) != NULL) {
		STAILQ_REMOVE_HEAD(&lookup->waiters, link);
		free(waiter);
	}
	free(lookup);
}

void servers_hosts_destroy(struct servers_hosts *hosts)
{
	if (hosts == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++) {
		struct lookup *lookup;
		while ((lookup = LIST_FIRST(&hosts->buckets[i])) != NULL) {
			LIST_REMOVE(lookup, link);
			free_lookup(lookup);
		}
	}
	servers_cache_finish(&hosts->cache);
	free(hosts);
}

/* Both inquiries have reported: remembers what was found and tells those who wait. */
static void conclude(struct lookup *lookup)
{
	struct servers_hosts *hosts = lookup->hosts;
	uint64_t now = hosts->asker->now_mono_ms;
	bool found = lookup->len > 0;
	bool whole = lookup->failure == ANSWER_NONE;
	uint32_t ttl = lookup->ttl;
	if (!found)
		ttl = whole ? TTL_PARTIAL : TTL_LEAST;
	struct servers_entry value = {
		.set = servers_sets_intern(hosts->sets, lookup->addresses, lookup->len),
		.until_mono_ms = servers_until(now, ttl, whole),
		.state = (uint8_t)lookup->failure,
	};
	if (whole && !found)
		value.state = lookup->exists ? ANSWER_NODATA : ANSWER_NXDOMAIN;
	servers_cache_put(&hosts->cache, lookup->name, &value, now);
	LIST_REMOVE(lookup, link);
	struct waiter *waiter;
	STAILQ_FOREACH(waiter, &lookup->waiters, link)
	waiter->tell(waiter->owner, waiter->cookie, &value);
	servers_release(value.set);
	free_lookup(lookup);
}

static void on_report(void *owner, const struct servers_report *report)
{
	struct lookup *lookup = owner;
	const struct servers_message *answer = report->answer;
	if (answer == NULL) {
		lookup->failure = report->state;
	} else if (!answer->alias) {
		memcpy(lookup->addresses + lookup->len, answer->addresses,
			answer->addresses_len * sizeof *answer->addresses);
		lookup->len += answer->addresses_len;
		if (answer->answered && answer->ttl < lookup->ttl)
			lookup->ttl = answer->ttl;
	}
	if (answer != NULL && answer->rcode == 0)
		lookup->exists = true;
	if (--lookup->inquiries == 0)
		conclude(lookup);
}

static struct lookup_list *bucket_of(struct servers_hosts *hosts, const uint8_t *name)
{
	struct digest digest = digest_bytes(&hosts->cache.key, name, name_length(name));
	return &hosts->buckets[digest.lo % BUCKETS];
}

static struct lookup *begin(struct servers_hosts *hosts, const uint8_t *name)
{
	struct lookup *lookup = calloc(1, sizeof *lookup + name_length(name));
	if (lookup == NULL)
		return NULL;
	lookup->hosts = hosts;
	lookup->ttl = UINT32_MAX;
	memcpy(lookup->name, name, name_length(name));
	STAILQ_INIT(&lookup->waiters);
	if (servers_inquire(hosts->asker, name, WIRE_TYPE_A, on_report, lookup) < 0) {
		free(lookup);
		return NULL;
	}
	lookup->inquiries = 1;
	if (servers_inquire(hosts->asker, name, WIRE_TYPE_AAAA, on_report, lookup) < 0)
		lookup->failure = ANSWER_NETWORK;
	else
		lookup->inquiries = 2;
	LIST_INSERT_HEAD(bucket_of(hosts, name), lookup, link);
	return lookup;
}

int servers_host_find(struct servers_hosts *hosts, const uint8_t *name, bool fresh,
	servers_host_fn tell, void *owner, uint64_t cookie)
{
	const struct servers_entry *known =
		servers_cache_find(&hosts->cache, name, hosts->asker->now_mono_ms);
	if (known != NULL && !fresh) {
		tell(owner, cookie, known);
		return 0;
	}
	struct waiter *waiter = malloc(sizeof *waiter);
	if (waiter == NULL)
		return -ENOMEM;
	*waiter = (struct waiter){.tell = tell, .owner = owner, .cookie = cookie};
	struct lookup *lookup;
	LIST_FOREACH(lookup, bucket_of(hosts, name), link)
	if (name_equal(lookup->name, name))
		break;
	if (lookup == NULL)
		lookup = begin(hosts, name);
	if (lookup == NULL) {
		free(waiter);
		return -ENOMEM;
	}
	STAILQ_INSERT_TAIL(&lookup->waiters, waiter, link);
	return 0;
}
