/* SPDX-License-Identifier: MIT */
#include "monitor/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/conf_file.h"
#include "monitor/conf_layout.h"
#include "monitor/conf_path.h"
#include "monitor/conf_tree.h"
#include "resolvers/endpoint.h"

#define FILE_BYTES_MAX (16 * 1024 * 1024)
#define RESOLV_CONF_BYTES_MAX (64 * 1024)
#define HOUR_MS INT64_C(3600000)
#define DAY_MS (24 * HOUR_MS)

/* Reads at most max + 1 bytes of a regular file: more than max is for the caller to judge. */
static int read_file(const char *path, size_t max, char **ret_text, size_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK);
	struct stat st;
	char *text = NULL;
	size_t len = 0;
	int err = 0;

	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) < 0)
		err = -errno;
	else if (S_ISDIR(st.st_mode))
		err = -EISDIR;
	else if (!S_ISREG(st.st_mode))
		err = -ENODEV;
	else if ((text = malloc(max + 2)) == NULL)
		err = -ENOMEM;
	while (err == 0 && len <= max) {
		ssize_t got = read(fd, text + len, max + 1 - len);

		if (got < 0 && errno != EINTR)
			err = -errno;
		if (got == 0)
			break;
		if (got > 0)
			len += (size_t)got;
	}
	close(fd);
	if (err < 0) {
		free(text);
		return err;
	}
	text[len] = '\0';
	*ret_text = text;
	*ret_len = len;
	return 0;
}

/* A nameserver line's address; zones of link-local addresses are meaningless to the history. */
static bool read_nameserver(char *line, struct endpoint *ret_server)
{
	char *word;
	char *rest = NULL;

	line[strcspn(line, "#;\r")] = '\0';
	word = strtok_r(line, " \t", &rest);
	if (word == NULL || strcmp(word, "nameserver") != 0)
		return false;
	word = strtok_r(NULL, " \t", &rest);
	return word != NULL && strpbrk(word, "[]%") == NULL &&
		endpoint_parse(word, 53, ret_server) == 0;
}

int conf_read_resolv_conf(const char *path,
	struct endpoint ret_servers[CONF_RESOLVERS_MAX], size_t *ret_len)
{
	char *text;
	size_t len;
	size_t servers = 0;
	int err = read_file(path, RESOLV_CONF_BYTES_MAX, &text, &len);

	if (err < 0)
		return err;
	for (char *line = text; line < text + len && servers < CONF_RESOLVERS_MAX;) {
		size_t line_len = strcspn(line, "\n");
		struct endpoint server;
		bool known = false;

		line[line_len] = '\0';
		if (read_nameserver(line, &server)) {
			for (size_t i = 0; i < servers; i++)
				known = known || endpoint_equal(&ret_servers[i], &server);
			if (!known)
				ret_servers[servers++] = server;
		}
		line += line_len + 1; /* a NUL byte ends a line too */
	}
	free(text);
	*ret_len = servers;
	return 0;
}

static int use_resolvers(
	struct conf_view *view, const struct endpoint *servers, size_t len)
{
	struct endpoint *copy = NULL;

	if (len > 0) {
		copy = calloc(len, sizeof *copy);
		if (copy == NULL)
			return -ENOMEM;
		memcpy(copy, servers, len * sizeof *copy);
	}
	if (view->kind == CONF_VIEW_RECURSIVE) {
		view->servers = copy;
		view->servers_len = len;
	} else {
		view->bootstrap = copy;
		view->bootstrap_len = len;
	}
	return 0;
}

/* Gives the machine's resolvers to the views that name none of their own. */
static int fill_resolvers(struct conf *conf, bool defaults)
{
	struct endpoint servers[CONF_RESOLVERS_MAX];
	size_t len = 0;
	bool loopback;

	/* a file that cannot be read names no resolvers: `run` says so when it needs them */
	if (conf_read_resolv_conf(CONF_RESOLV_CONF, servers, &len) < 0)
		len = 0;
	loopback = len > 0;
	for (size_t i = 0; i < len; i++)
		loopback = loopback && endpoint_is_loopback(&servers[i]);
	for (size_t i = 0; i < conf->views_len; i++) {
		struct conf_view *view = &conf->views[i];
		int err = 0;

		if (view->from_resolv_conf)
			err = use_resolvers(view, servers, len);
		if (err < 0)
			return err;
		if (defaults && view->kind == CONF_VIEW_RECURSIVE)
			view->trusted = loopback;
	}
	return 0;
}

static int make_default_views(struct conf *conf)
{
	conf->views = calloc(2, sizeof *conf->views);
	if (conf->views == NULL)
		return -ENOMEM;
	conf->views_len = 2;
	conf->views[0] = (struct conf_view){.name = strdup("authoritative"),
		.kind = CONF_VIEW_AUTHORITATIVE,
		.port = 53,
		.qps = CONF_QPS_UNSET,
		.from_resolv_conf = true};
	conf->views[1] = (struct conf_view){.name = strdup("mta"),
		.kind = CONF_VIEW_RECURSIVE,
		.qps = CONF_QPS_UNSET,
		.from_resolv_conf = true};
	return conf->views[0].name != NULL && conf->views[1].name != NULL ? 0 : -ENOMEM;
}

