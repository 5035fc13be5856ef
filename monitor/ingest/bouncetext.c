/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/bouncetext.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "monitor/ingest/bounceline.h"
#include "monitor/ingest/dsnfield.h"

/* What stands in the line that comes before the copy of the mail. */
static const char *const separators[] = {
	"copy of the message",
	"copy of the original message",
	"copy of your message",
	"original message follows",
	"original message -----",
	"original message headers",
	"original message header:",
	"original mail info",
	"header of the original message",
	"unsent message follows",
	"message headers follow",
	"message header follows",
	"message text follows",
	"- returned message",
	"undelivered message follows",
	"included is a copy of",
	NULL,
};
/* A line that begins so is one of the copy's own headers. */
static const char *const header_names[] = {
	"Received:",
	"Return-Path:",
	"Original Message:",
	"X-Originating-IP:",
	NULL,
};
static const char *const sender_words[] = {
	"mailer-daemon",
	"mailer_daemon",
	"mailerdaemon",
	"postmaster",
	"mail deliver",
	"mail.deliver",
	"mail-deliver",
	"delivery subsystem",
	"ndr administrator",
	NULL,
};
static const char *const subject_words[] = {
	"undeliver",
	"undelivered",
	"failure notice",
	"failure delivery",
	"delivery fail",
	"delivery has failed",
	"delivery error",
	"delivery status",
	"delivery notification",
	"delivery report",
	"delivery problem",
	"failed delivery",
	"mail failed",
	"mail delivery",
	"mail system error",
	"returned mail",
	"returning message",
	"returned to sender",
	"non-delivery",
	"not delivered",
	"could not send",
	"could not be delivered",
	"cannot send",
	"error sending your mail",
	"メールエラー",
	NULL,
};
static const char *const bounce_words[] = {
	"not be delivered",
	"not delivered",
	"not been delivered",
	"not yet been delivered",
	"unable to deliver",
	"could not deliver",
	"cannot deliver",
	"couldn't be delivered",
	"wasn't delivered",
	"undeliverable",
	"error delivering",
	"trouble delivering",
	"delivery to the following",
	"delivery has failed",
	"delivery errors",
	"attempting to deliver",
	"did not reach the following",
	"did not receive this message",
	"failed permanently",
	"transcript of session",
	"failure reasons",
	"failed addresses",
	"unknown user",
	"user unknown",
	"unknown recipient",
	"to the following recipient",
	"account is disabled",
	NULL,
};
static const char *const delay_words[] = {
	"not yet been delivered",
	"has been delayed",
	"have been delayed",
	"will be retried",
	"will keep trying",
	"still undelivered",
	"delivery attempts will continue",
	NULL,
};
/* A line that names a recipient in its midst has one of these. */
static const char *const naming_words[] = {
	"deliver",
	"recipient",
	"unknown user",
	"unknown address",
	"failed",
	"rejected",
	"could not",
	"no such",
	NULL,
};

static bool has_word(const char *text, size_t len, const char *const *words)
{
	for (size_t i = 0; words[i] != NULL; i++)
		if (bounceline_find(text, len, words[i]) != NULL)
			return true;
	return false;
}

static bool is_separator(const char *line, size_t len)
{
	for (size_t i = 0; header_names[i] != NULL; i++) {
		size_t name = strlen(header_names[i]);
		if (len >= name && strncasecmp(line, header_names[i], name) == 0)
			return true;
	}
	return len < 120 && has_word(line, len, separators);
}

size_t bouncetext_notice_length(const char *text, size_t len)
{
	struct bounceline line = {0};
	bool any = false;

	while (bounceline_next(text, len, &line)) {
		if (any && is_separator(line.text, line.len))
			return (size_t)(line.text - text);
		any = any || line.len > 0;
	}
	return len;
}

int bouncetext_is_bounce(const char *from, const char *subject)
{
	return has_word(from, strlen(from), sender_words) +
		has_word(subject, strlen(subject), subject_words);
}

bool bouncetext_says_so(const char *notice, size_t len)
{
	return has_word(notice, len, bounce_words);
}

bool bouncetext_is_delay(const char *notice, size_t len)
{
	return has_word(notice, len, delay_words);
}

/* The item of that recipient, added where it is new; NULL where the list is full. */
static struct bouncetext *take_item(struct bouncetext_list *list, const char *recipient)
{
	for (size_t i = 0; i < list->len; i++)
		if (strcasecmp(list->items[i].recipient, recipient) == 0)
			return &list->items[i];
	if (list->len == BOUNCETEXT_RECIPIENTS_MAX)
		return NULL;
	struct bouncetext *item = &list->items[list->len++];
	*item = (struct bouncetext){0};
	snprintf(item->recipient, sizeof item->recipient, "%s", recipient);
	return item;
}

void bouncetext_answer(const char *text, struct bouncetext *item)
{
	const char *reply = bounceline_reply(text);

	item->answered = reply != NULL;
	bounceline_host(text, item->host, sizeof item->host, item->ip, sizeof item->ip);
	snprintf(item->text, sizeof item->text, "%s", reply == NULL ? text : reply);
}

/* The lines of a paragraph, joined by single blanks. */
struct paragraph {
	char text[4096];
	size_t len;
};

static void add_words(struct paragraph *paragraph, const char *text, size_t len)
{
	for (size_t i = 0; i < len && paragraph->len + 2 < sizeof paragraph->text; i++) {
		bool gap = text[i] == ' ' || text[i] == '\t';
		bool gapped =
			paragraph->len == 0 || paragraph->text[paragraph->len - 1] == ' ';
		if (!gap || !gapped)
			paragraph->text[paragraph->len++] = gap ? ' ' : text[i];
	}
	if (paragraph->len > 0 && paragraph->text[paragraph->len - 1] != ' ')
		paragraph->text[paragraph->len++] = ' ';
	paragraph->text[paragraph->len] = '\0';
}

