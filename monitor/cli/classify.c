/* SPDX-License-Identifier: MIT */
/* `classify`: deliveries as a log tells them, each with the rule that decided. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/cli/cli.h"
#include "monitor/cli/reports.h"
#include "monitor/cli/row.h"
#include "monitor/conf_file.h"
#include "monitor/ingest/reply.h"
#include "monitor/ingest/reply_rules.h"
#include "monitor/ingest/report.h"
#include "resolvers/utf8.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD, for bytes that are not UTF-8 */

struct classifying {
	struct cli *cli;
	struct reply_rules *rules; /* owned */
	struct reports *files; /* owned */
	uint64_t reports;
	uint64_t refused;
};

/* Foreign bytes as a JSON text; null for none. */
static json_t *foreign_text(const char *text)
{
	char clean[3 * REPORT_TEXT_MAX + 1];
	size_t left = strlen(text);
	size_t len = 0;

	if (left == 0)
		return json_null();
	while (left > 0 && len + 4 < sizeof clean) {
		uint32_t character;
		size_t taken = utf8_decode((const uint8_t *)text, left, &character);

		if (taken == 0)
			memcpy(clean + len, REPLACEMENT, 3);
		else
			memcpy(clean + len, text, taken);
		len += taken == 0 ? 3 : taken;
		text += taken == 0 ? 1 : taken;
		left -= taken == 0 ? 1 : taken;
	}
	return json_stringn(clean, len);
}

static json_t *domain_of(const char *recipient)
{
	const char *at = strrchr(recipient, '@');
	uint8_t name[NAME_WIRE_MAX];
	char text[NAME_TEXT_MAX];
	const char *why;

	if (at == NULL || at[1] == '\0')
		return json_null();
	if (name_parse_domain(at + 1, name, &why) < 0)
		return foreign_text(at + 1);
	return json_string(name_format(name, text));
}

static json_t *row_of_report(const char *source, const struct report *report,
	const struct reply_verdict *verdict)
{
	bool delivered = report->outcome == DELIVERY_DELIVERED;

	return json_pack("{s:o, s:o, s:o, s:o, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
		"at", row_instant(report->at), "source", foreign_text(source),
		"recipient",
		foreign_text(report->recipient[0] == '@' ? "" : report->recipient),
		"domain", domain_of(report->recipient), "outcome",
		delivery_outcome_name(report->outcome), "code",
		verdict->code != 0 ? json_integer(verdict->code) : json_null(), "status",
		foreign_text(verdict->status), "reason",
		delivered ? json_null()
			  : json_string(delivery_reason_name(verdict->reason)),
		"rule", foreign_text(verdict->rule), "relay_host",
		foreign_text(report->relay_host), "relay_ip",
		foreign_text(report->relay_ip), "text", foreign_text(report->text));
}

static int on_report(void *owner, const char *path, const struct report *report)
{
	struct classifying *classifying = owner;
	struct reply_verdict verdict;
	int err = 0;

	reply_judge(classifying->rules, report, &verdict);
	for (unsigned i = 0; i < report->count && err == 0; i++) {
		err = row_print(row_of_report(path, report, &verdict));
		classifying->reports++;
	}
	return err;
}

static void on_refused(void *owner, const char *path, uint64_t line, const char *why)
{
	struct classifying *classifying = owner;

	if (++classifying->refused == CLI_REFUSED_SAID + 1)
		cli_say("more is refused than is worth naming");
	if (classifying->refused > CLI_REFUSED_SAID)
		return;
	if (line > 0)
		cli_say("%s:%llu: %s", path, (unsigned long long)line, why);
	else
		cli_say("%s: %s", path, why);
}

/* The source of the configuration whose zone, fields and relays are to be used. */
static enum cli_status find_source(
	struct cli *cli, const struct conf_file_delivery **ret_source)
{
	const char *name = options_value(&cli->options, "source");
	const struct conf_file *file = cli->conf.file;

	*ret_source = NULL;
	if (name == NULL)
		return CLI_DONE;
	for (unsigned i = 0; file != NULL && i < file->deliveries_count; i++)
		if (strcmp(file->deliveries[i].name, name) == 0)
			*ret_source = &file->deliveries[i];
	if (*ret_source == NULL)
		return cli_wrong_call("--source: expected a name under deliveries in the "
				      "configuration");
	return CLI_DONE;
}

/* Every file is read, though one before could not be. */
static enum cli_status read_files(struct classifying *classifying)
{
	static char standard_input[] = "-";
	static char *const otherwise[] = {standard_input};
	const struct options *options = &classifying->cli->options;
	char *const *paths = options->arguments_len > 0 ? options->arguments : otherwise;
	size_t len = options->arguments_len > 0 ? options->arguments_len : 1;
	enum cli_status status = CLI_DONE;

	for (size_t i = 0; i < len && reports_error(classifying->files) == 0; i++) {
		enum cli_status file = reports_read(classifying->files, paths[i]);

		if (file == CLI_WRONG_CALL)
			return file;
		if (file != CLI_DONE)
			status = file;
	}
	if (reports_error(classifying->files) < 0)
		return cli_file_failed(
			"standard output", reports_error(classifying->files));
	if (classifying->refused > 0)
		cli_say("%llu deliveries, %llu refused",
			(unsigned long long)classifying->reports,
			(unsigned long long)classifying->refused);
	if (cli_finish_output() != CLI_DONE || classifying->refused > 0)
		return CLI_FAILED;
	return status;
}

static enum cli_status prepare(struct classifying *classifying, const char *format)
{
	struct cli *cli = classifying->cli;
	struct reports_options options = {
		.cli = cli,
		.format = format,
		.owner = classifying,
		.on_report = on_report,
		.on_refused = on_refused,
	};
	struct reply_rules_error error;
	enum cli_status status = cli_load_conf(cli);
	const char *rules;

	if (status == CLI_DONE)
		status = find_source(cli, &options.source);
	if (status != CLI_DONE)
		return status;
	rules = options_value(&cli->options, "rules");
	if (rules == NULL && cli->conf.file != NULL)
		rules = cli->conf.file->rules_file;
	if (reply_rules_create(rules, &classifying->rules, &error) < 0) {
		cli_say("%s", error.text);
		return CLI_WRONG_CONF;
	}
	return reports_create(&options, &classifying->files) < 0
		? cli_file_failed(format, -ENOMEM)
		: CLI_DONE;
}

enum cli_status cli_classify(struct cli *cli)
{
	struct classifying classifying = {.cli = cli};
	const char *format = options_value(&cli->options, "format");
	enum cli_status status;

	if (format == NULL)
		return cli_wrong_call(
			"classify: expected --format FORMAT; one of postfix, exim, pmta, "
			"kumomta, csv, jsonl, dsn");
	status = prepare(&classifying, format);
	if (status == CLI_DONE)
		status = read_files(&classifying);
	reply_rules_destroy(classifying.rules);
	reports_destroy(classifying.files);
	return status;
}
