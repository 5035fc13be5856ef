/* SPDX-License-Identifier: MIT */
#include "tests/fake/fake_speech.h"

#include <string.h>
#include <sys/socket.h>

#define GARBAGE_MAX 512

static void send_udp(int fd, const struct endpoint *to, const void *bytes, size_t len)
{
	struct sockaddr_storage sa;
	socklen_t sa_len = endpoint_to_sockaddr(to, &sa);
	if (fd >= 0)
		(void)sendto(fd, bytes, len, 0, (const struct sockaddr *)&sa, sa_len);
}

/* A port of an asker that is not this one's. */
static uint16_t foreign_port(const struct fake_speech *speech, uint16_t port)
{
	for (size_t i = 0; i < FAKE_PORTS_KNOWN; i++)
		if (speech->ports[i] != 0 && speech->ports[i] != port)
			return speech->ports[i];
	return 0;
}

static void forge(struct fake_speech *speech, enum fake_kind kind, const uint8_t *query,
	const struct fake_question *question, const struct endpoint *to)
{
	unsigned salt = speech->salt++;
	struct endpoint target = *to;
	int from = speech->udp;
	if (kind == FAKE_KIND_MIX)
		kind = (enum fake_kind)(salt % FAKE_KIND_MIX);
	if (kind == FAKE_KIND_ADDRESS && speech->other_address < 0)
		kind = FAKE_KIND_PORT;
	if (kind == FAKE_KIND_SOCKET)
		target.port = foreign_port(speech, to->port);
	if (target.port == 0) {
		target = *to;
		kind = FAKE_KIND_PORT;
	}
	if (kind == FAKE_KIND_PORT)
		from = speech->other_port;
	if (kind == FAKE_KIND_ADDRESS)
		from = speech->other_address;
	size_t len = fake_rule_forge(kind, salt, query, question, speech->message);
	send_udp(from, &target, speech->message, len);
}

static void send_garbage(
	struct fake_speech *speech, const uint8_t *query, const struct endpoint *to)
{
	uint8_t bytes[GARBAGE_MAX];
	unsigned salt = speech->salt++;
	size_t len = 2 + salt * 7 % (sizeof bytes - 2);
	bytes[0] = query[0];
	bytes[1] = query[1];
	for (size_t i = 2; i < len; i++) {
		salt = salt * 1103515245u + 12345u;
		bytes[i] = (uint8_t)(salt >> 16);
	}
	send_udp(speech->udp, to, bytes, len);
}

void fake_speak_udp(struct fake_speech *speech, const struct fake_rule *rule,
	const uint8_t *query, const struct fake_question *question,
	const struct endpoint *to)
{
	enum fake_verb verb = rule == NULL ? FAKE_ANSWER : rule->verb;
	if (verb == FAKE_DROP || verb == FAKE_CLOSE || verb == FAKE_RESET)
		return;
	for (unsigned i = 0; rule != NULL && i < rule->count; i++) {
		if (verb == FAKE_EMPTY)
			send_udp(speech->udp, to, "", 0);
		if (verb == FAKE_GARBAGE)
			send_garbage(speech, query, to);
		if (verb == FAKE_FORGE)
			forge(speech, rule->kind, query, question, to);
	}
	if (rule != NULL && rule->then_drop)
		return;
	size_t len = fake_rule_answer(rule, query, question, false, speech->message);
	send_udp(speech->udp, to, speech->message, len);
}

static bool send_all(int fd, const uint8_t *bytes, size_t len, size_t step)
{
	while (len > 0) {
		ssize_t sent = send(fd, bytes, len < step ? len : step, MSG_NOSIGNAL);
		if (sent <= 0)
			return false;
		bytes += sent;
		len -= (size_t)sent;
	}
	return true;
}

bool fake_speak_tcp(struct fake_speech *speech, const struct fake_rule *rule,
	const uint8_t *query, const struct fake_question *question, int fd)
{
	enum fake_verb verb = rule == NULL ? FAKE_ANSWER : rule->verb;
	if (verb == FAKE_DROP)
		return true;
	struct linger reset = {.l_onoff = 1};
	if (verb == FAKE_RESET)
		(void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
	if (verb == FAKE_RESET || verb == FAKE_CLOSE)
		return false;
	size_t len = 0;
	if (verb == FAKE_FORGE)
		len = fake_rule_forge(
			rule->kind, speech->salt++, query, question, speech->message + 2);
	else
		len = fake_rule_answer(rule, query, question, true, speech->message + 2);
	speech->message[0] = (uint8_t)(len >> 8);
	speech->message[1] = (uint8_t)len;
	len += 2;
	size_t part = verb == FAKE_HALF ? len / 2 : len;
	return send_all(fd, speech->message, part, verb == FAKE_BYTES ? 1 : len) &&
		part == len;
}

void fake_speech_know(struct fake_speech *speech, uint16_t port)
{
	if (speech->ports[FAKE_PORTS_KNOWN - 1] == port)
		return;
	memmove(speech->ports, speech->ports + 1,
		sizeof speech->ports - sizeof *speech->ports);
	speech->ports[FAKE_PORTS_KNOWN - 1] = port;
}
