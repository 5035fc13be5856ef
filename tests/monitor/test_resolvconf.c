/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "monitor/resolvconf.h"

struct place {
	char directory[32];
	char path[64];
	char other[64];
	time_t age; /* distinguishes times of files that are written within one clock tick */
};

static int set_up(void **state)
{
	struct place *place = calloc(1, sizeof *place);

	assert_non_null(place);
	strcpy(place->directory, "/tmp/resolvconf.XXXXXX");
	assert_non_null(mkdtemp(place->directory));
	snprintf(place->path, sizeof place->path, "%s/resolv.conf", place->directory);
	snprintf(place->other, sizeof place->other, "%s/other", place->directory);
	*state = place;
	return 0;
}

static int tear_down(void **state)
{
	struct place *place = *state;

	unlink(place->path);
	unlink(place->other);
	assert_int_equal(rmdir(place->directory), 0);
	free(place);
	return 0;
}

static void write_bytes(
	struct place *place, const char *path, const void *bytes, size_t len)
{
	const struct timespec times[2] = {
		{.tv_sec = 1700000000 + place->age}, {.tv_sec = 1700000000 + place->age}};
	FILE *out = fopen(path, "w");

	place->age++;
	assert_non_null(out);
	assert_int_equal(fwrite(bytes, 1, len, out), len);
	assert_int_equal(fclose(out), 0);
	assert_int_equal(utimensat(AT_FDCWD, path, times, 0), 0);
}

static void write_file(struct place *place, const char *path, const char *text)
{
	write_bytes(place, path, text, strlen(text));
}

/* The servers as text, or "same". */
static const char *look(struct resolvconf *resolvconf)
{
	static char text[CONF_RESOLVERS_MAX * ENDPOINT_TEXT_MAX];
	struct endpoint servers[CONF_RESOLVERS_MAX];
	size_t len = 99;

	if (!resolvconf_has_changed(resolvconf, servers, &len)) {
		assert_int_equal(len, 99);
		return "same";
	}
	text[0] = '\0';
	assert_in_range(len, 1, CONF_RESOLVERS_MAX);
	for (size_t i = 0; i < len; i++) {
		char server[ENDPOINT_TEXT_MAX];

		if (i > 0)
			strcat(text, " ");
		strcat(text, endpoint_format(&servers[i], server));
	}
	return text;
}

static void start(struct place *place, struct resolvconf *resolvconf, const char *text)
{
	write_file(place, place->path, text);
	resolvconf_init(resolvconf, place->path);
	assert_string_equal(look(resolvconf), "same");
}

static void resolvconf_sees_a_file_renamed_over(void **state)
{
	struct place *place = *state;
	struct resolvconf resolvconf;

	start(place, &resolvconf, "nameserver 192.0.2.1\n");
	write_file(place, place->other, "nameserver 192.0.2.2\nnameserver 2001:db8::1\n");
	assert_int_equal(rename(place->other, place->path), 0);
	assert_string_equal(look(&resolvconf), "192.0.2.2 2001:db8::1");
	assert_string_equal(look(&resolvconf), "same");
}

static void resolvconf_sees_a_file_written_again(void **state)
{
	struct place *place = *state;
	struct resolvconf resolvconf;

	start(place, &resolvconf, "nameserver 192.0.2.1\n");
	write_file(place, place->path, "nameserver 192.0.2.2\n"); /* as long as before */
	assert_string_equal(look(&resolvconf), "192.0.2.2");
	write_file(place, place->path, "nameserver 192.0.2.2\nnameserver 192.0.2.1\n");
	assert_string_equal(look(&resolvconf), "192.0.2.2 192.0.2.1");
	write_file(place, place->path, "nameserver 192.0.2.1\nnameserver 192.0.2.2\n");
	assert_string_equal(look(&resolvconf), "192.0.2.1 192.0.2.2");
	write_file(place, place->path, "nameserver 192.0.2.1\n");
	assert_string_equal(look(&resolvconf), "192.0.2.1");
}

static void resolvconf_sees_a_link_that_points_elsewhere(void **state)
{
	struct place *place = *state;
	struct resolvconf resolvconf;
	char target[80];

	write_file(place, place->other, "nameserver 192.0.2.1\n");
	assert_int_equal(symlink("other", place->path), 0);
	resolvconf_init(&resolvconf, place->path);
	assert_string_equal(look(&resolvconf), "same");
	snprintf(target, sizeof target, "%s/target", place->directory);
	write_file(place, target, "nameserver 192.0.2.2\n");
	assert_int_equal(unlink(place->path), 0);
	assert_int_equal(symlink("target", place->path), 0);
	assert_string_equal(look(&resolvconf), "192.0.2.2");
	/* the link stays, its target is written anew */
	write_file(place, target, "nameserver 192.0.2.3\n");
	assert_string_equal(look(&resolvconf), "192.0.2.3");
	unlink(target);
	assert_string_equal(look(&resolvconf), "same");
}

static void resolvconf_passes_over_what_changes_no_server(void **state)
{
	struct place *place = *state;
	struct resolvconf resolvconf;

	start(place, &resolvconf, "nameserver 192.0.2.1\n");
	write_file(place, place->path,
		"# made by dhcp\nsearch a.example\noptions rotate\nnameserver "
		"192.0.2.1\n");
	assert_string_equal(look(&resolvconf), "same");
	write_file(place, place->path, "nameserver 192.0.2.1\nnameserver 192.0.2.1\n");
	assert_string_equal(look(&resolvconf), "same");
}

