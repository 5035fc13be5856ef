/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/reception.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/ingest/intake.h"
#include "monitor/ingest/logfile.h"
#include "monitor/ingest/parcel.h"
#include "monitor/ingest/settings.h"
#include "monitor/request.h"
#include "storage/store.h"

#define SOURCE_MAX 255 /* bytes of a source's name */

/* A request at work. */
struct work {
	const struct settings *settings;
	struct store *store;
	const json_t *request;
	int64_t now;
	json_t *answer; /* owned until it is handed over */
	struct reception_moved moved;
	const char *why; /* the first fault of its words */
	struct store_error error; /* code 0: none */
	char state[READER_STATE_MAX + 1]; /* of a place that is read */
};

static void refuse(struct work *work, const char *why)
{
	if (work->why == NULL)
		work->why = why;
}

static const json_t *member(const struct work *work, const char *name)
{
	return json_object_get(work->request, name);
}

static void put(struct work *work, const char *name, json_t *value)
{
	if (json_object_set_new(work->answer, name, value) != 0)
		work->error.code = -ENOMEM;
}

static void read_format(struct work *work, char ret_format[FEED_FORMAT_MAX])
{
	if (!parcel_read_text(member(work, "format"), ret_format, FEED_FORMAT_MAX))
		refuse(work, "expected a \"format\"");
}

/* --- what is known --- */

struct search {
	struct work *work;
	json_t *places;
	const uint8_t *head;
	size_t head_len;
	uint8_t hash[FEED_HASH]; /* of the first hash_len bytes of head */
	size_t hash_len;
};

static int on_place(void *owner, const struct feed_place *place)
{
	struct search *search = owner;
	struct feed_place shown = *place;
	if (place->head_len > search->head_len ||
		json_array_size(search->places) == RECEPTION_PLACES_MOST)
		return 0;
	if (search->hash_len != place->head_len) {
		search->hash_len = place->head_len;
		logfile_hash(search->head, search->hash_len, search->hash);
	}
	if (memcmp(search->hash, place->head, FEED_HASH) != 0)
		return 0;
	shown.path[0] = '\0';
	shown.state = "";
	return json_array_append_new(search->places, parcel_place(&shown)) == 0 ? 0
										: -ENOMEM;
}

static void list_places(struct work *work)
{
	uint8_t head[FEED_HEAD_MOST];
	char format[FEED_FORMAT_MAX];
	const size_t len = json_string_length(member(work, "head")) / 2;
	struct search search = {
		.work = work,
		.head = head,
		.head_len = len,
		.hash_len = SIZE_MAX,
	};
	read_format(work, format);
	if (len > sizeof head || !parcel_read_hex(member(work, "head"), head, len))
		refuse(work, "expected the \"head\" of a file");
	if (work->why != NULL)
		return;
	search.places = json_array();
	put(work, "places", search.places);
	put(work, "latest", json_integer(feed_latest(work->store)));
	if (work->error.code == 0)
		work->error.code = feed_each(work->store, format, on_place, &search);
}

static int on_wanted(void *owner, const struct feed_place *place)
{
	put(owner, "place", parcel_place(place));
	return 0;
}

static void show_place(struct work *work)
{
	const json_t *number = member(work, "number");
	if (!json_is_integer(number)) {
		refuse(work, "expected a \"number\"");
		return;
	}
	put(work, "place", json_null());
	const int error =
		feed_get(work->store, json_integer_value(number), on_wanted, work);
	if (error < 0)
		work->error.code = error;
}

static void tell_known(struct work *work)
{
	char format[FEED_FORMAT_MAX];
	char path[FEED_PATH_MAX];
	read_format(work, format);
	if (!parcel_read_text(member(work, "path"), path, sizeof path))
		refuse(work, "expected a \"path\"");
	if (work->why == NULL)
		put(work, "known",
			json_boolean(feed_is_known(work->store, format, path)));
}

/* --- taking in --- */

static void read_reports(struct work *work, struct intake *intake)
{
	const json_t *list = member(work, "reports");
	struct report report;
	if (!json_is_array(list) || json_array_size(list) > DELIVERIES_BATCH_MOST)
		refuse(work, "expected a list of \"reports\" that is not too long");
	parcel_first(&report);
	for (size_t i = 0; work->why == NULL && i < json_array_size(list); i++) {
		const char *why = parcel_read_report(json_array_get(list, i), &report);
		if (why == NULL)
			intake_report(intake, work->store, &report);
		else
			refuse(work, why);
	}
}

static void read_rejected(struct work *work, struct rejects *rejects)
{
	const json_t *list = member(work, "rejected");
	rejects->len = 0;
	if (!json_is_array(list))
		refuse(work, "expected a list of \"rejected\" lines");
	for (size_t i = 0; work->why == NULL && i < json_array_size(list); i++) {
		const char *why = parcel_read_rejected(json_array_get(list, i), rejects);
		if (why != NULL)
			refuse(work, why);
	}
}

/* The place of the request, or NULL: it has none, or it is none. */
static struct feed_place *read_place(struct work *work, struct feed_place *place)
{
	const json_t *item = member(work, "place");
	if (json_is_null(item))
		return NULL;
	const char *why = parcel_read_place(item, place, work->state);
	if (why != NULL)
		refuse(work, why);
	if (!json_is_integer(member(work, "from")) ||
		!json_is_integer(member(work, "latest")))
		refuse(work, "expected \"from\" and \"latest\" with a place");
	place->at = work->now;
	return work->why == NULL ? place : NULL;
}

