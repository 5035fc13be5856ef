/* SPDX-License-Identifier: MIT */
#include "monitor/backtest/mails.h"

#include <errno.h>
#include <stdlib.h>

#include "monitor/backtest/mailfile.h"

#define SOON 8 /* mails ahead: about as long as memory takes to answer */

struct source {
	struct mailfile *file; /* owned */
	const struct mailfile_batch *batch; /* borrowed; NULL before the first */
	size_t next;
};

struct mails {
	struct mails_options options;
	struct source *sources; /* owned */
	size_t len;
};

int mails_create(const struct mails_options *options, struct mails **ret_mails)
{
	struct mails *mails = calloc(1, sizeof *mails);
	if (mails == NULL)
		return -ENOMEM;
	mails->options = *options;
	*ret_mails = mails;
	return 0;
}

void mails_destroy(struct mails *mails)
{
	if (mails == NULL)
		return;
	for (size_t i = 0; i < mails->len; i++)
		mailfile_close(mails->sources[i].file);
	free(mails->sources);
	free(mails);
}

int mails_add(struct mails *mails, const char *path, enum reader_format format)
{
	struct source *sources =
		realloc(mails->sources, (mails->len + 1) * sizeof *sources);
	if (sources == NULL)
		return -ENOMEM;
	mails->sources = sources;
	struct source *source = &sources[mails->len];
	*source = (struct source){.file = NULL};
	const int err = mailfile_open(&mails->options, path, format, &source->file);
	mails->len += err == 0;
	return err;
}

static void tell_refusals(const struct mails *mails, const struct source *source)
{
	const struct mails_options *options = &mails->options;
	const struct mailfile_batch *batch = source->batch;
	for (size_t i = 0; options->on_rejected != NULL && i < batch->refusals_len; i++)
		options->on_rejected(options->owner, mailfile_path(source->file),
			batch->refusals[i].line, batch->refusals[i].why);
}

/* Waits until something is there, or the end. */
static int refill(const struct mails *mails, struct source *source)
{
	while (source->batch == NULL || source->next == source->batch->len) {
		if (source->batch != NULL && source->batch->last)
			return source->batch->err;
		source->batch = mailfile_next(source->file);
		source->next = 0;
		tell_refusals(mails, source);
	}
	return 0;
}

static const struct mailfile_row *row_of(const struct source *source)
{
	return &source->batch->rows[source->next];
}

static void show(const struct source *source, struct mail *ret_mail)
{
	const struct mailfile_row *row = row_of(source);
	const char *text = source->batch->text;
	*ret_mail = (struct mail){
		.at = row->at,
		.outcome = (enum delivery_outcome)row->outcome,
		.reason = (enum delivery_reason)row->reason,
		.remote = row->remote,
		.count = row->count,
		.domain = (const uint8_t *)text + row->domain,
		.recipient = text + row->recipient,
		.hash = row->hash,
		.soon = source->next + SOON < source->batch->len ? row[SOON].hash : NULL,
		.relay_host = text + row->relay_host,
		.relay_ip = text + row->relay_ip,
		.missing = row->has_missing ? (const uint8_t *)text + row->missing : NULL,
	};
}

int mails_next(struct mails *mails, struct mail *ret_mail, const char **ret_path)
{
	struct source *first = NULL;
	for (size_t i = 0; i < mails->len; i++) {
		struct source *source = &mails->sources[i];
		const int err = refill(mails, source);
		if (err < 0) {
			*ret_path = mailfile_path(source->file);
			return err;
		}
		if (source->next < source->batch->len &&
			(first == NULL || row_of(source)->at < row_of(first)->at))
			first = source;
	}
	if (first == NULL)
		return 0;
	show(first, ret_mail);
	first->next++;
	return 1;
}

uint64_t mails_lines(const struct mails *mails)
{
	uint64_t lines = 0;
	for (size_t i = 0; i < mails->len; i++)
		if (mails->sources[i].batch != NULL)
			lines += mails->sources[i].batch->lines;
	return lines;
}
