/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * intern — dictionary numbers of names, views, servers, answers, messages and sources.
 *
 * Entries are made when first needed and never change; answers and messages are found by their
 * SHA-256. Inside a write transaction only: errors stick to it, and 0 is returned. Private to
 * storage/.
 */
#include <stddef.h>
#include <stdint.h>

#include "storage/record.h"

struct store;

int64_t intern_name(struct store *store, const uint8_t *name);
int64_t intern_view(struct store *store, const char *view);
/* NULL is the view as a whole, number 0. */
int64_t intern_server(struct store *store, const char *server);
int64_t intern_source(struct store *store, const char *source);
int64_t intern_answer(struct store *store, const struct answer_value *answer);
int64_t intern_message(struct store *store, const uint8_t *message, size_t len);
