/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * fake_speech — puts a rule's answer, and the forgeries before it, on the wire.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolvers/endpoint.h"
#include "tests/fake/fake_rule.h"

#define FAKE_PORTS_KNOWN 64

struct fake_speech {
	int udp; /* all: -1 is not open */
	int other_port; /* sends forged packets from our address */
	int other_address; /* and from another one, on our port */
	uint16_t ports[FAKE_PORTS_KNOWN]; /* of askers, the latest last */
	unsigned salt;
	uint8_t message[2 + 65535];
};

/* Remembers the port of an asker, as a target of FAKE_KIND_SOCKET. */
void fake_speech_know(struct fake_speech *speech, uint16_t port);
void fake_speak_udp(struct fake_speech *speech, const struct fake_rule *rule,
	const uint8_t *query, const struct fake_question *question,
	const struct endpoint *to);
/* Returns false when the connection is to be closed. */
bool fake_speak_tcp(struct fake_speech *speech, const struct fake_rule *rule,
	const uint8_t *query, const struct fake_question *question, int fd);
