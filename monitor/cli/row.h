/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * row — the JSON rows of the interface: their members and the order of these.
 *
 * Times are RFC 3339 UTC with milliseconds, null where there is none; only members in `_s` have
 * fractions. Rows are returned; free with json_decref. NULL when there is no memory.
 */
#include <stdint.h>

#include <jansson.h>

struct answer_value;
struct change;
struct coverage;
struct evidence;
struct lookup_instant;
struct operators;
struct span;
struct store;
struct suspicion;

json_t *row_of_span(struct operators *operators, const struct span *span);
json_t *row_of_coverage(const struct coverage *coverage);
json_t *row_of_change(struct operators *operators, const struct store *store,
	const struct change *change);
json_t *row_of_suspicion(struct operators *operators, const struct suspicion *suspicion);
/* What domain (a wire name) was known to have at an instant. */
json_t *row_of_instant(struct operators *operators, const uint8_t *domain,
	const struct lookup_instant *instant);
/* change: the id of the change that it stands for, or NULL; text: of answer_print(). */
json_t *row_of_evidence(
	const char *change, const struct evidence *evidence, const char *text);

json_t *row_instant(int64_t at); /* 0 is null */
json_t *row_seconds(int64_t ms);

/* Prints a row on standard output, and frees it. Returns 0, -ENOMEM for NULL, or -EIO. */
int row_print(json_t *row) __attribute__((warn_unused_result));
