/* SPDX-License-Identifier: MIT */
#include "monitor/news.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

struct news_queue {
	pthread_mutex_t lock;
	struct news *first;
	struct news **end; /* where the next piece is hung */
	size_t len; /* pushed and not yet settled */
	size_t most;
	news_wake_fn wake;
	void *owner;
};

void news_destroy(struct news *news)
{
	if (!news)
		return;
	for (size_t i = 0; i < news->evidence_len; i++)
		free(news->evidence[i].message);
	free(news->domain);
	free(news->alias);
	free(news->pulses);
	mxset_finish(&news->set);
	mxset_finish(&news->from_set);
	free(news);
}

int news_queue_create(
	size_t most, news_wake_fn wake, void *owner, struct news_queue **ret_queue)
{
	struct news_queue *queue = calloc(1, sizeof *queue);
	if (!queue)
		return -ENOMEM;
	pthread_mutex_init(&queue->lock, NULL);
	queue->end = &queue->first;
	queue->most = most;
	queue->wake = wake;
	queue->owner = owner;
	*ret_queue = queue;
	return 0;
}

void news_queue_destroy(struct news_queue *queue)
{
	if (!queue)
		return;
	for (struct news *news = queue->first; news;) {
		struct news *const next = news->next;
		news_destroy(news);
		news = next;
	}
	pthread_mutex_destroy(&queue->lock);
	free(queue);
}

void news_queue_push(struct news_queue *queue, struct news *news)
{
	pthread_mutex_lock(&queue->lock);
	const bool was_empty = !queue->first;
	for (*queue->end = news; *queue->end; queue->end = &(*queue->end)->next)
		queue->len++;
	pthread_mutex_unlock(&queue->lock);
	if (was_empty)
		queue->wake(queue->owner);
}

bool news_queue_is_full(struct news_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	const bool full = queue->len >= queue->most;
	pthread_mutex_unlock(&queue->lock);
	return full;
}

struct news *news_queue_take(struct news_queue *queue)
{
	pthread_mutex_lock(&queue->lock);
	struct news *const first = queue->first;
	queue->first = NULL;
	queue->end = &queue->first;
	pthread_mutex_unlock(&queue->lock);
	return first;
}

void news_queue_settle(struct news_queue *queue, size_t settled)
{
	pthread_mutex_lock(&queue->lock);
	queue->len -= settled;
	pthread_mutex_unlock(&queue->lock);
}
