/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "monitor/conf.h"
#include "monitor/conf_file.h"
#include "monitor/ingest/reader.h"
#include "monitor/ingest/settings.h"

#define DAY_MS INT64_C(86400000)

static char directory[] = "/tmp/test_settings.XXXXXX";
static const char *const files[] = {"c.yaml", "s.db.key", "own.key", "own.rules"};

static int make_directory(void **state)
{
	(void)state;
	return mkdtemp(directory) != NULL ? 0 : -1;
}

static const char *path_of(const char *name)
{
	static char path[128];
	snprintf(path, sizeof path, "%s/%s", directory, name);
	return path;
}

static int remove_files(void **state)
{
	(void)state;
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		unlink(path_of(files[i]));
	return 0;
}

static int remove_directory(void **state)
{
	(void)state;
	return rmdir(directory);
}

static void put_file(const char *name, const char *text, mode_t mode)
{
	FILE *out = fopen(path_of(name), "we");
	assert_non_null(out);
	fputs(text, out);
	fclose(out);
	assert_int_equal(chmod(path_of(name), mode), 0);
}

static struct conf load(const char *text)
{
	struct conf conf;
	struct conf_error error;
	char whole[1024];
	snprintf(whole, sizeof whole, "store: s.db\n%s", text);
	put_file("c.yaml", whole, 0600);
	if (conf_load(path_of("c.yaml"), &conf, &error) != 0)
		fail_msg("%s", error.text);
	return conf;
}

static void settings_make_a_key_once(void **state)
{
	struct conf conf = load("");
	struct settings first;
	struct settings second;
	struct stat found;
	char why[SETTINGS_WHY_MAX];
	static const uint8_t zeros[DELIVERIES_KEY];
	(void)state;
	assert_int_equal(settings_load(&conf, &first, why), 0);
	assert_int_equal(stat(path_of("s.db.key"), &found), 0);
	assert_int_equal(found.st_size, DELIVERIES_KEY);
	assert_int_equal(found.st_mode & 07777, 0600);
	assert_memory_not_equal(first.key, zeros, DELIVERIES_KEY);
	assert_int_equal(settings_load(&conf, &second, why), 0);
	assert_memory_equal(first.key, second.key, DELIVERIES_KEY);
	settings_finish(&first);
	settings_finish(&second);
	assert_int_equal(unlink(path_of("s.db.key")), 0);
	assert_int_equal(settings_load(&conf, &second, why), 0);
	assert_memory_not_equal(first.key, second.key, DELIVERIES_KEY);
	settings_finish(&second);
	conf_finish(&conf);
}

static void expect_refused(struct conf *conf, int code, const char *says)
{
	struct settings settings;
	char why[SETTINGS_WHY_MAX] = "";
	assert_int_equal(settings_load(conf, &settings, why), code);
	if (strstr(why, says) == NULL)
		fail_msg("found \"%s\", expected \"%s\"", why, says);
}

static void settings_read_a_key_that_nobody_else_can(void **state)
{
	static const char letters[] = "0123456789abcdef0123456789abcdef";
	struct conf conf = load("recipients: {key-file: own.key}\n");
	struct settings settings;
	char why[SETTINGS_WHY_MAX];
	(void)state;
	put_file("own.key", letters, 0640);
	assert_int_equal(settings_load(&conf, &settings, why), 0);
	assert_memory_equal(settings.key, letters, DELIVERIES_KEY);
	settings_finish(&settings);
	put_file("own.key", letters, 0644);
	expect_refused(&conf, -EPERM, "own.key: expected a file that others cannot read");
	put_file("own.key", "short", 0600);
	expect_refused(&conf, -EINVAL, "own.key: expected 32 bytes or more");
	unlink(path_of("own.key"));
	assert_int_equal(mkdir(path_of("own.key"), 0700), 0);
	expect_refused(&conf, -EPERM, "own.key");
	assert_int_equal(rmdir(path_of("own.key")), 0);
	conf_finish(&conf);
}

