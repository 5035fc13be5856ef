/* SPDX-License-Identifier: MIT */
/* What a result says: foreign text on one line, and no secret in it. */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "alerts/deliver_inside.h"
#include "resolvers/utf8.h"

#define SECRET_LEAST 4 /* bytes: shorter ones would blot out half of every text */
#define SEGMENT_LEAST 8 /* of a URL's path */
#define SCRATCH_MAX 2048

void deliver_keep_first(struct deliver_task *task, const char *bytes, size_t len)
{
	size_t room = sizeof task->reply - 1 - task->reply_len;
	size_t taken = len < room ? len : room;

	memcpy(task->reply + task->reply_len, bytes, taken);
	task->reply_len += taken;
	task->reply[task->reply_len] = '\0';
}

/* A line that nothing but line ends follows is still the last. */
void deliver_keep_last(struct deliver_task *task, const char *bytes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		bool end = bytes[i] == '\n' || bytes[i] == '\r';
		bool ended =
			task->reply_len > 0 && task->reply[task->reply_len - 1] == '\n';

		if (end ? ended || task->reply_len == 0 : false)
			continue;
		if (ended)
			task->reply_len = 0;
		if (end && task->reply_len == sizeof task->reply - 1)
			task->reply_len--;
		if (task->reply_len < sizeof task->reply - 1)
			task->reply[task->reply_len++] = end ? '\n' : bytes[i];
		task->reply[task->reply_len] = '\0';
	}
}

/* A secret of len bytes becomes "***" wherever it stands. */
static void blot(char *text, const char *secret, size_t len)
{
	char *at = text;

	if (secret == NULL || len < SECRET_LEAST)
		return;
	while ((at = memmem(at, strlen(at), secret, len)) != NULL) {
		memmove(at + 3, at + len, strlen(at + len) + 1);
		memcpy(at, "***", 3);
		at += 3;
	}
}

/* A server may repeat what AUTH told it. */
static void blot_auth(char *text, const struct channel *channel)
{
	uint8_t plain[1024];
	uint8_t encoded[1400];
	size_t user = channel->user != NULL ? strlen(channel->user) : 0;
	size_t password = strlen(channel->password);
	size_t skips[] = {0, user + 2}; /* PLAIN holds both, LOGIN the password alone */

	if (user + password + 2 > sizeof plain)
		return;
	plain[0] = '\0';
	if (user > 0)
		memcpy(plain + 1, channel->user, user);
	plain[user + 1] = '\0';
	memcpy(plain + user + 2, channel->password, password);
	for (size_t i = 0; i < 2; i++) {
		int len = EVP_EncodeBlock(
			encoded, plain + skips[i], (int)(user + 2 + password - skips[i]));

		blot(text, (const char *)encoded, (size_t)len);
	}
	OPENSSL_cleanse(plain, sizeof plain);
	OPENSSL_cleanse(encoded, sizeof encoded);
}

static void blot_url(char *text, const char *url)
{
	const char *path = strstr(url, "://");

	path = path != NULL ? strchr(path + 3, '/') : NULL;
	if (path == NULL || path[1] == '\0')
		return;
	blot(text, path, strlen(path));
	while (*path != '\0') {
		size_t len = strcspn(++path, "/?&=");

		if (len >= SEGMENT_LEAST)
			blot(text, path, len);
		path += len;
	}
}

static void blot_secrets(char *text, const struct channel *channel)
{
	if (channel->password != NULL) {
		blot(text, channel->password, strlen(channel->password));
		blot_auth(text, channel);
	}
	if (channel->key != NULL)
		blot(text, channel->key, strlen(channel->key));
	if (channel->secret != NULL)
		blot(text, (const char *)channel->secret, channel->secret_len);
	if (channel->url != NULL)
		blot_url(text, channel->url);
}

/* Whole characters only; blanks around are dropped, what is not text becomes '?'. */
static void clean(const char *text, char *ret_text, size_t max)
{
	const uint8_t *bytes = (const uint8_t *)text;
	size_t len = strlen(text);
	size_t out = 0;
	uint32_t character;

	for (size_t at = 0; at < len;) {
		size_t taken = utf8_decode(bytes + at, len - at, &character);
		bool bad = taken == 0 || utf8_is_control(character);
		bool blank = !bad && utf8_is_blank(character);
		bool space = blank || strchr("\t\r\n", text[at]) != NULL;
		size_t width = bad || space ? 1 : taken;

		if (out + width + 1 > max)
			break;
		if (bad || space)
			ret_text[out] = space ? ' ' : '?';
		else
			memcpy(ret_text + out, text + at, taken);
		if (!space || (out > 0 && ret_text[out - 1] != ' '))
			out += width;
		at += taken > 0 ? taken : 1;
	}
	while (out > 0 && ret_text[out - 1] == ' ')
		out--;
	ret_text[out] = '\0';
}

void deliver_say(struct deliver_task *task, const char *format, ...)
{
	char scratch[SCRATCH_MAX + 1];
	va_list args;

	/* room for "***", which may be longer than a short secret, is never needed: a
	 * secret has at least as many bytes */
	va_start(args, format);
	vsnprintf(scratch, SCRATCH_MAX, format, args);
	va_end(args);
	if (task->hold != NULL)
		blot_secrets(scratch, &task->hold->channel);
	clean(scratch, task->result.text, sizeof task->result.text);
	OPENSSL_cleanse(scratch, sizeof scratch);
}
