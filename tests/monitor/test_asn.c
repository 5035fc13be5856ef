/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "monitor/asn.h"
#include "monitor/textfile.h"
#include "resolvers/endpoint.h"
#include "tests/fake/memory.h"

#define ROUNDS 60
#define PREFIXES_MAX 80
#define PROBES 400

static char path[] = "/tmp/mxvigil-asn-XXXXXX";

static int make_file(void **state)
{
	int fd = mkstemp(path);

	(void)state;
	return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(path);
}

static void write_text(const char *text)
{
	FILE *out = fopen(path, "w");

	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static struct asn *create(void)
{
	struct asn *asn = NULL;
	struct textfile_error error;

	assert_int_equal(asn_create(path, &asn, &error), 0);
	return asn;
}

static uint32_t number_of(const struct asn *asn, const char *text)
{
	struct endpoint address;

	assert_int_equal(endpoint_parse(text, 25, &address), 0);
	return asn_of(asn, &address);
}

static void asn_is_of_the_longest_prefix(void **state)
{
	struct asn *asn;

	(void)state;
	write_text("# a table\n"
		   "10.0.0.0/8\tAS64500\r\n"
		   "10.1.0.0/16 64501\n"
		   "10.1.2.0/24\t64502\n"
		   "10.1.2.3/32\t64503\n"
		   "10.255.255.0/24\t64504\n"
		   "\n"
		   "2001:db8::/32\t64510\n"
		   "2001:db8:1::/48\t4294967295\n"
		   "2001:db8:1::1/128\t64512\n"
		   "10.9.0.0/16\t0");
	asn = create();
	assert_int_equal(number_of(asn, "9.255.255.255"), 0);
	assert_int_equal(number_of(asn, "10.0.0.0"), 64500);
	assert_int_equal(number_of(asn, "10.1.0.0"), 64501);
	assert_int_equal(number_of(asn, "10.1.1.255"), 64501);
	assert_int_equal(number_of(asn, "10.1.2.2"), 64502);
	assert_int_equal(number_of(asn, "10.1.2.3"), 64503);
	assert_int_equal(number_of(asn, "10.1.2.4"), 64502);
	assert_int_equal(number_of(asn, "10.1.3.0"), 64501);
	assert_int_equal(number_of(asn, "10.2.0.0"), 64500);
	assert_int_equal(number_of(asn, "10.9.1.1"), 0); /* AS 0: originated by none */
	assert_int_equal(number_of(asn, "10.255.255.255"), 64504);
	assert_int_equal(number_of(asn, "11.0.0.0"), 0);
	assert_int_equal(number_of(asn, "2001:db8::1"), 64510);
	assert_int_equal(number_of(asn, "2001:db8:1::"), UINT32_MAX);
	assert_int_equal(number_of(asn, "2001:db8:1::1"), 64512);
	assert_int_equal(number_of(asn, "2001:db8:1::2"), UINT32_MAX);
	assert_int_equal(number_of(asn, "2001:db9::"), 0);
	assert_int_equal(number_of(asn, "::a00:1"), 0);
	assert_int_equal(asn_prefixes(asn), 9);
	asn_destroy(asn);
}

static void asn_reaches_the_ends_of_the_space(void **state)
{
	struct asn *asn;

	(void)state;
	write_text("0.0.0.0/0\t1\n255.255.255.255/32\t2\n::/0\t3\n"
		   "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128\t4\n128.0.0.0/1\t5\n");
	asn = create();
	assert_int_equal(number_of(asn, "0.0.0.0"), 1);
	assert_int_equal(number_of(asn, "127.255.255.255"), 1);
	assert_int_equal(number_of(asn, "128.0.0.0"), 5);
	assert_int_equal(number_of(asn, "255.255.255.254"), 5);
	assert_int_equal(number_of(asn, "255.255.255.255"), 2);
	assert_int_equal(number_of(asn, "::"), 3);
	assert_int_equal(number_of(asn, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe"), 3);
	assert_int_equal(number_of(asn, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), 4);
	asn_destroy(asn);
}

static void asn_of_an_empty_table_is_none(void **state)
{
	struct endpoint nothing = {.family = 0};
	struct asn *asn;

	(void)state;
	write_text("");
	asn = create();
	assert_int_equal(number_of(asn, "192.0.2.1"), 0);
	assert_int_equal(number_of(asn, "::1"), 0);
	assert_int_equal(asn_of(asn, &nothing), 0);
	assert_int_equal(asn_prefixes(asn), 0);
	asn_destroy(asn);
}

static void asn_takes_the_first_of_two_lines(void **state)
{
	struct asn *asn;

	(void)state;
	write_text("198.51.100.0/24\t7\n192.0.2.0/24\t1\n192.0.2.0/24\t2\n"
		   "192.0.2.0/24\t3\n");
	asn = create();
	assert_int_equal(number_of(asn, "192.0.2.9"), 1);
	assert_int_equal(asn_prefixes(asn), 2);
	asn_destroy(asn);
}

static void asn_names_the_line_that_is_wrong(void **state)
{
	static const struct {
		const char *text;
		unsigned line;
		const char *expected;
	} cases[] = {
		{"192.0.2.0/24\t1\n192.0.2.0\t1\n", 2, "a prefix"},
		{"192.0.2.1/24\t1\n", 1, "a prefix"},
		{"2001:db8::1/64\t1\n", 1, "a prefix"},
		{"192.0.2.0/33\t1\n", 1, "a prefix"},
		{"2001:db8::/129\t1\n", 1, "a prefix"},
		{"192.0.2.0/\t1\n", 1, "a prefix"},
		{"192.0.2.0/AS24\t1\n", 1, "a prefix"},
		{"192.0.2/24\t1\n", 1, "a prefix"},
		{"\n#\nexample\t1\n", 3, "a prefix"},
		{"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb/1\t1\n", 1,
			"a prefix"},
		{"192.0.2.0/24\n", 1, "PREFIX TAB AS-NUMBER"},
		{"192.0.2.0/24\t\n", 1, "PREFIX TAB AS-NUMBER"},
		{"192.0.2.0/24\t1 2\n", 1, "PREFIX TAB AS-NUMBER"},
		{"192.0.2.0/24\t4294967296\n", 1, "PREFIX TAB AS-NUMBER"},
		{"192.0.2.0/24\t99999999999\n", 1, "PREFIX TAB AS-NUMBER"},
		{"192.0.2.0/24\tAS\n", 1, "PREFIX TAB AS-NUMBER"},
		{"192.0.2.0/24\tAS-1\n", 1, "PREFIX TAB AS-NUMBER"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct textfile_error error;
		struct asn *asn;

		write_text(cases[i].text);
		assert_int_equal(asn_create(path, &asn, &error), -EINVAL);
		assert_int_equal(error.line, cases[i].line);
		assert_non_null(strstr(error.text, cases[i].expected));
	}
}

static void asn_refuses_a_prefix_that_goes_on_behind_a_nul(void **state)
{
	static const char text[] = "192.0.2.0\0.7/24\t1\n";
	FILE *out = fopen(path, "w");
	struct textfile_error error;
	struct asn *asn;

	(void)state;
	assert_non_null(out);
	assert_int_equal(fwrite(text, 1, sizeof text - 1, out), sizeof text - 1);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(asn_create(path, &asn, &error), -EINVAL);
	assert_int_equal(error.line, 1);
}

/* The same answer as asking each prefix, for tables of prefixes that nest and abut. */
struct plain {
	uint8_t start[16];
	unsigned bits;
	uint32_t number;
	bool six;
};

static uint64_t seed = 1;

static uint32_t draw(uint32_t below)
{
	seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (uint32_t)(seed >> 33) % below;
}

static bool holds(const struct plain *plain, const uint8_t *address)
{
	for (unsigned bit = 0; bit < plain->bits; bit++)
		if (((plain->start[bit / 8] ^ address[bit / 8]) & (0x80 >> bit % 8)) != 0)
			return false;
	return true;
}

static uint32_t ask_each(
	const struct plain *list, size_t len, const struct endpoint *address)
{
	const struct plain *longest = NULL;

	for (size_t i = 0; i < len; i++)
		if (list[i].six == (address->family == AF_INET6) &&
			holds(&list[i], address->address) &&
			(longest == NULL || list[i].bits > longest->bits))
			longest = &list[i];
	return longest != NULL ? longest->number : 0;
}

/* Few different bits, so that prefixes nest, repeat and abut. */
static void draw_address(uint8_t address[16], bool six)
{
	memset(address, 0, 16);
	for (size_t i = 0; i < (six ? 16 : 4); i++)
		address[i] = draw(3) == 0 ? (uint8_t)(0xff * draw(2))
					  : (uint8_t)(draw(4) << (2 * draw(4)));
}

static void draw_prefix(struct plain *plain)
{
	plain->six = draw(2) == 0;
	plain->bits = draw(plain->six ? 129 : 33);
	plain->number = draw(6);
	draw_address(plain->start, plain->six);
	for (unsigned bit = plain->bits; bit < 128; bit++)
		plain->start[bit / 8] &= (uint8_t) ~(0x80 >> bit % 8);
}

static void write_plain(FILE *out, const struct plain *plain)
{
	struct endpoint endpoint = {
		.port = 53, .family = plain->six ? AF_INET6 : AF_INET};
	char text[ENDPOINT_TEXT_MAX];

	memcpy(endpoint.address, plain->start, sizeof endpoint.address);
	fprintf(out, "%s/%u\t%u\n", endpoint_format(&endpoint, text), plain->bits,
		plain->number);
}

/* An address at the edge of a prefix, one beyond it, or any. */
static void draw_probe(const struct plain *list, size_t len, struct endpoint *ret_address)
{
	const struct plain *plain = &list[draw((uint32_t)len)];
	unsigned width = plain->six ? 128 : 32;
	struct endpoint address = {.family = plain->six ? AF_INET6 : AF_INET};

	memcpy(address.address, plain->start, sizeof address.address);
	switch (draw(3)) {
	case 0:
		for (unsigned bit = plain->bits; bit < width; bit++)
			address.address[bit / 8] |= (uint8_t)(0x80 >> bit % 8);
		break;
	case 1:
		for (size_t i = width / 8; i-- > 0;)
			if (address.address[i]-- != 0)
				break;
		break;
	default:
		draw_address(address.address, plain->six);
	}
	*ret_address = address;
}

static void asn_agrees_with_asking_each_prefix(void **state)
{
	struct plain list[PREFIXES_MAX];

	(void)state;
	for (unsigned round = 0; round < ROUNDS; round++) {
		size_t len = 1 + draw(PREFIXES_MAX);
		FILE *out = fopen(path, "w");
		struct asn *asn;

		assert_non_null(out);
		for (size_t i = 0; i < len; i++) {
			draw_prefix(&list[i]);
			write_plain(out, &list[i]);
		}
		assert_int_equal(fclose(out), 0);
		asn = create();
		for (unsigned i = 0; i < PROBES; i++) {
			struct endpoint address;

			draw_probe(list, len, &address);
			assert_int_equal(
				asn_of(asn, &address), ask_each(list, len, &address));
		}
		asn_destroy(asn);
	}
}

static void asn_survives_want_of_memory(void **state)
{
	bool failed = true;

	(void)state;
	write_text("198.51.100.0/24\t2\n192.0.2.0/24\t1\n2001:db8::/32\t3\n");
	for (size_t before = 0; failed; before++) {
		struct textfile_error error;
		struct asn *asn = NULL;
		int err;

		memory_fail_after(before);
		err = asn_create(path, &asn, &error);
		failed = memory_stop_failing();
		if (err == 0)
			assert_int_equal(number_of(asn, "192.0.2.1"), 1);
		else
			assert_int_equal(err, -ENOMEM);
		asn_destroy(asn);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asn_is_of_the_longest_prefix),
		cmocka_unit_test(asn_reaches_the_ends_of_the_space),
		cmocka_unit_test(asn_of_an_empty_table_is_none),
		cmocka_unit_test(asn_takes_the_first_of_two_lines),
		cmocka_unit_test(asn_names_the_line_that_is_wrong),
		cmocka_unit_test(asn_refuses_a_prefix_that_goes_on_behind_a_nul),
		cmocka_unit_test(asn_agrees_with_asking_each_prefix),
		cmocka_unit_test(asn_survives_want_of_memory),
	};

	return cmocka_run_group_tests(tests, make_file, remove_file);
}
