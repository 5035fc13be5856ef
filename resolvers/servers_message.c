/* SPDX-License-Identifier: MIT */
#include "resolvers/servers_message.h"

#include <string.h>
#include <sys/socket.h>

#include "resolvers/wire.h"

#define CLASS_IN 1

static void copy_name(uint8_t ret_name[NAME_WIRE_MAX], const uint8_t *name)
{
	memcpy(ret_name, name, name_length(name));
}

static void lower_ttl(struct servers_message *message, uint32_t ttl)
{
	if (ttl < message->ttl)
		message->ttl = ttl;
}

static void add_host(struct servers_message *message, struct wire_reader *reader,
	const struct wire_record *record)
{
	uint8_t host[NAME_WIRE_MAX];
	if (wire_read_name(reader, record->rdata, host, NULL) < 0) {
		message->malformed = true;
		return;
	}
	for (size_t i = 0; i < message->hosts_len; i++)
		if (name_equal(message->hosts[i], host))
			return;
	if (message->hosts_len < SERVERS_HOSTS_MAX)
		copy_name(message->hosts[message->hosts_len++], host);
}

static bool read_address(const uint8_t *msg, const struct wire_record *record,
	uint16_t port, struct endpoint *ret_address)
{
	size_t len = record->type == WIRE_TYPE_A ? 4 : 16;
	if (record->rdlength != len)
		return false;
	*ret_address = (struct endpoint){
		.family = record->type == WIRE_TYPE_A ? AF_INET : AF_INET6, .port = port};
	memcpy(ret_address->address, msg + record->rdata, len);
	return true;
}

static void take_answer(struct servers_message *message, struct wire_reader *reader,
	const struct wire_record *record, const uint8_t *name, uint16_t type,
	uint16_t port)
{
	if (!name_equal(record->owner, name))
		return;
	if (record->type == WIRE_TYPE_CNAME && type != WIRE_TYPE_CNAME)
		message->alias = true;
	if (record->type != type)
		return;
	if (type == WIRE_TYPE_NS) {
		add_host(message, reader, record);
	} else if (message->addresses_len < SERVERS_ADDRESSES_MAX) {
		struct endpoint *address = &message->addresses[message->addresses_len];
		if (read_address(reader->msg, record, port, address))
			message->addresses_len++;
		else
			message->malformed = true;
	}
	message->answered = true;
	lower_ttl(message, record->ttl);
}

static void take_authority(struct servers_message *message, struct wire_reader *reader,
	const struct wire_record *record, const uint8_t *name)
{
	if (!name_is_below(name, record->owner))
		return;
	if (record->type == WIRE_TYPE_SOA && !message->has_soa) {
		message->has_soa = true;
		copy_name(message->soa, record->owner);
	}
	if (record->type != WIRE_TYPE_NS || message->answered)
		return;
	if (!message->has_cut) {
		message->has_cut = true;
		copy_name(message->cut, record->owner);
	}
	if (name_equal(record->owner, message->cut)) {
		add_host(message, reader, record);
		lower_ttl(message, record->ttl);
	}
}

static void take_additional(struct servers_message *message,
	const struct wire_reader *reader, const struct wire_record *record, uint16_t port)
{
	if (record->type != WIRE_TYPE_A && record->type != WIRE_TYPE_AAAA)
		return;
	for (size_t i = 0; i < message->hosts_len; i++) {
		if (message->glue_len == SERVERS_GLUE_MAX ||
			!name_equal(message->hosts[i], record->owner))
			continue;
		struct servers_glue *glue = &message->glue[message->glue_len];
		glue->host = (uint8_t)i;
		if (read_address(reader->msg, record, port, &glue->address))
			message->glue_len++;
		return;
	}
}

/* A server that is neither authoritative nor recursive and still "answers" with name servers
 * speaks of a delegation. */
static void demote_to_cut(struct servers_message *message, const uint8_t *name)
{
	if (!message->answered || message->flags & (WIRE_AA | WIRE_RA) ||
		message->hosts_len == 0)
		return;
	message->answered = false;
	message->has_cut = true;
	copy_name(message->cut, name);
}

void servers_message_read(const uint8_t *msg, size_t len, const uint8_t *name,
	uint16_t type, uint16_t port, struct servers_message *ret_message)
{
	struct wire_head head;
	struct wire_reader reader;
	*ret_message = (struct servers_message){.ttl = UINT32_MAX};
	if (!wire_read_head(msg, len, &head) || wire_reader_init(&reader, msg, len) < 0) {
		ret_message->malformed = true;
		return;
	}
	ret_message->flags = head.flags;
	ret_message->rcode = head.flags & 15;
	struct wire_record record;
	int more;
	while ((more = wire_next(&reader, &record)) > 0) {
		if (record.class != CLASS_IN)
			continue;
		switch (record.section) {
		case WIRE_ANSWER:
			take_answer(ret_message, &reader, &record, name, type, port);
			break;
		case WIRE_AUTHORITY:
			take_authority(ret_message, &reader, &record, name);
			break;
		case WIRE_ADDITIONAL:
			take_additional(ret_message, &reader, &record, port);
			break;
		}
	}
	if (more < 0)
		ret_message->malformed = true;
	demote_to_cut(ret_message, name);
}
