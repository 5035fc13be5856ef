/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * conf — the configuration: one YAML file read, checked, and laid out flat.
 *
 * A file is refused as a whole at its first mistake, with the place and what was expected
 * there. Without a file there are defaults: the resolvers of /etc/resolv.conf as view `mta`,
 * and `authoritative`. Sections whose part is not built yet are checked all the same and named
 * in the warnings. Reads files and the environment; no logging, no clock. Any thread; a loaded
 * conf is not written to but by conf_use_store.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolvers/endpoint.h"

#define CONF_RESOLV_CONF "/etc/resolv.conf"
#define CONF_RESOLVERS_MAX 8
#define CONF_NAME_MAX 63 /* bytes of the name of a view, watch, channel, ... */
#define CONF_QPS_UNSET (-1)

enum conf_view_kind {
	CONF_VIEW_AUTHORITATIVE,
	CONF_VIEW_RECURSIVE,
};

struct conf_view {
	char *name;
	enum conf_view_kind kind;
	struct endpoint *servers; /* owned; of a recursive view, else none */
	size_t servers_len;
	struct endpoint
		*bootstrap; /* owned; resolvers that an authoritative view starts from */
	size_t bootstrap_len;
	uint16_t port; /* that name servers are asked on; authoritative only */
	int32_t qps; /* to one server; 0 is no limit; CONF_QPS_UNSET: see conf_view_qps */
	bool trusted; /* its AD flag counts */
	bool from_resolv_conf; /* servers, or bootstrap, are those of CONF_RESOLV_CONF: to be
				  read again when that file changes; none if it named none */
};

struct conf_watch {
	char *name;
	uint8_t **domains; /* owned wire names */
	size_t domains_len;
	char *domains_file; /* full path; NULL without one */
	uint32_t top_recipients; /* 0: none */
	int64_t interval_ms;
	size_t *views; /* indices into conf->views */
	size_t views_len;
	char **tags;
	size_t tags_len;
	char **expect; /* names of operators that are right for these domains */
	size_t expect_len;
};

struct conf_limits {
	uint32_t per_server_qps; /* 0: no limit */
	uint32_t total_qps; /* 0: no limit */
	uint32_t threads;
	int64_t timeout_ms; /* of one try */
	uint32_t tries;
	int64_t min_interval_ms;
	int64_t address_interval_ms; /* of the addresses of exchanges; 0: not looked at */
};

struct conf_retention {
	int64_t history_ms; /* 0: for ever */
	int64_t deliveries_ms; /* 0: for ever */
};

struct conf_file; /* the rest of the file as written: monitor/conf_file.h */

struct conf {
	char *path; /* of the file; NULL: defaults only */
	char *store;
	char *site; /* NULL: the host name */
	char *control; /* path of the control socket */
	bool control_given; /* configured, not made from `store` */
	struct conf_view *views;
	size_t views_len;
	struct conf_limits limits;
	struct conf_watch *watches;
	size_t watches_len;
	struct conf_retention retention;
	char **warnings; /* for the log: "FILE:LINE:COLUMN: ..." */
	size_t warnings_len;
	struct conf_file *file; /* owned; NULL: defaults only */
};

struct conf_error {
	int code; /* negative errno: -EINVAL for a wrong file, else why it cannot be read */
	unsigned line; /* from 1; 0 where no line is to blame */
	unsigned column;
	char text
		[1024]; /* whole: "FILE:LINE:COLUMN: found ..., expected ..."; safe to print */
};

/* Finds the default file: /etc/mxvigil/mxvigil.yaml, else that below $XDG_CONFIG_HOME.
 * *ret_path is returned, free with free(); NULL where there is none. 0 or -ENOMEM. */
int conf_find(char **ret_path) __attribute__((warn_unused_result));

/* Reads path, or for NULL makes the defaults. Returns 0, or error->code with ret_error filled;
 * *ret_conf is to be finished after success only. */
int conf_load(const char *path, struct conf *ret_conf, struct conf_error *ret_error)
	__attribute__((warn_unused_result));
void conf_finish(struct conf *conf);

/* Puts another store in the place of the configured one, and moves the control socket along
 * unless that is configured. Returns 0 or -ENOMEM. */
int conf_use_store(struct conf *conf, const char *path)
	__attribute__((warn_unused_result));

/* Queries a second that one server of a view may be asked; 0 is no limit. What the view says,
 * else none for a recursive view on loopback, else the limit for all. */
uint32_t conf_view_qps(const struct conf *conf, const struct conf_view *view,
	const struct endpoint *server);

/* The view's index, or SIZE_MAX. */
size_t conf_view_index(const struct conf *conf, const char *name);

/* Reads the `nameserver` lines of a resolv.conf, at most CONF_RESOLVERS_MAX; lines that make no
 * sense, and link-local addresses with a zone, are passed over. Returns 0, also for none, or
 * the reason why the file cannot be read. */
int conf_read_resolv_conf(const char *path,
	struct endpoint ret_servers[CONF_RESOLVERS_MAX], size_t *ret_len)
	__attribute__((warn_unused_result));
