/* SPDX-License-Identifier: MIT */
#include "monitor/channels.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "alerts/channel.h"
#include "alerts/signature.h"
#include "monitor/conf.h"
#include "monitor/conf_file.h"
#include "monitor/conf_value.h"

#define SECRET_MAX 4096 /* bytes of a secret file */
#define PAGERDUTY_URL "https://events.pagerduty.com/v2/enqueue"
#define ALERTMANAGER_PATH "/api/v2/alerts"

/* One channel being read; sticky: after the first failure nothing is read any more. */
struct reading {
	const struct conf *conf;
	size_t index;
	struct conf_error *error;
	int err;
};

static void blame(struct reading *reading, int err, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
static void blame(struct reading *reading, int err, const char *format, ...)
{
	struct conf_error *error = reading->error;
	va_list args;
	int len;

	if (reading->err != 0)
		return;
	len = snprintf(error->text, sizeof error->text,
		"%s: channels[%zu] (%s): ", reading->conf->path, reading->index,
		reading->conf->file->channels[reading->index].name);
	va_start(args, format);
	if (len > 0 && (size_t)len < sizeof error->text)
		vsnprintf(error->text + len, sizeof error->text - (size_t)len, format,
			args);
	va_end(args);
	error->line = 0;
	error->column = 0;
	error->code = err;
	reading->err = err;
}

static void read_text(struct reading *reading, const char *text, char **ret_text)
{
	if (reading->err != 0 || text == NULL)
		return;
	*ret_text = strdup(text);
	if (*ret_text == NULL)
		blame(reading, -ENOMEM, "%s", strerror(ENOMEM));
}

static void read_address(struct reading *reading, const char *text, char **ret_text)
{
	if (reading->err == 0 && text != NULL && channel_read_address(text, ret_text) < 0)
		blame(reading, -ENOMEM, "%s", strerror(ENOMEM));
}

static void read_texts(struct reading *reading,
	void (*read_one)(struct reading *, const char *, char **), char *const *texts,
	size_t len, char ***ret_texts, size_t *ret_len)
{
	if (reading->err != 0 || len == 0)
		return;
	*ret_texts = calloc(len, sizeof **ret_texts);
	if (*ret_texts == NULL) {
		blame(reading, -ENOMEM, "%s", strerror(ENOMEM));
		return;
	}
	*ret_len = len;
	for (size_t i = 0; i < len; i++)
		read_one(reading, texts[i], &(*ret_texts)[i]);
}

/* Reads it whole, the line end after it aside. Returns 0 or negative errno: -EACCES where
 * others can read it, -EFBIG, -EBADMSG for more than one line of text. */
static int read_file(const char *path, char ret_text[SECRET_MAX + 1])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct stat st;
	ssize_t got;

	if (fd < 0)
		return -errno;
	got = fstat(fd, &st) < 0 ? -1 : read(fd, ret_text, SECRET_MAX + 1);
	close(fd);
	if (got < 0)
		return -errno;
	if (!S_ISREG(st.st_mode) || (st.st_mode & S_IROTH) != 0)
		return -EACCES;
	if (got > SECRET_MAX)
		return -EFBIG;
	ret_text[got] = '\0';
	if (got > 0 && ret_text[got - 1] == '\n')
		ret_text[--got] = '\0';
	if (got > 0 && ret_text[got - 1] == '\r')
		ret_text[--got] = '\0';
	if (strlen(ret_text) != (size_t)got || channel_check_secret(ret_text) != NULL)
		return -EBADMSG;
	return 0;
}

static const char *reason(int err)
{
	switch (err) {
	case -EACCES:
		return "cannot be read, or is no file, or others can read it (chmod o-r)";
	case -EFBIG:
		return "is larger than 4096 bytes";
	case -EBADMSG:
		return "does not hold one line of text";
	default:
		return strerror(-err);
	}
}

static void read_secret(
	struct reading *reading, const char *key, const char *file, char **ret_text)
{
	char text[SECRET_MAX + 1];
	int err;

	if (reading->err != 0 || file == NULL)
		return;
	err = read_file(file, text);
	if (err < 0)
		blame(reading, err == -EBADMSG ? -EINVAL : err, "%s %s %s", key, file,
			reason(err));
	else
		read_text(reading, text, ret_text);
	OPENSSL_cleanse(text, sizeof text);
}

const char *channels_url_fault(int type, const char *url)
{
	const char *fault = channel_check_url(url);
	bool any = type == CHANNEL_WEBHOOK || type == CHANNEL_ALERTMANAGER;
	char host[256];

	if (fault != NULL || any || strncmp(url, "https:", 6) == 0)
		return fault;
	if (channel_url_host(url, host) && channel_is_loopback(host))
		return NULL;
	return "https: what this address holds is a secret";
}

