/* SPDX-License-Identifier: MIT */
/*
 * The sections of the configuration that no part of this release serves: their values are
 * checked as strictly as the others, so that a file which passes here passes later, and each
 * section present is warned about.
 */
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/channels.h"
#include "monitor/conf.h"
#include "monitor/conf_file.h"
#include "monitor/conf_layout.h"
#include "monitor/conf_tree.h"
#include "monitor/conf_value.h"
#include "monitor/ingest/settings.h"
#include "monitor/nearest.h"
#include "resolvers/endpoint.h"
#include "resolvers/name.h"

static const char *place(
	char path[CONF_PATH_MAX], const char *section, size_t i, const char *member)
{
	snprintf(path, CONF_PATH_MAX, "%s[%zu].%s", section, i, member);
	return path;
}

static void check_name(struct conf_reader *reader, const char *section, size_t i,
	const char *name, const char *(*name_of)(const struct conf_file *, size_t))
{
	char path[CONF_PATH_MAX];
	char *copy = NULL;

	conf_read_name(reader, name, place(path, section, i, "name"), &copy);
	free(copy);
	for (size_t j = 0; j < i; j++)
		if (strcmp(name, name_of(reader->conf->file, j)) == 0)
			conf_blame(reader, name, "another name: this one is taken", "%s",
				path);
}

static const char *delivery_name(const struct conf_file *file, size_t i)
{
	return file->deliveries[i].name;
}

static const char *channel_name(const struct conf_file *file, size_t i)
{
	return file->channels[i].name;
}

static const char *route_name(const struct conf_file *file, size_t i)
{
	return file->routes[i].name;
}

static void check_journal(
	struct conf_reader *reader, const struct conf_file_delivery *delivery, size_t i)
{
	if (delivery->journal != NULL && delivery->format != SETTINGS_POSTFIX &&
		delivery->format != SETTINGS_EXIM)
		conf_blame(reader, "another", "postfix or exim: what a journal can hold",
			"deliveries[%zu].format", i);
	if (delivery->journal_directory != NULL && delivery->journal == NULL)
		conf_blame(reader, delivery->journal_directory, "journal beside it",
			"deliveries[%zu].journal-directory", i);
}

static void check_delivery(struct conf_reader *reader, size_t i)
{
	const struct conf_file_delivery *delivery = &reader->conf->file->deliveries[i];
	int sources = (delivery->path != NULL) + (delivery->journal != NULL) +
		(delivery->maildir != NULL) + (delivery->http != NULL);
	struct endpoint relay;
	char path[CONF_PATH_MAX];

	check_name(reader, "deliveries", i, delivery->name, delivery_name);
	if (sources != 1)
		conf_blame(reader, sources == 0 ? NULL : "several",
			"one of path, journal, maildir, http", "deliveries[%zu]", i);
	check_journal(reader, delivery, i);
	if (delivery->http != NULL || delivery->format > SETTINGS_JSONL)
		conf_warn(reader, place(path, "deliveries", i, "name"),
			"not in this release: checked, but nothing is read from it");
	if (delivery->http != NULL && delivery->http[0] != '/')
		conf_blame(reader, delivery->http, "a path such as /hooks/ses",
			"deliveries[%zu].http", i);
	for (size_t j = 0; j < delivery->internal_relays_count; j++) {
		snprintf(path, sizeof path, "deliveries[%zu].internal-relays[%zu]", i, j);
		conf_read_endpoint(
			reader, delivery->internal_relays[j], 25, path, &relay);
	}
	conf_check_secret(reader, delivery->secret_file,
		place(path, "deliveries", i, "secret-file"));
}

static void check_channel(struct conf_reader *reader, size_t i)
{
	const struct conf_file_channel *channel = &reader->conf->file->channels[i];

	check_name(reader, "channels", i, channel->name, channel_name);
	channels_check(reader, i);
}

static void check_channel_name(
	struct conf_reader *reader, const char *name, const char *path)
{
	const struct conf_file *file = reader->conf->file;
	const char *nearest = "none is defined";
	size_t least = SIZE_MAX;
	char expected[160];

	if (name == NULL)
		return;
	for (size_t i = 0; i < file->channels_count; i++) {
		const char *candidate = file->channels[i].name;
		size_t edits = 0;

		if (strcmp(candidate, name) == 0)
			return;
		nearest_word(name, &candidate, 1, &edits);
		if (edits < least) {
			least = edits;
			nearest = candidate;
		}
	}
	snprintf(expected, sizeof expected,
		"the name of a channel of this file (nearest: %s)", nearest);
	conf_blame(reader, name, expected, "%s", path);
}

static void check_route_domains(struct conf_reader *reader, size_t i)
{
	const struct conf_file_route *route = &reader->conf->file->routes[i];

	for (size_t j = 0; j < route->domains_count; j++) {
		uint8_t name[NAME_WIRE_MAX];
		const char *why = NULL;

		if (name_parse_domain(route->domains[j], name, &why) < 0)
			conf_blame(reader, route->domains[j], "a domain",
				"routes[%zu].domains[%zu]", i, j);
	}
}

