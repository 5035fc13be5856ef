/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * letter_parts — the parts of a letter. Private to alerts/.
 */
struct alert;
struct alert_case;
struct telling;

/* What one incident is, in five lines. */
void letter_glance(const struct telling *telling, const struct alert *alert,
	const struct alert_case *one);
/* Names of it that can be taken for others; nothing where there are none. */
void letter_lookalikes(const struct telling *telling, const struct alert_case *one);
/* All of many, by what happened. Returns 0 or -ENOMEM. */
int letter_list(const struct telling *telling, const struct alert *alert)
	__attribute__((warn_unused_result));
