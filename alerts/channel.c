/* SPDX-License-Identifier: MIT */
#include "alerts/channel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

const char *channel_type_name(enum channel_type type)
{
	switch (type) {
	case CHANNEL_EMAIL:
		return "email";
	case CHANNEL_SENDMAIL:
		return "sendmail";
	case CHANNEL_EXEC:
		return "exec";
	case CHANNEL_WEBHOOK:
		return "webhook";
	case CHANNEL_SLACK:
		return "slack";
	case CHANNEL_TEAMS:
		return "teams";
	case CHANNEL_PAGERDUTY:
		return "pagerduty";
	case CHANNEL_ALERTMANAGER:
		return "alertmanager";
	case CHANNEL_HEARTBEAT:
		return "heartbeat";
	}
	return "unknown";
}

/* Sticky: after the first failure nothing is copied any more. */
static void copy_text(const char *text, char **ret_copy, int *err)
{
	if (*err != 0 || text == NULL)
		return;
	*ret_copy = strdup(text);
	if (*ret_copy == NULL)
		*err = -ENOMEM;
}

static void copy_texts(
	char *const *texts, size_t len, char ***ret_copies, size_t *ret_len, int *err)
{
	if (*err != 0 || len == 0)
		return;
	*ret_copies = calloc(len, sizeof **ret_copies);
	if (*ret_copies == NULL) {
		*err = -ENOMEM;
		return;
	}
	*ret_len = len;
	for (size_t i = 0; i < len; i++)
		copy_text(texts[i], &(*ret_copies)[i], err);
}

int channel_copy(const struct channel *channel, struct channel *ret_copy)
{
	struct channel copy = {.type = channel->type, .tls = channel->tls};
	int err = 0;

	copy_text(channel->name, &copy.name, &err);
	copy_text(channel->smtp, &copy.smtp, &err);
	copy_text(channel->user, &copy.user, &err);
	copy_text(channel->password, &copy.password, &err);
	copy_text(channel->from, &copy.from, &err);
	copy_texts(channel->to, channel->to_len, &copy.to, &copy.to_len, &err);
	copy_text(channel->url, &copy.url, &err);
	copy_text(channel->key, &copy.key, &err);
	copy_texts(channel->command, channel->command_len, &copy.command,
		&copy.command_len, &err);
	if (err == 0 && channel->secret_len > 0) {
		copy.secret = malloc(channel->secret_len);
		if (copy.secret == NULL)
			err = -ENOMEM;
		else
			memcpy(copy.secret, channel->secret, channel->secret_len);
		copy.secret_len = copy.secret != NULL ? channel->secret_len : 0;
	}
	if (err < 0) {
		channel_finish(&copy);
		return err;
	}
	*ret_copy = copy;
	return 0;
}

static void wipe(char *text)
{
	if (text != NULL)
		OPENSSL_cleanse(text, strlen(text));
	free(text);
}

static void free_texts(char **texts, size_t len)
{
	for (size_t i = 0; i < len; i++)
		free(texts[i]);
	free(texts);
}

void channel_finish(struct channel *channel)
{
	free(channel->name);
	free(channel->smtp);
	free(channel->user);
	wipe(channel->password);
	free(channel->from);
	free_texts(channel->to, channel->to_len);
	wipe(channel->url);
	if (channel->secret != NULL)
		OPENSSL_cleanse(channel->secret, channel->secret_len);
	free(channel->secret);
	wipe(channel->key);
	free_texts(channel->command, channel->command_len);
	*channel = (struct channel){0};
}
