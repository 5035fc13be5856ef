/* SPDX-License-Identifier: MIT */
/*
 * kumomta — log records of KumoMTA, one JSON object a line.
 *
 * Delivery, Bounce, TransientFailure, Expiration, and OOB (a bounce message that came later) are
 * read; the others say nothing about a recipient's server. recipient is a string or an array.
 * Source: KumoMTA reference, "Log Record".
 */
#include <stdio.h>

#include "monitor/ingest/jsonvalue.h"
#include "monitor/ingest/reader_inside.h"
#include "monitor/ingest/saying.h"

static bool type_outcome(struct span type, enum delivery_outcome *ret_outcome)
{
	static const struct {
		struct span type;
		enum delivery_outcome outcome;
	} types[] = {
		{{"Delivery", 8}, DELIVERY_DELIVERED},
		{{"Bounce", 6}, DELIVERY_BOUNCED},
		{{"OOB", 3}, DELIVERY_BOUNCED},
		{{"TransientFailure", 16}, DELIVERY_DEFERRED},
		{{"Expiration", 10}, DELIVERY_EXPIRED},
	};
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (span_is(type, types[i].type)) {
			*ret_outcome = types[i].outcome;
			return true;
		}
	return false;
}

static struct span text_at(
	json_t *json, const char *path, char buffer[JSONVALUE_NUMBER_MAX])
{
	return jsonvalue_text(jsonvalue_at(json, path), buffer);
}

/* event_time has fractions; older versions have timestamp alone. */
static bool fill_time(struct reader *reader, json_t *json)
{
	char buffer[JSONVALUE_NUMBER_MAX];
	int64_t *at = &reader->report.at;
	return stamp_parse(text_at(json, "event_time", buffer), &reader->stamps, at) ||
		stamp_parse(text_at(json, "timestamp", buffer), &reader->stamps, at);
}

static void fill_status(const json_t *enhanced, struct report *report)
{
	const json_int_t class = json_integer_value(json_object_get(enhanced, "class"));
	const json_int_t subject =
		json_integer_value(json_object_get(enhanced, "subject"));
	const json_int_t detail = json_integer_value(json_object_get(enhanced, "detail"));
	char status[80];

	snprintf(status, sizeof status,
		"%" JSON_INTEGER_FORMAT ".%" JSON_INTEGER_FORMAT ".%" JSON_INTEGER_FORMAT,
		class, subject, detail);
	(void)saying_status(report, span_of(status));
}

/* Its own decisions are marked in the text, and an expiry is always one. */
static bool is_own(const struct report *report, struct span content)
{
	return report->outcome == DELIVERY_EXPIRED ||
		span_starts(content, SPAN("KumoMTA internal"));
}

static void fill_answer(json_t *json, struct report *report)
{
	char buffer[JSONVALUE_NUMBER_MAX];
	const json_t *response = json_object_get(json, "response");
	const json_int_t code = json_integer_value(json_object_get(response, "code"));
	const struct span content = text_at(json, "response.content", buffer);

	saying_host(report, text_at(json, "peer_address.name", buffer));
	saying_ip(report, text_at(json, "peer_address.addr", buffer));
	fill_status(json_object_get(response, "enhanced_code"), report);
	saying_text(report, content);
	if (code >= 200 && code <= 599)
		report->code = (uint16_t)code;
	report->origin = is_own(report, content) ? REPORT_LOCAL : REPORT_REMOTE;
	report->stage = report->outcome == DELIVERY_DELIVERED
		? REPORT_STAGE_END_OF_DATA
		: saying_stage(text_at(json, "response.command", buffer));
}

static bool report_to(struct reader *reader, const json_t *recipient)
{
	char buffer[JSONVALUE_NUMBER_MAX];
	const struct span address = jsonvalue_text(recipient, buffer);
	if (address.len == 0 || address.len >= REPORT_ADDRESS_MAX)
		return false;
	span_copy(address, reader->report.recipient, sizeof reader->report.recipient);
	reader_report(reader);
	return true;
}

static bool report_all(struct reader *reader, const json_t *recipients)
{
	bool all = json_array_size(recipients) > 0;
	for (size_t i = 0; i < json_array_size(recipients); i++)
		all = report_to(reader, json_array_get(recipients, i)) && all;
	return all;
}

static enum line_kind take_record(struct reader *reader, json_t *json)
{
	char buffer[JSONVALUE_NUMBER_MAX];
	struct report *report = &reader->report;
	const json_t *type = json_object_get(json, "type");
	const json_t *recipient = json_object_get(json, "recipient");

	if (!json_is_string(type))
		return reader_reject(reader, "no type");
	saying_clear(report);
	if (!type_outcome(jsonvalue_text(type, buffer), &report->outcome))
		return LINE_IGNORED;
	if (!fill_time(reader, json))
		return reader_reject(reader, "no time");
	fill_answer(json, report);
	span_copy(text_at(json, "id", buffer), report->id, sizeof report->id);
	const bool reported = json_is_array(recipient) ? report_all(reader, recipient)
						       : report_to(reader, recipient);
	return reported ? LINE_TAKEN : reader_reject(reader, "no recipient");
}

static enum line_kind kumomta_line(struct reader *reader, struct span line)
{
	json_t *json = jsonvalue_parse(line);
	if (json == NULL)
		return reader_reject(reader, "no JSON object");
	const enum line_kind kind = take_record(reader, json);
	json_decref(json);
	return kind;
}

const struct reader_parser kumomta_parser = {
	.line = kumomta_line,
};
