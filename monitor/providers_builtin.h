/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * providers_builtin — monitor/providers.tsv as the build put it in.
 */
#include <stddef.h>

extern const char providers_builtin[];
extern const size_t providers_builtin_len;
