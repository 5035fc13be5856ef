/* SPDX-License-Identifier: MIT */
/* One request by HTTP. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/deliver_inside.h"
#include "alerts/signature.h"

#define RETRY_AFTER_MAX 86400 /* seconds: no receiver silences us for longer */

static size_t on_header(char *line, size_t size, size_t count, void *owner)
{
	struct deliver_task *task = owner;

	(void)line;
	task->header_bytes += size * count;
	return task->header_bytes > DELIVER_REPLY_MAX ? 0 : size * count;
}

/* The begin of the reply is the reason that the receiver gives; the rest is not read. */
static size_t on_body(char *bytes, size_t size, size_t count, void *owner)
{
	struct deliver_task *task = owner;

	deliver_keep_first(task, bytes, size * count);
	task->body_bytes += size * count;
	return task->body_bytes > DELIVER_REPLY_MAX ? 0 : size * count;
}

static bool add_header(struct deliver_task *task, const char *name, const char *value)
{
	struct curl_slist *list;
	char *line;

	if (strpbrk(value, "\r\n") != NULL || asprintf(&line, "%s: %s", name, value) < 0)
		return false;
	list = curl_slist_append(task->list, line);
	free(line);
	if (list == NULL)
		return false;
	task->list = list;
	return true;
}

static bool sign(struct deliver_task *task, const struct channel *channel)
{
	int64_t at = deliver_settings(task->deliver)->now();
	const char *event = task->event != NULL ? task->event : "";
	char stamp[32];
	char signature[SIGNATURE_MAX];

	snprintf(stamp, sizeof stamp, "%" PRId64, at);
	return signature_make(channel->secret, channel->secret_len, event, at, task->body,
		       task->body_len, signature) == 0 &&
		add_header(task, "webhook-id", event) &&
		add_header(task, "webhook-timestamp", stamp) &&
		add_header(task, "webhook-signature", signature);
}

static bool set_request(struct deliver_task *task, const struct channel *channel)
{
	CURL *easy = task->easy;

	if (channel->type == CHANNEL_HEARTBEAT)
		return curl_easy_setopt(easy, CURLOPT_HTTPGET, 1L) == CURLE_OK;
	return add_header(task, "Content-Type",
		       task->content_type != NULL ? task->content_type
						  : "application/json") &&
		add_header(task, "Expect", "") &&
		(channel->secret == NULL || sign(task, channel)) &&
		curl_easy_setopt(easy, CURLOPT_POST, 1L) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_POSTFIELDS,
			task->body_len > 0 ? (const char *)task->body : "") == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
			(curl_off_t)task->body_len) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_HTTPHEADER, task->list) == CURLE_OK;
}

bool deliver_http_begin(struct deliver_task *task)
{
	const struct channel *channel = &task->hold->channel;
	const struct deliver_options *options = deliver_settings(task->deliver);
	CURL *easy = task->easy;

	return deliver_easy_common(task) && set_request(task, channel) &&
		curl_easy_setopt(easy, CURLOPT_URL, channel->url) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https,http") == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_HTTP_VERSION,
			(long)CURL_HTTP_VERSION_1_1) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_USERAGENT, "mxvigil/" MXVIGIL_VERSION) ==
		CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_header) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_HEADERDATA, task) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_WRITEDATA, task) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)options->http_ms) ==
		CURLE_OK;
}

static enum deliver_verdict verdict_of(long code)
{
	if (code / 100 == 2)
		return DELIVER_DONE;
	if (code == 301 || code == 308)
		return DELIVER_REFUSED;
	if (code / 100 == 4 && code != 408 && code != 425 && code != 429)
		return DELIVER_REFUSED;
	return DELIVER_LATER;
}

void deliver_http_judge(struct deliver_task *task, CURLcode outcome)
{
	struct deliver_result *result = &task->result;
	curl_off_t retry_after = 0;
	long code = 0;

	/* A status is the receiver's word, whatever became of the rest of its reply. */
	curl_easy_getinfo(task->easy, CURLINFO_RESPONSE_CODE, &code);
	curl_easy_getinfo(task->easy, CURLINFO_RETRY_AFTER, &retry_after);
	result->code = code;
	result->verdict = verdict_of(code);
	if (result->verdict == DELIVER_LATER && retry_after > 0)
		result->retry_after_s =
			retry_after < RETRY_AFTER_MAX ? retry_after : RETRY_AFTER_MAX;
	if (task->banned[0] != '\0' && code == 0)
		deliver_say(task, "%s is not an address to connect to", task->banned);
	else if (code == 0)
		deliver_say(task, "%s",
			task->error[0] != '\0' ? task->error
					       : curl_easy_strerror(outcome));
	else if (code / 100 == 3)
		deliver_say(task, "HTTP %ld: redirects are not followed", code);
	else
		deliver_say(task, "HTTP %ld%s%s", code, task->reply_len > 0 ? ": " : "",
			task->reply);
}
