/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/dsn.h"

#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <gmime/gmime.h>

#include "monitor/ingest/bouncetext.h"
#include "monitor/ingest/dsnfield.h"
#include "monitor/ingest/dsnreport.h"
#include "monitor/ingest/mimepart.h"
#include "monitor/ingest/report.h"

#define STATUS_MAX (512 * 1024) /* bytes of a delivery status that are read */
#define NOTICE_MAX (64 * 1024) /* and of the text for people */
#define HEADER_MAX 1024 /* and of a header */
#define DAY_MS (24LL * 60 * 60 * 1000)
#define OLDEST_MS 631152000000LL /* 1990: before it dates are junk */

struct bounce {
	struct mimepart status;
	struct mimepart notice;
	struct mimepart original; /* the mail that came back, or its headers */
	bool is_complaint;
	bool is_receipt;
	char *text; /* owned: the decoded notice */
	size_t text_len;
	const char *original_header; /* borrowed from the mail, or from text */
	size_t original_header_len;
	struct bouncetext_list *said; /* owned */
	char from[HEADER_MAX];
	char subject[HEADER_MAX];
	char sender[REPORT_ADDRESS_MAX]; /* whom the bounce was sent to */
	char date[DSNFIELD_DATE_MAX];
	char message_id[REPORT_ID_MAX]; /* of the mail that came back */
	int64_t now;
	unsigned reports;
	dsn_report_fn fn;
	void *owner;
};

static const char names_nobody[] = "a bounce that names no recipient";

static void on_first_use(void)
{
	g_mime_init();
}

static bool is_type(const struct mimepart *part, const char *type)
{
	return strcmp(part->type, type) == 0;
}

static bool is_empty(const struct mimepart *part)
{
	for (size_t i = 0; i < part->body_len; i++)
		if ((unsigned char)part->body[i] > ' ')
			return false;
	return true;
}

static int on_part(void *owner, const struct mimepart *part)
{
	struct bounce *bounce = owner;
	bool is_text = is_type(part, "text/plain") ||
		(is_type(part, "text/html") && bounce->notice.body == NULL);

	if (is_type(part, "message/delivery-status") ||
		is_type(part, "message/global-delivery-status"))
		bounce->status = bounce->status.body == NULL ? *part : bounce->status;
	else if (is_type(part, "message/feedback-report"))
		bounce->is_complaint = true;
	else if (strstr(part->type, "disposition-notification") != NULL)
		bounce->is_receipt = true;
	else if (strncmp(part->type, "message/", 8) == 0 ||
		is_type(part, "text/rfc822-headers") || is_type(part, "text/rfc822"))
		bounce->original =
			bounce->original.body == NULL ? *part : bounce->original;
	else if (is_text && !is_empty(part) &&
		(bounce->notice.body == NULL || is_type(&bounce->notice, "text/html")))
		bounce->notice = *part;
	return 0;
}

/* A text that was cut has half a line, which could be half an address. */
static size_t whole_lines(const char *text, size_t len)
{
	const char *end = memrchr(text, '\n', len);

	return end == NULL ? len : (size_t)(end - text) + 1;
}

/* The part's body without transfer encoding and charset, at most max bytes, LF line ends; NUL
 * after it. NULL where there is no memory. */
static char *decode(const struct mimepart *part, size_t max, size_t *ret_len)
{
	size_t len = part->body_len < max * 2 ? part->body_len : max * 2;
	GMimeStream *bytes = g_mime_stream_mem_new_with_buffer(part->body, len);
	GMimeStream *filters = g_mime_stream_filter_new(bytes);
	GMimeContentEncoding encoding =
		g_mime_content_encoding_from_string(part->encoding);
	const char *charset = part->charset[0] == '\0' ? "utf-8" : part->charset;
	char *text = malloc(max + 1);
	GMimeFilter *filter;
	size_t used = 0;
	ssize_t got = 0;

	if (encoding == GMIME_CONTENT_ENCODING_BASE64 ||
		encoding == GMIME_CONTENT_ENCODING_QUOTEDPRINTABLE) {
		filter = g_mime_filter_basic_new(encoding, FALSE);
		g_mime_stream_filter_add(GMIME_STREAM_FILTER(filters), filter);
		g_object_unref(filter);
	}
	filter = strcasecmp(charset, "utf-8") == 0
		? NULL
		: g_mime_filter_charset_new(charset, "utf-8");
	if (filter != NULL) {
		g_mime_stream_filter_add(GMIME_STREAM_FILTER(filters), filter);
		g_object_unref(filter);
	}
	while (text != NULL && used < max &&
		(got = g_mime_stream_read(filters, text + used, max - used)) > 0)
		used += (size_t)got;
	g_object_unref(filters);
	g_object_unref(bytes);
	if (text != NULL) {
		used = mimepart_normalise((const uint8_t *)text, used, text);
		if (got > 0)
			used = whole_lines(text, used);
		text[used] = '\0';
		*ret_len = used;
	}
	return text;
}

