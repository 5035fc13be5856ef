/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/errand.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/ingest/logfile.h"
#include "monitor/ingest/parcel.h"
#include "monitor/ingest/rotated.h"
#include "storage/store.h"

#define REPORTS_FULL 2000
#define BYTES_FULL (512 * 1024) /* of their texts, before they are escaped */
#define ERRNO_MOST 133
#define LOOKS_MOST 20 /* for a place that others move under our eyes */

struct errand {
	struct errand_link link;
	char *source; /* owned */
	bool mail;
	json_t *reports; /* owned */
	size_t bytes; /* of their texts */
	struct report before; /* the last of them */
	int64_t latest; /* the youngest place when the file was looked for */
	int64_t from; /* where the store is in the file */
};

int errand_create(const struct errand_link *link, const char *source, bool mail,
	struct errand **ret_errand)
{
	struct errand *errand = calloc(1, sizeof *errand);
	if (errand == NULL)
		return -ENOMEM;
	errand->link = *link;
	errand->mail = mail;
	errand->source = strdup(source);
	errand->reports = json_array();
	parcel_first(&errand->before);
	if (errand->source == NULL || errand->reports == NULL) {
		errand_destroy(errand);
		return -ENOMEM;
	}
	*ret_errand = errand;
	return 0;
}

void errand_destroy(struct errand *errand)
{
	if (errand == NULL)
		return;
	json_decref(errand->reports);
	free(errand->source);
	free(errand);
}

/* --- asking --- */

static int number_of_name(const char *name)
{
	for (int number = 1; name != NULL && number <= ERRNO_MOST; number++) {
		const char *known = strerrorname_np(number);
		if (known != NULL && strcmp(known, name) == 0)
			return -number;
	}
	return -EPROTO;
}

/* Takes request. An answer that refuses becomes an error. */
static int ask(struct errand *errand, json_t *request, json_t **ret_answer,
	struct store_error *ret_error)
{
	json_t *answer = NULL;
	struct store_error error = {.code = -ENOMEM};
	if (request != NULL)
		error.code = errand->link.ask(errand->link.owner, request, &answer);
	if (error.code < 0) {
		snprintf(error.text, sizeof error.text, "the monitor gave no answer: %s",
			strerror(-error.code));
	} else if (!json_is_true(json_object_get(answer, "ok"))) {
		const char *text = json_string_value(json_object_get(answer, "error"));
		error.code = number_of_name(
			json_string_value(json_object_get(answer, "code")));
		snprintf(error.text, sizeof error.text, "%s",
			text != NULL ? text : "the monitor refused");
		json_decref(answer);
	}
	if (error.code == 0)
		*ret_answer = answer;
	else if (ret_error != NULL)
		*ret_error = error;
	return error.code;
}

int errand_is_known(struct errand *errand, const char *format, const char *path)
{
	json_t *answer;
	int error = ask(errand,
		json_pack("{s:s, s:s, s:o}", "request", "ingest-known", "format", format,
			"path", parcel_text(path)),
		&answer, NULL);
	if (error < 0)
		return error;
	const bool known = json_is_true(json_object_get(answer, "known"));
	json_decref(answer);
	return known;
}

/* --- finding a file --- */

/* Of the places that begin as the file does, the furthest that is in it. Returns 0 or an
 * error. */
static int choose(struct rotated_file *file, const json_t *places, char *state)
{
	size_t i;
	const json_t *item;
	json_array_foreach(places, i, item)
	{
		struct feed_place place;
		if (parcel_read_place(item, &place, state) != NULL)
			return -EPROTO;
		if (file->known && file->place.offset >= place.offset)
			continue;
		const int same = logfile_matches(file->file, &place);
		if (same == -ENOMEM)
			return same;
		if (same != 1)
			continue;
		file->place = place;
		file->known = true;
	}
	return 0;
}

/* Places are listed without their states. Returns 1, 0 where the place has moved on meanwhile, or
 * an error. */
static int fetch(struct errand *errand, struct rotated_file *file, char *state)
{
	json_t *answer;
	struct feed_place place;
	int error = ask(errand,
		json_pack("{s:s, s:I}", "request", "ingest-place", "number",
			(json_int_t)file->place.number),
		&answer, NULL);
	if (error < 0)
		return error;
	const json_t *item = json_object_get(answer, "place");
	const bool gone = json_is_null(item);
	const char *why = gone ? NULL : parcel_read_place(item, &place, state);
	json_decref(answer);
	if (why != NULL)
		return -EPROTO;
	if (gone || place.offset != file->place.offset)
		return 0;
	file->state = strdup(state);
	if (file->state == NULL)
		return -ENOMEM;
	file->place = place;
	file->place.state = file->state;
	return 1;
}

