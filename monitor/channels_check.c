/* SPDX-License-Identifier: MIT */
/* Which keys each type of channel takes and needs, and what may stand in them. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/channel.h"
#include "monitor/channels.h"
#include "monitor/conf.h"
#include "monitor/conf_file.h"
#include "monitor/conf_value.h"

enum channel_key {
	KEY_SMTP = 1 << 0,
	KEY_TLS = 1 << 1,
	KEY_USER = 1 << 2,
	KEY_PASSWORD_FILE = 1 << 3,
	KEY_FROM = 1 << 4,
	KEY_TO = 1 << 5,
	KEY_URL = 1 << 6,
	KEY_URL_FILE = 1 << 7,
	KEY_SECRET_FILE = 1 << 8,
	KEY_KEY_FILE = 1 << 9,
	KEY_COMMAND = 1 << 10,
};

static const struct {
	const char *key;
	unsigned bit; /* enum channel_key */
} keys[] = {
	{"smtp", KEY_SMTP},
	{"tls", KEY_TLS},
	{"user", KEY_USER},
	{"password-file", KEY_PASSWORD_FILE},
	{"from", KEY_FROM},
	{"to", KEY_TO},
	{"url", KEY_URL},
	{"url-file", KEY_URL_FILE},
	{"secret-file", KEY_SECRET_FILE},
	{"key-file", KEY_KEY_FILE},
	{"command", KEY_COMMAND},
};
#define KEYS_LEN (sizeof keys / sizeof *keys)

static const struct {
	unsigned needs;
	unsigned takes; /* beside what it needs */
	bool url; /* needs one of url and url-file */
} rules[] = {
	[CHANNEL_EMAIL] = {KEY_SMTP | KEY_FROM | KEY_TO,
		KEY_TLS | KEY_USER | KEY_PASSWORD_FILE, false},
	[CHANNEL_SENDMAIL] = {KEY_FROM | KEY_TO, 0, false},
	[CHANNEL_EXEC] = {KEY_COMMAND, 0, false},
	[CHANNEL_WEBHOOK] = {0, KEY_URL | KEY_URL_FILE | KEY_SECRET_FILE, true},
	[CHANNEL_SLACK] = {0, KEY_URL | KEY_URL_FILE, true},
	[CHANNEL_TEAMS] = {0, KEY_URL | KEY_URL_FILE, true},
	[CHANNEL_PAGERDUTY] = {KEY_KEY_FILE, KEY_URL | KEY_URL_FILE, false},
	[CHANNEL_ALERTMANAGER] = {0, KEY_URL | KEY_URL_FILE, true},
};

static unsigned keys_of(const struct conf_file_channel *channel)
{
	return (channel->smtp != NULL ? KEY_SMTP : 0u) |
		(channel->tls != NULL ? KEY_TLS : 0u) |
		(channel->user != NULL ? KEY_USER : 0u) |
		(channel->password_file != NULL ? KEY_PASSWORD_FILE : 0u) |
		(channel->from != NULL ? KEY_FROM : 0u) |
		(channel->to_count > 0 ? KEY_TO : 0u) |
		(channel->url != NULL ? KEY_URL : 0u) |
		(channel->url_file != NULL ? KEY_URL_FILE : 0u) |
		(channel->secret_file != NULL ? KEY_SECRET_FILE : 0u) |
		(channel->key_file != NULL ? KEY_KEY_FILE : 0u) |
		(channel->command_count > 0 ? KEY_COMMAND : 0u);
}

static void blame_missing(struct conf_reader *reader, size_t i, const char *what)
{
	const struct conf_file_channel *channel = &reader->conf->file->channels[i];
	char expected[128];

	snprintf(expected, sizeof expected, "%s: a channel of type %s needs it", what,
		channel_type_name((enum channel_type)channel->type));
	conf_blame(reader, NULL, expected, "channels[%zu]", i);
}

static void check_keys(struct conf_reader *reader, size_t i)
{
	const struct conf_file_channel *channel = &reader->conf->file->channels[i];
	unsigned given = keys_of(channel);
	unsigned needs = rules[channel->type].needs;
	unsigned takes = rules[channel->type].takes;
	char expected[96];

	for (size_t k = 0; k < KEYS_LEN; k++) {
		if ((needs & keys[k].bit & ~given) != 0)
			blame_missing(reader, i, keys[k].key);
		snprintf(expected, sizeof expected,
			"no such key: a channel of type %s has no use for it",
			channel_type_name((enum channel_type)channel->type));
		if ((given & keys[k].bit & ~(needs | takes)) != 0)
			conf_blame(reader, keys[k].key, expected, "channels[%zu].%s", i,
				keys[k].key);
	}
	if (rules[channel->type].url && (given & (KEY_URL | KEY_URL_FILE)) == 0)
		blame_missing(reader, i, "url or url-file");
	if (channel->url != NULL && channel->url_file != NULL)
		conf_blame(reader, "url-file", "one of url and url-file",
			"channels[%zu].url-file", i);
	if ((given & KEY_USER) != 0 && (given & KEY_PASSWORD_FILE) == 0)
		blame_missing(reader, i, "password-file beside user");
	if ((given & KEY_USER) == 0 && (given & KEY_PASSWORD_FILE) != 0)
		blame_missing(reader, i, "user beside password-file");
}

