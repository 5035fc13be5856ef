/* SPDX-License-Identifier: MIT */
/*
 * exim — the main log of Exim.
 *
 *   2026-01-02 03:04:05 [+0100] [pid] MSGID FLAG ADDR [<ORIG>] F=<..> R=.. T=.. H=host [ip] ...
 *
 * `=>`, `->` and `>>` delivered, `**` failed, `==` deferred. Fields are read one by one from the
 * left, values in quotes or brackets as a whole; behind `: ` stands text.
 * Source: Exim specification, chapter "Log files".
 */
#include <string.h>

#include "monitor/ingest/exim_reason.h"
#include "monitor/ingest/header.h"
#include "monitor/ingest/reader_inside.h"
#include "monitor/ingest/saying.h"

/* The parts of a line behind its flag. */
struct delivery {
	struct span address;
	struct span original; /* in angle brackets */
	struct span host;
	struct span ip;
	struct span port;
	struct span answer; /* C="..." */
	struct span reason; /* behind ": " */
};

static bool is_id_byte(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* "1abCDe-000FGh-2i" and, from 4.97 on, "1abCDe-0000000FGhi-2jkl". */
static bool is_id(struct span word)
{
	if (word.len != 16 && word.len != 23)
		return false;
	const size_t second = word.len == 16 ? 13 : 18;
	for (size_t i = 0; i < word.len; i++) {
		const bool dash = i == 6 || i == second;
		if (dash ? word.at[i] != '-' : !is_id_byte(word.at[i]))
			return false;
	}
	return true;
}

static bool flag_outcome(struct span flag, enum delivery_outcome *ret_outcome)
{
	if (span_is(flag, SPAN("=>")) || span_is(flag, SPAN("->")) ||
		span_is(flag, SPAN(">>")))
		*ret_outcome = DELIVERY_DELIVERED;
	else if (span_is(flag, SPAN("**")))
		*ret_outcome = DELIVERY_BOUNCED;
	else if (span_is(flag, SPAN("==")))
		*ret_outcome = DELIVERY_DEFERRED;
	else
		return false;
	return true;
}

/* "R=", "QT=", "Ci=" at the start; returns its length with the sign, 0 where it is none. */
static size_t key_length(struct span text)
{
	size_t len = 0;
	while (len < text.len && len < 5 && is_id_byte(text.at[len]))
		len++;
	return len > 0 && len < text.len && text.at[len] == '=' && text.at[0] >= 'A' &&
			text.at[0] <= 'Z'
		? len + 1
		: 0;
}

/* Behind the closing quote; a backslash keeps the next byte. */
static size_t quoted_length(struct span text)
{
	for (size_t i = 1; i < text.len; i++) {
		if (text.at[i] == '\\')
			i++;
		else if (text.at[i] == '"')
			return i + 1;
	}
	return text.len;
}

/* Up to a blank or ": ". */
static size_t plain_length(struct span text)
{
	size_t len = 0;
	while (len < text.len && text.at[len] != ' ' &&
		!(text.at[len] == ':' && len + 1 < text.len && text.at[len + 1] == ' '))
		len++;
	return len;
}

static struct span take(struct span *rest, size_t len)
{
	const struct span taken = span_head(*rest, len);
	*rest = span_from(*rest, len);
	return taken;
}

static struct span take_value(struct span *rest)
{
	struct span inside;
	if (span_starts(*rest, SPAN("<")) && span_take_angle(rest, &inside))
		return inside;
	if (!span_starts(*rest, SPAN("\"")))
		return take(rest, plain_length(*rest));
	inside = take(rest, quoted_length(*rest));
	inside = span_from(inside, 1);
	if (span_ends(inside, SPAN("\"")))
		inside.len--;
	return inside;
}

/* "mx.example.net (helo) [192.0.2.1]:25*"; the name may be missing. */
static void take_host(struct span *rest, struct delivery *delivery)
{
	struct span word;
	if (!span_starts(*rest, SPAN("[")))
		delivery->host = take(rest, plain_length(*rest));
	struct span after = *rest;
	(void)span_take(&after, SPAN(" "));
	if (span_take(&after, SPAN("(")) && span_take_before(&after, SPAN(")"), &word)) {
		*rest = after;
		(void)span_take(&after, SPAN(" "));
	} else {
		after = *rest;
		(void)span_take(&after, SPAN(" "));
	}
	if (!span_take(&after, SPAN("[")) ||
		!span_take_before(&after, SPAN("]"), &delivery->ip))
		return;
	if (after.len > 1 && *after.at == ':' && after.at[1] != ' ') {
		after = span_from(after, 1);
		delivery->port = take(&after, plain_length(after));
		if (span_ends(delivery->port, SPAN("*")))
			delivery->port.len--;
	}
	(void)span_take(&after, SPAN("*"));
	*rest = after;
}

static void take_field(struct span *rest, struct delivery *delivery)
{
	const struct span key = take(rest, key_length(*rest));
	if (span_is(key, SPAN("H="))) {
		take_host(rest, delivery);
		return;
	}
	const struct span value = take_value(rest);
	if (span_is(key, SPAN("C=")))
		delivery->answer = value;
}

/* An address, a pipe or a file up to its first field, brackets aside. */
static void take_address(struct span *rest, struct delivery *delivery)
{
	const struct span all = *rest;
	while (rest->len > 0 && !span_starts(*rest, SPAN(": "))) {
		if (*rest->at == ' ') {
			const struct span next = span_from(*rest, 1);
			if (key_length(next) > 0 || span_starts(next, SPAN("<")) ||
				span_starts(next, SPAN("(")) ||
				span_starts(next, SPAN("defer (")) ||
				span_starts(next, SPAN("routing defer (")))
				break;
		}
		(void)take(rest, *rest->at == '"' ? quoted_length(*rest) : 1);
	}
	delivery->address = span_head(all, all.len - rest->len);
}

static void take_fields(struct span rest, struct delivery *delivery)
{
	struct span word;
	take_address(&rest, delivery);
	while (rest.len > 0) {
		if (span_take(&rest, SPAN(": "))) {
			delivery->reason = rest;
			return;
		}
		if (span_take(&rest, SPAN(" ")))
			continue;
		if (*rest.at == '<' && delivery->original.at == NULL &&
			span_take_angle(&rest, &delivery->original))
			continue;
		if (span_take(&rest, SPAN("defer ("))) {
			(void)span_take_before(&rest, SPAN(")"), &word);
		} else if (key_length(rest) > 0) {
			take_field(&rest, delivery);
		} else {
			const size_t len = plain_length(rest);
			(void)take(&rest, len > 0 ? len : 1);
		}
	}
}

static bool has_domain(struct span address)
{
	return address.len > 0 && memchr(address.at, '@', address.len) != NULL;
}

/* A pipe, a file or a local part has its address behind it. */
static void fill_recipient(const struct delivery *delivery, struct report *report)
{
	const char first = delivery->address.len > 0 ? *delivery->address.at : '\0';
	const bool is_place = first == '|' || first == '/' || first == ':';
	const bool is_address = !is_place && has_domain(delivery->address);

	if (is_address) {
		span_copy(delivery->address, report->recipient, sizeof report->recipient);
		if (!span_is_nocase(delivery->original, delivery->address))
			span_copy(delivery->original, report->original,
				sizeof report->original);
		return;
	}
	span_copy(delivery->original, report->recipient, sizeof report->recipient);
}

static void fill(const struct delivery *delivery, struct report *report)
{
	fill_recipient(delivery, report);
	saying_host(report, delivery->host);
	saying_ip(report, delivery->ip);
	if (report->outcome != DELIVERY_DELIVERED) {
		exim_reason(delivery->reason, report);
		return;
	}
	if (delivery->ip.len > 0) {
		report->stage = REPORT_STAGE_END_OF_DATA;
		saying_reply(report, delivery->answer);
	}
}

static enum line_kind take_delivery(
	struct reader *reader, struct span rest, struct span id)
{
	struct delivery delivery = {.address = span_head(rest, 0)};
	struct report *report = &reader->report;

	take_fields(rest, &delivery);
	const bool delivered = report->outcome == DELIVERY_DELIVERED;
	if (delivered &&
		(span_starts(delivery.address, SPAN(":blackhole")) ||
			span_is(delivery.address, SPAN("discarded"))))
		return LINE_IGNORED;
	if (!delivered && exim_reason_is_wait(delivery.reason))
		return LINE_IGNORED;
	const bool internal =
		reader_is_internal(reader, delivery.host, delivery.ip, delivery.port);
	if (delivered && internal)
		return LINE_IGNORED;
	if (delivery.address.len >= REPORT_ADDRESS_MAX ||
		delivery.original.len >= REPORT_ADDRESS_MAX)
		return reader_reject(reader, "recipient too long");
	span_copy(id, report->id, sizeof report->id);
	fill(&delivery, report);
	if (report->recipient[0] == '\0')
		return reader_reject(reader, "no recipient");
	if (internal)
		report->origin = REPORT_LOCAL;
	reader_report(reader);
	return LINE_TAKEN;
}

/* "[1234] " of log_selector = +pid */
static void skip_pid(struct span *rest)
{
	struct span after = *rest;
	uint64_t pid;
	if (span_take(&after, SPAN("[")) && span_take_number(&after, &pid) &&
		span_take(&after, SPAN("] ")))
		*rest = after;
}

/* at: of what stands in front, where the message has no time of its own. */
static enum line_kind take_message(struct reader *reader, struct span rest, int64_t at)
{
	struct span id;
	struct span flag;

	if (stamp_take_iso(&rest, &reader->stamps, &at))
		rest = span_trim(rest);
	skip_pid(&rest);
	if (!span_take_word(&rest, &id) || !is_id(id) || !span_take_word(&rest, &flag))
		return LINE_IGNORED;
	saying_clear(&reader->report);
	reader->report.at = at;
	if (!flag_outcome(flag, &reader->report.outcome))
		return LINE_IGNORED;
	return take_delivery(reader, rest, id);
}

static bool is_exim(struct span program)
{
	return span_starts(program, SPAN("exim"));
}

/* The main log begins with its own time, syslog with a header. */
static enum line_kind exim_line(struct reader *reader, struct span line)
{
	struct header header;
	struct span rest = line;
	int64_t at;

	if (stamp_take_iso(&rest, &reader->stamps, &at) && line.at[10] == ' ')
		return take_message(reader, line, at);
	if (!header_split(line, &header) || !is_exim(header.program))
		return LINE_IGNORED;
	if (!header_at(&header, &reader->stamps, &at))
		return LINE_IGNORED;
	return take_message(reader, header.message, at);
}

static enum line_kind exim_message(
	struct reader *reader, struct span identifier, struct span message)
{
	return is_exim(identifier)
		? take_message(reader, message, reader->stamps.reference_at)
		: LINE_IGNORED;
}

const struct reader_parser exim_parser = {
	.line = exim_line,
	.message = exim_message,
};
