/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/postfix_text.h"

#include "monitor/ingest/saying.h"

/* Takes " (in reply to RCPT TO command)" off the end. */
static void take_verb(struct span *reply, struct report *report)
{
	const struct span mark = SPAN(" (in reply to ");
	struct span whole = *reply;
	if (span_ends(whole, SPAN(")")))
		whole.len--;
	const size_t at = span_find_last(whole, mark);
	if (at == whole.len)
		return;
	struct span verb = span_from(whole, at + mark.len);
	const bool is_whole = span_ends(verb, SPAN(" command"));
	/* A long text is cut at the end, perhaps inside these words; anything else behind them
	 * is the reply's own. */
	if (!is_whole && verb.len > sizeof "end of DATA command")
		return;
	report->stage = saying_stage(verb);
	*reply = span_head(*reply, at);
}

/* The host that is named in the text where relay= named none. */
static void note_host(const struct postfix_speech *speech, struct report *report,
	struct span host, struct span ip)
{
	if (speech->has_relay)
		return;
	saying_host(report, host);
	saying_ip(report, ip);
}

/* "host H[IP] said: ..." and "host H[IP] refused to talk to me: ..." */
static bool take_host_said(const struct postfix_speech *speech, struct report *report)
{
	struct span rest = speech->text;
	struct span host;
	struct span ip;

	if (!span_take(&rest, SPAN("host ")) || !saying_take_host(&rest, &host, &ip))
		return false;
	if (span_take(&rest, SPAN(" refused to talk to me: "))) {
		report->stage = REPORT_STAGE_CONNECT;
	} else if (span_take(&rest, SPAN(" said: "))) {
		take_verb(&rest, report);
	} else {
		return false;
	}
	note_host(speech, report, host, ip);
	saying_reply(report, rest);
	return true;
}

static enum report_stage stage_of_loss(struct span rest)
{
	static const struct {
		struct span words;
		enum report_stage stage;
	} stages[] = {
		{{"receiving the initial server greeting", 37}, REPORT_STAGE_CONNECT},
		{{"performing the ", 15}, REPORT_STAGE_HELO},
		{{"sending MAIL FROM", 17}, REPORT_STAGE_MAIL},
		{{"sending RCPT TO", 15}, REPORT_STAGE_RCPT},
		{{"sending DATA command", 20}, REPORT_STAGE_DATA},
		{{"sending message body", 20}, REPORT_STAGE_END_OF_DATA},
		{{"sending end of data", 19}, REPORT_STAGE_END_OF_DATA},
	};
	for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
		if (span_starts(rest, stages[i].words))
			return stages[i].stage;
	return REPORT_STAGE_UNKNOWN;
}

/* "connect to H[IP]:25: ...", "lost connection with H[IP] while ..." */
static bool take_connection(const struct postfix_speech *speech, struct report *report)
{
	struct span rest = speech->text;
	struct span host;
	struct span ip;
	const bool connecting = span_take(&rest, SPAN("connect to "));

	if (!connecting && !span_take(&rest, SPAN("lost connection with ")) &&
		!span_take(&rest, SPAN("conversation with ")))
		return false;
	if (!saying_take_host(&rest, &host, &ip))
		return false;
	(void)span_take(&rest, SPAN(" timed out"));
	if (connecting)
		report->stage = REPORT_STAGE_CONNECT;
	else if (span_take(&rest, SPAN(" while ")))
		report->stage = stage_of_loss(rest);
	note_host(speech, report, host, ip);
	return true;
}

/* The name that DNS had no answer for. */
static void note_name(struct span text, struct report *report)
{
	static const struct span marks[] = {
		{"Name service error for name=", 28},
		{"Name service error for ", 23},
		{"Error looking up name=", 22},
		{"unable to look up host ", 23},
	};
	struct span word;
	/* The DNS had an answer, and our own filter is broken. */
	if (span_ends(text, SPAN("Invalid DNS reply filter syntax")))
		return;
	for (size_t i = 0; i < sizeof marks / sizeof *marks; i++) {
		struct span rest = text;
		if (!span_take_before(&rest, marks[i], &word) ||
			!span_take_word(&rest, &word))
			continue;
		while (word.len > 0 &&
			(word.at[word.len - 1] == ':' || word.at[word.len - 1] == '.'))
			word.len--;
		span_copy_lower(word, report->missing_name, sizeof report->missing_name);
		return;
	}
}

static struct span without_prefix(struct span text)
{
	while (span_take(&text, SPAN("delivery temporarily suspended: ")))
		;
	return text;
}

void postfix_text(const struct postfix_speech *given, struct report *report)
{
	const struct postfix_speech speech = {
		.text = without_prefix(given->text), .has_relay = given->has_relay};
	report->origin = REPORT_LOCAL;
	if (take_host_said(&speech, report))
		return;
	saying_text(report, speech.text);
	if (!take_connection(&speech, report))
		note_name(speech.text, report);
}

bool postfix_text_beyond(struct span text, struct report *report)
{
	const struct span mark = SPAN(": host ");
	struct report outer = {.stage = REPORT_STAGE_UNKNOWN};
	struct span said;
	struct postfix_speech speech = {.text = text, .has_relay = false};
	if (!span_take(&speech.text, SPAN("host ")) ||
		!span_take_before(&speech.text, SPAN(" said: "), &said))
		return false;
	take_verb(&speech.text, &outer);
	const size_t at = span_find(speech.text, mark);
	if (at == speech.text.len)
		return false;
	speech.text = span_from(speech.text, at + sizeof ": " - 1);
	if (!take_host_said(&speech, report))
		return false;
	report->origin = REPORT_REMOTE;
	return true;
}

bool postfix_text_is_held(struct span text)
{
	text = without_prefix(text);
	return span_starts(text, SPAN("held by mxvigil")) ||
		(span_starts(text, SPAN("Error looking up name=")) &&
			span_ends(text, SPAN("DNS reply filter drops all results")));
}
