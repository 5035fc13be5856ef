/* SPDX-License-Identifier: MIT */
/* The queues and the side of the caller; deliver_thread.c is the other side. */
#include "alerts/deliver.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "alerts/deliver_queue.h"

#define LINE_MAX_BYTES 998 /* RFC 5321 section 4.5.3.1.6, less CR LF */

#define CONNECT_MS 10000
#define REPLY_MS 240000
#define SMTP_MS 300000
#define HTTP_MS 30000
#define PROGRAM_MS 60000

const struct deliver_options *deliver_settings(const struct deliver *deliver)
{
	return &deliver->options;
}

void deliver_release(struct deliver_hold *hold)
{
	if (hold == NULL || --hold->refs > 0)
		return;
	channel_finish(&hold->channel);
	free(hold);
}

void deliver_task_free(struct deliver_task *task)
{
	free(task->recipient);
	free(task->content_type);
	free(task->event);
	free(task->body);
	free(task);
}

static void free_tasks(struct deliver_tasks *tasks)
{
	struct deliver_task *task;

	while ((task = TAILQ_FIRST(tasks)) != NULL) {
		TAILQ_REMOVE(tasks, task, entry);
		deliver_task_free(task);
	}
}

static void free_lane(struct deliver_lane *lane)
{
	free_tasks(&lane->waiting);
	deliver_release(lane->hold);
	free(lane->name);
	free(lane);
}

static int64_t or_else(int64_t ms, int64_t usual)
{
	return ms > 0 ? ms : usual;
}

/* A host name of this machine may hold anything, and a server is told it. */
static bool is_host(const char *host)
{
	char address[CHANNEL_ADDRESS_MAX + 1];

	if (host == NULL ||
		snprintf(address, sizeof address, "a@%s", host) >= (int)sizeof address)
		return false;
	return channel_check_address(address) == NULL;
}

static int copy_options(
	const struct deliver_options *options, struct deliver_options *ret_copy)
{
	struct deliver_options copy = *options;

	copy.host = strdup(is_host(options->host) ? options->host : "localhost");
	copy.ca_file = options->ca_file != NULL ? strdup(options->ca_file) : NULL;
	copy.sendmail = options->sendmail != NULL ? strdup(options->sendmail) : NULL;
	copy.connect_ms = or_else(options->connect_ms, CONNECT_MS);
	copy.reply_ms = or_else(options->reply_ms, REPLY_MS);
	copy.smtp_ms = or_else(options->smtp_ms, SMTP_MS);
	copy.http_ms = or_else(options->http_ms, HTTP_MS);
	copy.program_ms = or_else(options->program_ms, PROGRAM_MS);
	*ret_copy = copy;
	if (copy.host == NULL || (options->ca_file != NULL && copy.ca_file == NULL) ||
		(options->sendmail != NULL && copy.sendmail == NULL))
		return -ENOMEM;
	return 0;
}

static void free_deliver(struct deliver *deliver)
{
	struct deliver_lane *lane;

	while ((lane = TAILQ_FIRST(&deliver->lanes)) != NULL) {
		TAILQ_REMOVE(&deliver->lanes, lane, entry);
		free_lane(lane);
	}
	free_tasks(&deliver->finished);
	if (deliver->multi != NULL)
		curl_multi_cleanup(deliver->multi);
	pthread_mutex_destroy(&deliver->mutex);
	free(deliver->fds);
	free((char *)(uintptr_t)deliver->options.host);
	free((char *)(uintptr_t)deliver->options.ca_file);
	free((char *)(uintptr_t)deliver->options.sendmail);
	free(deliver);
}

/* Signals are the business of the threads that were there before. */
static int start(struct deliver *deliver)
{
	sigset_t all;
	sigset_t before;
	int err;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	err = pthread_create(&deliver->thread, NULL, deliver_run, deliver);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	return -err;
}

