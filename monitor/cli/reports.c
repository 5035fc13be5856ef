/* SPDX-License-Identifier: MIT */
#include "monitor/cli/reports.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "monitor/cli/folder.h"
#include "monitor/conf_file.h"
#include "monitor/ingest/dsn.h"
#include "monitor/ingest/reader.h"
#include "monitor/ingest/settings.h"
#include "monitor/ingest/unpack.h"

#define CHUNK_BYTES 65536

struct reports {
	struct reports_options options;
	enum reader_format format;
	struct reader *reader; /* of the file at work */
	const char *path; /* of the file at work */
	uint8_t *mail; /* owned, of DSN_MESSAGE_MAX bytes; NULL for logs */
	size_t mail_len;
	enum cli_status folder_status; /* the latest that was no success */
	int err;
};

int reports_create(const struct reports_options *options, struct reports **ret_reports)
{
	struct reports *reports = calloc(1, sizeof *reports);

	if (reports == NULL)
		return -ENOMEM;
	reports->options = *options;
	if (reader_format_from_name(options->format, &reports->format) < 0) {
		reports->mail = malloc(DSN_MESSAGE_MAX);
		if (reports->mail == NULL) {
			free(reports);
			return -ENOMEM;
		}
	}
	*ret_reports = reports;
	return 0;
}

void reports_destroy(struct reports *reports)
{
	if (reports == NULL)
		return;
	free(reports->mail);
	free(reports);
}

int reports_error(const struct reports *reports)
{
	return reports->err;
}

static int hand_over(void *owner, const struct report *report)
{
	struct reports *reports = owner;

	if (reports->err == 0)
		reports->err = reports->options.on_report(
			reports->options.owner, reports->path, report);
	return reports->err;
}

static void on_report(void *owner, const struct report *report)
{
	hand_over(owner, report);
}

static void on_rejected(void *owner, const struct reader_rejected *rejected)
{
	const struct reports *reports = owner;

	reports->options.on_refused(
		reports->options.owner, reports->path, rejected->line, rejected->why);
}

static void on_log_bytes(void *owner, const void *bytes, size_t len)
{
	struct reports *reports = owner;

	if (reports->err == 0)
		reader_feed(reports->reader, bytes, len);
}

static void on_mail_bytes(void *owner, const void *bytes, size_t len)
{
	struct reports *reports = owner;
	size_t room = DSN_MESSAGE_MAX - reports->mail_len;

	if (len > room)
		len = room;
	memcpy(reports->mail + reports->mail_len, bytes, len);
	reports->mail_len += len;
}

/* The whole of a file, unpacked, into the sink. Returns 0 or why not. */
static int pour(struct reports *reports, FILE *in, const struct unpack_sink *sink)
{
	struct unpack *unpack;
	static char chunk[CHUNK_BYTES];
	int err = unpack_create(sink, &unpack);
	size_t len;

	if (err < 0)
		return err;
	while (err == 0 && reports->err == 0 &&
		(len = fread(chunk, 1, sizeof chunk, in)) > 0)
		err = unpack_feed(unpack, chunk, len);
	if (err == 0 && ferror(in))
		err = -EIO;
	if (err == 0 && reports->err == 0)
		err = unpack_end(unpack);
	unpack_destroy(unpack);
	return err;
}

static int64_t written_at(FILE *in, int64_t now)
{
	struct stat st;

	if (fstat(fileno(in), &st) < 0 || !S_ISREG(st.st_mode))
		return now;
	return (int64_t)st.st_mtim.tv_sec * 1000 + st.st_mtim.tv_nsec / 1000000;
}

static int create_reader(struct reports *reports, FILE *in)
{
	const struct cli *cli = reports->options.cli;
	const struct conf_file_delivery *source = reports->options.source;
	const char *zone = options_value(&cli->options, "tz");
	const struct reader_sink sink = {
		.owner = reports, .on_report = on_report, .on_rejected = on_rejected};
	struct reader_fields fields = {0};
	struct reader_options options = {
		.timeless = true, .zone = zone, .reference_at = written_at(in, cli->now)};

	if (source != NULL) {
		settings_fields(source, &fields);
		options.fields = &fields;
		options.zone = zone != NULL ? zone : source->timezone;
		options.internal_relays = (const char *const *)source->internal_relays;
		options.internal_relays_len = source->internal_relays_count;
	}
	return reader_create(reports->format, &options, &sink, &reports->reader);
}

/* Returns 0, or why the file cannot be read. */
static int read_log(struct reports *reports, FILE *in)
{
	const struct unpack_sink sink = {.owner = reports, .on_bytes = on_log_bytes};
	int err = create_reader(reports, in);

	if (err < 0)
		return err;
	err = pour(reports, in, &sink);
	if (reports->err == 0)
		reader_end(reports->reader);
	reader_destroy(reports->reader);
	return err;
}

static int read_mail(struct reports *reports, FILE *in)
{
	const struct unpack_sink sink = {.owner = reports, .on_bytes = on_mail_bytes};
	const char *why = NULL;
	int err;

	reports->mail_len = 0;
	err = pour(reports, in, &sink);
	if (err < 0 || reports->err != 0)
		return err;
	err = dsn_read(reports->mail, reports->mail_len, reports->options.cli->now,
		hand_over, reports, &why);
	if (reports->err == 0)
		reports->err = err;
	if (why != NULL)
		reports->options.on_refused(
			reports->options.owner, reports->path, 0, why);
	return 0;
}

static enum cli_status read_file(struct reports *reports, const char *path)
{
	FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	int err;

	if (in == NULL)
		return cli_file_failed(path, -errno);
	reports->path = path;
	err = reports->mail != NULL ? read_mail(reports, in) : read_log(reports, in);
	if (in != stdin)
		fclose(in);
	if (err == -EINVAL)
		return cli_wrong_call("--tz: expected a zone such as Europe/Berlin");
	return err < 0 ? cli_file_failed(path, err) : CLI_DONE;
}

/* One mail of a folder; a bad file does not end the walk. */
static int on_file(void *owner, const char *path)
{
	struct reports *reports = owner;
	enum cli_status status = read_file(reports, path);

	if (status != CLI_DONE)
		reports->folder_status = status;
	return reports->err;
}

enum cli_status reports_read(struct reports *reports, const char *path)
{
	int err;

	if (reports->mail == NULL || !folder_is(path))
		return read_file(reports, path);
	reports->folder_status = CLI_DONE;
	err = folder_each(path, on_file, reports);
	if (err < 0 && reports->err == 0)
		return cli_file_failed(path, err);
	return reports->folder_status;
}
