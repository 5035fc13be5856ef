/* SPDX-License-Identifier: MIT */
#include "monitor/conf_layout.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/conf.h"
#include "monitor/conf_file.h"
#include "monitor/conf_tree.h"
#include "monitor/conf_value.h"
#include "monitor/nearest.h"
#include "resolvers/name.h"

#define VIEWS_MAX 32
#define WATCHES_MAX 62
#define TAGS_MAX 16

static void read_endpoints(struct conf_reader *reader, char *const *texts, size_t len,
	const char *path, struct endpoint **ret_endpoints, size_t *ret_len)
{
	char place[CONF_PATH_MAX];

	if (reader->err != 0)
		return;
	*ret_endpoints = calloc(len, sizeof **ret_endpoints);
	if (*ret_endpoints == NULL) {
		reader->err = -ENOMEM;
		return;
	}
	*ret_len = len;
	for (size_t i = 0; i < len; i++) {
		snprintf(place, sizeof place, "%s[%zu]", path, i);
		conf_read_endpoint(reader, texts[i], 53, place, &(*ret_endpoints)[i]);
		for (size_t j = 0; j < i && reader->err == 0; j++)
			if (endpoint_equal(&(*ret_endpoints)[i], &(*ret_endpoints)[j]))
				conf_blame(reader, texts[i], "each address once", "%s",
					place);
	}
}

static void read_authoritative(struct conf_reader *reader,
	const struct conf_file_view *file, size_t i, struct conf_view *view)
{
	char path[CONF_PATH_MAX];
	uint32_t port = 53;

	if (file->servers != NULL)
		conf_blame(reader, "servers", "bootstrap, in an authoritative view",
			"views[%zu].servers", i);
	snprintf(path, sizeof path, "views[%zu].port", i);
	conf_read_number(reader, file->port, 1, 65535, path, &port);
	view->port = (uint16_t)port;
	snprintf(path, sizeof path, "views[%zu].bootstrap", i);
	if (file->bootstrap != NULL)
		read_endpoints(reader, file->bootstrap, file->bootstrap_count, path,
			&view->bootstrap, &view->bootstrap_len);
	view->from_resolv_conf = file->bootstrap == NULL;
}

static void read_recursive(struct conf_reader *reader, const struct conf_file_view *file,
	size_t i, struct conf_view *view)
{
	char path[CONF_PATH_MAX];

	if (file->bootstrap != NULL)
		conf_blame(reader, "bootstrap", "servers, in a recursive view",
			"views[%zu].bootstrap", i);
	if (file->port != NULL)
		conf_blame(reader, "port", "ports with the servers, in a recursive view",
			"views[%zu].port", i);
	snprintf(path, sizeof path, "views[%zu].servers", i);
	if (file->servers != NULL)
		read_endpoints(reader, file->servers, file->servers_count, path,
			&view->servers, &view->servers_len);
	view->from_resolv_conf = file->servers == NULL;
}

static void read_view(struct conf_reader *reader, size_t i)
{
	struct conf *conf = reader->conf;
	const struct conf_file_view *file = &conf->file->views[i];
	struct conf_view *view = &conf->views[i];
	char path[CONF_PATH_MAX];
	uint32_t qps = 0;

	snprintf(path, sizeof path, "views[%zu].name", i);
	conf_read_name(reader, file->name, path, &view->name);
	if (reader->err == 0 && conf_view_index(conf, view->name) < i)
		conf_blame(reader, file->name, "another name: a view is called so", "%s",
			path);
	view->kind = (enum conf_view_kind)file->kind;
	if (view->kind == CONF_VIEW_AUTHORITATIVE)
		read_authoritative(reader, file, i, view);
	else
		read_recursive(reader, file, i, view);
	view->qps = CONF_QPS_UNSET;
	if (file->qps != NULL) {
		snprintf(path, sizeof path, "views[%zu].qps", i);
		conf_read_number(reader, file->qps, 0, 1000000, path, &qps);
		view->qps = (int32_t)qps;
	}
	view->trusted = file->trusted != NULL && *file->trusted;
}

/* Views of the file stand in the place of the defaults. */
static void read_views(struct conf_reader *reader)
{
	const struct conf_file *file = reader->conf->file;
	size_t len = file->views_count;

	if (file->views == NULL || reader->err != 0)
		return;
	if (len == 0 || len > VIEWS_MAX) {
		conf_blame(
			reader, len == 0 ? NULL : "too many", "1 to 64 views", "views");
		return;
	}
	reader->conf->views = calloc(len, sizeof *reader->conf->views);
	if (reader->conf->views == NULL) {
		reader->err = -ENOMEM;
		return;
	}
	reader->conf->views_len = len;
	for (size_t i = 0; i < len && reader->err == 0; i++)
		read_view(reader, i);
}

