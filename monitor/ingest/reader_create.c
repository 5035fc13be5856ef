/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/ingest/reader_inside.h"
#include "monitor/ingest/zone.h"

static const struct {
	const char *name;
	const struct reader_parser *parser;
} formats[] = {
	[READER_POSTFIX] = {"postfix", &postfix_parser},
	[READER_EXIM] = {"exim", &exim_parser},
	[READER_PMTA] = {"pmta", &pmta_parser},
	[READER_KUMOMTA] = {"kumomta", &kumomta_parser},
	[READER_CSV] = {"csv", &csv_parser},
	[READER_JSONL] = {"jsonl", &jsonl_parser},
};

const char *reader_format_name(enum reader_format format)
{
	return formats[format].name;
}

bool reader_takes_messages(enum reader_format format)
{
	return formats[format].parser->message != NULL;
}

int reader_format_from_name(const char *name, enum reader_format *ret_format)
{
	for (size_t i = 1; i < sizeof formats / sizeof *formats; i++)
		if (strcmp(formats[i].name, name) == 0) {
			*ret_format = (enum reader_format)i;
			return 0;
		}
	return -EINVAL;
}

static int copy_relays(struct reader *reader, const struct reader_options *options)
{
	const size_t len = options->internal_relays_len;
	reader->internal_relays = calloc(len + 1, sizeof *reader->internal_relays);
	if (reader->internal_relays == NULL)
		return -ENOMEM;
	reader->internal_relays_len = len;
	for (size_t i = 0; i < len; i++) {
		reader->internal_relays[i] = strdup(options->internal_relays[i]);
		if (reader->internal_relays[i] == NULL)
			return -ENOMEM;
	}
	return 0;
}

static int copy_fields(struct reader *reader, const struct reader_fields *fields)
{
	static const struct reader_fields own = {"at", "recipient", "original", "domain",
		"outcome", "code", "status", "text", "relay-host", "relay-ip", "id"};
	const struct reader_fields *given = fields != NULL ? fields : &own;
	const struct {
		const char *given;
		const char *own;
	} names[READER_FIELDS] = {
		[FIELD_AT] = {given->at, own.at},
		[FIELD_RECIPIENT] = {given->recipient, own.recipient},
		[FIELD_ORIGINAL] = {given->original, own.original},
		[FIELD_DOMAIN] = {given->domain, own.domain},
		[FIELD_OUTCOME] = {given->outcome, own.outcome},
		[FIELD_CODE] = {given->code, own.code},
		[FIELD_STATUS] = {given->status, own.status},
		[FIELD_TEXT] = {given->text, own.text},
		[FIELD_RELAY_HOST] = {given->relay_host, own.relay_host},
		[FIELD_RELAY_IP] = {given->relay_ip, own.relay_ip},
		[FIELD_ID] = {given->id, own.id},
	};
	for (size_t i = 0; i < READER_FIELDS; i++) {
		const char *name = names[i].given != NULL ? names[i].given : names[i].own;
		reader->fields[i] = strdup(name);
		if (reader->fields[i] == NULL)
			return -ENOMEM;
	}
	return 0;
}

static int copy_options(struct reader *reader, const struct reader_options *options)
{
	int rc = zone_load(options->zone, &reader->zone);

	reader->timeless = options->timeless;
	if (rc < 0)
		return rc;
	reader->stamps = (struct stamp_context){.zone = reader->zone,
		.reference_at = options->reference_at,
		.last_at = INT64_MIN / 2};
	if (options->instance != NULL) {
		reader->instance = strdup(options->instance);
		if (reader->instance == NULL)
			return -ENOMEM;
	}
	rc = copy_relays(reader, options);
	return rc < 0 ? rc : copy_fields(reader, options->fields);
}

int reader_create(enum reader_format format, const struct reader_options *options,
	const struct reader_sink *sink, struct reader **ret_reader)
{
	struct reader *reader = calloc(1, sizeof *reader);
	if (reader == NULL)
		return -ENOMEM;
	reader->format = format;
	reader->parser = formats[format].parser;
	reader->sink = *sink;
	int rc = copy_options(reader, options);
	if (rc == 0) {
		reader->unfinished = malloc(READER_LINE_MAX);
		if (reader->unfinished == NULL)
			rc = -ENOMEM;
	}
	if (rc == 0 && reader->parser->memory_create != NULL) {
		reader->memory = reader->parser->memory_create();
		if (reader->memory == NULL)
			rc = -ENOMEM;
	}
	if (rc < 0) {
		reader_destroy(reader);
		return rc;
	}
	*ret_reader = reader;
	return 0;
}

void reader_destroy(struct reader *reader)
{
	if (reader == NULL)
		return;
	if (reader->memory != NULL)
		reader->parser->memory_destroy(reader->memory);
	for (size_t i = 0; i < reader->internal_relays_len; i++)
		free(reader->internal_relays[i]);
	free(reader->internal_relays);
	for (size_t i = 0; i < READER_FIELDS; i++)
		free(reader->fields[i]);
	free(reader->instance);
	free(reader->heading);
	free(reader->unfinished);
	zone_destroy(reader->zone);
	free(reader);
}

/* "host", "address", or either with ":port". */
static bool is_relay(struct span relay, struct span name, struct span port)
{
	if (name.len == 0 || relay.len < name.len ||
		!span_is_nocase(span_head(relay, name.len), name))
		return false;
	struct span rest = span_from(relay, name.len);
	return rest.len == 0 || (span_take(&rest, SPAN(":")) && span_is(rest, port));
}

bool reader_is_internal(
	const struct reader *reader, struct span host, struct span ip, struct span port)
{
	for (size_t i = 0; i < reader->internal_relays_len; i++) {
		const struct span relay = span_of(reader->internal_relays[i]);
		if (is_relay(relay, host, port) || is_relay(relay, ip, port))
			return true;
	}
	return false;
}
