/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * memory — makes the program's own allocations fail on demand.
 *
 * The linker's --wrap sends malloc, calloc and realloc of all linked objects here; allocations
 * inside shared libraries are not touched. One thread.
 */
#include <stdbool.h>
#include <stddef.h>

/* Lets `before` allocations from now succeed, then fails one. */
void memory_fail_after(size_t before);
/* Ends it. Returns whether an allocation was made to fail. */
bool memory_stop_failing(void);
