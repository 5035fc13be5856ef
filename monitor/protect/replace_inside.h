/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * replace_inside — what the files of replace share. Private to them.
 */
#include <stdbool.h>

struct replace_order;
struct replace_result;

#define REPLACE_STATE ".state"
#define REPLACE_RELOADED ".reloaded"

/* Writes down what was done, into the open file of the state. What it cannot write is told by
 * nobody else: the result stands. */
void replace_note(
	int fd, const struct replace_order *order, const struct replace_result *result);
/* Whether the file's last replacement has not been read by Postfix, as far as is known. */
bool replace_lacks_reload(const char *path);
