/* SPDX-License-Identifier: MIT */
#include "monitor/backtest/past.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "monitor/backtest/past_head.h"
#include "monitor/exchange_read.h"
#include "resolvers/name.h"

#define POLLS_MOST 100000 /* of one failing row */

struct loading {
	struct past *past;
	struct past_heads *heads; /* owned */
	past_refused_fn on_refused;
	void *owner;
	uint64_t line;
	int err;
};

static_assert(sizeof(struct past_event) == 56, "a history of millions is held in memory");

/* --- what events share --- */

struct past_set {
	struct mxset set; /* owned */
	size_t bytes_len;
	uint8_t bytes[]; /* the set, encoded */
};

static const void *name_name(const void *thing, size_t *ret_len)
{
	*ret_len = name_length(thing);
	return thing;
}

static const void *set_name(const void *thing, size_t *ret_len)
{
	const struct past_set *set = thing;
	*ret_len = set->bytes_len;
	return set->bytes;
}

void past_init(struct past *past)
{
	*past = (struct past){.len = 0};
	lexicon_init(&past->names.by_name, name_name);
	lexicon_init(&past->sets.by_name, set_name);
}

/* Takes the thing on success. */
static int keep(struct past_things *things, void *thing)
{
	if (things->len == things->room) {
		const size_t room = things->room > 0 ? things->room * 2 : 256;
		void **list = realloc(things->list, room * sizeof *list);
		if (list == NULL)
			return -ENOMEM;
		things->list = list;
		things->room = room;
	}
	if (lexicon_add(&things->by_name, thing) < 0)
		return -ENOMEM;
	things->list[things->len++] = thing;
	return 0;
}

static const uint8_t *shared_name(struct past *past, const uint8_t *name)
{
	const size_t len = name_length(name);
	const uint8_t *known = lexicon_find(&past->names.by_name, name, len);
	if (known != NULL)
		return known;
	uint8_t *copy = malloc(len);
	if (copy == NULL)
		return NULL;
	memcpy(copy, name, len);
	if (keep(&past->names, copy) == 0)
		return copy;
	free(copy);
	return NULL;
}

static struct past_set *make_set(
	const struct mxset *set, const uint8_t *bytes, size_t len)
{
	struct past_set *made = calloc(1, sizeof *made + len);
	if (made == NULL)
		return NULL;
	if (mxset_copy(set, &made->set) < 0) {
		free(made);
		return NULL;
	}
	made->bytes_len = len;
	memcpy(made->bytes, bytes, len);
	return made;
}

static const struct mxset *shared_set(
	struct past *past, enum answer_state state, const struct mxset *set)
{
	uint8_t *bytes;
	size_t len;
	if (mxset_encode(state, set, &bytes, &len) < 0)
		return NULL;
	struct past_set *found = lexicon_find(&past->sets.by_name, bytes, len);
	if (found == NULL && (found = make_set(set, bytes, len)) != NULL &&
		keep(&past->sets, found) < 0) {
		mxset_finish(&found->set);
		free(found);
		found = NULL;
	}
	free(bytes);
	return found != NULL ? &found->set : NULL;
}

/* The domain is the past's; NULL: there was no memory for it. */
static struct past_event *add(struct past *past, const uint8_t *domain)
{
	if (domain == NULL)
		return NULL;
	if (past->len == past->room) {
		const size_t room = past->room > 0 ? past->room * 2 : 1024;
		struct past_event *events = realloc(past->events, room * sizeof *events);
		if (events == NULL)
			return NULL;
		past->events = events;
		past->room = room;
	}
	struct past_event *event = &past->events[past->len];
	*event = (struct past_event){.domain = domain, .order = (uint32_t)past->len++};
	return event;
}

static int find_view(struct past *past, const char *name)
{
	for (unsigned i = 0; i < past->views_len; i++)
		if (strcmp(past->views[i].name, name) == 0)
			return (int)i;
	if (past->views_len == PAST_VIEWS_MAX)
		return -ENOSPC;
	snprintf(past->views[past->views_len].name, PAST_VIEW_MAX, "%s", name);
	return (int)past->views_len++;
}

/* --- rows --- */

struct row {
	const json_t *json;
	const struct past_head *head; /* what json lacks; NULL: json is all of it */
	struct past_head said; /* as a head, where the row was right */
	bool is_mx; /* and right */
	struct exchange_reading reading;
	int64_t first_at;
	int64_t last_at;
	int64_t count;
};

static void read_times(struct row *row)
{
	static const char why[] = "no time_first and time_last in epoch seconds";
	struct exchange_reading *reading = &row->reading;
	const int64_t most = EXCHANGE_READ_LAST_MS / 1000;
	row->first_at = 1000 *
		exchange_read_number(reading, row->json, "time_first", 0, most, why);
	row->last_at = 1000 *
		exchange_read_number(reading, row->json, "time_last", 0, most, why);
	row->count = 1;
	if (json_object_get(row->json, "count") != NULL)
		row->count = exchange_read_number(
			reading, row->json, "count", 1, INT32_MAX, "a wrong count");
	if (row->last_at < row->first_at)
		exchange_read_fault(reading, "time_last before time_first");
	const json_t *ours = json_object_get(row->json, "x_mxvigil");
	if (json_object_get(ours, "first_ms") == NULL)
		return;
	row->first_at = exchange_read_instant(reading, ours, "first_ms");
	row->last_at = exchange_read_instant(reading, ours, "last_ms");
	if (row->last_at < row->first_at)
		exchange_read_fault(reading, "last_ms before first_ms");
}

