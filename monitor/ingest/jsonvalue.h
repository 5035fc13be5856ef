/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * jsonvalue — values inside a parsed JSON line, as bytes. Borrowed from the JSON.
 */
#include <jansson.h>

#include "monitor/ingest/span.h"

#define JSONVALUE_NUMBER_MAX 32

/* One line; NULL where it is no JSON object. Free with json_decref(). */
json_t *jsonvalue_parse(struct span line);
/* The member at a path with points, "a.b.0.c"; a member whose name has points is found too.
 * NULL: there is none. */
json_t *jsonvalue_at(json_t *object, const char *path);
/* A string, a number or a truth as text; empty for all else. */
struct span jsonvalue_text(const json_t *value, char buffer[JSONVALUE_NUMBER_MAX]);
/* The same; of an array all its texts with the separator between, as far as they fit. */
struct span jsonvalue_joined(
	const json_t *value, const char *separator, char *buffer, size_t size);
