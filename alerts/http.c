/* SPDX-License-Identifier: MIT */
#include "alerts/http.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

static size_t on_body(char *bytes, size_t size, size_t count, void *owner)
{
	struct http_reply *reply = owner;
	const size_t len = size * count;

	if (reply->len + len > HTTP_REPLY_MAX)
		return 0;
	char *const body = realloc(reply->body, reply->len + len + 1);
	if (body == NULL)
		return 0;
	reply->body = body;
	memcpy(body + reply->len, bytes, len);
	reply->len += len;
	body[reply->len] = '\0';
	return len;
}

static bool set_up(CURL *easy, const struct http_request *request,
	struct http_reply *reply, struct curl_slist *headers)
{
	return curl_easy_setopt(easy, CURLOPT_URL, request->url) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "https,http") == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_PROXY, "") == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method) ==
		CURLE_OK &&
		(request->body == NULL ||
			curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body) ==
				CURLE_OK) &&
		curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_USERAGENT, "mxvigil/" MXVIGIL_VERSION) ==
		CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_WRITEDATA, reply) == CURLE_OK &&
		curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, (long)request->limit_ms) ==
		CURLE_OK;
}

int http_ask(const struct http_request *request, struct http_reply *ret_reply)
{
	struct curl_slist *headers =
		curl_slist_append(NULL, "Content-Type: application/json");
	CURL *easy = curl_easy_init();
	CURLcode code = CURLE_OUT_OF_MEMORY;

	*ret_reply = (struct http_reply){0};
	if (headers != NULL && easy != NULL && set_up(easy, request, ret_reply, headers))
		code = curl_easy_perform(easy);
	if (code == CURLE_OK)
		curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &ret_reply->code);
	else
		snprintf(ret_reply->why, sizeof ret_reply->why, "%s",
			curl_easy_strerror(code));
	curl_easy_cleanup(easy);
	curl_slist_free_all(headers);
	return code == CURLE_OK ? 0 : code == CURLE_OUT_OF_MEMORY ? -ENOMEM : -EIO;
}

void http_reply_finish(struct http_reply *reply)
{
	free(reply->body);
	*reply = (struct http_reply){0};
}
