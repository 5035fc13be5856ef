/* SPDX-License-Identifier: MIT */
/* The bytes of fake_rule.h: written by hand, so as not to inherit the faults of what is tested. */
#include <string.h>

#include "tests/fake/fake_rule.h"

#define HEADER 12
#define MESSAGE_MAX 65535
#define OWN_UDP_SIZE 1232
#define OPT_LEN 11
#define EDE_LEN 6
#define FILLER_TYPE 65280 /* private use */

struct writer {
	uint8_t *msg;
	size_t len;
	unsigned count[3];
};

static unsigned get16(const uint8_t *at)
{
	return (unsigned)at[0] << 8 | at[1];
}

static void put16(struct writer *writer, unsigned value)
{
	writer->msg[writer->len++] = (uint8_t)(value >> 8);
	writer->msg[writer->len++] = (uint8_t)value;
}

static void put32(struct writer *writer, uint32_t value)
{
	put16(writer, value >> 16);
	put16(writer, value & 0xffff);
}

static void put_bytes(struct writer *writer, const void *bytes, size_t len)
{
	memcpy(writer->msg + writer->len, bytes, len);
	writer->len += len;
}

/* Reads the plain name of a question; queries have no compression. */
static size_t read_name(const uint8_t *msg, size_t len, size_t at, uint8_t *ret_name)
{
	size_t used = 0;
	while (at + used < len && msg[at + used] != 0) {
		size_t label = msg[at + used];
		if (label > 63 || used + label + 2 > NAME_WIRE_MAX ||
			at + used + label >= len)
			return 0;
		used += label + 1;
	}
	if (at + used >= len)
		return 0;
	for (size_t i = 0; i <= used; i++) {
		uint8_t byte = msg[at + i];
		ret_name[i] = byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + 32) : byte;
	}
	return used + 1;
}

bool fake_question_read(
	const uint8_t *query, size_t len, struct fake_question *ret_question)
{
	if (len < HEADER || get16(query + 4) != 1)
		return false;
	*ret_question = (struct fake_question){
		.id = (uint16_t)get16(query), .flags = (uint16_t)get16(query + 2)};
	size_t at = read_name(query, len, HEADER, ret_question->name);
	if (at == 0 || HEADER + at + 4 > len)
		return false;
	ret_question->type = (uint16_t)get16(query + HEADER + at);
	ret_question->class = (uint16_t)get16(query + HEADER + at + 2);
	ret_question->end = HEADER + at + 4;
	const uint8_t *opt = query + ret_question->end;
	if (ret_question->end + OPT_LEN <= len && opt[0] == 0 && get16(opt + 1) == 41) {
		ret_question->edns = true;
		ret_question->edns_size = (uint16_t)get16(opt + 3);
	}
	return true;
}

bool fake_rule_fits(
	const struct fake_rule *rule, const struct fake_question *question, bool tcp)
{
	if (tcp ? !rule->tcp : !rule->udp)
		return false;
	if (rule->bounded && rule->times == 0)
		return false;
	if (rule->type != 0 && rule->type != question->type)
		return false;
	if (rule->any_name)
		return true;
	return rule->below ? name_is_below(question->name, rule->name)
			   : name_equal(question->name, rule->name);
}

static void put_record(struct writer *writer, const struct fake_record *record,
	const struct fake_question *question, uint32_t ttl)
{
	const uint8_t *owner = record->has_owner ? record->owner : question->name;
	put_bytes(writer, owner, name_length(owner));
	put16(writer, record->type);
	put16(writer, 1);
	put32(writer, record->has_ttl ? record->ttl : ttl);
	put16(writer, record->rdlength);
	put_bytes(writer, record->rdata, record->rdlength);
	writer->count[record->section]++;
}

static void put_header(struct writer *writer, const uint8_t *query,
	const struct fake_question *question, unsigned flags)
{
	put16(writer, question->id);
	put16(writer, 0x8000u | flags | (question->flags & 0x0100u));
	put16(writer, 1);
	put16(writer, 0);
	put32(writer, 0);
	put_bytes(writer, query + HEADER, question->end - HEADER);
}

