/* SPDX-License-Identifier: MIT */
/*
 * `incidents recipients`: whom to re-activate. Addresses that the store does not keep are found
 * again in the user's own logs, by the keyed hash.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/cli/cli.h"
#include "monitor/cli/incident_row.h"
#include "monitor/cli/reactivate.h"
#include "monitor/cli/reports.h"
#include "monitor/cli/row.h"
#include "monitor/ingest/intake.h"
#include "monitor/ingest/report.h"
#include "monitor/ingest/settings.h"
#include "storage/incidents.h"
#include "storage/instant.h"

struct listing {
	struct cli *cli;
	char id[STORE_ID_MAX];
	char domain[NAME_TEXT_MAX]; /* "" of kind self */
	const char *format;
	const struct reactivate_provider *provider;
	uint8_t key[DELIVERIES_KEY];
	struct incident_recipient *rows; /* owned, with their texts */
	size_t len;
	size_t room;
	struct incident_recipient **nameless; /* owned; by hash */
	size_t nameless_len;
	uint64_t refused;
	uint64_t unfit;
};

static void finish(struct listing *listing)
{
	for (size_t i = 0; i < listing->len; i++) {
		free((void *)(uintptr_t)listing->rows[i].address);
		free((void *)(uintptr_t)listing->rows[i].relay_host);
	}
	free(listing->rows);
	free(listing->nameless);
}

static int on_recipient(void *owner, const struct incident_recipient *recipient)
{
	struct listing *listing = owner;
	struct incident_recipient *row;

	if (listing->len == listing->room) {
		const size_t room = listing->room == 0 ? 64 : 2 * listing->room;
		void *rows = reallocarray(listing->rows, room, sizeof *listing->rows);

		if (rows == NULL)
			return -ENOMEM;
		listing->rows = rows;
		listing->room = room;
	}
	row = &listing->rows[listing->len++];
	*row = *recipient;
	row->relay_host = strdup(recipient->relay_host);
	row->address = recipient->address != NULL ? strdup(recipient->address) : NULL;
	return row->relay_host == NULL ||
			(recipient->address != NULL && row->address == NULL)
		? -ENOMEM
		: 0;
}

static int on_incident(void *owner, const struct incident *incident)
{
	struct listing *listing = owner;

	if (incident->domain != NULL)
		name_format(incident->domain, listing->domain);
	return 0;
}

/* Whether the address is of the incident's domain, however it is written. */
static bool is_of_domain(const struct listing *listing, const char *address)
{
	const char *at = strrchr(address, '@');
	uint8_t name[NAME_WIRE_MAX];
	char text[NAME_TEXT_MAX];
	const char *why;

	if (at == NULL || at == address)
		return false;
	if (strcasecmp(at + 1, listing->domain) == 0)
		return true;
	for (const char *c = at; *c != '\0'; c++)
		if ((unsigned char)*c > '~')
			return name_parse_domain(at + 1, name, &why) == 0 &&
				strcmp(name_format(name, text), listing->domain) == 0;
	return false;
}

static int compare_rows(const void *a, const void *b)
{
	const struct incident_recipient *const *first = a;
	const struct incident_recipient *const *second = b;

	return memcmp((*first)->hash, (*second)->hash, INCIDENT_HASH);
}

static int compare_hash(const void *hash, const void *row)
{
	const struct incident_recipient *const *found = row;

	return memcmp(hash, (*found)->hash, INCIDENT_HASH);
}

/* Returns 0 or -ENOMEM. */
static int sort_nameless(struct listing *listing)
{
	listing->nameless = calloc(listing->len + 1, sizeof *listing->nameless);
	if (listing->nameless == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < listing->len; i++)
		if (listing->rows[i].address == NULL)
			listing->nameless[listing->nameless_len++] = &listing->rows[i];
	qsort(listing->nameless, listing->nameless_len, sizeof *listing->nameless,
		compare_rows);
	return 0;
}

static int on_report(void *owner, const char *path, const struct report *report)
{
	struct listing *listing = owner;
	char folded[REPORT_ADDRESS_MAX];
	uint8_t hash[DELIVERIES_HASH];
	struct incident_recipient **found;

	(void)path;
	if (!is_of_domain(listing, report->recipient))
		return 0;
	intake_fold_recipient(report->recipient, folded);
	if (deliveries_hash(listing->key, folded, hash) < 0)
		return -ENOMEM;
	found = bsearch(hash, listing->nameless, listing->nameless_len,
		sizeof *listing->nameless, compare_hash);
	if (found == NULL || (*found)->address != NULL)
		return 0;
	(*found)->address = strdup(folded);
	return (*found)->address != NULL ? 0 : -ENOMEM;
}

static void on_refused(void *owner, const char *path, uint64_t line, const char *why)
{
	struct listing *listing = owner;

	(void)path;
	(void)line;
	(void)why;
	listing->refused++;
}

/* Reads every --from, and the arguments after the id. */
static enum cli_status read_files(struct listing *listing, struct reports *reports)
{
	const struct options *options = &listing->cli->options;
	enum cli_status status = CLI_DONE;

	for (size_t i = 0; i < options->given_len && status == CLI_DONE; i++)
		if (strcmp(options->given[i].option->name, "from") == 0)
			status = reports_read(reports, options->given[i].value);
	for (size_t i = 1; i < options->arguments_len && status == CLI_DONE; i++)
		status = reports_read(reports, options->arguments[i]);
	if (status == CLI_DONE && reports_error(reports) < 0)
		status = cli_file_failed("--from", reports_error(reports));
	if (listing->refused > 0)
		cli_say("%llu lines could not be read",
			(unsigned long long)listing->refused);
	return status;
}

