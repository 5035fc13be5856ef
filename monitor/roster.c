/* SPDX-License-Identifier: MIT */
#include "monitor/roster.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "monitor/domainlist.h"
#include "monitor/log.h"
#include "resolvers/digest.h"
#include "resolvers/name.h"
#include "storage/popular.h"
#include "storage/watchlist.h"

#define BAD_LINES_LOGGED 20 /* of one file; the rest is counted */
#define LISTED                                                                           \
	(UINT64_C(1) << 63) /* wished by the watch list or the command line alone */

struct wish {
	uint32_t name; /* offset, 0: free */
	uint32_t taken; /* a bit for each view that has a point */
	uint64_t watches; /* a bit for each watch that names the domain, and LISTED */
};

struct roster {
	const struct conf *conf;
	struct digest_key key;
	struct wish *wishes; /* open addressing, capacity a power of two */
	size_t capacity;
	size_t len;
	uint8_t *names;
	size_t names_len;
	size_t names_capacity;
};

static struct wish *find(const struct roster *roster, const struct wish *wishes,
	size_t capacity, const uint8_t *name)
{
	const uint64_t hash = digest_bytes(&roster->key, name, name_length(name)).lo;
	for (size_t i = (size_t)hash & (capacity - 1);; i = (i + 1) & (capacity - 1))
		if (wishes[i].name == 0 ||
			name_equal(roster->names + wishes[i].name, name))
			return (struct wish *)(uintptr_t)&wishes[i];
}

static int grow(struct roster *roster)
{
	const size_t capacity = roster->capacity ? roster->capacity * 2 : 1024;
	struct wish *wishes = calloc(capacity, sizeof *wishes);
	if (!wishes)
		return -ENOMEM;
	for (size_t i = 0; i < roster->capacity; i++)
		if (roster->wishes[i].name != 0)
			*find(roster, wishes, capacity,
				roster->names + roster->wishes[i].name) =
				roster->wishes[i];
	free(roster->wishes);
	roster->wishes = wishes;
	roster->capacity = capacity;
	return 0;
}

static int keep_name(struct roster *roster, const uint8_t *name, uint32_t *ret_at)
{
	const size_t len = name_length(name);
	if (roster->names_len + len > UINT32_MAX)
		return -ENOMEM;
	if (roster->names_len + len > roster->names_capacity) {
		const size_t capacity = roster->names_capacity * 2 + 4096;
		uint8_t *names = realloc(roster->names, capacity);
		if (!names)
			return -ENOMEM;
		roster->names = names;
		roster->names_capacity = capacity;
	}
	*ret_at = (uint32_t)roster->names_len;
	memcpy(roster->names + roster->names_len, name, len);
	roster->names_len += len;
	return 0;
}

static int add(struct roster *roster, const uint8_t *name, uint64_t watches)
{
	if (roster->len + 1 > roster->capacity / 4 * 3 && grow(roster) != 0)
		return -ENOMEM;
	struct wish *const wish = find(roster, roster->wishes, roster->capacity, name);
	if (wish->name == 0) {
		uint32_t at;
		if (keep_name(roster, name, &at) != 0)
			return -ENOMEM;
		*wish = (struct wish){.name = at};
		roster->len++;
	}
	wish->watches |= watches;
	return 0;
}

/* --- sources --- */

struct file_reading {
	struct roster *roster;
	const char *path;
	uint64_t watch;
	uint64_t refused;
};

static int on_domain(void *owner, uint64_t line, const uint8_t *domain, const char *tags)
{
	const struct file_reading *const reading = owner;
	(void)line;
	(void)tags;
	return add(reading->roster, domain, reading->watch);
}

static void on_refused(void *owner, uint64_t line, const char *why)
{
	struct file_reading *const reading = owner;
	if (++reading->refused <= BAD_LINES_LOGGED)
		log_warn("watch", "%s:%llu: %s: line passed over", reading->path,
			(unsigned long long)line, why);
}

