/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/exim_reason.h"

#include <string.h>

#include "monitor/ingest/saying.h"

/* Copies with a blank for each `\n` and `\t` that Exim wrote as two characters. */
static struct span unescape(struct span text, char buffer[REPORT_TEXT_MAX])
{
	size_t len = 0;
	for (size_t i = 0; i < text.len && len < REPORT_TEXT_MAX - 1; i++) {
		const bool escaped = text.at[i] == '\\' && i + 1 < text.len;
		if (escaped && (text.at[i + 1] == 'n' || text.at[i + 1] == 't')) {
			buffer[len++] = ' ';
			i++;
		} else {
			buffer[len++] = text.at[i];
		}
	}
	return (struct span){buffer, len};
}

/* "host mx.example.net [192.0.2.1]: " in front of the reply, as Exim 4.8x wrote it. */
static void take_host(struct span *text, struct report *report)
{
	struct span rest = *text;
	struct span host;
	struct span ip;

	if (!span_take(&rest, SPAN("host ")) || !span_take_word(&rest, &host) ||
		!span_take(&rest, SPAN("[")) ||
		!span_take_before(&rest, SPAN("]: "), &ip))
		return;
	if (report->relay_host[0] == '\0') {
		saying_host(report, host);
		saying_ip(report, ip);
	}
	*text = rest;
}

/* The command, up to its colon: addresses stand in angle brackets and may hold ": ". */
static bool take_command(struct span *rest, struct report *report)
{
	(void)span_take(rest, SPAN("pipelined "));
	if (span_take(rest, SPAN("initial connection: "))) {
		report->stage = REPORT_STAGE_CONNECT;
		return true;
	}
	report->stage = saying_stage(*rest);
	while (rest->len > 0) {
		struct span address;
		if (span_take(rest, SPAN(": ")))
			return true;
		if (*rest->at != '<' || !span_take_angle(rest, &address))
			*rest = span_from(*rest, 1);
	}
	return false;
}

static bool take_remote(struct span text, struct report *report)
{
	struct span rest = text;

	if (!span_take(&rest, SPAN("SMTP error from remote mail server after ")) &&
		!span_take(&rest, SPAN("LMTP error after ")) &&
		!span_take(&rest, SPAN("SMTP error from remote mailer after ")))
		return false;
	if (!take_command(&rest, report))
		return false;
	take_host(&rest, report);
	saying_reply(report, rest);
	return true;
}

/* Without a reply: only where in the conversation it was. */
static void note_stage(struct span text, struct report *report)
{
	struct span words;
	struct span rest = text;
	if (span_take_before(&rest, SPAN("in response to "), &words) ||
		span_take_before(&rest, SPAN("timeout after "), &words)) {
		(void)span_take(&rest, SPAN("pipelined "));
		report->stage = span_starts(rest, SPAN("initial connection"))
			? REPORT_STAGE_CONNECT
			: saying_stage(rest);
	}
}

static void note_name(struct span text, struct report *report)
{
	struct span words;
	struct span name;
	if (!span_take_before(&text, SPAN("no IP address found for host "), &words) ||
		!span_take_word(&text, &name))
		return;
	while (name.len > 0 &&
		(name.at[name.len - 1] == ')' || name.at[name.len - 1] == ':'))
		name.len--;
	span_copy_lower(name, report->missing_name, sizeof report->missing_name);
}

/* Exim appends its own words to the last answer when it gives up. */
static bool take_expiry(struct span *text)
{
	static const struct span marks[] = {
		{"retry timeout exceeded", 22},
		{"retry time not reached for any host after a long failure period", 63},
	};
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++)
		if (span_ends(*text, marks[i])) {
			text->len -= marks[i].len;
			if (span_ends(*text, SPAN(": ")))
				text->len -= 2;
			return true;
		}
	return span_starts(*text, SPAN("all hosts ")) &&
		span_find(*text, SPAN(" failing for a long time")) < text->len;
}

void exim_reason(struct span text, struct report *report)
{
	char buffer[REPORT_TEXT_MAX];
	const struct span whole = unescape(text, buffer);
	struct span rest = whole;
	const bool expired = take_expiry(&rest);

	report->origin = REPORT_LOCAL;
	if (!take_remote(rest, report)) {
		saying_text(report, rest.len > 0 ? rest : whole);
		note_stage(rest, report);
		note_name(rest, report);
	}
	/* A permanent refusal that ends in those words was written by somebody else. */
	if (!expired || report->outcome != DELIVERY_BOUNCED)
		return;
	if (report->code < 500)
		report->outcome = DELIVERY_EXPIRED;
	else
		(void)take_remote(whole, report);
}

bool exim_reason_is_wait(struct span text)
{
	return span_starts(text, SPAN("retry time not reached"));
}
