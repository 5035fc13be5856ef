/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/settings.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/conf.h"
#include "monitor/conf_file.h"
#include "monitor/ingest/reader.h"
#include "monitor/ingest/reply_rules.h"
#include "monitor/operators.h"
#include "storage/instant.h"

#define DAY_MS INT64_C(86400000)
#define PRUNE_ROWS 500
#define RECIPIENTS_MOST 20000000 /* about 1 GB of the store */
#define KEEP_HASH 2 /* words of recipients.keep */
#define KEEP_ALL 3

static int read_key(int fd, uint8_t key[DELIVERIES_KEY])
{
	struct stat stat_of;
	if (fstat(fd, &stat_of) < 0)
		return -errno;
	if (!S_ISREG(stat_of.st_mode) || (stat_of.st_mode & S_IROTH) != 0)
		return -EPERM;
	const ssize_t got = read(fd, key, DELIVERIES_KEY);
	if (got < 0)
		return -errno;
	return got == DELIVERIES_KEY ? 0 : -EINVAL;
}

/* Beside, then linked to its name: nobody ever sees half a key, and the first one wins. */
static int make_key(const char *path)
{
	uint8_t key[DELIVERIES_KEY];
	char beside[4096];
	const int len = snprintf(beside, sizeof beside, "%s.XXXXXX", path);
	if (len < 0 || (size_t)len >= sizeof beside)
		return -ENAMETOOLONG;
	if (getrandom(key, sizeof key, 0) != sizeof key)
		return -EIO;
	int fd = mkostemp(beside, O_CLOEXEC); /* for the owner alone */
	if (fd < 0)
		return -errno;
	int error = 0;
	if (write(fd, key, sizeof key) != sizeof key || fsync(fd) < 0)
		error = errno != 0 ? -errno : -EIO;
	if (error == 0 && link(beside, path) < 0 && errno != EEXIST)
		error = -errno;
	close(fd);
	unlink(beside);
	return error;
}

static int load_key(const char *path, uint8_t key[DELIVERIES_KEY])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0 && errno == ENOENT) {
		int error = make_key(path);
		if (error < 0)
			return error;
		fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	}
	if (fd < 0)
		return -errno;
	int error = read_key(fd, key);
	close(fd);
	return error;
}

static int load_key_of(
	const struct conf *conf, uint8_t key[DELIVERIES_KEY], char *ret_why)
{
	const struct conf_file_recipients *recipients =
		conf->file != NULL ? conf->file->recipients : NULL;
	char path[4096];
	if (recipients != NULL && recipients->key_file != NULL)
		snprintf(path, sizeof path, "%s", recipients->key_file);
	else
		snprintf(path, sizeof path, "%s.key", conf->store);
	int error = load_key(path, key);
	if (error < 0)
		snprintf(ret_why, SETTINGS_WHY_MAX, "recipients' key %.400s: %s", path,
			error == -EPERM ? "expected a file that others cannot read"
				: error == -EINVAL ? "expected 32 bytes or more"
						   : strerror(-error));
	return error;
}

/* Durations were checked when the configuration was read. */
static int64_t term(const char *text, int64_t otherwise)
{
	int64_t ms;
	return text != NULL && duration_parse(text, &ms) == 0 ? ms : otherwise;
}

static void read_limits(const struct conf *conf, struct settings *settings)
{
	const struct conf_file_recipients *recipients =
		conf->file != NULL ? conf->file->recipients : NULL;
	settings->limits = (struct deliveries_limits){
		.keep_ms = conf->retention.deliveries_ms,
		.hold_ms = 3 * DAY_MS,
		.forget_ms = 400 * DAY_MS,
		.recipients_most = RECIPIENTS_MOST,
		.rows = PRUNE_ROWS,
	};
	settings->keep = DELIVERIES_KEEP_INCIDENT;
	if (recipients == NULL)
		return;
	settings->limits.hold_ms = term(recipients->hold, 3 * DAY_MS);
	settings->limits.forget_ms = term(recipients->forget_after, 400 * DAY_MS);
	if (recipients->keep != NULL && *recipients->keep == KEEP_HASH)
		settings->keep = DELIVERIES_KEEP_HASH;
	if (recipients->keep != NULL && *recipients->keep == KEEP_ALL) {
		settings->keep = DELIVERIES_KEEP_ADDRESS;
		settings->limits.hold_ms = 0;
	}
}

/* By name alone: relays are judged by the names that mail servers write down. */
static int load_operators(
	const struct conf *conf, struct settings *settings, char *ret_why)
{
	struct operators_error error;
	const int code =
		operators_create(conf->file != NULL ? conf->file->operators_file : NULL,
			NULL, &settings->operators, &error);
	if (code < 0)
		snprintf(ret_why, SETTINGS_WHY_MAX, "%s", error.text);
	return code;
}

int settings_load(const struct conf *conf, struct settings *ret_settings,
	char ret_why[SETTINGS_WHY_MAX])
{
	struct settings settings = {.rules = NULL};
	struct reply_rules_error error;
	read_limits(conf, &settings);
	int code = load_key_of(conf, settings.key, ret_why);
	if (code < 0)
		return code;
	code = reply_rules_create(conf->file != NULL ? conf->file->rules_file : NULL,
		&settings.rules, &error);
	if (code < 0) {
		snprintf(ret_why, SETTINGS_WHY_MAX, "%s", error.text);
		return code;
	}
	code = load_operators(conf, &settings, ret_why);
	if (code < 0) {
		settings_finish(&settings);
		return code;
	}
	*ret_settings = settings;
	return 0;
}

void settings_finish(struct settings *settings)
{
	reply_rules_destroy(settings->rules);
	operators_destroy(settings->operators);
	*settings = (struct settings){.rules = NULL};
}

void settings_fields(
	const struct conf_file_delivery *delivery, struct reader_fields *ret_fields)
{
	const struct conf_file_fields *fields = delivery->fields;
	*ret_fields = (struct reader_fields){.at = NULL};
	if (fields == NULL)
		return;
	*ret_fields = (struct reader_fields){
		.at = fields->at,
		.recipient = fields->recipient,
		.original = fields->original,
		.domain = fields->domain,
		.outcome = fields->outcome,
		.code = fields->code,
		.status = fields->status,
		.text = fields->text,
		.relay_host = fields->relay_host,
		.relay_ip = fields->relay_ip,
		.id = fields->id,
	};
}
