/* SPDX-License-Identifier: MIT */
/*
 * courier — deliver on a pipe: JSON lines in, JSON lines out, for the tests in Python.
 *
 * In: {"options": {...}} first; {"channels": [{...}]}; {"id": 1, "channel": "x", ...} hands a
 * job, which is answered at once with {"id", "handed"}. Out: the results. Ends with its input.
 */
#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <jansson.h>

#include "alerts/channel.h"
#include "alerts/deliver.h"

#define CHANNELS_MAX 16
#define LIST_MAX 16
#define PIECE 65536 /* bytes read at once */
#define NOW 1700000000 /* what the signature is made with */

struct courier {
	struct deliver *deliver;
	int ready;
	char *input; /* what has been read and not obeyed */
	size_t input_len;
};

static void on_ready(void *owner)
{
	const struct courier *courier = owner;
	const uint64_t one = 1;

	if (write(courier->ready, &one, sizeof one) < 0)
		abort();
}

static int64_t now(void)
{
	return NOW;
}

static char *text_of(const json_t *object, const char *key)
{
	return (char *)(uintptr_t)json_string_value(json_object_get(object, key));
}

static int64_t number_of(const json_t *object, const char *key)
{
	return json_integer_value(json_object_get(object, key));
}

static size_t texts_of(const json_t *object, const char *key, char *ret_texts[LIST_MAX])
{
	const json_t *list = json_object_get(object, key);
	size_t len = json_array_size(list);

	for (size_t i = 0; i < len && i < LIST_MAX; i++)
		ret_texts[i] =
			(char *)(uintptr_t)json_string_value(json_array_get(list, i));
	return len;
}

static int create(struct courier *courier, const json_t *given)
{
	const struct deliver_options options = {
		.on_ready = on_ready,
		.now = now,
		.owner = courier,
		.host = text_of(given, "host"),
		.ca_file = text_of(given, "ca_file"),
		.sendmail = text_of(given, "sendmail"),
		.connect_ms = number_of(given, "connect_ms"),
		.reply_ms = number_of(given, "reply_ms"),
		.smtp_ms = number_of(given, "smtp_ms"),
		.http_ms = number_of(given, "http_ms"),
		.program_ms = number_of(given, "program_ms"),
	};

	return deliver_create(&options, &courier->deliver);
}

static int set_channels(const struct courier *courier, const json_t *list)
{
	struct channel channels[CHANNELS_MAX] = {0};
	char *commands[CHANNELS_MAX][LIST_MAX];
	char *to[CHANNELS_MAX][LIST_MAX];
	size_t len = json_array_size(list);

	for (size_t i = 0; i < len && i < CHANNELS_MAX; i++) {
		const json_t *given = json_array_get(list, i);
		struct channel *channel = &channels[i];

		channel->name = text_of(given, "name");
		channel->type = (enum channel_type)number_of(given, "type");
		channel->tls = (enum channel_tls)number_of(given, "tls");
		channel->smtp = text_of(given, "smtp");
		channel->user = text_of(given, "user");
		channel->password = text_of(given, "password");
		channel->from = text_of(given, "from");
		channel->url = text_of(given, "url");
		channel->key = text_of(given, "key");
		channel->secret = (uint8_t *)text_of(given, "secret");
		channel->secret_len =
			json_string_length(json_object_get(given, "secret"));
		channel->command = commands[i];
		channel->command_len = texts_of(given, "command", commands[i]);
		channel->to = to[i];
		channel->to_len = texts_of(given, "to", to[i]);
	}
	return deliver_set_channels(courier->deliver, channels, len);
}

static void hand(const struct courier *courier, const json_t *given)
{
	const json_t *body = json_object_get(given, "body");
	const struct deliver_job job = {
		.id = number_of(given, "id"),
		.channel = text_of(given, "channel"),
		.recipient = text_of(given, "recipient"),
		.body = json_string_value(body),
		.body_len = json_string_length(body),
		.content_type = text_of(given, "content_type"),
		.event = text_of(given, "event"),
	};

	printf("{\"id\": %lld, \"handed\": %d}\n", (long long)job.id,
		deliver_hand(courier->deliver, &job));
}

static int obey(struct courier *courier, const char *line)
{
	json_t *given = json_loads(line, JSON_ALLOW_NUL, NULL);
	const json_t *options = json_object_get(given, "options");
	const json_t *channels = json_object_get(given, "channels");
	int err = 0;

	if (options != NULL)
		err = create(courier, options);
	else if (channels != NULL)
		err = set_channels(courier, channels);
	else
		hand(courier, given);
	json_decref(given);
	return err;
}

static void take(const struct courier *courier)
{
	struct deliver_result result;
	uint64_t count;

	if (read(courier->ready, &count, sizeof count) < 0)
		return;
	while (deliver_take(courier->deliver, &result)) {
		json_t *shown = json_pack("{sI si si sI ss}", "id", (json_int_t)result.id,
			"verdict", (int)result.verdict, "code", (int)result.code,
			"retry_after", (json_int_t)result.retry_after_s, "text",
			result.text);
		char *line = json_dumps(shown, 0);

		/* a text that is not UTF-8 is no JSON: the test sees nothing */
		printf("%s\n", line != NULL ? line : "");
		free(line);
		json_decref(shown);
	}
}

/* The lines that are whole. */
static int obey_all(struct courier *courier)
{
	char *line = courier->input;
	char *end;
	int err = 0;

	while (err == 0 && (end = strchr(line, '\n')) != NULL) {
		*end = '\0';
		err = obey(courier, line);
		line = end + 1;
	}
	courier->input_len -= (size_t)(line - courier->input);
	memmove(courier->input, line, courier->input_len + 1);
	return err;
}

static bool read_input(struct courier *courier)
{
	char *input = realloc(courier->input, courier->input_len + PIECE + 1);
	ssize_t got;

	if (input == NULL)
		return false;
	courier->input = input;
	got = read(STDIN_FILENO, input + courier->input_len, PIECE);
	if (got <= 0)
		return false;
	courier->input_len += (size_t)got;
	input[courier->input_len] = '\0';
	return true;
}

int main(void)
{
	struct courier courier = {.ready = eventfd(0, EFD_NONBLOCK)};
	int err = 0;

	setvbuf(stdout, NULL, _IOLBF, 0);
	while (err == 0) {
		struct pollfd fds[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
			{.fd = courier.ready, .events = POLLIN}};

		if (poll(fds, 2, -1) < 0)
			break;
		if (fds[1].revents != 0)
			take(&courier);
		if (fds[0].revents == 0)
			continue;
		if (!read_input(&courier))
			break;
		err = obey_all(&courier);
	}
	free(courier.input);
	deliver_destroy(courier.deliver);
	close(courier.ready);
	return err == 0 ? 0 : 1;
}
