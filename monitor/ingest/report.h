/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * report — one delivery as a source states it: what every parser makes and nothing else.
 *
 * A flat record without pointers: parsers are functions from bytes to reports and could live
 * behind a pipe. Text that is too long is cut. What a field does not know is empty or 0.
 * Foreign text is stored as it came (NULs become spaces) and escaped by whoever shows it.
 */
#include <stdbool.h>
#include <stdint.h>

#include "storage/delivery.h"

#define REPORT_ADDRESS_MAX 512 /* bytes of an address, NUL included */
#define REPORT_HOST_MAX 256
#define REPORT_TEXT_MAX 1024
#define REPORT_ID_MAX 128

/* Who decided. Only a remote server's word is evidence about the recipient. */
enum report_origin {
	REPORT_LOCAL =
		0, /* our own mail server, its tables, its look-ups, its suppression list */
	REPORT_REMOTE = 1, /* a server of the recipient's domain, or of a relay */
};

/* The command that was answered. */
enum report_stage {
	REPORT_STAGE_UNKNOWN = 0,
	REPORT_STAGE_CONNECT = 1,
	REPORT_STAGE_HELO = 2,
	REPORT_STAGE_MAIL = 3,
	REPORT_STAGE_RCPT = 4,
	REPORT_STAGE_DATA = 5,
	REPORT_STAGE_END_OF_DATA = 6,
};

struct report {
	int64_t at; /* milliseconds since 1970 UTC; the source's own time */
	enum delivery_outcome outcome;
	enum report_origin origin;
	enum report_stage stage;
	unsigned count; /* 1, or more for `last message repeated` */
	char recipient[REPORT_ADDRESS_MAX]; /* as mail was sent to it: local@domain */
	char original[REPORT_ADDRESS_MAX]; /* before aliases, where that is another */
	uint16_t code; /* SMTP reply code, 550 */
	char status[12]; /* enhanced code "5.1.1" (RFC 3463) */
	char relay_host[REPORT_HOST_MAX]; /* lower case, no final dot */
	char relay_ip[48];
	char text
		[REPORT_TEXT_MAX]; /* what was answered, or why it was not; nothing else */
	char missing_name[REPORT_HOST_MAX]; /* the name that could not be looked up */
	char id[REPORT_ID_MAX]; /* queue or message id, for duplicates */
};