static void resolvconf_keeps_its_servers_without_a_file(void **state)
{
	struct place *place = *state;
	struct resolvconf resolvconf;

	start(place, &resolvconf, "nameserver 192.0.2.1\n");
	assert_int_equal(unlink(place->path), 0);
	assert_string_equal(look(&resolvconf), "same");
	write_file(place, place->path, "nameserver 192.0.2.1\n");
	assert_string_equal(look(&resolvconf), "same");
	unlink(place->path);
	assert_string_equal(look(&resolvconf), "same");
	write_file(place, place->path, "nameserver 192.0.2.9\n");
	assert_string_equal(look(&resolvconf), "192.0.2.9");
}

static void resolvconf_begins_without_a_file(void **state)
{
	struct place *place = *state;
	struct resolvconf resolvconf;

	resolvconf_init(&resolvconf, place->path);
	assert_int_equal(resolvconf.len, 0);
	assert_string_equal(look(&resolvconf), "same");
	write_file(place, place->path, "nameserver 192.0.2.1\n");
	assert_string_equal(look(&resolvconf), "192.0.2.1");
}

static void resolvconf_keeps_its_servers_where_none_is_named(void **state)
{
	static const char *const nothing[] = {"", "# nothing\n", "nameserver\n",
		"nameserver nonsense\n", "search a.example\n", "nameserver 192.0.2\n",
		"\xff\xfe\n"};
	struct place *place = *state;
	struct resolvconf resolvconf;

	start(place, &resolvconf, "nameserver 192.0.2.1\n");
	for (size_t i = 0; i < sizeof nothing / sizeof *nothing; i++) {
		write_file(place, place->path, nothing[i]);
		assert_string_equal(look(&resolvconf), "same");
	}
	assert_int_equal(resolvconf.len, 1);
	write_file(place, place->path, "nameserver 192.0.2.1\n");
	assert_string_equal(look(&resolvconf), "same");
	write_file(place, place->path, "nameserver 192.0.2.2\n");
	assert_string_equal(look(&resolvconf), "192.0.2.2");
}

/* In the middle of an update a file may be half there; what comes after is seen. */
static void resolvconf_survives_strange_bytes(void **state)
{
	static const char zeros[] = "nameserver 192.0.2.2\n\0\0\0nameserver 192.0.2.3\n";
	struct place *place = *state;
	struct resolvconf resolvconf;

	start(place, &resolvconf, "nameserver 192.0.2.1\n");
	write_bytes(place, place->path, zeros, sizeof zeros - 1);
	assert_int_equal(strncmp(look(&resolvconf), "192.0.2.2", 9), 0);
	write_file(place, place->path, "nameserver 192.0.2.4");
	assert_string_equal(look(&resolvconf), "192.0.2.4");
}

static void resolvconf_survives_a_huge_file(void **state)
{
	const size_t len = 1 << 20;
	char *text = malloc(len);
	struct place *place = *state;
	struct resolvconf resolvconf;

	assert_non_null(text);
	start(place, &resolvconf, "nameserver 192.0.2.1\n");
	memset(text, 'x', len);
	write_bytes(place, place->path, text, len);
	assert_string_equal(look(&resolvconf), "same");
	write_file(place, place->path, "nameserver 192.0.2.2\n");
	assert_string_equal(look(&resolvconf), "192.0.2.2");
	free(text);
}

static void resolvconf_takes_no_more_servers_than_it_holds(void **state)
{
	char text[4096] = "";
	struct place *place = *state;
	struct resolvconf resolvconf;

	start(place, &resolvconf, "nameserver 192.0.2.200\n");
	for (unsigned i = 1; i <= 20; i++) {
		char line[64];

		snprintf(line, sizeof line, "nameserver 192.0.2.%u\n", i);
		strcat(text, line);
	}
	write_file(place, place->path, text);
	assert_string_equal(look(&resolvconf),
		"192.0.2.1 192.0.2.2 192.0.2.3 192.0.2.4 192.0.2.5 192.0.2.6 192.0.2.7 "
		"192.0.2.8");
	assert_string_equal(look(&resolvconf), "same");
}

/* Runs out of descriptors for one look: what could not be read is read the next time. */
static const char *look_without_descriptors(struct resolvconf *resolvconf)
{
	struct rlimit before;
	struct rlimit none;
	const char *seen;

	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	seen = look(resolvconf);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	return seen;
}

static void resolvconf_reads_later_what_it_could_not(void **state)
{
	struct place *place = *state;
	struct resolvconf resolvconf;

	start(place, &resolvconf, "nameserver 192.0.2.1\n");
	write_file(place, place->path, "nameserver 192.0.2.2\n");
	assert_string_equal(look_without_descriptors(&resolvconf), "same");
	assert_string_equal(look(&resolvconf), "192.0.2.2");
}

static void resolvconf_reads_later_what_it_could_not_at_first(void **state)
{
	struct place *place = *state;
	struct resolvconf resolvconf;
	struct rlimit before;
	struct rlimit none;

	write_file(place, place->path, "nameserver 192.0.2.1\n");
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
	none = before;
	none.rlim_cur = 0;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	resolvconf_init(&resolvconf, place->path);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
	assert_int_equal(resolvconf.len, 0);
	assert_string_equal(look(&resolvconf), "192.0.2.1");
}

#define test(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(resolvconf_sees_a_file_renamed_over),
		test(resolvconf_sees_a_file_written_again),
		test(resolvconf_sees_a_link_that_points_elsewhere),
		test(resolvconf_passes_over_what_changes_no_server),
		test(resolvconf_keeps_its_servers_without_a_file),
		test(resolvconf_begins_without_a_file),
		test(resolvconf_keeps_its_servers_where_none_is_named),
		test(resolvconf_survives_strange_bytes),
		test(resolvconf_survives_a_huge_file),
		test(resolvconf_takes_no_more_servers_than_it_holds),
		test(resolvconf_reads_later_what_it_could_not),
		test(resolvconf_reads_later_what_it_could_not_at_first),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