static enum cli_status match_logs(struct listing *listing)
{
	const struct reports_options options = {
		.cli = listing->cli,
		.format = options_value(&listing->cli->options, "format-in"),
		.owner = listing,
		.on_report = on_report,
		.on_refused = on_refused,
	};
	struct settings settings;
	char why[SETTINGS_WHY_MAX];
	struct reports *reports;
	enum cli_status status;

	if (settings_load(&listing->cli->conf, &settings, why) < 0) {
		cli_say("%s", why);
		return CLI_FAILED;
	}
	memcpy(listing->key, settings.key, sizeof listing->key);
	settings_finish(&settings);
	if (sort_nameless(listing) < 0 || reports_create(&options, &reports) < 0)
		return cli_file_failed("--from", -ENOMEM);
	status = read_files(listing, reports);
	reports_destroy(reports);
	return status;
}

static void put_cell(const char *text, char end)
{
	name_escape(NAME_SINK_CSV, text, strlen(text), stdout);
	putchar(end);
}

static void print_csv_row(const struct incident_recipient *row)
{
	char at[INSTANT_TEXT_MAX];

	put_cell(row->address != NULL ? row->address : "", ',');
	for (size_t i = 0; i < sizeof row->hash; i++)
		printf("%02x", row->hash[i]);
	putchar(',');
	put_cell(instant_format(row->first_bounce_at, at), ',');
	put_cell(instant_format(row->last_bounce_at, at), ',');
	printf("%llu,%s,", (unsigned long long)row->bounces,
		row->accepted_before ? "true" : "false");
	put_cell(row->relay_host, ',');
	put_cell(incident_advice_name(row->advice), '\n');
}

/* An address as it is, unless a terminal or a program that reads lines would take it wrong. */
static bool print_address(const char *address)
{
	for (const char *c = address; *c != '\0'; c++)
		if ((unsigned char)*c < ' ' || *c == '\x7f')
			return false;
	puts(address);
	return true;
}

static int print_row(struct listing *listing, const struct incident_recipient *row)
{
	bool fit = true;

	if (strcmp(listing->format, "json") == 0)
		return row_print(incident_row_of_recipient(listing->id, row));
	if (strcmp(listing->format, "csv") == 0)
		print_csv_row(row);
	else if (row->address != NULL)
		fit = listing->provider != NULL
			? reactivate_line(listing->provider, row->address, stdout)
			: print_address(row->address);
	listing->unfit += !fit;
	return 0;
}

static enum cli_status print(struct listing *listing)
{
	uint64_t nameless = 0;
	int err = 0;

	if (listing->provider != NULL)
		reactivate_begin(listing->provider, stdout);
	else if (strcmp(listing->format, "csv") == 0)
		puts("recipient,recipient_hash,first_bounce_at,last_bounce_at,bounces,"
		     "accepted_before,relay_host,advice");
	for (size_t i = 0; i < listing->len && err == 0; i++) {
		nameless += listing->rows[i].address == NULL;
		err = print_row(listing, &listing->rows[i]);
	}
	if (err < 0)
		return cli_file_failed("standard output", err);
	if (listing->len == 0)
		cli_say("%s has no recipients to list", listing->id);
	if (nameless > 0)
		cli_say("%llu of %zu are known by a hash alone: --from FILE --format-in "
			"FORMAT finds their addresses in your own log",
			(unsigned long long)nameless, listing->len);
	if (listing->unfit > 0)
		cli_say("%llu addresses with control characters are left out",
			(unsigned long long)listing->unfit);
	return cli_finish_output();
}

static bool read_options(struct listing *listing)
{
	const struct options *options = &listing->cli->options;
	const char *provider = options_value(options, "for");
	const bool files = options_has(options, "from");

	listing->format = options_value(options, "format");
	if (listing->format == NULL)
		listing->format = listing->cli->json ? "json" : "text";
	if (provider != NULL)
		listing->provider = reactivate_find(provider);
	if (provider != NULL && strcmp(listing->format, "text") != 0)
		cli_wrong_call("incidents recipients: --for goes with text alone");
	else if (provider != NULL && options_has(options, "all"))
		cli_wrong_call("incidents recipients: --for is not for --all: who is to "
			       "be left is not re-activated");
	else if (files != options_has(options, "format-in"))
		cli_wrong_call("incidents recipients: expected --from FILE and "
			       "--format-in FORMAT together");
	else if (!files && options->arguments_len > 1)
		cli_wrong_call("incidents recipients: found more words than ID");
	else
		return true;
	return false;
}

enum cli_status cli_incidents_recipients(struct cli *cli)
{
	struct listing listing = {.cli = cli};
	const bool all = options_has(&cli->options, "all");
	int64_t number;
	enum cli_status status;
	int err;

	if (!read_options(&listing))
		return CLI_WRONG_CALL;
	status = cli_open_store(cli);
	if (status == CLI_DONE)
		status = cli_read_incident(cli, &number);
	if (status != CLI_DONE)
		return status;
	incidents_id_format(cli->store, number, listing.id);
	err = incidents_get(cli->store, number, on_incident, &listing);
	if (err == 0)
		err = incidents_recipients(cli->store, number,
			all ? (enum incident_advice)0 : ADVICE_REACTIVATE, on_recipient,
			&listing);
	if (err == -ENOENT) {
		cli_say("there is no incident %s", listing.id);
		status = CLI_FAILED;
	} else if (err < 0) {
		status = cli_look_up_failed(err, NULL);
	}
	if (status == CLI_DONE && options_has(&cli->options, "from"))
		status = match_logs(&listing);
	if (status == CLI_DONE)
		status = print(&listing);
	finish(&listing);
	return status;
}
