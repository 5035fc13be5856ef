/* SPDX-License-Identifier: MIT */
/* `backtest`: the detector over a past that the program was not there for. */
#include "monitor/backtest/backtest.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/incident_json.h"
#include "monitor/backtest/mails.h"
#include "monitor/backtest/past.h"
#include "monitor/cli/cli.h"
#include "monitor/cli/incident_row.h"
#include "monitor/cli/row.h"
#include "monitor/conf_file.h"
#include "monitor/ingest/reply_rules.h"
#include "monitor/ingest/settings.h"
#include "monitor/operators.h"

struct replay {
	struct cli *cli;
	struct operators *operators; /* owned */
	struct reply_rules *rules; /* owned */
	struct mails *mails; /* owned */
	struct past past;
	const char *path; /* at work */
	uint64_t refused;
};

static json_t *list_of(
	const char *id, const struct incident_recipient *recipients, size_t len)
{
	json_t *list = json_array();

	for (size_t i = 0; i < len; i++)
		json_array_append_new(
			list, incident_row_of_recipient(id, &recipients[i]));
	return list;
}

static int on_incident(void *owner, const struct incident *incident,
	const struct incident_recipient *recipients, size_t recipients_len)
{
	const struct replay *replay = owner;
	char id[24];

	snprintf(id, sizeof id, "%lld", (long long)incident->number);
	json_t *row = incident_json(id, incident);
	if (options_has(&replay->cli->options, "recipients"))
		json_object_set_new(
			row, "recipient_list", list_of(id, recipients, recipients_len));
	return row_print(row);
}

static void on_refused(void *owner, uint64_t line, const char *why)
{
	struct replay *replay = owner;
	if (++replay->refused <= CLI_REFUSED_SAID)
		cli_say("%s:%llu: %s", replay->path, (unsigned long long)line, why);
}

static void on_rejected(void *owner, const char *path, uint64_t line, const char *why)
{
	struct replay *replay = owner;
	replay->path = path;
	on_refused(replay, line, why);
}

static enum cli_status prepare(struct replay *replay)
{
	struct cli *cli = replay->cli;
	const struct options *options = &cli->options;
	struct reply_rules_error rules_error;
	struct operators_error error;
	enum cli_status status = cli_load_conf(cli);
	const struct conf_file *file = cli->conf.file;
	if (status != CLI_DONE)
		return status;
	if (reply_rules_create(file != NULL ? file->rules_file : NULL, &replay->rules,
		    &rules_error) < 0) {
		cli_say("%s", rules_error.text);
		return CLI_WRONG_CONF;
	}
	const char *asn = options_value(options, "asn");
	if (operators_create(file != NULL ? file->operators_file : NULL, asn,
		    &replay->operators, &error) < 0) {
		cli_say("%s", error.text);
		return CLI_FAILED;
	}
	return CLI_DONE;
}

static enum cli_status read_past(struct replay *replay)
{
	const struct options *options = &replay->cli->options;
	const char *path;
	for (size_t i = 0; (path = options_nth(options, "history", i)) != NULL; i++) {
		replay->path = path;
		const int err = past_read(&replay->past, path, on_refused, replay);
		if (err < 0)
			return cli_file_failed(path, err);
	}
	past_settle(&replay->past);
	return CLI_DONE;
}

static enum cli_status open_mails(struct replay *replay)
{
	const struct options *options = &replay->cli->options;
	const char *format = options_value(options, "format");
	const struct mails_options reading = {
		.rules = replay->rules,
		.zone = options_value(options, "tz"),
		.now = replay->cli->now,
		.on_rejected = on_rejected,
		.owner = replay,
	};
	enum reader_format number;
	const char *path;
	if (format == NULL || reader_format_from_name(format, &number) < 0)
		return cli_wrong_call("--format: expected postfix, exim, pmta, kumomta, "
				      "csv or jsonl");
	int err = mails_create(&reading, &replay->mails);
	for (size_t i = 0; (path = options_nth(options, "deliveries", i)) != NULL; i++) {
		if (err == 0)
			err = mails_add(replay->mails, path, number);
		if (err < 0)
			return cli_file_failed(path, err);
	}
	return CLI_DONE;
}

static enum cli_status replay_all(struct replay *replay)
{
	const struct backtest_options options = {
		.operators = replay->operators,
		.past = &replay->past,
		.mails = replay->mails,
		.authoritative = options_value(&replay->cli->options, "authoritative"),
	};
	struct backtest *backtest;
	const char *path = "deliveries";
	int err = backtest_run(&options, &backtest, &path);
	if (err < 0)
		return cli_file_failed(path, err);
	err = backtest_each(backtest, on_incident, replay);
	backtest_destroy(backtest);
	if (err < 0)
		return cli_file_failed("standard output", err);
	if (cli_finish_output() != CLI_DONE)
		return CLI_FAILED;
	return replay->refused > 0 ? CLI_FAILED : CLI_DONE;
}

enum cli_status cli_backtest(struct cli *cli)
{
	struct replay replay = {.cli = cli};
	past_init(&replay.past);
	enum cli_status status = prepare(&replay);
	if (status == CLI_DONE)
		status = read_past(&replay);
	if (status == CLI_DONE)
		status = open_mails(&replay);
	if (status == CLI_DONE)
		status = replay_all(&replay);
	mails_destroy(replay.mails);
	past_finish(&replay.past);
	reply_rules_destroy(replay.rules);
	operators_destroy(replay.operators);
	return status;
}
