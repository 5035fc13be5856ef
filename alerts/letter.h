/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * letter — an alert in words, as text of 78 columns and as a page.
 *
 * What is new, the incident at a glance, names that can be taken for others, its whole story, and
 * where to go on; of many incidents a list by what happened, and the story of the first. Errors of
 * writing stick to the stream.
 */
#include <stdio.h>

struct alert;

#define LETTER_LISTED 200 /* incidents of many that are named */

/* Both return 0 or -ENOMEM. */
int letter_write(const struct alert *alert, FILE *out)
	__attribute__((warn_unused_result));
/* picture: where the page finds the alert's, "cid:..."; NULL for none. */
int letter_write_html(const struct alert *alert, const char *picture, FILE *out)
	__attribute__((warn_unused_result));
