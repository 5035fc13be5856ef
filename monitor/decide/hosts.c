/* SPDX-License-Identifier: MIT */
#include "monitor/decide/hosts.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "resolvers/endpoint.h"
#include "resolvers/mxset.h"
#include "resolvers/name.h"

/* A set as it is kept: found by its canonical bytes. */
struct kept_set {
	uint8_t *bytes; /* owned */
	size_t bytes_len;
	struct exchanges *exchanges; /* owned */
};

static const void *host_name(const void *thing, size_t *ret_len)
{
	const struct host *host = thing;
	*ret_len = strlen(host->name);
	return host->name;
}

static const void *set_name(const void *thing, size_t *ret_len)
{
	const struct kept_set *set = thing;
	*ret_len = set->bytes_len;
	return set->bytes;
}

void hosts_init(struct hosts *hosts, struct operators *operators)
{
	*hosts = (struct hosts){.operators = operators};
	lexicon_init(&hosts->by_name, host_name);
	lexicon_init(&hosts->by_set, set_name);
}

void hosts_finish(struct hosts *hosts)
{
	for (size_t i = 0; i < hosts->owned_len; i++)
		free(hosts->owned[i]);
	free(hosts->owned);
	lexicon_finish(&hosts->by_name);
	lexicon_finish(&hosts->by_set);
}

/* Makes room for three more, so that owning them cannot fail. */
static bool prepare(struct hosts *hosts)
{
	if (hosts->owned_len + 3 <= hosts->owned_room)
		return true;
	const size_t room = hosts->owned_room > 0 ? hosts->owned_room * 2 : 64;
	void **owned = realloc(hosts->owned, room * sizeof *owned);
	if (owned == NULL)
		return false;
	hosts->owned = owned;
	hosts->owned_room = room;
	return true;
}

static void own(struct hosts *hosts, void *thing)
{
	hosts->owned[hosts->owned_len++] = thing;
}

struct host *hosts_find(const struct hosts *hosts, const char *name)
{
	return lexicon_find(&hosts->by_name, name, strlen(name));
}

struct host *hosts_get(struct hosts *hosts, const char *name)
{
	const size_t len = strlen(name);
	struct host *host = hosts_find(hosts, name);
	if (host != NULL)
		return host;
	if (!prepare(hosts) || (host = calloc(1, sizeof *host + len + 1)) == NULL)
		return NULL;
	own(hosts, host);
	host->name = memcpy(host + 1, name, len + 1);
	host->run_by = operators_of_host(hosts->operators, name);
	if (host->run_by == NULL || lexicon_add(&hosts->by_name, host) < 0)
		return NULL;
	return host;
}

static struct exchanges *make_exchanges(struct hosts *hosts, const struct mxset *set)
{
	struct exchanges *made =
		calloc(1, sizeof *made + set->len * sizeof made->hosts[0]);
	if (made == NULL)
		return NULL;
	for (size_t i = 0; i < set->len; i++) {
		char text[NAME_TEXT_MAX];
		struct exchange_host *entry = &made->hosts[i];
		entry->preference = set->hosts[i].preference;
		if (set->hosts[i].exchange[0] != 0)
			entry->host = hosts_get(
				hosts, name_format(set->hosts[i].exchange, text));
		if (entry->host == NULL && set->hosts[i].exchange[0] != 0) {
			free(made);
			return NULL;
		}
	}
	made->len = set->len;
	return made;
}

static const struct exchanges *keep(
	struct hosts *hosts, const struct mxset *set, uint8_t *bytes, size_t len)
{
	struct exchanges *made = make_exchanges(hosts, set);
	struct kept_set *kept = calloc(1, sizeof *kept);
	if (made == NULL || kept == NULL || !prepare(hosts)) {
		free(made);
		free(kept);
		return NULL;
	}
	uint8_t *copy = malloc(len);
	if (copy == NULL) {
		free(made);
		free(kept);
		return NULL;
	}
	*kept = (struct kept_set){memcpy(copy, bytes, len), len, made};
	made->bytes = copy;
	made->bytes_len = len;
	own(hosts, made);
	own(hosts, kept);
	own(hosts, copy);
	return lexicon_add(&hosts->by_set, kept) == 0 ? made : NULL;
}

