/* SPDX-License-Identifier: MIT */
#include "monitor/protect/serve.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include <uv.h>

#include "monitor/clock.h"
#include "monitor/protect/socketmap.h"
#include "monitor/protect/soften.h"
#include "resolvers/endpoint.h"

#define BACKLOG 128
#define SWEEP_MS 5000
#define BUFFER (SOCKETMAP_REQUEST_MAX + 16)

struct serve {
	uv_loop_t loop;
	uv_tcp_t listener;
	uv_async_t stop;
	uv_timer_t sweep;
	pthread_t thread;
	struct client *first;
	pthread_mutex_t lock; /* of what follows */
	struct soften *table; /* owned; NULL: nothing is held */
	struct serve_counts counts;
};

struct client {
	uv_tcp_t tcp;
	struct serve *serve;
	struct client *next;
	struct client **link;
	uint64_t heard_mono_ms;
	size_t len;
	char bytes[BUFFER];
};

/* --- on the thread --- */

static void on_client_closed(uv_handle_t *handle)
{
	struct client *const client = handle->data;
	*client->link = client->next;
	if (client->next)
		client->next->link = client->link;
	pthread_mutex_lock(&client->serve->lock);
	client->serve->counts.clients--;
	pthread_mutex_unlock(&client->serve->lock);
	free(client);
}

static void close_client(struct client *client)
{
	if (!uv_is_closing((uv_handle_t *)&client->tcp))
		uv_close((uv_handle_t *)&client->tcp, on_client_closed);
}

static void cut_off(struct client *client)
{
	pthread_mutex_lock(&client->serve->lock);
	client->serve->counts.cut_off++;
	pthread_mutex_unlock(&client->serve->lock);
	close_client(client);
}

static size_t answer(struct serve *serve, const struct socketmap_request *request,
	char ret_bytes[SOCKETMAP_ANSWER_MAX])
{
	char status[SOFTEN_STATUS_MAX];
	if (request->map_len != sizeof SERVE_MAP - 1 ||
		memcmp(request->map, SERVE_MAP, request->map_len) != 0)
		return socketmap_answer(
			"PERM", "the map is called " SERVE_MAP, ret_bytes);
	const int64_t now = clock_read().wall_ms;
	pthread_mutex_lock(&serve->lock);
	const bool softened = serve->table &&
		soften_judge(serve->table, request->key, request->key_len, now, status);
	serve->counts.asked++;
	serve->counts.softened += softened;
	pthread_mutex_unlock(&serve->lock);
	return softened ? socketmap_answer("OK", status, ret_bytes)
			: socketmap_answer("NOTFOUND", "", ret_bytes);
}

/* Whoever does not take his answers loses the connection: nothing waits here. */
static bool send_answer(struct client *client, char *bytes, size_t len)
{
	const uv_buf_t buffer = uv_buf_init(bytes, (unsigned)len);
	return uv_try_write((uv_stream_t *)&client->tcp, &buffer, 1) == (int)len;
}

static void take_requests(struct client *client)
{
	size_t done = 0;
	enum socketmap_state state = SOCKETMAP_WHOLE;
	while (done < client->len) {
		struct socketmap_request request;
		char bytes[SOCKETMAP_ANSWER_MAX];
		state = socketmap_take(
			client->bytes + done, client->len - done, &request);
		if (state != SOCKETMAP_WHOLE)
			break;
		const size_t len = answer(client->serve, &request, bytes);
		done += request.taken;
		client->heard_mono_ms = clock_mono_ms();
		if (!send_answer(client, bytes, len))
			state = SOCKETMAP_BROKEN;
		if (state == SOCKETMAP_BROKEN)
			break;
	}
	client->len -= done;
	memmove(client->bytes, client->bytes + done, client->len);
	if (state == SOCKETMAP_BROKEN)
		cut_off(client);
}

static void on_allocate(uv_handle_t *handle, size_t suggested, uv_buf_t *ret_buffer)
{
	struct client *const client = handle->data;
	(void)suggested;
	*ret_buffer = uv_buf_init(
		client->bytes + client->len, (unsigned)(BUFFER - client->len));
}

static void on_read(uv_stream_t *stream, ssize_t len, const uv_buf_t *buffer)
{
	struct client *const client = stream->data;
	(void)buffer;
	if (len < 0) {
		close_client(client);
		return;
	}
	client->len += (size_t)len;
	take_requests(client);
}

