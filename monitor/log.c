/* SPDX-License-Identifier: MIT */
#include "monitor/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "monitor/clock.h"
#include "resolvers/name.h"
#include "storage/instant.h"

static enum log_level level_most = LOG_LEVEL_INFO;

void log_set_level(enum log_level most)
{
	level_most = most;
}

static const char *level_name(enum log_level level)
{
	switch (level) {
	case LOG_LEVEL_ERR:
		return "err";
	case LOG_LEVEL_WARN:
		return "warn";
	case LOG_LEVEL_INFO:
		return "info";
	case LOG_LEVEL_DEBUG:
		break;
	}
	return "debug";
}

__attribute__((format(printf, 3, 0))) static void write_line(
	enum log_level level, const char *module, const char *format, va_list arguments)
{
	if (level > level_most)
		return;
	char line[4096];
	char at[INSTANT_TEXT_MAX];
	int used = snprintf(line, sizeof line,
		"%s %s %.64s: ", instant_format(clock_read().wall_ms, at),
		level_name(level), module);
	size_t len = used < 0 ? 0 : (size_t)used;
	used = vsnprintf(line + len, sizeof line - len - 1, format, arguments);
	len += used < 0 ? 0 : (size_t)used;
	if (len > sizeof line - 2)
		len = sizeof line - 2;
	line[len++] = '\n';
	if (write(STDERR_FILENO, line, len) < 0)
		return;
}

#define DEFINE_LOG(name, level)                                                          \
	void name(const char *module, const char *format, ...)                           \
	{                                                                                \
		va_list arguments;                                                       \
		va_start(arguments, format);                                             \
		write_line(level, module, format, arguments);                            \
		va_end(arguments);                                                       \
	}

DEFINE_LOG(log_err, LOG_LEVEL_ERR)
DEFINE_LOG(log_warn, LOG_LEVEL_WARN)
DEFINE_LOG(log_info, LOG_LEVEL_INFO)
DEFINE_LOG(log_debug, LOG_LEVEL_DEBUG)

const char *log_quote(const char *text)
{
	static _Thread_local char buffers[4][1024];
	static _Thread_local unsigned next;
	char *const buffer = buffers[next++ % 4];
	FILE *out = fmemopen(buffer, sizeof buffers[0], "w");
	if (!out)
		return "\"\"";
	putc('"', out);
	name_escape(NAME_SINK_LOG, text, strnlen(text, 200), out);
	putc('"', out);
	putc('\0', out);
	if (fclose(out) != 0)
		return "\"\"";
	return buffer;
}
