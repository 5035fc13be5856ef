/* SPDX-License-Identifier: MIT */
/* `expect`: planned changes, and the operators that are right for a domain. */
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/cli/cli.h"
#include "monitor/cli/incident_row.h"
#include "monitor/cli/row.h"
#include "monitor/cli/table.h"
#include "monitor/cli/writer.h"
#include "monitor/describe.h"
#include "monitor/operators.h"
#include "storage/incidents.h"

struct listing {
	struct cli *cli;
	struct table *table; /* owned; for people */
	uint64_t rows;
};

/* "IONOS, Apple iCloud: moving house". Returned; free with free(). */
static char *make_detail(const struct expectation *expectation)
{
	const char *names = expectation->operators;
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return NULL;
	if (*names == '\0')
		fputs("any change", out);
	while (*names != '\0') {
		const size_t name_len = strcspn(names, "\n");

		name_escape(NAME_SINK_TERMINAL, names, name_len, out);
		names += name_len + 1;
		fputs(*names != '\0' ? ", " : "", out);
	}
	if (*expectation->note != '\0')
		fputs(": ", out);
	name_escape(
		NAME_SINK_TERMINAL, expectation->note, strlen(expectation->note), out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static int on_expectation(void *owner, const struct expectation *expectation)
{
	struct listing *listing = owner;
	char number[24];
	char until[DESCRIBE_TEXT_MAX];
	char name[DESCRIBE_NAME_MAX];
	const char *const cells[] = {number, until, name};
	char *detail;

	listing->rows++;
	if (listing->cli->json)
		return row_print(incident_row_of_expectation(expectation));
	snprintf(number, sizeof number, "%lld", (long long)expectation->number);
	describe_instant(expectation->until_at, until);
	if (expectation->until_at == 0)
		strcpy(until, "for good");
	describe_name(expectation->domain, listing->cli->utf8, name);
	for (char *tab = strchr(name, '\t'); tab != NULL; tab = strchr(tab, '\t'))
		*tab = ' ';
	detail = make_detail(expectation);
	table_add(listing->table, cells);
	table_add_detail(listing->table, detail != NULL ? detail : "(no memory)");
	free(detail);
	return 0;
}

static enum cli_status list(struct cli *cli, const uint8_t *domain)
{
	static const struct table_column columns[] = {
		{"NUMBER", true},
		{"UNTIL (UTC)", false},
		{"DOMAIN", false},
	};
	struct listing listing = {.cli = cli};
	enum cli_status status = cli_open_store(cli);
	int err;

	if (status != CLI_DONE)
		return status;
	listing.table = table_create(columns, sizeof columns / sizeof *columns);
	err = listing.table == NULL ? -ENOMEM
				    : incidents_each_expectation(cli->store, domain,
					      on_expectation, &listing);
	if (err == 0 && listing.rows == 0)
		cli_say("nothing is expected");
	else if (err == 0 && !cli->json)
		err = table_print(listing.table, cli->colour, stdout);
	table_destroy(listing.table);
	return err < 0 ? cli_look_up_failed(err, NULL) : cli_finish_output();
}

static void tell(const json_t *answer)
{
	const json_t *number = json_object_get(answer, "number");

	if (number != NULL)
		cli_say("expected as number %lld; mxvigil expect --remove takes it back",
			(long long)json_integer_value(number));
}

static enum cli_status remove_one(struct cli *cli)
{
	const char *text = options_value(&cli->options, "remove");
	char *end;
	const long long number = strtoll(text, &end, 10);

	if (*text == '\0' || *end != '\0' || number <= 0 || number == LLONG_MAX)
		return cli_wrong_call(
			"expect: --remove: expected a number that expect --list shows");
	return writer_carry_out(cli,
		json_pack("{s:s, s:I}", "request", "expect-remove", "number",
			(json_int_t)number),
		tell);
}

/* A name that nobody has is likely misspelt; it may still be right. */
static void doubt(struct cli *cli, const char *name)
{
	const struct operator_entry *entry;

	if (cli_load_operators(cli) != CLI_DONE || strchr(name, '.') != NULL)
		return;
	entry = operators_find(cli->operators, name);
	if (entry == NULL || entry->kind != OPERATOR_UNLISTED)
		return;
	fputs("mxvigil: no provider is known as \"", stderr);
	name_escape(NAME_SINK_LOG, name, strnlen(name, 100), stderr);
	fputs("\": it is taken as it stands\n", stderr);
}

/* NULL where a name is no text. */
static json_t *make_operators(struct cli *cli)
{
	const struct options *options = &cli->options;
	json_t *list = json_array();

	for (size_t i = 0; list != NULL && i < options->given_len; i++) {
		const char *name = options->given[i].value;

		if (strcmp(options->given[i].option->name, "operator") != 0)
			continue;
		if (json_array_append_new(list, json_string(name)) < 0) {
			json_decref(list);
			return NULL;
		}
		doubt(cli, name);
	}
	return list;
}

static enum cli_status add(struct cli *cli, const uint8_t *domain)
{
	const char *note = options_value(&cli->options, "note");
	char name[NAME_TEXT_MAX];
	json_t *operators;
	json_t *request;
	int64_t until;

	if (!cli_read_instant(cli, "until", &until))
		return CLI_WRONG_CALL;
	if (until != 0 && until <= cli->now)
		return cli_wrong_call("expect: --until is over already");
	if (cli_load_conf(cli) != CLI_DONE)
		return CLI_WRONG_CONF;
	operators = make_operators(cli);
	request = operators == NULL
		? NULL
		: json_pack("{s:s, s:s, s:o, s:I, s:s}", "request", "expect-add",
			  "domain", name_format(domain, name), "operators", operators,
			  "until", (json_int_t)until, "note", note != NULL ? note : "");
	return request != NULL
		? writer_carry_out(cli, request, tell)
		: cli_wrong_call("expect: found a name or note that is no UTF-8");
}

enum cli_status cli_expect(struct cli *cli)
{
	const struct options *options = &cli->options;
	const bool named = options->arguments_len > 0;
	const bool listed = options_has(options, "list");
	const bool removed = options_has(options, "remove");
	const bool described = options_has(options, "operator") ||
		options_has(options, "until") || options_has(options, "note");
	uint8_t domain[NAME_WIRE_MAX];

	if (named && !cli_read_domain(options->arguments[0], domain))
		return CLI_WRONG_CALL;
	if (listed + removed > 1 || (described && (listed || removed)) ||
		(removed && named) || (!named && !listed && !removed))
		return cli_wrong_call(
			"expect: expected DOMAIN, or --list, or --remove NUMBER");
	if (listed)
		return list(cli, named ? domain : NULL);
	return removed ? remove_one(cli) : add(cli, domain);
}
