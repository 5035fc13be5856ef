/* SPDX-License-Identifier: MIT */
#include "monitor/decide/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/decide/memory_inside.h"
#include "resolvers/name.h"

/* What a row is of. */
enum part {
	PART_ALL = 1,
	PART_DOMAIN = 2,
	PART_HOST = 4,
};

/* --- out --- */

static void begin(struct memory *memory, unsigned parts)
{
	archive_begin(&memory->archive);
	memory->operators.len = 0;
	memory->hosts.len = 0;
	memory->sets.len = 0;
	memory->version = archive_choice(
		&memory->archive, MEMORY_VERSION, MEMORY_VERSION, MEMORY_VERSION);
	archive_choice(&memory->archive, parts, parts, parts);
	archive_time(&memory->archive, &memory->decide->now);
	memory->archive.base = memory->decide->now;
}

static int end(
	struct memory *memory, const uint8_t *domain, decide_memory_fn fn, void *owner)
{
	const int error = archive_seal(&memory->archive);
	if (error < 0)
		return error;
	return fn(owner, domain, memory->archive.bytes, memory->archive.len);
}

static void code_networks(struct archive *archive, struct host *host)
{
	const size_t len = archive_count(archive, host->networks_len, HOST_NETWORKS);
	for (size_t i = 0; i < len; i++)
		archive_u64(archive, &host->networks[i], UINT64_MAX);
	host->networks_len = (unsigned)len;
}

static int remember_name(struct memory *memory, const uint8_t *name,
	struct subject *subject, struct host *host, decide_memory_fn fn, void *owner)
{
	const bool is_host = host != NULL && host->networks_len > 0;
	begin(memory, (subject != NULL ? PART_DOMAIN : 0) | (is_host ? PART_HOST : 0));
	if (is_host)
		code_networks(&memory->archive, host);
	if (subject != NULL)
		memory_subject(memory, subject);
	return end(memory, name, fn, owner);
}

static int remember_subject(
	struct memory *memory, struct subject *subject, decide_memory_fn fn, void *owner)
{
	char text[NAME_TEXT_MAX];
	struct host *host =
		hosts_find(&memory->decide->hosts, name_format(subject->domain, text));
	const int error =
		remember_name(memory, subject->domain, subject, host, fn, owner);
	if (error != 0)
		return error;
	subject->pressing = false;
	subject->row_len = (uint32_t)memory->archive.len;
	subject->row_at = memory->decide->now;
	return 0;
}

/* What large rows would have written by now at their rate, they may write. */
static bool is_due(const struct decide *decide, const struct subject *subject)
{
	const int64_t since_ms = decide->now - subject->row_at;
	return subject->pressing || subject->row_at == 0 ||
		subject->row_len <= DECIDE_ROW_LARGE ||
		since_ms * DECIDE_ROW_RATE / 1000 >= subject->row_len;
}

/* Those that are not due stay touched. */
static int remember_subjects(struct memory *memory, decide_memory_fn fn, void *owner)
{
	struct subject **place = &memory->decide->touched;
	while (*place != NULL) {
		struct subject *subject = *place;
		if (!is_due(memory->decide, subject)) {
			place = &subject->touched_next;
			continue;
		}
		const int error = remember_subject(memory, subject, fn, owner);
		if (error != 0)
			return error;
		*place = subject->touched_next;
		subject->touched = false;
	}
	return 0;
}

bool decide_is_behind(const struct decide *decide)
{
	return decide->touched != NULL;
}

void decide_hurry(struct decide *decide)
{
	for (struct subject *each = decide->touched; each != NULL;
		each = each->touched_next)
		decide_press(each);
}

static int remember_host(
	struct memory *memory, struct host *host, decide_memory_fn fn, void *owner)
{
	uint8_t name[NAME_WIRE_MAX];
	if (name_parse(host->name, name) < 0)
		return 0; /* not of the DNS: nobody will ask for its addresses again */
	struct subject *subject =
		lexicon_find(&memory->decide->by_domain, name, name_length(name));
	return remember_name(memory, name, subject, host, fn, owner);
}

static int remember_all(struct memory *memory, decide_memory_fn fn, void *owner)
{
	begin(memory, PART_ALL);
	memory_all(memory, memory->decide);
	return end(memory, NULL, fn, owner);
}