/* A header of the mail with its encoded words undone. */
static void read_words(
	const char *mail, size_t len, const char *name, char *text, size_t size)
{
	char raw[HEADER_MAX];

	mimepart_header(mail, len, name, raw, sizeof raw);
	char *decoded = g_mime_utils_header_decode_text(NULL, raw);
	snprintf(text, size, "%s", decoded == NULL ? raw : decoded);
	g_free(decoded);
}

/* The first of the dates that can be true; 0 where none is. */
static int64_t believe(int64_t now, const char *const *dates, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		GDateTime *date = dates[i][0] == '\0'
			? NULL
			: g_mime_utils_header_decode_date(dates[i]);
		if (date == NULL)
			continue;
		int64_t at = g_date_time_to_unix(date) * 1000;
		g_date_time_unref(date);
		if (at >= OLDEST_MS && at <= now + DAY_MS)
			return at;
	}
	return 0;
}

static int give(struct bounce *bounce, struct report *report, const char *attempt,
	const char *arrival)
{
	const char *dates[] = {attempt, arrival, bounce->date};

	report->at = believe(bounce->now, dates, sizeof dates / sizeof dates[0]);
	if (report->id[0] == '\0')
		memcpy(report->id, bounce->message_id, sizeof report->id);
	bounce->reports++;
	return bounce->fn(bounce->owner, report);
}

static const struct bouncetext *find_said(
	const struct bounce *bounce, const struct dsn_recipient *recipient)
{
	const struct bouncetext_list *list = bounce->said;

	for (size_t i = 0; i < list->len; i++)
		if (strcasecmp(list->items[i].recipient, recipient->final) == 0 ||
			strcasecmp(list->items[i].recipient, recipient->original) == 0)
			return &list->items[i];
	return list->len == 1 ? &list->items[0] : NULL;
}

static int on_recipient(void *owner, const struct dsn_message *message,
	const struct dsn_recipient *recipient)
{
	struct bounce *bounce = owner;
	struct report report;

	dsnreport_from_fields(message, recipient, find_said(bounce, recipient), &report);
	return give(bounce, &report, recipient->attempt, message->arrival);
}

static int read_status(struct bounce *bounce)
{
	size_t len = 0;

	if (bounce->status.body == NULL)
		return 0;
	char *text = decode(&bounce->status, STATUS_MAX, &len);
	if (text == NULL)
		return -ENOMEM;
	int rc = dsnfield_read(text, len, on_recipient, bounce);
	free(text);
	return rc;
}

/* The text of a bounce: the fields that some servers write into it, else its words. Where it
 * names nobody, fields may stand in the mail that it copies. */
static int read_text(struct bounce *bounce)
{
	bool delayed = bouncetext_is_delay(bounce->text, bounce->text_len);
	int rc = dsnfield_read(bounce->text, bounce->text_len, on_recipient, bounce);

	if (rc != 0 || bounce->reports > 0)
		return rc;
	if (bounce->said->len == 0 && bounce->original.body == NULL)
		return dsnfield_read(bounce->original_header, bounce->original_header_len,
			on_recipient, bounce);
	for (size_t i = 0; i < bounce->said->len && rc == 0; i++) {
		struct report report;
		dsnreport_from_text(&bounce->said->items[i], delayed, &report);
		rc = give(bounce, &report, "", "");
	}
	return rc;
}

/* Decodes the notice, and finds where the mail that came back begins in it. */
static int read_notice(struct bounce *bounce, const char *mail, size_t header_len)
{
	char failed[HEADER_MAX * 4];
	char to[HEADER_MAX];
	char value[HEADER_MAX];
	size_t len = 0;

	bounce->said = calloc(1, sizeof *bounce->said);
	bounce->text = bounce->notice.body == NULL
		? calloc(1, 1)
		: decode(&bounce->notice, NOTICE_MAX, &len);
	if (bounce->text == NULL || bounce->said == NULL)
		return -ENOMEM;
	bounce->text_len = bouncetext_notice_length(bounce->text, len);
	bounce->original_header = bounce->text + bounce->text_len;
	bounce->original_header_len = len - bounce->text_len;
	if (bounce->original.body != NULL) {
		bounce->original_header = bounce->original.body;
		bounce->original_header_len = mimepart_header_length(
			bounce->original.body, bounce->original.body_len);
	}
	mimepart_header(bounce->original_header, bounce->original_header_len,
		"Message-ID", bounce->message_id, sizeof bounce->message_id);
	mimepart_header(bounce->original_header, bounce->original_header_len, "From",
		value, sizeof value);
	mimepart_header(bounce->original_header, bounce->original_header_len, "To", to,
		sizeof to);
	/* The bounce of a bounce says of nobody that he was not reached. */
	if (bouncetext_is_bounce(value, "") > 0)
		to[0] = '\0';
	mimepart_header(mail, header_len, "X-Failed-Recipients", failed, sizeof failed);
	mimepart_header(mail, header_len, "To", value, sizeof value);
	dsnfield_address(value, bounce->sender, sizeof bounce->sender);
	bouncetext_read(bounce->text, bounce->text_len,
		&(struct bouncetext_hints){
			.failed = failed, .sender = bounce->sender, .original_to = to},
		bounce->said);
	return 0;
}