static int add_failures(struct past *past, const struct row *row, unsigned view)
{
	int64_t count = row->count < POLLS_MOST ? row->count : POLLS_MOST;
	for (int64_t i = 0; i < count; i++) {
		struct past_event *event = add(past, row->said.domain);
		if (event == NULL)
			return -ENOMEM;
		event->kind = PAST_FAILURE;
		event->view = (uint8_t)view;
		event->state = ANSWER_SERVFAIL;
		event->at = row->first_at;
		if (count > 1)
			event->at += (row->last_at - row->first_at) * i / (count - 1);
		event->last_at = event->at;
	}
	return 0;
}

static int add_answer(struct past *past, const struct row *row, unsigned view,
	enum answer_state state, const struct mxset *shared)
{
	struct past_event *event = shared != NULL ? add(past, row->said.domain) : NULL;
	if (event == NULL)
		return -ENOMEM;
	event->kind = PAST_ANSWER;
	event->view = (uint8_t)view;
	event->state = (uint8_t)state;
	event->at = row->first_at;
	event->last_at = row->last_at;
	event->set = shared;
	if (row->count > 1 && past->views[view].interval_ms == 0)
		past->views[view].interval_ms =
			(row->last_at - row->first_at) / (row->count - 1);
	return 0;
}

/* What a row without data stands for. */
static enum answer_state state_of(const struct row *row)
{
	const char *rcode = json_string_value(json_object_get(row->json, "x_rcode"));
	if (rcode == NULL || strcmp(rcode, "NOERROR") == 0)
		return ANSWER_NODATA;
	return strcmp(rcode, "NXDOMAIN") == 0 ? ANSWER_NXDOMAIN : ANSWER_SERVFAIL;
}

/* The answer that the front of the row is, if it is one that was read before. */
static int add_known(struct past *past, struct row *row, unsigned view)
{
	const struct past_head *head = row->head;
	static const struct mxset none;
	row->said = *head;
	if (head->set != NULL)
		return add_answer(past, row, view, head->state, head->set);
	const enum answer_state state = state_of(row);
	return answer_state_is_usable(state)
		? add_answer(past, row, view, state, shared_set(past, state, &none))
		: add_failures(past, row, view);
}

static int add_new(
	struct past *past, struct row *row, unsigned view, const struct mxset *set)
{
	const enum answer_state state = set->len == 0 ? state_of(row)
		: exchange_read_is_null_mx(set)       ? ANSWER_NULL_MX
						      : ANSWER_MX;
	const bool usable = answer_state_is_usable(state);
	if (!mxset_fits(usable ? state : ANSWER_NODATA, set)) {
		exchange_read_fault(&row->reading, "a set that no domain can have");
		return 0;
	}
	const struct mxset *shared = usable ? shared_set(past, state, set) : NULL;
	row->is_mx = true;
	row->said = (struct past_head){
		.domain = shared_name(past, row->reading.domain),
		.set = set->len > 0 ? shared : NULL,
		.state = state,
	};
	return usable ? add_answer(past, row, view, state, shared)
		      : add_failures(past, row, view);
}

static int take_mx(struct past *past, struct row *row)
{
	struct exchange_reading *reading = &row->reading;
	struct mxset set = {0};
	int err = 0;
	exchange_read_view(reading, row->json, NULL);
	if (row->head == NULL)
		exchange_read_rdata(reading, row->json, &set);
	const int view = reading->why == NULL ? find_view(past, reading->view) : 0;
	if (view < 0)
		exchange_read_fault(reading, "more than 16 different views");
	if (reading->why == NULL)
		err = row->head != NULL ? add_known(past, row, (unsigned)view)
					: add_new(past, row, (unsigned)view, &set);
	mxset_finish(&set);
	return err;
}

static int take_addresses(struct past *past, struct row *row)
{
	const json_t *list = json_object_get(row->json, "rdata");
	const uint8_t *host = shared_name(past, row->reading.domain);
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *text = json_string_value(json_array_get(list, i));
		struct endpoint address;
		if (text == NULL || endpoint_parse(text, 25, &address) < 0) {
			exchange_read_fault(&row->reading, "an rdata that is no address");
			return 0;
		}
		struct past_event *event = add(past, host);
		if (event == NULL)
			return -ENOMEM;
		event->kind = PAST_ADDRESS;
		event->at = event->last_at = row->first_at;
		event->address = address;
	}
	return 0;
}

