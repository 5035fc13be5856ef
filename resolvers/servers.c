/* SPDX-License-Identifier: MIT */
#include "resolvers/servers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/queue.h>

#include "resolvers/servers_cache.h"
#include "resolvers/servers_host.h"
#include "resolvers/servers_inquiry.h"
#include "resolvers/servers_message.h"
#include "resolvers/servers_set.h"
#include "resolvers/wire.h"

#define BUCKETS 16384
#define WALKS 256
#define FAILURE_S 1 /* that a failed walk is not tried again */
#define LEAST_S 5 /* that found servers are kept, whatever their TTL */
#define PARTIAL_S 60
#define STALE_S 30

struct waiter {
	STAILQ_ENTRY(waiter) link;
	servers_done_fn done;
	void *owner;
	uint64_t cookie;
};

/* What only a walk that runs needs; many more may wait in line. */
struct work {
	const uint8_t *target; /* the apex we suppose, points into the domain */
	unsigned hosts; /* looked up now, and one while more are to come */
	enum answer_state failure; /* of a look-up, where no address is found */
	uint64_t until_mono_ms;
	struct servers_message zone; /* its name servers, and addresses beside them */
	size_t len;
	struct endpoint addresses[SERVERS_MAX];
};

struct walk {
	LIST_ENTRY(walk) link; /* with the same hash */
	TAILQ_ENTRY(walk) line;
	struct servers *servers;
	STAILQ_HEAD(, waiter) waiters;
	struct work *work; /* owned; NULL while in line */
	bool fresh;
	uint8_t domain[];
};

LIST_HEAD(walk_bucket, walk);
TAILQ_HEAD(walk_line, walk);

struct servers {
	struct servers_asker asker;
	struct servers_sets *sets;
	struct servers_hosts *hosts;
	struct servers_cache cache; /* by domain */
	struct walk_bucket buckets[BUCKETS];
	struct walk_line line;
	unsigned running;
	unsigned most;
};

int servers_create(const struct servers_options *options, struct servers **ret_servers)
{
	struct servers *servers = calloc(1, sizeof *servers);
	if (servers == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < BUCKETS; i++)
		LIST_INIT(&servers->buckets[i]);
	TAILQ_INIT(&servers->line);
	servers->most = options->walks > 0 ? options->walks : WALKS;
	int error = servers_asker_init(&servers->asker, options->channel,
		options->bootstrap, options->bootstraps, options->port);
	if (error == 0)
		error = servers_cache_init(&servers->cache, SERVERS_CACHE_MAX);
	if (error == 0)
		error = servers_sets_create(&servers->sets);
	if (error == 0)
		error = servers_hosts_create(
			&servers->asker, servers->sets, &servers->hosts);
	if (error < 0) {
		servers_destroy(servers);
		return error;
	}
	*ret_servers = servers;
	return 0;
}

static void free_walk(struct walk *walk)
{
	struct waiter *waiter;
	while ((waiter = STAILQ_FIRST(&walk->waiters)) != NULL) {
		STAILQ_REMOVE_HEAD(&walk->waiters, link);
		free(waiter);
	}
	free(walk->work);
	free(walk);
}

void servers_destroy(struct servers *servers)
{
	if (servers == NULL)
		return;
	servers_asker_finish(&servers->asker);
	servers_hosts_destroy(servers->hosts);
	for (size_t i = 0; i < BUCKETS; i++) {
		struct walk *walk;
		while ((walk = LIST_FIRST(&servers->buckets[i])) != NULL) {
			LIST_REMOVE(walk, link);
			free_walk(walk);
		}
	}
	servers_cache_finish(&servers->cache);
	servers_sets_destroy(servers->sets);
	free(servers);
}

int servers_set_bootstrap(
	struct servers *servers, const struct endpoint *bootstrap, size_t len)
{
	return servers_asker_set_bootstrap(&servers->asker, bootstrap, len);
}

/* Ends a walk: remembers what it has found and tells those who wait for it. */
static void conclude(struct walk *walk, const struct servers_entry *value)
{
	struct servers *servers = walk->servers;
	struct servers_found found = {
		.known = value->set != NULL,
		.state = (enum answer_state)value->state,
		.set = value->set,
		.apex = value->set != NULL ? walk->domain + value->apex_at : NULL,
		.until_mono_ms = value->until_mono_ms,
	};
	servers_cache_put(
		&servers->cache, walk->domain, value, servers->asker.now_mono_ms);
	LIST_REMOVE(walk, link);
	servers->running--;
	struct waiter *waiter;
	STAILQ_FOREACH(waiter, &walk->waiters, link)
	waiter->done(waiter->owner, waiter->cookie, &found);
	free_walk(walk);
}

