/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * request_inside — what the files of request share. Private to them.
 */
#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "resolvers/name.h"

struct store;

#define REQUEST_WHY_MAX 200

/* A request at work, inside a transaction. `why` is set at the first fault of its words. */
struct request_doing {
	struct store *store;
	const json_t *request;
	int64_t now;
	json_t *answer; /* owned until it is handed over */
	char why[REQUEST_WHY_MAX];
};

/* The request is wrong: nothing of it will be done. The first fault is told. */
void request_fault(struct request_doing *doing, const char *what, const char *found);
/* Reads a domain; false after a fault. */
bool request_read_name(
	struct request_doing *doing, const json_t *value, uint8_t name[NAME_WIRE_MAX]);
/* Adds a number to the answer. */
void request_count(struct request_doing *doing, const char *key, json_int_t number);

void request_incident_ack(struct request_doing *doing);
void request_incident_close(struct request_doing *doing);
void request_expect_add(struct request_doing *doing);
void request_expect_remove(struct request_doing *doing);
void request_alert_retry(struct request_doing *doing);
void request_forget(struct request_doing *doing);
