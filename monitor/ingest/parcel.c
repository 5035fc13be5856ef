/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/parcel.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/ingest/saying.h"

#define AT_MAX INT64_C(253402300799999) /* the end of the year 9999 */
#define HEX_MOST 1024

/* --- texts --- */

json_t *parcel_text(const char *bytes)
{
	const size_t all = strlen(bytes);
	size_t ascii = 0;
	while (ascii < all && (unsigned char)bytes[ascii] < 0x80)
		ascii++;
	if (ascii == all)
		return json_stringn_nocheck(bytes, all);
	char *text = malloc(2 * all);
	size_t len = ascii;
	if (text == NULL)
		return NULL;
	memcpy(text, bytes, ascii);
	for (const char *c = bytes + ascii; *c != '\0'; c++) {
		const unsigned char byte = (unsigned char)*c;
		if (byte >= 0x80)
			text[len++] = (char)(0xc0 | byte >> 6);
		text[len++] = (char)(byte >= 0x80 ? 0x80 | (byte & 0x3f) : byte);
	}
	json_t *json = json_stringn_nocheck(text, len);
	free(text);
	return json;
}

bool parcel_read_text(const json_t *text, char *ret_bytes, size_t size)
{
	/* It is UTF-8 without NULs: jansson refuses all else. */
	const unsigned char *c = (const unsigned char *)json_string_value(text);
	size_t len = 0;
	if (c == NULL || strlen((const char *)c) != json_string_length(text))
		return false;
	for (; *c != '\0' && len + 1 < size; c++) {
		if (*c > 0xc3)
			return false;
		if (*c >= 0x80) {
			ret_bytes[len++] = (char)((*c & 0x03) << 6 | (c[1] & 0x3f));
			c++;
		} else {
			ret_bytes[len++] = (char)*c;
		}
	}
	ret_bytes[len] = '\0';
	return *c == '\0';
}

bool parcel_is_printable(const char *text)
{
	while (*text != '\0' && (unsigned char)*text >= ' ' && *text != 0x7f)
		text++;
	return *text == '\0';
}

json_t *parcel_hex(const uint8_t *bytes, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	char text[2 * HEX_MOST];
	for (size_t i = 0; i < len; i++) {
		text[2 * i] = digits[bytes[i] >> 4];
		text[2 * i + 1] = digits[bytes[i] & 15];
	}
	return json_stringn_nocheck(text, 2 * len);
}

static int digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

