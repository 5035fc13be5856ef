/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <zlib.h>

#include "monitor/ingest/unpack_inside.h"

struct unpack_gz {
	z_stream stream;
	bool ended; /* between two members */
};

int unpack_gz_create(struct unpack_gz **ret_gz)
{
	struct unpack_gz *gz = calloc(1, sizeof *gz);
	if (gz == NULL)
		return -ENOMEM;
	/* 16: a gzip header, not zlib's. */
	if (inflateInit2(&gz->stream, 16 + MAX_WBITS) != Z_OK) {
		free(gz);
		return -ENOMEM;
	}
	*ret_gz = gz;
	return 0;
}

void unpack_gz_destroy(struct unpack_gz *gz)
{
	if (gz == NULL)
		return;
	inflateEnd(&gz->stream);
	free(gz);
}

static int step(struct unpack *unpack)
{
	struct unpack_gz *gz = unpack->gz;

	if (gz->ended && inflateReset(&gz->stream) != Z_OK)
		return -EILSEQ;
	gz->ended = false;
	gz->stream.next_out = unpack->chunk;
	gz->stream.avail_out = UNPACK_CHUNK;
	const int rc = inflate(&gz->stream, Z_NO_FLUSH);
	if (rc == Z_MEM_ERROR)
		return -ENOMEM;
	if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
		return -EILSEQ;
	gz->ended = rc == Z_STREAM_END;
	return unpack_give(unpack, UNPACK_CHUNK - gz->stream.avail_out);
}

int unpack_gz_feed(struct unpack *unpack, const unsigned char *bytes, size_t len)
{
	struct unpack_gz *gz = unpack->gz;

	gz->stream.next_in = (Bytef *)(uintptr_t)bytes;
	gz->stream.avail_in = (uInt)len;
	do {
		const int rc = step(unpack);
		if (rc < 0)
			return rc;
	} while (gz->stream.avail_in > 0 || gz->stream.avail_out == 0);
	return 0;
}

bool unpack_gz_is_whole(const struct unpack_gz *gz)
{
	return gz->ended;
}
