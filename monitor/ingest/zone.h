/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * zone — local times of one time zone to seconds since 1970 UTC.
 *
 * Reads the system's zone files (TZif, RFC 8536) itself: the C library knows a zone only by
 * changing the environment of all threads. Debian's files list every switch up to 2037; after
 * the last listed one its offset stays. Immutable once loaded; any thread.
 */
#include <stdint.h>

struct zone; /* opaque */

/* name: "Europe/Berlin"; NULL and "UTC" need no file. Returns 0, -ENOMEM, or -EINVAL: there is no
 * such zone, or its file makes no sense. */
int zone_load(const char *name, struct zone **ret_zone)
	__attribute__((warn_unused_result));
void zone_destroy(struct zone *zone);

/* local_s: seconds since 1970 as a clock on the wall shows them. An hour that comes twice is read
 * as the first that is not before not_before_s, else as the last; one that never comes with the
 * offset before it. */
int64_t zone_to_utc(const struct zone *zone, int64_t local_s, int64_t not_before_s);
