/* SPDX-License-Identifier: MIT */
#include "monitor/protect/child.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "monitor/clock.h"

#define LOOK_MS 10 /* between two looks whether it has ended */

int child_split(const char *command, char **ret_copy, char *ret_words[CHILD_WORDS_MAX])
{
	char *const copy = strdup(command);
	char *rest = NULL;
	size_t len = 0;
	if (!copy)
		return -ENOMEM;
	for (char *word = strtok_r(copy, " \t", &rest); word;
		word = strtok_r(NULL, " \t", &rest)) {
		if (len == CHILD_WORDS_MAX - 1) {
			free(copy);
			return -EINVAL;
		}
		ret_words[len++] = word;
	}
	if (len == 0) {
		free(copy);
		return -EINVAL;
	}
	ret_words[len] = NULL;
	*ret_copy = copy;
	return 0;
}

/* Its signals are as a program expects them, whatever ours are. */
static int set_attributes(posix_spawnattr_t *attributes)
{
	sigset_t all;
	sigset_t none;
	sigfillset(&all);
	sigemptyset(&none);
	int error = posix_spawnattr_setsigdefault(attributes, &all);
	if (error == 0)
		error = posix_spawnattr_setsigmask(attributes, &none);
	if (error == 0)
		error = posix_spawnattr_setflags(attributes,
			POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK |
				POSIX_SPAWN_SETPGROUP);
	return error;
}

static int set_actions(posix_spawn_file_actions_t *actions, int output)
{
	int error = posix_spawn_file_actions_addopen(
		actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(actions, output, STDOUT_FILENO);
	if (error == 0)
		error = posix_spawn_file_actions_adddup2(actions, output, STDERR_FILENO);
	return error;
}

static int spawn(char *const words[], int output, pid_t *ret_pid)
{
	posix_spawnattr_t attributes;
	posix_spawn_file_actions_t actions;
	int error = posix_spawnattr_init(&attributes);
	if (error != 0)
		return -error;
	error = posix_spawn_file_actions_init(&actions);
	if (error == 0) {
		error = set_attributes(&attributes);
		if (error == 0)
			error = set_actions(&actions, output);
		if (error == 0)
			error = posix_spawnp(
				ret_pid, words[0], &actions, &attributes, words, environ);
		posix_spawn_file_actions_destroy(&actions);
	}
	posix_spawnattr_destroy(&attributes);
	return -error;
}

struct hearing {
	int input; /* does not block */
	size_t len;
};

/* Takes what has been said; what is beyond the room is read and dropped. */
static void hear(struct hearing *hearing, struct child_end *end)
{
	char bytes[4096];
	for (;;) {
		const ssize_t got = read(hearing->input, bytes, sizeof bytes);
		if (got <= 0)
			return;
		size_t len = (size_t)got;
		if (len > CHILD_SAID_MAX - 1 - hearing->len)
			len = CHILD_SAID_MAX - 1 - hearing->len;
		memcpy(end->said + hearing->len, bytes, len);
		hearing->len += len;
	}
}

static int await(
	pid_t pid, int64_t limit_ms, struct hearing *hearing, struct child_end *end)
{
	const uint64_t until = clock_mono_ms() + (uint64_t)limit_ms;
	int status;
	for (;;) {
		hear(hearing, end);
		const pid_t got = waitpid(pid, &status, end->late ? 0 : WNOHANG);
		if (got < 0 && errno != EINTR)
			return -errno;
		if (got == pid)
			break;
		if (clock_mono_ms() >= until && !end->late) {
			end->late = true;
			kill(-pid, SIGKILL);
		} else {
			poll(NULL, 0, LOOK_MS);
		}
	}
	hear(hearing, end);
	end->status = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
	return 0;
}

int child_run(char *const words[], int64_t limit_ms, struct child_end *ret_end)
{
	struct child_end end = {0};
	int ends[2];
	pid_t pid;
	if (pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0)
		return -errno;
	struct hearing hearing = {.input = ends[0]};
	/* The child's end may block: its flags are those of the description. */
	fcntl(ends[1], F_SETFL, 0);
	int error = spawn(words, ends[1], &pid);
	close(ends[1]);
	if (error == 0)
		error = await(pid, limit_ms, &hearing, &end);
	close(ends[0]);
	if (error != 0)
		return error;
	while (hearing.len > 0 && end.said[hearing.len - 1] == '\n')
		end.said[--hearing.len] = '\0';
	*ret_end = end;
	return 0;
}
