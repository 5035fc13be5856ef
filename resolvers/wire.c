/* SPDX-License-Identifier: MIT */
#include "resolvers/wire.h"

#include <errno.h>
#include <string.h>

#define HEADER_LEN 12
#define RECORD_HEAD_LEN 10 /* type, class, TTL and rdlength */
#define LABEL_MAX 63
#define POINTER 0xc0
#define OPCODE_MASK 0x7800
#define CLASS_IN 1
#define TTL_MAX INT32_MAX

static uint16_t read16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t read32(const uint8_t *at)
{
	return (uint32_t)read16(at) << 16 | read16(at + 2);
}

static uint8_t *write16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)(value & 0xff);
	return at + 2;
}

/* Leaves the lengths of labels as they are: they are smaller than any letter. */
static uint8_t fold(uint8_t byte)
{
	return (uint8_t)(byte | (byte >= 'A' && byte <= 'Z') << 5);
}

size_t wire_build_query(uint8_t ret_query[WIRE_QUERY_MAX], uint16_t id,
	const uint8_t *name, uint16_t type, uint16_t flags, bool edns)
{
	size_t name_len = name_length(name);
	uint8_t *at = ret_query;

	at = write16(at, id);
	at = write16(at, flags);
	at = write16(at, 1);
	at = write16(at, 0);
	at = write16(at, 0);
	at = write16(at, edns);
	memcpy(at, name, name_len);
	at += name_len;
	at = write16(at, type);
	at = write16(at, CLASS_IN);
	if (edns) {
		*at++ = 0; /* the root owns the OPT record */
		at = write16(at, WIRE_TYPE_OPT);
		at = write16(at, WIRE_UDP_SIZE);
		at = write16(at, 0); /* extended rcode and version */
		at = write16(at, 0); /* flags: DO is clear */
		at = write16(at, 0); /* no options */
	}
	return (size_t)(at - ret_query);
}

bool wire_read_head(const uint8_t *msg, size_t len, struct wire_head *ret_head)
{
	if (len < HEADER_LEN)
		return false;
	*ret_head = (struct wire_head){
		.id = read16(msg),
		.flags = read16(msg + 2),
		.questions = read16(msg + 4),
		.answers = read16(msg + 6),
		.authorities = read16(msg + 8),
		.additionals = read16(msg + 10),
	};
	return true;
}

bool wire_is_reply(
	const uint8_t *msg, size_t len, uint16_t id, const uint8_t *name, uint16_t type)
{
	size_t name_len = name_length(name);
	struct wire_head head;

	if (!wire_read_head(msg, len, &head) || len < HEADER_LEN + name_len + 4)
		return false;
	if (head.id != id || (head.flags & (WIRE_QR | OPCODE_MASK)) != WIRE_QR ||
		head.questions != 1)
		return false;
	const uint8_t *question = msg + HEADER_LEN;
	for (size_t i = 0; i < name_len; i++)
		if (fold(question[i]) != name[i])
			return false;
	return read16(question + name_len) == type &&
		read16(question + name_len + 2) == CLASS_IN;
}

int wire_reader_init(struct wire_reader *ret_reader, const uint8_t *msg, size_t len)
{
	struct wire_head head;
	uint8_t name[NAME_WIRE_MAX];

	if (!wire_read_head(msg, len, &head) || head.questions > 1)
		return -EBADMSG;
	struct wire_reader reader = {
		.msg = msg,
		.len = len,
		.at = HEADER_LEN,
		.left = {head.answers, head.authorities, head.additionals},
	};
	if (head.questions == 1) {
		if (wire_read_name(&reader, reader.at, name, &reader.at) < 0 ||
			len - reader.at < 4)
			return -EBADMSG;
		reader.at += 4;
	}
	*ret_reader = reader;
	return 0;
}

/* Folds a whole wire name, eight bytes at a time: half of a poll's parsing is this. A byte's top
 * bit tells, after the additions, whether its low seven bits are 'A' or more, and more than 'Z'. */
