/* SPDX-License-Identifier: MIT */
#include "monitor/resolvconf.h"

#include <string.h>

static bool is_same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino &&
		a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
		a->st_mtim.tv_nsec == b->st_mtim.tv_nsec &&
		a->st_ctim.tv_sec == b->st_ctim.tv_sec &&
		a->st_ctim.tv_nsec == b->st_ctim.tv_nsec;
}

void resolvconf_init(struct resolvconf *resolvconf, const char *path)
{
	*resolvconf = (struct resolvconf){.path = path};
	struct stat now;
	if (stat(path, &now) != 0 ||
		conf_read_resolv_conf(path, resolvconf->servers, &resolvconf->len) != 0)
		resolvconf->len = 0;
	else
		resolvconf->seen = now;
}

bool resolvconf_has_changed(struct resolvconf *resolvconf,
	struct endpoint ret_servers[CONF_RESOLVERS_MAX], size_t *ret_len)
{
	struct stat now;
	if (stat(resolvconf->path, &now) != 0 || is_same_file(&now, &resolvconf->seen))
		return false;
	struct endpoint servers[CONF_RESOLVERS_MAX];
	size_t len;
	if (conf_read_resolv_conf(resolvconf->path, servers, &len) != 0)
		return false;
	resolvconf->seen = now;
	if (len == 0)
		return false;
	bool same = len == resolvconf->len;
	for (size_t i = 0; same && i < len; i++)
		same = endpoint_equal(&servers[i], &resolvconf->servers[i]);
	if (same)
		return false;
	memcpy(resolvconf->servers, servers, len * sizeof *servers);
	resolvconf->len = len;
	memcpy(ret_servers, servers, len * sizeof *servers);
	*ret_len = len;
	return true;
}