static int read_head(struct logfile *file, uint8_t head[FEED_HEAD_MOST], size_t *ret_len)
{
	ssize_t got = 1;
	size_t len = 0;
	int error = logfile_seek(file, 0);
	while (error == 0 && got > 0 && len < FEED_HEAD_MOST) {
		got = logfile_read(file, head + len, FEED_HEAD_MOST - len);
		if (got < 0)
			return (int)got;
		len += (size_t)got;
	}
	*ret_len = len;
	return error;
}

/* Returns 1, 0 where somebody moved the place meanwhile, or an error. */
static int look(
	struct errand *errand, const char *format, struct rotated_file *file, char *state)
{
	uint8_t head[FEED_HEAD_MOST];
	size_t len = 0;
	json_t *answer;
	int error = read_head(file->file, head, &len);
	if (error < 0)
		return error;
	error = ask(errand,
		json_pack("{s:s, s:s, s:o}", "request", "ingest-places", "format", format,
			"head", parcel_hex(head, len)),
		&answer, NULL);
	if (error < 0)
		return error;
	file->known = false;
	errand->latest = json_integer_value(json_object_get(answer, "latest"));
	error = choose(file, json_object_get(answer, "places"), state);
	json_decref(answer);
	if (error < 0)
		return error;
	return file->known ? fetch(errand, file, state) : 1;
}

int errand_find(struct errand *errand, const char *format, struct rotated_file *file)
{
	int done = 0;
	char *state = malloc(READER_STATE_MAX + 1);
	if (state == NULL)
		return -ENOMEM;
	for (int i = 0; i < LOOKS_MOST && done == 0; i++)
		done = look(errand, format, file, state);
	free(state);
	if (done < 1)
		return done < 0 ? done : -ESTALE;
	errand->from = file->known ? file->place.offset : 0;
	return 0;
}

/* --- gathering and committing --- */

static size_t bytes_of(const struct report *report)
{
	return strlen(report->text) + strlen(report->recipient) +
		strlen(report->original) + strlen(report->missing_name);
}

int errand_report(struct errand *errand, const struct report *report)
{
	json_t *item = parcel_report(report, &errand->before);
	if (item == NULL || json_array_append_new(errand->reports, item) != 0)
		return -ENOMEM;
	errand->bytes += bytes_of(report);
	errand->before = *report;
	return 0;
}

size_t errand_len(const struct errand *errand)
{
	return json_array_size(errand->reports);
}

bool errand_is_full(const struct errand *errand)
{
	return errand_len(errand) >= REPORTS_FULL || errand->bytes >= BYTES_FULL;
}

void errand_clear(struct errand *errand)
{
	json_array_clear(errand->reports);
	errand->bytes = 0;
	parcel_first(&errand->before);
}

static json_t *list_rejects(const struct rejects *rejects)
{
	json_t *list = json_array();
	for (size_t i = 0; i < rejects->len; i++)
		if (json_array_append_new(list, parcel_rejected(&rejects->items[i])) !=
			0) {
			json_decref(list);
			return NULL;
		}
	return list;
}

int errand_commit(struct errand *errand, const struct rejects *rejects,
	struct feed_place *place, uint64_t *ret_refused, struct store_error *ret_error)
{
	json_t *answer;
	*ret_refused = 0;
	if (place == NULL && errand_len(errand) == 0 && rejects->len == 0)
		return 0;
	int error = ask(errand,
		json_pack("{s:s, s:s, s:b, s:O, s:o, s:o, s:I, s:I}", "request", "ingest",
			"source", errand->source, "mail", errand->mail, "reports",
			errand->reports, "rejected", list_rejects(rejects), "place",
			place != NULL ? parcel_place(place) : json_null(), "from",
			(json_int_t)errand->from, "latest", (json_int_t)errand->latest),
		&answer, ret_error);
	if (error < 0)
		return error;
	*ret_refused = (uint64_t)json_integer_value(json_object_get(answer, "refused"));
	if (place != NULL) {
		place->number = json_integer_value(json_object_get(answer, "number"));
		errand->from = place->offset;
	}
	json_decref(answer);
	return 0;
}