/* What is wrong may be a secret: it is shown by its host at most. */
static void check_url(struct conf_reader *reader, size_t i)
{
	const struct conf_file_channel *channel = &reader->conf->file->channels[i];
	const char *fault = channel->url != NULL
		? channels_url_fault(channel->type, channel->url)
		: NULL;
	char shown[CHANNEL_SHOWN_MAX];
	char path[CONF_PATH_MAX];

	if (channel->url == NULL)
		return;
	channel_show_url(channel->url, shown);
	if (fault != NULL)
		conf_blame(reader, shown, fault, "channels[%zu].url", i);
	snprintf(path, sizeof path, "channels[%zu].url", i);
	if (channel->type == CHANNEL_SLACK || channel->type == CHANNEL_TEAMS)
		conf_warn(reader, path,
			"whoever can read this file can write to that channel; url-file "
			"names a file that others cannot read");
}

static void check_address(
	struct conf_reader *reader, const char *address, const char *path)
{
	const char *fault;
	char *ascii = NULL;

	if (reader->err != 0 || address == NULL)
		return;
	if (channel_read_address(address, &ascii) < 0) {
		reader->err = -ENOMEM;
		return;
	}
	fault = channel_check_address(ascii);
	if (fault != NULL)
		conf_blame(reader, address, fault, "%s", path);
	free(ascii);
}

static void check_addresses(struct conf_reader *reader, size_t i)
{
	const struct conf_file_channel *channel = &reader->conf->file->channels[i];
	char path[CONF_PATH_MAX];

	snprintf(path, sizeof path, "channels[%zu].from", i);
	check_address(reader, channel->from, path);
	for (size_t k = 0; k < channel->to_count; k++) {
		snprintf(path, sizeof path, "channels[%zu].to[%zu]", i, k);
		check_address(reader, channel->to[k], path);
		for (size_t other = 0; other < k; other++)
			if (strcmp(channel->to[k], channel->to[other]) == 0)
				conf_blame(reader, channel->to[k],
					"another address: this one is there already",
					"%s", path);
	}
}

/* A password may go in the clear to this machine alone. */
static void check_smtp(struct conf_reader *reader, size_t i)
{
	const struct conf_file_channel *channel = &reader->conf->file->channels[i];
	const char *fault =
		channel->smtp != NULL ? channel_check_smtp(channel->smtp) : NULL;
	char shown[CHANNEL_SHOWN_MAX];
	char host[256] = "";

	if (fault != NULL) {
		channel_show_url(channel->smtp, shown);
		conf_blame(reader, shown, fault, "channels[%zu].smtp", i);
	}
	if (channel->user != NULL && channel_check_secret(channel->user) != NULL)
		conf_blame(reader, channel->user, "one line of text",
			"channels[%zu].user", i);
	if (channel->smtp == NULL || channel->password_file == NULL ||
		channel->tls == NULL || *channel->tls == CHANNEL_TLS_REQUIRED)
		return;
	if (!channel_url_host(channel->smtp, host) || !channel_is_loopback(host))
		conf_blame(reader,
			*channel->tls == CHANNEL_TLS_NONE ? "none" : "opportunistic",
			"required: without TLS a password goes to this machine alone",
			"channels[%zu].tls", i);
}

static void check_secrets(struct conf_reader *reader, size_t i)
{
	const struct conf_file_channel *channel = &reader->conf->file->channels[i];
	const struct {
		const char *file;
		const char *key;
	} files[] = {
		{channel->password_file, "password-file"},
		{channel->url_file, "url-file"},
		{channel->secret_file, "secret-file"},
		{channel->key_file, "key-file"},
	};

	for (size_t k = 0; k < sizeof files / sizeof *files; k++) {
		char path[CONF_PATH_MAX];

		snprintf(path, sizeof path, "channels[%zu].%s", i, files[k].key);
		conf_check_secret(reader, files[k].file, path);
	}
}

void channels_check(struct conf_reader *reader, size_t i)
{
	const struct conf_file_channel *channel = &reader->conf->file->channels[i];

	check_keys(reader, i);
	check_smtp(reader, i);
	check_addresses(reader, i);
	check_url(reader, i);
	if (channel->command_count > 0 && channel->command[0][0] != '/')
		conf_blame(reader, channel->command[0], "the full path of a program",
			"channels[%zu].command[0]", i);
	check_secrets(reader, i);
}
