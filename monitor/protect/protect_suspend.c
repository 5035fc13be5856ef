/* SPDX-License-Identifier: MIT */
/* KumoMTA is told on a thread of the pool. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/conf.h"
#include "monitor/conf_file.h"
#include "monitor/log.h"
#include "monitor/protect/protect_inside.h"
#include "monitor/protect/suspend.h"

#define RETRY_MS 30000

/* Owns all that it needs: the configuration may be another when it is done. */
struct job {
	uv_work_t work;
	struct protect *protect; /* NULL: nobody waits for it */
	char *url;
	struct hold *holds; /* copies, without hosts but one */
	size_t len;
	int64_t now;
	struct suspend_result result;
};

static void free_job(struct job *job)
{
	for (size_t i = 0; i < job->len; i++)
		hold_finish(&job->holds[i]);
	free(job->holds);
	free(job->url);
	free(job);
}

static void on_work(uv_work_t *work)
{
	struct job *const job = work->data;
	suspend_reconcile(job->url, job->holds, job->len, job->now, &job->result);
}

static void on_done(uv_work_t *work, int status)
{
	struct job *const job = work->data;
	struct protect *const protect = job->protect;
	const struct suspend_result *const result = &job->result;
	(void)status; /* never cancelled */
	if (result->suspended > 0 || result->lifted > 0)
		log_info("protect", "told KumoMTA suspended=%zu lifted=%zu",
			result->suspended, result->lifted);
	if (result->error != 0 && !(protect && protect->suspend_failed))
		log_err("protect", "KumoMTA was not told: %s", log_quote(result->why));
	if (protect) {
		protect->suspending = false;
		protect->suspend_failed = result->error != 0;
		protect->suspend_retry_at = result->error != 0 ? job->now + RETRY_MS : 0;
		if (!protect->leaving && protect->suspend_again)
			protect_suspend(protect);
		protect_free_if_done(protect);
	}
	free_job(job);
}

static int copy_holds(struct job *job, const struct protect *protect, size_t len)
{
	job->holds = calloc(len + 1, sizeof *job->holds);
	if (!job->holds)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++) {
		const struct hold *const hold = &protect->holds[i];
		struct hold *const copy = &job->holds[job->len++];
		*copy = *hold;
		copy->hosts = NULL;
		copy->hosts_len = 0;
		copy->aliases = NULL;
		copy->aliases_len = 0;
		if (hold->hosts_len > 0 && hold_add_host(copy, hold->hosts[0].name) != 0)
			return -ENOMEM;
	}
	return 0;
}

static int start(struct protect *protect, const char *url, size_t len)
{
	struct job *const job = calloc(1, sizeof *job);
	if (!job)
		return -ENOMEM;
	job->work.data = job;
	job->now = protect->options.now(protect->options.owner);
	job->url = strdup(url);
	int error = job->url ? copy_holds(job, protect, len) : -ENOMEM;
	if (error == 0)
		error = uv_queue_work(
			protect->options.loop, &job->work, on_work, on_done);
	if (error != 0)
		free_job(job);
	else if (!protect->leaving)
		job->protect = protect;
	return error;
}

static const char *url_of(const struct conf *conf)
{
	return conf && conf->file && conf->file->protect ? conf->file->protect->kumomta
							 : NULL;
}

void protect_suspend(struct protect *protect)
{
	const char *const url = url_of(protect->options.conf);
	if (!url)
		return;
	protect->suspend_again = protect->suspending;
	if (protect->suspending)
		return;
	protect->suspend_retry_at = 0;
	protect->suspending = start(protect, url, protect->holds_len) == 0;
	if (!protect->suspending)
		protect->suspend_retry_at =
			protect->options.now(protect->options.owner) + RETRY_MS;
}

void protect_suspend_again(struct protect *protect, int64_t now)
{
	if (protect->suspend_retry_at != 0 && now >= protect->suspend_retry_at)
		protect_suspend(protect);
}

void protect_resume(struct protect *protect, const struct conf *next)
{
	const char *const url = url_of(protect->options.conf);
	const char *const other = url_of(next);
	if (!url || !next || (other && strcmp(url, other) == 0))
		return;
	/* Suspensions expire by themselves, should this fail. */
	if (start(protect, url, 0) == 0)
		log_info("protect", "KumoMTA is told that nothing waits any more");
}
