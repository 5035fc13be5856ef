/* SPDX-License-Identifier: MIT */
/* `classify`: deliveries as a log tells them, each with the rule that decided. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "monitor/cli/cli.h"
#include "monitor/cli/folder.h"
#include "monitor/cli/row.h"
#include "monitor/conf_file.h"
#include "monitor/ingest/dsn.h"
#include "monitor/ingest/reader.h"
#include "monitor/ingest/reply.h"
#include "monitor/ingest/reply_rules.h"
#include "monitor/ingest/report.h"
#include "monitor/ingest/settings.h"
#include "monitor/ingest/unpack.h"
#include "resolvers/utf8.h"

#define CHUNK_BYTES 65536
#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD, for bytes that are not UTF-8 */

struct classifying {
	struct cli *cli;
	struct reply_rules *rules; /* owned */
	struct reader *reader; /* of the file at work */
	const char *path; /* of the file at work */
	enum reader_format format;
	const struct conf_file_delivery *source; /* of the configuration; may be NULL */
	uint8_t *mail; /* owned, of DSN_MESSAGE_MAX bytes; NULL for logs */
	size_t mail_len;
	uint64_t reports;
	uint64_t refused;
	enum cli_status folder_status; /* the latest that was no success */
	int err; /* the first that ended it: memory, or standard output */
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

static void print_report(struct classifying *classifying, const struct report *report)
{
	struct reply_verdict verdict;
	json_t *row;

	reply_judge(classifying->rules, report, &verdict);
	for (unsigned i = 0; i < report->count && classifying->err == 0; i++) {
		row = row_of_report(classifying->path, report, &verdict);
		classifying->err = row_print(row);
		classifying->reports++;
	}
}

static void on_report(void *owner, const struct report *report)
{
	print_report(owner, report);
}

static int on_mail_report(void *owner, const struct report *report)
{
	struct classifying *classifying = owner;

	print_report(classifying, report);
	return classifying->err;
}

static void refuse(struct classifying *classifying, uint64_t line, const char *why)
{
	if (++classifying->refused == CLI_REFUSED_SAID + 1)
		cli_say("more is refused than is worth naming");
	if (classifying->refused > CLI_REFUSED_SAID)
		return;
	if (line > 0)
		cli_say("%s:%llu: %s", classifying->path, (unsigned long long)line, why);
	else
		cli_say("%s: %s", classifying->path, why);
}

static void on_rejected(void *owner, const struct reader_rejected *rejected)
{
	refuse(owner, rejected->line, rejected->why);
}

static void on_log_bytes(void *owner, const void *bytes, size_t len)
{
	struct classifying *classifying = owner;

	if (classifying->err == 0)
		reader_feed(classifying->reader, bytes, len);
}

static void on_mail_bytes(void *owner, const void *bytes, size_t len)
{
	struct classifying *classifying = owner;
	size_t room = DSN_MESSAGE_MAX - classifying->mail_len;

	if (len > room)
		len = room;
	memcpy(classifying->mail + classifying->mail_len, bytes, len);
	classifying->mail_len += len;
}

/* The whole of a file, unpacked, into the sink. Returns 0 or why not. */
static int pour(struct classifying *classifying, FILE *in, const struct unpack_sink *sink)
{
	struct unpack *unpack;
	static char chunk[CHUNK_BYTES];
	int err = unpack_create(sink, &unpack);
	size_t len;

	if (err < 0)
		return err;
	while (err == 0 && classifying->err == 0 &&
		(len = fread(chunk, 1, sizeof chunk, in)) > 0)
		err = unpack_feed(unpack, chunk, len);
	if (err == 0 && ferror(in))
		err = -EIO;
	if (err == 0 && classifying->err == 0)
		err = unpack_end(unpack);
	unpack_destroy(unpack);
	return err;
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

static int64_t written_at(FILE *in, int64_t now)
{
	struct stat st;

	if (fstat(fileno(in), &st) < 0 || !S_ISREG(st.st_mode))
		return now;
	return (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
}

static int create_reader(struct classifying *classifying, FILE *in)
{
	const struct conf_file_delivery *source = classifying->source;
	const char *zone = options_value(&classifying->cli->options, "tz");
	const struct reader_sink sink = {
		.owner = classifying, .on_report = on_report, .on_rejected = on_rejected};
	struct reader_fields fields = {0};
	struct reader_options options = {.timeless = true,
		.zone = zone,
		.reference_at = written_at(in, classifying->cli->now)};

	if (source != NULL) {
		settings_fields(source, &fields);
		options.fields = &fields;
		options.zone = zone != NULL ? zone : source->timezone;
		options.internal_relays = (const char *const *)source->internal_relays;
		options.internal_relays_len = source->internal_relays_count;
	}
	return reader_create(classifying->format, &options, &sink, &classifying->reader);
}

/* Returns 0, or why the file cannot be read. */
static int read_log(struct classifying *classifying, FILE *in)
{
	const struct unpack_sink sink = {.owner = classifying, .on_bytes = on_log_bytes};
	int err = create_reader(classifying, in);

	if (err < 0)
		return err;
	err = pour(classifying, in, &sink);
	if (classifying->err == 0)
		reader_end(classifying->reader);
	reader_destroy(classifying->reader);
	return err;
}

static int read_mail(struct classifying *classifying, FILE *in)
{
	const struct unpack_sink sink = {.owner = classifying, .on_bytes = on_mail_bytes};
	const char *why = NULL;
	int err;

	classifying->mail_len = 0;
	err = pour(classifying, in, &sink);
	if (err < 0 || classifying->err < 0)
		return err;
	classifying->err = dsn_read(classifying->mail, classifying->mail_len,
		classifying->cli->now, on_mail_report, classifying, &why);
	if (why != NULL)
		refuse(classifying, 0, why);
	return 0;
}

static enum cli_status read_file(struct classifying *classifying, const char *path)
{
	FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	int err;

	if (in == NULL)
		return cli_file_failed(path, -errno);
	classifying->path = path;
	err = classifying->mail != NULL ? read_mail(classifying, in)
					: read_log(classifying, in);
	if (in != stdin)
		fclose(in);
	if (err == -EINVAL)
		return cli_wrong_call("--tz: expected a zone such as Europe/Berlin");
	return err < 0 ? cli_file_failed(path, err) : CLI_DONE;
}

/* One mail of a folder; a bad file does not end the walk. */
static int on_file(void *owner, const char *path)
{
	struct classifying *classifying = owner;
	enum cli_status status = read_file(classifying, path);

	if (status != CLI_DONE)
		classifying->folder_status = status;
	return classifying->err;
}

static enum cli_status read_folder(struct classifying *classifying, const char *path)
{
	int err;

	classifying->folder_status = CLI_DONE;
	err = folder_each(path, on_file, classifying);
	if (err < 0 && classifying->err == 0)
		return cli_file_failed(path, err);
	return classifying->folder_status;
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

	for (size_t i = 0; i < len && classifying->err == 0; i++) {
		bool folder = classifying->mail != NULL && folder_is(paths[i]);
		enum cli_status file = folder ? read_folder(classifying, paths[i])
					      : read_file(classifying, paths[i]);

		if (file == CLI_WRONG_CALL)
			return file;
		if (file != CLI_DONE)
			status = file;
	}
	if (classifying->err < 0)
		return cli_file_failed("standard output", classifying->err);
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
	struct reply_rules_error error;
	enum cli_status status = cli_load_conf(cli);
	const char *rules;

	if (status == CLI_DONE)
		status = find_source(cli, &classifying->source);
	if (status != CLI_DONE)
		return status;
	rules = options_value(&cli->options, "rules");
	if (rules == NULL && cli->conf.file != NULL)
		rules = cli->conf.file->rules_file;
	if (reply_rules_create(rules, &classifying->rules, &error) < 0) {
		cli_say("%s", error.text);
		return CLI_WRONG_CONF;
	}
	if (reader_format_from_name(format, &classifying->format) == 0)
		return CLI_DONE;
	classifying->mail = malloc(DSN_MESSAGE_MAX);
	return classifying->mail != NULL ? CLI_DONE : cli_file_failed("dsn", -ENOMEM);
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
	free(classifying.mail);
	return status;
}