bool parcel_read_hex(const json_t *text, uint8_t *ret_bytes, size_t len)
{
	const char *digits = json_string_value(text);
	if (digits == NULL || json_string_length(text) != 2 * len)
		return false;
	for (size_t i = 0; i < len; i++) {
		const int high = digit_of(digits[2 * i]);
		const int low = digit_of(digits[2 * i + 1]);
		if (high < 0 || low < 0)
			return false;
		ret_bytes[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

/* --- numbers --- */

static bool read_number(
	const json_t *value, int64_t least, int64_t most, int64_t *ret_number)
{
	const json_int_t number = json_integer_value(value);
	if (!json_is_integer(value) || number < least || number > most)
		return false;
	*ret_number = number;
	return true;
}

/* --- reports --- */

static const struct {
	const char *name;
	size_t offset;
	size_t size;
} texts[] = {
#define TEXT(member)                                                                     \
	{                                                                                \
#member, offsetof(struct report, member),                                \
			sizeof((struct report *)NULL)->member                            \
	}
	TEXT(recipient),
	TEXT(original),
	TEXT(status),
	TEXT(relay_host),
	TEXT(relay_ip),
	TEXT(text),
	TEXT(missing_name),
	TEXT(id),
#undef TEXT
};
#define TEXTS (sizeof texts / sizeof *texts)

enum number {
	NUMBER_AT,
	NUMBER_STAGE,
	NUMBER_COUNT,
	NUMBER_CODE,
	NUMBERS,
};
static const struct {
	const char *name;
	int64_t least;
	int64_t most;
} numbers[NUMBERS] = {
	[NUMBER_AT] = {"at", 0, AT_MAX},
	[NUMBER_STAGE] = {"stage", REPORT_STAGE_UNKNOWN, REPORT_STAGE_END_OF_DATA},
	[NUMBER_COUNT] = {"count", 1, UINT32_MAX},
	[NUMBER_CODE] = {"code", 0, 999},
};

/* A time before 1970 is as good as none. */
static void numbers_of(const struct report *report, int64_t ret_numbers[NUMBERS])
{
	ret_numbers[NUMBER_AT] = report->at < 0 ? 0
		: report->at > AT_MAX           ? AT_MAX
						: report->at;
	ret_numbers[NUMBER_STAGE] = (int64_t)report->stage;
	ret_numbers[NUMBER_COUNT] = report->count;
	ret_numbers[NUMBER_CODE] = report->code;
}

void parcel_first(struct report *ret_report)
{
	saying_clear(ret_report);
}

json_t *parcel_report(const struct report *report, const struct report *before)
{
	int64_t now[NUMBERS];
	int64_t then[NUMBERS];
	json_t *item = json_object();
	int error = 0;
	numbers_of(report, now);
	numbers_of(before, then);
	for (size_t i = 0; i < NUMBERS; i++)
		if (now[i] != then[i])
			error |= json_object_set_new_nocheck(
				item, numbers[i].name, json_integer(now[i]));
	if (report->outcome != before->outcome)
		error |= json_object_set_new_nocheck(item, "outcome",
			json_string(delivery_outcome_name(report->outcome)));
	if (report->origin != before->origin)
		error |= json_object_set_new_nocheck(
			item, "remote", json_boolean(report->origin == REPORT_REMOTE));
	for (size_t i = 0; i < TEXTS; i++) {
		const char *text = (const char *)report + texts[i].offset;
		if (strcmp(text, (const char *)before + texts[i].offset) != 0)
			error |= json_object_set_new_nocheck(
				item, texts[i].name, parcel_text(text));
	}
	if (error == 0)
		return item;
	json_decref(item);
	return NULL;
}

static bool read_numbers(const json_t *item, struct report *report, size_t *members)
{
	int64_t values[NUMBERS];
	numbers_of(report, values);
	for (size_t i = 0; i < NUMBERS; i++) {
		const json_t *value = json_object_get(item, numbers[i].name);
		if (value == NULL)
			continue;
		if (!read_number(value, numbers[i].least, numbers[i].most, &values[i]))
			return false;
		++*members;
	}
	report->at = values[NUMBER_AT];
	report->stage = (enum report_stage)values[NUMBER_STAGE];
	report->count = (unsigned)values[NUMBER_COUNT];
	report->code = (uint16_t)values[NUMBER_CODE];
	return true;
}

static bool read_words(const json_t *item, struct report *report, size_t *members)
{
	const json_t *outcome = json_object_get(item, "outcome");
	const json_t *remote = json_object_get(item, "remote");
	if (outcome != NULL &&
		(!json_is_string(outcome) ||
			delivery_outcome_from_name(
				json_string_value(outcome), &report->outcome) < 0))
		return false;
	if (remote != NULL && !json_is_boolean(remote))
		return false;
	if (remote != NULL)
		report->origin = json_is_true(remote) ? REPORT_REMOTE : REPORT_LOCAL;
	*members += (size_t)(outcome != NULL) + (size_t)(remote != NULL);
	return true;
}

const char *parcel_read_report(const json_t *item, struct report *report)
{
	size_t members = 0;
	if (!json_is_object(item))
		return "expected reports as objects";
	if (!read_numbers(item, report, &members))
		return "found a number of a report that is out of its range";
	if (!read_words(item, report, &members))
		return "found a word of a report that is not known here";
	for (size_t i = 0; i < TEXTS; i++) {
		const json_t *value = json_object_get(item, texts[i].name);
		if (value == NULL)
			continue;
		if (!parcel_read_text(
			    value, (char *)report + texts[i].offset, texts[i].size))
			return "found a text of a report that is none or too long";
		members++;
	}
	return members == json_object_size(item) ? NULL
						 : "found an unknown member of a report";
}

/* --- rejected lines --- */

json_t *parcel_rejected(const struct reject *reject)
{
	return json_pack("{s:s, s:I, s:I, s:I, s:o}", "reason", reject->reason, "count",
		(json_int_t)reject->count, "first_at", (json_int_t)reject->first_at,
		"last_at", (json_int_t)reject->last_at, "shown",
		parcel_text(reject->shown));
}

const char *parcel_read_rejected(const json_t *item, struct rejects *rejects)
{
	struct reject *reject = &rejects->items[rejects->len];
	int64_t count;
	if (rejects->len == REJECTS_REASONS)
		return "found more reasons than there are";
	*reject = (struct reject){
		.reason = json_string_value(json_object_get(item, "reason"))};
	if (reject->reason == NULL || strlen(reject->reason) > REJECTS_SHOWN_MAX ||
		!parcel_is_printable(reject->reason))
		return "expected the reason of rejected lines";
	if (!read_number(json_object_get(item, "count"), 1, INT32_MAX, &count) ||
		!read_number(json_object_get(item, "first_at"), 0, AT_MAX,
			&reject->first_at) ||
		!read_number(
			json_object_get(item, "last_at"), 0, AT_MAX, &reject->last_at))
		return "found a number of rejected lines that is out of its range";
	if (!parcel_read_text(
		    json_object_get(item, "shown"), reject->shown, sizeof reject->shown))
		return "expected the start of a rejected line";
	if (json_object_size(item) != 5)
		return "found an unknown member of rejected lines";
	reject->count = (uint64_t)count;
	rejects->len++;
	return NULL;
}

/* --- places --- */

json_t *parcel_place(const struct feed_place *place)
{
	return json_pack("{s:I, s:s, s:o, s:I, s:I, s:I, s:o, s:I, s:o, s:I, s:o}",
		"number", (json_int_t)place->number, "format", place->format, "path",
		parcel_text(place->path), "device", (json_int_t)place->device, "inode",
		(json_int_t)place->inode, "head_len", (json_int_t)place->head_len, "head",
		parcel_hex(place->head, FEED_HASH), "tail_len",
		(json_int_t)place->tail_len, "tail", parcel_hex(place->tail, FEED_HASH),
		"offset", (json_int_t)place->offset, "state", parcel_text(place->state));
}

static bool read_place_numbers(const json_t *item, struct feed_place *place)
{
	int64_t device;
	int64_t inode;
	int64_t head_len;
	int64_t tail_len;
	if (!read_number(json_object_get(item, "number"), 0, INT64_MAX, &place->number) ||
		!read_number(
			json_object_get(item, "offset"), 0, INT64_MAX, &place->offset) ||
		!read_number(
			json_object_get(item, "device"), INT64_MIN, INT64_MAX, &device) ||
		!read_number(
			json_object_get(item, "inode"), INT64_MIN, INT64_MAX, &inode) ||
		!read_number(json_object_get(item, "head_len"), 0,
			place->offset < FEED_HEAD_MOST ? place->offset : FEED_HEAD_MOST,
			&head_len) ||
		!read_number(json_object_get(item, "tail_len"), 0,
			place->offset < FEED_TAIL_MOST ? place->offset : FEED_TAIL_MOST,
			&tail_len))
		return false;
	place->device = (uint64_t)device;
	place->inode = (uint64_t)inode;
	place->head_len = (uint32_t)head_len;
	place->tail_len = (uint32_t)tail_len;
	return true;
}

const char *parcel_read_place(const json_t *item, struct feed_place *ret_place,
	char ret_state[READER_STATE_MAX + 1])
{
	struct feed_place *place = ret_place;
	*place = (struct feed_place){.state = ret_state};
	if (json_object_size(item) != 11)
		return "expected a place with its eleven members";
	if (!read_place_numbers(item, place))
		return "found a number of a place that is out of its range";
	if (!parcel_read_text(json_object_get(item, "format"), place->format,
		    sizeof place->format) ||
		!parcel_read_text(
			json_object_get(item, "path"), place->path, sizeof place->path) ||
		!parcel_read_text(
			json_object_get(item, "state"), ret_state, READER_STATE_MAX + 1))
		return "found a text of a place that is none or too long";
	if (!parcel_read_hex(json_object_get(item, "head"), place->head, FEED_HASH) ||
		!parcel_read_hex(json_object_get(item, "tail"), place->tail, FEED_HASH))
		return "found a hash of a place that is none";
	return NULL;
}