int conf_use_store(struct conf *conf, const char *path)
{
	char *store = strdup(path);
	char *control = NULL;

	if (store == NULL)
		return -ENOMEM;
	if (!conf->control_given) {
		if (conf_path_control(store, &control) < 0) {
			free(store);
			return -ENOMEM;
		}
		free(conf->control);
		conf->control = control;
	}
	free(conf->store);
	conf->store = store;
	return 0;
}

static int blame_file(struct conf_error *ret_error, const char *path, int err)
{
	ret_error->code = err;
	ret_error->line = 0;
	ret_error->column = 0;
	snprintf(ret_error->text, sizeof ret_error->text, "%.400s: %s", path,
		err == -EFBIG ? "found more than 16 MiB, expected a configuration"
			      : strerror(-err));
	return err;
}

/* The file's part of loading: conf->path is set. */
static int load_file(struct conf *conf, struct conf_error *ret_error)
{
	struct conf_tree *tree = NULL;
	char *text = NULL;
	size_t len = 0;
	char why[256];
	int err = read_file(conf->path, FILE_BYTES_MAX, &text, &len);

	if (err == 0 && len > FILE_BYTES_MAX)
		err = -EFBIG;
	if (err < 0) {
		free(text);
		return blame_file(ret_error, conf->path, err);
	}
	err = conf_tree_parse(conf->path, text, len, &tree, ret_error);
	if (err == 0 && !conf_tree_is_empty(tree)) {
		err = conf_tree_check(tree, &conf_file_schema, ret_error);
		if (err == 0) {
			err = conf_file_map(text, len, &conf->file, why);
			if (err == -EINVAL)
				conf_tree_blame(tree, "", NULL, why, ret_error);
		}
	}
	if (err == 0 && (conf->file == NULL || conf->file->views == NULL))
		err = make_default_views(conf);
	if (err == 0 && conf->file != NULL)
		err = conf_layout(tree, conf, ret_error);
	if (err == 0 && conf->file != NULL)
		err = conf_layout_unbuilt(tree, conf, ret_error);
	conf_tree_free(tree);
	free(text);
	return err;
}

static int load(const char *path, struct conf *conf, struct conf_error *ret_error)
{
	int err = 0;

	if (path != NULL) {
		conf->path = strdup(path);
		err = conf->path == NULL ? -ENOMEM : load_file(conf, ret_error);
	} else {
		err = make_default_views(conf);
	}
	if (err == 0)
		err = fill_resolvers(
			conf, conf->file == NULL || conf->file->views == NULL);
	if (err == 0 && conf->store == NULL)
		err = conf_path_store(&conf->store);
	if (err == 0 && conf->control == NULL)
		err = conf_path_control(conf->store, &conf->control);
	return err;
}

int conf_load(const char *path, struct conf *ret_conf, struct conf_error *ret_error)
{
	struct conf conf = {
		.limits = {.per_server_qps = 50,
			.total_qps = 20000,
			.threads = 1,
			.timeout_ms = 2000,
			.tries = 3,
			.min_interval_ms = 1000,
			.address_interval_ms = HOUR_MS},
		.retention = {.history_ms = 0, .deliveries_ms = 90 * DAY_MS},
	};
	int err = load(path, &conf, ret_error);

	if (err == -ENOMEM)
		blame_file(ret_error, path != NULL ? path : "configuration", err);
	if (err < 0) {
		conf_finish(&conf);
		return err;
	}
	*ret_conf = conf;
	return 0;
}

static void finish_texts(char **texts, size_t len)
{
	for (size_t i = 0; i < len; i++)
		free(texts[i]);
	free(texts);
}

static void finish_watch(struct conf_watch *watch)
{
	for (size_t i = 0; i < watch->domains_len; i++)
		free(watch->domains[i]);
	free(watch->domains);
	free(watch->name);
	free(watch->domains_file);
	free(watch->views);
	finish_texts(watch->tags, watch->tags_len);
	finish_texts(watch->expect, watch->expect_len);
}

void conf_finish(struct conf *conf)
{
	for (size_t i = 0; i < conf->views_len; i++) {
		free(conf->views[i].name);
		free(conf->views[i].servers);
		free(conf->views[i].bootstrap);
	}
	free(conf->views);
	for (size_t i = 0; i < conf->watches_len; i++)
		finish_watch(&conf->watches[i]);
	free(conf->watches);
	finish_texts(conf->warnings, conf->warnings_len);
	free(conf->path);
	free(conf->store);
	free(conf->site);
	free(conf->control);
	conf_file_free(conf->file);
	*conf = (struct conf){0};
}

uint32_t conf_view_qps(const struct conf *conf, const struct conf_view *view,
	const struct endpoint *server)
{
	if (view->qps != CONF_QPS_UNSET)
		return (uint32_t)view->qps;
	if (view->kind == CONF_VIEW_RECURSIVE && endpoint_is_loopback(server))
		return 0;
	return conf->limits.per_server_qps;
}

size_t conf_view_index(const struct conf *conf, const char *name)
{
	for (size_t i = 0; i < conf->views_len; i++)
		if (conf->views[i].name != NULL && strcmp(conf->views[i].name, name) == 0)
			return i;
	return SIZE_MAX;
}