static int remember(struct memory *memory, decide_memory_fn fn, void *owner)
{
	struct decide *decide = memory->decide;
	struct host *host;
	if (!decide->touched_all && decide->touched == NULL &&
		decide->hosts.touched == NULL)
		return 0;
	/* First, so that what counters gave out is never ahead of them. */
	int error = remember_all(memory, fn, owner);
	if (error == 0)
		error = remember_subjects(memory, fn, owner);
	while (error == 0 && (host = decide->hosts.touched) != NULL) {
		error = remember_host(memory, host, fn, owner);
		if (error != 0)
			break;
		decide->hosts.touched = host->touched_next;
		host->touched = false;
	}
	decide->touched_all = error != 0;
	return error;
}

int decide_remember(struct decide *decide, decide_memory_fn fn, void *owner)
{
	struct memory memory = {.decide = decide};
	const int error = remember(&memory, fn, owner);
	archive_finish(&memory.archive);
	return error;
}

void decide_remember_again(struct decide *decide, const uint8_t *domain)
{
	char text[NAME_TEXT_MAX];
	if (domain == NULL) {
		decide_touch(decide, NULL);
		return;
	}
	struct subject *subject =
		lexicon_find(&decide->by_domain, domain, name_length(domain));
	struct host *host = hosts_find(&decide->hosts, name_format(domain, text));
	if (subject != NULL)
		decide_touch(decide, subject);
	decide_press(subject);
	if (host != NULL)
		hosts_touch(&decide->hosts, host);
}

/* --- in --- */

static size_t count(const struct affair *latest)
{
	size_t len = 0;
	for (; latest != NULL; latest = latest->older)
		len++;
	return len;
}

static void adopt(struct decide *decide, struct affair *latest)
{
	for (; latest != NULL; latest = latest->older) {
		decide->affairs[decide->affairs_len++] = latest; /* room was made */
		decide->unsorted = true;
		if (decide->serials < latest->serial)
			decide->serials = latest->serial;
	}
}

static void drop_affairs(struct affair *latest)
{
	while (latest != NULL) {
		struct affair *older = latest->older;
		affair_destroy(latest);
		latest = older;
	}
}

static void count_looks(struct decide *decide, const struct subject *subject)
{
	for (int i = 0; i < decide->views_len; i++) {
		const struct look *look = &subject->looks[i];
		decide->views[i].seen +=
			look->position != POSITION_UNSEEN || look->failures > 0;
		decide->views[i].failing += look->failures > 0;
	}
}

static void count_slice(struct decide *decide, const struct subject *subject)
{
	if (subject->active_slice == 0 || subject->active_slice < decide->slice)
		return;
	if (subject->active_slice > decide->slice) {
		decide->slice = subject->active_slice;
		decide->slice_active = 0;
		decide->slice_lost = 0;
	}
	decide->slice_active++;
	decide->slice_lost += subject->lost_slice == decide->slice;
}

static void settle_leader(struct decide *decide, struct affair *affair)
{
	const bool others_good = affair != NULL && affair->others_good;
	if (affair == NULL || affair->state == INCIDENT_CLOSED)
		return;
	hoster_lead(decide, affair);
	affair->others_good |= others_good;
}

static void settle(struct decide *decide, struct subject *subject)
{
	const int64_t timer_at = subject->timer_at;
	subject->recalled_plan =
		subject->expected_len > 0 || subject->any_expected || subject->own.pinned;
	count_looks(decide, subject);
	count_slice(decide, subject);
	decide->mailed += subject->spike.first_at != 0;
	if (decide->ordinals <= subject->ordinal)
		decide->ordinals = subject->ordinal + 1;
	for (int i = 0; i < SLOTS; i++)
		adopt(decide, subject->affairs[i]);
	settle_leader(decide, subject->affairs[SLOT_RECEIVER]);
	subject->timer_at = 0;
	if (timer_at != 0)
		decide_set_timer(decide, subject, timer_at);
}

/* The subject becomes the detector's, and there is room for its incidents. */
static bool join(struct decide *decide, struct subject *subject)
{
	size_t len = 0;
	for (int i = 0; i < SLOTS; i++)
		len += count(subject->affairs[i]);
	return affair_reserve(decide, len) && decide_adopt(decide, subject);
}

