/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * incident_json — an incident as the JSON row of the interface.
 *
 * Control bytes, bidi marks and what is no UTF-8 are shown as \xHH in every text. What is
 * returned is freed with json_decref(); NULL when there is no memory.
 */
#include <stdint.h>

#include <jansson.h>

struct incident;

/* Ids are given as text: those of a backtest are of no store. */
json_t *incident_json(const char *id, const struct incident *incident);

/* Names that are each ended by a line feed, as an array. */
json_t *incident_json_names(const char *names);
/* Text of others: what is no printable UTF-8 as \xHH. */
json_t *incident_json_text(const char *foreign);
/* A wire name; null for NULL. */
json_t *incident_json_domain(const uint8_t *domain);
/* RFC 3339; null for 0. */
json_t *incident_json_instant(int64_t at);