static void fold_name(uint8_t *name, size_t len)
{
	const uint64_t ones = 0x0101010101010101;
	size_t at = 0;
	uint64_t word;

	for (; at + sizeof word <= len; at += sizeof word) {
		memcpy(&word, name + at, sizeof word);
		uint64_t low = word & 0x7f * ones;
		uint64_t from_a = low + (0x80 - 'A') * ones;
		uint64_t beyond_z = low + (0x7f - 'Z') * ones;
		word |= (from_a & ~beyond_z & ~word & 0x80 * ones) >> 2;
		memcpy(name + at, &word, sizeof word);
	}
	for (; at < len; at++)
		name[at] = fold(name[at]);
}

/* Each pointer has to lead before the start of the labels that it ends, so there is no way around
 * in circles, and never into the header. */
int wire_read_name(struct wire_reader *reader, size_t offset,
	uint8_t ret_name[NAME_WIRE_MAX], size_t *ret_end)
{
	const uint8_t *msg = reader->msg;
	size_t start = offset; /* of the labels being read */
	size_t at = offset;
	size_t end = 0; /* behind the first pointer, 0 before it */
	size_t len = 0;
	unsigned jumps = 0;

	for (;;) {
		if (at >= reader->len || ++reader->work > WIRE_WORK_MAX)
			return -EBADMSG;
		uint8_t label = msg[at];
		if (label == 0)
			break;
		if (label >= POINTER) {
			if (reader->len - at < 2 || ++jumps > WIRE_JUMPS_MAX)
				return -EBADMSG;
			size_t target = read16(msg + at) & 0x3fff;
			if (target < HEADER_LEN || target >= start)
				return -EBADMSG;
			if (end == 0)
				end = at + 2;
			at = start = target;
			continue;
		}
		if (label > LABEL_MAX || label >= reader->len - at ||
			len + label + 2 > NAME_WIRE_MAX)
			return -EBADMSG;
		for (size_t behind = at + 1u + label; at < behind;)
			ret_name[len++] = msg[at++];
	}
	fold_name(ret_name, len);
	ret_name[len] = 0;
	if (ret_end != NULL)
		*ret_end = end != 0 ? end : at + 1;
	return 0;
}

int wire_next(struct wire_reader *reader, struct wire_record *ret_record)
{
	enum wire_section section = WIRE_ANSWER;
	size_t at;

	while (reader->left[section] == 0)
		if (section++ == WIRE_ADDITIONAL)
			return 0;
	if (wire_read_name(reader, reader->at, ret_record->owner, &at) < 0 ||
		reader->len - at < RECORD_HEAD_LEN)
		return -EBADMSG;

	const uint8_t *head = reader->msg + at;
	uint32_t ttl = read32(head + 4);
	ret_record->section = section;
	ret_record->type = read16(head);
	ret_record->class = read16(head + 2);
	ret_record->ttl = ttl > TTL_MAX && ret_record->type != WIRE_TYPE_OPT ? 0 : ttl;
	ret_record->rdlength = read16(head + 8);
	ret_record->rdata = at + RECORD_HEAD_LEN;
	if (ret_record->rdlength > reader->len - ret_record->rdata)
		return -EBADMSG;
	reader->at = ret_record->rdata + ret_record->rdlength;
	reader->left[section]--;
	return 1;
}

int wire_read_mx(struct wire_reader *reader, const struct wire_record *record,
	uint16_t *ret_preference, uint8_t ret_exchange[NAME_WIRE_MAX])
{
	size_t end;

	if (record->rdlength < 3 ||
		wire_read_name(reader, record->rdata + 2, ret_exchange, &end) < 0 ||
		end != record->rdata + record->rdlength)
		return -EBADMSG;
	*ret_preference = read16(reader->msg + record->rdata);
	return 0;
}
