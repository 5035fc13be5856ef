/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include <cmocka.h>

#include "monitor/ingest/unpack.h"
#include "tests/fake/memory.h"

#define TEXT "one line\nand another\n"

/* TEXT as zstd(1) packs it. */
static const unsigned char packed_zstd[] = {0x28, 0xb5, 0x2f, 0xfd, 0x04, 0x58, 0xa9,
	0x00, 0x00, 0x6f, 0x6e, 0x65, 0x20, 0x6c, 0x69, 0x6e, 0x65, 0x0a, 0x61, 0x6e,
	0x64, 0x20, 0x61, 0x6e, 0x6f, 0x74, 0x68, 0x65, 0x72, 0x0a, 0x5e, 0x66, 0x40,
	0xff};

struct unpacked {
	char bytes[4096];
	size_t len; /* of all */
};

static void on_bytes(void *owner, const void *bytes, size_t len)
{
	struct unpacked *unpacked = owner;
	if (unpacked->len + len <= sizeof unpacked->bytes)
		memcpy(unpacked->bytes + unpacked->len, bytes, len);
	unpacked->len += len;
}

/* As gzip(1) does. Returned; free with free(). */
static unsigned char *pack_gz(const void *bytes, size_t len, size_t *ret_len)
{
	z_stream stream = {0};
	assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 16 + MAX_WBITS, 9,
				 Z_DEFAULT_STRATEGY),
		Z_OK);
	const size_t room = deflateBound(&stream, len);
	unsigned char *packed = malloc(room);
	assert_non_null(packed);
	stream.next_in = (Bytef *)(uintptr_t)bytes;
	stream.avail_in = (uInt)len;
	stream.next_out = packed;
	stream.avail_out = (uInt)room;
	assert_int_equal(deflate(&stream, Z_FINISH), Z_STREAM_END);
	*ret_len = room - stream.avail_out;
	deflateEnd(&stream);
	return packed;
}

/* Feeds by chunks; returns the first error, or that of the end. */
static int unpack_all(
	const void *bytes, size_t len, size_t chunk, struct unpacked *ret_unpacked)
{
	const struct unpack_sink sink = {.owner = ret_unpacked, .on_bytes = on_bytes};
	struct unpack *unpack;
	int rc = 0;
	ret_unpacked->len = 0;
	assert_int_equal(unpack_create(&sink, &unpack), 0);
	for (size_t at = 0; rc == 0 && at < len; at += chunk)
		rc = unpack_feed(unpack, (const char *)bytes + at,
			chunk < len - at ? chunk : len - at);
	if (rc == 0)
		rc = unpack_end(unpack);
	unpack_destroy(unpack);
	return rc;
}

static void expect_text(const void *bytes, size_t len, const char *text)
{
	struct unpacked unpacked;
	for (size_t chunk = 1; chunk <= len; chunk++) {
		assert_int_equal(unpack_all(bytes, len, chunk, &unpacked), 0);
		assert_int_equal(unpacked.len, strlen(text));
		assert_memory_equal(unpacked.bytes, text, strlen(text));
	}
}

static void unpack_passes_plain_bytes(void **state)
{
	struct unpacked unpacked;
	(void)state;
	expect_text(TEXT, strlen(TEXT), TEXT);
	expect_text("abc", 3, "abc");
	expect_text("\x1f", 1, "\x1f");
	assert_int_equal(unpack_all("", 0, 1, &unpacked), 0);
	assert_int_equal(unpacked.len, 0);
}

static void unpack_reads_gzip(void **state)
{
	unsigned char twice[256];
	struct unpacked unpacked;
	size_t len;
	(void)state;
	unsigned char *packed = pack_gz(TEXT, strlen(TEXT), &len);
	expect_text(packed, len, TEXT);
	memcpy(twice, packed, len);
	memcpy(twice + len, packed, len);
	expect_text(twice, 2 * len, TEXT TEXT);
	assert_int_equal(unpack_all(packed, len - 1, 7, &unpacked), -EILSEQ);
	packed[len - 5] ^= 1;
	assert_int_equal(unpack_all(packed, len, 7, &unpacked), -EILSEQ);
	twice[len] = 'x';
	assert_int_equal(unpack_all(twice, 2 * len, 7, &unpacked), -EILSEQ);
	free(packed);
}

static void unpack_reads_zstd(void **state)
{
	unsigned char twice[2 * sizeof packed_zstd];
	struct unpacked unpacked;
	(void)state;
	expect_text(packed_zstd, sizeof packed_zstd, TEXT);
	memcpy(twice, packed_zstd, sizeof packed_zstd);
	memcpy(twice + sizeof packed_zstd, packed_zstd, sizeof packed_zstd);
	expect_text(twice, sizeof twice, TEXT TEXT);
	assert_int_equal(
		unpack_all(packed_zstd, sizeof packed_zstd - 1, 7, &unpacked), -EILSEQ);
	twice[sizeof packed_zstd - 1] ^= 1;
	assert_int_equal(unpack_all(twice, sizeof twice, 7, &unpacked), -EILSEQ);
}

static void unpack_stops_a_bomb(void **state)
{
	enum {
		BYTES = 160 << 20
	};
	struct unpacked unpacked;
	size_t len;
	(void)state;
	char *zeros = calloc(1, BYTES);
	assert_non_null(zeros);
	unsigned char *packed = pack_gz(zeros, BYTES, &len);
	free(zeros);
	assert_int_equal(unpack_all(packed, len, len, &unpacked), -E2BIG);
	assert_in_range(unpacked.len, UNPACK_FREE_BYTES, BYTES - 1);
	free(packed);
}

static void unpack_survives_lack_of_memory(void **state)
{
	static const unsigned char *const heads[] = {
		packed_zstd, (const unsigned char *)"\x1f\x8b\x08\x00"};
	struct unpacked unpacked = {.len = 0};
	const struct unpack_sink sink = {.owner = &unpacked, .on_bytes = on_bytes};
	(void)state;
	for (size_t i = 0; i < 2; i++) {
		struct unpack *unpack;
		memory_fail_after(0);
		assert_int_equal(unpack_create(&sink, &unpack), -ENOMEM);
		assert_true(memory_stop_failing());
		assert_int_equal(unpack_create(&sink, &unpack), 0);
		assert_false(unpack_is_packed(unpack));
		memory_fail_after(0);
		assert_int_equal(unpack_feed(unpack, heads[i], 4), -ENOMEM);
		assert_true(memory_stop_failing());
		unpack_destroy(unpack);
		assert_int_equal(unpack_create(&sink, &unpack), 0);
		assert_int_equal(unpack_feed(unpack, heads[i], 4), 0);
		assert_true(unpack_is_packed(unpack));
		unpack_destroy(unpack);
	}
	unpack_destroy(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unpack_passes_plain_bytes),
		cmocka_unit_test(unpack_reads_gzip),
		cmocka_unit_test(unpack_reads_zstd),
		cmocka_unit_test(unpack_stops_a_bomb),
		cmocka_unit_test(unpack_survives_lack_of_memory),
	};
	return cmocka_run_group_tests_name("unpack", tests, NULL, NULL);
}
