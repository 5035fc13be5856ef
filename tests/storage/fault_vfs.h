/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * fault_vfs — SQLite's file layer with a fault in it: the Nth writing call fails.
 *
 * Writes, syncs, truncations and openings for writing are counted. Installed for the whole
 * process as SQLite's default; counts and fails only while armed.
 */
#include <stdbool.h>

void fault_vfs_install(void);
/* The call'th call from now fails with SQLite's code, and so do all later ones if it sticks. */
void fault_vfs_arm(int call, int sqlite_code, bool sticky);
/* Returns whether a call has failed. */
bool fault_vfs_disarm(void);
