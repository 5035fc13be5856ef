/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "monitor/protect/replace.h"
#include "monitor/textfile.h"

#define T INT64_C(1700000000000)
#define HOUR INT64_C(3600000)
#define TITLE "# written by mxvigil (protect.postfix-reply-filter): not to be edited\n"
#define ENTRY(name)                                                                      \
	"# held incident=lab-i1 domain=" name " since=2023-11-14T22:13:20.000Z"          \
	" expires=2023-11-15T10:13:20.000Z\n"                                            \
	"/^" name "\\. \\d+ IN MX \\d+ mx\\.icloud\\.$/ IGNORE\n"
#define TEXT TITLE ENTRY("online")

static char folder[] = "/tmp/test_replace.XXXXXX";
static char path[64];
static char told[64]; /* the reload command appends to it */
static char script[64];
static char command[80];
static struct replace_result result;

static void write_text(const char *name, const char *text)
{
	FILE *const out = fopen(name, "w");
	assert_non_null(out);
	fputs(text, out);
	assert_int_equal(fclose(out), 0);
}

static int start(void **state)
{
	(void)state;
	if (!mkdtemp(folder))
		return -1;
	snprintf(path, sizeof path, "%s/reply.pcre", folder);
	snprintf(told, sizeof told, "%s/told", folder);
	snprintf(script, sizeof script, "%s/reload", folder);
	snprintf(command, sizeof command, "/bin/sh %s", script);
	return 0;
}

static int clean(void **state)
{
	char text[128];
	(void)state;
	snprintf(text, sizeof text, "rm -rf %s/*", folder);
	assert_int_equal(system(text), 0);
	snprintf(text, sizeof text, "echo again >>%s; echo done", told);
	write_text(script, text);
	return 0;
}

static int stop(void **state)
{
	clean(state);
	unlink(script);
	return rmdir(folder);
}

static void put(const char *text, const char *reload)
{
	const struct replace_order order = {
		.path = path,
		.text = text,
		.len = strlen(text),
		.entries = *text != '\0',
		.command = reload,
		.now = T,
	};
	replace_file(&order, &result);
}

static const char *content(const char *name)
{
	static char kept[4096];
	char *text;
	size_t len;
	if (textfile_read(name, sizeof kept - 1, &text, &len) != 0)
		return "(none)";
	memcpy(kept, text, len);
	kept[len] = '\0';
	free(text);
	return kept;
}

static bool has(const char *wanted)
{
	json_t *const row = replace_state(path);
	char *const text = json_dumps(row, JSON_COMPACT);
	const bool found = strstr(text, wanted) != NULL;
	if (!found)
		fprintf(stderr, "no %s in %s\n", wanted, text);
	free(text);
	json_decref(row);
	return found;
}

static void replace_makes_an_empty_file(void **state)
{
	struct stat status;
	(void)state;
	umask(077);
	put("", command);
	umask(022);
	assert_true(replace_is_well(&result));
	assert_true(result.written && result.reloaded);
	assert_string_equal(content(path), "");
	assert_int_equal(stat(path, &status), 0);
	assert_int_equal(status.st_mode & 07777, 0644);
	assert_string_equal(content(told), "again\n");
	assert_true(has("\"entries\":0"));
}

static void replace_writes_only_what_is_other(void **state)
{
	struct stat before;
	struct stat after;
	(void)state;
	put(TEXT, command);
	assert_string_equal(content(path), TEXT);
	assert_int_equal(stat(path, &before), 0);
	put(TEXT, command);
	assert_false(result.written);
	assert_false(result.reloaded);
	assert_int_equal(stat(path, &after), 0);
	assert_int_equal(before.st_ino, after.st_ino);
	put("", command);
	assert_true(result.written && result.reloaded);
	assert_int_equal(stat(path, &after), 0);
	assert_int_not_equal(before.st_ino, after.st_ino);
	assert_string_equal(content(told), "again\nagain\n");
}

static void replace_leaves_alone_what_is_not_ours(void **state)
{
	(void)state;
	write_text(path, "/./ REJECT\n");
	put(TEXT, command);
	assert_int_equal(result.error, -EEXIST);
	assert_false(replace_is_well(&result));
	assert_string_equal(content(path), "/./ REJECT\n");
	assert_string_equal(content(told), "(none)");
	assert_true(has("is left alone"));
	/* A damaged one of ours is mended. */
	write_text(path, TITLE "/./ REJECT\n");
	put(TEXT, command);
	assert_true(replace_is_well(&result));
	assert_string_equal(content(path), TEXT);
	assert_true(has("\"error\":null"));
}

static void replace_puts_nothing_wrong_in_place(void **state)
{
	(void)state;
	put(TEXT, command);
	put(TITLE "/./ IGNORE\n", command);
	assert_int_equal(result.error, -EUCLEAN);
	assert_string_equal(content(path), TEXT);
	assert_string_equal(content(told), "again\n");
}

