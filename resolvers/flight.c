/* SPDX-License-Identifier: MIT */
#include "resolvers/flight.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define IDS 65536
#define HEADER 12
#define QUOTE_MIN (HEADER + 5) /* id to class of the shortest question, the root */

int flight_table_init(struct flight_table *ret_table, struct channel *channel, size_t len)
{
	assert(len > 0 && len <= FLIGHTS_MAX);
	struct flight *flights = calloc(len, sizeof *flights);
	uint16_t *by_id = calloc(IDS, sizeof *by_id);
	if (flights == NULL || by_id == NULL) {
		free(flights);
		free(by_id);
		return -ENOMEM;
	}
	*ret_table =
		(struct flight_table){.flights = flights, .len = len, .by_id = by_id};
	TAILQ_INIT(&ret_table->free);
	TAILQ_INIT(&ret_table->outstanding);
	TAILQ_INIT(&ret_table->ended);
	for (size_t i = 0; i < len; i++) {
		flights[i].channel = channel;
		TAILQ_INSERT_TAIL(&ret_table->free, &flights[i], link);
	}
	return 0;
}

void flight_table_finish(struct flight_table *table)
{
	free(table->flights);
	free(table->by_id);
	*table = (struct flight_table){0};
}

static uint16_t unused_id(const struct flight_table *table, struct entropy *entropy)
{
	uint16_t id;
	do
		id = entropy_next(entropy);
	while (table->by_id[id] != 0);
	return id;
}

struct flight *flight_begin(
	struct flight_table *table, struct entropy *entropy, uint64_t deadline_mono_ms)
{
	struct flight *flight = TAILQ_FIRST(&table->free);
	if (flight == NULL)
		return NULL;
	flight->id = unused_id(table, entropy);
	flight->state = FLIGHT_QUEUED;
	flight->deadline_mono_ms = deadline_mono_ms;
	flight->sent_us = 0;
	flight->msg = NULL;
	flight->len = 0;
	flight->ended_us = 0;
	flight->socket = FLIGHT_NO_SOCKET;
	flight->local_port = 0;
	flight->pushed = false;
	flight->retried = false;
	flight->enveloped = false;
	table->by_id[flight->id] = (uint16_t)(flight - table->flights + 1);
	TAILQ_REMOVE(&table->free, flight, link);
	TAILQ_INSERT_TAIL(&table->outstanding, flight, link);
	table->used++;
	return flight;
}

void flight_end(
	struct flight_table *table, struct flight *flight, enum channel_outcome outcome)
{
	assert(flight->state == FLIGHT_QUEUED || flight->state == FLIGHT_SENT);
	TAILQ_REMOVE(&table->outstanding, flight, link);
	TAILQ_INSERT_TAIL(&table->ended, flight, link);
	flight->state = FLIGHT_ENDED;
	flight->outcome = outcome;
}

void flight_release(struct flight_table *table, struct flight *flight)
{
	assert(flight->state != FLIGHT_FREE);
	if (flight->state == FLIGHT_ENDED)
		TAILQ_REMOVE(&table->ended, flight, link);
	else
		TAILQ_REMOVE(&table->outstanding, flight, link);
	table->by_id[flight->id] = 0;
	flight->state = FLIGHT_FREE;
	/* First in line again: its memory is warm. */
	TAILQ_INSERT_HEAD(&table->free, flight, link);
	table->used--;
}

struct flight *flight_find(const struct flight_table *table, uint16_t id)
{
	uint16_t entry = table->by_id[id];
	return entry == 0 ? NULL : &table->flights[entry - 1];
}

static uint16_t read_id(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] << 8 | bytes[1]);
}

/* Our own question as a response with TC: a stand-in for what was too large to be believed. */
static void make_truncated(struct flight *flight)
{
	uint8_t *query = flight->query;
	query[2] = (uint8_t)(query[2] | WIRE_QR >> 8 | WIRE_TC >> 8);
	query[3] = 0;
	query[10] = 0;
	query[11] = 0;
	flight->msg = query;
	flight->len = HEADER + name_length(query + HEADER) + 4;
}

struct flight *flight_land(struct flight_table *table,
	const struct flight_datagram *datagram, struct channel_counters *counters)
{
	struct flight *flight = NULL;
	if (datagram->len >= HEADER)
		flight = flight_find(table, read_id(datagram->bytes));
	/* What comes before the question has left was never an answer to it. */
	if (flight == NULL || flight->state != FLIGHT_SENT) {
		counters->stray++;
		return NULL;
	}
	if (!endpoint_equal(datagram->from, &flight->server)) {
		counters->wrong_server++;
		return NULL;
	}
	if (datagram->socket != flight->socket) {
		counters->wrong_socket++;
		return NULL;
	}
	if (!wire_is_reply(datagram->bytes, datagram->len, flight->id,
		    flight->query + HEADER, flight->type)) {
		counters->wrong_question++;
		return NULL;
	}
	flight_end(table, flight, CHANNEL_REPLY);
	flight->ended_us = datagram->received_us;
	flight->msg = datagram->bytes;
	flight->len = datagram->len;
	if (datagram->cut || datagram->len > flight->limit) {
		counters->oversized++;
		make_truncated(flight);
	}
	return flight;
}

struct flight *flight_crash(struct flight_table *table, const struct endpoint *server,
	uint16_t socket, const uint8_t *quoted, size_t len)
{
	if (len < QUOTE_MIN)
		return NULL;
	struct flight *flight = flight_find(table, read_id(quoted));
	if (flight == NULL || flight->state != FLIGHT_SENT || flight->socket != socket ||
		!endpoint_equal(server, &flight->server) || len > flight->query_len ||
		memcmp(quoted, flight->query, len) != 0)
		return NULL;
	flight_end(table, flight, CHANNEL_NETWORK);
	return flight;
}
