/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * input_file — the input of a target as a file, for parsers that open what they read.
 */
#include <stddef.h>
#include <stdint.h>

/* Puts the input into a file without a name, the same one each time. Returns its path; static. */
const char *input_file(const uint8_t *data, size_t size);

/* Holds where a message is one line that can be shown, and begins with the path. */
void input_file_check_error(const char *path, const char *text);