static void on_connection(uv_stream_t *listener, int status)
{
	struct serve *const serve = listener->data;
	struct client *const client = status == 0 ? calloc(1, sizeof *client) : NULL;
	if (!client)
		return;
	if (uv_tcp_init(listener->loop, &client->tcp) != 0) {
		free(client);
		return;
	}
	client->serve = serve;
	client->tcp.data = client;
	client->heard_mono_ms = clock_mono_ms();
	client->next = serve->first;
	client->link = &serve->first;
	if (client->next)
		client->next->link = &client->next;
	serve->first = client;
	pthread_mutex_lock(&serve->lock);
	const bool full = ++serve->counts.clients > SERVE_CLIENTS_MOST;
	pthread_mutex_unlock(&serve->lock);
	uv_tcp_nodelay(&client->tcp, 1);
	if (uv_accept(listener, (uv_stream_t *)&client->tcp) != 0 || full ||
		uv_read_start((uv_stream_t *)&client->tcp, on_allocate, on_read) != 0)
		cut_off(client);
}

static void on_sweep(uv_timer_t *timer)
{
	const struct serve *const serve = timer->data;
	const uint64_t now = clock_mono_ms();
	for (struct client *client = serve->first; client; client = client->next)
		if (now - client->heard_mono_ms >= SERVE_IDLE_MS)
			close_client(client);
}

static void close_handle(uv_handle_t *handle, void *owner)
{
	(void)owner;
	if (!uv_is_closing(handle))
		uv_close(handle, NULL);
}

static void on_stop(uv_async_t *async)
{
	struct serve *const serve = async->data;
	for (struct client *client = serve->first; client; client = client->next)
		close_client(client);
	uv_walk(async->loop, close_handle, NULL);
}

static void *run(void *owner)
{
	struct serve *const serve = owner;
	uv_run(&serve->loop, UV_RUN_DEFAULT);
	return NULL;
}

/* --- from outside --- */

static int listen_at(struct serve *serve, const struct endpoint *endpoint)
{
	struct sockaddr_storage address;
	endpoint_to_sockaddr(endpoint, &address);
	int error = uv_tcp_init(&serve->loop, &serve->listener);
	if (error == 0)
		error = uv_async_init(&serve->loop, &serve->stop, on_stop);
	if (error == 0)
		error = uv_timer_init(&serve->loop, &serve->sweep);
	serve->listener.data = serve->stop.data = serve->sweep.data = serve;
	if (error == 0)
		error = uv_tcp_bind(
			&serve->listener, (const struct sockaddr *)&address, 0);
	if (error == 0)
		error = uv_listen(
			(uv_stream_t *)&serve->listener, BACKLOG, on_connection);
	if (error == 0)
		error = uv_timer_start(&serve->sweep, on_sweep, SWEEP_MS, SWEEP_MS);
	return error;
}

static void finish(struct serve *serve)
{
	const int error = uv_loop_close(&serve->loop);
	assert(error == 0);
	pthread_mutex_destroy(&serve->lock);
	soften_destroy(serve->table);
	free(serve);
}

int serve_create(const struct endpoint *endpoint, struct serve **ret_serve)
{
	struct serve *const serve = calloc(1, sizeof *serve);
	if (!serve)
		return -ENOMEM;
	int error = uv_loop_init(&serve->loop);
	if (error != 0) {
		free(serve);
		return error;
	}
	pthread_mutex_init(&serve->lock, NULL);
	error = listen_at(serve, endpoint);
	if (error == 0)
		error = -pthread_create(&serve->thread, NULL, run, serve);
	if (error != 0) {
		uv_walk(&serve->loop, close_handle, NULL);
		uv_run(&serve->loop, UV_RUN_DEFAULT);
		finish(serve);
		return error;
	}
	*ret_serve = serve;
	return 0;
}

void serve_set(struct serve *serve, struct soften *table)
{
	pthread_mutex_lock(&serve->lock);
	struct soften *const old = serve->table;
	serve->table = table;
	pthread_mutex_unlock(&serve->lock);
	soften_destroy(old);
}

struct serve_counts serve_counts(struct serve *serve)
{
	pthread_mutex_lock(&serve->lock);
	const struct serve_counts counts = serve->counts;
	pthread_mutex_unlock(&serve->lock);
	return counts;
}

void serve_destroy(struct serve *serve)
{
	if (!serve)
		return;
	uv_async_send(&serve->stop);
	pthread_join(serve->thread, NULL);
	finish(serve);
}
