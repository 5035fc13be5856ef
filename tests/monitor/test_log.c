/* SPDX-License-Identifier: MIT */
#include <pthread.h>
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

#include "monitor/log.h"
#include "storage/instant.h"

/* Standard error as a socket of packets: each write arrives as one. */
struct capture {
	int fds[2];
	int saved;
	char text[8192]; /* of the last packet */
	size_t len;
};

static void start(struct capture *capture)
{
	assert_int_equal(
		socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, capture->fds), 0);
	capture->saved = dup(STDERR_FILENO);
	assert_true(capture->saved >= 0);
	assert_true(dup2(capture->fds[1], STDERR_FILENO) >= 0);
}

static void stop(struct capture *capture)
{
	dup2(capture->saved, STDERR_FILENO);
	close(capture->saved);
	close(capture->fds[0]);
	close(capture->fds[1]);
}

/* Whether a packet has come; it stands in text then. */
static bool take(struct capture *capture, int flags)
{
	ssize_t len =
		recv(capture->fds[0], capture->text, sizeof capture->text - 1, flags);

	if (len < 0)
		return false;
	capture->len = (size_t)len;
	capture->text[len] = '\0';
	return true;
}

static bool receive(struct capture *capture)
{
	return take(capture, MSG_DONTWAIT);
}

/* What follows the instant; fails where there is none. */
static const char *after_instant(struct capture *capture)
{
	char *space = strchr(capture->text, ' ');
	int64_t at;

	assert_non_null(space);
	*space = '\0';
	assert_int_equal(instant_parse(capture->text, 0, NULL, &at), 0);
	*space = ' ';
	return space + 1;
}

static void log_writes_one_line_an_event(void **state)
{
	struct capture capture;

	(void)state;
	start(&capture);
	log_info("store", "opened path=%s pages=%d", "/tmp/x", 12);
	assert_true(receive(&capture));
	assert_string_equal(
		after_instant(&capture), "info store: opened path=/tmp/x pages=12\n");
	assert_false(receive(&capture)); /* in one write */
	log_err("a", "b");
	assert_true(receive(&capture));
	assert_string_equal(after_instant(&capture), "err a: b\n");
	log_warn("a", "%s", "");
	assert_true(receive(&capture));
	assert_string_equal(after_instant(&capture), "warn a: \n");
	stop(&capture);
}

static void log_drops_what_is_below_its_level(void **state)
{
	static const char *const names[] = {"err ", "warn ", "info ", "debug "};
	struct capture capture;

	(void)state;
	start(&capture);
	log_debug("a", "b"); /* the default is info */
	assert_false(receive(&capture));
	for (int most = LOG_LEVEL_ERR; most <= LOG_LEVEL_DEBUG; most++) {
		log_set_level((enum log_level)most);
		log_err("a", "b");
		log_warn("a", "b");
		log_info("a", "b");
		log_debug("a", "b");
		for (int level = 0; level <= most; level++) {
			assert_true(receive(&capture));
			assert_int_equal(strncmp(after_instant(&capture), names[level],
						 strlen(names[level])),
				0);
		}
		assert_false(receive(&capture));
	}
	log_set_level(LOG_LEVEL_INFO);
	stop(&capture);
}

static void log_cuts_lines_that_are_too_long(void **state)
{
	char *text = malloc(100001);
	struct capture capture;

	(void)state;
	assert_non_null(text);
	start(&capture);
	/* over every length around the cut */
	for (size_t len = 4000; len < 4200; len++) {
		memset(text, 'x', len);
		text[len] = '\0';
		log_info("m", "%s", text);
		assert_true(receive(&capture));
		assert_true(capture.len <= 4096);
		assert_int_equal(capture.text[capture.len - 1], '\n');
		assert_int_equal(capture.text[capture.len - 2], 'x');
		assert_int_equal(strlen(capture.text), capture.len);
		assert_true(capture.len > 4000);
	}
	memset(text, 'x', 100000);
	text[100000] = '\0';
	log_info("m", "%s", text);
	assert_true(receive(&capture));
	assert_true(capture.len <= 4096);
	assert_false(receive(&capture));
	log_info(text, "x");
	assert_true(receive(&capture));
	assert_true(capture.len <= 4096);
	assert_int_equal(capture.text[capture.len - 1], '\n');
	stop(&capture);
	free(text);
}