static int add_file(struct roster *roster, const char *path, uint64_t watch)
{
	FILE *in = fopen(path, "re");
	if (!in) {
		log_err("watch", "domains cannot be read file=%s error=%s",
			log_quote(path), strerror(errno));
		return -EINVAL;
	}
	struct file_reading reading = {.roster = roster, .path = path, .watch = watch};
	const struct domainlist_reader reader = {
		.owner = &reading,
		.on_domain = on_domain,
		.on_refused = on_refused,
	};
	struct domainlist_counts counts;
	const int error = domainlist_read(in, &reader, &counts);
	fclose(in);
	if (error == -EIO) {
		log_err("watch", "domains cannot be read to the end file=%s",
			log_quote(path));
		return -EINVAL;
	}
	if (error == 0 && counts.refused > BAD_LINES_LOGGED)
		log_warn("watch", "%s: %llu lines passed over in all", path,
			(unsigned long long)counts.refused);
	return error;
}

static int add_configured(struct roster *roster)
{
	const struct conf *const conf = roster->conf;
	if (conf->watches_len > ROSTER_WATCHES_MAX) {
		log_err("watch", "too many watches found=%zu most=%d", conf->watches_len,
			ROSTER_WATCHES_MAX);
		return -EINVAL;
	}
	if (conf->views_len > ROSTER_VIEWS_MAX) {
		log_err("watch", "too many views found=%zu most=%d", conf->views_len,
			ROSTER_VIEWS_MAX);
		return -EINVAL;
	}
	int error = 0;
	for (size_t i = 0; error == 0 && i < conf->watches_len; i++) {
		const struct conf_watch *const watch = &conf->watches[i];
		for (size_t j = 0; error == 0 && j < watch->domains_len; j++)
			error = add(roster, watch->domains[j], UINT64_C(1) << i);
		if (error == 0 && watch->domains_file)
			error = add_file(roster, watch->domains_file, UINT64_C(1) << i);
	}
	return error;
}

static bool has_tag(const char *tags, const char *tag)
{
	const size_t len = strlen(tag);
	for (const char *at = tags; *at; at += strcspn(at, ","), at += *at == ',')
		if (strcspn(at, ",") == len && strncmp(at, tag, len) == 0)
			return true;
	return false;
}

/* The watches of the configuration that share a tag with a domain of the watch list. */
static uint64_t listed_watches(const struct conf *conf, const char *tags)
{
	uint64_t watches = 0;
	for (size_t i = 0; i < conf->watches_len && i < ROSTER_WATCHES_MAX; i++)
		for (size_t j = 0; j < conf->watches[i].tags_len; j++)
			if (has_tag(tags, conf->watches[i].tags[j]))
				watches |= UINT64_C(1) << i;
	return watches ? watches : LISTED;
}

static int on_watched(void *owner, const struct watched *watched)
{
	struct roster *const roster = owner;
	return add(roster, watched->domain, listed_watches(roster->conf, watched->tags));
}

struct popular_reading {
	struct roster *roster;
	uint64_t watch;
};

static int on_popular(void *owner, const struct popular_domain *member)
{
	const struct popular_reading *const reading = owner;
	return add(reading->roster, member->domain, reading->watch);
}

/* The domains that entered a list by the mail that goes to them. */
static int add_popular(struct roster *roster, struct store *store)
{
	const struct conf *const conf = roster->conf;
	int error = 0;
	for (size_t i = 0; error == 0 && i < conf->watches_len; i++) {
		struct popular_reading reading = {roster, UINT64_C(1) << i};
		if (conf->watches[i].top_recipients > 0)
			error = popular_members(
				store, conf->watches[i].name, on_popular, &reading);
	}
	return error;
}

