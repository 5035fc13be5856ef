/* SPDX-License-Identifier: MIT */
#include "tests/monitor/desk.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "resolvers/name.h"

static void on_wake(void *owner)
{
	(void)owner;
}

void desk_open(struct desk *desk, size_t most)
{
	struct recorder_options options = {
		.store = desk->fixture->store, .run = desk->run};

	assert_int_equal(news_queue_create(most, on_wake, NULL, &desk->queue), 0);
	options.queue = desk->queue;
	assert_int_equal(recorder_create(&options, &desk->recorder), 0);
}

int desk_setup(void **state)
{
	struct desk *desk = calloc(1, sizeof *desk);
	void *fixture;
	int fd;

	assert_non_null(desk);
	fixture_setup(&fixture);
	desk->fixture = fixture;
	desk->a = fixture_point(desk->fixture, "a.example", "mta");
	desk->b = fixture_point(desk->fixture, "b.example", "mta");
	store_begin(desk->fixture->store);
	desk->run = history_start_run(desk->fixture->store, T0, "test");
	fixture_commit(desk->fixture, T0);
	desk_open(desk, 1000);
	snprintf(desk->log_path, sizeof desk->log_path, "%s/log", desk->fixture->dir);
	fd = open(desk->log_path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
	desk->saved_stderr = dup(STDERR_FILENO);
	assert_true(fd >= 0 && desk->saved_stderr >= 0);
	dup2(fd, STDERR_FILENO);
	close(fd);
	*state = desk;
	return 0;
}

int desk_teardown(void **state)
{
	struct desk *desk = *state;
	void *fixture = desk->fixture;

	recorder_destroy(desk->recorder);
	news_queue_destroy(desk->queue);
	dup2(desk->saved_stderr, STDERR_FILENO);
	close(desk->saved_stderr);
	unlink(desk->log_path);
	free(desk);
	return fixture_teardown(&fixture);
}

/* What has been logged since the last call. */
const char *desk_log(struct desk *desk)
{
	FILE *in = fopen(desk->log_path, "r");
	size_t len;

	assert_non_null(in);
	len = fread(desk->log, 1, sizeof desk->log - 1, in);
	desk->log[len] = '\0';
	fclose(in);
	assert_int_equal(truncate(desk->log_path, 0), 0);
	return desk->log;
}

struct news *desk_make(struct desk *desk, enum news_kind kind, int64_t point)
{
	struct news *news = calloc(1, sizeof *news);
	const uint8_t *domain = wire(point == desk->a ? "a.example" : "b.example");

	assert_non_null(news);
	news->kind = kind;
	news->point = point;
	strcpy(news->view, "mta");
	news->ttl = 300;
	news->domain = malloc(name_length(domain));
	assert_non_null(news->domain);
	memcpy(news->domain, domain, name_length(domain));
	return news;
}

void desk_push_span(struct desk *desk, int64_t point, const char *set, int64_t at)
{
	struct news *news = desk_make(desk, NEWS_SPAN, point);

	news->at = at;
	news->state = ANSWER_MX;
	news->set = set_of(set);
	news_queue_push(desk->queue, news);
}

struct news *desk_make_change(
	struct desk *desk, int64_t point, const char *set, int64_t at)
{
	struct news *news = desk_make(desk, NEWS_CHANGE, point);

	news->at = at;
	news->from_at = at - 10 * SECOND;
	news->by = CONFIRMED_TCP;
	news->confirmed_at = at + 50;
	news->state = ANSWER_MX;
	news->set = set_of(set);
	news->final = (struct pulse){.last_at = news->from_at,
		.confirmed_at = news->from_at,
		.polls = 7,
		.ttl_min = 60,
		.ttl_max = 300};
	news->evidence[0].message = calloc(1, 64);
	news->evidence[0].len = 64;
	news->evidence[0].at = at;
	assert_int_equal(endpoint_parse("192.0.2.1", 53, &news->evidence[0].server), 0);
	news->evidence_len = 1;
	return news;
}

void desk_push_change(struct desk *desk, int64_t point, const char *set, int64_t at)
{
	news_queue_push(desk->queue, desk_make_change(desk, point, set, at));
}

void desk_push_pulses(struct desk *desk, int64_t block, int64_t at)
{
	struct news *news = desk_make(desk, NEWS_PULSES, desk->a);

	news->block = block;
	news->pulses = calloc(2, sizeof *news->pulses);
	assert_non_null(news->pulses);
	news->pulses_len = 2;
	news->pulses[0] = (struct pulse){
		.last_at = at, .confirmed_at = at, .polls = 3, .ttl_min = 1};
	news_queue_push(desk->queue, news);
}

void desk_push_suspicion(struct desk *desk, int64_t point, int64_t at)
{
	struct news *news = desk_make(desk, NEWS_SUSPICION, point);

	news->at = at;
	news->state = ANSWER_NXDOMAIN;
	news->why = "not confirmed over TCP";
	assert_int_equal(endpoint_parse("192.0.2.9", 53, &news->server), 0);
	news_queue_push(desk->queue, news);
}

void desk_push_gap(
	struct desk *desk, enum news_kind kind, int64_t point, int64_t from, int64_t to)
{
	struct news *news = desk_make(desk, kind, point);

	news->from_at = from;
	news->at = to;
	news->reason = GAP_OVERLOAD;
	news_queue_push(desk->queue, news);
}

int64_t desk_count(struct desk *desk, const char *table)
{
	char sql[64];

	snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", table);
	return fixture_query(desk->fixture, sql);
}

static int on_any_change(void *owner, const struct change *change)
{
	unsigned *found = owner;

	(void)change;
	++*found;
	return 0;
}

/* In the store, as readers see it. */
unsigned desk_changes(struct desk *desk)
{
	const struct lookup_window window = {.now = T0 + 2 * HOUR};
	unsigned found = 0;

	assert_int_equal(
		lookup_changes(desk->fixture->store, &window, on_any_change, &found), 0);
	return found;
}

unsigned occurrences(const char *text, const char *what)
{
	unsigned found = 0;

	while ((text = strstr(text, what)) != NULL) {
		text += strlen(what);
		found++;
	}
	return found;
}

/* A file size limit of one byte: writing fails, reading goes on. */
static void stop_writing(struct rlimit *ret_before)
{
	struct rlimit none;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, ret_before), 0);
	none = *ret_before;
	none.rlim_cur = 1;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &none), 0);
}

/* The log file is bound by the limit too: it is written elsewhere meanwhile. */
int desk_write_without_disk(struct desk *desk, int64_t now)
{
	struct rlimit before;
	int pipes[2];
	int log = dup(STDERR_FILENO);
	ssize_t len;
	int error;

	assert_int_equal(pipe2(pipes, O_CLOEXEC | O_NONBLOCK), 0);
	dup2(pipes[1], STDERR_FILENO);
	stop_writing(&before);
	error = recorder_write(desk->recorder, now);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	dup2(log, STDERR_FILENO);
	close(log);
	len = read(pipes[0], desk->log, sizeof desk->log - 1);
	desk->log[len > 0 ? len : 0] = '\0';
	if (len > 0)
		assert_int_equal(write(STDERR_FILENO, desk->log, (size_t)len), len);
	close(pipes[0]);
	close(pipes[1]);
	return error;
}
