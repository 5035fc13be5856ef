/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * resolvconf — notices when resolv.conf names other servers.
 *
 * Looks at the file's identity, size and times, whatever way it is replaced (renamed over,
 * rewritten, mounted over, a link that points elsewhere), and reads it only when these differ.
 * A file that cannot be read, or names no server, leaves the old servers in force; one that could
 * not be read is tried again with the next look.
 */
#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#include "monitor/conf.h"

struct resolvconf {
	const char *path; /* borrowed */
	struct stat seen;
	struct endpoint servers[CONF_RESOLVERS_MAX];
	size_t len;
};

/* Takes the present file as known. */
void resolvconf_init(struct resolvconf *resolvconf, const char *path);
/* Whether it names other servers than at the last call; these are written then. */
bool resolvconf_has_changed(struct resolvconf *resolvconf,
	struct endpoint ret_servers[CONF_RESOLVERS_MAX], size_t *ret_len);
