/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * signature — who a webhook is from: Standard Webhooks, version 1.
 *
 * The receiver takes HMAC-SHA256 over "ID.TIMESTAMP.BODY" with the shared secret and compares
 * it with the header webhook-signature, "v1,BASE64"; id and timestamp (seconds since 1970 UTC)
 * are the headers webhook-id and webhook-timestamp. Pure; any thread.
 * Source: standardwebhooks.com, the specification's section on signatures.
 */
#include <stddef.h>
#include <stdint.h>

#define SIGNATURE_MAX 48 /* "v1," and 44 of base64, and the end */

/* The key in a secret as handed over: what follows "whsec_" in base64, else the bytes as they
 * are. *ret_key is returned, free with free(). Returns 0, -EINVAL for broken base64 or a key
 * of fewer than 16 bytes, or -ENOMEM. */
int signature_read_key(const char *text, uint8_t **ret_key, size_t *ret_len)
	__attribute__((warn_unused_result));

/* Returns 0, or -ENOMEM where the digest cannot be made. */
int signature_make(const uint8_t *key, size_t key_len, const char *id, int64_t at,
	const void *body, size_t body_len, char ret_text[SIGNATURE_MAX])
	__attribute__((warn_unused_result));
