/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * folder — the mails of a folder: of a maildir those in new/ and cur/, else each file in it.
 *
 * In the order of their names. Names that begin with a point, and what is no regular file, are
 * passed over; folders within are not entered.
 */
#include <stdbool.h>

bool folder_is(const char *path);
/* path: FOLDER/NAME or FOLDER/new/NAME, borrowed. Non-zero ends the walk. */
typedef int (*folder_fn)(void *owner, const char *path);
/* Returns 0, a negative errno where a folder cannot be read, or what fn returned. */
int folder_each(const char *path, folder_fn fn, void *owner)
	__attribute__((warn_unused_result));
