/* SPDX-License-Identifier: MIT */
/*
 * One letter to one recipient by SMTP, on a thread of its own: libcurl 7.88 sends the end of a
 * letter, waits for the answer and says goodbye without giving its multi interface a turn. A
 * transfer taken out of a multi handle would even end half a letter with the dot that makes it
 * whole; one that its progress callback ends does not.
 */
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "alerts/deliver_inside.h"

/* libcurl says goodbye when it closes, and waits for the answer: a server that has had its say
 * about the letter is not listened to any more. */
static void stop_listening(const struct deliver_task *task)
{
	for (size_t i = 0; i < DELIVER_SOCKETS_MAX; i++)
		if (task->sockets[i] != CURL_SOCKET_BAD)
			shutdown(task->sockets[i], SHUT_RD);
}

/* A line of a reply; "250-" goes on, "250 " ends it. */
static size_t on_reply(char *line, size_t size, size_t count, void *owner)
{
	struct deliver_task *task = owner;
	size_t len = size * count;
	bool final = len > 3 && line[3] != '-';

	if (task->answered)
		return len;
	deliver_keep_last(task, line, len);
	task->answered = final &&
		(task->stage == DELIVER_STAGE_BODY ||
			(task->stage == DELIVER_STAGE_LETTER && line[0] >= '4'));
	if (task->answered)
		stop_listening(task);
	return len;
}

/* Only the verb is looked at: AUTH is followed by secrets. */
static int on_debug(CURL *easy, curl_infotype type, char *text, size_t len, void *owner)
{
	struct deliver_task *task = owner;

	(void)easy;
	if (type == CURLINFO_HEADER_OUT && len >= 4 && memcmp(text, "MAIL", 4) == 0)
		task->stage = DELIVER_STAGE_LETTER;
	return 0;
}

/* Asked for the first time after the 354. */
static size_t on_read(char *room, size_t size, size_t count, void *owner)
{
	struct deliver_task *task = owner;
	size_t left = task->body_len - task->body_sent;
	size_t len = size * count < left ? size * count : left;

	task->stage = DELIVER_STAGE_BODY;
	if (len > 0)
		memcpy(room, task->body + task->body_sent, len);
	task->body_sent += len;
	return len;
}

static long level_of(enum channel_tls tls)
{
	switch (tls) {
	case CHANNEL_TLS_REQUIRED:
		return CURLUSESSL_ALL;
	case CHANNEL_TLS_OPPORTUNISTIC:
		return CURLUSESSL_TRY;
	case CHANNEL_TLS_NONE:
		return CURLUSESSL_NONE;
	}
	return CURLUSESSL_ALL;
}

static bool set_letter(struct deliver_task *task, const struct channel *channel)
{
	struct curl_slist *list = curl_slist_append(NULL, task->recipient);
	CURL *easy = task->easy;

	task->list = list;
	return list != NULL &&
		curl_easy_setopt(easy, CURLOPT_MAIL_FROM, channel->from) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_MAIL_RCPT, list) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_UPLOAD, 1L) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_INFILESIZE_LARGE,
			(curl_off_t)task->body_len) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_READFUNCTION, on_read) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_READDATA, task) == CURLE_OK;
}

static bool set_server(struct deliver_task *task, const struct channel *channel)
{
	const struct deliver_options *options = deliver_settings(task->deliver);
	bool verify = channel->tls == CHANNEL_TLS_REQUIRED;
	size_t len = strcspn(channel->smtp + strlen("smtps://"), "/");
	CURL *easy = task->easy;
	char url[1024];

	/* libcurl takes the name for EHLO from the path */
	len += strlen("smtps://");
	return snprintf(url, sizeof url, "%.*s/%s", (int)len, channel->smtp,
		       options->host) < (int)sizeof url &&
		curl_easy_setopt(easy, CURLOPT_URL, url) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "smtp,smtps") == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_USE_SSL, level_of(channel->tls)) ==
		CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, verify ? 1L : 0L) ==
		CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, verify ? 2L : 0L) ==
		CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_USERNAME, channel->user) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_PASSWORD, channel->password) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_SERVER_RESPONSE_TIMEOUT,
			(long)((options->reply_ms + 999) / 1000)) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)options->smtp_ms) ==
		CURLE_OK;
}

/* At least once a second, whatever it waits for. */
static int on_progress(void *owner, curl_off_t download_total, curl_off_t downloaded,
	curl_off_t upload_total, curl_off_t uploaded)
{
	struct deliver_task *task = owner;

	(void)download_total;
	(void)downloaded;
	(void)upload_total;
	(void)uploaded;
	return atomic_load(&task->given_up) ? 1 : 0;
}

static bool set_callbacks(struct deliver_task *task)
{
	CURL *easy = task->easy;

	return curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, on_reply) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_HEADERDATA, task) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_DEBUGFUNCTION, on_debug) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_DEBUGDATA, task) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_VERBOSE, 1L) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, on_progress) ==
		CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_XFERINFODATA, task) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_NOPROGRESS, 0L) == CURLE_OK;
}

static void *carry(void *owner)
{
	struct deliver_task *task = owner;

	task->outcome = curl_easy_perform(task->easy);
	atomic_store(&task->ended, true);
	deliver_wake(task->deliver);
	return NULL;
}

bool deliver_smtp_begin(struct deliver_task *task)
{
	const struct channel *channel = &task->hold->channel;

	task->threaded = deliver_easy_common(task) && set_server(task, channel) &&
		set_letter(task, channel) && set_callbacks(task) &&
		pthread_create(&task->thread, NULL, carry, task) == 0;
	return task->threaded;
}

/* The code that speaks of the letter is in the last line of a reply: libcurl's own is 0 after
 * it has given up. */
static long code_of(const struct deliver_task *task)
{
	const char *reply = task->reply;

	for (size_t i = 0; i < 3; i++)
		if (reply[i] < '0' || reply[i] > '9')
			return 0;
	return (reply[0] - '0') * 100 + (reply[1] - '0') * 10 + (reply[2] - '0');
}

static void judge(struct deliver_task *task)
{
	CURLcode outcome = task->outcome;
	struct deliver_result *result = &task->result;
	long code = code_of(task);
	bool answered = code >= 400;

	result->code = task->answered || answered ? code : 0;
	if (outcome == CURLE_OK && code / 100 == 2) {
		result->verdict = DELIVER_DONE;
		deliver_say(task, "%s", task->reply);
		return;
	}
	result->verdict = DELIVER_LATER;
	if (answered && code >= 500 && task->stage != DELIVER_STAGE_OPENING)
		result->verdict = DELIVER_REFUSED;
	if (task->banned[0] != '\0')
		deliver_say(task, "%s is not an address to connect to", task->banned);
	else if (answered)
		deliver_say(task, "%s", task->reply);
	else
		deliver_say(task, "%s%s",
			task->error[0] != '\0' ? task->error
					       : curl_easy_strerror(outcome),
			task->stage == DELIVER_STAGE_BODY
				? "; the server may have taken the message"
				: "");
}

bool deliver_smtp_step(struct deliver_task *task)
{
	if (!atomic_load(&task->ended))
		return false;
	pthread_join(task->thread, NULL);
	judge(task);
	return true;
}

void deliver_smtp_abort(struct deliver_task *task)
{
	atomic_store(&task->given_up, true);
	pthread_join(task->thread, NULL);
}
