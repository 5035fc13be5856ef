/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/reply.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "monitor/ingest/phrasebook.h"
#include "monitor/ingest/reply_rules_inside.h"
#include "monitor/ingest/reply_text.h"
#include "monitor/ingest/report.h"

/* What the conditions of rules are held against. */
struct case_file {
	const struct report *report;
	const struct reply_text *text;
	uint16_t code;
	const char *host; /* that answered; "" where unknown */
	uint8_t marks[PHRASEBOOK_MARKS_MAX];
};

/* "x.0.0" is what a mail server writes that was told no enhanced code. */
static bool is_generic(const char *status)
{
	return status[0] == '\0' || strcmp(status + 1, ".0.0") == 0;
}

static bool is_like_code(uint16_t code, const char *pattern)
{
	char digits[8];

	snprintf(digits, sizeof digits, "%03u", (unsigned)code);
	for (size_t i = 0; i < 3; i++)
		if (pattern[i] != 'x' && pattern[i] != digits[i])
			return false;
	return code != 0;
}

/* Both have three numbers; x is any. */
static bool is_like_status(const char *status, const char *pattern)
{
	while (*pattern != '\0' && *status != '\0') {
		if (*pattern == 'x') {
			pattern++;
			status += strcspn(status, ".");
		} else if (*pattern++ != *status++) {
			return false;
		}
	}
	return *pattern == '\0' && *status == '\0';
}

static bool is_at_or_below(const char *host, const char *name)
{
	size_t host_len = strlen(host);
	size_t name_len = strlen(name);

	if (host_len < name_len || strcasecmp(host + host_len - name_len, name) != 0)
		return false;
	return host_len == name_len || host[host_len - name_len - 1] == '.';
}

static bool has_status(const struct case_file *at, const struct reply_rule *rule)
{
	for (size_t i = 0; i < rule->statuses_len; i++) {
		const char *pattern = rule->statuses[i];

		if (!is_generic(at->report->status) &&
			is_like_status(at->report->status, pattern))
			return true;
		for (size_t j = 0; j < at->text->statuses_len; j++)
			if (is_like_status(at->text->statuses[j], pattern))
				return true;
	}
	return rule->statuses_len == 0;
}

static bool has_code(const struct case_file *at, const struct reply_rule *rule)
{
	for (size_t i = 0; i < rule->codes_len; i++)
		if (is_like_code(at->code, rule->codes[i]))
			return true;
	return rule->codes_len == 0;
}

static bool has_host(const struct case_file *at, const struct reply_rule *rule)
{
	for (size_t i = 0; i < rule->hosts_len; i++)
		if (is_at_or_below(at->host, rule->hosts[i]))
			return true;
	return rule->hosts_len == 0;
}

static bool fits(const struct case_file *at, const struct reply_rule *rule, size_t place)
{
	const struct report *report = at->report;

	if (at->marks[REPLY_MARK_NOT(place)] != 0 ||
		(rule->has_text && at->marks[REPLY_MARK_TEXT(place)] == 0))
		return false;
	if ((rule->by & 1U << report->origin) == 0)
		return false;
	if (rule->stages != 0 && (rule->stages & 1U << report->stage) == 0)
		return false;
	if (rule->outcomes != 0 && (rule->outcomes & 1U << report->outcome) == 0)
		return false;
	return has_code(at, rule) && has_status(at, rule) && has_host(at, rule);
}

/* The report's own enhanced code, unless it says nothing and the answer says more. */
static void choose_status(const struct report *report, const struct reply_text *text,
	char ret_status[sizeof report->status])
{
	const char *status = report->status;

	for (size_t i = 0; i < text->statuses_len && is_generic(status); i++)
		if (status[0] == '\0' || !is_generic(text->statuses[i]))
			status = text->statuses[i];
	memcpy(ret_status, status, strlen(status) + 1);
}

void reply_judge(const struct reply_rules *rules, const struct report *report,
	struct reply_verdict *ret_verdict)
{
	struct reply_text text;
	struct case_file at = {.report = report, .text = &text};
	size_t place = 0;

	if (report->outcome == DELIVERY_DELIVERED && report->code != 0 &&
		!is_generic(report->status)) { /* most of any log */
		*ret_verdict = (struct reply_verdict){.code = report->code, .rule = ""};
		memcpy(ret_verdict->status, report->status, sizeof report->status);
		return;
	}
	reply_text_read(report->text, report->recipient, &text);
	at.code = report->code != 0 ? report->code : text.code;
	at.host = report->relay_host[0] != '\0' ? report->relay_host : text.host;
	*ret_verdict = (struct reply_verdict){.code = at.code, .rule = ""};
	choose_status(report, &text, ret_verdict->status);
	if (report->outcome == DELIVERY_DELIVERED)
		return;
	phrasebook_match(rules->book, &text, at.marks);
	while (place < rules->len && !fits(&at, &rules->rules[place], place))
		place++;
	assert(place < rules->len); /* our last rule has no condition */
	ret_verdict->reason = rules->rules[place].reason;
	ret_verdict->rule = rules->rules[place].id;
}
