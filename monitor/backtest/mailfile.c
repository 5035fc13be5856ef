/* SPDX-License-Identifier: MIT */
#include "monitor/backtest/mailfile.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "monitor/backtest/acquaintance.h"
#include "monitor/ingest/reply.h"
#include "monitor/ingest/report.h"
#include "monitor/ingest/unpack.h"
#include "resolvers/name.h"

#define CHUNK_BYTES 131072
#define DOMAINS 4096 /* remembered as text, a power of two: most mail goes to a few */
#define DOMAIN_BYTES 64 /* of text and of wire name: longer ones are not remembered */

struct known_domain {
	char text[DOMAIN_BYTES];
	uint8_t wire[DOMAIN_BYTES];
};

struct mailfile {
	const struct mails_options *options;
	char *path; /* owned */
	pthread_t thread;
	bool started;

	/* of the thread */
	FILE *in;
	struct reader *reader; /* owned */
	struct unpack *unpack; /* owned */
	struct mailfile_batch *filling;
	struct known_domain *domains; /* owned */
	uint8_t wire[NAME_WIRE_MAX]; /* of a domain that is not remembered */
	char chunk[CHUNK_BYTES];

	/* of both; a batch belongs to the reader from when it is counted until it goes back */
	struct mailfile_batch batches[MAILFILE_AHEAD];
	pthread_mutex_t lock;
	pthread_cond_t changed;
	size_t filled; /* batches ever */
	size_t given_back;
	bool stopping;

	size_t taken; /* batches ever, by who reads them */
};

/* --- what the reader says --- */

/* Makes room for one more in a list. */
static bool has_room(
	void **list, size_t len, size_t *room, size_t size, struct mailfile_batch *batch)
{
	if (len < *room)
		return true;
	const size_t larger = *room > 0 ? *room * 2 : 64;
	void *moved = realloc(*list, larger * size);
	if (moved == NULL) {
		batch->err = -ENOMEM;
		return false;
	}
	*list = moved;
	*room = larger;
	return true;
}

static uint32_t keep(struct mailfile_batch *batch, const void *bytes, size_t len)
{
	if (batch->text_len + len > batch->text_room) {
		size_t room = batch->text_room > 0 ? batch->text_room : CHUNK_BYTES;
		while (room < batch->text_len + len)
			room *= 2;
		char *text = room <= UINT32_MAX ? realloc(batch->text, room) : NULL;
		if (text == NULL) {
			batch->err = -ENOMEM;
			return 0;
		}
		batch->text = text;
		batch->text_room = room;
	}
	const size_t at = batch->text_len;
	memcpy(batch->text + at, bytes, len);
	batch->text_len += len;
	return (uint32_t)at;
}

static uint32_t keep_text(struct mailfile_batch *batch, const char *text)
{
	return keep(batch, text, strlen(text) + 1);
}

static void keep_recipient(
	struct mailfile_batch *batch, struct mailfile_row *row, const char *recipient)
{
	const size_t len = strlen(recipient);
	row->recipient = keep(batch, recipient, len + 1);
	if (batch->err < 0)
		return;
	char *lower = batch->text + row->recipient;
	for (size_t i = 0; i < len; i++)
		lower[i] = lower[i] >= 'A' && lower[i] <= 'Z'
			? (char)(lower[i] - 'A' + 'a')
			: lower[i];
	acquaintance_hash(lower, len, row->hash);
}

static void keep_missing(
	struct mailfile_batch *batch, struct mailfile_row *row, const char *text)
{
	uint8_t missing[NAME_WIRE_MAX];
	if (name_parse(text, missing) < 0)
		return;
	row->has_missing = true;
	row->missing = keep(batch, missing, name_length(missing));
}

/* By its first and last bytes. */
static size_t slot_of(const char *text, size_t len)
{
	uint64_t first = 0, last = 0;
	if (len >= sizeof first) {
		memcpy(&first, text, sizeof first);
		memcpy(&last, text + len - sizeof last, sizeof last);
	} else {
		memcpy(&first, text, len);
	}
	const uint64_t mixed = first * 0x9e3779b97f4a7c15 ^ last;
	return (mixed * 0x9e3779b97f4a7c15 >> 32) % DOMAINS;
}

