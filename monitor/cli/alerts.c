/* SPDX-License-Identifier: MIT */
/* `alerts list` and `retry`. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/alert.h"
#include "monitor/cli/cli.h"
#include "monitor/cli/row.h"
#include "monitor/cli/table.h"
#include "monitor/cli/writer.h"
#include "monitor/describe.h"
#include "storage/outbox_list.h"

struct listing {
	struct cli *cli;
	struct table *table; /* owned; for people */
};

/* --- what is not composed yet --- */

static int on_pending(void *owner, const struct outbox_pending *pending)
{
	const struct listing *listing = owner;
	char since[DESCRIBE_TEXT_MAX];
	char count[DESCRIBE_TEXT_MAX];
	char detail[160];
	const char *const cells[] = {"-", describe_instant(pending->first_at, since),
		pending->channel, "gathering", "0"};

	if (listing->cli->json)
		return row_print(json_pack("{s:n, s:o, s:s, s:n, s:s, s:i, s:I, s:b}",
			"alert", "at", row_instant(pending->first_at), "channel",
			pending->channel, "recipient", "state", "gathering", "attempts",
			0, "incidents", (json_int_t)pending->count, "critical",
			pending->critical_at != 0));
	since[strlen(since) > 19 ? 19 : strlen(since)] = '\0';
	snprintf(detail, sizeof detail, "%s %s to be told",
		describe_count(pending->count, count),
		pending->count == 1 ? "incident" : "incidents");
	table_add(listing->table, cells);
	table_add_detail(listing->table, detail);
	return 0;
}

/* --- alerts --- */

static json_t *make_row(const struct store *store, const struct outbox_alert *alert,
	const struct outbox_handover *handover)
{
	char id[STORE_ID_MAX];
	char thread[STORE_ID_MAX];
	json_t *row = json_pack("{s:s, s:o, s:s, s:s?, s:s, s:I, s:s, s:s, s:s?, s:I}",
		"alert", outbox_id_format(store, alert->number, id), "at",
		row_instant(alert->at), "channel", handover->channel, "recipient",
		handover->recipient[0] != '\0' ? handover->recipient : NULL, "state",
		outbox_state_name(handover->state), "attempts",
		(json_int_t)handover->attempts, "subject", alert->subject, "event",
		alert_event_name((enum alert_event)alert->event), "thread",
		alert->thread != 0 ? outbox_id_format(store, alert->thread, thread)
				   : NULL,
		"incidents", (json_int_t)alert->incidents);

	json_object_set_new(row, "next_at",
		row_instant(handover->state == OUTBOX_WAITING ? handover->next_at : 0));
	json_object_set_new(row, "done_at", row_instant(handover->done_at));
	json_object_set_new(row, "code",
		handover->code != 0 ? json_integer(handover->code) : json_null());
	json_object_set_new(row, "error",
		handover->error[0] != '\0' ? json_string(handover->error) : json_null());
	return row;
}

/* The subject, and what is wrong. Returned; free with free(). */
static char *make_detail(
	const struct outbox_alert *alert, const struct outbox_handover *handover)
{
	char at[DESCRIBE_TEXT_MAX];
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return NULL;
	name_escape(NAME_SINK_TERMINAL, alert->subject, strlen(alert->subject), out);
	if (handover->error[0] != '\0') {
		fputs("; ", out);
		name_escape(NAME_SINK_TERMINAL, handover->error, strlen(handover->error),
			out);
	}
	if (handover->state == OUTBOX_WAITING && handover->attempts > 0)
		fprintf(out, "; again at %s UTC",
			describe_instant(handover->next_at, at));
	if (fclose(out) == 0)
		return text;
	free(text);
	return NULL;
}

static int on_row(void *owner, const struct outbox_alert *alert,
	const struct outbox_handover *handover)
{
	const struct listing *listing = owner;
	const struct store *store = listing->cli->store;
	char id[STORE_ID_MAX];
	char at[DESCRIBE_TEXT_MAX];
	char attempts[DESCRIBE_TEXT_MAX];
	char to[400];
	char *detail;
	const char *const cells[] = {outbox_id_format(store, alert->number, id), at, to,
		outbox_state_name(handover->state),
		describe_count(handover->attempts, attempts)};

	if (listing->cli->json)
		return row_print(make_row(store, alert, handover));
	describe_instant(alert->at, at);
	at[strlen(at) > 19 ? 19 : strlen(at)] = '\0';
	snprintf(to, sizeof to, "%s%s%s", handover->channel,
		handover->recipient[0] != '\0' ? " " : "", handover->recipient);
	detail = make_detail(alert, handover);
	table_add(listing->table, cells);
	table_add_detail(listing->table, detail != NULL ? detail : "(no memory)");
	free(detail);
	return 0;
}

static int print(struct listing *listing, const struct outbox_filter *filter)
{
	static const struct table_column columns[] = {
		{"ID", false},
		{"AT (UTC)", false},
		{"TO", false},
		{"STATE", false},
		{"TRIES", true},
	};
	struct cli *cli = listing->cli;
	int err;

	listing->table = table_create(columns, sizeof columns / sizeof *columns);
	if (listing->table == NULL)
		return -ENOMEM;
	err = outbox_each(cli->store, filter, on_row, listing);
	if (err == 0)
		err = outbox_each_pending(cli->store, on_pending, listing);
	if (err == 0 && !cli->json && table_rows(listing->table) == 0)
		cli_say("no alerts");
	else if (err == 0 && !cli->json)
		err = table_print(listing->table, cli->colour, stdout);
	table_destroy(listing->table);
	return err;
}

enum cli_status cli_alerts(struct cli *cli)
{
	struct listing listing = {.cli = cli};
	struct outbox_filter filter = {
		.waiting_only = options_has(&cli->options, "waiting")};
	enum cli_status status;
	int err;

	if (!cli_read_instant(cli, "from", &filter.from))
		return CLI_WRONG_CALL;
	status = cli_open_store(cli);
	if (status != CLI_DONE)
		return status;
	err = print(&listing, &filter);
	if (err < 0)
		return cli_look_up_failed(err, NULL);
	return cli_finish_output();
}

/* --- retry --- */

static void tell_retry(const json_t *answer)
{
	const json_int_t count = json_integer_value(json_object_get(answer, "handovers"));

	if (count == 0)
		cli_say("nothing to be tried anew");
	else
		printf("%lld to be tried at once\n", (long long)count);
}

enum cli_status cli_alerts_retry(struct cli *cli)
{
	const char *id =
		cli->options.arguments_len > 0 ? cli->options.arguments[0] : NULL;

	return writer_carry_out(cli,
		json_pack("{s:s, s:s?}", "request", "alert-retry", "alert", id),
		tell_retry);
}
