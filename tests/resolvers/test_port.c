/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "resolvers/port.h"
#include "tests/fake/memory.h"

static struct port_table table;
static struct entropy entropy;

static int setup(void **state)
{
	(void)state;
	return port_table_init(&table);
}

static int teardown(void **state)
{
	(void)state;
	port_table_finish(&table);
	return 0;
}

static void port_opens_a_bound_socket(void **state)
{
	(void)state;
	uint16_t port;
	int fd = port_open(&table, &entropy, AF_INET, 0, &port);
	assert_true(fd >= 0);
	struct sockaddr_in sa;
	socklen_t len = sizeof sa;
	assert_int_equal(getsockname(fd, (struct sockaddr *)&sa, &len), 0);
	assert_int_equal(ntohs(sa.sin_port), port);
	assert_in_range(port, PORT_LOWEST, 65535);
	close(fd);
}

/* With all ports but a few taken, those few are what is drawn; then none. */
static void port_draws_none_that_rests(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 65536; i++)
		port_rest(&table, (uint16_t)i, 1000);
	uint16_t port;
	int fd = port_open(&table, &entropy, AF_INET, 1000 + PORT_REST_S * 1000, &port);
	assert_int_equal(fd, -EADDRINUSE);
	fd = port_open(&table, &entropy, AF_INET, 2000 + PORT_REST_S * 1000, &port);
	assert_true(fd >= 0);
	close(fd);
}

static void port_in_use_is_not_drawn_again(void **state)
{
	(void)state;
	uint16_t port;
	int fd = port_open(&table, &entropy, AF_INET, 0, &port);
	assert_true(fd >= 0);
	assert_true(table.until_s[port] > 365u * 86400);
	port_rest(&table, port, 5000);
	assert_int_equal(table.until_s[port], 5 + PORT_REST_S + 1);
	close(fd);
}

static void port_shares_numbers_between_families(void **state)
{
	(void)state;
	uint16_t port;
	int fd = port_open(&table, &entropy, AF_INET6, 0, &port);
	if (fd == -EAFNOSUPPORT)
		skip();
	assert_true(fd >= 0);
	/* V6ONLY: the same number is free for IPv4. */
	int four = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(port)};
	assert_int_equal(bind(four, (const struct sockaddr *)&sa, sizeof sa), 0);
	close(four);
	close(fd);
}

static void port_says_when_no_descriptor_is_left(void **state)
{
	(void)state;
	struct rlimit limit, none;
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none = limit;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	uint16_t port;
	int fd = port_open(&table, &entropy, AF_INET, 0, &port);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	assert_int_equal(fd, -EMFILE);
}

static void port_grows_the_buffer(void **state)
{
	(void)state;
	uint16_t port;
	int fd = port_open(&table, &entropy, AF_INET, 0, &port);
	assert_true(fd >= 0);
	assert_in_range(port_grow_buffer(fd, 65536), 65536, 4 * 65536);
	assert_int_equal(port_grow_buffer(-1, 65536), 0);
	close(fd);
}

static void port_table_cannot_be_made_without_memory(void **state)
{
	(void)state;
	struct port_table none;
	memory_fail_after(0);
	assert_int_equal(port_table_init(&none), -ENOMEM);
	assert_true(memory_stop_failing());
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
			port_opens_a_bound_socket, setup, teardown),
		cmocka_unit_test_setup_teardown(
			port_draws_none_that_rests, setup, teardown),
		cmocka_unit_test_setup_teardown(
			port_in_use_is_not_drawn_again, setup, teardown),
		cmocka_unit_test_setup_teardown(
			port_shares_numbers_between_families, setup, teardown),
		cmocka_unit_test_setup_teardown(
			port_says_when_no_descriptor_is_left, setup, teardown),
		cmocka_unit_test_setup_teardown(port_grows_the_buffer, setup, teardown),
		cmocka_unit_test(port_table_cannot_be_made_without_memory),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
