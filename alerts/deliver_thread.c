/* SPDX-License-Identifier: MIT */
/* The delivery thread: it starts what may start, waits, and hands the ends over. */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "alerts/deliver_queue.h"

#define WAIT_MS 60000 /* nothing depends on it: everything to wait for wakes the thread */

void deliver_wake(struct deliver *deliver)
{
	curl_multi_wakeup(deliver->multi);
}

static curl_socket_t on_open(
	void *owner, curlsocktype purpose, struct curl_sockaddr *address)
{
	struct deliver_task *task = owner;
	const struct channel *channel = &task->hold->channel;
	bool mail = channel->type == CHANNEL_EMAIL;
	char host[256];
	bool loopback = mail ||
		(channel_url_host(channel->url, host) && channel_is_loopback(host));
	bool clear = !mail && strncmp(channel->url, "https:", 6) != 0;
	const struct sockaddr_in *four = (const void *)&address->addr;
	const struct sockaddr_in6 *six = (const void *)&address->addr;
	curl_socket_t fd;

	(void)purpose;
	if (!deliver_address_allowed(&address->addr, loopback, clear)) {
		inet_ntop(address->family,
			address->family == AF_INET ? (const void *)&four->sin_addr
						   : (const void *)&six->sin6_addr,
			task->banned, sizeof task->banned);
		return CURL_SOCKET_BAD;
	}
	fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
	for (size_t i = 0; i < DELIVER_SOCKETS_MAX; i++) {
		if (task->sockets[i] != CURL_SOCKET_BAD)
			continue;
		task->sockets[i] = fd;
		break;
	}
	return fd;
}

static int on_close(void *owner, curl_socket_t fd)
{
	struct deliver_task *task = owner;

	for (size_t i = 0; i < DELIVER_SOCKETS_MAX; i++)
		if (task->sockets[i] == fd)
			task->sockets[i] = CURL_SOCKET_BAD;
	return close(fd);
}

/* A lookup that hangs would hold the whole thread when it is given up: QUICK_EXIT lets it
 * go. Nothing is kept from one transfer to the next, neither connections nor credentials. */
bool deliver_easy_common(struct deliver_task *task)
{
	const struct deliver_options *options = &task->deliver->options;
	CURL *easy = task->easy;

	return curl_easy_setopt(easy, CURLOPT_PRIVATE, task) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, task->error) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_QUICK_EXIT, 1L) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_NOPROXY, "*") == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED) ==
		CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_SSL_SESSIONID_CACHE, 0L) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_SSLVERSION,
			(long)CURL_SSLVERSION_TLSv1_2) == CURLE_OK &&
		(options->ca_file == NULL ||
			curl_easy_setopt(easy, CURLOPT_CAINFO, options->ca_file) ==
				CURLE_OK) &&
		curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS,
			(long)options->connect_ms) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, 10L) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME,
			(long)(options->reply_ms / 1000 + 1)) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_open) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, task) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_CLOSESOCKETFUNCTION, on_close) ==
		CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_CLOSESOCKETDATA, task) == CURLE_OK;
}

static void end_transfer(struct deliver_task *task)
{
	if (task->easy == NULL)
		return;
	if (!task->threaded)
		curl_multi_remove_handle(task->deliver->multi, task->easy);
	curl_easy_cleanup(task->easy);
	curl_slist_free_all(task->list);
	task->easy = NULL;
	task->list = NULL;
}

static bool begin_transfer(struct deliver_task *task)
{
	bool mail = task->hold->channel.type == CHANNEL_EMAIL;

	for (size_t i = 0; i < DELIVER_SOCKETS_MAX; i++)
		task->sockets[i] = CURL_SOCKET_BAD;
	task->easy = curl_easy_init();
	if (task->easy != NULL &&
		(mail ? deliver_smtp_begin(task)
		      : deliver_http_begin(task) &&
					curl_multi_add_handle(task->deliver->multi,
						task->easy) == CURLM_OK))
		return true;
	end_transfer(task);
	task->result.verdict = DELIVER_LATER;
	deliver_say(task, "%s", strerror(ENOMEM));
	return false;
}

static bool begin(struct deliver_task *task)
{
	enum channel_type type = task->hold->channel.type;

	if (type != task->type) {
		task->result.verdict = DELIVER_UNTRIED;
		deliver_say(task, "the channel is of another type now");
		return false;
	}
	task->program = type == CHANNEL_EXEC || type == CHANNEL_SENDMAIL;
	return task->program ? deliver_program_begin(task) : begin_transfer(task);
}

/* Its lane may have lost its channel meanwhile, and goes when the last has left it. */
static void leave_lane(struct deliver *deliver, const struct deliver_task *task)
{
	struct deliver_lane *lane;

	TAILQ_FOREACH(lane, &deliver->lanes, entry)
	if (strcmp(lane->name, task->hold->channel.name) == 0)
		break;
	if (lane == NULL || --lane->under_way > 0 || lane->hold != NULL)
		return;
	TAILQ_REMOVE(&deliver->lanes, lane, entry);
	free(lane->name);
	free(lane);
}

