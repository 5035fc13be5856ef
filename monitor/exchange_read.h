/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * exchange_read — single members of a row of Common Output Format. Private to exchange_import.c:
 * the sticky fault makes a sequence of reads one check.
 */
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "monitor/exchange.h"
#include "resolvers/endpoint.h"
#include "resolvers/mxset.h"
#include "resolvers/name.h"

#define EXCHANGE_READ_LAST_MS INT64_C(7258118400000) /* 2200-01-01 */

/* A row that is being read: `why` sticks at the first fault. */
struct exchange_reading {
	const char *why;
	uint16_t rrtype;
	uint8_t domain[NAME_WIRE_MAX];
	char view[EXCHANGE_VIEW_MAX + 1];
	char server[ENDPOINT_TEXT_MAX]; /* "" for the view as a whole */
};

/* why is static. */
void exchange_read_fault(struct exchange_reading *reading, const char *why);

/* Each reads the member `key`; a wrong one is a fault, and something harmless is returned. */
const char *exchange_read_text(struct exchange_reading *reading, const json_t *row,
	const char *key, const char *why);
int64_t exchange_read_number(struct exchange_reading *reading, const json_t *row,
	const char *key, int64_t least, int64_t most, const char *why);
/* In milliseconds; null is 0. */
int64_t exchange_read_instant(
	struct exchange_reading *reading, const json_t *row, const char *key);
bool exchange_read_bool(
	struct exchange_reading *reading, const json_t *row, const char *key);
uint32_t exchange_read_ttl(struct exchange_reading *reading, const json_t *ours,
	const char *key, uint32_t unset);

/* Into the reading itself. view stands in for the sensor_id; NULL: as the row says. */
void exchange_read_domain(struct exchange_reading *reading, const json_t *row);
void exchange_read_view(
	struct exchange_reading *reading, const json_t *row, const char *view);
void exchange_read_server(struct exchange_reading *reading, const json_t *ours);
/* NULL for the view as a whole. */
const char *exchange_read_server_text(const struct exchange_reading *reading);

/* A name in presentation form, of printable characters: others are written as \DDD. */
bool exchange_read_is_name(const char *text, uint8_t ret_name[NAME_WIRE_MAX]);
/* "rdata": a list of texts, or one text. The set is to be finished in any case. */
void exchange_read_rdata(
	struct exchange_reading *reading, const json_t *row, struct mxset *set);
bool exchange_read_is_null_mx(const struct mxset *set);
/* "answer", which has to fit the set. */
enum answer_state exchange_read_state(
	struct exchange_reading *reading, const json_t *from, const struct mxset *set);
