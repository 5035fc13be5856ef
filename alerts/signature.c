/* SPDX-License-Identifier: MIT */
#include "alerts/signature.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>

#define KEY_LEAST 16
#define PREFIX "whsec_"

/* EVP_DecodeBlock counts the padding as bytes and trims blanks. */
static int read_base64(const char *text, uint8_t **ret_key, size_t *ret_len)
{
	static const char alphabet[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
		"0123456789+/";
	size_t len = strlen(text);
	size_t body = strspn(text, alphabet);
	size_t padding = len - body;
	uint8_t *key;

	if (len == 0 || len % 4 != 0 || len > 4096 || padding > 2 ||
		strspn(text + body, "=") != padding)
		return -EINVAL;
	key = malloc(len / 4 * 3);
	if (key == NULL)
		return -ENOMEM;
	if (EVP_DecodeBlock(key, (const uint8_t *)text, (int)len) < 0) {
		free(key);
		return -EINVAL;
	}
	*ret_key = key;
	*ret_len = len / 4 * 3 - padding;
	return 0;
}

int signature_read_key(const char *text, uint8_t **ret_key, size_t *ret_len)
{
	bool encoded = strncmp(text, PREFIX, strlen(PREFIX)) == 0;
	uint8_t *key = NULL;
	size_t len = 0;
	int err = 0;

	if (encoded) {
		err = read_base64(text + strlen(PREFIX), &key, &len);
	} else {
		key = (uint8_t *)strdup(text);
		len = strlen(text);
		err = key == NULL ? -ENOMEM : 0;
	}
	if (err < 0)
		return err;
	if (len < KEY_LEAST) {
		OPENSSL_cleanse(key, len);
		free(key);
		return -EINVAL;
	}
	*ret_key = key;
	*ret_len = len;
	return 0;
}

/* "ID.TIMESTAMP." goes into the digest before the body. */
static bool digest(EVP_MAC_CTX *mac, const uint8_t *key, size_t key_len, const char *id,
	int64_t at, const void *body, size_t body_len, uint8_t ret_digest[32])
{
	char sha256[] = "SHA256";
	const OSSL_PARAM params[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, sha256, 0),
		OSSL_PARAM_construct_end(),
	};
	char stamp[32];
	size_t len = 0;

	snprintf(stamp, sizeof stamp, ".%" PRId64 ".", at);
	return mac != NULL && EVP_MAC_init(mac, key, key_len, params) == 1 &&
		EVP_MAC_update(mac, (const uint8_t *)id, strlen(id)) == 1 &&
		EVP_MAC_update(mac, (const uint8_t *)stamp, strlen(stamp)) == 1 &&
		EVP_MAC_update(mac, body, body_len) == 1 &&
		EVP_MAC_final(mac, ret_digest, &len, 32) == 1 && len == 32;
}

int signature_make(const uint8_t *key, size_t key_len, const char *id, int64_t at,
	const void *body, size_t body_len, char ret_text[SIGNATURE_MAX])
{
	EVP_MAC *hmac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *mac = hmac != NULL ? EVP_MAC_CTX_new(hmac) : NULL;
	uint8_t sum[32];
	bool made = digest(mac, key, key_len, id, at, body, body_len, sum);

	EVP_MAC_CTX_free(mac);
	EVP_MAC_free(hmac);
	if (!made)
		return -ENOMEM;
	memcpy(ret_text, "v1,", 3);
	EVP_EncodeBlock((uint8_t *)ret_text + 3, sum, sizeof sum);
	return 0;
}
