/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/unpack.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/ingest/unpack_inside.h"

int unpack_create(const struct unpack_sink *sink, struct unpack **ret_unpack)
{
	struct unpack *unpack = calloc(1, sizeof *unpack);
	if (unpack == NULL)
		return -ENOMEM;
	unpack->sink = *sink;
	*ret_unpack = unpack;
	return 0;
}

void unpack_destroy(struct unpack *unpack)
{
	if (unpack == NULL)
		return;
	unpack_gz_destroy(unpack->gz);
	unpack_zstd_destroy(unpack->zstd);
	free(unpack);
}

int unpack_give(struct unpack *unpack, size_t len)
{
	unpack->given += len;
	unpack->sink.on_bytes(unpack->sink.owner, unpack->chunk, len);
	const bool bomb = unpack->given > UNPACK_FREE_BYTES &&
		unpack->given - UNPACK_FREE_BYTES > unpack->taken * UNPACK_RATIO_MAX;
	return bomb ? -E2BIG : 0;
}

static int choose(struct unpack *unpack)
{
	static const unsigned char gz[] = {0x1f, 0x8b};
	static const unsigned char zstd[] = {0x28, 0xb5, 0x2f, 0xfd};

	if (unpack->head_len >= sizeof gz && memcmp(unpack->head, gz, sizeof gz) == 0) {
		unpack->kind = UNPACK_GZ;
		return unpack_gz_create(&unpack->gz);
	}
	if (unpack->head_len >= sizeof zstd &&
		memcmp(unpack->head, zstd, sizeof zstd) == 0) {
		unpack->kind = UNPACK_ZSTD;
		return unpack_zstd_create(&unpack->zstd);
	}
	unpack->kind = UNPACK_PLAIN;
	return 0;
}

static int pass(struct unpack *unpack, const unsigned char *bytes, size_t len)
{
	if (len == 0)
		return 0;
	unpack->taken += len;
	switch (unpack->kind) {
	case UNPACK_GZ:
		return unpack_gz_feed(unpack, bytes, len);
	case UNPACK_ZSTD:
		return unpack_zstd_feed(unpack, bytes, len);
	case UNPACK_UNKNOWN:
	case UNPACK_PLAIN:
		break;
	}
	unpack->sink.on_bytes(unpack->sink.owner, bytes, len);
	return 0;
}

int unpack_feed(struct unpack *unpack, const void *data, size_t len)
{
	const unsigned char *bytes = data;

	if (unpack->kind != UNPACK_UNKNOWN)
		return pass(unpack, bytes, len);
	while (len > 0 && unpack->head_len < sizeof unpack->head) {
		unpack->head[unpack->head_len++] = *bytes++;
		len--;
	}
	if (unpack->head_len < sizeof unpack->head)
		return 0;
	int rc = choose(unpack);
	if (rc == 0)
		rc = pass(unpack, unpack->head, unpack->head_len);
	return rc < 0 ? rc : pass(unpack, bytes, len);
}

int unpack_end(struct unpack *unpack)
{
	if (unpack->kind == UNPACK_UNKNOWN) {
		int rc = choose(unpack);
		if (rc == 0)
			rc = pass(unpack, unpack->head, unpack->head_len);
		if (rc < 0)
			return rc;
	}
	const bool is_whole = unpack->kind == UNPACK_GZ ? unpack_gz_is_whole(unpack->gz)
		: unpack->kind == UNPACK_ZSTD ? unpack_zstd_is_whole(unpack->zstd)
					      : true;
	return is_whole ? 0 : -EILSEQ;
}

bool unpack_is_packed(const struct unpack *unpack)
{
	return unpack->kind == UNPACK_GZ || unpack->kind == UNPACK_ZSTD;
}
