/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/saying.h"

#include <arpa/inet.h>
#include <string.h>

void saying_clear(struct report *report)
{
	report->at = 0;
	report->outcome = DELIVERY_DEFERRED;
	report->origin = REPORT_LOCAL;
	report->stage = REPORT_STAGE_UNKNOWN;
	report->count = 1;
	report->code = 0;
	report->recipient[0] = '\0';
	report->original[0] = '\0';
	report->status[0] = '\0';
	report->relay_host[0] = '\0';
	report->relay_ip[0] = '\0';
	report->text[0] = '\0';
	report->missing_name[0] = '\0';
	report->id[0] = '\0';
}

void saying_text(struct report *report, struct span text)
{
	span_copy(span_trim(text), report->text, sizeof report->text);
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* The length of "5.1.1" at the start, 0 where it is none. */
static size_t status_length(struct span text)
{
	size_t at = 1;
	if (text.len < 5 || (text.at[0] != '2' && text.at[0] != '4' && text.at[0] != '5'))
		return 0;
	for (int part = 0; part < 2; part++) {
		size_t digits = 0;
		if (at >= text.len || text.at[at] != '.')
			return 0;
		at++;
		while (at < text.len && is_digit(text.at[at])) {
			at++;
			digits++;
		}
		if (digits < 1 || digits > 3)
			return 0;
	}
	return at < text.len && text.at[at] == '.' ? 0 : at;
}

unsigned saying_code(struct span reply, char ret_status[12])
{
	int code;
	ret_status[0] = '\0';
	reply = span_trim(reply);
	if (!span_take_digits(&reply, 3, &code) || code < 200 || code > 599)
		return 0;
	if (reply.len == 0)
		return (unsigned)code;
	if (*reply.at != ' ' && *reply.at != '-')
		return 0;
	/* Some write "550 #5.1.0". */
	reply = span_trim(span_from(reply, 1));
	(void)span_take(&reply, SPAN("#"));
	const size_t len = status_length(reply);
	if (len > 0 && *reply.at == '0' + code / 100)
		span_copy(span_head(reply, len), ret_status, 12);
	return (unsigned)code;
}

bool saying_status(struct report *report, struct span status)
{
	const size_t len = status_length(status);
	if (len == 0)
		return false;
	span_copy(span_head(status, len), report->status, sizeof report->status);
	return true;
}

void saying_reply(struct report *report, struct span reply)
{
	char status[12];
	const unsigned code = saying_code(reply, status);

	report->origin = REPORT_REMOTE;
	saying_text(report, reply);
	report->code = (uint16_t)code;
	if (code == 0)
		return;
	const char class = (char)('0' + code / 100);
	if (report->status[0] != '\0' && report->status[0] == class)
		return;
	if (status[0] != '\0')
		memcpy(report->status, status, sizeof status);
	else if (report->status[0] != '\0')
		report->status[0] = class;
}

void saying_host(struct report *report, struct span host)
{
	if (span_ends(host, SPAN(".")))
		host.len--;
	span_copy_lower(host, report->relay_host, sizeof report->relay_host);
}

static bool is_address(const char *text)
{
	unsigned char bytes[sizeof(struct in6_addr)];
	const int family = strchr(text, ':') != NULL ? AF_INET6 : AF_INET;
	return inet_pton(family, text, bytes) == 1;
}

void saying_ip(struct report *report, struct span ip)
{
	report->relay_ip[0] = '\0';
	(void)span_take(&ip, SPAN("IPv6:"));
	if (ip.len >= sizeof report->relay_ip)
		return;
	span_copy_lower(ip, report->relay_ip, sizeof report->relay_ip);
	if (!is_address(report->relay_ip))
		report->relay_ip[0] = '\0';
}

bool saying_take_host(struct span *text, struct span *ret_host, struct span *ret_ip)
{
	size_t open = 0;
	while (open < text->len && text->at[open] != '[' && text->at[open] != ' ' &&
		text->at[open] != ',')
		open++;
	if (open == 0 || open == text->len || text->at[open] != '[')
		return false;
	const char *close = memchr(text->at + open, ']', text->len - open);
	if (close == NULL)
		return false;
	const size_t end = (size_t)(close - text->at);
	*ret_host = span_head(*text, open);
	*ret_ip = (struct span){text->at + open + 1, end - open - 1};
	*text = span_from(*text, end + 1);
	return true;
}

enum report_stage saying_stage(struct span verb)
{
	static const struct {
		struct span verb;
		enum report_stage stage;
	} stages[] = {
		{{"EHLO", 4}, REPORT_STAGE_HELO},
		{{"HELO", 4}, REPORT_STAGE_HELO},
		{{"LHLO", 4}, REPORT_STAGE_HELO},
		{{"STARTTLS", 8}, REPORT_STAGE_HELO},
		{{"MAIL", 4}, REPORT_STAGE_MAIL},
		{{"RCPT", 4}, REPORT_STAGE_RCPT},
		{{"DATA", 4}, REPORT_STAGE_DATA},
		{{"end of DATA", 11}, REPORT_STAGE_END_OF_DATA},
	};
	for (size_t i = 0; i < sizeof stages / sizeof *stages; i++)
		if (verb.len >= stages[i].verb.len &&
			span_is_nocase(
				span_head(verb, stages[i].verb.len), stages[i].verb))
			return stages[i].stage;
	return REPORT_STAGE_UNKNOWN;
}