/* An item's paragraph is over: what it says is kept where nothing better was said before. One
 * that ends with a colon ("Technical details:") is a heading of the next. */
static void close_paragraph(struct bouncetext *item, struct paragraph *paragraph)
{
	if (item != NULL && paragraph->len > 0 && !item->answered) {
		struct bouncetext answer;
		bool heads =
			paragraph->len > 1 && paragraph->text[paragraph->len - 2] == ':';

		paragraph->text[paragraph->len - 1] = '\0';
		bouncetext_answer(paragraph->text, &answer);
		if ((item->text[0] == '\0' && !heads) || answer.answered) {
			memcpy(item->text, answer.text, sizeof item->text);
			memcpy(item->host, answer.host, sizeof item->host);
			memcpy(item->ip, answer.ip, sizeof item->ip);
			item->answered = answer.answered;
		}
	}
	*paragraph = (struct paragraph){0};
}

static bool is_sender(const struct bouncetext_hints *hints, const char *address)
{
	return hints->sender != NULL && strcasecmp(hints->sender, address) == 0;
}

/* Sendmail's transcripts: "<<< 550 ..." is the answer to whom the next line names. Returns
 * whether the line is of a transcript; the answer, if it is one, begins the paragraph. */
static bool take_transcript(const struct bounceline *line, struct paragraph *paragraph)
{
	bool answer = line->len > 4 && strncmp(line->text, "<<< ", 4) == 0;

	if (!answer && !(line->len > 4 && strncmp(line->text, ">>> ", 4) == 0) &&
		bounceline_find(line->text, line->len, "while talking to ") != line->text)
		return false;
	*paragraph = (struct paragraph){0};
	if (answer)
		add_words(paragraph, line->text + 4, line->len - 4);
	return true;
}

/* An empty line, or one that is drawn: "=====". */
static bool is_rule(const struct bounceline *line)
{
	size_t at = 0;

	while (at < line->len && strchr(" \t=-_*~#", line->text[at]) != NULL)
		at++;
	return at == line->len;
}

/* Addresses that stand at the start of a line, each with what follows. */
static void read_paragraphs(const char *notice, size_t len,
	const struct bouncetext_hints *hints, struct bouncetext_list *list)
{
	struct bounceline line = {0};
	struct paragraph paragraph = {0};
	struct paragraph answer = {0};
	struct bouncetext *item = NULL;
	char address[REPORT_ADDRESS_MAX];

	while (bounceline_next(notice, len, &line)) {
		size_t used =
			bounceline_address(line.text, line.len, address, sizeof address);
		if (used > 0 && !is_sender(hints, address)) {
			close_paragraph(item, &paragraph);
			item = take_item(list, address);
			close_paragraph(item, &answer);
			add_words(&paragraph, line.text + used, line.len - used);
		} else if (take_transcript(&line, &answer) ||
			(is_rule(&line) && paragraph.len > 0)) {
			close_paragraph(item, &paragraph);
		} else if (is_rule(&line)) {
			continue;
		} else if (item != NULL && !item->answered) {
			add_words(&paragraph, line.text, line.len);
		}
		if (item != NULL && item->answered)
			item = NULL;
	}
	close_paragraph(item, &paragraph);
}

static void read_failed(const char *failed, struct bouncetext_list *list)
{
	char address[REPORT_ADDRESS_MAX];

	while (failed != NULL && *failed != '\0') {
		failed += strspn(failed, ", \t");
		if (dsnfield_address(failed, address, sizeof address))
			take_item(list, address);
		failed += strcspn(failed, ",");
	}
}

/* The first line that names somebody as not reached. */
static void read_sentence(const char *notice, size_t len,
	const struct bouncetext_hints *hints, struct bouncetext_list *list)
{
	struct bounceline line = {0};
	char address[REPORT_ADDRESS_MAX];

	while (bounceline_next(notice, len, &line)) {
		if (!has_word(line.text, line.len, naming_words))
			continue;
		for (size_t at = 0; at < line.len;) {
			size_t used = bounceline_any_address(
				line.text + at, line.len - at, address, sizeof address);
			if (used == 0)
				break;
			at += used;
			if (is_sender(hints, address))
				continue;
			take_item(list, address);
			return;
		}
	}
}

/* Those of whom nothing is said get what is said of all. */
static void share_notice(const char *notice, size_t len, struct bouncetext_list *list)
{
	struct bounceline line = {0};
	struct paragraph whole = {0};

	while (bounceline_next(notice, len, &line))
		add_words(&whole, line.text, line.len);
	for (size_t i = 0; i < list->len; i++) {
		struct paragraph paragraph = whole;
		if (list->items[i].text[0] == '\0')
			close_paragraph(&list->items[i], &paragraph);
	}
}

void bouncetext_read(const char *notice, size_t len, const struct bouncetext_hints *hints,
	struct bouncetext_list *ret_list)
{
	char address[REPORT_ADDRESS_MAX];

	ret_list->len = 0;
	read_paragraphs(notice, len, hints, ret_list);
	if (ret_list->len == 0)
		read_failed(hints->failed, ret_list);
	if (ret_list->len == 0)
		read_sentence(notice, len, hints, ret_list);
	if (ret_list->len == 0 && hints->original_to != NULL &&
		dsnfield_address(hints->original_to, address, sizeof address))
		take_item(ret_list, address);
	share_notice(notice, len, ret_list);
}