/* Whether somebody else has read on in the file since the command looked. */
static bool is_stale(const struct work *work, const struct feed_place *place)
{
	if (place->number != 0)
		return feed_offset(work->store, place->number) !=
			json_integer_value(member(work, "from"));
	if (json_is_true(member(work, "mail")))
		return feed_is_known(work->store, place->format, place->path);
	return feed_was_taken(
		work->store, place, json_integer_value(member(work, "latest")));
}

static void commit(struct work *work, struct intake *intake,
	const struct rejects *rejects, struct feed_place *place)
{
	store_begin(work->store);
	if (place != NULL && is_stale(work, place)) {
		store_rollback(work->store);
		work->error = (struct store_error){
			.code = -ESTALE, .text = "the file was read by somebody else"};
		return;
	}
	rejects_write(rejects, work->store, json_string_value(member(work, "source")));
	intake_write(intake, work->store, place, work->now);
	const int error = store_commit(work->store, work->now, &work->error);
	intake_written(intake, error);
	if (error < 0)
		return;
	work->error.code = 0;
	if (place == NULL)
		return;
	work->moved = (struct reception_moved){
		.any = true,
		.number = place->number,
		.device = place->device,
		.inode = place->inode,
	};
}

static void take_into(struct work *work, struct intake *intake)
{
	struct rejects rejects;
	struct feed_place place;
	read_rejected(work, &rejects);
	struct feed_place *const whither = read_place(work, &place);
	read_reports(work, intake);
	if (work->why != NULL)
		return;
	work->error.code = intake_error(intake);
	if (work->error.code == 0)
		commit(work, intake, &rejects, whither);
	put(work, "number", json_integer(whither != NULL ? place.number : 0));
	put(work, "refused", json_integer((json_int_t)intake_refused(intake)));
}

static void take(struct work *work)
{
	const char *source = json_string_value(member(work, "source"));
	struct intake *intake;
	if (source == NULL || *source == '\0' || strlen(source) > SOURCE_MAX ||
		!parcel_is_printable(source))
		refuse(work, "expected a \"source\"");
	if (!json_is_boolean(member(work, "mail")))
		refuse(work, "expected whether it is a \"mail\"");
	if (work->why != NULL)
		return;
	const struct intake_options options = {
		.source = source,
		.rules = work->settings->rules,
		.operators = work->settings->operators,
		.key = work->settings->key,
		.keep = work->settings->keep,
		.mail = json_is_true(member(work, "mail")),
		.casebook = work->settings->casebook,
	};
	work->error.code = intake_create(&options, &intake);
	if (work->error.code < 0)
		return;
	take_into(work, intake);
	intake_destroy(intake);
}

/* --- requests --- */

static const struct {
	const char *name;
	void (*apply)(struct work *work);
	const char *members[7]; /* beside "request" */
	size_t len;
} requests[] = {
	{"ingest", take,
		{"source", "mail", "reports", "rejected", "place", "from", "latest"}, 7},
	{"ingest-places", list_places, {"format", "head"}, 2},
	{"ingest-place", show_place, {"number"}, 1},
	{"ingest-known", tell_known, {"format", "path"}, 2},
};
#define REQUESTS (sizeof requests / sizeof *requests)

static size_t find_request(const json_t *request)
{
	const char *name = json_string_value(json_object_get(request, "request"));
	size_t i = 0;
	while (i < REQUESTS && (name == NULL || strcmp(requests[i].name, name) != 0))
		i++;
	return i;
}

bool reception_is_asked(const json_t *request)
{
	return find_request(request) < REQUESTS;
}

/* All that are expected, and none more. */
static bool has_members(const json_t *request, size_t which)
{
	size_t found = 0;
	for (size_t i = 0; i < requests[which].len; i++)
		found += json_object_get(request, requests[which].members[i]) != NULL;
	return found == requests[which].len && json_object_size(request) == found + 1;
}

static int answer(struct work *work, json_t **ret_answer)
{
	if (work->why == NULL && work->error.code == 0) {
		*ret_answer = work->answer;
		return 0;
	}
	json_decref(work->answer);
	if (work->why != NULL)
		return request_refuse(-EINVAL, work->why, ret_answer);
	if (work->error.code == -ENOMEM)
		return -ENOMEM;
	return request_refuse(work->error.code,
		*work->error.text != '\0' ? work->error.text
					  : strerror(-work->error.code),
		ret_answer);
}

int reception_apply(const struct settings *settings, struct store *store,
	const json_t *request, int64_t now, struct reception_moved *ret_moved,
	json_t **ret_answer)
{
	const size_t which = find_request(request);
	*ret_moved = (struct reception_moved){.any = false};
	if (which == REQUESTS || !has_members(request, which))
		return request_refuse(
			-EINVAL, "found other members than the request has", ret_answer);
	struct work *work = calloc(1, sizeof *work);
	if (work == NULL)
		return -ENOMEM;
	work->settings = settings;
	work->store = store;
	work->request = request;
	work->now = now;
	work->answer = json_pack("{s:b}", "ok", 1);
	int error = -ENOMEM;
	if (work->answer != NULL) {
		requests[which].apply(work);
		*ret_moved = work->moved;
		error = answer(work, ret_answer);
	}
	free(work);
	return error;
}