int deliver_create(const struct deliver_options *options, struct deliver **ret_deliver)
{
	struct deliver *deliver = calloc(1, sizeof *deliver);
	int err;

	if (deliver == NULL)
		return -ENOMEM;
	TAILQ_INIT(&deliver->lanes);
	TAILQ_INIT(&deliver->finished);
	TAILQ_INIT(&deliver->under_way);
	pthread_mutex_init(&deliver->mutex, NULL);
	err = copy_options(options, &deliver->options);
	if (err == 0 && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
		err = -ENOMEM;
	if (err == 0) {
		deliver->multi = curl_multi_init();
		err = deliver->multi == NULL ? -ENOMEM : start(deliver);
	}
	if (err < 0) {
		free_deliver(deliver);
		return err;
	}
	*ret_deliver = deliver;
	return 0;
}

void deliver_destroy(struct deliver *deliver)
{
	if (deliver == NULL)
		return;
	pthread_mutex_lock(&deliver->mutex);
	deliver->stopping = true;
	pthread_mutex_unlock(&deliver->mutex);
	curl_multi_wakeup(deliver->multi);
	pthread_join(deliver->thread, NULL);
	free_deliver(deliver);
	curl_global_cleanup();
}

static struct deliver_lane *find_lane(const struct deliver *deliver, const char *name)
{
	struct deliver_lane *lane;

	TAILQ_FOREACH(lane, &deliver->lanes, entry)
	if (strcmp(lane->name, name) == 0)
		return lane;
	return NULL;
}

static void free_holds(struct deliver_hold **holds, size_t len)
{
	for (size_t i = 0; i < len; i++)
		deliver_release(holds[i]);
	free(holds);
}

static int copy_channels(
	const struct channel *channels, size_t len, struct deliver_hold ***ret_holds)
{
	struct deliver_hold **holds = calloc(len + 1, sizeof(struct deliver_hold *));
	int err = holds == NULL ? -ENOMEM : 0;

	for (size_t i = 0; err == 0 && i < len; i++) {
		holds[i] = calloc(1, sizeof *holds[i]);
		if (holds[i] == NULL) {
			err = -ENOMEM;
			continue;
		}
		holds[i]->refs = 1;
		err = channel_copy(&channels[i], &holds[i]->channel);
	}
	if (err < 0 && holds != NULL)
		free_holds(holds, len);
	else if (err == 0)
		*ret_holds = holds;
	return err;
}

/* A lane for each name that has none. */
static int add_lanes(struct deliver *deliver, const struct channel *channels, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		struct deliver_lane *lane;

		if (find_lane(deliver, channels[i].name) != NULL)
			continue;
		lane = calloc(1, sizeof *lane);
		if (lane == NULL)
			return -ENOMEM;
		TAILQ_INIT(&lane->waiting);
		lane->name = strdup(channels[i].name);
		if (lane->name == NULL) {
			free(lane);
			return -ENOMEM;
		}
		TAILQ_INSERT_TAIL(&deliver->lanes, lane, entry);
	}
	return 0;
}

/* Lanes stay as long as anything is under way in them. */
static void drop_lanes(struct deliver *deliver)
{
	struct deliver_lane *next;

	for (struct deliver_lane *lane = TAILQ_FIRST(&deliver->lanes); lane != NULL;
		lane = next) {
		struct deliver_task *task;

		next = TAILQ_NEXT(lane, entry);
		if (lane->hold != NULL)
			continue;
		while ((task = TAILQ_FIRST(&lane->waiting)) != NULL) {
			TAILQ_REMOVE(&lane->waiting, task, entry);
			task->result.verdict = DELIVER_UNTRIED;
			strcpy(task->result.text, "the channel is gone");
			TAILQ_INSERT_TAIL(&deliver->finished, task, entry);
			deliver->news = true;
		}
		lane->waiting_len = 0;
		if (lane->under_way > 0)
			continue;
		TAILQ_REMOVE(&deliver->lanes, lane, entry);
		free_lane(lane);
	}
}

int deliver_set_channels(
	struct deliver *deliver, const struct channel *channels, size_t len)
{
	struct deliver_hold **holds = NULL;
	struct deliver_lane *lane;
	int err = copy_channels(channels, len, &holds);

