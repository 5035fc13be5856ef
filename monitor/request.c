/* SPDX-License-Identifier: MIT */
#include "monitor/request.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "monitor/domainlist.h"
#include "monitor/exchange.h"
#include "monitor/request_inside.h"
#include "resolvers/name.h"
#include "storage/history.h"
#include "storage/store.h"
#include "storage/watchlist.h"

void request_fault(struct request_doing *doing, const char *what, const char *found)
{
	if (doing->why[0] != '\0')
		return;
	snprintf(doing->why, sizeof doing->why, "%s%s%.100s", what,
		found != NULL ? ": " : "", found != NULL ? found : "");
}

int request_refuse(int code, const char *text, json_t **ret_answer)
{
	const char *name = strerrorname_np(-code);
	json_t *answer = json_pack("{s:b, s:s, s:s%}", "ok", 0, "code",
		name != NULL ? name : "EIO", "error", text, strlen(text));

	if (answer == NULL)
		answer = json_pack("{s:b, s:s, s:s}", "ok", 0, "code", "EINVAL", "error",
			"the request cannot be repeated");
	if (answer == NULL)
		return -ENOMEM;
	*ret_answer = answer;
	return 0;
}

bool request_read_name(
	struct request_doing *doing, const json_t *value, uint8_t name[NAME_WIRE_MAX])
{
	const char *text = json_string_value(value);
	const char *why = NULL;

	if (text == NULL) {
		request_fault(doing, "expected a domain", NULL);
		return false;
	}
	if (name_parse_domain(text, name, &why) < 0) {
		request_fault(doing, "found a domain that is none", why);
		return false;
	}
	return true;
}

static const json_t *list_of(struct request_doing *doing, const char *key)
{
	const json_t *list = json_object_get(doing->request, key);

	if (!json_is_array(list) || json_array_size(list) > REQUEST_ROWS_MAX)
		request_fault(doing, "expected a list of at most 1000 items", key);
	return list;
}

void request_count(struct request_doing *doing, const char *key, json_int_t number)
{
	json_object_set_new(doing->answer, key, json_integer(number));
}

static void add_watched(struct request_doing *doing)
{
	const json_t *list = list_of(doing, "domains");
	json_int_t added = 0;
	uint8_t name[NAME_WIRE_MAX];

	for (size_t i = 0; doing->why[0] == '\0' && i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		const char *tags = json_string_value(json_object_get(item, "tags"));
		struct watched watched = {
			.domain = name, .tags = tags, .added_at = doing->now};

		if (tags == NULL || !domainlist_is_tags(tags))
			request_fault(doing, "expected \"tags\" with each domain", NULL);
		else if (request_read_name(doing, json_object_get(item, "domain"), name))
			added += watchlist_put(doing->store, &watched);
	}
	request_count(doing, "added", added);
	request_count(doing, "known", (json_int_t)json_array_size(list) - added);
}

static void remove_watched(struct request_doing *doing)
{
	const json_t *list = list_of(doing, "domains");
	json_t *unknown = json_array();
	json_int_t removed = 0;
	uint8_t name[NAME_WIRE_MAX];
	char text[NAME_TEXT_MAX];

	for (size_t i = 0; doing->why[0] == '\0' && i < json_array_size(list); i++) {
		if (!request_read_name(doing, json_array_get(list, i), name))
			break;
		if (watchlist_remove(doing->store, name) == 1)
			removed++;
		else
			json_array_append_new(
				unknown, json_string(name_format(name, text)));
	}
	request_count(doing, "removed", removed);
	json_object_set_new(doing->answer, "unknown", unknown);
}

static void import_rows(struct request_doing *doing)
{
	const json_t *list = list_of(doing, "rows");
	const char *source = json_string_value(json_object_get(doing->request, "source"));
	const char *view = json_string_value(json_object_get(doing->request, "view"));
	json_t *refused = json_array();
	json_int_t counts[EXCHANGE_REFUSED + 1] = {0};

	if (source == NULL || strlen(source) > EXCHANGE_SOURCE_MAX)
		request_fault(doing, "expected a \"source\"", NULL);
	for (size_t i = 0; doing->why[0] == '\0' && i < json_array_size(list); i++) {
		const json_t *item = json_array_get(list, i);
		const char *why = NULL;
		enum exchange_outcome outcome = exchange_import_row(
			doing->store, json_object_get(item, "row"), view, source, &why);

		counts[outcome]++;
		if (outcome == EXCHANGE_REFUSED)
			json_array_append_new(refused,
				json_pack("{s:I, s:s}", "line",
					json_integer_value(json_object_get(item, "line")),
					"why", why));
	}
	request_count(doing, "added", counts[EXCHANGE_ADDED]);
	request_count(doing, "known", counts[EXCHANGE_KNOWN]);
	request_count(doing, "passed_over", counts[EXCHANGE_PASSED_OVER]);
	json_object_set_new(doing->answer, "refused", refused);
}