static void read_url(struct reading *reading, const struct conf_file_channel *given,
	struct channel *channel)
{
	read_text(reading, given->url, &channel->url);
	read_secret(reading, "url-file", given->url_file, &channel->url);
	if (reading->err == 0 && channel->url == NULL && given->type == CHANNEL_PAGERDUTY)
		read_text(reading, PAGERDUTY_URL, &channel->url);
	if (reading->err != 0 || channel->url == NULL)
		return;
	if (channels_url_fault(given->type, channel->url) != NULL)
		blame(reading, -EINVAL, "url-file %s: expected %s",
			given->url_file != NULL ? given->url_file : "",
			channels_url_fault(given->type, channel->url));
}

/* What is configured is the server's own address; its interface is below it. */
static void complete_alertmanager(struct reading *reading, struct channel *channel)
{
	size_t len = channel->url != NULL ? strlen(channel->url) : 0;
	size_t end = strlen(ALERTMANAGER_PATH);
	char *url;

	if (reading->err != 0 || len == 0 ||
		(len > end && strcmp(channel->url + len - end, ALERTMANAGER_PATH) == 0))
		return;
	while (channel->url[len - 1] == '/')
		len--;
	if (asprintf(&url, "%.*s" ALERTMANAGER_PATH, (int)len, channel->url) < 0) {
		blame(reading, -ENOMEM, "%s", strerror(ENOMEM));
		return;
	}
	free(channel->url);
	channel->url = url;
}

static void read_signing_key(struct reading *reading,
	const struct conf_file_channel *given, struct channel *channel)
{
	char *text = NULL;
	int err;

	read_secret(reading, "secret-file", given->secret_file, &text);
	if (text == NULL)
		return;
	err = signature_read_key(text, &channel->secret, &channel->secret_len);
	OPENSSL_cleanse(text, strlen(text));
	free(text);
	if (err < 0)
		blame(reading, err,
			"secret-file %s does not hold whsec_ and base64, nor 16 bytes or "
			"more",
			given->secret_file);
}

static enum channel_tls tls_of(const struct conf_file_channel *given)
{
	bool tls = given->smtp != NULL && strncmp(given->smtp, "smtps:", 6) == 0;

	if (given->tls != NULL)
		return (enum channel_tls) * given->tls;
	return tls || given->password_file != NULL ? CHANNEL_TLS_REQUIRED
						   : CHANNEL_TLS_OPPORTUNISTIC;
}

static void read_channel(struct reading *reading, struct channel *channel)
{
	const struct conf_file_channel *given =
		&reading->conf->file->channels[reading->index];

	channel->type = (enum channel_type)given->type;
	channel->tls = tls_of(given);
	read_text(reading, given->name, &channel->name);
	read_text(reading, given->smtp, &channel->smtp);
	read_text(reading, given->user, &channel->user);
	read_secret(reading, "password-file", given->password_file, &channel->password);
	read_address(reading, given->from, &channel->from);
	read_texts(reading, read_address, given->to, given->to_count, &channel->to,
		&channel->to_len);
	read_url(reading, given, channel);
	if (given->type == CHANNEL_ALERTMANAGER)
		complete_alertmanager(reading, channel);
	read_signing_key(reading, given, channel);
	read_secret(reading, "key-file", given->key_file, &channel->key);
	read_texts(reading, read_text, given->command, given->command_count,
		&channel->command, &channel->command_len);
}

int channels_load(const struct conf *conf, struct channel **ret_channels, size_t *ret_len,
	struct conf_error *ret_error)
{
	size_t len = conf->file != NULL ? conf->file->channels_count : 0;
	struct channel *channels = calloc(len + 1, sizeof *channels);
	struct reading reading = {.conf = conf, .error = ret_error};

	if (channels == NULL) {
		*ret_error = (struct conf_error){.code = -ENOMEM};
		snprintf(ret_error->text, sizeof ret_error->text, "%s", strerror(ENOMEM));
		return -ENOMEM;
	}
	for (size_t i = 0; i < len && reading.err == 0; i++) {
		reading.index = i;
		read_channel(&reading, &channels[i]);
	}
	if (reading.err < 0) {
		channels_free(channels, len);
		return reading.err;
	}
	*ret_channels = channels;
	*ret_len = len;
	return 0;
}

void channels_free(struct channel *channels, size_t len)
{
	for (size_t i = 0; i < len; i++)
		channel_finish(&channels[i]);
	free(channels);
}
