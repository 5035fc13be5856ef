/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "monitor/cli/cli.h"
#include "monitor/cli/row.h"
#include "monitor/conf_file.h"
#include "monitor/control_client.h"
#include "monitor/describe.h"
#include "monitor/protect/replace.h"
#include "storage/incidents.h"
#include "storage/ledger.h"
#include "storage/outbox_list.h"

#define PATIENCE_MS 5000

/* All there is to tell. */
struct state {
	struct run_end run;
	struct lookup_totals totals;
	struct ledger_head head;
	bool held;
	int64_t pid;
	unsigned incidents_open;
	struct outbox_totals outbox;
	json_t *detector; /* owned; NULL: no monitor tells */
};

static int on_open(void *owner, const struct incident *incident)
{
	unsigned *count = owner;

	(void)incident;
	++*count;
	return 0;
}

/* What the detector of a running monitor says of itself. */
static json_t *ask_detector(const struct cli *cli)
{
	struct control_client *client;
	json_t *request = json_pack("{ss}", "request", "detector");
	json_t *answer = NULL;

	if (control_client_open(cli->conf.control, PATIENCE_MS, &client) == 0) {
		if (request == NULL || control_client_ask(client, request, &answer) < 0)
			answer = NULL;
		control_client_close(client);
	}
	json_decref(request);
	if (answer == NULL || json_is_true(json_object_get(answer, "ok"))) {
		json_object_del(answer, "ok");
		return answer;
	}
	json_decref(answer);
	return NULL;
}

static int look(struct cli *cli, struct state *state)
{
	const struct incidents_filter open = {.open_only = true};
	int err = lookup_last_run(cli->store, &state->run);

	if (err == 0)
		err = lookup_totals(cli->store, &state->totals);
	if (err == 0)
		err = ledger_head(cli->store, &state->head);
	if (err == 0)
		err = incidents_each(cli->store, &open, on_open, &state->incidents_open);
	if (err == 0)
		err = outbox_totals(cli->store, cli->now, &state->outbox);
	state->held = store_is_held(store_path(cli->store), &state->pid);
	state->detector = state->held ? ask_detector(cli) : NULL;
	return err;
}

static json_t *make_run(const struct run_end *run)
{
	if (!run->any)
		return json_null();
	return json_pack("{s:o, s:b, s:o}", "started_at", row_instant(run->started_at),
		"stopped", run->stopped, "last_at", row_instant(run->last_at));
}

static json_t *make_totals(const struct lookup_totals *totals)
{
	return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}",
		"domains", (json_int_t)totals->domains, "points",
		(json_int_t)totals->points, "watched", (json_int_t)totals->watched_points,
		"exchanges", (json_int_t)totals->hosts, "failing",
		(json_int_t)totals->gaps_open, "spans", (json_int_t)totals->spans, "gaps",
		(json_int_t)totals->gaps, "changes", (json_int_t)totals->changes,
		"suspicions", (json_int_t)totals->suspicions, "first_at",
		row_instant(totals->first_at), "latest_at",
		row_instant(totals->latest_at));
}

static json_t *make_outbox(const struct outbox_totals *outbox)
{
	const bool failed = outbox->error[0] != '\0';

	return json_pack("{s:I, s:I, s:I, s:o, s:o, s:s?, s:s?}", "gathering",
		(json_int_t)outbox->notices, "waiting", (json_int_t)outbox->waiting,
		"given_up", (json_int_t)outbox->given_up, "oldest_at",
		row_instant(outbox->oldest_at), "sent_at", row_instant(outbox->sent_at),
		"error", failed ? outbox->error : NULL, "error_channel",
		failed ? outbox->error_channel : NULL);
}

static const char *filter_path(const struct cli *cli)
{
	const struct conf_file *file = cli->conf.file;

	return file != NULL && file->protect != NULL ? file->protect->postfix_reply_filter
						     : NULL;
}

static json_t *make_filter(const struct cli *cli)
{
	const char *path = filter_path(cli);

	return path != NULL ? replace_state(path) : json_null();
}

static int print_row(const struct cli *cli, const struct state *state)
{
	return row_print(json_pack("{s:s, s:s, s:s, s:I, s:{s:b, s:o}, s:o, s:o, s:{s:I, "
				   "s:o, s:s}, s:I, s:o, s:O?, s:o}",
		"version", MXVIGIL_VERSION, "store", store_path(cli->store), "site",
		store_site(cli->store), "bytes", (json_int_t)store_bytes(cli->store),
		"daemon", "running", state->held, "pid",
		state->held && state->pid != 0 ? json_integer(state->pid) : json_null(),
		"last_run", make_run(&state->run), "totals", make_totals(&state->totals),
		"ledger", "transaction", (json_int_t)state->head.transaction, "at",
		row_instant(state->head.at), "hash", state->head.hash, "incidents_open",
		(json_int_t)state->incidents_open, "outbox", make_outbox(&state->outbox),
		"detector", state->detector, "reply_filter", make_filter(cli)));
}