/* Rows of an export of ours that are no spans of a whole view. */
static bool is_beside(const struct row *row)
{
	const json_t *ours = json_object_get(row->json, "x_mxvigil");
	const char *record = json_string_value(json_object_get(ours, "record"));
	return (record != NULL && strcmp(record, "span") != 0) ||
		json_is_string(json_object_get(ours, "server"));
}

static int take_row(struct past *past, struct row *row)
{
	struct exchange_reading *reading = &row->reading;
	const char *type = "MX"; /* of a head */
	if (row->head == NULL) {
		type = exchange_read_text(reading, row->json, "rrtype", "no rrtype");
		exchange_read_domain(reading, row->json);
	}
	read_times(row);
	if (reading->why != NULL)
		return 0;
	if (strcmp(type, "MX") == 0 && !is_beside(row))
		return take_mx(past, row);
	if (strcmp(type, "A") == 0 || strcmp(type, "AAAA") == 0)
		return take_addresses(past, row);
	past->passed_over++;
	return 0;
}

static json_t *parse(struct loading *loading, char *line, size_t len, size_t front_len,
	const struct past_head **ret_head)
{
	const struct past_head *head =
		front_len > 0 ? past_heads_find(loading->heads, line, front_len) : NULL;
	json_t *rest = head != NULL ? past_head_rest(line, len, front_len) : NULL;
	if (rest == NULL)
		return json_loadb(line, len, JSON_REJECT_DUPLICATES, NULL);
	*ret_head = head;
	return rest;
}

static void take_line(struct loading *loading, char *line, size_t len)
{
	struct row row = {0};
	const size_t front_len = past_head_length(line, len);
	json_t *json = parse(loading, line, len, front_len, &row.head);
	row.json = json;
	if (!json_is_object(json))
		row.reading.why = "not a JSON object";
	else
		loading->err = take_row(loading->past, &row);
	json_decref(json);
	if (front_len > 0 && row.is_mx && loading->err == 0)
		past_heads_add(loading->heads, line, front_len, &row.said);
	if (row.reading.why == NULL)
		return;
	loading->past->refused++;
	loading->on_refused(loading->owner, loading->line, row.reading.why);
}

static int read_lines(struct loading *loading, FILE *in)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t len;
	while (loading->err == 0 && (len = getline(&line, &room, in)) > 0) {
		loading->line++;
		if (line[len - 1] == '\n')
			len--;
		if (len > 0)
			take_line(loading, line, (size_t)len);
	}
	free(line);
	if (loading->err == 0 && ferror(in))
		loading->err = -EIO;
	return loading->err;
}

int past_read(
	struct past *past, const char *path, past_refused_fn on_refused, void *owner)
{
	struct loading loading = {.past = past, .on_refused = on_refused, .owner = owner};
	FILE *in = fopen(path, "re");
	if (in == NULL)
		return -errno;
	loading.heads = past_heads_create();
	const int err = loading.heads != NULL ? read_lines(&loading, in) : -ENOMEM;
	past_heads_destroy(loading.heads);
	fclose(in);
	return err;
}

/* --- order --- */

static int by_time(const void *a, const void *b)
{
	const struct past_event *first = a, *second = b;
	if (first->at != second->at)
		return first->at < second->at ? -1 : 1;
	if (first->kind != second->kind)
		return first->kind < second->kind ? -1 : 1;
	return first->order < second->order ? -1 : 1;
}

static int by_domain_and_view(const void *a, const void *b)
{
	const struct past_event *const *first = a, *const *second = b;
	const int order = name_compare((*first)->domain, (*second)->domain);
	if (order != 0)
		return order;
	if ((*first)->view != (*second)->view)
		return (*first)->view < (*second)->view ? -1 : 1;
	return by_time(*first, *second);
}

static void link_answers(struct past *past)
{
	struct past_event **list = malloc((past->len + 1) * sizeof *list);
	size_t len = 0;
	for (size_t i = 0; list != NULL && i < past->len; i++)
		if (past->events[i].kind == PAST_ANSWER)
			list[len++] = &past->events[i];
	if (list != NULL)
		qsort(list, len, sizeof *list, by_domain_and_view);
	for (size_t i = 1; i < len; i++)
		if (list[i]->view == list[i - 1]->view &&
			name_equal(list[i]->domain, list[i - 1]->domain))
			list[i]->not_before_at = list[i - 1]->last_at;
	free(list);
}

void past_settle(struct past *past)
{
	if (past->len > 0)
		qsort(past->events, past->len, sizeof *past->events, by_time);
	link_answers(past);
}

static void finish_things(struct past_things *things)
{
	for (size_t i = 0; i < things->len; i++)
		free(things->list[i]);
	free(things->list);
	lexicon_finish(&things->by_name);
}

void past_finish(struct past *past)
{
	for (size_t i = 0; i < past->sets.len; i++) {
		struct past_set *set = past->sets.list[i];
		mxset_finish(&set->set);
	}
	finish_things(&past->sets);
	finish_things(&past->names);
	free(past->events);
	*past = (struct past){0};
}
