/* SPDX-License-Identifier: MIT */
#include "monitor/exchange_read.h"

#include <stdlib.h>
#include <string.h>

#include "resolvers/address.h"
#include "storage/record.h"

#define FIRST_MS INT64_C(0)

void exchange_read_fault(struct exchange_reading *reading, const char *why)
{
	if (reading->why == NULL)
		reading->why = why;
}

const char *exchange_read_text(struct exchange_reading *reading, const json_t *row,
	const char *key, const char *why)
{
	const char *text = json_string_value(json_object_get(row, key));

	if (text == NULL)
		exchange_read_fault(reading, why);
	return text;
}

int64_t exchange_read_number(struct exchange_reading *reading, const json_t *row,
	const char *key, int64_t least, int64_t most, const char *why)
{
	const json_t *value = json_object_get(row, key);
	int64_t number = json_integer_value(value);

	if (json_is_integer(value) && number >= least && number <= most)
		return number;
	exchange_read_fault(reading, why);
	return least;
}

/* An instant in milliseconds; null is 0. */
int64_t exchange_read_instant(
	struct exchange_reading *reading, const json_t *row, const char *key)
{
	if (json_is_null(json_object_get(row, key)))
		return 0;
	return exchange_read_number(reading, row, key, FIRST_MS, EXCHANGE_READ_LAST_MS,
		"an instant that is no number of milliseconds before the year 2200");
}

bool exchange_read_bool(
	struct exchange_reading *reading, const json_t *row, const char *key)
{
	const json_t *value = json_object_get(row, key);

	if (!json_is_boolean(value))
		exchange_read_fault(reading, "a member that is neither true nor false");
	return json_is_true(value);
}

static bool is_view(const char *text)
{
	size_t len = strlen(text);

	for (size_t i = 0; i < len; i++)
		if ((unsigned char)text[i] <= ' ' || text[i] == 0x7f)
			return false;
	return len > 0 && len <= EXCHANGE_VIEW_MAX;
}

/* A name in presentation form, of printable characters: others are written as \DDD. */
bool exchange_read_is_name(const char *text, uint8_t ret_name[NAME_WIRE_MAX])
{
	for (const char *c = text; *c != '\0'; c++)
		if (*c <= ' ' || *c > '~')
			return false;
	return text[0] != '\0' && name_parse(text, ret_name) == 0;
}

void exchange_read_domain(struct exchange_reading *reading, const json_t *row)
{
	const char *text = exchange_read_text(reading, row, "rrname", "no rrname");

	if (text != NULL && !exchange_read_is_name(text, reading->domain))
		exchange_read_fault(reading, "rrname is no domain name");
	else if (text != NULL && reading->domain[0] == 0)
		exchange_read_fault(reading, "rrname is the root");
}

void exchange_read_view(
	struct exchange_reading *reading, const json_t *row, const char *view)
{
	const json_t *sensor = json_object_get(row, "sensor_id");

	if (view == NULL)
		view = sensor == NULL ? "imported" : json_string_value(sensor);
	if (view == NULL || !is_view(view))
		exchange_read_fault(reading, "sensor_id is no name of a view");
	else
		strcpy(reading->view, view);
}

void exchange_read_server(struct exchange_reading *reading, const json_t *ours)
{
	const json_t *server = json_object_get(ours, "server");
	const char *text = json_string_value(server);

	if (json_is_null(server))
		return;
	if (text == NULL || strlen(text) >= sizeof reading->server)
		exchange_read_fault(reading, "server is no address");
	else
		strcpy(reading->server, text);
}

const char *exchange_read_server_text(const struct exchange_reading *reading)
{
	return reading->server[0] != '\0' ? reading->server : NULL;
}

/* "10 mx.example.com." */
static void read_host(
	struct exchange_reading *reading, const char *text, struct mxset *set)
{
	uint8_t exchange[NAME_WIRE_MAX];
	char *end = NULL;
	unsigned long preference;

	if (text == NULL || text[0] < '0' || text[0] > '9') {
		exchange_read_fault(reading, "rdata is no preference and exchange");
		return;
	}
	preference = strtoul(text, &end, 10);
	if (preference > UINT16_MAX || *end != ' ' ||
		!exchange_read_is_name(end + 1, exchange))
		exchange_read_fault(reading, "rdata is no preference and exchange");
	else if (mxset_add(set, (uint16_t)preference, exchange) < 0)
		exchange_read_fault(reading, "no memory for its rdata");
}

static void read_address(
	struct exchange_reading *reading, const char *text, struct mxset *set)
{
	uint8_t name[ADDRESS_NAME_MAX];

	if (text == NULL ||
		address_parse(text, reading->rrtype == RECORD_TYPE_AAAA ? 16 : 4, name) <
			0)
		exchange_read_fault(reading, "rdata is no address of its type");
	else if (mxset_add(set, 0, name) < 0)
		exchange_read_fault(reading, "no memory for its rdata");
}

static void read_one(
	struct exchange_reading *reading, const char *text, struct mxset *set)
{
	if (record_type_is_address(reading->rrtype))
		read_address(reading, text, set);
	else
		read_host(reading, text, set);
}

/* A list of texts, or one text. */
void exchange_read_rdata(
	struct exchange_reading *reading, const json_t *row, struct mxset *set)
{
	const json_t *rdata = json_object_get(row, "rdata");

	if (json_is_string(rdata))
		read_one(reading, json_string_value(rdata), set);
	else if (!json_is_array(rdata) || json_array_size(rdata) > EXCHANGE_HOSTS_MAX)
		exchange_read_fault(reading, "rdata is no list of at most 1024 texts");
	for (size_t i = 0; reading->why == NULL && i < json_array_size(rdata); i++)
		read_one(reading, json_string_value(json_array_get(rdata, i)), set);
}

bool exchange_read_is_null_mx(const struct mxset *set)
{
	return set->len == 1 && set->hosts[0].exchange[0] == 0;
}

enum answer_state exchange_read_state(
	struct exchange_reading *reading, const json_t *from, const struct mxset *set)
{
	const char *name = exchange_read_text(reading, from, "answer", "no answer");
	enum answer_state state = ANSWER_NONE;

	if (name != NULL &&
		strcmp(name, record_answer_name(reading->rrtype, ANSWER_MX)) == 0)
		state = ANSWER_MX;
	else if (name != NULL &&
		(answer_state_from_name(name, &state) < 0 || state == ANSWER_MX))
		exchange_read_fault(reading, "an answer of an unknown name");
	if (!mxset_fits(state, set))
		exchange_read_fault(reading, "answer and rdata contradict each other");
	return state;
}

uint32_t exchange_read_ttl(struct exchange_reading *reading, const json_t *ours,
	const char *key, uint32_t unset)
{
	if (json_is_null(json_object_get(ours, key)))
		return unset;
	return (uint32_t)exchange_read_number(
		reading, ours, key, 0, INT32_MAX, "a TTL that is none");
}
