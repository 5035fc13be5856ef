/* SPDX-License-Identifier: MIT */
/* The input is a file that may be compressed. */
#include <errno.h>

#include "monitor/ingest/unpack.h"
#include "tests/fuzz/target.h"

struct unpacked {
	uint64_t len;
	uint64_t digest;
};

static void on_bytes(void *owner, const void *bytes, size_t len)
{
	struct unpacked *unpacked = owner;
	const unsigned char *at = bytes;
	for (size_t i = 0; i < len; i++)
		unpacked->digest = (unpacked->digest ^ at[i]) * 1099511628211U;
	unpacked->len += len;
}

static int unpack_all(
	const uint8_t *data, size_t size, size_t chunk, struct unpacked *unpacked)
{
	const struct unpack_sink sink = {.owner = unpacked, .on_bytes = on_bytes};
	struct unpack *unpack;
	int rc = 0;
	if (unpack_create(&sink, &unpack) < 0)
		exit(1);
	for (size_t at = 0; rc == 0 && at < size; at += chunk)
		rc = unpack_feed(
			unpack, data + at, chunk < size - at ? chunk : size - at);
	if (rc == 0)
		rc = unpack_end(unpack);
	if (rc == 0 && !unpack_is_packed(unpack))
		HOLDS(unpacked->len == size);
	unpack_destroy(unpack);
	return rc;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct unpacked whole = {0};
	struct unpacked pieces = {0};
	const int rc = unpack_all(data, size, size + 1, &whole);
	HOLDS(rc == 0 || rc == -EILSEQ || rc == -E2BIG);
	HOLDS(unpack_all(data, size, 5, &pieces) == rc);
	if (rc == 0)
		HOLDS(whole.len == pieces.len && whole.digest == pieces.digest);
	return 0;
}