static void drop(struct subject *subject)
{
	for (int i = 0; subject != NULL && i < SLOTS; i++)
		drop_affairs(subject->affairs[i]);
	if (subject != NULL)
		decide_drop(subject);
}

static int settle_host(
	struct decide *decide, const uint8_t *name, const struct host *known)
{
	char text[NAME_TEXT_MAX];
	struct host *host = hosts_get(&decide->hosts, name_format(name, text));
	if (host == NULL)
		return -ENOMEM;
	/* What was told meanwhile is later. */
	for (unsigned i = 0; i < known->networks_len; i++)
		host_add_old_network(host, known->networks[i]);
	return 0;
}

static int recall_name(struct memory *memory, const uint8_t *name, unsigned parts)
{
	struct decide *decide = memory->decide;
	struct host host = {.name = NULL};
	struct subject *subject = NULL;
	if ((parts & PART_HOST) != 0)
		code_networks(&memory->archive, &host);
	if ((parts & PART_DOMAIN) != 0) {
		if (lexicon_find(&decide->by_domain, name, name_length(name)) != NULL)
			return -EEXIST;
		subject = decide_make(decide, name);
		if (subject == NULL)
			return -ENOMEM;
		memory_subject(memory, subject);
	}
	int error = archive_end(&memory->archive);
	if (error == 0 && (parts & PART_HOST) != 0)
		error = settle_host(decide, name, &host);
	if (error == 0 && subject != NULL && !join(decide, subject))
		error = -ENOMEM;
	if (error == 0 && subject != NULL)
		settle(decide, subject);
	else
		drop(subject);
	return error;
}

static void settle_all(struct decide *decide, const struct decide *known)
{
	if (decide->now < known->now)
		decide->now = known->now;
	if (decide->serials < known->serials)
		decide->serials = known->serials;
	if (decide->ordinals < known->ordinals)
		decide->ordinals = known->ordinals;
	decide->lost_since = known->lost_since;
	for (int i = 0; i < decide->views_len; i++) {
		decide->views[i].sick_since = known->views[i].sick_since;
		decide->views[i].sick_until = known->views[i].sick_until;
	}
	memcpy(decide->relays, known->relays, sizeof decide->relays);
	decide->attempts = known->attempts;
	memcpy(decide->precedents, known->precedents, sizeof decide->precedents);
	decide->precedents_len = known->precedents_len;
	decide->feeders = known->feeders;
	decide->self = known->self;
	adopt(decide, decide->self);
	for (size_t i = 0; i < known->timers_len; i++)
		decide_set_timer(decide, NULL, known->timers[i].at);
}

static int recall_all(struct memory *memory)
{
	struct decide *decide = memory->decide;
	if (decide->attempts > 0 || decide->precedents_len > 0 || decide->self != NULL)
		return -EEXIST;
	struct decide *known = calloc(1, sizeof *known);
	if (known == NULL)
		return -ENOMEM;
	memory_all(memory, known);
	int error = archive_end(&memory->archive);
	if (error == 0 && !affair_reserve(decide, count(known->self)))
		error = -ENOMEM;
	if (error == 0)
		settle_all(decide, known);
	else
		drop_affairs(known->self);
	free(known->timers);
	free(known);
	return error;
}

int decide_recall(
	struct decide *decide, const uint8_t *domain, const void *bytes, size_t len)
{
	struct memory memory = {.decide = decide};
	int error = archive_open(&memory.archive, bytes, len);
	if (error < 0)
		return error;
	memory.version =
		archive_choice(&memory.archive, 0, MEMORY_OLDEST, MEMORY_VERSION);
	const unsigned parts =
		archive_choice(&memory.archive, 0, PART_ALL, PART_DOMAIN | PART_HOST);
	archive_time(&memory.archive, &memory.archive.base);
	if (memory.archive.error < 0)
		return memory.archive.error;
	if ((parts == PART_ALL) != (domain == NULL) ||
		(parts != PART_ALL && (parts & PART_ALL) != 0))
		return -EUCLEAN;
	error = domain == NULL ? recall_all(&memory)
			       : recall_name(&memory, domain, parts);
	if (error == 0) {
		error = decide->error;
		decide->error = 0;
	}
	return error;
}