static int add_named(struct roster *roster, const struct roster_sources *sources)
{
	for (size_t i = 0; i < sources->domains_len; i++) {
		uint8_t name[NAME_WIRE_MAX];
		const char *why;
		int error = name_parse_domain(sources->domains[i], name, &why);
		if (error == -EINVAL)
			log_err("watch", "no domain: %s: %s",
				log_quote(sources->domains[i]), why);
		if (error != 0 || (error = add(roster, name, LISTED)) != 0)
			return error;
	}
	return 0;
}

int roster_build(const struct roster_sources *sources, struct roster **ret_roster)
{
	struct roster *roster = calloc(1, sizeof *roster);
	if (!roster)
		return -ENOMEM;
	roster->conf = sources->conf;
	roster->names_len = 1; /* offset 0 means free */
	int error = grow(roster);
	if (error == 0 && getrandom(&roster->key, sizeof roster->key, 0) < 0)
		error = -EIO;
	if (error == 0)
		error = add_configured(roster);
	if (error == 0 && sources->store)
		error = watchlist_each(sources->store, on_watched, roster);
	if (error == 0 && sources->store)
		error = add_popular(roster, sources->store);
	if (error == 0)
		error = add_named(roster, sources);
	if (error != 0) {
		roster_destroy(roster);
		return error;
	}
	*ret_roster = roster;
	return 0;
}

void roster_destroy(struct roster *roster)
{
	if (!roster)
		return;
	free(roster->wishes);
	free(roster->names);
	free(roster);
}

size_t roster_len(const struct roster *roster)
{
	return roster->len;
}

/* --- wishes --- */

static int64_t interval_of(const struct conf *conf, uint64_t watches, size_t view)
{
	int64_t shortest = 0;
	if (watches & LISTED)
		shortest = ROSTER_INTERVAL_MS > conf->limits.min_interval_ms
			? ROSTER_INTERVAL_MS
			: conf->limits.min_interval_ms;
	for (size_t i = 0; i < conf->watches_len && i < ROSTER_WATCHES_MAX; i++) {
		const struct conf_watch *const watch = &conf->watches[i];
		if (!(watches & UINT64_C(1) << i))
			continue;
		for (size_t j = 0; j < watch->views_len; j++)
			if (watch->views[j] == view &&
				(shortest == 0 || watch->interval_ms < shortest))
				shortest = watch->interval_ms;
	}
	return shortest;
}

int64_t roster_interval(
	struct roster *roster, const uint8_t *domain, size_t view, bool taken)
{
	struct wish *const wish = find(roster, roster->wishes, roster->capacity, domain);
	if (wish->name == 0)
		return 0;
	if (taken)
		wish->taken |= UINT32_C(1) << view;
	return interval_of(roster->conf, wish->watches, view);
}

int roster_each_new(struct roster *roster, roster_fn fn, void *owner)
{
	for (size_t i = 0; i < roster->capacity; i++) {
		const struct wish *const wish = &roster->wishes[i];
		for (size_t view = 0; wish->name != 0 && view < roster->conf->views_len;
			view++) {
			const int64_t interval =
				interval_of(roster->conf, wish->watches, view);
			if (interval == 0 || wish->taken & UINT32_C(1) << view)
				continue;
			const int error =
				fn(owner, roster->names + wish->name, view, interval);
			if (error != 0)
				return error;
		}
	}
	return 0;
}

size_t roster_points(const struct roster *roster, size_t view)
{
	size_t points = 0;
	for (size_t i = 0; i < roster->capacity; i++)
		points += roster->wishes[i].name != 0 &&
			interval_of(roster->conf, roster->wishes[i].watches, view) != 0;
	return points;
}

int roster_each_of_watch(
	const struct roster *roster, size_t watch, roster_domain_fn fn, void *owner)
{
	int error = 0;
	for (size_t i = 0; i < roster->capacity && watch < ROSTER_WATCHES_MAX; i++) {
		const struct wish *const wish = &roster->wishes[i];
		if (error == 0 && wish->name != 0 && wish->watches & UINT64_C(1) << watch)
			error = fn(owner, roster->names + wish->name);
	}
	return error;
}
