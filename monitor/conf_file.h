/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * conf_file — the configuration file as written: its schema, and what libcyaml makes of it.
 *
 * Values that libcyaml has no type for (durations, addresses, names) are still texts here;
 * conf_layout.c reads them. Pointers are NULL where the file says nothing.
 */
#include <stdbool.h>
#include <stdint.h>

#include <cyaml/cyaml.h>

struct conf_file_view {
	char *name;
	int kind; /* enum conf_view_kind */
	char **servers;
	unsigned servers_count;
	char **bootstrap;
	unsigned bootstrap_count;
	uint32_t *port;
	uint32_t *qps;
	bool *trusted;
};

struct conf_file_limits {
	uint32_t *per_server_qps;
	uint32_t *total_qps;
	uint32_t *threads;
	char *timeout;
	uint32_t *tries;
	char *min_interval;
	char *address_interval;
};

struct conf_file_watch {
	char *name;
	char **domains;
	unsigned domains_count;
	char *domains_file;
	uint32_t *top_recipients;
	char *interval;
	char **views;
	unsigned views_count;
	char **tags;
	unsigned tags_count;
	char **expect;
	unsigned expect_count;
};

struct conf_file_fields {
	char *at;
	char *recipient;
	char *original;
	char *domain;
	char *outcome;
	char *code;
	char *status;
	char *text;
	char *relay_host;
	char *relay_ip;
	char *id;
};

struct conf_file_delivery {
	char *name;
	int format;
	char *path;
	char *timezone;
	char **internal_relays;
	unsigned internal_relays_count;
	char *journal;
	char *journal_directory;
	char *maildir;
	struct conf_file_fields *fields;
	char *http;
	char *topic;
	char *secret_file;
};

struct conf_file_recipients {
	int *keep;
	char *key_file;
	char *hold;
	char *forget_after;
};

struct conf_file_retention {
	char *history;
	char *deliveries;
};

struct conf_file_detection {
	uint32_t *false_alarms_per_year;
};

struct conf_file_channel {
	char *name;
	int type;
	char *smtp;
	int *tls;
	char *user;
	char *password_file;
	char *from;
	char **to;
	unsigned to_count;
	char *url;
	char *url_file;
	char *secret_file;
	char *key_file;
	char **command;
	unsigned command_count;
};

struct conf_file_route {
	char *name;
	int *min_severity;
	int *kinds;
	unsigned kinds_count;
	char **domains;
	unsigned domains_count;
	char **tags;
	unsigned tags_count;
	char **channels;
	unsigned channels_count;
	char *group_wait;
	char *repeat;
	char *fallback;
};

struct conf_file_self_check {
	char *at;
	char *channel;
	char *heartbeat_url;
};

struct conf_file_web {
	char *listen;
	char **hosts;
	unsigned hosts_count;
	char *token_file;
};

struct conf_file_protect {
	char *postfix_status;
	char *postfix_reply_filter;
	char *reload_command;
	char *kumomta;
	int *min_severity;
	char *longest;
};

struct conf_file {
	char *store;
	char *site;
	char *control;
	struct conf_file_view *views;
	unsigned views_count;
	struct conf_file_limits *limits;
	struct conf_file_watch *watch;
	unsigned watch_count;
	struct conf_file_delivery *deliveries;
	unsigned deliveries_count;
	char *rules_file;
	char *operators_file;
	char *asn_file;
	struct conf_file_recipients *recipients;
	struct conf_file_retention *retention;
	struct conf_file_detection *detection;
	struct conf_file_channel *channels;
	unsigned channels_count;
	struct conf_file_route *routes;
	unsigned routes_count;
	struct conf_file_self_check *self_check;
	struct conf_file_web *web;
	struct conf_file_protect *protect;
};

extern const struct cyaml_schema_value conf_file_schema;

/* Maps a text that conf_tree_check() has found right. *ret_file is NULL where the text holds
 * nothing; free with conf_file_free. Returns 0, or -EINVAL with libcyaml's words in ret_why. */
int conf_file_map(const char *text, size_t len, struct conf_file **ret_file,
	char ret_why[256]) __attribute__((warn_unused_result));
void conf_file_free(struct conf_file *file);