	if (err < 0)
		return err;
	pthread_mutex_lock(&deliver->mutex);
	err = add_lanes(deliver, channels, len);
	if (err == 0) {
		TAILQ_FOREACH(lane, &deliver->lanes, entry)
		{
			deliver_release(lane->hold);
			lane->hold = NULL;
		}
		for (size_t i = 0; i < len; i++) {
			lane = find_lane(deliver, channels[i].name);
			assert(lane != NULL);
			deliver_release(lane->hold);
			lane->hold = holds[i];
			holds[i] = NULL;
		}
	}
	drop_lanes(deliver);
	pthread_mutex_unlock(&deliver->mutex);
	curl_multi_wakeup(deliver->multi); /* to tell of what is untried */
	free_holds(holds, len);
	return err;
}

/* Lines that end in CR LF and nothing else, none too long, the last one ended. */
static bool is_mail(const uint8_t *body, size_t len)
{
	size_t line = 0;

	for (size_t i = 0; i < len; i++) {
		if (body[i] == '\0' || body[i] == '\n' || line > LINE_MAX_BYTES)
			return false;
		if (body[i] != '\r') {
			line++;
			continue;
		}
		if (i + 1 == len || body[++i] != '\n')
			return false;
		line = 0;
	}
	return len > 0 && line == 0;
}

static bool is_fit(const struct channel *channel, const struct deliver_job *job)
{
	if (channel->type != CHANNEL_EMAIL && channel->type != CHANNEL_SENDMAIL)
		return true;
	return job->recipient != NULL && channel_check_address(job->recipient) == NULL &&
		channel->from != NULL && channel_check_address(channel->from) == NULL &&
		is_mail(job->body, job->body_len);
}

static char *copy_text(const char *text, bool *whole)
{
	char *copy = text != NULL ? strdup(text) : NULL;

	if (text != NULL && copy == NULL)
		*whole = false;
	return copy;
}

static struct deliver_task *copy_job(
	struct deliver *deliver, const struct deliver_job *job)
{
	struct deliver_task *task = calloc(1, sizeof *task);
	bool whole = true;

	if (task == NULL)
		return NULL;
	task->deliver = deliver;
	task->result.id = job->id;
	task->recipient = copy_text(job->recipient, &whole);
	task->content_type = copy_text(job->content_type, &whole);
	task->event = copy_text(job->event, &whole);
	task->body = malloc(job->body_len + 1);
	if (!whole || task->body == NULL) {
		deliver_task_free(task);
		return NULL;
	}
	if (job->body_len > 0)
		memcpy(task->body, job->body, job->body_len);
	task->body_len = job->body_len;
	return task;
}

static int enqueue(struct deliver *deliver, const struct deliver_job *job)
{
	struct deliver_lane *lane = find_lane(deliver, job->channel);
	struct deliver_task *task;

	if (lane == NULL || lane->hold == NULL)
		return -ENOENT;
	if (!is_fit(&lane->hold->channel, job))
		return -EINVAL;
	if (lane->waiting_len >= DELIVER_WAITING_MAX)
		return -EBUSY;
	task = copy_job(deliver, job);
	if (task == NULL)
		return -ENOMEM;
	task->type = lane->hold->channel.type;
	TAILQ_INSERT_TAIL(&lane->waiting, task, entry);
	lane->waiting_len++;
	return 0;
}

int deliver_hand(struct deliver *deliver, const struct deliver_job *job)
{
	int err;

	pthread_mutex_lock(&deliver->mutex);
	err = enqueue(deliver, job);
	pthread_mutex_unlock(&deliver->mutex);
	if (err == 0)
		curl_multi_wakeup(deliver->multi);
	return err;
}

bool deliver_take(struct deliver *deliver, struct deliver_result *ret_result)
{
	struct deliver_task *task;

	pthread_mutex_lock(&deliver->mutex);
	task = TAILQ_FIRST(&deliver->finished);
	if (task != NULL)
		TAILQ_REMOVE(&deliver->finished, task, entry);
	pthread_mutex_unlock(&deliver->mutex);
	if (task == NULL)
		return false;
	*ret_result = task->result;
	deliver_task_free(task);
	return true;
}