/* The wire name of a recipient's domain, NULL where it is none. */
static const uint8_t *wire_of(struct mailfile *file, const char *recipient)
{
	const char *text = strrchr(recipient, '@');
	const char *why;
	if (text == NULL || text[1] == '\0' || text[1] == '[')
		return NULL;
	const size_t len = strlen(++text);
	struct known_domain *known = &file->domains[slot_of(text, len)];
	if (len < sizeof known->text && memcmp(known->text, text, len + 1) == 0)
		return known->wire;
	if (len > NAME_WIRE_MAX || name_parse_domain(text, file->wire, &why) < 0 ||
		file->wire[0] == 0)
		return NULL;
	const size_t wire_len = name_length(file->wire);
	if (len >= sizeof known->text || wire_len > sizeof known->wire)
		return file->wire;
	memcpy(known->text, text, len + 1);
	memcpy(known->wire, file->wire, wire_len);
	return known->wire;
}

static void on_report(void *owner, const struct report *report)
{
	struct mailfile *file = owner;
	struct mailfile_batch *batch = file->filling;
	const uint8_t *domain = wire_of(file, report->recipient);
	struct reply_verdict verdict = {.reason = REASON_NONE};
	void *rows = batch->rows;
	if (domain == NULL || report->at <= 0 ||
		!has_room(&rows, batch->len, &batch->room, sizeof *batch->rows, batch))
		return;
	batch->rows = rows;
	if (report->outcome != DELIVERY_DELIVERED)
		reply_judge(file->options->rules, report, &verdict);
	struct mailfile_row *row = &batch->rows[batch->len++];
	*row = (struct mailfile_row){
		.at = report->at,
		.outcome = (uint8_t)report->outcome,
		.reason = (uint8_t)verdict.reason,
		.remote = report->origin == REPORT_REMOTE,
		.count = report->count,
		.domain = keep(batch, domain, name_length(domain)),
		.relay_host = keep_text(batch, report->relay_host),
		.relay_ip = keep_text(batch, report->relay_ip),
	};
	keep_recipient(batch, row, report->recipient[0] == '@' ? "" : report->recipient);
	if (report->missing_name[0] != '\0')
		keep_missing(batch, row, report->missing_name);
}

static void on_rejected(void *owner, const struct reader_rejected *rejected)
{
	const struct mailfile *file = owner;
	struct mailfile_batch *batch = file->filling;
	void *refusals = batch->refusals;
	if (!has_room(&refusals, batch->refusals_len, &batch->refusals_room,
		    sizeof *batch->refusals, batch))
		return;
	batch->refusals = refusals;
	batch->refusals[batch->refusals_len++] = (struct mailfile_refusal){
		.line = rejected->line,
		.why = rejected->why,
	};
}

static void on_bytes(void *owner, const void *bytes, size_t len)
{
	const struct mailfile *file = owner;
	reader_feed(file->reader, bytes, len);
}

/* --- the thread --- */

static void fill(struct mailfile *file, struct mailfile_batch *batch)
{
	file->filling = batch;
	batch->len = batch->text_len = batch->refusals_len = 0;
	const size_t len = fread(file->chunk, 1, sizeof file->chunk, file->in);
	int err = 0;
	if (len > 0) {
		err = unpack_feed(file->unpack, file->chunk, len);
	} else {
		batch->last = true;
		err = ferror(file->in) ? -EIO : unpack_end(file->unpack);
		if (err == 0)
			reader_end(file->reader);
	}
	if (batch->err == 0)
		batch->err = err;
	batch->last |= batch->err < 0;
	batch->lines = reader_counts(file->reader)->lines;
}

