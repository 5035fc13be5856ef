/* SPDX-License-Identifier: MIT */
/* `incidents list`, `ack` and `close`. */
#include "storage/incidents.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/incident_json.h"
#include "monitor/cli/cli.h"
#include "monitor/cli/row.h"
#include "monitor/cli/table.h"
#include "monitor/cli/writer.h"
#include "monitor/describe.h"

struct listing {
	struct cli *cli;
	struct table *table; /* owned; for people */
	uint64_t rows;
};

/* "2023-08-29 20:31". */
static char *to_the_minute(int64_t at, char ret_text[DESCRIBE_TEXT_MAX])
{
	describe_instant(at, ret_text);
	if (strlen(ret_text) > 16)
		ret_text[16] = '\0';
	return ret_text;
}

/* The domain, what happened, whom it hit. Returned; free with free(). */
static char *make_detail(const struct listing *listing, const struct incident *incident)
{
	char name[DESCRIBE_NAME_MAX] = "";
	char count[DESCRIBE_TEXT_MAX];
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return NULL;
	if (incident->domain != NULL)
		fprintf(out, "%s: ",
			describe_name(incident->domain, listing->cli->utf8, name));
	name_escape(
		NAME_SINK_TERMINAL, incident->summary, strlen(incident->summary), out);
	if (incident->recipients > 0)
		fprintf(out, "; %s\trecipients\tto\tre-activate",
			describe_count(incident->recipients, count));
	if (incident->acked_at != 0)
		fputs("; seen\tby\tsomebody", out);
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static int on_incident(void *owner, const struct incident *incident)
{
	struct listing *listing = owner;
	char id[STORE_ID_MAX];
	char opened[DESCRIBE_TEXT_MAX];
	char *detail;
	const char *const cells[] = {
		incidents_id_format(listing->cli->store, incident->number, id),
		to_the_minute(incident->opened_at, opened),
		incident_severity_name(incident->severity),
		incident_state_name(incident->state),
		incident_kind_name(incident->kind),
	};

	listing->rows++;
	if (listing->cli->json)
		return row_print(incident_json(id, incident));
	detail = make_detail(listing, incident);
	table_add(listing->table, cells);
	table_add_detail(listing->table, detail != NULL ? detail : "(no memory)");
	free(detail);
	return 0;
}

static int print(struct listing *listing, const struct incidents_filter *filter)
{
	static const struct table_column columns[] = {
		{"ID", false},
		{"OPENED (UTC)", false},
		{"SEVERITY", false},
		{"STATE", false},
		{"KIND", false},
	};
	struct cli *cli = listing->cli;
	int err;

	listing->table = table_create(columns, sizeof columns / sizeof *columns);
	if (listing->table == NULL)
		return -ENOMEM;
	err = incidents_each(cli->store, filter, on_incident, listing);
	if (err == 0 && listing->rows == 0)
		cli_say("no incidents");
	else if (err == 0 && !cli->json)
		err = table_print(listing->table, cli->colour, stdout);
	table_destroy(listing->table);
	return err;
}

enum cli_status cli_incidents(struct cli *cli)
{
	struct listing listing = {.cli = cli};
	const char *domain_text = options_value(&cli->options, "domain");
	uint8_t domain[NAME_WIRE_MAX];
	struct lookup_window window = {0};
	struct incidents_filter filter = {
		.open_only = options_has(&cli->options, "open")};
	enum cli_status status;
	int err;

	if (!cli_read_window(cli, &window))
		return CLI_WRONG_CALL;
	if (domain_text != NULL && !cli_read_domain(domain_text, domain))
		return CLI_WRONG_CALL;
	filter.domain = domain_text != NULL ? domain : NULL;
	filter.from = window.from;
	filter.to = window.to;
	status = cli_open_store(cli);
	if (status != CLI_DONE)
		return status;
	err = print(&listing, &filter);
	if (err < 0)
		return cli_look_up_failed(err, domain_text);
	return cli_finish_output();
}

/* Asks for something to be done with one incident. */
static enum cli_status ask(struct cli *cli, const char *request, json_t **ret_answer)
{
	struct writer writer;
	const char *id = cli->options.arguments[0];
	enum cli_status status = writer_open(&writer, cli);

	if (status != CLI_DONE)
		return status;
	status = writer_ask(&writer,
		json_pack("{s:s, s:s}", "request", request, "incident", id), ret_answer);
	writer_close(&writer);
	return status;
}

static enum cli_status finish(struct cli *cli, json_t *answer)
{
	int err = cli->json ? row_print(answer) : 0;

	if (!cli->json)
		json_decref(answer);
	return err < 0 ? cli_file_failed("standard output", err) : cli_finish_output();
}

enum cli_status cli_incidents_ack(struct cli *cli)
{
	json_t *answer;
	enum cli_status status = ask(cli, "incident-ack", &answer);

	return status == CLI_DONE ? finish(cli, answer) : status;
}

enum cli_status cli_incidents_close(struct cli *cli)
{
	json_t *answer;
	enum cli_status status = ask(cli, "incident-close", &answer);

	if (status != CLI_DONE)
		return status;
	if (json_integer_value(json_object_get(answer, "closed")) == 0)
		cli_say("%s was closed before", cli->options.arguments[0]);
	return finish(cli, answer);
}