static bool is_automatic(const struct bounce *bounce, const char *mail, size_t header_len)
{
	static const char *const subjects[] = {
		"automatic reply", "auto reply", "autoreply", "auto:", "out of office"};
	char value[HEADER_MAX];

	mimepart_header(mail, header_len, "Auto-Submitted", value, sizeof value);
	if (strncasecmp(value, "auto-replied", 12) == 0)
		return true;
	if (mimepart_header(mail, header_len, "X-Autoreply", value, sizeof value) > 0)
		return true;
	for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
		if (strncasecmp(bounce->subject, subjects[i], strlen(subjects[i])) == 0)
			return true;
	return false;
}

/* Why a mail without a delivery status is no bounce; NULL where it is one. */
static const char *refuse(
	const struct bounce *bounce, const char *mail, size_t header_len)
{
	char value[HEADER_MAX];
	int signs = bouncetext_is_bounce(bounce->from, bounce->subject);

	/* A mail without a sender that brings another one back. */
	mimepart_header(mail, header_len, "Return-Path", value, sizeof value);
	signs += strcmp(value, "<>") == 0 && bounce->original.body != NULL;
	if (mimepart_header(
		    mail, header_len, "X-Failed-Recipients", value, sizeof value) > 0)
		return NULL;
	if (signs >= 2 ||
		(signs == 1 && bouncetext_says_so(bounce->text, bounce->text_len)))
		return NULL;
	if (is_automatic(bounce, mail, header_len))
		return "an automatic reply";
	return "not a bounce";
}

static int read_mail(
	struct bounce *bounce, const char *mail, size_t len, const char **ret_why)
{
	size_t header_len = mimepart_header_length(mail, len);
	const char *why = NULL;
	int rc = mimepart_walk(mail, len, on_part, bounce, &why);

	if (rc == 0 && why == NULL && bounce->is_complaint)
		why = "a complaint, not a bounce";
	if (rc != 0 || why != NULL) {
		*ret_why = why;
		return rc;
	}
	read_words(mail, header_len, "From", bounce->from, sizeof bounce->from);
	read_words(mail, header_len, "Subject", bounce->subject, sizeof bounce->subject);
	mimepart_header(mail, header_len, "Date", bounce->date, sizeof bounce->date);
	rc = read_notice(bounce, mail, header_len);
	if (rc == 0)
		rc = read_status(bounce);
	if (rc == 0 && bounce->reports == 0)
		why = bounce->is_receipt ? "a receipt, not a bounce"
					 : refuse(bounce, mail, header_len);
	if (rc == 0 && bounce->reports == 0 && why == NULL) {
		rc = read_text(bounce);
		why = bounce->reports == 0 ? names_nobody : NULL;
	}
	*ret_why = why;
	return rc;
}

/* Reads the mail, and returns what is attached to it in *ret_original. */
static int read_one(struct bounce *bounce, const char *mail, size_t len,
	struct mimepart *ret_original, const char **ret_why)
{
	int rc = read_mail(bounce, mail, len, ret_why);

	*ret_original = bounce->original;
	free(bounce->text);
	free(bounce->said);
	return rc;
}

int dsn_read(const uint8_t *message, size_t len, int64_t now, dsn_report_fn fn,
	void *owner, const char **ret_why)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;
	struct bounce bounce = {.now = now, .fn = fn, .owner = owner};
	struct mimepart original;
	char *mail;

	if (len > DSN_MESSAGE_MAX)
		len = DSN_MESSAGE_MAX;
	mail = malloc(len + 1);
	if (mail == NULL)
		return -ENOMEM;
	pthread_once(&once, on_first_use);
	len = mimepart_normalise(message, len, mail);
	mail[len] = '\0';
	int rc = read_one(&bounce, mail, len, &original, ret_why);
	/* A gateway's wrapping around a bounce; what is inside of that is not looked at. */
	if (rc == 0 && *ret_why == names_nobody && original.body != NULL) {
		const char *why = NULL;
		bounce = (struct bounce){.now = now, .fn = fn, .owner = owner};
		rc = read_one(&bounce, original.body, original.body_len, &original, &why);
		*ret_why = bounce.reports > 0 ? why : names_nobody;
	}
	free(mail);
	return rc;
}
