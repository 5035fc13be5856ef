/* SPDX-License-Identifier: MIT */
/* Programs: sendmail, and those of `exec` channels. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/pidfd.h>
#include <sys/timerfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "alerts/deliver_inside.h"

#define SENDMAIL "/usr/sbin/sendmail"
#define SENDMAIL_ARGUMENTS 7
#define ABORT_WAIT_MS 1000 /* for a killed program to be gone */

/* A mail has CR LF on the wire, and LF where a program of this machine reads it. */
static bool write_body(int fd, const struct deliver_task *task, bool mail)
{
	FILE *file = fdopen(fd, "w");

	if (file == NULL)
		return false;
	for (size_t i = 0; i < task->body_len; i++)
		if (!mail || task->body[i] != '\r')
			putc_unlocked(task->body[i], file);
	return fclose(file) == 0;
}

/* A file in memory, at its begin: nothing has to be fed while the program runs. */
static int open_body(const struct deliver_task *task, bool mail)
{
	int fd = memfd_create("body", MFD_CLOEXEC);
	int copy = fd >= 0 ? fcntl(fd, F_DUPFD_CLOEXEC, 3) : -1;

	if (copy >= 0 && write_body(copy, task, mail) && lseek(fd, 0, SEEK_SET) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static int open_timer(int64_t ms)
{
	const struct itimerspec limit = {
		.it_value = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000},
	};
	int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);

	if (fd >= 0 && timerfd_settime(fd, 0, &limit, NULL) == 0)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

/* Standard descriptors and no other; signals as a shell has them; a session of its own, which
 * is a process group to be killed as a whole. Returns 0 or a positive errno. */
static int spawn(
	char *const argv[], char *const envp[], int input, int output, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	sigset_t none;
	sigset_t all;
	int err;

	sigemptyset(&none);
	sigfillset(&all);
	if (posix_spawn_file_actions_init(&actions) != 0)
		return ENOMEM;
	if (posix_spawnattr_init(&attributes) != 0) {
		posix_spawn_file_actions_destroy(&actions);
		return ENOMEM;
	}
	err = posix_spawn_file_actions_adddup2(&actions, input, 0);
	err = err != 0 ? err : posix_spawn_file_actions_adddup2(&actions, output, 1);
	err = err != 0 ? err : posix_spawn_file_actions_adddup2(&actions, output, 2);
	err = err != 0 ? err : posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	err = err != 0 ? err : posix_spawn_file_actions_addchdir_np(&actions, "/");
	posix_spawnattr_setsigmask(&attributes, &none);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setflags(&attributes,
		POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSID);
	err = err != 0 ? err
		       : posix_spawn(ret_pid, argv[0], &actions, &attributes, argv, envp);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return err;
}

static void close_at(int *fd)
{
	if (*fd >= 0)
		close(*fd);
	*fd = -1;
}

static void kill_group(const struct deliver_program *child)
{
	/* not reaped yet, so the number is still its own */
	kill(-child->pid, SIGKILL);
	kill(child->pid, SIGKILL);
}

static void finish(struct deliver_program *child)
{
	close_at(&child->pidfd);
	close_at(&child->output);
	close_at(&child->timer);
}

static bool run(struct deliver_task *task, char *const argv[], char *const envp[])
{
	struct deliver_program *child = &task->child;
	bool mail = task->hold->channel.type == CHANNEL_SENDMAIL;
	int input = open_body(task, mail);
	int pipes[2] = {-1, -1};
	int err = 0;

	child->timer = open_timer(deliver_settings(task->deliver)->program_ms);
	if (input < 0 || child->timer < 0 || pipe2(pipes, O_CLOEXEC) < 0) {
		err = errno;
	} else {
		child->output = pipes[0];
		fcntl(child->output, F_SETFL, O_NONBLOCK);
		err = spawn(argv, envp, input, pipes[1], &child->pid);
	}
	close_at(&input);
	close_at(&pipes[1]);
	if (err == 0) {
		child->pidfd = pidfd_open(child->pid, 0);
		if (child->pidfd >= 0)
			return true;
		err = errno;
		kill_group(child);
		waitpid(child->pid, NULL, 0);
	}
	finish(child);
	task->result.verdict = DELIVER_LATER;
	deliver_say(task, "%s cannot be run: %s", argv[0], strerror(err));
	return false;
}

static bool run_sendmail(struct deliver_task *task, char *const envp[])
{
	const struct channel *channel = &task->hold->channel;
	const char *program = deliver_settings(task->deliver)->sendmail;
	char *copies[SENDMAIL_ARGUMENTS + 1] = {
		strdup(program != NULL ? program : SENDMAIL),
		strdup("-i"),
		strdup("-f"),
		strdup(channel->from),
		strdup("--"),
		strdup(task->recipient),
	};
	bool whole = true;
	bool running = false;

	for (size_t i = 0; i < 6; i++)
		whole = whole && copies[i] != NULL;
	if (whole)
		running = run(task, copies, envp);
	else
		deliver_say(task, "%s", strerror(ENOMEM));
	for (size_t i = 0; i < 6; i++)
		free(copies[i]);
	return running;
}

static bool run_command(struct deliver_task *task, char *const envp[])
{
	const struct channel *channel = &task->hold->channel;
	char **argv = calloc(channel->command_len + 1, sizeof *argv);
	bool running = false;

	if (argv == NULL) {
		deliver_say(task, "%s", strerror(ENOMEM));
		return false;
	}
	memcpy(argv, channel->command, channel->command_len * sizeof *argv);
	running = run(task, argv, envp);
	free(argv);
	return running;
}

bool deliver_program_begin(struct deliver_task *task)
{
	const struct channel *channel = &task->hold->channel;
	char path[] = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
	char language[] = "LANG=C.UTF-8";
	char *name = NULL;
	char *event = NULL;
	bool running = false;

	task->result.verdict = DELIVER_LATER;
	task->child.pidfd = -1;
	task->child.output = -1;
	task->child.timer = -1;
	if (asprintf(&name, "MXVIGIL_CHANNEL=%s", channel->name) < 0)
		name = NULL;
	if (asprintf(&event, "MXVIGIL_EVENT=%s", task->event != NULL ? task->event : "") <
		0)
		event = NULL;
	if (name != NULL && event != NULL) {
		char *envp[] = {path, language, name, event, NULL};

		running = channel->type == CHANNEL_SENDMAIL ? run_sendmail(task, envp)
							    : run_command(task, envp);
	} else {
		deliver_say(task, "%s", strerror(ENOMEM));
	}
	free(name);
	free(event);
	return running;
}

size_t deliver_program_wants(
	const struct deliver_task *task, struct curl_waitfd ret_fds[3])
{
	const int fds[3] = {task->child.pidfd, task->child.output, task->child.timer};
	size_t len = 0;

	for (size_t i = 0; i < 3; i++)
		if (fds[i] >= 0)
			ret_fds[len++] = (struct curl_waitfd){
				.fd = fds[i], .events = CURL_WAIT_POLLIN};
	return len;
}

static void read_output(struct deliver_task *task)
{
	char bytes[4096];

	/* one that never stops talking is read again the next time */
	for (unsigned i = 0; i < 16 && task->child.output >= 0; i++) {
		ssize_t got = read(task->child.output, bytes, sizeof bytes);

		if (got > 0)
			deliver_keep_last(task, bytes, (size_t)got);
		else if (got == 0 || (errno != EAGAIN && errno != EINTR))
			close_at(&task->child.output);
		else
			return;
	}
}

static enum deliver_verdict verdict_of(int status)
{
	switch (status) {
	case 0:
		return DELIVER_DONE;
	case 64: /* EX_USAGE */
	case 65: /* EX_DATAERR */
	case 67: /* EX_NOUSER */
	case 68: /* EX_NOHOST */
	case 77: /* EX_NOPERM */
	case 78: /* EX_CONFIG */
		return DELIVER_REFUSED;
	default:
		return DELIVER_LATER;
	}
}

static void judge(struct deliver_task *task, const siginfo_t *end)
{
	struct deliver_result *result = &task->result;
	const char *gap = task->reply_len > 0 ? ": " : "";

	if (end->si_code == CLD_EXITED) {
		result->code = end->si_status;
		result->verdict = verdict_of(end->si_status);
		deliver_say(task, "exit %d%s%s", end->si_status, gap, task->reply);
	} else {
		result->verdict = DELIVER_LATER;
		deliver_say(task,
			task->child.late ? "time limit reached%s%s"
					 : "ended by a signal%s%s",
			gap, task->reply);
	}
}

bool deliver_program_step(struct deliver_task *task)
{
	struct deliver_program *child = &task->child;
	siginfo_t end = {0};
	uint64_t ticks;

	if (child->timer >= 0 && read(child->timer, &ticks, sizeof ticks) > 0) {
		child->late = true;
		kill_group(child);
		close_at(&child->timer);
	}
	read_output(task);
	if (waitid(P_PIDFD, (id_t)child->pidfd, &end, WEXITED | WNOHANG) < 0) {
		if (errno == EINTR)
			return false;
		deliver_say(task, "its end was not seen: %s", strerror(errno));
	} else if (end.si_pid == 0) {
		return false;
	} else {
		read_output(task);
		judge(task, &end);
	}
	finish(child);
	return true;
}

void deliver_program_abort(struct deliver_task *task)
{
	struct deliver_program *child = &task->child;
	struct pollfd gone = {.fd = child->pidfd, .events = POLLIN};
	siginfo_t end;

	if (child->pidfd < 0)
		return;
	kill_group(child);
	if (poll(&gone, 1, ABORT_WAIT_MS) > 0)
		waitid(P_PIDFD, (id_t)child->pidfd, &end, WEXITED | WNOHANG);
	finish(child);
}
