/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * deliver_inside — what the files of deliver share. Private to deliver*.c.
 *
 * A task is a job on its way. Waiting it belongs to the queue of its lane, under the mutex;
 * once started to the delivery thread alone; finished to the queue of results, under the mutex.
 */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include <curl/curl.h>

#include "alerts/channel.h"
#include "alerts/deliver.h"

#define DELIVER_REPLY_MAX 65536 /* bytes read of an HTTP reply, headers and body each */
#define DELIVER_SOCKETS_MAX 8 /* open at once for one task: libcurl tries two families */

/* The channel as it was when the task was started. */
struct deliver_hold {
	unsigned refs; /* under the mutex */
	struct channel channel;
};

/* How far an SMTP transaction has come, by the last command sent. */
enum deliver_stage {
	DELIVER_STAGE_OPENING, /* greeting, EHLO, STARTTLS, AUTH */
	DELIVER_STAGE_LETTER, /* MAIL, RCPT, DATA */
	DELIVER_STAGE_BODY, /* after the 354 */
};

struct deliver_program {
	pid_t pid;
	int pidfd; /* -1: none, or gone */
	int output; /* -1: closed */
	int timer;
	bool late; /* the time limit has passed: killed */
};

struct deliver_task {
	TAILQ_ENTRY(deliver_task) entry;
	struct deliver *deliver;
	struct deliver_hold *hold; /* from the start on */
	struct deliver_result result;
	enum channel_type type; /* of the channel when it was handed over */
	char *recipient; /* all four owned */
	char *content_type;
	char *event;
	uint8_t *body;
	size_t body_len;
	size_t body_sent;
	bool program; /* or a transfer */
	bool threaded; /* a mail that has been started */
	pthread_t thread;
	atomic_bool given_up; /* to the thread */
	atomic_bool ended; /* by the thread, which then touches nothing any more */
	CURLcode outcome;
	CURL *easy;
	struct curl_slist *list; /* recipients, or header lines */
	char error[CURL_ERROR_SIZE];
	enum deliver_stage stage;
	bool answered; /* SMTP: the server has had its say about the letter */
	curl_socket_t sockets[DELIVER_SOCKETS_MAX]; /* CURL_SOCKET_BAD: none */
	char banned[64]; /* address that was not connected to */
	char reply
		[1024]; /* SMTP: last line; HTTP: begin of the body; program: last line */
	size_t reply_len;
	size_t header_bytes;
	size_t body_bytes;
	struct deliver_program child;
};
TAILQ_HEAD(deliver_tasks, deliver_task);

const struct deliver_options *deliver_settings(const struct deliver *deliver);

/* What every transfer has: limits, TLS, no surprises. False where libcurl has no memory. */
bool deliver_easy_common(struct deliver_task *task);
/* Ends the wait of the delivery thread. */
void deliver_wake(struct deliver *deliver);

/* Sets task->easy up and starts a thread that carries it. */
bool deliver_smtp_begin(struct deliver_task *task);
/* Whether that has ended; then the result is filled, and the thread is gone. */
bool deliver_smtp_step(struct deliver_task *task);
/* Gives it up: within a second or so. */
void deliver_smtp_abort(struct deliver_task *task);

/* Sets task->easy up. */
bool deliver_http_begin(struct deliver_task *task);
/* Fills task->result when the transfer has ended. */
void deliver_http_judge(struct deliver_task *task, CURLcode outcome);

/* Starts the program; on failure the result says why. */
bool deliver_program_begin(struct deliver_task *task);
/* At most three descriptors to wait for. Returns how many. */
size_t deliver_program_wants(
	const struct deliver_task *task, struct curl_waitfd ret_fds[3]);
/* Reads what there is. Whether it has ended; then the result is filled. */
bool deliver_program_step(struct deliver_task *task);
/* Kills and forgets it. */
void deliver_program_abort(struct deliver_task *task);

/* What may be connected to: loopback and unsafe as in the header of deliver. */
bool deliver_address_allowed(
	const struct sockaddr *address, bool loopback_too, bool private_only);

/* Puts text into the result: one line, no controls, the channel's secrets as "***". */
void deliver_say(struct deliver_task *task, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Adds to task->reply, of which the first line (else the last) is kept. */
void deliver_keep_first(struct deliver_task *task, const char *bytes, size_t len);
void deliver_keep_last(struct deliver_task *task, const char *bytes, size_t len);
