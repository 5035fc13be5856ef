/* SPDX-License-Identifier: MIT */
/* What is known of one domain. */
#include <errno.h>
#include <stdlib.h>

#include "monitor/decide/memory_inside.h"

#define ORDINAL_MOST (UINT32_MAX / 2)
#define SLICE_MOST (UINT64_C(1) << 40)
#define HOUR_MOST (ARCHIVE_TIME_MOST / HOUR_MS)
#define GUARD_ALL ((1u << SPIKE_GUARD_HOURS) - 1)

/* --- whose hosts are its own --- */

/* Prefixes of addresses have the top bit set; most are small without it. */
static void code_network(struct archive *archive, uint64_t *network)
{
	uint64_t turned = *network << 2 | *network >> 62;
	archive_u64(archive, &turned, UINT64_MAX);
	*network = turned >> 2 | turned << 62;
}

static void code_own(struct memory *memory, struct own *own)
{
	struct archive *archive = &memory->archive;
	archive_bool(archive, &own->pinned);
	archive_u8(archive, &own->operators_len, OWN_OPERATORS);
	for (unsigned i = 0; i < own->operators_len; i++)
		memory_operator(memory, &own->operators[i]);
	archive_u8(archive, &own->networks_len, OWN_NETWORKS);
	for (unsigned i = 0; i < own->networks_len; i++) {
		code_network(archive, &own->networks[i].network);
		memory_operator(memory, &own->networks[i].run_by);
	}
	archive_u8(archive, &own->candidates_len, OWN_CANDIDATES);
	for (unsigned i = 0; i < own->candidates_len; i++) {
		struct own_candidate *candidate = &own->candidates[i];
		memory_operator(memory, &candidate->run_by);
		archive_time(archive, &candidate->first_at);
		archive_time(archive, &candidate->last_at);
		archive_u32(archive, &candidate->accepted);
	}
}

static void code_expected(struct memory *memory, struct subject *subject)
{
	struct archive *archive = &memory->archive;
	if (!archive_has(archive, subject->expected_len > 0 || subject->any_expected))
		return;
	archive_bool(archive, &subject->any_expected);
	archive_time(archive, &subject->expected_until);
	archive_u8(archive, &subject->expected_len, AFFAIR_OPERATORS);
	for (unsigned i = 0; i < subject->expected_len; i++)
		memory_operator(memory, &subject->expected[i]);
}

/* --- what the views say --- */

static void code_look(struct memory *memory, struct look *look)
{
	struct archive *archive = &memory->archive;
	archive_u8(archive, &look->position, POSITION_GONE);
	archive_u8(archive, &look->state, ANSWER_NXDOMAIN);
	memory_set(memory, &look->set);
	archive_time(archive, &look->since);
	archive_time(archive, &look->not_before_at);
	archive_u16(archive, &look->failures);
	archive_time(archive, &look->failing_since);
	if (look->position != POSITION_UNSEEN && look->set == NULL)
		archive_refuse(archive);
}

static bool is_blank(const struct look *look)
{
	return look->position == POSITION_UNSEEN && look->failures == 0;
}

static void store_looks(struct memory *memory, struct subject *subject)
{
	size_t len = 0;
	for (int i = 0; i < memory->decide->views_len; i++)
		len += !is_blank(&subject->looks[i]);
	archive_count(&memory->archive, len, DECIDE_VIEWS_MAX);
	for (int i = 0; i < memory->decide->views_len; i++) {
		int view = i;
		if (is_blank(&subject->looks[i]))
			continue;
		memory_view(memory, &view);
		code_look(memory, &subject->looks[i]);
	}
}

static void load_looks(struct memory *memory, struct subject *subject)
{
	const size_t len = archive_count(&memory->archive, 0, DECIDE_VIEWS_MAX);
	for (size_t i = 0; i < len; i++) {
		struct look look = {.state = 0};
		int view = -1;
		memory_view(memory, &view);
		code_look(memory, &look);
		if (view >= 0)
			subject->looks[view] = look;
	}
}

static void code_sets(struct memory *memory, struct subject *subject)
{
	uint8_t len = SUBJECT_SETS;
	while (len > 0 && subject->sets[len - 1] == NULL)
		len--;
	archive_u8(&memory->archive, &len, SUBJECT_SETS);
	for (unsigned i = 0; i < len; i++)
		memory_set(memory, &subject->sets[i]);
	if (!archive_has(&memory->archive, subject->departed != NULL))
		return;
	memory_set(memory, &subject->departed);
	archive_time(&memory->archive, &subject->departed_at);
}

