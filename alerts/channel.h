/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * channel — one way out for alerts: a plain value, and the checks of what is written in it.
 *
 * Whoever reads the configuration fills it; deliver.h carries things out by it. What libcurl
 * and sendmail are given passes the checks here first: libcurl 7.88 puts a CR LF in an address
 * on the wire as it is. Pure values; any thread.
 * Source: RFC 5321 section 4.1.2 (Mailbox).
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* The numbers that the words of the configuration stand for. */
enum channel_type {
	CHANNEL_EMAIL = 1,
	CHANNEL_SENDMAIL = 2,
	CHANNEL_EXEC = 3,
	CHANNEL_WEBHOOK = 4,
	CHANNEL_SLACK = 5,
	CHANNEL_TEAMS = 6,
	CHANNEL_PAGERDUTY = 7,
	CHANNEL_ALERTMANAGER = 8,
	CHANNEL_HEARTBEAT = 9, /* GET of its URL; no word of the configuration */
};

enum channel_tls {
	CHANNEL_TLS_REQUIRED = 1, /* with a certificate that holds, or nothing is sent */
	CHANNEL_TLS_OPPORTUNISTIC =
		2, /* where offered; the certificate is not looked at */
	CHANNEL_TLS_NONE = 3,
};

#define CHANNEL_ADDRESS_MAX 254 /* bytes: RFC 5321 section 4.5.3.1.3, less the brackets */
#define CHANNEL_SHOWN_MAX 300

/* All owned; NULL where the type has no use for it. */
struct channel {
	char *name;
	enum channel_type type;
	char *smtp; /* smtp://HOST:PORT, or smtps:// for TLS from the start */
	enum channel_tls tls;
	char *user;
	char *password; /* secret */
	char *from;
	char **to; /* EMAIL, SENDMAIL: one handover for each */
	size_t to_len;
	char *url; /* secret but for its host: that of Slack is the key itself */
	uint8_t *secret; /* WEBHOOK: key of the signature (signature.h) */
	size_t secret_len;
	char *key; /* PAGERDUTY: the routing key; secret */
	char **command; /* EXEC: program and arguments */
	size_t command_len;
};

/* "email", ... Static. */
const char *channel_type_name(enum channel_type type);

/* *ret_copy is untouched on failure. Returns 0 or -ENOMEM. */
int channel_copy(const struct channel *channel, struct channel *ret_copy)
	__attribute__((warn_unused_result));
/* Wipes the secrets. Also for a zeroed one. */
void channel_finish(struct channel *channel);

/* The checks return NULL for what is right, else what is expected there: static.
 *
 * Address: local@domain of at most CHANNEL_ADDRESS_MAX bytes of ASCII; no quotes, controls or
 * source route, no '-' in front (a program might take it for an option); [192.0.2.1] is a domain.
 * Beyond ASCII libcurl 7.88 would send it to servers that do not take it. */
const char *channel_check_address(const char *address);
/* Reads an address as people write it: "a@bücher.example" becomes "a@xn--bcher-kva.example".
 * *ret_address is returned, free with free(). Returns 0 or -ENOMEM; what is no domain stays. */
int channel_read_address(const char *text, char **ret_address)
	__attribute__((warn_unused_result));
/* URL: https; http too, but deliver.h connects it to loopback and private addresses only. No
 * user information, no fragment, no controls, no blanks. */
const char *channel_check_url(const char *url);
/* SMTP: smtp:// or smtps://, a host, a port or none, and nothing more. */
const char *channel_check_smtp(const char *url);
/* A password, key or user name: one line, no controls, not empty. */
const char *channel_check_secret(const char *text);

/* For logs and results: scheme, host and port, and of the rest only that there is one. */
void channel_show_url(const char *url, char ret_text[CHANNEL_SHOWN_MAX]);
/* Host of a URL as written, without brackets; false where it has none that fits. */
bool channel_url_host(const char *url, char ret_host[256]);
/* Whether a host, as written, says "this machine": localhost, 127.0.0.0/8, ::1. */
bool channel_is_loopback(const char *host);
