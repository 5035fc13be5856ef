/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * child — runs another program to its end, within a time limit and without a shell.
 *
 * Standard input is empty; what it says on both outputs is kept up to CHILD_SAID_MAX. It has a
 * process group of its own, which is killed when the limit has passed. Blocks its thread.
 */
#include <stdbool.h>
#include <stdint.h>

#define CHILD_SAID_MAX 512
#define CHILD_WORDS_MAX 32

struct child_end {
	int status; /* of exit; 128 and the signal; 127 where it could not be run */
	bool late; /* the limit had passed */
	char said[CHILD_SAID_MAX]; /* without the line feeds at its end */
};

/* Parts a command at its blanks; no quotes, no variables. *ret_copy is returned, free with
 * free(); the words point into it. Returns 0, -EINVAL for no word or too many, or -ENOMEM. */
int child_split(const char *command, char **ret_copy, char *ret_words[CHILD_WORDS_MAX])
	__attribute__((warn_unused_result));

/* words: the program, found along PATH, and its arguments, ended by NULL. Returns 0 and how it
 * ended, or why it could not be started: -ENOENT, -EACCES, ... */
int child_run(char *const words[], int64_t limit_ms, struct child_end *ret_end)
	__attribute__((warn_unused_result));
