/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <zstd.h>

#include "monitor/ingest/unpack_inside.h"

#define WINDOW_LOG_MAX 26 /* 64 MiB: what is remembered of a frame */

struct unpack_zstd {
	ZSTD_DStream *stream;
	size_t left; /* 0 between two frames */
};

int unpack_zstd_create(struct unpack_zstd **ret_zstd)
{
	struct unpack_zstd *zstd = calloc(1, sizeof *zstd);
	if (zstd == NULL)
		return -ENOMEM;
	zstd->stream = ZSTD_createDStream();
	if (zstd->stream == NULL ||
		ZSTD_isError(ZSTD_DCtx_setParameter(
			zstd->stream, ZSTD_d_windowLogMax, WINDOW_LOG_MAX))) {
		unpack_zstd_destroy(zstd);
		return -ENOMEM;
	}
	*ret_zstd = zstd;
	return 0;
}

void unpack_zstd_destroy(struct unpack_zstd *zstd)
{
	if (zstd == NULL)
		return;
	ZSTD_freeDStream(zstd->stream);
	free(zstd);
}

int unpack_zstd_feed(struct unpack *unpack, const unsigned char *bytes, size_t len)
{
	struct unpack_zstd *zstd = unpack->zstd;
	ZSTD_inBuffer in = {bytes, len, 0};
	ZSTD_outBuffer out;

	do {
		out = (ZSTD_outBuffer){unpack->chunk, UNPACK_CHUNK, 0};
		zstd->left = ZSTD_decompressStream(zstd->stream, &out, &in);
		if (ZSTD_isError(zstd->left))
			return -EILSEQ;
		const int rc = unpack_give(unpack, out.pos);
		if (rc < 0)
			return rc;
	} while (in.pos < in.size || (out.pos == out.size && zstd->left > 0));
	return 0;
}

bool unpack_zstd_is_whole(const struct unpack_zstd *zstd)
{
	return zstd->left == 0;
}
