/* SPDX-License-Identifier: MIT */
/* The input is a list of reports, rejected lines and places as a command may send it. What is read
 * is the same after it was written and read again, and a place's state is read by its reader. */
#include <errno.h>
#include <string.h>

#include "monitor/ingest/parcel.h"
#include "tests/fuzz/target.h"

static void check_report(const json_t *item, struct report *report)
{
	struct report first;
	struct report again;
	const char *why;
	json_t *written;

	parcel_first(&again);
	if (parcel_read_report(item, report) != NULL) {
		parcel_first(report);
		return;
	}
	parcel_first(&first);
	written = parcel_report(report, &first);
	HOLDS(written != NULL);
	why = parcel_read_report(written, &again);
	HOLDS(why == NULL);
	json_decref(written);
	written = parcel_report(report, &again);
	HOLDS(json_object_size(written) == 0);
	json_decref(written);
}

static void check_rejected(const json_t *item)
{
	static struct rejects rejects;
	const struct reject *reject = &rejects.items[0];
	json_t *written;

	rejects.len = 0;
	if (parcel_read_rejected(item, &rejects) != NULL) {
		HOLDS(rejects.len == 0);
		return;
	}
	HOLDS(rejects.len == 1 && reject->count > 0);
	HOLDS(strnlen(reject->shown, sizeof reject->shown) < sizeof reject->shown);
	written = parcel_rejected(reject);
	HOLDS(json_equal(item, written));
	json_decref(written);
}

static void ignore_report(void *owner, const struct report *report)
{
	(void)owner;
	(void)report;
}

static void ignore_rejected(void *owner, const struct reader_rejected *rejected)
{
	(void)owner;
	(void)rejected;
}

static void check_state(const char *format, const char *state)
{
	static const char line[] = "2026-11-22 10:00:00,a@example.com,b,c\n";
	static char saved[READER_STATE_MAX];
	const struct reader_sink sink = {
		.on_report = ignore_report, .on_rejected = ignore_rejected};
	const struct reader_options options = {.reference_at = INT64_C(1780272000000)};
	enum reader_format number;
	struct reader *reader;
	int err;

	if (reader_format_from_name(format, &number) < 0)
		return;
	HOLDS(reader_create(number, &options, &sink, &reader) == 0);
	err = reader_load(reader, state, strlen(state));
	HOLDS(err == 0 || err == -EINVAL);
	if (err == 0) {
		reader_feed(reader, line, sizeof line - 1);
		reader_end(reader);
		HOLDS(reader_save(reader, saved) <= sizeof saved);
	}
	reader_destroy(reader);
}

static void check_place(const json_t *item)
{
	static char state[READER_STATE_MAX + 1];
	static struct feed_place place;
	json_t *written;

	if (parcel_read_place(item, &place, state) != NULL)
		return;
	HOLDS(place.head_len <= FEED_HEAD_MOST && place.tail_len <= FEED_TAIL_MOST);
	HOLDS(place.number >= 0 && place.offset >= 0 && place.state == state);
	written = parcel_place(&place);
	if (written != NULL)
		HOLDS(json_equal(item, written));
	json_decref(written);
	check_state(place.format, place.state);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	json_t *list = json_loadb((const char *)data, size, JSON_REJECT_DUPLICATES, NULL);
	struct report report;

	parcel_first(&report);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);

		check_report(item, &report);
		check_rejected(item);
		check_place(item);
	}
	json_decref(list);
	return 0;
}
