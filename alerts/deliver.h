/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * deliver — carries composed bytes out: SMTP, HTTP, sendmail, programs.
 *
 * A thread of its own waits for all requests and programs at once; each mail under way has one
 * more. Each channel has a queue of which at most DELIVER_AT_ONCE are under way: a receiver that
 * hangs delays nobody else. One try a job; when to try again is the caller's, who has the clock
 * and the store. It knows no store, no log, no wall clock of its own.
 *
 * SMTP: one recipient a transaction. 2xx to the end of DATA is DONE; 4xx LATER; 5xx from MAIL
 * on REFUSED; 5xx before it (greeting, AUTH) is about the connection, not the letter: LATER. A
 * server that falls silent after DATA may have taken the letter: LATER, with the same bytes,
 * hence the same Message-ID.
 * HTTP: POST, no redirect is followed, no proxy, cookies or netrc. 2xx DONE; 301, 308, 410 and
 * other 4xx REFUSED; 302, 303, 307, 408, 425, 429 and 5xx LATER. The address is checked when
 * it is connected to, so a name that has come to mean another place does not get there:
 * link-local, metadata, multicast and unspecified ones never; loopback only where the URL says
 * localhost or a loopback address; without TLS only loopback and private ones.
 * Programs: no shell, a session of their own, body on standard input, no other descriptor.
 * Exit 0 DONE; 64, 65, 67, 68, 77, 78 (sysexits: the letter or the set-up is wrong) REFUSED;
 * any other exit, a signal, and the time limit LATER.
 *
 * Thread rule: all functions on one thread, the caller's; on_ready runs on the delivery thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct channel;
struct deliver;

#define DELIVER_AT_ONCE 2 /* of one channel */
#define DELIVER_WAITING_MAX 100 /* of one channel: bodies are held in memory */
#define DELIVER_TEXT_MAX 256

/* All pointers are borrowed until deliver_create returns, owner until deliver_destroy does. */
struct deliver_options {
	void (*on_ready)(void *owner); /* there is something to take; delivery thread */
	int64_t (*now)(
		void); /* seconds since 1970 UTC: the signature's; delivery thread */
	void *owner;
	const char *host; /* for EHLO */
	const char *ca_file; /* NULL: the system's */
	const char *sendmail; /* NULL: /usr/sbin/sendmail */
	int64_t connect_ms; /* these: 0 is the default, given here */
	int64_t reply_ms; /* SMTP: of one reply; 4 min */
	int64_t smtp_ms; /* a transaction; 5 min */
	int64_t http_ms; /* 30 s */
	int64_t program_ms; /* 60 s; then the whole process group is killed */
};

struct deliver_job {
	int64_t id; /* of the handover */
	const char *channel; /* name */
	const char *recipient; /* EMAIL, SENDMAIL; else NULL */
	const void *body; /* mail: lines end in CR LF, none over 998 bytes */
	size_t body_len;
	const char *content_type; /* HTTP; NULL: application/json */
	const char *event; /* id of the alert: webhook-id, MXVIGIL_EVENT */
};

enum deliver_verdict {
	DELIVER_DONE = 1,
	DELIVER_LATER = 2,
	DELIVER_REFUSED = 3, /* for good */
	DELIVER_UNTRIED =
		4, /* its channel went, or became another, before it was tried */
};

struct deliver_result {
	int64_t id;
	enum deliver_verdict verdict;
	long code; /* of SMTP, HTTP, or the exit status; 0: none */
	int64_t retry_after_s; /* what the receiver asked for; 0: nothing */
	char text[DELIVER_TEXT_MAX]; /* one line of UTF-8 without controls and secrets */
};

/* Starts the thread. Returns 0 or negative errno. */
int deliver_create(const struct deliver_options *options, struct deliver **ret_deliver)
	__attribute__((warn_unused_result));
/* Gives up what is under way, and forgets what waits and what was not taken: all that is still
 * to be sent for whoever keeps count. Returns within three seconds. Also for NULL. */
void deliver_destroy(struct deliver *deliver);

/* Copies the channels, whose fields have passed the checks of channel.h and which take the
 * place of those before. What is under way goes on with
 * the old; what waits takes the new one of its name, or is UNTRIED. Returns 0 or -ENOMEM, the
 * old ones staying. */
int deliver_set_channels(struct deliver *deliver, const struct channel *channels,
	size_t len) __attribute__((warn_unused_result));

/* Copies the job. Returns 0, -ENOENT for a channel that is not there, -EINVAL for a recipient
 * that is not an address or a mail that is not one, -EBUSY when DELIVER_WAITING_MAX wait, or
 * -ENOMEM. */
int deliver_hand(struct deliver *deliver, const struct deliver_job *job)
	__attribute__((warn_unused_result));

/* The next result, in the order they came; false where there is none. */
bool deliver_take(struct deliver *deliver, struct deliver_result *ret_result);
