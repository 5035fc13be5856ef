/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * newfile — a file that is there whole or not at all: written beside its place, then renamed.
 */
#include <stdio.h>

struct newfile {
	FILE *out;
	const char *path; /* borrowed */
	char *beside; /* owned: where it is written */
};

/* Returns 0, -ENOMEM, or the error of making it; what is at path stays. */
int newfile_open(struct newfile *file, const char *path)
	__attribute__((warn_unused_result));
/* Puts it in its place where err is 0, and drops it otherwise. Returns err, or the error of
 * writing or renaming. */
int newfile_end(struct newfile *file, int err) __attribute__((warn_unused_result));
