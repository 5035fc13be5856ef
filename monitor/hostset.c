/* SPDX-License-Identifier: MIT */
#include "monitor/hostset.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/decide/lexicon.h"
#include "resolvers/name.h"

/* An answer: its hosts, and the names of these one after another, by which it is found. */
struct answer {
	uint32_t number; /* from 1; 0 is no answer */
	size_t len;
	size_t key_len;
	uint8_t *key; /* behind the hosts */
	struct hostset_host *hosts[];
};

struct hostset {
	struct lexicon by_name;
	struct lexicon by_key;
	struct hostset_host **hosts; /* owned, and what they point to */
	size_t hosts_len;
	struct answer **answers; /* owned likewise */
	size_t answers_len;
	uint32_t *points; /* owned; the answer of each point, by its number */
	size_t points_len;
	struct hostset_host *waiting; /* newest first */
};

static const void *host_key(const void *thing, size_t *ret_len)
{
	const struct hostset_host *host = thing;
	*ret_len = name_length(host->name);
	return host->name;
}

static const void *answer_key(const void *thing, size_t *ret_len)
{
	const struct answer *answer = thing;
	*ret_len = answer->key_len;
	return answer->key;
}

int hostset_create(struct hostset **ret_set)
{
	struct hostset *set = calloc(1, sizeof *set);
	if (!set)
		return -ENOMEM;
	lexicon_init(&set->by_name, host_key);
	lexicon_init(&set->by_key, answer_key);
	*ret_set = set;
	return 0;
}

void hostset_destroy(struct hostset *set)
{
	if (!set)
		return;
	for (size_t i = 0; i < set->hosts_len; i++) {
		free(set->hosts[i]->name);
		free(set->hosts[i]);
	}
	for (size_t i = 0; i < set->answers_len; i++)
		free(set->answers[i]);
	lexicon_finish(&set->by_name);
	lexicon_finish(&set->by_key);
	free(set->hosts);
	free(set->answers);
	free(set->points);
	free(set);
}

/* Makes room for one more element in an array that doubles. */
static int make_room(void **array, size_t len, size_t size)
{
	if ((len & (len - 1)) != 0)
		return 0;
	void *grown = realloc(*array, (len > 0 ? 2 * len : 1) * size);
	if (!grown)
		return -ENOMEM;
	*array = grown;
	return 0;
}

static struct hostset_host *make_host(struct hostset *set, const uint8_t *name)
{
	void *hosts = set->hosts;
	if (set->hosts_len >= HOSTSET_MOST ||
		make_room(&hosts, set->hosts_len, sizeof(*set->hosts)) != 0)
		return NULL;
	set->hosts = hosts;
	const size_t len = name_length(name);
	struct hostset_host *host = calloc(1, sizeof *host);
	uint8_t *copy = malloc(len);
	if (host && copy) {
		memcpy(copy, name, len);
		host->name = copy;
	}
	if (!host || !copy || lexicon_add(&set->by_name, host) != 0) {
		free(host);
		free(copy);
		return NULL;
	}
	set->hosts[set->hosts_len++] = host;
	return host;
}

struct hostset_host *hostset_get(struct hostset *set, const uint8_t *name)
{
	struct hostset_host *host = lexicon_find(&set->by_name, name, name_length(name));
	return host ? host : make_host(set, name);
}

/* Reserves the answer's memory and writes its key; its hosts are still missing. */
static struct answer *begin_answer(const struct mxset *hosts)
{
	size_t key_len = 0;
	for (size_t i = 0; i < hosts->len; i++)
		key_len += name_length(hosts->hosts[i].exchange);
	struct answer *answer =
		calloc(1, sizeof *answer + hosts->len * sizeof(*answer->hosts) + key_len);
	if (!answer)
		return NULL;
	answer->key = (uint8_t *)&answer->hosts[hosts->len];
	for (size_t i = 0; i < hosts->len; i++) {
		const uint8_t *const name = hosts->hosts[i].exchange;
		memcpy(answer->key + answer->key_len, name, name_length(name));
		answer->key_len += name_length(name);
	}
	return answer;
}

static bool has_host(const struct answer *answer, const struct hostset_host *host)
{
	for (size_t i = 0; i < answer->len; i++)
		if (answer->hosts[i] == host)
			return true;
	return false;
}

