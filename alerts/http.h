/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * http — one request to a program of our own, asked and waited for: JSON there and back.
 *
 * For interfaces whose answer matters, where deliver.h only hands over. The address is the user's
 * own, so any is asked; no redirect is followed, no proxy, cookies or netrc are used. Blocks its
 * thread; any thread.
 */
#include <stddef.h>
#include <stdint.h>

#define HTTP_REPLY_MAX (4 * 1024 * 1024)
#define HTTP_WHY_MAX 256

struct http_request {
	const char *method; /* "GET", "POST", "DELETE" */
	const char *url; /* http:// or https:// */
	const char *body; /* JSON; NULL for none */
	int64_t limit_ms;
};

struct http_reply {
	long code; /* of the status line */
	char *body; /* owned; NUL-terminated; may be NULL where len is 0 */
	size_t len;
	char why[HTTP_WHY_MAX]; /* where no answer came */
};

/* Returns 0 where an answer came, whatever its code; -EIO with why, or -ENOMEM. The reply is to
 * be finished in each case. */
int http_ask(const struct http_request *request, struct http_reply *ret_reply)
	__attribute__((warn_unused_result));
void http_reply_finish(struct http_reply *reply);
