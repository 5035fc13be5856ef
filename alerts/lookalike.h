/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * lookalike — names that can be taken for the name of a known mail provider.
 *
 * Covers what attackers of mail use: Cyrillic, Greek and Armenian letters that are drawn as Latin
 * ones, Latin letters with marks, '0' for 'o', '1' for 'l', "rn" for 'm' and "vv" for 'w', each
 * against a list of about seventy names; and any label that mixes Latin, Cyrillic, Greek or
 * Armenian. It is no replacement for Unicode TR 39: other scripts, and names that are not on the
 * list, are not looked at. Pure.
 */
#include <stdbool.h>

struct lookalike {
	const char *like; /* the name that it can be taken for; static; NULL for none */
	bool mixed; /* one label has letters of several scripts */
};

/* name: presentation text, A-labels. Returns whether there is anything to say of it. */
bool lookalike_find(const char *name, struct lookalike *ret_lookalike);