static void read_limits(struct conf_reader *reader)
{
	const struct conf_file_limits *file = reader->conf->file->limits;
	struct conf_limits *limits = &reader->conf->limits;

	if (file == NULL)
		return;
	conf_read_number(reader, file->per_server_qps, 0, 1000000,
		"limits.per-server-qps", &limits->per_server_qps);
	conf_read_number(reader, file->total_qps, 0, 10000000, "limits.total-qps",
		&limits->total_qps);
	conf_read_number(
		reader, file->threads, 1, 64, "limits.threads", &limits->threads);
	conf_read_number(reader, file->tries, 1, 10, "limits.tries", &limits->tries);
	conf_read_duration(reader, file->timeout, "limits.timeout", &limits->timeout_ms);
	if (limits->timeout_ms < 50 || limits->timeout_ms > 60000)
		conf_blame(reader, file->timeout, "a time from 50ms to 60s",
			"limits.timeout");
	conf_read_duration(reader, file->min_interval, "limits.min-interval",
		&limits->min_interval_ms);
	if (limits->min_interval_ms < 100)
		conf_blame(reader, file->min_interval, "at least 100ms",
			"limits.min-interval");
	conf_read_duration(reader, file->address_interval, "limits.address-interval",
		&limits->address_interval_ms);
	if (limits->address_interval_ms != 0 &&
		limits->address_interval_ms < limits->min_interval_ms)
		conf_blame(reader, file->address_interval,
			"0s, or at least limits.min-interval", "limits.address-interval");
}

static void read_domains(struct conf_reader *reader, size_t i)
{
	const struct conf_file_watch *file = &reader->conf->file->watch[i];
	struct conf_watch *watch = &reader->conf->watches[i];
	uint8_t name[NAME_WIRE_MAX];
	const char *why = "";

	if (reader->err != 0 || file->domains_count == 0)
		return;
	watch->domains = calloc(file->domains_count, sizeof *watch->domains);
	for (size_t j = 0; watch->domains != NULL && j < file->domains_count; j++) {
		int err = name_parse_domain(file->domains[j], name, &why);
		char expected[160];

		if (err == -EINVAL) {
			snprintf(expected, sizeof expected, "a domain (%s)", why);
			conf_blame(reader, file->domains[j], expected,
				"watch[%zu].domains[%zu]", i, j);
			return;
		}
		if (err == 0)
			watch->domains[j] = malloc(name_length(name));
		if (watch->domains[j] == NULL) {
			reader->err = -ENOMEM;
			return;
		}
		memcpy(watch->domains[j], name, name_length(name));
		watch->domains_len++;
	}
	if (watch->domains == NULL)
		reader->err = -ENOMEM;
}

static void blame_view(struct conf_reader *reader, const char *found, size_t i, size_t j)
{
	const char *names[VIEWS_MAX];
	char expected[160];

	for (size_t v = 0; v < reader->conf->views_len; v++)
		names[v] = reader->conf->views[v].name;
	snprintf(expected, sizeof expected,
		"the name of a view of this file (nearest: %s)",
		nearest_word(found, names, reader->conf->views_len, NULL));
	conf_blame(reader, found, expected, "watch[%zu].views[%zu]", i, j);
}

static void read_watch_views(struct conf_reader *reader, size_t i)
{
	const struct conf_file_watch *file = &reader->conf->file->watch[i];
	struct conf_watch *watch = &reader->conf->watches[i];
	size_t all = reader->conf->views_len;

	if (reader->err != 0)
		return;
	watch->views = calloc(all + file->views_count, sizeof *watch->views);
	if (watch->views == NULL) {
		reader->err = -ENOMEM;
		return;
	}
	for (size_t v = 0; file->views == NULL && v < all; v++)
		watch->views[watch->views_len++] = v;
	for (size_t j = 0; j < file->views_count; j++) {
		size_t v = conf_view_index(reader->conf, file->views[j]);

		if (v == SIZE_MAX)
			blame_view(reader, file->views[j], i, j);
		for (size_t k = 0; k < watch->views_len; k++)
			if (watch->views[k] == v)
				conf_blame(reader, file->views[j], "each view once",
					"watch[%zu].views[%zu]", i, j);
		if (reader->err != 0)
			return;
		watch->views[watch->views_len++] = v;
	}
}

static void read_tags(struct conf_reader *reader, size_t i)
{
	const struct conf_file_watch *file = &reader->conf->file->watch[i];
	struct conf_watch *watch = &reader->conf->watches[i];

	if (file->tags_count > TAGS_MAX)
		conf_blame(reader, "more", "at most 16 tags", "watch[%zu].tags", i);
	for (size_t j = 0; j < file->tags_count; j++)
		if (strlen(file->tags[j]) > CONF_NAME_MAX ||
			strpbrk(file->tags[j], ", \t\r\n\"") != NULL)
			conf_blame(reader, file->tags[j],
				"a tag without blanks, commas and quotes",
				"watch[%zu].tags[%zu]", i, j);
	conf_read_texts(
		reader, file->tags, file->tags_count, &watch->tags, &watch->tags_len);
	conf_read_texts(reader, file->expect, file->expect_count, &watch->expect,
		&watch->expect_len);
}

