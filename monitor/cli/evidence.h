/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * evidence — prints the messages that are kept with the changes of a window.
 */
struct cli;
struct lookup_window;

/* Prints nothing unless --evidence was given. Returns as lookup.h says, or -EIO. */
int evidence_print(struct cli *cli, const struct lookup_window *window)
	__attribute__((warn_unused_result));
