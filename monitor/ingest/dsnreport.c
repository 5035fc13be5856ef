/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/dsnreport.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "monitor/ingest/bounceline.h"
#include "monitor/ingest/bouncetext.h"
#include "monitor/ingest/dsnfield.h"
#include "monitor/ingest/report.h"

/* Words about a mailbox are the word of the server that has it, reply code or not. */
static const char *const mailbox_words[] = {
	"mailbox",
	"quota",
	"unknown user",
	"user unknown",
	"no such user",
	NULL,
};
static const char *const local_words[] = {
	"name service error",
	"host or domain name not found",
	"domain name not found",
	"host unknown",
	"unable to look up",
	"connect to ",
	"unable to connect",
	"connection timed out",
	"connection refused",
	"no route to host",
	"network is unreachable",
	"network unreachable",
	"find a mail exchanger",
	"find any host",
	"unrouteable",
	"did not accept our requests to connect",
	"dns error",
	"loops back to myself",
	"lost connection",
	"timed out",
	NULL,
};
/* Nobody waits for a name that is not there, whatever the Status says. */
static const char *const absence_words[] = {
	"nxdomain",
	"domain name not found",
	"had no relevant answers",
	NULL,
};
static const char *const expiry_words[] = {
	"not going to try again",
	"in the queue too long",
	"retry timeout exceeded",
	"after multiple retries",
	". giving up.",
	NULL,
};

static bool has_word(const char *text, const char *const *words)
{
	for (size_t i = 0; words[i] != NULL; i++)
		if (bounceline_find(text, strlen(text), words[i]) != NULL)
			return true;
	return false;
}

static enum report_stage find_stage(const char *text)
{
	static const struct {
		const char *words;
		enum report_stage stage;
	} stages[] = {
		{"end of data", REPORT_STAGE_END_OF_DATA},
		{"final data", REPORT_STAGE_END_OF_DATA},
		{"in reply to data", REPORT_STAGE_DATA},
		{"after data", REPORT_STAGE_DATA},
		{"to rcpt to", REPORT_STAGE_RCPT},
		{"after rcpt", REPORT_STAGE_RCPT},
		{"our rcpt to", REPORT_STAGE_RCPT},
		{"[rcpt_to]", REPORT_STAGE_RCPT},
		{"does not like recipient", REPORT_STAGE_RCPT},
		{"to mail from", REPORT_STAGE_MAIL},
		{"after mail from", REPORT_STAGE_MAIL},
		{"[mail_from]", REPORT_STAGE_MAIL},
		{"sender was rejected", REPORT_STAGE_MAIL},
		{"to ehlo", REPORT_STAGE_HELO},
		{"to helo", REPORT_STAGE_HELO},
		{"initial connection", REPORT_STAGE_CONNECT},
		{"refused to talk to me", REPORT_STAGE_CONNECT},
	};
	size_t len = strlen(text);

	for (size_t i = 0; i < sizeof stages / sizeof stages[0]; i++)
		if (bounceline_find(text, len, stages[i].words) != NULL)
			return stages[i].stage;
	return REPORT_STAGE_UNKNOWN;
}

/* The reply code of a text that is a reply, or 0. */
static uint16_t find_code(const char *text)
{
	const char *reply = bounceline_reply(text);
	unsigned code = 0;

	if (reply == NULL && strncmp(text, "25", 2) == 0 &&
		isdigit((unsigned char)text[2]))
		reply = text;
	if (reply != NULL && sscanf(reply, "%3u", &code) == 1)
		return (uint16_t)code;
	return 0;
}

/* "5.1.1", "#5.1.0", "'5.7.1": the enhanced code that a text begins with, of that class where
 * that is known. */
static bool read_status(const char *text, char class, char *status, size_t size)
{
	unsigned first, subject, detail;
	int len = 0;

	text += strspn(text, " -#'\"([");
	if (sscanf(text, "%1u.%3u.%3u%n", &first, &subject, &detail, &len) != 3 ||
		len == 0)
		return false;
	if (strchr("245", text[0]) == NULL || (class != '\0' && class != text[0]))
		return false;
	if (isalnum((unsigned char)text[len]) || text[len] == '.')
		return false;
	snprintf(status, size, "%u.%u.%u", first, subject, detail);
	return true;
}

/* What the answer itself says goes before what the reporting server made of it. */
static void take_status(struct report *report)
{
	const char *reply = bounceline_reply(report->text);
	const char *mark = report->text;

	if (reply != NULL &&
		read_status(reply + 3, reply[0], report->status, sizeof report->status))
		return;
	if (report->status[0] != '\0')
		return;
	if (read_status(report->text, '\0', report->status, sizeof report->status))
		return;
	while ((mark = strchr(mark, '#')) != NULL)
		if (read_status(++mark, '\0', report->status, sizeof report->status))
			return;
}

static bool is_expired(const struct report *report)
{
	const char *subject = strchr(report->status, '.');

	if (subject != NULL && strcmp(subject, ".4.7") == 0)
		return true;
	if (bounceline_find(report->text, strlen(report->text), "message expired") !=
		NULL)
		return true;
	if (report->code >= 500 || has_word(report->text, absence_words))
		return false;
	return report->status[0] == '4' || report->code >= 400 ||
		has_word(report->text, expiry_words);
}

