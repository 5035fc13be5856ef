/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/postfix_relay.h"

#include <stdint.h>
#include <stdlib.h>

#include "monitor/ingest/saying.h"

#define SLOTS 1024
#define TEXT_MOST 128 /* bytes of one that is remembered */

struct slot {
	size_t text_len; /* 0: empty */
	size_t host_len;
	size_t ip_len;
	struct postfix_relay relay; /* of the text here */
	char text[TEXT_MOST];
	char host[TEXT_MOST]; /* as reports have it, with NUL; likewise ip */
	char ip[TEXT_MOST];
};

struct postfix_relays {
	struct slot slots[SLOTS];
};

struct postfix_relays *postfix_relays_create(void)
{
	return calloc(1, sizeof(struct postfix_relays));
}

void postfix_relays_destroy(struct postfix_relays *relays)
{
	free(relays);
}

static struct postfix_relay split(struct span text)
{
	struct postfix_relay relay = {.host = {"", 0}, .ip = {"", 0}, .port = {"", 0}};
	if (saying_take_host(&text, &relay.host, &relay.ip) &&
		span_take(&text, SPAN(":")))
		relay.port = text;
	return relay;
}

static struct postfix_relay read_new(struct span text, struct report *report)
{
	const struct postfix_relay relay = split(text);
	saying_host(report, relay.host);
	saying_ip(report, relay.ip);
	return relay;
}

/* Where a text of at least two words may be remembered. */
static struct slot *slot_of(struct postfix_relays *relays, struct span text)
{
	uint64_t words[2];
	memcpy(words, text.at + text.len - sizeof words, sizeof words);
	const uint64_t mixed = (words[0] * 0x9e3779b97f4a7c15 ^ words[1]);
	return &relays->slots[(mixed * 0x9e3779b97f4a7c15 >> 32) % SLOTS];
}

static void remember(struct slot *slot, struct span text, const struct report *report)
{
	/* Neither is longer than the text that it was taken from. */
	slot->host_len = strlen(report->relay_host);
	slot->ip_len = strlen(report->relay_ip);
	memcpy(slot->text, text.at, text.len);
	memcpy(slot->host, report->relay_host, slot->host_len + 1);
	memcpy(slot->ip, report->relay_ip, slot->ip_len + 1);
	slot->text_len = text.len;
	slot->relay = split((struct span){slot->text, text.len});
}

struct postfix_relay postfix_relay_read(
	struct postfix_relays *relays, struct span text, struct report *report)
{
	if (text.len < 2 * sizeof(uint64_t) || text.len >= TEXT_MOST)
		return read_new(text, report);
	struct slot *slot = slot_of(relays, text);
	if (!span_is(text, (struct span){slot->text, slot->text_len})) {
		const struct postfix_relay relay = read_new(text, report);
		remember(slot, text, report);
		return relay;
	}
	memcpy(report->relay_host, slot->host, slot->host_len + 1);
	memcpy(report->relay_ip, slot->ip, slot->ip_len + 1);
	return slot->relay;
}
