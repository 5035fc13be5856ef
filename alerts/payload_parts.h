/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * payload_parts — what the bodies of several services have in common. Private to alerts/.
 *
 * JSON is returned; free with json_decref(). NULL when there is no memory.
 */
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct alert;
struct alert_case;
struct incident;

#define PAYLOAD_LISTED 200 /* incidents of many that a body names */

/* Prints a body, and frees it. Returns 0 or -ENOMEM, also for NULL. */
int payload_print(json_t *body, char **ret_body) __attribute__((warn_unused_result));

/* The row of an incident, and what this alert says of it. */
json_t *payload_case(const struct alert *alert, const struct alert_case *one);

/* Text of others: printable, at least one byte ("-"), at most `most`. */
json_t *payload_text(const char *text, size_t most);

/* The same of several lines, whose line feeds stay; cut behind a whole one. */
json_t *payload_lines(const char *text, size_t most);

/* What a person reads first of an incident; free with free(). NULL without memory. */
char *payload_operators(
	const struct incident *incident); /* "from IONOS to Apple iCloud" */
char *payload_since(const struct alert *alert, const struct incident *incident);
char *payload_counts(const struct incident *incident);
/* What to do now, as text; the same. */
char *payload_advice(const struct alert_case *one);
/* "fra1-i7  online.de: critical, open"; the same. */
char *payload_line(const struct alert_case *one);
