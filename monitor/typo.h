/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * typo — which big mailbox domain a recipient's domain was meant to be.
 *
 * Addresses that people type into forms have domains such as gmial.com, hotmail.con or yahoo.cm.
 * Named is what is one slip away from a big domain: a letter left out, added, replaced or swapped
 * with its neighbour (two of them in long names), or an ending that does not exist or is .co,
 * .cm or .om for .com. The first letter is taken as right. Short names, around which everything
 * is somebody's, are known by wrong endings alone; and what is itself big, or known to be
 * somebody's, is never a slip. Pure; any thread.
 */

/* domain: a lower-case A-label text without final dot. NULL where none is likely. */
const char *typo_meant(const char *domain);
