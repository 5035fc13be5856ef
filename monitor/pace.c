/* SPDX-License-Identifier: MIT */
#include "monitor/pace.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* A burst of this many seconds' worth may leave at once, at least one query. */
#define BURST_S 0.1

struct lane {
	struct endpoint server; /* family 0: free */
	double free_ms; /* monotonic instant from which the next query may leave */
};

struct pace {
	double total_qps;
	double total_free_ms;
	struct lane *lanes; /* owned, open addressing, capacity a power of two */
	size_t capacity;
	size_t len;
};

int pace_create(double total_qps, struct pace **ret_pace)
{
	struct pace *pace = calloc(1, sizeof *pace);
	if (!pace)
		return -ENOMEM;
	pace->capacity = 64;
	pace->total_qps = total_qps;
	pace->lanes = calloc(pace->capacity, sizeof *pace->lanes);
	if (!pace->lanes) {
		free(pace);
		return -ENOMEM;
	}
	*ret_pace = pace;
	return 0;
}

void pace_destroy(struct pace *pace)
{
	if (!pace)
		return;
	free(pace->lanes);
	free(pace);
}

/* Servers are our own configuration and what zones name; a crowded chain costs time only, and
 * the number of servers bounds it. */
static size_t hash(const struct endpoint *server)
{
	uint64_t a, b;
	memcpy(&a, server->address, 8);
	memcpy(&b, server->address + 8, 8);
	uint64_t h = (a ^ (b * UINT64_C(0x9e3779b97f4a7c15)) ^ server->port) *
		UINT64_C(0xff51afd7ed558ccd);
	return (size_t)(h ^ h >> 32);
}

static struct lane *find(
	struct lane *lanes, size_t capacity, const struct endpoint *server)
{
	for (size_t i = hash(server) & (capacity - 1);; i = (i + 1) & (capacity - 1))
		if (lanes[i].server.family == 0 ||
			endpoint_equal(&lanes[i].server, server))
			return &lanes[i];
}

static void grow(struct pace *pace)
{
	const size_t capacity = pace->capacity * 2;
	struct lane *lanes = calloc(capacity, sizeof *lanes);
	if (!lanes)
		return;
	for (size_t i = 0; i < pace->capacity; i++)
		if (pace->lanes[i].server.family != 0)
			*find(lanes, capacity, &pace->lanes[i].server) = pace->lanes[i];
	free(pace->lanes);
	pace->lanes = lanes;
	pace->capacity = capacity;
}

static struct lane *lane_of(struct pace *pace, const struct endpoint *server)
{
	struct lane *lane = find(pace->lanes, pace->capacity, server);
	if (lane->server.family != 0)
		return lane;
	if (pace->len + 1 >= pace->capacity / 2) {
		grow(pace);
		if (pace->len + 1 >= pace->capacity)
			return NULL;
		lane = find(pace->lanes, pace->capacity, server);
	}
	lane->server = *server;
	pace->len++;
	return lane;
}

/* Advances one lane by one query; returns the instant at which it may leave. */
static double reserve(double *free_ms, double qps, double now_ms)
{
	const double burst_ms = BURST_S * 1000;
	if (*free_ms < now_ms - burst_ms)
		*free_ms = now_ms - burst_ms;
	const double leave = *free_ms;
	*free_ms += 1000 / qps;
	return leave;
}

uint64_t pace_reserve(struct pace *pace, const struct endpoint *server, double qps,
	uint64_t now_mono_ms)
{
	const double now_ms = (double)now_mono_ms;
	double leave = now_ms;
	struct lane *lane = qps > 0 ? lane_of(pace, server) : NULL;
	if (lane)
		leave = reserve(&lane->free_ms, qps, now_ms);
	if (pace->total_qps > 0) {
		const double total =
			reserve(&pace->total_free_ms, pace->total_qps, now_ms);
		if (total > leave)
			leave = total;
	}
	return leave > now_ms ? (uint64_t)(leave - now_ms) + 1 : 0;
}

bool pace_take(struct pace *pace, const struct endpoint *server, double qps,
	uint64_t now_mono_ms)
{
	const double now_ms = (double)now_mono_ms;
	const struct lane *lane = qps > 0 ? lane_of(pace, server) : NULL;
	if (lane && lane->free_ms > now_ms)
		return false;
	if (pace->total_qps > 0 && pace->total_free_ms > now_ms)
		return false;
	return pace_reserve(pace, server, qps, now_mono_ms) == 0;
}