/* --- its mail --- */

static void code_baseline(struct archive *archive, struct spike_baseline *baseline)
{
	unsigned hours = 0;
	archive_float(archive, &baseline->attempts);
	archive_float(archive, &baseline->bounces);
	for (unsigned i = 0; i < SPIKE_GUARD_HOURS; i++)
		if (baseline->guard_attempts[i] > 0 || baseline->guard_bounces[i] > 0)
			hours |= 1u << i;
	hours = archive_choice(archive, hours, 0, GUARD_ALL);
	for (unsigned i = 0; i < SPIKE_GUARD_HOURS; i++) {
		if ((hours & 1u << i) == 0)
			continue;
		archive_u32(archive, &baseline->guard_attempts[i]);
		archive_u32(archive, &baseline->guard_bounces[i]);
	}
}

static void code_statistic(
	struct archive *archive, struct spike *spike, enum spike_statistic which)
{
	bool any = spike->attempts[which] > 0 || spike->since[which] != 0;
	for (int i = 0; i < SPIKE_ALTERNATIVES; i++)
		any |= spike->sums[which][i] > 0;
	if (!archive_has(archive, any))
		return;
	for (int i = 0; i < SPIKE_ALTERNATIVES; i++)
		archive_float(archive, &spike->sums[which][i]);
	archive_time(archive, &spike->since[which]);
	archive_u32(archive, &spike->bounces[which]);
	archive_u32(archive, &spike->attempts[which]);
}

/* Rows before version 3 know nothing of crowds: what is usual of strangers is learnt in a day. */
static void code_crowd(struct archive *archive, struct spike *spike)
{
	archive_float(archive, &spike->recent);
	archive_float(archive, &spike->recent_strangers);
	code_statistic(archive, spike, SPIKE_CROWD);
}

static void code_spike(struct memory *memory, struct spike *spike)
{
	struct archive *archive = &memory->archive;
	uint64_t hour = (uint64_t)spike->hour;
	if (!archive_has(archive, spike->first_at != 0))
		return;
	archive_time(archive, &spike->first_at);
	archive_u64(archive, &hour, HOUR_MOST);
	spike->hour = (int64_t)hour;
	code_baseline(archive, &spike->known);
	code_baseline(archive, &spike->all);
	for (int i = 0; i < SPIKE_CROWD; i++)
		code_statistic(archive, spike, (enum spike_statistic)i);
	archive_time(archive, &spike->foreign_at);
	if (memory->version >= 3)
		code_crowd(archive, spike);
}

static void code_slice(struct archive *archive, int64_t *slice)
{
	uint64_t number = (uint64_t)*slice;
	archive_u64(archive, &number, SLICE_MOST);
	*slice = (int64_t)number;
}

static void code_mail(struct memory *memory, struct subject *subject)
{
	struct archive *archive = &memory->archive;
	code_spike(memory, &subject->spike);
	if (archive_has(archive, subject->stuck_since != 0)) {
		archive_float(archive, &subject->stuck[0]);
		archive_float(archive, &subject->stuck[1]);
		archive_time(archive, &subject->stuck_since);
		archive_u32(archive, &subject->stuck_mails);
		if (memory->version >= 2)
			archive_u64(archive, &subject->led_by, UINT64_MAX);
	}
	if (archive_has(archive, subject->missing_since != 0)) {
		archive_u32(archive, &subject->missing_mails);
		archive_time(archive, &subject->missing_since);
	}
	code_slice(archive, &subject->active_slice);
	code_slice(archive, &subject->lost_slice);
	memory_tolls(memory, &subject->tolls);
}

/* --- the whole --- */

static void code_affairs(struct memory *memory, struct subject *subject)
{
	for (unsigned i = 0; i < SLOTS; i++)
		memory_affairs(memory, subject, (enum slot)i, &subject->affairs[i]);
}

void memory_subject(struct memory *memory, struct subject *subject)
{
	struct archive *archive = &memory->archive;
	archive_time(archive, &subject->met_at);
	archive_u32(archive, &subject->ordinal);
	if (subject->ordinal > ORDINAL_MOST)
		archive_refuse(archive);
	archive_time(archive, &subject->timer_at);
	code_own(memory, &subject->own);
	code_expected(memory, subject);
	if (archive->loading)
		load_looks(memory, subject);
	else
		store_looks(memory, subject);
	code_sets(memory, subject);
	code_mail(memory, subject);
	code_affairs(memory, subject);
}
