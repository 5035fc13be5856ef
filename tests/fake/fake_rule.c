/* SPDX-License-Identifier: MIT */
#include "tests/fake/fake_rule.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

struct word_number {
	const char *word;
	unsigned number;
};

static const struct word_number types[] = {
	{"A", 1},
	{"NS", 2},
	{"CNAME", 5},
	{"SOA", 6},
	{"PTR", 12},
	{"MX", 15},
	{"TXT", 16},
	{"AAAA", 28},
	{"*", 0},
	{NULL, 0},
};
static const struct word_number rcodes[] = {
	{"noerror", 0},
	{"formerr", 1},
	{"servfail", 2},
	{"nxdomain", 3},
	{"notimp", 4},
	{"refused", 5},
	{NULL, 0},
};
static const struct word_number flags[] = {
	{"aa", 0x0400},
	{"tc", 0x0200},
	{"ra", 0x0080},
	{"ad", 0x0020},
	{"none", 0},
	{NULL, 0},
};
static const struct word_number verbs[] = {
	{"answer", FAKE_ANSWER},
	{"drop", FAKE_DROP},
	{"empty", FAKE_EMPTY},
	{"garbage", FAKE_GARBAGE},
	{"forge", FAKE_FORGE},
	{"bytes", FAKE_BYTES},
	{"half", FAKE_HALF},
	{"close", FAKE_CLOSE},
	{"reset", FAKE_RESET},
	{NULL, 0},
};
static const struct word_number kinds[] = {
	{"id", FAKE_KIND_ID},
	{"name", FAKE_KIND_NAME},
	{"type", FAKE_KIND_TYPE},
	{"class", FAKE_KIND_CLASS},
	{"qr", FAKE_KIND_QR},
	{"port", FAKE_KIND_PORT},
	{"address", FAKE_KIND_ADDRESS},
	{"socket", FAKE_KIND_SOCKET},
	{"mix", FAKE_KIND_MIX},
	{NULL, 0},
};

static bool read_number(const char *text, unsigned long most, unsigned long *ret_number)
{
	char *end;
	errno = 0;
	unsigned long number = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || number > most)
		return false;
	*ret_number = number;
	return true;
}

static bool find_word(
	const struct word_number *table, const char *word, unsigned long *ret_number)
{
	for (; table->word != NULL; table++) {
		if (strcasecmp(table->word, word) == 0) {
			*ret_number = table->number;
			return true;
		}
	}
	return false;
}

static bool read_type(const char *word, unsigned long *ret_type)
{
	if (strncasecmp(word, "TYPE", 4) == 0)
		return read_number(word + 4, UINT16_MAX, ret_type);
	return find_word(types, word, ret_type);
}

const char *fake_type_name(uint16_t type, char ret_text[16])
{
	for (const struct word_number *t = types; t->word != NULL; t++)
		if (t->number == type && type != 0)
			return t->word;
	snprintf(ret_text, 16, "TYPE%u", type);
	return ret_text;
}

static uint8_t *put16(uint8_t *at, unsigned value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
	return at + 2;
}

static uint8_t *put32(uint8_t *at, uint32_t value)
{
	return put16(put16(at, value >> 16), value & 0xffff);
}

static bool put_name(struct fake_record *record, size_t at, const char *text)
{
	uint8_t name[NAME_WIRE_MAX];
	if (name_parse(text, name) < 0)
		return false;
	memcpy(record->rdata + at, name, name_length(name));
	record->rdlength = (uint16_t)(at + name_length(name));
	return true;
}

/* "10,mx.test" */
static bool put_mx(struct fake_record *record, char *data)
{
	char *host = strchr(data, ',');
	unsigned long preference;
	if (host == NULL)
		return false;
	*host = '\0';
	if (!read_number(data, UINT16_MAX, &preference))
		return false;
	put16(record->rdata, (unsigned)preference);
	return put_name(record, 2, host + 1);
}

/* "SERIAL,MINIMUM" */
static bool put_soa(struct fake_record *record, char *data)
{
	char *minimum = strchr(data, ',');
	unsigned long serial, negative;
	if (minimum == NULL)
		return false;
	*minimum = '\0';
	if (!read_number(data, UINT32_MAX, &serial) ||
		!read_number(minimum + 1, UINT32_MAX, &negative) ||
		!put_name(record, 0, "ns.test"))
		return false;
	(void)put_name(record, record->rdlength, "hostmaster.test");
	uint8_t *at = put32(record->rdata + record->rdlength, (uint32_t)serial);
	at = put32(put32(put32(at, 3600), 600), 86400);
	at = put32(at, (uint32_t)negative);
	record->rdlength = (uint16_t)(at - record->rdata);
	return true;
}

