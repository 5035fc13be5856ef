/* SPDX-License-Identifier: MIT */
#include "monitor/cli/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool folder_is(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

static bool is_file(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && S_ISREG(st.st_mode);
}

static char *join(const char *folder, const char *name)
{
	char *path = NULL;
	size_t len = strlen(folder);
	const char *slash = len > 0 && folder[len - 1] == '/' ? "" : "/";

	return asprintf(&path, "%s%s%s", folder, slash, name) >= 0 ? path : NULL;
}

static int is_shown(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* The same order in every locale. */
static int compare(const struct dirent **one, const struct dirent **other)
{
	return strcmp((*one)->d_name, (*other)->d_name);
}

static int each_file(const char *folder, folder_fn fn, void *owner)
{
	struct dirent **entries;
	int len = scandir(folder, &entries, is_shown, compare);
	int err = 0;

	if (len < 0)
		return -errno;
	for (int i = 0; i < len; i++) {
		char *path = err == 0 ? join(folder, entries[i]->d_name) : NULL;

		if (err == 0 && path == NULL)
			err = -ENOMEM;
		if (err == 0 && is_file(path))
			err = fn(owner, path);
		free(path);
		free(entries[i]);
	}
	free(entries);
	return err;
}

int folder_each(const char *path, folder_fn fn, void *owner)
{
	static const char *const names[] = {"new", "cur"};
	bool is_maildir = false;
	int err = 0;

	for (size_t i = 0; i < sizeof names / sizeof *names && err == 0; i++) {
		char *part = join(path, names[i]);

		if (part == NULL)
			return -ENOMEM;
		if (folder_is(part)) {
			is_maildir = true;
			err = each_file(part, fn, owner);
		}
		free(part);
	}
	return is_maildir ? err : each_file(path, fn, owner);
}
