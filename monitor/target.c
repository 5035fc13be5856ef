/* SPDX-License-Identifier: MIT */
#include "monitor/target.h"

#define HOLE_TOLERANCE_MS 100 /* by which a poll may be late without a word */

int64_t target_patience_ms(const struct target_group *group)
{
	return 2 * group->interval_ms + group->timeout_ms;
}

static uint32_t bucket_number(const struct target_group *group, int64_t at)
{
	return (uint32_t)(at / group->bucket_ms);
}

/* Ends the bucket that `at` no longer lies in, and begins its own. */
static void roll_bucket(struct target *target, const struct target_group *group,
	int64_t at, struct target_notes *notes)
{
	const uint32_t number = bucket_number(group, at);
	if (target->bucket_no == number)
		return;
	if (target->bucket_no != 0 && target->bucket_polls != 0) {
		notes->bucket_full = true;
		notes->bucket = (struct bucket){
			.from_at = (int64_t)target->bucket_no * group->bucket_ms,
			.length_ms = group->bucket_ms,
			.polls = target->bucket_polls,
			.usable = target->bucket_usable,
			.longest_ms = target->bucket_longest_ms,
		};
	}
	target->bucket_no = number;
	target->bucket_polls = 0;
	target->bucket_usable = 0;
	target->bucket_longest_ms = 0;
}

/* Why nothing usable was seen since last_at. */
static unsigned reason_of(
	const struct target *target, const struct interruption *interruption)
{
	if (target->flags & TARGET_UNWATCHED)
		return GAP_UNWATCHED;
	if (interruption->reason != 0 && interruption->at >= target->last_at)
		return interruption->reason;
	if (target->failure != 0)
		return target->failure;
	return GAP_OVERLOAD;
}

/* Counts a usable poll, and notes the gap that it ends. A hole between two spans is a gap already
 * when it is wider than the interval: `most_ms` is what passes without one. */
static void count_usable(struct target *target, const struct target_group *group,
	const struct interruption *interruption, int64_t at, int64_t most_ms,
	struct target_notes *notes)
{
	roll_bucket(target, group, at, notes);
	const int64_t distance = target->last_at != 0 ? at - target->last_at : 0;
	if (target->flags & TARGET_GAP) {
		notes->gap = TARGET_GAP_CLOSE;
		notes->gap_to = at;
	} else if (distance > most_ms) {
		notes->gap = TARGET_GAP_ADD;
		notes->gap_from = target->last_at;
		notes->gap_to = at;
		notes->gap_reason = reason_of(target, interruption);
	} else if (distance > target->bucket_longest_ms) {
		target->bucket_longest_ms =
			distance < UINT32_MAX ? (uint32_t)distance : UINT32_MAX;
	}
	target->bucket_polls++;
	target->bucket_usable++;
	target->last_at = at;
	target->failure = 0;
	target->flags &= (uint16_t) ~(TARGET_GAP | TARGET_UNWATCHED);
}

static void count_ttl(struct target *target, uint32_t ttl)
{
	if (ttl == UINT32_MAX)
		return;
	if (ttl < target->ttl_min)
		target->ttl_min = ttl;
	if (ttl > target->ttl_max)
		target->ttl_max = ttl;
}

void target_agree(struct target *target, const struct target_group *group,
	const struct interruption *interruption, int64_t at, uint32_t ttl,
	struct target_notes *ret_notes)
{
	*ret_notes = (struct target_notes){.bucket_full = false};
	count_usable(
		target, group, interruption, at, target_patience_ms(group), ret_notes);
	target->polls++;
	count_ttl(target, ttl);
}

void target_fail(struct target *target, const struct target_group *group,
	const struct interruption *interruption, int64_t at, enum answer_state failure,
	struct target_notes *ret_notes)
{
	*ret_notes = (struct target_notes){.bucket_full = false};
	roll_bucket(target, group, at, ret_notes);
	target->bucket_polls++;
	target->failure = (uint8_t)failure;
	if (target->flags & TARGET_GAP)
		return;
	if (target->last_at != 0 && at - target->last_at <= target_patience_ms(group))
		return;
	ret_notes->gap = TARGET_GAP_OPEN;
	ret_notes->gap_from = target->last_at != 0 ? target->last_at : at;
	ret_notes->gap_reason = target->last_at != 0 ? reason_of(target, interruption)
						     : (unsigned)failure;
	target->flags |= TARGET_GAP;
}

void target_turn(struct target *target, const struct target_group *group,
	const struct interruption *interruption, int64_t at, enum answer_state state,
	struct digest digest, uint32_t ttl, struct target_notes *ret_notes)
{
	*ret_notes = (struct target_notes){.bucket_full = false};
	count_usable(target, group, interruption, at,
		group->interval_ms + HOLE_TOLERANCE_MS, ret_notes);
	target->flags &= (uint16_t) ~(TARGET_FAILED | TARGET_DEAF);
	target->state = (uint8_t)state;
	target->digest = digest;
	target->polls = 1;
	target->ttl_min = UINT32_MAX;
	target->ttl_max = 0;
	count_ttl(target, ttl);
}

struct pulse target_pulse(const struct target *target, const struct target_group *group)
{
	return (struct pulse){
		.last_at = target->last_at,
		.confirmed_at = target->state != ANSWER_NONE ? target->last_at : 0,
		.polls = target->polls,
		.ttl_min = target->ttl_min,
		.ttl_max = target->ttl_max,
		.bucket_polls = target->bucket_polls,
		.bucket_usable = target->bucket_usable,
		.bucket_longest_ms = target->bucket_longest_ms,
		.bucket_at = (int64_t)target->bucket_no * group->bucket_ms,
	};
}

void target_resume(struct target *target, const struct target_group *group,
	const struct pulse *pulse)
{
	target->last_at = pulse->last_at;
	target->polls = pulse->polls;
	target->ttl_min = pulse->polls != 0 ? pulse->ttl_min : UINT32_MAX;
	target->ttl_max = pulse->ttl_max;
	target->bucket_polls = pulse->bucket_polls;
	target->bucket_usable = pulse->bucket_usable;
	target->bucket_longest_ms = pulse->bucket_longest_ms;
	target->bucket_no = bucket_number(group, pulse->bucket_at);
}