static void ping(struct request_doing *doing)
{
	request_count(doing, "pid", getpid());
	json_object_set_new(doing->answer, "version", json_string(MXVIGIL_VERSION));
}

static const struct {
	const char *name;
	void (*apply)(struct request_doing *doing);
	const char *members[4]; /* beside "request" */
} requests[] = {
	{"ping", ping, {0}},
	{"watch-add", add_watched, {"domains"}},
	{"watch-remove", remove_watched, {"domains"}},
	{"import", import_rows, {"source", "view", "rows"}},
	{"incident-ack", request_incident_ack, {"incident"}},
	{"incident-close", request_incident_close, {"incident"}},
	{"expect-add", request_expect_add, {"domain", "operators", "until", "note"}},
	{"expect-remove", request_expect_remove, {"number"}},
	{"alert-retry", request_alert_retry, {"alert"}},
	{"forget", request_forget, {"recipient", "hash", "domain"}},
};

static void check_members(struct request_doing *doing, const char *const members[4])
{
	const char *key;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)doing->request, key, value)
	{
		bool known = strcmp(key, "request") == 0;

		for (size_t i = 0; i < 4 && members[i] != NULL; i++)
			known = known || strcmp(key, members[i]) == 0;
		if (!known)
			request_fault(doing, "found an unknown member", key);
	}
}

/* Returns 0 with the answer made, or -ENOMEM. */
static int apply(struct request_doing *doing, void (*fn)(struct request_doing *doing),
	json_t **ret_answer)
{
	struct store_error error;
	int err;

	doing->answer = json_pack("{s:b}", "ok", 1);
	if (doing->answer == NULL)
		return -ENOMEM;
	store_begin(doing->store);
	fn(doing);
	if (doing->why[0] != '\0') {
		store_rollback(doing->store);
		json_decref(doing->answer);
		return request_refuse(-EINVAL, doing->why, ret_answer);
	}
	err = store_commit(doing->store, doing->now, &error);
	if (err < 0) {
		json_decref(doing->answer);
		return request_refuse(err, error.text, ret_answer);
	}
	*ret_answer = doing->answer;
	return 0;
}

int request_apply(
	struct store *store, const json_t *request, int64_t now, json_t **ret_answer)
{
	struct request_doing doing = {.store = store, .request = request, .now = now};
	const char *name = json_string_value(json_object_get(request, "request"));

	for (size_t i = 0; name != NULL && i < sizeof requests / sizeof *requests; i++) {
		if (strcmp(name, requests[i].name) != 0)
			continue;
		check_members(&doing, requests[i].members);
		if (doing.why[0] != '\0')
			return request_refuse(-EINVAL, doing.why, ret_answer);
		return apply(&doing, requests[i].apply, ret_answer);
	}
	return request_refuse(-EINVAL,
		name == NULL ? "expected an object with \"request\""
			     : "found a request that is not known here",
		ret_answer);
}

static bool is_done(const json_t *request, const json_t *answer, const char *prefix)
{
	const char *name = json_string_value(json_object_get(request, "request"));

	return name != NULL && strncmp(name, prefix, strlen(prefix)) == 0 &&
		json_is_true(json_object_get(answer, "ok"));
}

bool request_changed_watchlist(const json_t *request, const json_t *answer)
{
	return is_done(request, answer, "watch-");
}

bool request_changed_expectations(const json_t *request, const json_t *answer)
{
	return is_done(request, answer, "expect-");
}

bool request_changed_alerts(const json_t *request, const json_t *answer)
{
	return is_done(request, answer, "alert-");
}

int64_t request_closed_incident(const json_t *request, const json_t *answer)
{
	return is_done(request, answer, "incident-close")
		? json_integer_value(json_object_get(answer, "closed"))
		: 0;
}