static enum delivery_outcome outcome_of(
	enum dsn_action action, const struct report *report)
{
	switch (action) {
	case DSN_ACTION_DELIVERED:
	case DSN_ACTION_RELAYED:
	case DSN_ACTION_EXPANDED:
		return DELIVERY_DELIVERED;
	case DSN_ACTION_DELAYED:
		return DELIVERY_DEFERRED;
	case DSN_ACTION_FAILED:
		break;
	case DSN_ACTION_NONE:
		if (report->status[0] == '2')
			return DELIVERY_DELIVERED;
		break;
	}
	return is_expired(report) ? DELIVERY_EXPIRED : DELIVERY_BOUNCED;
}

static enum report_origin origin_of(const struct report *report)
{
	const char *subject = strchr(report->status, '.');

	/* Sendmail gives its own look-ups a reply code. */
	if (strncasecmp(report->text, "550 Host unknown", 16) == 0)
		return REPORT_LOCAL;
	if (report->code != 0 || report->outcome == DELIVERY_DELIVERED)
		return REPORT_REMOTE;
	if (has_word(report->text, mailbox_words))
		return REPORT_REMOTE;
	if (has_word(report->text, local_words))
		return REPORT_LOCAL;
	if (subject != NULL &&
		(strncmp(subject, ".4.", 3) == 0 || strncmp(subject, ".3.", 3) == 0))
		return REPORT_LOCAL;
	return report->outcome == DELIVERY_EXPIRED ? REPORT_LOCAL : REPORT_REMOTE;
}

/* "Name service error for name=D type=MX": D. */
static void find_missing(struct report *report)
{
	static const char words[] = "service error for name=";
	const char *name = bounceline_find(report->text, strlen(report->text), words);
	char ip[48];

	if (name == NULL)
		return;
	name += sizeof words - 1;
	char piece[REPORT_HOST_MAX];
	snprintf(piece, sizeof piece, "%.*s", (int)strcspn(name, " "), name);
	dsnfield_host(
		piece, report->missing_name, sizeof report->missing_name, ip, sizeof ip);
}

static void take_text(struct report *report, const char *text)
{
	const char *said = strstr(text, " said: ");

	report->stage = find_stage(text);
	if (said != NULL && bounceline_reply(said + 7) == said + 7)
		text = said + 7;
	snprintf(report->text, sizeof report->text, "%s", text);
}

static void take_host(struct report *report, const struct dsn_recipient *recipient,
	const struct bouncetext *said)
{
	bounceline_host(recipient->text, report->relay_host, sizeof report->relay_host,
		report->relay_ip, sizeof report->relay_ip);
	if (recipient->host[0] != '\0' || recipient->ip[0] != '\0') {
		if (recipient->ip[0] != '\0' ||
			strcmp(report->relay_host, recipient->host) != 0)
			memcpy(report->relay_ip, recipient->ip, sizeof report->relay_ip);
		memcpy(report->relay_host, recipient->host, sizeof report->relay_host);
	} else if (report->relay_host[0] == '\0' && said != NULL) {
		memcpy(report->relay_host, said->host, sizeof report->relay_host);
		memcpy(report->relay_ip, said->ip, sizeof report->relay_ip);
	}
}

void dsnreport_from_fields(const struct dsn_message *message,
	const struct dsn_recipient *recipient, const struct bouncetext *said,
	struct report *ret_report)
{
	struct report report = {.count = 1};
	bool final = recipient->final[0] != '\0';

	memcpy(report.recipient, final ? recipient->final : recipient->original,
		sizeof report.recipient);
	if (final && strcasecmp(recipient->final, recipient->original) != 0)
		memcpy(report.original, recipient->original, sizeof report.original);
	memcpy(report.status, recipient->status, sizeof report.status);
	memcpy(report.id, message->id, sizeof report.id);
	take_host(&report, recipient, said);
	if (recipient->text[0] != '\0')
		take_text(&report, recipient->text);
	else if (said != NULL)
		take_text(&report, said->text);
	report.code = find_code(report.text);
	take_status(&report);
	report.outcome = outcome_of(recipient->action, &report);
	report.origin = origin_of(&report);
	if (report.origin == REPORT_REMOTE && report.relay_host[0] == '\0' &&
		report.relay_ip[0] == '\0')
		memcpy(report.relay_host, message->reporter, sizeof report.relay_host);
	find_missing(&report);
	*ret_report = report;
}

void dsnreport_from_text(
	const struct bouncetext *said, bool delayed, struct report *ret_report)
{
	struct report report = {.count = 1};

	memcpy(report.recipient, said->recipient, sizeof report.recipient);
	memcpy(report.relay_host, said->host, sizeof report.relay_host);
	memcpy(report.relay_ip, said->ip, sizeof report.relay_ip);
	take_text(&report, said->text);
	report.code = find_code(report.text);
	take_status(&report);
	report.outcome =
		outcome_of(delayed ? DSN_ACTION_DELAYED : DSN_ACTION_FAILED, &report);
	report.origin = origin_of(&report);
	find_missing(&report);
	*ret_report = report;
}
