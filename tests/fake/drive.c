/* SPDX-License-Identifier: MIT */
#include "tests/fake/drive.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

static void on_want(void *owner, int fd, int events)
{
	struct drive *drive = owner;
	assert_true(drive->fd == -1 || drive->fd == fd);
	drive->fd = events != 0 ? fd : -1;
	drive->events = events;
}

void drive_open(struct drive *ret_drive, struct channel_options options)
{
	*ret_drive = (struct drive){.fd = -1};
	options.want = on_want;
	options.owner = ret_drive;
	assert_int_equal(
		channel_create(&options, drive_now(ret_drive), &ret_drive->channel), 0);
	assert_int_equal(ret_drive->events, CHANNEL_READABLE);
}

void drive_close(struct drive *drive)
{
	channel_destroy(drive->channel);
	assert_int_equal(drive->fd, -1);
}

uint64_t drive_now(const struct drive *drive)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000 +
		drive->ahead_ms;
}

void drive_note(void *owner, uint64_t cookie, const struct channel_reply *reply)
{
	struct drive_answer *answer = owner;
	answer->calls++;
	answer->cookie = cookie;
	answer->outcome = reply->outcome;
	answer->server = reply->server;
	answer->tcp = reply->tcp;
	answer->rtt_us = reply->rtt_us;
	answer->local_port = reply->local_port;
	answer->len = reply->len;
	if (reply->outcome != CHANNEL_REPLY) {
		assert_null(reply->msg);
		return;
	}
	free(answer->msg);
	answer->msg = malloc(reply->len);
	assert_non_null(answer->msg);
	memcpy(answer->msg, reply->msg, reply->len);
}

void drive_answer_finish(struct drive_answer *answer)
{
	free(answer->msg);
	*answer = (struct drive_answer){0};
}

void drive_ask(struct drive *drive, const struct channel_query *query,
	struct drive_answer *answer)
{
	assert_int_equal(channel_ask(drive->channel, query, drive_now(drive), drive_note,
				 answer, 0),
		0);
	channel_flush(drive->channel, drive_now(drive));
}

void drive_turn(struct drive *drive, int most_ms)
{
	uint64_t now = drive_now(drive);
	uint64_t deadline = channel_deadline(drive->channel);
	int wait = most_ms;
	if (deadline <= now)
		wait = 0;
	else if (deadline - now < (uint64_t)wait)
		wait = (int)(deadline - now);
	struct pollfd fd = {.fd = drive->fd, .events = POLLIN};
	if (poll(&fd, 1, wait) > 0)
		channel_ready(
			drive->channel, drive->fd, CHANNEL_READABLE, drive_now(drive));
	if (channel_deadline(drive->channel) <= drive_now(drive))
		channel_tick(drive->channel, drive_now(drive));
}

void drive_await(struct drive *drive, const struct drive_answer *answer)
{
	uint64_t until = drive_now(drive) + DRIVE_PATIENCE_MS;
	while (answer->calls == 0) {
		if (drive_now(drive) > until)
			fail_msg("no answer in time");
		drive_turn(drive, 100);
	}
	assert_int_equal(answer->calls, 1);
}

void drive_await_all(struct drive *drive)
{
	uint64_t until = drive_now(drive) + DRIVE_PATIENCE_MS;
	while (channel_outstanding(drive->channel) > 0) {
		if (drive_now(drive) > until)
			fail_msg("queries still outstanding");
		drive_turn(drive, 100);
	}
}

void drive_jump(struct drive *drive, uint64_t ms)
{
	drive->ahead_ms += ms;
	channel_tick(drive->channel, drive_now(drive));
}

struct channel_query drive_query(struct endpoint server, const char *text, uint16_t type,
	uint8_t ret_name[NAME_WIRE_MAX])
{
	assert_int_equal(name_parse(text, ret_name), 0);
	return (struct channel_query){.server = server, .name = ret_name, .type = type};
}