/* A walk that fails takes nothing away: servers that were known before stay so for a while, as
 * a dead resolver of ours says nothing about them (RFC 8767). */
static void fail(struct walk *walk, enum answer_state state)
{
	struct servers *servers = walk->servers;
	uint64_t now = servers->asker.now_mono_ms;
	struct servers_entry value = {
		.state = (uint8_t)state, .until_mono_ms = now + FAILURE_S * 1000};
	const struct servers_entry *old =
		servers_cache_recall(&servers->cache, walk->domain);
	if (old != NULL && old->set != NULL && !answer_state_is_usable(state)) {
		value.set = servers_hold(old->set);
		value.apex_at = old->apex_at;
		value.until_mono_ms = now + STALE_S * 1000;
	}
	conclude(walk, &value);
	servers_release(value.set);
}

/* All name servers have been looked up. */
static void end_hosts(struct walk *walk)
{
	struct servers *servers = walk->servers;
	struct work *work = walk->work;
	if (work->len == 0) {
		fail(walk, work->failure);
		return;
	}
	const struct servers_set *set =
		servers_sets_intern(servers->sets, work->addresses, work->len);
	if (set == NULL) {
		fail(walk, ANSWER_NETWORK);
		return;
	}
	uint64_t least = servers->asker.now_mono_ms + LEAST_S * 1000;
	conclude(walk,
		&(struct servers_entry){
			.set = set,
			.apex_at = (uint8_t)(work->target - walk->domain),
			.until_mono_ms =
				work->until_mono_ms > least ? work->until_mono_ms : least,
		});
	servers_release(set);
}

static void add_address(struct work *work, const struct endpoint *address)
{
	for (size_t i = 0; i < work->len; i++)
		if (endpoint_equal(&work->addresses[i], address))
			return;
	if (work->len < SERVERS_MAX)
		work->addresses[work->len++] = *address;
}

static void limit_until(struct work *work, uint64_t until_mono_ms)
{
	if (until_mono_ms < work->until_mono_ms)
		work->until_mono_ms = until_mono_ms;
}

/* A name server inside the zone that could not be looked up: its parent's word counts. */
static void add_glue(struct work *work, size_t host)
{
	if (!name_is_below(work->zone.hosts[host], work->target))
		return;
	for (size_t i = 0; i < work->zone.glue_len; i++)
		if (work->zone.glue[i].host == host)
			add_address(work, &work->zone.glue[i].address);
}

static void advance(struct servers *servers);

static void on_host(void *owner, uint64_t host, const struct servers_entry *entry)
{
	struct walk *walk = owner;
	struct work *work = walk->work;
	struct servers *servers = walk->servers;
	uint64_t now = servers->asker.now_mono_ms;
	bool found = entry->set != NULL && entry->set->len > 0;
	for (size_t i = 0; found && i < entry->set->len; i++)
		add_address(work, &entry->set->addresses[i]);
	if (found) {
		limit_until(work, entry->until_mono_ms);
	} else {
		add_glue(work, host);
		limit_until(work, now + PARTIAL_S * 1000);
		work->failure = (enum answer_state)entry->state;
	}
	if (--work->hosts == 0) {
		end_hosts(walk);
		advance(servers);
	}
}

static void find_hosts(
	struct walk *walk, const uint8_t *apex, const struct servers_message *zone)
{
	struct work *work = walk->work;
	work->target = apex;
	work->zone = *zone;
	work->until_mono_ms =
		servers_until(walk->servers->asker.now_mono_ms, zone->ttl, true);
	work->failure = ANSWER_MALFORMED;
	work->hosts = 1;
	for (size_t i = 0; i < zone->hosts_len; i++) {
		work->hosts++;
		int error = servers_host_find(walk->servers->hosts, work->zone.hosts[i],
			walk->fresh, on_host, walk, i);
		if (error < 0)
			on_host(walk, i,
				&(struct servers_entry){.state = ANSWER_NETWORK});
	}
	if (--work->hosts == 0)
		end_hosts(walk);
}

/* The end of the domain that equals this name, which the domain is below. */
static const uint8_t *tail_of(const struct walk *walk, const uint8_t *name)
{
	return walk->domain + name_length(walk->domain) - name_length(name);
}

static void ask_apex(struct walk *walk);