static void check_route(struct conf_reader *reader, size_t i)
{
	const struct conf_file_route *route = &reader->conf->file->routes[i];
	char path[CONF_PATH_MAX];
	int64_t ms;

	check_name(reader, "routes", i, route->name, route_name);
	for (size_t j = 0; j < route->channels_count; j++) {
		snprintf(path, sizeof path, "routes[%zu].channels[%zu]", i, j);
		check_channel_name(reader, route->channels[j], path);
	}
	check_route_domains(reader, i);
	check_channel_name(reader, route->fallback, place(path, "routes", i, "fallback"));
	conf_read_duration(
		reader, route->group_wait, place(path, "routes", i, "group-wait"), &ms);
	conf_read_duration(
		reader, route->repeat, place(path, "routes", i, "repeat"), &ms);
}

static void check_recipients(struct conf_reader *reader)
{
	const struct conf_file_recipients *recipients = reader->conf->file->recipients;
	int64_t ms;

	if (recipients == NULL)
		return;
	conf_check_secret(reader, recipients->key_file, "recipients.key-file");
	conf_read_duration(reader, recipients->hold, "recipients.hold", &ms);
	conf_read_duration(
		reader, recipients->forget_after, "recipients.forget-after", &ms);
}

static bool is_time_of_day(const char *text)
{
	return strlen(text) == 5 && strspn(text, "0123456789") == 2 && text[2] == ':' &&
		strspn(text + 3, "0123456789") == 2 && strncmp(text, "24", 2) < 0 &&
		text[3] < '6';
}

static void check_self_check(struct conf_reader *reader)
{
	const struct conf_file_self_check *check = reader->conf->file->self_check;

	if (check == NULL)
		return;
	if (check->at != NULL && !is_time_of_day(check->at))
		conf_blame(reader, check->at, "a time of day such as \"07:00\"",
			"self-check.at");
	check_channel_name(reader, check->channel, "self-check.channel");
	if (check->at != NULL && check->channel == NULL)
		conf_blame(reader, NULL, "the name of a channel of this file",
			"self-check.channel");
	conf_check_url(
		reader, check->heartbeat_url, " http https ", "self-check.heartbeat-url");
}

static void check_servers(struct conf_reader *reader)
{
	const struct conf_file *file = reader->conf->file;
	struct endpoint endpoint;

	if (file->web != NULL) {
		conf_read_endpoint(
			reader, file->web->listen, 8053, "web.listen", &endpoint);
		conf_check_secret(reader, file->web->token_file, "web.token-file");
	}
}

static void check_protect(struct conf_reader *reader)
{
	const struct conf_file_protect *protect = reader->conf->file->protect;
	struct endpoint endpoint = {0};
	int64_t ms = 1;

	if (protect == NULL)
		return;
	conf_read_endpoint(reader, protect->postfix_status, 10045,
		"protect.postfix-status", &endpoint);
	if (endpoint.family != 0 && !endpoint_is_loopback(&endpoint))
		conf_warn(reader, "protect.postfix-status",
			"everybody who reaches this address can ask what is held");
	conf_check_url(reader, protect->kumomta, " http https ", "protect.kumomta");
	conf_read_duration(reader, protect->longest, "protect.longest", &ms);
	if (protect->reload_command != NULL &&
		strspn(protect->reload_command, " \t") == strlen(protect->reload_command))
		conf_blame(reader, protect->reload_command, "a program and its arguments",
			"protect.reload-command");
}

static void warn_of_sections(struct conf_reader *reader)
{
	const struct conf_file *file = reader->conf->file;
	size_t led = 0;
	const struct {
		const char *key;
		bool present;
	} sections[] = {
		{"web", file->web != NULL},
	};

	for (size_t i = 0; i < sizeof sections / sizeof sections[0]; i++)
		if (sections[i].present)
			conf_warn(reader, sections[i].key,
				"not in this release: checked, but nothing is done for "
				"it");
	for (size_t i = 0; i < file->routes_count; i++)
		led += file->routes[i].channels_count;
	if (file->channels_count > 0 && led == 0)
		conf_warn(reader, "channels",
			"no route leads there: nobody is told of incidents");
}

int conf_layout_unbuilt(
	const struct conf_tree *tree, struct conf *conf, struct conf_error *ret_error)
{
	struct conf_reader reader = {.tree = tree, .conf = conf, .error = ret_error};
	const struct conf_file *file = conf->file;
	uint32_t alarms;

	for (size_t i = 0; i < file->deliveries_count; i++)
		check_delivery(&reader, i);
	for (size_t i = 0; i < file->channels_count; i++)
		check_channel(&reader, i);
	for (size_t i = 0; i < file->routes_count; i++)
		check_route(&reader, i);
	check_recipients(&reader);
	if (file->detection != NULL)
		conf_read_number(&reader, file->detection->false_alarms_per_year, 1,
			100000, "detection.false-alarms-per-year", &alarms);
	check_self_check(&reader);
	check_servers(&reader);
	check_protect(&reader);
	warn_of_sections(&reader);
	return reader.err;
}
