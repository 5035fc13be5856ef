/* SPDX-License-Identifier: MIT */
/* `deliveries` and `status --rejected`. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/cli/cli.h"
#include "monitor/cli/row.h"
#include "monitor/cli/table.h"
#include "monitor/describe.h"
#include "resolvers/utf8.h"
#include "storage/deliveries_lookup.h"
#include "storage/feed.h"
#include "storage/instant.h"

struct listing {
	struct cli *cli;
	const uint8_t *domain;
	char domain_text[NAME_TEXT_MAX];
	struct table *table;
};

/* Foreign bytes as a JSON text: what is no UTF-8 becomes `?`. */
static json_t *make_text(const char *bytes, size_t len)
{
	json_t *text = json_stringn(bytes, len);
	char *safe;
	if (text != NULL)
		return text;
	safe = strndup(bytes, len);
	if (safe == NULL)
		return NULL;
	for (char *c = safe; *c != '\0'; c++)
		if ((unsigned char)*c > '~')
			*c = '?';
	text = json_string(safe);
	free(safe);
	return text;
}

static json_t *make_optional(const char *text)
{
	return *text != '\0' ? make_text(text, strlen(text)) : json_null();
}

static int on_row_as_json(void *owner, const struct deliveries_row *row)
{
	const struct listing *listing = owner;
	return row_print(json_pack("{s:s, s:o, s:o, s:s, s:o, s:o, s:I, s:I}", "domain",
		listing->domain_text, "from", row_instant(row->from), "to",
		row_instant(row->to), "outcome", delivery_outcome_name(row->outcome),
		"reason", make_optional(delivery_reason_name(row->reason)), "relay_host",
		make_optional(row->relay_host), "count", (json_int_t)row->count,
		"recipients", (json_int_t)row->recipients));
}

static int on_relay_as_json(void *owner, const struct deliveries_relay *relay)
{
	const struct listing *listing = owner;
	return row_print(json_pack("{s:s, s:o, s:o, s:o, s:o, s:I, s:I, s:o, s:o}",
		"domain", listing->domain_text, "relay_host", make_optional(relay->host),
		"relay_ip", make_optional(relay->address), "first_seen",
		row_instant(relay->first_at), "last_seen", row_instant(relay->last_at),
		"answers", (json_int_t)relay->answers, "accepted",
		(json_int_t)relay->accepted, "outside_since",
		row_instant(relay->outside_at), "no_route_since",
		row_instant(relay->no_route_at)));
}

/* A line for people, aligned for the usual lengths. */
static void put_foreign(const char *text)
{
	name_escape(NAME_SINK_TERMINAL, text, strlen(text), stdout);
}

static int on_row_for_people(void *owner, const struct deliveries_row *row)
{
	char at[DESCRIBE_TEXT_MAX];
	const struct listing *listing = owner;
	(void)listing;
	printf("%s  %-9s %-16s %8llu %8llu  ", describe_instant(row->from, at),
		delivery_outcome_name(row->outcome), delivery_reason_name(row->reason),
		(unsigned long long)row->count, (unsigned long long)row->recipients);
	put_foreign(*row->relay_host != '\0' ? row->relay_host : "-");
	putchar('\n');
	return ferror(stdout) ? -EIO : 0;
}

static int on_relay_for_people(void *owner, const struct deliveries_relay *relay)
{
	char from[DESCRIBE_TEXT_MAX];
	char to[DESCRIBE_TEXT_MAX];
	(void)owner;
	printf("%s  %s  %8llu  ", describe_instant(relay->first_at, from),
		describe_instant(relay->last_at, to), (unsigned long long)relay->answers);
	put_foreign(relay->host);
	putchar(' ');
	put_foreign(relay->address);
	if (relay->outside_at != 0)
		printf("  none of its MX since %s",
			describe_instant(relay->outside_at, from));
	if (relay->no_route_at != 0)
		printf("  does not serve it since %s",
			describe_instant(relay->no_route_at, from));
	putchar('\n');
	return ferror(stdout) ? -EIO : 0;
}

static int print_rows(struct listing *listing, const struct deliveries_window *window)
{
	const bool json = listing->cli->json;
	if (options_has(&listing->cli->options, "relays"))
		return deliveries_relays(listing->cli->store, window->domain,
			json ? on_relay_as_json : on_relay_for_people, listing);
	if (!json)
		printf("%-23s  %-9s %-16s %8s %8s  %s\n", "from", "outcome", "reason",
			"count", "people", "relay");
	return deliveries_rows(listing->cli->store, window,
		json ? on_row_as_json : on_row_for_people, listing);
}

enum cli_status cli_deliveries(struct cli *cli)
{
	struct listing listing = {.cli = cli};
	struct lookup_window window = {0};
	const char *step = options_value(&cli->options, "step");
	uint8_t domain[NAME_WIRE_MAX];
	struct deliveries_window wanted = {.domain = domain};
	enum cli_status status;
	int err;

	if (!cli_read_domain(cli->options.arguments[0], domain) ||
		!cli_read_window(cli, &window))
		return CLI_WRONG_CALL;
	if (step != NULL &&
		(duration_parse(step, &wanted.step_ms) < 0 || wanted.step_ms < 60000))
		return cli_wrong_call(
			"deliveries: --step: expected a duration of a minute or more");
	wanted.from = window.from;
	wanted.to = window.to;
	name_format(domain, listing.domain_text);
	status = cli_open_store(cli);
	if (status != CLI_DONE)
		return status;
	err = print_rows(&listing, &wanted);
	if (err < 0)
		return cli_look_up_failed(err, listing.domain_text);
	return cli_finish_output();
}

static int on_rejected(void *owner, const struct feed_rejected *rejected)
{
	const struct cli *cli = owner;
	char at[DESCRIBE_TEXT_MAX];
	const bool line = rejected->line != NULL;
	if (cli->json)
		return row_print(json_pack("{s:s, s:s, s:I, s:o, s:o, s:o}", "source",
			rejected->source, "reason", rejected->reason, "count",
			(json_int_t)rejected->count, "first_at",
			row_instant(rejected->first_at), "last_at",
			row_instant(rejected->last_at), "line",
			line ? make_text((const char *)rejected->line, rejected->line_len)
			     : json_null()));
	printf("%s  ", describe_instant(rejected->last_at, at));
	put_foreign(rejected->source);
	printf("  %s", rejected->reason);
	if (line) {
		fputs(": ", stdout);
		name_escape(NAME_SINK_TERMINAL, (const char *)rejected->line,
			rejected->line_len, stdout);
		putchar('\n');
	} else {
		printf(": %llu\n", (unsigned long long)rejected->count);
	}
	return ferror(stdout) ? -EIO : 0;
}

enum cli_status cli_rejected(struct cli *cli)
{
	int err = feed_each_rejected(cli->store, false, on_rejected, cli);
	if (err == 0)
		err = feed_each_rejected(cli->store, true, on_rejected, cli);
	if (err < 0)
		return cli_look_up_failed(err, NULL);
	return cli_finish_output();
}
