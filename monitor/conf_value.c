/* SPDX-License-Identifier: MIT */
#include "monitor/conf_value.h"

#include <ctype.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "monitor/conf.h"
#include "monitor/conf_tree.h"
#include "resolvers/endpoint.h"
#include "storage/instant.h"

void conf_blame(struct conf_reader *reader, const char *found, const char *expected,
	const char *path_fmt, ...)
{
	char path[CONF_PATH_MAX];
	va_list args;

	if (reader->err != 0)
		return;
	va_start(args, path_fmt);
	vsnprintf(path, sizeof path, path_fmt, args);
	va_end(args);
	conf_tree_blame(reader->tree, path, found, expected, reader->error);
	reader->err = -EINVAL;
}

void conf_warn(struct conf_reader *reader, const char *path, const char *what)
{
	struct conf *conf = reader->conf;
	char **warnings;
	unsigned line;
	unsigned column;

	if (reader->err != 0)
		return;
	warnings = reallocarray(
		conf->warnings, conf->warnings_len + 1, sizeof *conf->warnings);
	if (warnings == NULL) {
		reader->err = -ENOMEM;
		return;
	}
	conf->warnings = warnings;
	conf_tree_place(reader->tree, path, &line, &column);
	if (asprintf(&warnings[conf->warnings_len], "%s:%u:%u: %s: %s", conf->path, line,
		    column, path, what) < 0) {
		reader->err = -ENOMEM;
		return;
	}
	conf->warnings_len++;
}

void conf_read_duration(struct conf_reader *reader, const char *text, const char *path,
	int64_t *ret_value)
{
	int err;

	if (reader->err != 0 || text == NULL)
		return;
	err = duration_parse(text, ret_value);
	if (err == -ERANGE)
		conf_blame(reader, text, "a duration under 100 years", "%s", path);
	else if (err < 0)
		conf_blame(reader, text, "a duration such as 500ms, 10s, 5m, 2h, 3d",
			"%s", path);
}

void conf_read_term(struct conf_reader *reader, const char *text, const char *path,
	int64_t *ret_value)
{
	if (reader->err != 0 || text == NULL)
		return;
	if (strcmp(text, "forever") == 0)
		*ret_value = 0;
	else if (duration_parse(text, ret_value) < 0)
		conf_blame(
			reader, text, "forever, or a duration such as 90d", "%s", path);
}

void conf_read_number(struct conf_reader *reader, const uint32_t *number, uint32_t least,
	uint32_t most, const char *path, uint32_t *ret_value)
{
	char found[16];
	char expected[64];

	if (reader->err != 0 || number == NULL)
		return;
	if (*number >= least && *number <= most) {
		*ret_value = *number;
		return;
	}
	snprintf(found, sizeof found, "%u", *number);
	snprintf(expected, sizeof expected, "a number from %u to %u", least, most);
	conf_blame(reader, found, expected, "%s", path);
}

void conf_read_text(struct conf_reader *reader, const char *text, char **ret_value)
{
	char *copy;

	if (reader->err != 0 || text == NULL)
		return;
	copy = strdup(text);
	if (copy == NULL) {
		reader->err = -ENOMEM;
		return;
	}
	free(*ret_value);
	*ret_value = copy;
}

void conf_read_name(
	struct conf_reader *reader, const char *text, const char *path, char **ret_value)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if (!isalnum((unsigned char)text[i]) && strchr("-_.", text[i]) == NULL)
			len = 0;
	if (len == 0 || len > CONF_NAME_MAX)
		conf_blame(reader, text,
			"a name of at most 63 letters, digits, '-', '_' and '.'", "%s",
			path);
	conf_read_text(reader, text, ret_value);
}

void conf_read_texts(struct conf_reader *reader, char *const *texts, size_t len,
	char ***ret_values, size_t *ret_len)
{
	if (reader->err != 0 || len == 0)
		return;
	*ret_values = calloc(len, sizeof **ret_values);
	if (*ret_values == NULL) {
		reader->err = -ENOMEM;
		return;
	}
	*ret_len = len;
	for (size_t i = 0; i < len; i++)
		conf_read_text(reader, texts[i], &(*ret_values)[i]);
}

void conf_read_file_name(struct conf_reader *reader, const char *text, char **ret_value)
{
	const char *slash = strrchr(reader->conf->path, '/');
	char *name;

	if (reader->err != 0 || text == NULL || text[0] == '/' || slash == NULL) {
		conf_read_text(reader, text, ret_value);
		return;
	}
	if (asprintf(&name, "%.*s/%s", (int)(slash - reader->conf->path),
		    reader->conf->path, text) < 0) {
		reader->err = -ENOMEM;
		return;
	}
	free(*ret_value);
	*ret_value = name;
}

void conf_check_secret(struct conf_reader *reader, const char *file, const char *path)
{
	struct stat st;

	if (reader->err == 0 && file != NULL && stat(file, &st) == 0 &&
		(st.st_mode & S_IROTH) != 0)
		conf_blame(reader, file, "a file that others cannot read (chmod o-r)",
			"%s", path);
}

void conf_check_url(struct conf_reader *reader, const char *text, const char *schemes,
	const char *path)
{
	const char *colon = text != NULL ? strstr(text, "://") : NULL;
	char scheme[16];
	char expected[64];

	if (reader->err != 0 || text == NULL)
		return;
	if (colon != NULL && colon[3] != '\0' && strpbrk(text, " \t\r\n") == NULL) {
		snprintf(scheme, sizeof scheme, " %.*s ", (int)(colon - text), text);
		if (strstr(schemes, scheme) != NULL)
			return;
	}
	snprintf(expected, sizeof expected, "an address that begins with one of:%s",
		schemes);
	conf_blame(reader, text, expected, "%s", path);
}

void conf_read_endpoint(struct conf_reader *reader, const char *text,
	uint16_t default_port, const char *path, struct endpoint *ret_value)
{
	struct endpoint endpoint;

	if (reader->err != 0 || text == NULL)
		return;
	if (endpoint_parse(text, default_port, &endpoint) < 0 || endpoint.port == 0)
		conf_blame(reader, text,
			"an address, with or without port: \"192.0.2.1:53\", "
			"\"[2001:db8::1]:53\"",
			"%s", path);
	else
		*ret_value = endpoint;
}