static void settings_say_where_no_key_can_be(void **state)
{
	struct conf conf = load("recipients: {key-file: none/own.key}\n");
	(void)state;
	expect_refused(&conf, -ENOENT, "none/own.key");
	conf_finish(&conf);
}

static void settings_say_what_is_kept(void **state)
{
	static const struct {
		const char *text;
		enum deliveries_keep keep;
		int64_t hold_ms;
		int64_t forget_ms;
	} cases[] = {
		{"", DELIVERIES_KEEP_INCIDENT, 3 * DAY_MS, 400 * DAY_MS},
		{"recipients: {keep: incident, hold: 12h}\n", DELIVERIES_KEEP_INCIDENT,
			DAY_MS / 2, 400 * DAY_MS},
		{"recipients: {keep: hash, forget-after: 30d}\n", DELIVERIES_KEEP_HASH,
			3 * DAY_MS, 30 * DAY_MS},
		{"recipients: {keep: all, hold: 12h}\n", DELIVERIES_KEEP_ADDRESS, 0,
			400 * DAY_MS},
	};
	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		struct conf conf = load(cases[i].text);
		struct settings settings;
		char why[SETTINGS_WHY_MAX];
		assert_int_equal(settings_load(&conf, &settings, why), 0);
		assert_int_equal(settings.keep, cases[i].keep);
		assert_int_equal(settings.limits.hold_ms, cases[i].hold_ms);
		assert_int_equal(settings.limits.forget_ms, cases[i].forget_ms);
		assert_int_equal(settings.limits.keep_ms, 90 * DAY_MS);
		assert_true(settings.limits.rows > 0);
		settings_finish(&settings);
		conf_finish(&conf);
	}
}

static void settings_name_wrong_rules(void **state)
{
	struct conf conf = load("rules-file: own.rules\n");
	(void)state;
	expect_refused(&conf, -ENOENT, "own.rules");
	put_file("own.rules", "mine: blocked\n\ttext User\n", 0644);
	expect_refused(&conf, -EINVAL, "own.rules:2: ");
	conf_finish(&conf);
}

static void settings_map_every_field(void **state)
{
	struct conf conf = load(
		"deliveries:\n"
		"  - {name: a, format: jsonl, path: /a, fields: {at: f1, recipient: f2, "
		"original: f3, domain: f4, outcome: f5, code: f6, status: f7, text: f8, "
		"relay-host: f9, relay-ip: f10, id: f11}}\n"
		"  - {name: b, format: csv, path: /b}\n");
	struct reader_fields fields;
	(void)state;
	settings_fields(&conf.file->deliveries[0], &fields);
	assert_string_equal(fields.at, "f1");
	assert_string_equal(fields.recipient, "f2");
	assert_string_equal(fields.original, "f3");
	assert_string_equal(fields.domain, "f4");
	assert_string_equal(fields.outcome, "f5");
	assert_string_equal(fields.code, "f6");
	assert_string_equal(fields.status, "f7");
	assert_string_equal(fields.text, "f8");
	assert_string_equal(fields.relay_host, "f9");
	assert_string_equal(fields.relay_ip, "f10");
	assert_string_equal(fields.id, "f11");
	settings_fields(&conf.file->deliveries[1], &fields);
	assert_null(fields.at);
	assert_null(fields.id);
	conf_finish(&conf);
}

#define FILES_TEST(name) cmocka_unit_test_teardown(name, remove_files)

int main(void)
{
	const struct CMUnitTest tests[] = {
		FILES_TEST(settings_make_a_key_once),
		FILES_TEST(settings_read_a_key_that_nobody_else_can),
		FILES_TEST(settings_say_where_no_key_can_be),
		FILES_TEST(settings_say_what_is_kept),
		FILES_TEST(settings_name_wrong_rules),
		FILES_TEST(settings_map_every_field),
	};
	return cmocka_run_group_tests(tests, make_directory, remove_directory);
}