static bool put_hex(struct fake_record *record, const char *hex)
{
	size_t len = strlen(hex) / 2;
	if (strlen(hex) % 2 != 0 || len > sizeof record->rdata)
		return false;
	for (size_t i = 0; i < len; i++) {
		unsigned byte;
		if (sscanf(hex + 2 * i, "%2x", &byte) != 1)
			return false;
		record->rdata[i] = (uint8_t)byte;
	}
	record->rdlength = (uint16_t)len;
	return true;
}

static bool put_rdata(struct fake_record *record, char *data)
{
	switch (record->type) {
	case 1:
		record->rdlength = 4;
		return inet_pton(AF_INET, data, record->rdata) == 1;
	case 28:
		record->rdlength = 16;
		return inet_pton(AF_INET6, data, record->rdata) == 1;
	case 2:
	case 5:
	case 12:
		return put_name(record, 0, data);
	case 6:
		return put_soa(record, data);
	case 15:
		return put_mx(record, data);
	default:
		return false;
	}
}

/* TYPE:DATA[@OWNER][;TTL] */
static bool add_record(struct fake_rule *rule, unsigned section, char *text)
{
	if (rule->records == FAKE_RECORDS)
		return false;
	struct fake_record *record = &rule->record[rule->records];
	*record = (struct fake_record){.section = section};
	char *data = strchr(text, ':');
	char *ttl = strchr(text, ';');
	char *owner = strchr(text, '@');
	unsigned long number;
	if (data == NULL)
		return false;
	*data++ = '\0';
	if (ttl != NULL) {
		*ttl++ = '\0';
		if (!read_number(ttl, UINT32_MAX, &number))
			return false;
		record->ttl = (uint32_t)number;
		record->has_ttl = true;
	}
	if (owner != NULL) {
		*owner++ = '\0';
		if (name_parse(owner, record->owner) < 0)
			return false;
		record->has_owner = true;
	}
	if (!read_type(text, &number))
		return false;
	record->type = (uint16_t)number;
	rule->records++;
	if (strncasecmp(text, "TYPE", 4) == 0)
		return put_hex(record, data);
	return put_rdata(record, data);
}

static bool set_flags(struct fake_rule *rule, char *list)
{
	rule->flags = 0;
	char *rest = NULL;
	for (char *word = strtok_r(list, ",", &rest); word != NULL;
		word = strtok_r(NULL, ",", &rest)) {
		unsigned long flag;
		if (!find_word(flags, word, &flag))
			return false;
		rule->flags = (uint16_t)(rule->flags | flag);
	}
	return true;
}

static bool set_answer(struct fake_rule *rule, char *value)
{
	return add_record(rule, 0, value);
}

static bool set_authority(struct fake_rule *rule, char *value)
{
	return add_record(rule, 1, value);
}

static bool set_additional(struct fake_rule *rule, char *value)
{
	return add_record(rule, 2, value);
}

static bool set_via(struct fake_rule *rule, char *value)
{
	rule->udp = strcmp(value, "udp") == 0;
	rule->tcp = strcmp(value, "tcp") == 0;
	return rule->udp || rule->tcp;
}

static bool set_edns(struct fake_rule *rule, char *value)
{
	rule->no_edns = strcmp(value, "no") == 0;
	return rule->no_edns;
}

static bool set_then(struct fake_rule *rule, char *value)
{
	rule->then_drop = strcmp(value, "drop") == 0;
	return rule->then_drop;
}

static bool set_rcode(struct fake_rule *rule, char *value)
{
	unsigned long number = 0;
	bool good = find_word(rcodes, value, &number) || read_number(value, 15, &number);
	rule->rcode = (uint16_t)number;
	return good;
}

static bool set_verb(struct fake_rule *rule, char *value)
{
	unsigned long number = FAKE_ANSWER;
	bool good = find_word(verbs, value, &number);
	rule->verb = (enum fake_verb)number;
	return good;
}