static int find_hosts(
	struct hostset *set, struct answer *answer, const struct mxset *hosts)
{
	for (size_t i = 0; i < hosts->len; i++) {
		if (hosts->hosts[i].exchange[0] == 0)
			continue; /* the root takes no mail */
		struct hostset_host *host = hostset_get(set, hosts->hosts[i].exchange);
		if (!host)
			return -ENOMEM;
		if (!has_host(answer, host))
			answer->hosts[answer->len++] = host;
	}
	return 0;
}

/* *ret_answer is NULL for no hosts. */
static int find_answer(
	struct hostset *set, const struct mxset *hosts, struct answer **ret_answer)
{
	*ret_answer = NULL;
	if (hosts->len == 0)
		return 0;
	struct answer *answer = begin_answer(hosts);
	if (!answer)
		return -ENOMEM;
	struct answer *known = lexicon_find(&set->by_key, answer->key, answer->key_len);
	if (known) {
		free(answer);
		*ret_answer = known;
		return 0;
	}
	void *answers = set->answers;
	if (set->answers_len >= HOSTSET_MOST || find_hosts(set, answer, hosts) != 0 ||
		make_room(&answers, set->answers_len, sizeof(*set->answers)) != 0) {
		free(answer);
		return -ENOMEM;
	}
	set->answers = answers;
	if (lexicon_add(&set->by_key, answer) != 0) {
		free(answer);
		return -ENOMEM;
	}
	answer->number = (uint32_t)set->answers_len + 1;
	set->answers[set->answers_len++] = answer;
	*ret_answer = answer;
	return 0;
}

static int reach_point(struct hostset *set, int64_t point)
{
	if ((size_t)point < set->points_len)
		return 0;
	const size_t len = (size_t)point + (size_t)point / 4 + 256;
	uint32_t *points = realloc(set->points, len * sizeof *points);
	if (!points)
		return -ENOMEM;
	memset(points + set->points_len, 0, (len - set->points_len) * sizeof *points);
	set->points = points;
	set->points_len = len;
	return 0;
}

void hostset_put_back(struct hostset *set, struct hostset_host *host)
{
	if (host->waiting)
		return;
	host->waiting = true;
	host->next = set->waiting;
	set->waiting = host;
}

static void hasten(struct hostset *set, struct hostset_host *host, int64_t now)
{
	host->haste_later = now - host->hastened_at < HOSTSET_AGAIN_MS;
	if (host->haste_later)
		return;
	host->haste = true;
	host->hastened_at = now;
	hostset_put_back(set, host);
}

static void name_hosts(
	struct hostset *set, struct answer *answer, bool haste, int64_t now)
{
	for (size_t i = 0; i < answer->len; i++) {
		struct hostset_host *const host = answer->hosts[i];
		host->named++;
		if (!host->looked_at)
			hostset_put_back(set, host);
		if (haste)
			hasten(set, host, now);
	}
}

static void let_go(struct answer *answer, int64_t now)
{
	for (size_t i = 0; i < answer->len; i++)
		if (--answer->hosts[i]->named == 0)
			answer->hosts[i]->unnamed_at = now;
}

int hostset_answer(struct hostset *set, int64_t point, const struct mxset *hosts,
	bool haste, int64_t now)
{
	struct answer *answer;
	int error = reach_point(set, point);
	if (error != 0)
		return error;
	error = find_answer(set, hosts, &answer);
	const uint32_t before = set->points[point];
	set->points[point] = answer ? answer->number : 0;
	if (answer)
		name_hosts(set, answer, haste, now);
	if (before != 0)
		let_go(set->answers[before - 1], now);
	return error;
}

struct hostset_host *hostset_take(struct hostset *set)
{
	struct hostset_host *const host = set->waiting;
	if (!host)
		return NULL;
	set->waiting = host->next;
	host->waiting = false;
	return host;
}

bool hostset_is_wanted(const struct hostset_host *host, int64_t now)
{
	return host->named > 0 || now - host->unnamed_at < HOSTSET_LINGER_MS;
}

void hostset_sweep(struct hostset *set, int64_t now)
{
	for (size_t i = 0; i < set->hosts_len; i++) {
		struct hostset_host *const host = set->hosts[i];
		if (host->looked_at && !hostset_is_wanted(host, now))
			hostset_put_back(set, host);
		if (host->haste_later)
			hasten(set, host, now);
	}
}

size_t hostset_len(const struct hostset *set)
{
	return set->hosts_len;
}
