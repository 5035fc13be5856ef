/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dossier_inside — a dossier while it is gathered. Private to dossier.c and dossier_gather.c.
 */
#include "monitor/dossier.h"

#define DOSSIER_CHANGES_MOST 200
#define DOSSIER_GAPS_MOST 500 /* of a view */
#define DOSSIER_MAILS_MOST 100
#define DOSSIER_MESSAGES_MOST 60

/* What is kept with a change. */
struct dossier_key {
	int64_t number;
	bool suspicion;
};

struct dossier_parts {
	const struct dossier_options *options; /* borrowed for the call */
	const uint8_t *domain; /* of the casefile; NULL of kind SELF */
	struct casefile *casefile; /* owned */
	struct chart *chart; /* owned; NULL: no picture */
	int64_t from;
	int64_t to;
	struct report_change *changes; /* owned, as are its texts */
	struct dossier_key *keys; /* owned; of the same changes */
	size_t changes_len;
	size_t keys_len;
	uint64_t changes_more;
	struct report_view *views; /* the same */
	size_t views_len;
	struct report_mail *mails; /* the same */
	size_t mails_len;
	uint64_t mails_more;
	struct report_message *messages; /* the same */
	size_t messages_len;
	uint64_t messages_more;
	const char *change; /* id of the change whose messages are read */
};

/* Fill what the window has. Return 0, -ENOMEM, or the error of a query. */
int dossier_gather(struct dossier_parts *parts) __attribute__((warn_unused_result));
void dossier_forget(struct dossier_parts *parts);
