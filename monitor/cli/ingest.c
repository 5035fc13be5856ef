/* SPDX-License-Identifier: MIT */
/* `ingest`: logs of mail servers, read once into the store. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "monitor/cli/cli.h"
#include "monitor/cli/detector.h"
#include "monitor/cli/folder.h"
#include "monitor/cli/progress.h"
#include "monitor/cli/writer.h"
#include "monitor/clock.h"
#include "monitor/conf_file.h"
#include "monitor/ingest/errand.h"
#include "monitor/ingest/mailbox.h"
#include "monitor/ingest/settings.h"
#include "monitor/ingest/source.h"
#include "monitor/ingest/zone.h"

#define COPY_BYTES 65536
#define STALE_MOST 1000 /* times that others may read on in the same file before us */

struct ingestion {
	struct cli *cli;
	struct writer writer;
	struct settings settings;
	const struct conf_file_delivery *delivery; /* NULL: none */
	const char *format;
	const char *name; /* of the source */
	bool torn; /* something was read that could not be written */
	struct reader_counts counts; /* of the file at work */
	uint64_t refused_here; /* lines of it */
	uint64_t refused;
	enum cli_status status;
};

static const struct conf_file_delivery *find_delivery(
	const struct conf *conf, const char *name)
{
	for (unsigned i = 0; conf->file != NULL && i < conf->file->deliveries_count; i++)
		if (strcmp(conf->file->deliveries[i].name, name) == 0)
			return &conf->file->deliveries[i];
	return NULL;
}

/* A file that others read at the same time takes more than one source. */
static void add_counts(struct ingestion *ingestion, const struct source *source)
{
	const struct reader_counts *counts = source_counts(source);
	ingestion->counts.lines += counts->lines;
	ingestion->counts.reports += counts->reports;
	ingestion->counts.ignored += counts->ignored;
	ingestion->refused_here += counts->rejected + source_refused(source);
}

static void say_counts(struct ingestion *ingestion, const char *path, int64_t known)
{
	const struct reader_counts *counts = &ingestion->counts;
	const uint64_t refused = ingestion->refused_here;
	ingestion->refused += refused;
	if (ingestion->cli->json)
		printf("{\"lines\":%llu,\"deliveries\":%llu,\"ignored\":%llu,"
		       "\"refused\":%llu,\"known_bytes\":%lld}\n",
			(unsigned long long)counts->lines,
			(unsigned long long)counts->reports,
			(unsigned long long)counts->ignored, (unsigned long long)refused,
			(long long)known);
	cli_say("%s: %llu lines, %llu deliveries, %llu lines refused%s", path,
		(unsigned long long)counts->lines, (unsigned long long)counts->reports,
		(unsigned long long)refused,
		known > 0 ? "; what was read before is passed over" : "");
}

/* errand: NULL where the store is ours. */
static struct intake_options intake_of(
	const struct ingestion *ingestion, struct errand *errand)
{
	return (struct intake_options){
		.source = ingestion->name,
		.rules = ingestion->settings.rules,
		.operators = ingestion->settings.operators,
		.key = ingestion->settings.key,
		.keep = ingestion->settings.keep,
		.mail = strcmp(ingestion->format, "dsn") == 0,
		.errand = errand,
		.casebook = ingestion->settings.casebook,
	};
}

/* The way to a monitor that has the store; NULL where there is none. */
static int make_errand(struct ingestion *ingestion, struct errand **ret_errand)
{
	const struct errand_link link = {
		.owner = &ingestion->writer, .ask = writer_ask_daemon};
	*ret_errand = NULL;
	if (ingestion->writer.client == NULL)
		return 0;
	return errand_create(&link, ingestion->name,
		strcmp(ingestion->format, "dsn") == 0, ret_errand);
}

static void say_failure(struct ingestion *ingestion, const char *shown, int error)
{
	ingestion->status = CLI_FAILED;
	if (error == -EPIPE || error == -ETIME || error == -EPROTO)
		cli_say("%s: the monitor gave no answer: %s", shown, strerror(-error));
	else
		cli_file_failed(shown, error);
}

