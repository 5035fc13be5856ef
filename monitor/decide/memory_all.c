/* SPDX-License-Identifier: MIT */
/* What is known of all domains together. */
#include <errno.h>

#include "monitor/decide/memory_inside.h"

#define COUNT_MOST (UINT64_C(1) << 62)
#define RELAYS_MOST                                                                      \
	(sizeof((struct decide *)0)->relays / sizeof((struct decide *)0)->relays[0])

/* How many domains a view has answered for is counted again as they are recalled. */
static void code_views(struct memory *memory, struct decide *all)
{
	struct archive *archive = &memory->archive;
	const size_t len =
		archive_count(archive, (size_t)all->views_len, DECIDE_VIEWS_MAX);
	for (size_t i = 0; i < len; i++) {
		int view = (int)i;
		struct view gone;
		memory_view(memory, &view);
		struct view *each = view >= 0 ? &all->views[view] : &gone;
		archive_time(archive, &each->sick_since);
		archive_time(archive, &each->sick_until);
	}
}

static void code_relays(struct memory *memory, struct decide *all)
{
	struct archive *archive = &memory->archive;
	size_t len = 0;
	while (len < RELAYS_MOST && all->relays[len].entry != NULL)
		len++;
	len = archive_count(archive, len, RELAYS_MOST);
	for (size_t i = 0; i < len; i++) {
		memory_operator(memory, &all->relays[i].entry);
		archive_double(archive, &all->relays[i].attempts);
	}
	archive_double(archive, &all->attempts);
}

static void code_precedents(struct memory *memory, struct decide *all)
{
	struct archive *archive = &memory->archive;
	uint64_t ever = all->precedents_len;
	archive_u64(archive, &ever, COUNT_MOST);
	all->precedents_len = (size_t)ever;
	for (size_t i = 0; i < all->precedents_len && i < PRECEDENTS; i++) {
		struct precedent *each = &all->precedents[i];
		memory_operator(memory, &each->from);
		memory_operator(memory, &each->to);
		archive_u32(archive, &each->ordinal);
		archive_time(archive, &each->at);
	}
}

static void code_timers(struct memory *memory, struct decide *all)
{
	struct archive *archive = &memory->archive;
	size_t len = 0;
	for (size_t i = 0; i < all->timers_len; i++)
		len += all->timers[i].subject == NULL;
	len = archive_count(archive, len, UINT32_MAX);
	for (size_t i = 0; archive->loading && i < len; i++) {
		int64_t at;
		archive_time(archive, &at);
		decide_set_timer(all, NULL, at);
	}
	for (size_t i = 0; !archive->loading && i < all->timers_len; i++)
		if (all->timers[i].subject == NULL)
			archive_time(archive, &all->timers[i].at);
	if (all->error != 0)
		archive->error = all->error;
}

static void code_feeder(struct archive *archive, struct feeder *feeder)
{
	uint64_t day = (uint64_t)feeder->day;
	archive_text(archive, feeder->name, sizeof feeder->name);
	archive_bool(archive, &feeder->configured);
	archive_bool(archive, &feeder->out);
	archive_bool(archive, &feeder->failed);
	archive_u32(archive, &feeder->error);
	archive_time(archive, &feeder->failing_since);
	archive_time(archive, &feeder->first_at);
	archive_time(archive, &feeder->heard_at);
	archive_u64(archive, &day, ARCHIVE_TIME_MOST / DAY_MS);
	feeder->day = (int64_t)day;
	for (int i = 0; i < FEEDER_DAYS; i++) {
		archive_time(archive, &feeder->longest_ms[i]);
		archive_u32(archive, &feeder->reports[i]);
	}
}

static void code_feeders(struct memory *memory, struct feeders *feeders)
{
	struct archive *archive = &memory->archive;
	feeders->len = archive_count(archive, feeders->len, FEEDERS_MOST);
	archive_time(archive, &feeders->looked_at);
	for (size_t i = 0; i < feeders->len; i++)
		code_feeder(archive, &feeders->list[i]);
}

void memory_all(struct memory *memory, struct decide *all)
{
	struct archive *archive = &memory->archive;
	archive_time(archive, &all->now);
	archive_u64(archive, &all->serials, COUNT_MOST);
	archive_u32(archive, &all->ordinals);
	archive_time(archive, &all->lost_since);
	code_views(memory, all);
	code_relays(memory, all);
	code_precedents(memory, all);
	code_timers(memory, all);
	memory_affairs(memory, NULL, SLOT_DNS, &all->self);
	if (memory->version >= 2)
		code_feeders(memory, &all->feeders);
}