static void replace_says_what_cannot_be_written(void **state)
{
	char kept[sizeof path];
	(void)state;
	strcpy(kept, path);
	strcat(path, "/nowhere");
	put("", command);
	assert_int_equal(result.error, -ENOENT);
	assert_non_null(strstr(result.why, "nowhere"));
	strcpy(path, kept);
	assert_int_equal(mkdir(path, 0755), 0);
	put("", command);
	assert_int_equal(result.error, -EISDIR);
	rmdir(path);
}

static void replace_tries_a_failed_reload_again(void **state)
{
	(void)state;
	write_text(script, "echo broken; exit 1");
	put(TEXT, command);
	assert_true(result.written);
	assert_false(replace_is_well(&result));
	assert_int_equal(result.reload.status, 1);
	assert_true(has("\"ok\":false,\"said\":\"broken\""));
	write_text(script, "echo mended");
	put(TEXT, command);
	assert_false(result.written);
	assert_true(result.reloaded);
	assert_true(replace_is_well(&result));
	assert_true(has("\"ok\":true,\"said\":\"mended\""));
	put(TEXT, command);
	assert_false(result.reloaded);
	put("", "/nonexistent/program now");
	assert_true(result.written);
	/* Where spawning is emulated (valgrind), the child says so by its status alone. */
	if (result.reload_error == 0)
		assert_int_equal(result.reload.status, 127);
	else
		assert_true(has("\"said\":\"No such file or directory\""));
	assert_false(replace_is_well(&result));
	assert_true(has("\"ok\":false"));
}

/* Killed while the reload ran: the next one makes up for it. */
static void replace_knows_of_a_reload_that_never_ended(void **state)
{
	char text[160];
	(void)state;
	snprintf(text, sizeof text, "cp %s.state %s", path, told);
	write_text(script, text);
	put(TEXT, command);
	assert_non_null(strstr(content(told), "\"ok\":null"));
	char name[160];
	snprintf(name, sizeof name, "cp %s %s.state", told, path);
	assert_int_equal(system(name), 0);
	put(TEXT, command);
	assert_true(result.reloaded);
	put(TEXT, command);
	assert_false(result.reloaded);
}

static void replace_leaves_the_reload_to_the_path_unit(void **state)
{
	char touched[80];
	(void)state;
	snprintf(touched, sizeof touched, "%s.reloaded", path);
	write_text(touched, "");
	put(TEXT, NULL);
	assert_true(replace_is_well(&result));
	assert_false(result.reloaded);
	const struct timespec past[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
	assert_int_equal(utimensat(AT_FDCWD, touched, past, 0), 0);
	assert_true(has("\"by\":\"path-unit\",\"at\":null,\"ok\":null"));
	assert_int_equal(utimensat(AT_FDCWD, touched, NULL, 0), 0);
	assert_true(has("\"ok\":true"));
}

static void replace_prunes_without_anything_else(void **state)
{
	size_t expired;
	struct replace_order order = {.path = path, .command = command, .now = T};
	(void)state;
	put(TITLE ENTRY("online") ENTRY("other"), NULL);
	replace_prune(&order, &expired, &result);
	assert_int_equal(expired, 0);
	assert_true(replace_is_well(&result));
	assert_false(result.written);
	order.now = T + 12 * HOUR;
	replace_prune(&order, &expired, &result);
	assert_int_equal(expired, 2);
	assert_true(result.written && result.reloaded);
	assert_string_equal(content(path), "");
	unlink(path);
	replace_prune(&order, &expired, &result);
	assert_int_equal(expired, 0);
	assert_string_equal(content(path), "");
	write_text(path, "mine\n");
	replace_prune(&order, &expired, &result);
	assert_int_equal(result.error, -EEXIST);
	assert_string_equal(content(path), "mine\n");
}

static void replace_state_of_nothing(void **state)
{
	(void)state;
	assert_true(has("\"exists\":false,\"entries\":null,\"written_at\":null"));
	assert_true(has("\"reload\":null"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(replace_makes_an_empty_file, clean),
		cmocka_unit_test_setup(replace_writes_only_what_is_other, clean),
		cmocka_unit_test_setup(replace_leaves_alone_what_is_not_ours, clean),
		cmocka_unit_test_setup(replace_puts_nothing_wrong_in_place, clean),
		cmocka_unit_test_setup(replace_says_what_cannot_be_written, clean),
		cmocka_unit_test_setup(replace_tries_a_failed_reload_again, clean),
		cmocka_unit_test_setup(replace_knows_of_a_reload_that_never_ended, clean),
		cmocka_unit_test_setup(replace_leaves_the_reload_to_the_path_unit, clean),
		cmocka_unit_test_setup(replace_prunes_without_anything_else, clean),
		cmocka_unit_test_setup(replace_state_of_nothing, clean),
	};
	return cmocka_run_group_tests_name("replace", tests, start, stop);
}