static const char *zone_of(const struct ingestion *ingestion)
{
	const char *zone = options_value(&ingestion->cli->options, "tz");
	return zone != NULL || ingestion->delivery == NULL
		? zone
		: ingestion->delivery->timezone;
}

static int make_source(const struct ingestion *ingestion, const char *path,
	struct errand *errand, struct reader_fields *fields, struct source **ret_source)
{
	const struct conf_file_delivery *delivery = ingestion->delivery;
	struct source_options options = {
		.intake = intake_of(ingestion, errand),
		.path = path,
		.alone = true,
		.reader = {.zone = zone_of(ingestion)},
	};
	int error = reader_format_from_name(ingestion->format, &options.format);
	if (error < 0)
		return error;
	if (delivery != NULL) {
		settings_fields(delivery, fields);
		options.reader.fields = delivery->fields != NULL ? fields : NULL;
		options.reader.internal_relays =
			(const char *const *)delivery->internal_relays;
		options.reader.internal_relays_len = delivery->internal_relays_count;
	}
	return source_create(&options, ret_source);
}

/* Reads to the end, or to where an error is. */
static int read_source(struct ingestion *ingestion, struct source *source)
{
	bool more = false;
	int error = 0;
	struct progress progress;
	progress_start(&progress, "lines");
	while (error == 0 && !source_is_done(source) && source_trouble(source) == 0) {
		error = source_step(source, ingestion->cli->store, clock_read().wall_ms,
			clock_mono_ms(), &more);
		progress_show(&progress, source_counts(source)->lines / 64 * 64, -1);
	}
	progress_end(&progress);
	ingestion->torn |= error != 0;
	return error == 0 ? source_trouble(source) : error;
}

/* Returns -ESTALE where somebody else has read on in the file. */
static int read_log_once(
	struct ingestion *ingestion, const char *path, int64_t *ret_known)
{
	struct reader_fields fields;
	struct source *source = NULL;
	struct errand *errand;
	int error = make_errand(ingestion, &errand);
	if (error == 0)
		error = make_source(ingestion, path, errand, &fields, &source);
	if (error == 0) {
		error = read_source(ingestion, source);
		*ret_known = source_known(source);
		add_counts(ingestion, source);
	}
	source_destroy(source);
	errand_destroy(errand);
	return error;
}

static void read_log(struct ingestion *ingestion, const char *path, const char *shown)
{
	int64_t known = 0;
	int error = -ESTALE;
	ingestion->counts = (struct reader_counts){.lines = 0};
	ingestion->refused_here = 0;
	for (int i = 0; i < STALE_MOST && error == -ESTALE; i++)
		error = read_log_once(ingestion, path, &known);
	if (error < 0)
		say_failure(ingestion, shown, error);
	else
		say_counts(ingestion, shown, known);
}

static void read_mail(struct ingestion *ingestion, const char *path, const char *shown)
{
	struct errand *errand;
	struct intake *intake;
	struct store_error error = {.code = 0};
	int result = make_errand(ingestion, &errand);
	const struct intake_options options = intake_of(ingestion, errand);
	if (result == 0)
		result = intake_create(&options, &intake);
	if (result == 0) {
		result = mailbox_read_file(intake, ingestion->cli->store, path,
			clock_read().wall_ms, &error);
		intake_destroy(intake);
	}
	errand_destroy(errand);
	ingestion->torn |= error.code != 0;
	if (result < 0)
		say_failure(ingestion, shown, result);
	else
		cli_say("%s: %s", shown, result == 1 ? "read" : "known already");
}

/* Standard input cannot be read twice, as finding what is known of it needs: it is copied into a
 * file without a name. Returns its descriptor, or a negative errno. */
