/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * network — makes the program's own sendmmsg(2) fail on demand.
 * The linker's --wrap sends the calls of all linked objects here. One thread.
 */

/* Lets the next calls fail with this errno. */
void network_fail_sends(unsigned calls, int error);
/* Calls made since then. */
unsigned network_sends(void);
