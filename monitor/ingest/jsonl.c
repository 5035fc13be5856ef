/* SPDX-License-Identifier: MIT */
/*
 * jsonl — lines of one JSON object each, whose members are named in the configuration.
 *
 * How Halon and others come in that let a script write what it likes. Several recipients in an
 * array are several deliveries; the lines of an answer, or the numbers of an enhanced code, may
 * be an array too.
 */
#include "monitor/ingest/jsonvalue.h"
#include "monitor/ingest/mapping.h"

static const char *report_one(struct reader *reader, const struct span *values)
{
	const char *why = mapping_fill(reader, values);
	if (why == NULL)
		reader_report(reader);
	return why;
}

/* The first thing that is wrong ends it; what was reported stays. */
static const char *report_all(
	struct reader *reader, const json_t *recipients, struct span *values)
{
	char buffer[JSONVALUE_NUMBER_MAX];
	const char *why = json_array_size(recipients) > 0 ? NULL : "no recipient";
	for (size_t i = 0; why == NULL && i < json_array_size(recipients); i++) {
		values[FIELD_RECIPIENT] =
			jsonvalue_text(json_array_get(recipients, i), buffer);
		why = report_one(reader, values);
	}
	return why;
}

static enum line_kind jsonl_line(struct reader *reader, struct span line)
{
	char buffers[READER_FIELDS][JSONVALUE_NUMBER_MAX];
	char text[REPORT_TEXT_MAX];
	char status[JSONVALUE_NUMBER_MAX];
	struct span values[READER_FIELDS];

	json_t *json = jsonvalue_parse(line);
	if (json == NULL)
		return reader_reject(reader, "no JSON object");
	for (size_t i = 0; i < READER_FIELDS; i++)
		values[i] =
			jsonvalue_text(jsonvalue_at(json, reader->fields[i]), buffers[i]);
	values[FIELD_TEXT] = jsonvalue_joined(
		jsonvalue_at(json, reader->fields[FIELD_TEXT]), " ", text, sizeof text);
	values[FIELD_STATUS] =
		jsonvalue_joined(jsonvalue_at(json, reader->fields[FIELD_STATUS]), ".",
			status, sizeof status);
	const json_t *recipients = jsonvalue_at(json, reader->fields[FIELD_RECIPIENT]);
	const char *why = json_is_array(recipients)
		? report_all(reader, recipients, values)
		: report_one(reader, values);
	json_decref(json);
	return why == NULL ? LINE_TAKEN : reader_reject(reader, why);
}

const struct reader_parser jsonl_parser = {
	.line = jsonl_line,
};
