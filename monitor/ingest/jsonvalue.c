/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/jsonvalue.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_MAX_BYTES 256

json_t *jsonvalue_parse(struct span line)
{
	json_t *json = json_loadb(line.at, line.len, JSON_ALLOW_NUL, NULL);
	if (json_is_object(json))
		return json;
	json_decref(json);
	return NULL;
}

static json_t *member(json_t *value, const char *name)
{
	if (!json_is_array(value))
		return json_object_get(value, name);
	char *end;
	const unsigned long index = strtoul(name, &end, 10);
	return *name >= '0' && *name <= '9' && *end == '\0' ? json_array_get(value, index)
							    : NULL;
}

json_t *jsonvalue_at(json_t *object, const char *path)
{
	json_t *value = member(object, path);
	if (value != NULL)
		return value;
	value = object;
	for (const char *point = strchr(path, '.'); value != NULL && point != NULL;
		point = strchr(path, '.')) {
		char name[NAME_MAX_BYTES];
		span_copy((struct span){path, (size_t)(point - path)}, name, sizeof name);
		value = member(value, name);
		path = point + 1;
	}
	return value == object || value == NULL ? NULL : member(value, path);
}

struct span jsonvalue_text(const json_t *value, char buffer[JSONVALUE_NUMBER_MAX])
{
	if (json_is_string(value))
		return (struct span){json_string_value(value), json_string_length(value)};
	if (json_is_integer(value))
		snprintf(buffer, JSONVALUE_NUMBER_MAX, "%" JSON_INTEGER_FORMAT,
			json_integer_value(value));
	else if (json_is_real(value))
		snprintf(buffer, JSONVALUE_NUMBER_MAX, "%.3f", json_real_value(value));
	else if (json_is_boolean(value))
		snprintf(buffer, JSONVALUE_NUMBER_MAX, "%s",
			json_is_true(value) ? "true" : "false");
	else
		buffer[0] = '\0';
	return span_of(buffer);
}

struct span jsonvalue_joined(
	const json_t *value, const char *separator, char *buffer, size_t size)
{
	size_t len = 0;

	if (!json_is_array(value))
		return jsonvalue_text(value, buffer);
	for (size_t i = 0; i < json_array_size(value); i++) {
		char number[JSONVALUE_NUMBER_MAX];
		const struct span part = jsonvalue_text(json_array_get(value, i), number);
		const size_t between = i > 0 ? strlen(separator) : 0;
		if (part.len + between > size - len)
			break;
		memcpy(buffer + len, separator, between);
		memcpy(buffer + len + between, part.at, part.len);
		len += between + part.len;
	}
	return (struct span){buffer, len};
}