static void print_run(const struct state *state)
{
	char from[DESCRIBE_TEXT_MAX];
	char to[DESCRIBE_TEXT_MAX];

	if (state->held)
		printf("monitor  running, pid %lld, since %s UTC\n",
			(long long)state->pid,
			describe_instant(state->run.started_at, from));
	else if (!state->run.any)
		puts("monitor  never ran on this store");
	else
		printf("monitor  not running; last from %s to %s UTC%s\n",
			describe_instant(state->run.started_at, from),
			describe_instant(state->run.last_at, to),
			state->run.stopped ? "" : ", ended without a word");
}

static void print_totals(const struct lookup_totals *totals)
{
	char a[DESCRIBE_TEXT_MAX];
	char b[DESCRIBE_TEXT_MAX];
	char c[DESCRIBE_TEXT_MAX];

	printf("points   %s watched, %s of them failing; %s domains ever seen\n",
		describe_count(totals->watched_points, a),
		describe_count(totals->gaps_open, b), describe_count(totals->domains, c));
	printf("history  %s spans, %s gaps", describe_count(totals->spans, a),
		describe_count(totals->gaps, b));
	printf(", %s changes, %s suspicions\n", describe_count(totals->changes, a),
		describe_count(totals->suspicions, b));
	printf("         from %s to %s UTC\n", describe_instant(totals->first_at, a),
		describe_instant(totals->latest_at, b));
}

static uint64_t count_of(const json_t *object, const char *key)
{
	return (uint64_t)json_integer_value(json_object_get(object, key));
}

static void print_protect(const json_t *protect)
{
	char holds[DESCRIBE_TEXT_MAX];
	char softened[DESCRIBE_TEXT_MAX];

	if (!json_is_object(protect))
		return;
	printf("protect  mail for %s domains waits; %s refusals softened%s\n",
		describe_count(count_of(protect, "holds"), holds),
		describe_count(count_of(protect, "softened"), softened),
		json_is_false(json_object_get(protect, "listening")) ? "; NOT LISTENING"
								     : "");
}

static void print_incidents(const struct state *state)
{
	char text[DESCRIBE_TEXT_MAX];

	printf("cases    %s incidents open\n",
		describe_count(state->incidents_open, text));
	if (state->detector == NULL)
		return;
	printf("detector %s domains known, %.3g false alarms a year expected\n",
		describe_count((uint64_t)json_integer_value(
				       json_object_get(state->detector, "domains")),
			text),
		json_number_value(
			json_object_get(state->detector, "expected_false_alarms")));
	print_protect(json_object_get(state->detector, "protect"));
	if (json_is_true(json_object_get(state->detector, "relays_void")))
		puts("         one relay takes nearly all mail: which host answered is "
		     "no "
		     "evidence");
}

static void print_outbox(const struct outbox_totals *outbox)
{
	char a[DESCRIBE_TEXT_MAX];
	char b[DESCRIBE_TEXT_MAX];

	if (outbox->notices + outbox->waiting + outbox->given_up == 0 &&
		outbox->sent_at == 0)
		return;
	printf("alerts   %s incidents to be told, %s handovers wait",
		describe_count(outbox->notices, a), describe_count(outbox->waiting, b));
	if (outbox->oldest_at != 0)
		printf(" since %s UTC", describe_instant(outbox->oldest_at, a));
	printf("\n         the last arrived %s; %s given up in a day\n",
		describe_instant(outbox->sent_at, a),
		describe_count(outbox->given_up, b));
	if (outbox->error[0] == '\0')
		return;
	printf("         channel %s: ", outbox->error_channel);
	name_escape(NAME_SINK_TERMINAL, outbox->error, strlen(outbox->error), stdout);
	putchar('\n');
}

static void print_words(const struct cli *cli, const struct state *state)
{
	char at[DESCRIBE_TEXT_MAX];

	fputs("store    ", stdout);
	name_escape(NAME_SINK_TERMINAL, store_path(cli->store),
		strlen(store_path(cli->store)), stdout);
	printf(", %.1f MB, site %s\n", (double)store_bytes(cli->store) / 1e6,
		store_site(cli->store));
	print_run(state);
	print_totals(&state->totals);
	print_incidents(state);
	print_outbox(&state->outbox);
	if (filter_path(cli) != NULL)
		cli_print_reply_filter(filter_path(cli));
	printf("ledger   transaction %lld of %s UTC\n         %s\n",
		(long long)state->head.transaction, describe_instant(state->head.at, at),
		state->head.hash);
}

enum cli_status cli_status_command(struct cli *cli)
{
	struct state state = {0};
	enum cli_status status = cli_open_store(cli);
	int err;

	if (status == CLI_DONE && options_has(&cli->options, "rejected"))
		return cli_rejected(cli);

	if (status != CLI_DONE)
		return status;
	err = look(cli, &state);
	if (err < 0)
		return cli_look_up_failed(err, NULL);
	if (!cli->json)
		print_words(cli, &state);
	else
		err = print_row(cli, &state);
	json_decref(state.detector);
	if (err < 0)
		return cli_file_failed("memory", -ENOMEM);
	return cli_finish_output();
}
