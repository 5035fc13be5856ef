/* SPDX-License-Identifier: MIT */
#include "tests/fake/message.h"

#include <assert.h>
#include <string.h>

#include "resolvers/name.h"

static void put16(struct message *message, unsigned value)
{
	const uint8_t bytes[] = {(uint8_t)(value >> 8), (uint8_t)value};

	message_raw(message, bytes, sizeof bytes);
}

static void put32(struct message *message, uint32_t value)
{
	put16(message, value >> 16);
	put16(message, value & 0xffff);
}

static size_t wire_of(const char *text, uint8_t name[NAME_WIRE_MAX])
{
	int r = name_parse(text, name);

	assert(r == 0);
	return name_length(name);
}

static void put_name(struct message *message, const char *text)
{
	uint8_t name[NAME_WIRE_MAX];
	size_t len = wire_of(text, name);

	message_raw(message, name, len);
}

void message_raw(struct message *message, const void *bytes, size_t len)
{
	assert(len <= sizeof message->bytes - message->len);
	if (len > 0)
		memcpy(message->bytes + message->len, bytes, len);
	message->len += len;
}

void message_start(struct message *message, const char *name, uint16_t flags)
{
	message->len = 0;
	put16(message, MESSAGE_ID);
	put16(message, WIRE_QR | flags);
	put16(message, 1);
	put16(message, 0);
	put16(message, 0);
	put16(message, 0);
	put_name(message, name);
	put16(message, WIRE_TYPE_MX);
	put16(message, 1);
}

void message_promise(struct message *message, enum wire_section section, unsigned records)
{
	uint8_t *count = message->bytes + 6 + 2 * (size_t)section;
	unsigned promised = (unsigned)(count[0] << 8 | count[1]) + records;

	count[0] = (uint8_t)(promised >> 8);
	count[1] = (uint8_t)promised;
}

void message_record(struct message *message, enum wire_section section, const char *owner,
	uint16_t type, uint32_t ttl, const void *rdata, size_t len)
{
	message_promise(message, section, 1);
	put_name(message, owner);
	put16(message, type);
	put16(message, type == WIRE_TYPE_OPT ? WIRE_UDP_SIZE : 1);
	put32(message, ttl);
	put16(message, (unsigned)len);
	message_raw(message, rdata, len);
}

void message_mx(struct message *message, const char *owner, uint32_t ttl,
	uint16_t preference, const char *exchange)
{
	uint8_t rdata[2 + NAME_WIRE_MAX] = {
		(uint8_t)(preference >> 8), (uint8_t)preference};
	size_t len = 2 + wire_of(exchange, rdata + 2);

	message_record(message, WIRE_ANSWER, owner, WIRE_TYPE_MX, ttl, rdata, len);
}

void message_name(struct message *message, enum wire_section section, const char *owner,
	uint16_t type, uint32_t ttl, const char *target)
{
	uint8_t rdata[NAME_WIRE_MAX];
	size_t len = wire_of(target, rdata);

	message_record(message, section, owner, type, ttl, rdata, len);
}

void message_soa(
	struct message *message, const char *owner, uint32_t ttl, uint32_t minimum)
{
	uint8_t rdata[2 * NAME_WIRE_MAX + 20];
	size_t len = wire_of("ns.example", rdata);

	len += wire_of("hostmaster.example", rdata + len);
	memset(rdata + len, 0, 16);
	for (unsigned i = 0; i < 4; i++)
		rdata[len + 16 + i] = (uint8_t)(minimum >> (24 - 8 * i));
	message_record(
		message, WIRE_AUTHORITY, owner, WIRE_TYPE_SOA, ttl, rdata, len + 20);
}

void message_opt(
	struct message *message, uint8_t extension, const void *options, size_t len)
{
	message_record(message, WIRE_ADDITIONAL, ".", WIRE_TYPE_OPT,
		(uint32_t)extension << 24, options, len);
}

void message_ede(struct message *message, uint16_t code)
{
	const uint8_t option[] = {
		0, 15, 0, 4, (uint8_t)(code >> 8), (uint8_t)code, 'w', 'h'};

	message_opt(message, 0, option, sizeof option);
}
