/* SPDX-License-Identifier: MIT */
#include "monitor/protect/suspend.h"

#include <errno.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "alerts/http.h"
#include "monitor/protect/hold.h"
#include "storage/instant.h"

#define PATH "/api/admin/suspend/v1"
#define REASON "mxvigil incident "

static int fail(struct suspend_result *result, int error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static int fail(struct suspend_result *result, int error, const char *format, ...)
{
	va_list args;
	va_start(args, format);
	vsnprintf(result->why, sizeof result->why, format, args);
	va_end(args);
	result->error = error;
	return error;
}

/* Takes body. *ret_answer (NULL: it does not matter) is returned. A code that is allowed beside
 * 200: 0 for none. */
static int ask(const char *url, const char *method, json_t *body, long allowed,
	json_t **ret_answer, struct suspend_result *result)
{
	char *const text = body ? json_dumps(body, JSON_COMPACT) : NULL;
	const struct http_request request = {
		.method = method,
		.url = url,
		.body = text,
		.limit_ms = SUSPEND_LIMIT_MS,
	};
	struct http_reply reply = {0};
	int error = body && !text ? -ENOMEM : http_ask(&request, &reply);
	if (error != 0)
		fail(result, error, "%s %s: %s", method, url,
			error == -ENOMEM ? "out of memory" : reply.why);
	else if (reply.code != 200 && reply.code != allowed)
		error = fail(result, -EPROTO, "%s %s: HTTP %ld", method, url, reply.code);
	json_t *answer = NULL;
	if (error == 0 && ret_answer) {
		answer =
			reply.len > 0 ? json_loadb(reply.body, reply.len, 0, NULL) : NULL;
		if (!answer)
			error = fail(result, -EPROTO, "%s %s: an answer that is no JSON",
				method, url);
		*ret_answer = answer;
	}
	http_reply_finish(&reply);
	json_decref(body);
	free(text);
	return error;
}

static const char *text_of(const json_t *entry, const char *key)
{
	const char *const text = json_string_value(json_object_get(entry, key));
	return text ? text : "";
}

static bool is_ours(const json_t *entry)
{
	return strncmp(text_of(entry, "reason"), REASON, sizeof REASON - 1) == 0 &&
		*text_of(entry, "domain") != '\0' && *text_of(entry, "id") != '\0';
}

static bool is_suspended(const json_t *list, const char *domain)
{
	size_t i;
	json_t *entry;
	json_array_foreach(list, i, entry) if (is_ours(entry) &&
		strcmp(text_of(entry, "domain"), domain) == 0) return true;
	return false;
}

static bool is_to_wait(
	const struct hold *holds, size_t len, int64_t now, const char *domain)
{
	char name[NAME_TEXT_MAX];
	for (size_t i = 0; i < len; i++)
		if (holds[i].keeps_away && hold_holds(&holds[i], now) &&
			strcmp(name_format(holds[i].domain, name), domain) == 0)
			return true;
	return false;
}

static int suspend(const char *url, const struct hold *hold, const char *domain,
	struct suspend_result *result)
{
	char expires[INSTANT_TEXT_MAX];
	char reason[STORE_ID_MAX + 64];
	snprintf(reason, sizeof reason, REASON "%s: mail waits until the MX is back",
		hold->id);
	json_t *const body = json_pack("{s:s, s:s, s:s}", "domain", domain, "reason",
		reason, "expires", instant_format(hold->expires_at, expires));
	if (!body)
		return fail(result, -ENOMEM, "out of memory");
	const int error = ask(url, "POST", body, 0, NULL, result);
	result->suspended += error == 0;
	return error;
}

/* One that has expired meanwhile is not there any more: 404. */
static int lift(const char *url, const json_t *entry, struct suspend_result *result)
{
	json_t *const body = json_pack("{s:s}", "id", text_of(entry, "id"));
	if (!body)
		return fail(result, -ENOMEM, "out of memory");
	const int error = ask(url, "DELETE", body, 404, NULL, result);
	result->lifted += error == 0;
	return error;
}

static int exchange(const char *url, const struct hold *holds, size_t len, int64_t now,
	struct suspend_result *result)
{
	char name[NAME_TEXT_MAX];
	json_t *list = NULL;
	json_t *entry;
	size_t at;
	int error = ask(url, "GET", NULL, 0, &list, result);
	if (error == 0 && !json_is_array(list))
		error = fail(result, -EPROTO, "GET %s: an answer that is no list", url);
	for (size_t i = 0; error == 0 && i < len; i++) {
		name_format(holds[i].domain, name);
		if (holds[i].keeps_away && hold_holds(&holds[i], now) &&
			!is_suspended(list, name))
			error = suspend(url, &holds[i], name, result);
	}
	json_array_foreach(list, at, entry) if (error == 0 && is_ours(entry) &&
		!is_to_wait(holds, len, now, text_of(entry, "domain"))) error =
		lift(url, entry, result);
	json_decref(list);
	return error;
}

void suspend_reconcile(const char *url, const struct hold *holds, size_t len, int64_t now,
	struct suspend_result *ret_result)
{
	size_t url_len = strlen(url);
	char *path = NULL;
	*ret_result = (struct suspend_result){0};
	while (url_len > 0 && url[url_len - 1] == '/')
		url_len--;
	if (asprintf(&path, "%.*s" PATH, (int)url_len, url) < 0) {
		fail(ret_result, -ENOMEM, "out of memory");
		return;
	}
	if (exchange(path, holds, len, now, ret_result) != 0 && ret_result->error == 0)
		fail(ret_result, -EIO, "unknown");
	free(path);
}
