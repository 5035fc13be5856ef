/* SPDX-License-Identifier: MIT */
/*
 * `watch list`: the domains of the configuration, of its domain files, and of the store's own
 * list. One row each time that a domain is named.
 */
#include "storage/watchlist.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/cli/cli.h"
#include "monitor/cli/row.h"
#include "monitor/cli/table.h"
#include "monitor/describe.h"
#include "monitor/domainlist.h"
#include "monitor/roster.h"
#include "storage/popular.h"

struct listing {
	struct cli *cli;
	const struct conf_watch *watch; /* that names the domains; NULL: the store */
	struct table *table; /* owned */
	struct roster *roster; /* owned: all wishes taken together */
	uint64_t rows;
};

static json_t *make_tags(const struct conf_watch *watch, const char *tags)
{
	json_t *list = json_array();

	for (size_t i = 0; watch != NULL && i < watch->tags_len; i++)
		json_array_append_new(list, json_string(watch->tags[i]));
	while (*tags != '\0') {
		size_t len = strcspn(tags, ",");

		json_array_append_new(list, json_stringn(tags, len));
		tags += len + (tags[len] == ',');
	}
	return list;
}

/* The shortest interval of the views that look at a domain, whoever else names it. */
static int64_t shortest_interval(const struct listing *listing, const uint8_t *domain)
{
	int64_t shortest = 0;

	for (size_t i = 0; i < listing->cli->conf.views_len; i++) {
		int64_t interval = roster_interval(listing->roster, domain, i, false);

		if (interval != 0 && (shortest == 0 || interval < shortest))
			shortest = interval;
	}
	return shortest;
}

static json_t *make_views(const struct listing *listing, const uint8_t *domain)
{
	const struct conf *conf = &listing->cli->conf;
	json_t *list = json_array();

	for (size_t i = 0; i < conf->views_len; i++)
		if (roster_interval(listing->roster, domain, i, false) != 0)
			json_array_append_new(list, json_string(conf->views[i].name));
	return list;
}

static int print_row(const struct listing *listing, const uint8_t *domain,
	const char *tags, int64_t added_at)
{
	const struct conf_watch *watch = listing->watch;
	char name[NAME_TEXT_MAX];

	return row_print(json_pack("{s:s, s:s?, s:o, s:o, s:o, s:o}", "domain",
		name_format(domain, name), "watch", watch != NULL ? watch->name : NULL,
		"interval_s", row_seconds(shortest_interval(listing, domain)), "views",
		make_views(listing, domain), "tags", make_tags(watch, tags), "added_at",
		row_instant(added_at)));
}

static int list_domain(struct listing *listing, const uint8_t *domain, const char *tags,
	int64_t added_at)
{
	char name[DESCRIBE_NAME_MAX];
	char interval[DESCRIBE_TEXT_MAX];
	const struct conf_watch *watch = listing->watch;
	json_t *all;
	const char *cells[4] = {
		watch != NULL ? watch->name : "(added)", interval, name, ""};
	char text[256] = "";
	size_t len = 0;

	listing->rows++;
	if (listing->cli->json)
		return print_row(listing, domain, tags, added_at);
	describe_duration(shortest_interval(listing, domain), interval);
	describe_name(domain, listing->cli->utf8, name);
	for (char *tab = strchr(name, '\t'); tab != NULL; tab = strchr(tab, '\t'))
		*tab = ' ';
	all = make_tags(watch, tags);
	for (size_t i = 0; i < json_array_size(all) && len < sizeof text; i++)
		len += (size_t)snprintf(text + len, sizeof text - len, "%s%s",
			i > 0 ? "," : "", json_string_value(json_array_get(all, i)));
	cells[3] = text;
	table_add(listing->table, cells);
	json_decref(all);
	return 0;
}

static int on_file_domain(
	void *owner, uint64_t line, const uint8_t *domain, const char *tags)
{
	(void)line;
	return list_domain(owner, domain, tags, 0);
}

static int list_file(struct listing *listing)
{
	/* its bad lines were told when the roster was built */
	const struct domainlist_reader reader = {
		.owner = listing, .on_domain = on_file_domain};
	struct domainlist_counts counts;
	FILE *in = fopen(listing->watch->domains_file, "re");
	int err;

	if (in == NULL)
		return -errno;
	err = domainlist_read(in, &reader, &counts);
	fclose(in);
	return err;
}

static int on_popular(void *owner, const struct popular_domain *member)
{
	return list_domain(owner, member->domain, "", member->since_at);
}

static int list_popular(struct listing *listing)
{
	if (listing->watch->top_recipients == 0 || listing->cli->store == NULL)
		return 0;
	return popular_members(
		listing->cli->store, listing->watch->name, on_popular, listing);
}

static int list_conf(struct listing *listing)
{
	const struct conf *conf = &listing->cli->conf;
	int err = 0;

	for (size_t i = 0; i < conf->watches_len && err == 0; i++) {
		listing->watch = &conf->watches[i];
		for (size_t j = 0; j < listing->watch->domains_len && err == 0; j++)
			err = list_domain(listing, listing->watch->domains[j], "", 0);
		if (err == 0 && listing->watch->domains_file != NULL)
			err = list_file(listing);
		if (err == 0)
			err = list_popular(listing);
	}
	listing->watch = NULL;
	return err;
}

static int on_watched(void *owner, const struct watched *watched)
{
	return list_domain(owner, watched->domain, watched->tags, watched->added_at);
}

/* A store that is not there yet has no list. */
static enum cli_status open_store(struct cli *cli)
{
	const struct store_options options = {.path = cli->conf.store, .now = cli->now};
	struct store_error error;
	int err = store_open(&options, &cli->store, &error);

	if (err == 0 || err == -ENOENT)
		return CLI_DONE;
	cli_say("%s", error.text);
	return CLI_FAILED;
}

static int list_all(struct listing *listing)
{
	const struct roster_sources sources = {
		.conf = &listing->cli->conf, .store = listing->cli->store};
	int err = roster_build(&sources, &listing->roster);

	if (err == 0)
		err = list_conf(listing);
	if (err == 0 && listing->cli->store != NULL)
		err = watchlist_each(listing->cli->store, on_watched, listing);
	return err;
}

static enum cli_status print(struct listing *listing)
{
	struct cli *cli = listing->cli;
	int err = 0;

	if (listing->rows == 0)
		cli_say("no domain is watched");
	else if (!cli->json)
		err = table_print(listing->table, cli->colour, stdout);
	return err < 0 ? cli_file_failed("standard output", err) : cli_finish_output();
}

enum cli_status cli_watch_list(struct cli *cli)
{
	static const struct table_column columns[] = {
		{"WATCH", false},
		{"INTERVAL", true},
		{"DOMAIN", false},
		{"TAGS", false},
	};
	struct listing listing = {.cli = cli};
	enum cli_status status = cli_load_conf(cli);
	int err;

	if (status != CLI_DONE)
		return status;
	status = open_store(cli);
	if (status != CLI_DONE)
		return status;
	listing.table = table_create(columns, sizeof columns / sizeof *columns);
	err = listing.table == NULL ? -ENOMEM : list_all(&listing);
	if (err == -EINVAL)
		status = CLI_FAILED; /* the roster's log has said why */
	else if (err < 0)
		status = cli_look_up_failed(err, NULL);
	if (status == CLI_DONE)
		status = print(&listing);
	roster_destroy(listing.roster);
	table_destroy(listing.table);
	return status;
}