static bool set_kind(struct fake_rule *rule, char *value)
{
	unsigned long number = FAKE_KIND_MIX;
	bool good = find_word(kinds, value, &number);
	rule->kind = (enum fake_kind)number;
	return good;
}

static bool set_ttl(struct fake_rule *rule, char *value)
{
	unsigned long number = 0;
	bool good = read_number(value, UINT32_MAX, &number);
	rule->ttl = (uint32_t)number;
	return good;
}

static bool set_times(struct fake_rule *rule, char *value)
{
	unsigned long number = 0;
	rule->bounded = read_number(value, UINT32_MAX, &number);
	rule->times = (unsigned)number;
	return rule->bounded;
}

static bool set_delay(struct fake_rule *rule, char *value)
{
	unsigned long number = 0;
	bool good = read_number(value, UINT32_MAX, &number);
	rule->delay_ms = (unsigned)number;
	return good;
}

static bool set_size(struct fake_rule *rule, char *value)
{
	return read_number(value, UINT16_MAX, &rule->size);
}

static bool set_count(struct fake_rule *rule, char *value)
{
	unsigned long number = 0;
	bool good = read_number(value, UINT32_MAX, &number);
	rule->count = (unsigned)number;
	return good;
}

static bool set_ede(struct fake_rule *rule, char *value)
{
	unsigned long number = 0;
	rule->has_ede = read_number(value, UINT16_MAX, &number);
	rule->ede = (uint16_t)number;
	return rule->has_ede;
}

static const struct {
	const char *name;
	bool (*set)(struct fake_rule *rule, char *value);
} keys[] = {
	{"an", set_answer},
	{"au", set_authority},
	{"ad", set_additional},
	{"ttl", set_ttl},
	{"rcode", set_rcode},
	{"flags", set_flags},
	{"ede", set_ede},
	{"edns", set_edns},
	{"via", set_via},
	{"times", set_times},
	{"delay", set_delay},
	{"size", set_size},
	{"do", set_verb},
	{"count", set_count},
	{"kind", set_kind},
	{"then", set_then},
};

/* KEY=VALUE. Returns NULL, or what is wrong. */
static const char *set_key(struct fake_rule *rule, char *word)
{
	char *value = strchr(word, '=');
	if (value == NULL)
		return "a word without '='";
	*value++ = '\0';
	for (size_t i = 0; i < sizeof keys / sizeof *keys; i++)
		if (strcmp(keys[i].name, word) == 0)
			return keys[i].set(rule, value) ? NULL : "a bad value";
	return "an unknown key";
}

static const char *set_question(
	struct fake_rule *rule, const char *name, const char *type)
{
	unsigned long number;
	if (name == NULL || type == NULL)
		return "no name or no type";
	rule->any_name = strcmp(name, "*") == 0;
	rule->below = !rule->any_name && strncmp(name, "*.", 2) == 0;
	if (!rule->any_name && name_parse(rule->below ? name + 2 : name, rule->name) < 0)
		return "a bad name";
	if (!read_type(type, &number))
		return "a bad type";
	rule->type = (uint16_t)number;
	return NULL;
}

int fake_rule_parse(const char *line, struct fake_rule **ret_rule, const char **ret_why)
{
	struct fake_rule *rule = calloc(1, sizeof *rule);
	char *copy = strdup(line);
	if (rule == NULL || copy == NULL) {
		free(rule);
		free(copy);
		return -ENOMEM;
	}
	rule->references = 1;
	rule->udp = rule->tcp = true;
	rule->flags = 0x0400;
	rule->ttl = 60;
	rule->count = 1;
	rule->kind = FAKE_KIND_MIX;
	char *rest = NULL;
	const char *name = strtok_r(copy, " \t\n", &rest);
	const char *why = set_question(rule, name, strtok_r(NULL, " \t\n", &rest));
	for (char *word = strtok_r(NULL, " \t\n", &rest); word != NULL && why == NULL;
		word = strtok_r(NULL, " \t\n", &rest))
		why = set_key(rule, word);
	free(copy);
	if (why != NULL) {
		*ret_why = why;
		fake_rule_release(rule);
		return -EINVAL;
	}
	*ret_rule = rule;
	return 0;
}

void fake_rule_release(struct fake_rule *rule)
{
	if (rule != NULL && --rule->references == 0)
		free(rule);
}
