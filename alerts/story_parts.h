/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * story_parts — the parts of a story that differ by kind, and its tables. Private to alerts/.
 */
#include <stdbool.h>

struct telling;

void story_what_happened(const struct telling *telling);
/* What the views had before the change, since, and have now, side by side. */
void story_views(const struct telling *telling);
/* Whether there was anything to say. */
bool story_not_known(const struct telling *telling);
void story_do_now(const struct telling *telling);
void story_do_after(const struct telling *telling);
