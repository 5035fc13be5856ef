/* SPDX-License-Identifier: MIT */
#include "monitor/backtest/mails.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "monitor/ingest/reply.h"
#include "monitor/ingest/report.h"
#include "monitor/ingest/unpack.h"
#include "resolvers/name.h"

#define CHUNK_BYTES 65536
#define DOMAINS 1024 /* remembered as text, a power of two: most mail goes to a few */

/* A delivery that waits; texts are offsets into the file's text. */
struct waiting {
	int64_t at;
	uint8_t outcome;
	uint8_t reason;
	bool remote;
	bool has_missing;
	unsigned count;
	size_t domain;
	size_t recipient;
	size_t relay_host;
	size_t relay_ip;
	size_t missing;
};

struct file {
	struct mails *mails;
	char *path; /* owned */
	FILE *in;
	struct reader *reader; /* owned */
	struct unpack *unpack; /* owned */
	struct waiting *list; /* owned */
	size_t len;
	size_t room;
	size_t next;
	char *text; /* owned */
	size_t text_len;
	size_t text_room;
	bool ended;
	int err;
};

struct known_domain {
	char text[256];
	uint8_t wire[NAME_WIRE_MAX];
};

struct mails {
	struct mails_options options;
	struct file **files; /* owned */
	size_t files_len;
	struct known_domain *domains; /* owned */
};

int mails_create(const struct mails_options *options, struct mails **ret_mails)
{
	struct mails *mails = calloc(1, sizeof *mails);
	if (mails == NULL)
		return -ENOMEM;
	mails->options = *options;
	mails->domains = calloc(DOMAINS, sizeof *mails->domains);
	if (mails->domains == NULL) {
		free(mails);
		return -ENOMEM;
	}
	*ret_mails = mails;
	return 0;
}

static void destroy_file(struct file *file)
{
	reader_destroy(file->reader);
	unpack_destroy(file->unpack);
	if (file->in != NULL && file->in != stdin)
		fclose(file->in);
	free(file->list);
	free(file->text);
	free(file->path);
	free(file);
}

void mails_destroy(struct mails *mails)
{
	if (mails == NULL)
		return;
	for (size_t i = 0; i < mails->files_len; i++)
		destroy_file(mails->files[i]);
	free(mails->files);
	free(mails->domains);
	free(mails);
}

/* --- what a reader says --- */

static size_t keep(struct file *file, const void *bytes, size_t len)
{
	if (file->text_len + len > file->text_room) {
		size_t room = file->text_room > 0 ? file->text_room : CHUNK_BYTES;
		while (room < file->text_len + len)
			room *= 2;
		char *text = realloc(file->text, room);
		if (text == NULL) {
			file->err = -ENOMEM;
			return 0;
		}
		file->text = text;
		file->text_room = room;
	}
	const size_t at = file->text_len;
	memcpy(file->text + at, bytes, len);
	file->text_len += len;
	return at;
}

static size_t keep_text(struct file *file, const char *text)
{
	return keep(file, text, strlen(text) + 1);
}

static unsigned slot_of(const char *text)
{
	unsigned hash = 2166136261U;
	for (; *text != '\0'; text++)
		hash = (hash ^ (unsigned char)*text) * 16777619U;
	return hash & (DOMAINS - 1);
}

/* The wire name of a recipient's domain, NULL where it is none. */
static const uint8_t *wire_of(struct mails *mails, const char *recipient)
{
	const char *text = strrchr(recipient, '@');
	const char *why;
	if (text == NULL || text[1] == '\0' || text[1] == '[')
		return NULL;
	struct known_domain *known = &mails->domains[slot_of(++text)];
	if (strcmp(known->text, text) == 0)
		return known->wire;
	uint8_t wire[NAME_WIRE_MAX];
	if (strlen(text) >= sizeof known->text ||
		name_parse_domain(text, wire, &why) < 0 || wire[0] == 0)
		return NULL;
	strcpy(known->text, text);
	memcpy(known->wire, wire, sizeof wire);
	return known->wire;
}

static struct waiting *push(struct file *file)
{
	if (file->len == file->room) {
		const size_t room = file->room > 0 ? file->room * 2 : 256;
		struct waiting *list = realloc(file->list, room * sizeof *list);
		if (list == NULL) {
			file->err = -ENOMEM;
			return NULL;
		}
		file->list = list;
		file->room = room;
	}
	return &file->list[file->len++];
}

static void keep_missing(struct file *file, struct waiting *waiting, const char *text)
{
	uint8_t missing[NAME_WIRE_MAX];
	if (*text == '\0' || name_parse(text, missing) < 0)
		return;
	waiting->has_missing = true;
	waiting->missing = keep(file, missing, name_length(missing));
}