static void put_filler(struct writer *writer, size_t end)
{
	static const uint8_t filling[MESSAGE_MAX];
	if (writer->len + OPT_LEN > end)
		return;
	size_t len = end - writer->len - OPT_LEN;
	put_bytes(writer, "", 1);
	put16(writer, FILLER_TYPE);
	put16(writer, 1);
	put32(writer, 0);
	put16(writer, (unsigned)len);
	put_bytes(writer, filling, len);
	writer->count[2]++;
}

static void put_opt(struct writer *writer, const struct fake_rule *rule)
{
	bool ede = rule != NULL && rule->has_ede;
	put_bytes(writer, "", 1);
	put16(writer, 41);
	put16(writer, OWN_UDP_SIZE);
	put32(writer, 0);
	put16(writer, ede ? EDE_LEN : 0);
	if (ede) {
		put16(writer, 15);
		put16(writer, 2);
		put16(writer, rule->ede);
	}
	writer->count[2]++;
}

static size_t udp_limit(const struct fake_question *question)
{
	if (!question->edns || question->edns_size < 512)
		return 512;
	return question->edns_size < OWN_UDP_SIZE ? question->edns_size : OWN_UDP_SIZE;
}

static size_t finish(struct writer *writer)
{
	size_t len = writer->len;
	writer->len = 6;
	for (unsigned i = 0; i < 3; i++)
		put16(writer, writer->count[i]);
	return len;
}

static size_t answer_truncated(const struct fake_rule *rule, const uint8_t *query,
	const struct fake_question *question, uint8_t *ret_msg)
{
	struct writer writer = {.msg = ret_msg};
	put_header(&writer, query, question, rule->flags | rule->rcode | 0x0200u);
	if (question->edns && !rule->no_edns)
		put_opt(&writer, rule);
	return finish(&writer);
}

size_t fake_rule_answer(const struct fake_rule *rule, const uint8_t *query,
	const struct fake_question *question, bool tcp, uint8_t *ret_msg)
{
	struct writer writer = {.msg = ret_msg};
	bool opt = question->edns && (rule == NULL || !rule->no_edns);
	put_header(&writer, query, question,
		rule == NULL ? 5u : (unsigned)(rule->flags | rule->rcode));
	for (unsigned section = 0; rule != NULL && section < 3; section++)
		for (size_t i = 0; i < rule->records; i++)
			if (rule->record[i].section == section)
				put_record(
					&writer, &rule->record[i], question, rule->ttl);
	size_t tail = opt ? OPT_LEN + (rule != NULL && rule->has_ede ? EDE_LEN : 0u) : 0;
	if (rule != NULL && rule->size > 0)
		put_filler(&writer, rule->size - tail);
	if (opt)
		put_opt(&writer, rule);
	size_t len = finish(&writer);
	if (!tcp && rule != NULL && rule->size == 0 && len > udp_limit(question))
		return answer_truncated(rule, query, question, ret_msg);
	return len;
}

size_t fake_rule_forge(enum fake_kind kind, unsigned salt, const uint8_t *query,
	const struct fake_question *question, uint8_t *ret_msg)
{
	static const struct fake_record evil = {
		.type = 15, .rdlength = 13, .rdata = "\0\0\4evil\4test"};
	struct writer writer = {.msg = ret_msg};
	put_header(&writer, query, question, 0x0400);
	put_record(&writer, &evil, question, 86400);
	size_t len = finish(&writer);
	uint8_t *type = ret_msg + question->end - 4;
	if (kind == FAKE_KIND_ID) {
		unsigned id = question->id + 1 + salt % 65535;
		ret_msg[0] = (uint8_t)(id >> 8);
		ret_msg[1] = (uint8_t)id;
	}
	if (kind == FAKE_KIND_NAME)
		ret_msg[HEADER + 1] ^= 1; /* another letter of the first label */
	if (kind == FAKE_KIND_TYPE)
		type[1] ^= 1;
	if (kind == FAKE_KIND_CLASS)
		type[3] ^= 2;
	if (kind == FAKE_KIND_QR)
		ret_msg[2] &= 0x7f;
	return len;
}
