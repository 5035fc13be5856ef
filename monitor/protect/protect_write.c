/* SPDX-License-Identifier: MIT */
/* The reply filter, written on a thread of the pool. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/conf.h"
#include "monitor/conf_file.h"
#include "monitor/log.h"
#include "monitor/protect/protect_inside.h"
#include "monitor/protect/replace.h"
#include "monitor/protect/replyfile.h"

#define RETRY_MS 60000

/* Owns all that it needs: the configuration may be another when it is done. */
struct job {
	uv_work_t work;
	struct protect *protect; /* NULL: nobody waits for it */
	char *path;
	char *command; /* NULL without one */
	struct replyfile_text text;
	int64_t now;
	struct replace_result result;
};

static void free_job(struct job *job)
{
	replyfile_finish(&job->text);
	free(job->path);
	free(job->command);
	free(job);
}

static void on_work(uv_work_t *work)
{
	struct job *const job = work->data;
	const struct replace_order order = {
		.path = job->path,
		.text = job->text.text,
		.len = job->text.len,
		.entries = job->text.entries,
		.sample = job->text.sample,
		.command = job->command,
		.now = job->now,
	};
	replace_file(&order, &job->result);
}

static void say(const struct job *job, bool was_failing)
{
	const struct replace_result *const result = &job->result;
	if (result->written)
		log_info("protect", "reply filter written path=%s domains=%zu rules=%zu",
			log_quote(job->path), job->text.entries, job->text.rules);
	if (result->written && !result->reloaded)
		log_info("protect", "reload of Postfix is left to the path unit");
	if (replace_is_well(result) || was_failing)
		return;
	if (result->error != 0)
		log_err("protect", "reply filter not written: %s", result->why);
	else
		log_err("protect",
			"reply filter written, but not read by Postfix command=%s "
			"error=%s",
			log_quote(job->command),
			result->reload_error != 0     ? strerror(-result->reload_error)
				: result->reload.late ? "it took too long"
						      : log_quote(result->reload.said));
}

static void on_done(uv_work_t *work, int status)
{
	struct job *const job = work->data;
	struct protect *const protect = job->protect;
	(void)status; /* never cancelled */
	say(job, protect && protect->failed);
	if (protect) {
		protect->writing = false;
		protect->failed = !replace_is_well(&job->result);
		protect->retry_at = protect->failed ? job->now + RETRY_MS : 0;
		if (!protect->leaving && protect->write_again)
			protect_write(protect);
		protect_free_if_done(protect);
	}
	free_job(job);
}

static struct job *make_job(const struct protect *protect, const char *path)
{
	const char *const command = protect_reload_command(protect->options.conf);
	struct job *const job = calloc(1, sizeof *job);
	if (!job)
		return NULL;
	job->work.data = job;
	job->now = protect->options.now(protect->options.owner);
	job->path = strdup(path);
	job->command = command ? strdup(command) : NULL;
	if (job->path && (!command || job->command))
		return job;
	free_job(job);
	return NULL;
}

static int start(struct protect *protect, const char *path, size_t holds_len)
{
	struct job *const job = make_job(protect, path);
	int error = job
		? replyfile_format(protect->holds, holds_len, job->now, &job->text)
		: -ENOMEM;
	if (error == 0)
		error = uv_queue_work(
			protect->options.loop, &job->work, on_work, on_done);
	if (error != 0) {
		log_err("protect", "reply filter not written error=%s", strerror(-error));
		if (job)
			free_job(job);
		return error;
	}
	if (job->text.refused > 0 || job->text.beyond > 0)
		log_warn("protect",
			"mail is not kept away from all hosts odd_names=%zu "
			"too_many_domains=%zu",
			job->text.refused, job->text.beyond);
	if (!protect->leaving)
		job->protect = protect;
	return 0;
}

static const char *path_of(const struct conf *conf)
{
	return conf && conf->file && conf->file->protect
		? conf->file->protect->postfix_reply_filter
		: NULL;
}

void protect_write(struct protect *protect)
{
	const char *const path = path_of(protect->options.conf);
	if (!path)
		return;
	protect->write_again = protect->writing;
	if (protect->writing)
		return;
	protect->retry_at = 0;
	protect->writing = start(protect, path, protect->holds_len) == 0;
	if (!protect->writing)
		protect->retry_at =
			protect->options.now(protect->options.owner) + RETRY_MS;
}

void protect_write_again(struct protect *protect, int64_t now)
{
	if (protect->retry_at != 0 && now >= protect->retry_at)
		protect_write(protect);
}

void protect_release(struct protect *protect, const struct conf *next)
{
	const char *const path = path_of(protect->options.conf);
	const char *const other = path_of(next);
	protect->leaving = true;
	if (!path || !next || (other && strcmp(path, other) == 0))
		return;
	/* An error is logged: the entries expire, and are pruned, by themselves. */
	if (start(protect, path, 0) == 0)
		log_info("protect", "nothing is held any more path=%s", log_quote(path));
}
