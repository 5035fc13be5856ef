/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * reply_builtin — monitor/ingest/replies.rules as the build put it in.
 */
#include <stddef.h>

extern const char reply_builtin[];
extern const size_t reply_builtin_len;