const struct exchanges *hosts_get_set(struct hosts *hosts, const struct mxset *set)
{
	uint8_t *bytes;
	size_t len;
	const enum answer_state state = set->len == 0             ? ANSWER_NODATA
		: set->len == 1 && set->hosts[0].exchange[0] == 0 ? ANSWER_NULL_MX
								  : ANSWER_MX;
	if (mxset_encode(state, set, &bytes, &len) < 0)
		return NULL;
	const struct kept_set *kept = lexicon_find(&hosts->by_set, bytes, len);
	const struct exchanges *found =
		kept != NULL ? kept->exchanges : keep(hosts, set, bytes, len);
	free(bytes);
	return found;
}

static struct hosts_answered *place_of(struct hosts *hosts, const char *address)
{
	uint32_t hash = 2166136261U; /* FNV-1a */
	for (; *address != '\0'; address++)
		hash = (hash ^ (unsigned char)*address) * 16777619U;
	return &hosts->answered[(hash ^ hash >> 16) & (HOSTS_ANSWERED - 1)];
}

uint64_t hosts_network(struct hosts *hosts, const char *text)
{
	struct endpoint address;
	struct hosts_answered *place = place_of(hosts, text);
	if (*text != '\0' && strcmp(place->address, text) == 0)
		return place->network;
	if (*text == '\0' || endpoint_parse(text, 25, &address) < 0)
		return 0;
	const uint64_t network = operators_network(hosts->operators, &address);
	if (strlen(text) < sizeof place->address) {
		strcpy(place->address, text);
		place->network = network;
		place->host = NULL;
	}
	return network;
}

static int get_odd(struct hosts *hosts, const char *text, struct host **ret_host)
{
	uint8_t name[NAME_WIRE_MAX];
	char plain[NAME_TEXT_MAX];
	if (name_parse(text, name) < 0)
		return 0;
	*ret_host = hosts_get(hosts, name_format(name, plain));
	return *ret_host != NULL ? 0 : -ENOMEM;
}

static int get_said(struct hosts *hosts, const char *text, struct host **ret_host)
{
	const char *c = text;
	while (*c > ' ' && *c <= '~')
		c++;
	if (*text == '\0')
		return 0;
	if (*c != '\0')
		return get_odd(hosts, text, ret_host);
	*ret_host = hosts_get(hosts, text);
	return *ret_host != NULL ? 0 : -ENOMEM;
}

int hosts_get_answered(struct hosts *hosts, const char *name, const char *address,
	struct host **ret_host, uint64_t *ret_network)
{
	struct hosts_answered *place = place_of(hosts, address);
	*ret_host = NULL;
	*ret_network = 0;
	if (place->host != NULL && strcmp(place->address, address) == 0 &&
		strcmp(place->host->name, name) == 0) {
		*ret_host = place->host;
		*ret_network = place->network;
		return 0;
	}
	const int err = get_said(hosts, name, ret_host);
	if (*ret_host == NULL)
		return err;
	*ret_network = hosts_network(hosts, address);
	if (*address != '\0' && strcmp(place->address, address) == 0)
		place->host = *ret_host;
	return 0;
}

static bool has_network(const struct host *host, uint64_t network)
{
	for (unsigned i = 0; i < host->networks_len; i++)
		if (host->networks[i] == network)
			return true;
	return false;
}

void host_add_old_network(struct host *host, uint64_t network)
{
	if (host->networks_len < HOST_NETWORKS && !has_network(host, network))
		host->networks[host->networks_len++] = network;
}

bool host_add_network(struct host *host, uint64_t network)
{
	if (has_network(host, network))
		return false;
	if (host->networks_len < HOST_NETWORKS)
		host->networks_len++;
	memmove(&host->networks[1], &host->networks[0],
		(host->networks_len - 1) * sizeof host->networks[0]);
	host->networks[0] = network;
	return true;
}

void hosts_touch(struct hosts *hosts, struct host *host)
{
	if (host->touched)
		return;
	host->touched = true;
	host->touched_next = hosts->touched;
	hosts->touched = host;
}

bool exchanges_have(const struct exchanges *set, const struct host *host)
{
	for (size_t i = 0; set != NULL && i < set->len; i++)
		if (set->hosts[i].host == host)
			return true;
	return false;
}