static void check_watch(struct conf_reader *reader, size_t i)
{
	const struct conf_file_watch *file = &reader->conf->file->watch[i];
	const struct conf_watch *watch = &reader->conf->watches[i];
	char path[CONF_PATH_MAX];

	for (size_t j = 0; j < i; j++)
		if (strcmp(file->name, reader->conf->file->watch[j].name) == 0)
			conf_blame(reader, file->name,
				"another name: a watch is called so", "watch[%zu].name",
				i);
	if (watch->interval_ms < reader->conf->limits.min_interval_ms)
		conf_blame(reader, file->interval != NULL ? file->interval : "10s",
			"at least limits.min-interval", "watch[%zu].interval", i);
	if (file->domains_count == 0 && file->domains_file == NULL &&
		file->top_recipients == NULL)
		conf_blame(reader, NULL, "domains, domains-file or top-recipients",
			"watch[%zu]", i);
	snprintf(path, sizeof path, "watch[%zu].top-recipients", i);
	if (file->top_recipients != NULL && reader->conf->file->deliveries_count == 0)
		conf_warn(reader, path,
			"no deliveries are configured, so nothing is watched for it");
}

static void read_watch(struct conf_reader *reader, size_t i)
{
	const struct conf_file_watch *file = &reader->conf->file->watch[i];
	struct conf_watch *watch = &reader->conf->watches[i];
	char path[CONF_PATH_MAX];

	snprintf(path, sizeof path, "watch[%zu].name", i);
	conf_read_name(reader, file->name, path, &watch->name);
	watch->interval_ms = 10000;
	snprintf(path, sizeof path, "watch[%zu].interval", i);
	conf_read_duration(reader, file->interval, path, &watch->interval_ms);
	snprintf(path, sizeof path, "watch[%zu].top-recipients", i);
	conf_read_number(
		reader, file->top_recipients, 1, 10000000, path, &watch->top_recipients);
	check_watch(reader, i);
	conf_read_file_name(reader, file->domains_file, &watch->domains_file);
	read_domains(reader, i);
	read_watch_views(reader, i);
	read_tags(reader, i);
}

static void read_watches(struct conf_reader *reader)
{
	struct conf *conf = reader->conf;
	size_t len = conf->file->watch_count;

	if (len > WATCHES_MAX)
		conf_blame(reader, "more", "at most 62 watches", "watch");
	if (len == 0 || reader->err != 0)
		return;
	conf->watches = calloc(len, sizeof *conf->watches);
	if (conf->watches == NULL) {
		reader->err = -ENOMEM;
		return;
	}
	conf->watches_len = len;
	for (size_t i = 0; i < len && reader->err == 0; i++)
		read_watch(reader, i);
}

static void read_site(struct conf_reader *reader)
{
	const char *site = reader->conf->file->site;

	if (site == NULL)
		return;
	conf_read_name(reader, site, "site", &reader->conf->site);
}

static void settle(struct conf_reader *reader, char **name)
{
	conf_read_file_name(reader, *name, name);
}

/* The files whose names are used as they stand in conf->file. */
static void settle_file_names(struct conf_reader *reader)
{
	struct conf_file *file = reader->conf->file;

	settle(reader, &file->rules_file);
	settle(reader, &file->operators_file);
	settle(reader, &file->asn_file);
	if (file->recipients != NULL)
		settle(reader, &file->recipients->key_file);
	if (file->web != NULL)
		settle(reader, &file->web->token_file);
	if (file->protect != NULL)
		settle(reader, &file->protect->postfix_reply_filter);
	for (unsigned i = 0; i < file->deliveries_count; i++) {
		struct conf_file_delivery *delivery = &file->deliveries[i];

		settle(reader, &delivery->path);
		settle(reader, &delivery->journal_directory);
		settle(reader, &delivery->maildir);
		settle(reader, &delivery->secret_file);
	}
	for (unsigned i = 0; i < file->channels_count; i++) {
		struct conf_file_channel *channel = &file->channels[i];

		settle(reader, &channel->password_file);
		settle(reader, &channel->url_file);
		settle(reader, &channel->secret_file);
		settle(reader, &channel->key_file);
	}
}

int conf_layout(
	const struct conf_tree *tree, struct conf *conf, struct conf_error *ret_error)
{
	struct conf_reader reader = {.tree = tree, .conf = conf, .error = ret_error};
	const struct conf_file *file = conf->file;

	settle_file_names(&reader);
	conf_read_file_name(&reader, file->store, &conf->store);
	conf_read_file_name(&reader, file->control, &conf->control);
	conf->control_given = file->control != NULL;
	if (conf->control_given && strlen(conf->control) > 107)
		conf_blame(
			&reader, file->control, "a path of at most 107 bytes", "control");
	read_site(&reader);
	read_limits(&reader);
	read_views(&reader);
	read_watches(&reader);
	if (file->retention != NULL) {
		conf_read_term(&reader, file->retention->history, "retention.history",
			&conf->retention.history_ms);
		conf_read_term(&reader, file->retention->deliveries,
			"retention.deliveries", &conf->retention.deliveries_ms);
	}
	return reader.err;
}