static int copy_input(void)
{
	char bytes[COPY_BYTES];
	const char *folder = getenv("TMPDIR");
	int fd = open(
		folder != NULL ? folder : "/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	ssize_t got = 1;
	if (fd < 0)
		return -errno;
	while (got > 0) {
		got = read(STDIN_FILENO, bytes, sizeof bytes);
		if (got < 0 && errno == EINTR)
			got = 1;
		else if (got > 0 && write(fd, bytes, (size_t)got) != got)
			got = -1;
	}
	if (got == 0)
		return fd;
	const int error = errno != 0 ? -errno : -ENOSPC;
	close(fd);
	return error;
}

static int on_mail(void *owner, const char *path)
{
	read_mail(owner, path, path);
	return 0;
}

static void read_folder(struct ingestion *ingestion, const char *path)
{
	const int error = folder_each(path, on_mail, ingestion);
	if (error < 0)
		ingestion->status = cli_file_failed(path, error);
}

static void read_one(struct ingestion *ingestion, const char *path)
{
	const bool mail = strcmp(ingestion->format, "dsn") == 0;
	char copy[64];
	int fd = -1;
	const char *shown = path;
	if (mail && folder_is(path)) {
		read_folder(ingestion, path);
		return;
	}
	if (strcmp(path, "-") == 0) {
		fd = copy_input();
		if (fd < 0) {
			ingestion->status = cli_file_failed("standard input", fd);
			return;
		}
		snprintf(copy, sizeof copy, "/proc/self/fd/%d", fd);
		path = copy;
		shown = "standard input";
	}
	if (mail)
		read_mail(ingestion, path, shown);
	else
		read_log(ingestion, path, shown);
	if (fd >= 0)
		close(fd);
}

static enum cli_status check_zone(const struct ingestion *ingestion)
{
	struct zone *zone = NULL;
	const char *name = zone_of(ingestion);
	if (name != NULL && zone_load(name, &zone) < 0)
		return cli_wrong_call("--tz: expected a zone such as Europe/Berlin");
	zone_destroy(zone);
	return CLI_DONE;
}

static enum cli_status prepare(struct ingestion *ingestion)
{
	struct cli *cli = ingestion->cli;
	const char *source = options_value(&cli->options, "source");
	char why[SETTINGS_WHY_MAX];
	enum cli_status status = cli_load_conf(cli);
	if (status != CLI_DONE)
		return status;
	ingestion->format = options_value(&cli->options, "format");
	if (ingestion->format == NULL)
		return cli_wrong_call("ingest: expected --format");
	ingestion->name = source != NULL ? source : ingestion->format;
	if (source != NULL &&
		(ingestion->delivery = find_delivery(&cli->conf, source)) == NULL)
		return cli_wrong_call(
			"ingest: --source: the configuration has no such delivery");
	status = check_zone(ingestion);
	if (status == CLI_DONE)
		status = writer_open(&ingestion->writer, cli);
	if (status != CLI_DONE || ingestion->writer.client != NULL)
		return status;
	if (settings_load(&cli->conf, &ingestion->settings, why) < 0) {
		cli_say("%s", why);
		return CLI_FAILED;
	}
	status = detector_open(cli, &ingestion->settings.casebook);
	if (status != CLI_DONE)
		settings_finish(&ingestion->settings);
	return status;
}

enum cli_status cli_ingest(struct cli *cli)
{
	struct ingestion ingestion = {.cli = cli};
	enum cli_status status = prepare(&ingestion);
	if (status != CLI_DONE)
		return status;
	for (size_t i = 0; i < cli->options.arguments_len; i++)
		read_one(&ingestion, cli->options.arguments[i]);
	if (cli->options.arguments_len == 0)
		read_one(&ingestion, "-");
	status = detector_close(ingestion.settings.casebook, !ingestion.torn);
	settings_finish(&ingestion.settings);
	writer_close(&ingestion.writer);
	if (status != CLI_DONE || ingestion.status != CLI_DONE || ingestion.refused > 0)
		return CLI_FAILED;
	return cli_finish_output();
}
