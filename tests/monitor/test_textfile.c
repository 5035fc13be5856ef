/* SPDX-License-Identifier: MIT */
#include <errno.h>
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

#include "monitor/textfile.h"
#include "tests/fake/memory.h"

static void textfile_reads_a_whole_file(void **state)
{
	char path[] = "/tmp/mxvigil-textfile-XXXXXX";
	int fd = mkstemp(path);
	char *text = NULL;
	size_t len = 0;

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(textfile_read(path, 3, &text, &len), 0);
	assert_int_equal(len, 0);
	free(text);
	assert_int_equal(write(fd, "a\0b", 3), 3);
	assert_int_equal(textfile_read(path, 3, &text, &len), 0);
	assert_int_equal(len, 3);
	assert_memory_equal(text, "a\0b", 3);
	free(text);
	assert_int_equal(textfile_read(path, 2, &text, &len), -EFBIG);
	memory_fail_after(0);
	assert_int_equal(textfile_read(path, 3, &text, &len), -ENOMEM);
	memory_stop_failing();
	close(fd);
	unlink(path);
}

static void textfile_refuses_what_is_no_file(void **state)
{
	char path[] = "/tmp/mxvigil-textfile-XXXXXX";
	char *text = NULL;
	size_t len = 0;
	int fd = mkstemp(path);

	(void)state;
	close(fd);
	unlink(path);
	assert_int_equal(textfile_read(path, 9, &text, &len), -ENOENT);
	assert_int_equal(textfile_read("/tmp", 9, &text, &len), -EISDIR);
	assert_int_equal(mkfifo(path, 0600), 0);
	assert_int_equal(textfile_read(path, 9, &text, &len), -EINVAL);
	unlink(path);
}

static void textfile_gives_lines_without_their_ends(void **state)
{
	static const char text[] = "one\r\n\n two \nlast";
	static const char *const expected[] = {"one", "", " two ", "last"};
	struct textfile_lines lines = {.next = text, .end = text + sizeof text - 1};
	const char *line;
	size_t len;

	(void)state;
	for (unsigned i = 0; i < 4; i++) {
		assert_true(textfile_next_line(&lines, &line, &len));
		assert_int_equal(lines.number, i + 1);
		assert_int_equal(len, strlen(expected[i]));
		assert_memory_equal(line, expected[i], len);
	}
	assert_false(textfile_next_line(&lines, &line, &len));
	lines = (struct textfile_lines){.next = text, .end = text};
	assert_false(textfile_next_line(&lines, &line, &len));
}

static void textfile_says_where_and_what(void **state)
{
	struct textfile_error error = {.line = 0};
	char longer[200];

	(void)state;
	assert_int_equal(textfile_refuse(&error, "/a", 7, "x\x1b\"", 3, "a y"), -EINVAL);
	assert_int_equal(error.line, 7);
	assert_string_equal(error.text, "/a:7: found \"x\\x1b\\\"\", expected a y");
	memset(longer, 'z', sizeof longer);
	assert_int_equal(
		textfile_refuse(&error, "/a", 8, longer, sizeof longer, "b"), -EINVAL);
	assert_int_equal(strlen(error.text), strlen("/a:8: found \"\", expected b") + 60);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(textfile_reads_a_whole_file),
		cmocka_unit_test(textfile_refuses_what_is_no_file),
		cmocka_unit_test(textfile_gives_lines_without_their_ends),
		cmocka_unit_test(textfile_says_where_and_what),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