static void log_quotes_foreign_text(void **state)
{
	(void)state;
	assert_string_equal(log_quote(""), "\"\"");
	assert_string_equal(log_quote("plain text"), "\"plain text\"");
	assert_string_equal(log_quote("a\"b\\c"), "\"a\\\"b\\\\c\"");
	assert_null(strchr(log_quote("a\nerr store: all is lost"), '\n'));
	assert_null(strchr(log_quote("\x1b[2J"), '\x1b'));
	assert_null(
		strstr(log_quote("\xe2\x80\xae"), "\xe2\x80\xae")); /* bidi override */
	assert_null(strchr(log_quote("\xff"), '\xff'));
	assert_string_equal(
		log_quote("m\xc3\xbcnchen.example"), "\"m\xc3\xbcnchen.example\"");
}

/* Whatever the bytes, what comes out is one quoted word without control bytes. */
static void log_quotes_every_byte(void **state)
{
	char text[1001];

	(void)state;
	for (unsigned byte = 1; byte < 256; byte++) {
		const char *quoted;
		size_t len;

		memset(text, (int)byte, sizeof text - 1);
		text[sizeof text - 1] = '\0';
		quoted = log_quote(text);
		len = strlen(quoted);
		assert_in_range(len, 100, 900);
		assert_int_equal(quoted[0], '"');
		assert_int_equal(quoted[len - 1], '"');
		for (size_t i = 1; i < len - 1; i++) {
			assert_in_range(quoted[i], ' ', '~');
			assert_true(quoted[i] != '"' || quoted[i - 1] == '\\');
		}
	}
}

static void log_quotes_four_texts_in_one_line(void **state)
{
	struct capture capture;

	(void)state;
	start(&capture);
	log_info("m", "%s %s %s %s", log_quote("a"), log_quote("b"), log_quote("c"),
		log_quote("d"));
	assert_true(receive(&capture));
	assert_string_equal(after_instant(&capture), "info m: \"a\" \"b\" \"c\" \"d\"\n");
	stop(&capture);
}

static void *write_lines(void *owner)
{
	const char *name = owner;

	for (int i = 0; i < 50; i++)
		log_info("thread", "%s", log_quote(name));
	return NULL;
}

/* Two threads do not mix their lines, nor their buffers of quotes. */
static void log_keeps_threads_apart(void **state)
{
	static char names[2][190];
	struct capture capture;
	pthread_t threads[2];
	size_t lines = 0;

	(void)state;
	start(&capture);
	for (size_t i = 0; i < 2; i++) {
		memset(names[i], 'a' + (int)i, sizeof names[i] - 1);
		assert_int_equal(
			pthread_create(&threads[i], NULL, write_lines, names[i]), 0);
	}
	while (lines < 100) {
		const char *quoted;

		assert_true(take(&capture, 0));
		lines++;
		quoted = strchr(after_instant(&capture), '"');
		assert_non_null(quoted);
		assert_int_equal(strspn(quoted + 1, quoted[1] == 'a' ? "a" : "b"), 189);
		assert_string_equal(quoted + 190, "\"\n");
	}
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	stop(&capture);
}

/* Nobody reads any more: the daemon goes on. */
static void log_survives_a_closed_standard_error(void **state)
{
	int saved = dup(STDERR_FILENO);

	(void)state;
	close(STDERR_FILENO);
	log_err("m", "nobody reads this");
	assert_int_equal(dup2(saved, STDERR_FILENO), STDERR_FILENO);
	close(saved);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(log_writes_one_line_an_event),
		cmocka_unit_test(log_drops_what_is_below_its_level),
		cmocka_unit_test(log_cuts_lines_that_are_too_long),
		cmocka_unit_test(log_quotes_foreign_text),
		cmocka_unit_test(log_quotes_every_byte),
		cmocka_unit_test(log_quotes_four_texts_in_one_line),
		cmocka_unit_test(log_keeps_threads_apart),
		cmocka_unit_test(log_survives_a_closed_standard_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