/* NULL: there is to be no more. */
static struct mailfile_batch *wait_for_room(struct mailfile *file)
{
	pthread_mutex_lock(&file->lock);
	while (!file->stopping && file->filled - file->given_back == MAILFILE_AHEAD)
		pthread_cond_wait(&file->changed, &file->lock);
	struct mailfile_batch *batch =
		file->stopping ? NULL : &file->batches[file->filled % MAILFILE_AHEAD];
	pthread_mutex_unlock(&file->lock);
	return batch;
}

static void hand_over(struct mailfile *file)
{
	pthread_mutex_lock(&file->lock);
	file->filled++;
	pthread_cond_signal(&file->changed);
	pthread_mutex_unlock(&file->lock);
}

static void *run(void *owner)
{
	struct mailfile *file = owner;
	struct mailfile_batch *batch;
	bool last = false;
	while (!last && (batch = wait_for_room(file)) != NULL) {
		fill(file, batch);
		last = batch->last;
		hand_over(file);
	}
	return NULL;
}

/* --- the other side --- */

const struct mailfile_batch *mailfile_next(struct mailfile *file)
{
	pthread_mutex_lock(&file->lock);
	if (file->taken > file->given_back) {
		file->given_back = file->taken;
		pthread_cond_signal(&file->changed);
	}
	while (file->filled == file->taken)
		pthread_cond_wait(&file->changed, &file->lock);
	pthread_mutex_unlock(&file->lock);
	return &file->batches[file->taken++ % MAILFILE_AHEAD];
}

const char *mailfile_path(const struct mailfile *file)
{
	return file->path;
}

static int64_t written_at(FILE *in, int64_t now)
{
	struct stat st;
	if (fstat(fileno(in), &st) < 0 || !S_ISREG(st.st_mode))
		return now;
	return (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
}

static int prepare(struct mailfile *file, const char *path, enum reader_format format)
{
	const struct reader_sink sink = {file, on_report, on_rejected};
	const struct unpack_sink bytes = {file, on_bytes};
	file->in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	if (file->in == NULL)
		return -errno;
	setvbuf(file->in, NULL, _IONBF, 0);
	file->path = strdup(path);
	file->domains = calloc(DOMAINS, sizeof *file->domains);
	if (file->path == NULL || file->domains == NULL)
		return -ENOMEM;
	const struct reader_options reading = {
		.zone = file->options->zone,
		.fields = file->options->fields,
		.reference_at = written_at(file->in, file->options->now),
	};
	int err = reader_create(format, &reading, &sink, &file->reader);
	if (err == 0)
		err = unpack_create(&bytes, &file->unpack);
	if (err == 0)
		err = -pthread_create(&file->thread, NULL, run, file);
	file->started = err == 0;
	return err;
}

int mailfile_open(const struct mails_options *options, const char *path,
	enum reader_format format, struct mailfile **ret_file)
{
	struct mailfile *file = calloc(1, sizeof *file);
	if (file == NULL)
		return -ENOMEM;
	file->options = options;
	pthread_mutex_init(&file->lock, NULL);
	pthread_cond_init(&file->changed, NULL);
	const int err = prepare(file, path, format);
	if (err < 0) {
		mailfile_close(file);
		return err;
	}
	*ret_file = file;
	return 0;
}

static void stop(struct mailfile *file)
{
	pthread_mutex_lock(&file->lock);
	file->stopping = true;
	pthread_cond_signal(&file->changed);
	pthread_mutex_unlock(&file->lock);
	pthread_join(file->thread, NULL);
}

void mailfile_close(struct mailfile *file)
{
	if (file == NULL)
		return;
	if (file->started)
		stop(file);
	for (size_t i = 0; i < MAILFILE_AHEAD; i++) {
		free(file->batches[i].rows);
		free(file->batches[i].text);
		free(file->batches[i].refusals);
	}
	reader_destroy(file->reader);
	unpack_destroy(file->unpack);
	if (file->in != NULL && file->in != stdin)
		fclose(file->in);
	pthread_cond_destroy(&file->changed);
	pthread_mutex_destroy(&file->lock);
	free(file->domains);
	free(file->path);
	free(file);
}
