/* SPDX-License-Identifier: MIT */
#include "monitor/conf_path.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "monitor/conf.h"

/* $name/tail, or ~/fallback/tail. A relative value is no value (XDG base directories). */
static int below_directory(
	const char *name, const char *fallback, const char *tail, char **ret_path)
{
	const char *directory = getenv(name);
	const char *home = getenv("HOME");
	int len;

	if (directory != NULL && directory[0] == '/')
		len = asprintf(ret_path, "%s/%s", directory, tail);
	else
		len = asprintf(
			ret_path, "%s/%s/%s", home != NULL ? home : "", fallback, tail);
	return len < 0 ? -ENOMEM : 0;
}

int conf_find(char **ret_path)
{
	char *path = strdup("/etc/mxvigil/mxvigil.yaml");

	if (path == NULL)
		return -ENOMEM;
	if (access(path, F_OK) != 0 && errno == ENOENT) {
		free(path);
		if (below_directory("XDG_CONFIG_HOME", ".config", "mxvigil/mxvigil.yaml",
			    &path) < 0)
			return -ENOMEM;
		if (access(path, F_OK) != 0 && (errno == ENOENT || errno == ENOTDIR)) {
			free(path);
			path = NULL;
		}
	}
	*ret_path = path;
	return 0;
}

int conf_path_store(char **ret_path)
{
	if (geteuid() != 0)
		return below_directory(
			"XDG_STATE_HOME", ".local/state", "mxvigil/history.db", ret_path);
	*ret_path = strdup("/var/lib/mxvigil/history.db");
	return *ret_path == NULL ? -ENOMEM : 0;
}

/* FNV-1a: a short name for a long path, the same in every process. */
static uint64_t hash_path(const char *path)
{
	uint64_t hash = 0xcbf29ce484222325;

	for (; *path != '\0'; path++)
		hash = (hash ^ (unsigned char)*path) * 0x100000001b3;
	return hash;
}

/* STORE.sock, unless that is longer than a socket's name may be. */
int conf_path_control(const char *store, char **ret_path)
{
	const char *runtime = getenv("XDG_RUNTIME_DIR");
	const size_t max = sizeof((struct sockaddr_un *)NULL)->sun_path - 1;
	char *path;

	if (asprintf(&path, "%s.sock", store) < 0)
		return -ENOMEM;
	if (strlen(path) > max) {
		free(path);
		if (runtime == NULL || runtime[0] != '/')
			runtime = "/run";
		if (asprintf(&path, "%s/mxvigil-%016llx.sock", runtime,
			    (unsigned long long)hash_path(store)) < 0)
			return -ENOMEM;
	}
	*ret_path = path;
	return 0;
}
