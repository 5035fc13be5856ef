/* SPDX-License-Identifier: MIT */
/* What was done to the reply filter, as it is remembered beside it. */
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/log.h"
#include "monitor/protect/replace.h"
#include "monitor/protect/replace_inside.h"
#include "monitor/protect/replyfile.h"
#include "monitor/textfile.h"
#include "storage/instant.h"

#define STATE_MAX 65536

static json_t *instant(int64_t at)
{
	char text[INSTANT_TEXT_MAX];
	return json_string(instant_format(at, text));
}

/* --- writing --- */

static json_t *describe_reload(
	const struct replace_order *order, const struct replace_result *result)
{
	if (!order->command)
		return json_pack(
			"{s:s, s:n, s:n, s:n}", "by", "path-unit", "at", "ok", "said");
	if (!result->reloaded)
		return json_pack(
			"{s:s, s:n, s:n, s:n}", "by", order->command, "at", "ok", "said");
	const struct child_end *const end = &result->reload;
	const bool ok = result->reload_error == 0 && !end->late && end->status == 0;
	const char *const said = result->reload_error != 0
		? strerror(-result->reload_error)
		: end->late ? "it took too long and was ended"
			    : end->said;
	json_t *const text = json_string(said);
	return json_pack("{s:s, s:o, s:b, s:o}", "by", order->command, "at",
		instant(order->now), "ok", ok, "said",
		text ? text : json_string("(no text)"));
}

static json_t *read_json(const char *path)
{
	char *text;
	size_t len;
	if (textfile_read(path, STATE_MAX, &text, &len) != 0)
		return NULL;
	json_t *const json = json_loadb(text, len, 0, NULL);
	free(text);
	if (json_is_object(json))
		return json;
	json_decref(json);
	return NULL;
}

static json_t *read_state(const char *path)
{
	char name[PATH_MAX];
	snprintf(name, sizeof name, "%s" REPLACE_STATE, path);
	return read_json(name);
}

static void write_json(int fd, const json_t *json)
{
	char *const text = json_dumps(json, JSON_COMPACT);
	const size_t len = text ? strlen(text) : 0;
	const bool written = len > 0 && pwrite(fd, text, len, 0) == (ssize_t)len;
	/* Half a state is none. */
	if (ftruncate(fd, written ? (off_t)len : 0) != 0)
		log_warn("protect", "the state of the reply filter cannot be kept");
	free(text);
}

void replace_note(
	int fd, const struct replace_order *order, const struct replace_result *result)
{
	if (!result->written && !result->reloaded && result->error == 0)
		return;
	json_t *state = read_state(order->path);
	if (!state)
		state = json_object();
	if (result->error != 0) {
		json_object_set_new(state, "error", json_string(result->why));
		json_object_set_new(state, "error_at", instant(order->now));
	} else {
		json_object_del(state, "error");
		json_object_del(state, "error_at");
	}
	if (result->written) {
		json_object_set_new(
			state, "entries", json_integer((json_int_t)order->entries));
		json_object_set_new(state, "written_at", instant(order->now));
		json_object_set_new(state, "checked_by",
			json_string(result->asked_postmap ? "postmap" : "mxvigil"));
	}
	if (result->written || result->reloaded)
		json_object_set_new(state, "reload", describe_reload(order, result));
	write_json(fd, state);
	json_decref(state);
}

/* --- reading --- */

static int64_t changed_at(const char *path, const char *suffix)
{
	char name[PATH_MAX];
	struct stat status;
	snprintf(name, sizeof name, "%s%s", path, suffix);
	if (stat(name, &status) != 0)
		return 0;
	return status.st_mtim.tv_sec * INT64_C(1000) + status.st_mtim.tv_nsec / 1000000;
}

/* The path unit touches a file when it is done; before the filter's own time it was done for
 * another. */
static void look_for_unit(json_t *reload, const char *path)
{
	const char *const by = json_string_value(json_object_get(reload, "by"));
	const int64_t at = changed_at(path, REPLACE_RELOADED);
	if (!by || strcmp(by, "path-unit") != 0 || at == 0 || at < changed_at(path, ""))
		return;
	json_object_set_new(reload, "at", instant(at));
	json_object_set_new(reload, "ok", json_true());
}

bool replace_lacks_reload(const char *path)
{
	json_t *const state = read_state(path);
	json_t *const reload = json_object_get(state, "reload");
	if (reload)
		look_for_unit(reload, path);
	const bool lacks = reload && !json_is_true(json_object_get(reload, "ok"));
	json_decref(state);
	return lacks;
}

static void count_entry(void *owner, const struct replyfile_entry *entry)
{
	size_t *const count = owner;
	(void)entry;
	++*count;
}

static json_t *count_entries(const char *path)
{
	char why[REPLYFILE_WHY_MAX];
	char *text;
	size_t len;
	size_t count = 0;
	if (textfile_read(path, REPLYFILE_MAX, &text, &len) != 0)
		return json_null();
	const bool ours = replyfile_check(text, len, why);
	if (ours)
		replyfile_each(text, len, count_entry, &count);
	free(text);
	return ours ? json_integer((json_int_t)count) : json_null();
}

static json_t *member(const json_t *state, const char *key)
{
	json_t *const value = json_object_get(state, key);
	return value ? json_incref(value) : json_null();
}

json_t *replace_state(const char *path)
{
	json_t *const state = read_state(path);
	json_t *const reload = json_object_get(state, "reload");
	if (reload)
		look_for_unit(reload, path);
	json_t *const row = json_pack("{s:s, s:b, s:o, s:o, s:o, s:o, s:o}", "path", path,
		"exists", access(path, F_OK) == 0, "entries", count_entries(path),
		"written_at", member(state, "written_at"), "checked_by",
		member(state, "checked_by"), "reload", member(state, "reload"), "error",
		member(state, "error"));
	json_decref(state);
	return row;
}