static void climb(struct walk *walk, const uint8_t *apex)
{
	if (name_length(walk->work->target) == 1) {
		fail(walk, ANSWER_MALFORMED); /* a root without name servers */
		return;
	}
	walk->work->target = tail_of(walk, apex);
	ask_apex(walk);
}

/* Nobody of the zone answers for it. What its parent says of it is still its set of servers,
 * but a top-level domain or the root that fails is a failure of the walk. */
static void settle_for_parent(
	struct walk *walk, const struct servers_report *report, enum answer_state failure)
{
	const struct servers_message *referral = report->referral;
	if (referral == NULL || name_length(name_parent(referral->cut)) == 1)
		fail(walk, failure);
	else
		find_hosts(walk, tail_of(walk, referral->cut), referral);
}

static void on_apex(void *owner, const struct servers_report *report)
{
	struct walk *walk = owner;
	struct servers *servers = walk->servers;
	const struct servers_message *answer = report->answer;
	const uint8_t *target = walk->work->target;
	if (answer == NULL)
		settle_for_parent(walk, report, report->state);
	else if (answer->answered)
		find_hosts(walk, target, answer);
	else if (answer->has_soa && name_equal(answer->soa, target))
		settle_for_parent(walk, report, ANSWER_MALFORMED);
	else if (answer->has_soa && !answer->alias)
		climb(walk, answer->soa);
	else
		climb(walk, name_parent(target));
	advance(servers);
}

static void ask_apex(struct walk *walk)
{
	if (servers_inquire(&walk->servers->asker, walk->work->target, WIRE_TYPE_NS,
		    on_apex, walk) < 0)
		fail(walk, ANSWER_NETWORK);
}

/* Starts the walks in line while there is room, and lets the questions go. */
static void advance(struct servers *servers)
{
	struct walk *walk;
	while (servers->running < servers->most &&
		(walk = TAILQ_FIRST(&servers->line)) != NULL) {
		TAILQ_REMOVE(&servers->line, walk, line);
		servers->running++;
		walk->work = calloc(1, sizeof *walk->work);
		if (walk->work == NULL) {
			fail(walk, ANSWER_NETWORK);
			continue;
		}
		walk->work->target = walk->domain;
		ask_apex(walk);
	}
	servers_asker_pump(&servers->asker);
}

static struct walk_bucket *bucket_of(struct servers *servers, const uint8_t *domain)
{
	struct digest digest =
		digest_bytes(&servers->cache.key, domain, name_length(domain));
	return &servers->buckets[digest.lo % BUCKETS];
}

/* The walk for this domain that is under way or in line, or a new one in line. */
static struct walk *join_walk(struct servers *servers, const uint8_t *domain, bool fresh)
{
	struct walk_bucket *bucket = bucket_of(servers, domain);
	struct walk *walk;
	LIST_FOREACH(walk, bucket, link)
	{
		if (name_equal(walk->domain, domain)) {
			walk->fresh = walk->fresh || fresh;
			return walk;
		}
	}
	walk = calloc(1, sizeof *walk + name_length(domain));
	if (walk == NULL)
		return NULL;
	walk->servers = servers;
	walk->fresh = fresh;
	memcpy(walk->domain, domain, name_length(domain));
	STAILQ_INIT(&walk->waiters);
	LIST_INSERT_HEAD(bucket, walk, link);
	TAILQ_INSERT_TAIL(&servers->line, walk, line);
	return walk;
}

int servers_find(struct servers *servers, const uint8_t *domain, bool fresh,
	uint64_t now_mono_ms, servers_done_fn done, void *owner, uint64_t cookie)
{
	servers->asker.now_mono_ms = now_mono_ms;
	const struct servers_entry *known =
		servers_cache_find(&servers->cache, domain, now_mono_ms);
	if (known != NULL && !fresh) {
		struct servers_found found = {
			.known = known->set != NULL,
			.state = (enum answer_state)known->state,
			.set = known->set,
			.apex = known->set != NULL ? domain + known->apex_at : NULL,
			.until_mono_ms = known->until_mono_ms,
		};
		done(owner, cookie, &found);
		return 0;
	}
	struct waiter *waiter = malloc(sizeof *waiter);
	if (waiter == NULL)
		return -ENOMEM;
	*waiter = (struct waiter){.done = done, .owner = owner, .cookie = cookie};
	struct walk *walk = join_walk(servers, domain, fresh);
	if (walk == NULL) {
		free(waiter);
		return -ENOMEM;
	}
	STAILQ_INSERT_TAIL(&walk->waiters, waiter, link);
	advance(servers);
	return 0;
}
