/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dsnfield — the fields of a delivery status: what a report says about each recipient.
 *
 * Reads the body of a message/delivery-status part, or of a text that has such fields in it:
 * lines that are no fields are passed over. Folds are undone, comments dropped, addresses
 * decoded. A recipient begins at its Final-Recipient (or Original-Recipient) field, so missing
 * and additional blank lines do no harm. Pure; any thread. The text has LF line ends.
 * Source: RFC 3464, RFC 3461 section 4 (xtext), RFC 6533 section 3 (utf-8 addresses).
 */
#include <stddef.h>

#include "monitor/ingest/report.h"

#define DSNFIELD_RECIPIENTS_MAX 1000 /* of one report; the rest is not read */
#define DSNFIELD_DATE_MAX 64

enum dsn_action {
	DSN_ACTION_NONE = 0, /* absent, or no word of RFC 3464 */
	DSN_ACTION_FAILED,
	DSN_ACTION_DELAYED,
	DSN_ACTION_DELIVERED,
	DSN_ACTION_RELAYED,
	DSN_ACTION_EXPANDED,
};

/* What is not stated is empty. */
struct dsn_message {
	char arrival[DSNFIELD_DATE_MAX]; /* as written */
	char id[REPORT_ID_MAX]; /* the queue's, or that of the envelope */
	char reporter[REPORT_HOST_MAX]; /* Reporting-MTA */
};

struct dsn_recipient {
	enum dsn_action action;
	char final[REPORT_ADDRESS_MAX];
	char original[REPORT_ADDRESS_MAX];
	char status[12]; /* "5.1.1" */
	char host[REPORT_HOST_MAX]; /* Remote-MTA: lower case, no final dot */
	char ip[48];
	bool smtp; /* the diagnostic is what an SMTP server answered */
	char text[REPORT_TEXT_MAX]; /* Diagnostic-Code, without its type */
	char attempt[DSNFIELD_DATE_MAX]; /* Last-Attempt-Date, as written */
};

typedef int (*dsn_recipient_fn)(void *owner, const struct dsn_message *message,
	const struct dsn_recipient *recipient);

/* Calls fn for each recipient that has an address. Returns 0, or what fn returned if that is
 * not 0, at once. */
int dsnfield_read(const char *text, size_t len, dsn_recipient_fn fn, void *owner)
	__attribute__((warn_unused_result));
/* "rfc822; a+40b" or a bare address, decoded, into address; "" if that is none.
 * Returns whether it is one. */
bool dsnfield_address(const char *value, char *address, size_t size);
/* "dns; host (ip, ...)", "[ip]", "host[ip]": what is there of both. */
void dsnfield_host(
	const char *value, char *host, size_t host_size, char *ip, size_t ip_size);
