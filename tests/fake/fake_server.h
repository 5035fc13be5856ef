/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * fake_server — the sockets and the thread behind fake_dns.h.
 */
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tests/fake/fake_dns.h"
#include "tests/fake/fake_rule.h"
#include "tests/fake/fake_speech.h"

#define FAKE_CONNECTIONS 128
#define FAKE_QUERY_MAX 512

struct fake_connection {
	int fd; /* -1 is free */
	uint64_t serial;
	struct endpoint from;
	size_t len;
	uint8_t bytes[2 + FAKE_QUERY_MAX];
};

/* An answer that waits for its time. */
struct fake_pending {
	struct fake_pending *next;
	int64_t due_ms;
	struct fake_rule *rule;
	struct endpoint from;
	uint64_t serial; /* of the connection, 0 is UDP */
	size_t len;
	uint8_t query[FAKE_QUERY_MAX];
};

struct fake_dns {
	pthread_t thread;
	pthread_mutex_t lock; /* over what follows up to the thread's own */
	pthread_cond_t changed;
	struct fake_rule *rules;
	struct fake_query *seen;
	size_t seen_len;
	size_t seen_room;
	bool want_udp;
	bool want_tcp;
	bool stopping;
	unsigned wishes; /* counts the changes asked for, and below, done */
	unsigned granted;

	struct endpoint address;
	int wake;
	int tcp;
	struct fake_speech speech;
	struct fake_connection connections[FAKE_CONNECTIONS];
	uint64_t serial;
	struct fake_pending *pending;
};

/* Opens the sockets of both transports on fake->address. Returns 0 or a negative errno. */
int fake_server_open(struct fake_dns *fake) __attribute__((warn_unused_result));
void fake_server_close(struct fake_dns *fake);
/* The thread: serves until fake->stopping. */
void *fake_server_run(void *fake);
