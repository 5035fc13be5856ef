/* SPDX-License-Identifier: MIT */
/* The input is a log of the format that the target is named after (FUZZ_FORMAT). */
#include <string.h>

#include "monitor/ingest/reader.h"
#include "tests/fuzz/target.h"

/* What was read, in few bytes. */
struct read {
	uint64_t reports;
	uint64_t rejected;
	uint64_t digest;
};

static void add(struct read *read, const char *text, size_t size)
{
	const size_t len = strnlen(text, size);
	HOLDS(len < size);
	for (size_t i = 0; i <= len; i++)
		read->digest = (read->digest ^ (unsigned char)text[i]) * 1099511628211U;
}

static void on_report(void *owner, const struct report *report)
{
	struct read *read = owner;
	HOLDS(report->outcome >= DELIVERY_DELIVERED &&
		report->outcome <= DELIVERY_EXPIRED);
	HOLDS(report->count >= 1 && report->count <= 1000000);
	HOLDS(report->code == 0 || (report->code >= 200 && report->code <= 599));
	HOLDS(report->stage <= REPORT_STAGE_END_OF_DATA);
	add(read, report->recipient, sizeof report->recipient);
	add(read, report->original, sizeof report->original);
	add(read, report->status, sizeof report->status);
	add(read, report->relay_host, sizeof report->relay_host);
	add(read, report->relay_ip, sizeof report->relay_ip);
	add(read, report->text, sizeof report->text);
	add(read, report->missing_name, sizeof report->missing_name);
	add(read, report->id, sizeof report->id);
	read->digest ^= (uint64_t)report->at * 31 + (uint64_t)report->outcome;
	read->reports += report->count;
}

static void on_rejected(void *owner, const struct reader_rejected *rejected)
{
	struct read *read = owner;
	HOLDS(strlen(rejected->why) > 0);
	HOLDS(strlen(rejected->shown) < READER_SHOWN_MAX);
	HOLDS(rejected->line > 0);
	read->rejected++;
}

static struct reader *create(struct read *read)
{
	static const char *const relays[] = {"127.0.0.1:10025", "filter.example.com"};
	const struct reader_options options = {.zone = "Europe/Berlin",
		.reference_at = INT64_C(1780272000000),
		.internal_relays = relays,
		.internal_relays_len = 2};
	const struct reader_sink sink = {
		.owner = read, .on_report = on_report, .on_rejected = on_rejected};
	enum reader_format format;
	struct reader *reader;
	HOLDS(reader_format_from_name(FUZZ_FORMAT, &format) == 0);
	if (reader_create(format, &options, &sink, &reader) < 0)
		exit(1);
	return reader;
}

/* In chunks; what is saved at the end must load. */
static struct read read_all(const uint8_t *data, size_t size, size_t chunk)
{
	struct read read = {0};
	struct reader *reader = create(&read);
	for (size_t at = 0; at < size; at += chunk)
		reader_feed(reader, data + at, chunk < size - at ? chunk : size - at);
	HOLDS(reader_position(reader) <= size);
	reader_end(reader);
	HOLDS(reader_position(reader) == size);
	const struct reader_counts *counts = reader_counts(reader);
	HOLDS(counts->taken + counts->ignored + counts->rejected == counts->lines);
	HOLDS(counts->reports == read.reports && counts->rejected == read.rejected);

	static char state[READER_STATE_MAX];
	const size_t len = reader_save(reader, state);
	HOLDS(len <= sizeof state);
	struct reader *other = create(&read);
	HOLDS(reader_load(other, state, len) == 0);
	HOLDS(reader_position(other) == size);
	reader_destroy(other);
	reader_destroy(reader);
	return read;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct read whole = read_all(data, size, size + 1);
	const struct read pieces = read_all(data, size, 7);
	HOLDS(whole.reports == pieces.reports && whole.rejected == pieces.rejected);
	HOLDS(whole.digest == pieces.digest);
	return 0;
}