static void on_report(void *owner, const struct report *report)
{
	struct file *file = owner;
	const uint8_t *domain = wire_of(file->mails, report->recipient);
	struct reply_verdict verdict = {.reason = REASON_NONE};
	if (domain == NULL || report->at <= 0)
		return;
	struct waiting *waiting = push(file);
	if (waiting == NULL)
		return;
	if (report->outcome != DELIVERY_DELIVERED)
		reply_judge(file->mails->options.rules, report, &verdict);
	*waiting = (struct waiting){
		.at = report->at,
		.outcome = (uint8_t)report->outcome,
		.reason = (uint8_t)verdict.reason,
		.remote = report->origin == REPORT_REMOTE,
		.count = report->count,
	};
	waiting->domain = keep(file, domain, name_length(domain));
	waiting->recipient =
		keep_text(file, report->recipient[0] == '@' ? "" : report->recipient);
	waiting->relay_host = keep_text(file, report->relay_host);
	waiting->relay_ip = keep_text(file, report->relay_ip);
	keep_missing(file, waiting, report->missing_name);
}

static void on_rejected(void *owner, const struct reader_rejected *rejected)
{
	const struct file *file = owner;
	const struct mails_options *options = &file->mails->options;
	if (options->on_rejected != NULL)
		options->on_rejected(
			options->owner, file->path, rejected->line, rejected->why);
}

static void on_bytes(void *owner, const void *bytes, size_t len)
{
	struct file *file = owner;
	reader_feed(file->reader, bytes, len);
}

/* --- files --- */

static int64_t written_at(FILE *in, int64_t now)
{
	struct stat st;
	if (fstat(fileno(in), &st) < 0 || !S_ISREG(st.st_mode))
		return now;
	return (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
}

static int open_file(struct file *file, const char *path, enum reader_format format)
{
	const struct mails_options *options = &file->mails->options;
	const struct reader_sink sink = {file, on_report, on_rejected};
	const struct unpack_sink bytes = {file, on_bytes};
	file->in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (file->in == NULL)
		return -errno;
	if ((file->path = strdup(path)) == NULL)
		return -ENOMEM;
	const struct reader_options reading = {
		.zone = options->zone,
		.fields = options->fields,
		.reference_at = written_at(file->in, options->now),
	};
	const int err = reader_create(format, &reading, &sink, &file->reader);
	return err < 0 ? err : unpack_create(&bytes, &file->unpack);
}

int mails_add(struct mails *mails, const char *path, enum reader_format format)
{
	struct file **files =
		realloc(mails->files, (mails->files_len + 1) * sizeof *files);
	if (files == NULL)
		return -ENOMEM;
	mails->files = files;
	struct file *file = calloc(1, sizeof *file);
	if (file == NULL)
		return -ENOMEM;
	file->mails = mails;
	const int err = open_file(file, path, format);
	if (err < 0) {
		destroy_file(file);
		return err;
	}
	mails->files[mails->files_len++] = file;
	return 0;
}

/* Reads until something waits, or the end. */
static int refill(struct file *file)
{
	static char chunk[CHUNK_BYTES];
	file->len = file->next = file->text_len = 0;
	while (file->len == 0 && !file->ended && file->err == 0) {
		const size_t len = fread(chunk, 1, sizeof chunk, file->in);
		if (len > 0) {
			const int err = unpack_feed(file->unpack, chunk, len);
			file->err = file->err != 0 ? file->err : err;
			continue;
		}
		file->ended = true;
		file->err = ferror(file->in) ? -EIO : unpack_end(file->unpack);
		if (file->err == 0)
			reader_end(file->reader);
	}
	return file->err;
}

static void show(const struct file *file, struct mail *ret_mail)
{
	const struct waiting *waiting = &file->list[file->next];
	const char *text = file->text;
	*ret_mail = (struct mail){
		.at = waiting->at,
		.outcome = (enum delivery_outcome)waiting->outcome,
		.reason = (enum delivery_reason)waiting->reason,
		.remote = waiting->remote,
		.count = waiting->count,
		.domain = (const uint8_t *)text + waiting->domain,
		.recipient = text + waiting->recipient,
		.relay_host = text + waiting->relay_host,
		.relay_ip = text + waiting->relay_ip,
		.missing = waiting->has_missing ? (const uint8_t *)text + waiting->missing
						: NULL,
	};
	char *recipient = file->text + waiting->recipient;
	for (; *recipient != '\0'; recipient++)
		*recipient = (char)tolower((unsigned char)*recipient);
}

int mails_next(struct mails *mails, struct mail *ret_mail, const char **ret_path)
{
	struct file *first = NULL;
	for (size_t i = 0; i < mails->files_len; i++) {
		struct file *file = mails->files[i];
		if (file->next == file->len && refill(file) < 0) {
			*ret_path = file->path;
			return file->err;
		}
		if (file->next < file->len &&
			(first == NULL ||
				file->list[file->next].at < first->list[first->next].at))
			first = file;
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
	for (size_t i = 0; i < mails->files_len; i++)
		lines += reader_counts(mails->files[i]->reader)->lines;
	return lines;
}
