/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * log — one line an event on standard error: level, module, subject, key=value.
 *
 * err: a person must act; warn: we cope and say how; info: a change, start and stop; debug: free.
 * Foreign text belongs inside log_quote(). Lines are written whole, from any thread.
 */
#include <stdbool.h>

enum log_level {
	LOG_LEVEL_ERR,
	LOG_LEVEL_WARN,
	LOG_LEVEL_INFO,
	LOG_LEVEL_DEBUG,
};

/* Lines above `most` are dropped; the default is INFO. Before threads start. */
void log_set_level(enum log_level most);

void log_err(const char *module, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void log_warn(const char *module, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void log_info(const char *module, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
void log_debug(const char *module, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Foreign text in quotes, escaped and cut at about 200 bytes; in one of four buffers of the
 * calling thread, so that one line may quote four texts. */
const char *log_quote(const char *text);
