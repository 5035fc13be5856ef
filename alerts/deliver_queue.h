/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * deliver_queue — the state that the caller and the delivery thread share. Private to
 * deliver.c and deliver_thread.c.
 */
#include <pthread.h>

#include "alerts/deliver_inside.h"

struct deliver_lane {
	TAILQ_ENTRY(deliver_lane) entry;
	char *name;
	struct deliver_hold
		*hold; /* NULL: the channel is gone, and the last is under way */
	struct deliver_tasks waiting;
	size_t waiting_len;
	unsigned under_way;
};
TAILQ_HEAD(deliver_lanes, deliver_lane);

struct deliver {
	struct deliver_options options; /* its texts are owned */
	pthread_t thread;
	CURLM *multi; /* the thread's, but for curl_multi_wakeup */
	struct deliver_tasks under_way; /* the thread's */
	bool ended; /* the thread's: something has, so there may be room to start more */
	struct curl_waitfd *fds; /* the thread's */
	size_t fds_max;
	pthread_mutex_t mutex; /* of all that follows */
	struct deliver_lanes lanes;
	struct deliver_tasks finished;
	bool news; /* finished holds what on_ready has not been called for */
	bool stopping;
};

/* Drops one reference; under the mutex, or after the thread's end. */
void deliver_release(struct deliver_hold *hold);
void deliver_task_free(struct deliver_task *task);
/* The thread. */
void *deliver_run(void *deliver);