/* The task has left under_way. */
static void hand_over(struct deliver_task *task)
{
	struct deliver *deliver = task->deliver;

	pthread_mutex_lock(&deliver->mutex);
	leave_lane(deliver, task);
	deliver_release(task->hold);
	task->hold = NULL;
	TAILQ_INSERT_TAIL(&deliver->finished, task, entry);
	deliver->news = true;
	deliver->ended = true;
	pthread_mutex_unlock(&deliver->mutex);
}

/* Takes what may start out of the queues. Whether to go on. */
static bool choose(struct deliver *deliver, struct deliver_tasks *ret_chosen)
{
	struct deliver_lane *lane;
	bool going_on;

	pthread_mutex_lock(&deliver->mutex);
	TAILQ_FOREACH(lane, &deliver->lanes, entry)
	{
		struct deliver_task *task = TAILQ_FIRST(&lane->waiting);

		while (task != NULL && lane->under_way < DELIVER_AT_ONCE) {
			TAILQ_REMOVE(&lane->waiting, task, entry);
			lane->waiting_len--;
			lane->under_way++;
			task->hold = lane->hold;
			task->hold->refs++;
			TAILQ_INSERT_TAIL(ret_chosen, task, entry);
			task = TAILQ_FIRST(&lane->waiting);
		}
	}
	going_on = !deliver->stopping;
	pthread_mutex_unlock(&deliver->mutex);
	return going_on;
}

static void start_chosen(struct deliver *deliver, struct deliver_tasks *chosen)
{
	struct deliver_task *task;

	while ((task = TAILQ_FIRST(chosen)) != NULL) {
		TAILQ_REMOVE(chosen, task, entry);
		if (begin(task))
			TAILQ_INSERT_TAIL(&deliver->under_way, task, entry);
		else
			hand_over(task);
	}
}

static void end_transfers(struct deliver *deliver)
{
	CURLMsg *message;
	int left;

	while ((message = curl_multi_info_read(deliver->multi, &left)) != NULL) {
		CURLcode outcome = message->data.result;
		struct deliver_task *task = NULL;

		if (message->msg != CURLMSG_DONE ||
			curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE,
				&task) != CURLE_OK)
			continue;
		deliver_http_judge(task, outcome);
		end_transfer(task);
		TAILQ_REMOVE(&deliver->under_way, task, entry);
		hand_over(task);
	}
}

static bool has_ended(struct deliver_task *task)
{
	if (task->program)
		return deliver_program_step(task);
	if (!task->threaded || !deliver_smtp_step(task))
		return false;
	end_transfer(task);
	return true;
}

/* Programs and mails; the requests are in end_transfers. */
static void step_others(struct deliver *deliver)
{
	struct deliver_task *next;

	for (struct deliver_task *task = TAILQ_FIRST(&deliver->under_way); task != NULL;
		task = next) {
		next = TAILQ_NEXT(task, entry);
		if (!has_ended(task))
			continue;
		TAILQ_REMOVE(&deliver->under_way, task, entry);
		hand_over(task);
	}
}

/* Waits for the transfers, the programs, and curl_multi_wakeup. Without memory for a longer
 * list the wait is short, and the programs are looked at all the same. */
static void wait_for_all(struct deliver *deliver)
{
	struct deliver_task *task;
	size_t len = 0;
	int wait_ms = WAIT_MS;

	TAILQ_FOREACH(task, &deliver->under_way, entry)
	{
		if (!task->program)
			continue;
		if (len + 3 > deliver->fds_max) {
			size_t max = deliver->fds_max * 2 + 12;
			struct curl_waitfd *fds =
				reallocarray(deliver->fds, max, sizeof *fds);

			if (fds == NULL) {
				wait_ms = 100;
				break;
			}
			deliver->fds = fds;
			deliver->fds_max = max;
		}
		len += deliver_program_wants(task, deliver->fds + len);
	}
	curl_multi_poll(deliver->multi, deliver->fds, (unsigned)len, wait_ms, NULL);
}

static void tell(struct deliver *deliver)
{
	bool news;

	pthread_mutex_lock(&deliver->mutex);
	news = deliver->news;
	deliver->news = false;
	pthread_mutex_unlock(&deliver->mutex);
	if (news && deliver->options.on_ready != NULL)
		deliver->options.on_ready(deliver->options.owner);
}

static void give_up(struct deliver *deliver, struct deliver_tasks *chosen)
{
	struct deliver_task *task;

	TAILQ_CONCAT(&deliver->under_way, chosen, entry);
	TAILQ_FOREACH(task, &deliver->under_way, entry)
	atomic_store(&task->given_up, true);
	while ((task = TAILQ_FIRST(&deliver->under_way)) != NULL) {
		TAILQ_REMOVE(&deliver->under_way, task, entry);
		if (task->threaded)
			deliver_smtp_abort(task);
		if (task->easy != NULL)
			end_transfer(task);
		else if (task->program)
			deliver_program_abort(task);
		hand_over(task);
	}
}

void *deliver_run(void *owner)
{
	struct deliver *deliver = owner;
	struct deliver_tasks chosen = TAILQ_HEAD_INITIALIZER(chosen);
	int running;

	while (choose(deliver, &chosen)) {
		deliver->ended = false;
		start_chosen(deliver, &chosen);
		curl_multi_perform(deliver->multi, &running);
		end_transfers(deliver);
		step_others(deliver);
		tell(deliver);
		if (!deliver->ended)
			wait_for_all(deliver);
	}
	give_up(deliver, &chosen);
	return NULL;
}
