/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/ingest/mimepart.h"

/* The parts as "type|encoding|body" lines. */
struct seen {
	char text[4096];
	unsigned parts;
};

static int on_part(void *owner, const struct mimepart *part)
{
	struct seen *seen = owner;
	size_t used = strlen(seen->text);

	snprintf(seen->text + used, sizeof seen->text - used, "%s|%s|%.*s\n", part->type,
		part->encoding, (int)(part->body_len < 200 ? part->body_len : 200),
		part->body);
	seen->parts++;
	return 0;
}

static const char *walk(const char *text, struct seen *ret_seen)
{
	const char *why = "not set";

	*ret_seen = (struct seen){0};
	assert_int_equal(mimepart_walk(text, strlen(text), on_part, ret_seen, &why), 0);
	return why;
}

static void mimepart_normalise_knows_every_line_end(void **state)
{
	static const uint8_t mixed[] = "a\r\nb\rc\nd\r\r\ne\r\n\r\n\0x";
	char text[sizeof mixed];
	size_t len = mimepart_normalise(mixed, sizeof mixed - 1, text);

	(void)state;
	text[len] = '\0';
	assert_string_equal(text, "a\nb\nc\nd\ne\n\n x");
}

static void mimepart_gives_a_plain_mail_whole(void **state)
{
	struct seen seen;

	(void)state;
	assert_null(walk("Subject: a\n\nbody\n--x\n", &seen));
	assert_string_equal(seen.text, "text/plain||body\n--x\n\n");
	assert_null(walk("", &seen));
	assert_int_equal(seen.parts, 1);
}

static void mimepart_gives_leaves_in_order(void **state)
{
	struct seen seen;

	(void)state;
	assert_null(walk(
		"Content-Type: Multipart/Mixed; x=\"a;b\";\n boundary=\"o \\\"1\"\n\n"
		"preamble\n--o \"1\n"
		"Content-Type: multipart/alternative; boundary=i\n\n"
		"--i\n\none\n--i  \nContent-Type: text/HTML\n"
		"content-transfer-encoding: BASE64\n\ntwo\n--i--\nepilogue\n"
		"--o \"1\nContent-Type: message/rfc822\n\nContent-Type: "
		"multipart/mixed; boundary=z\n\n--z\n--o \"1--\nend\n",
		&seen));
	assert_string_equal(seen.text,
		"text/plain||one\n\n"
		"text/html|base64|two\n\n"
		"message/rfc822||Content-Type: multipart/mixed; boundary=z\n\n--z\n\n");
}

static void mimepart_takes_odd_boundaries_one_way(void **state)
{
	struct seen seen;

	(void)state;
	/* The same boundary twice: the innermost counts, and its end ends one level. */
	assert_null(walk("Content-Type: multipart/mixed; boundary=b\n\n--b\n"
			 "Content-Type: multipart/mixed; boundary=b\n\n--b\n\nx\n--b--\n"
			 "--b\n\ny\n",
		&seen));
	assert_string_equal(seen.text, "text/plain||x\n\ntext/plain||y\n\n");
	/* None, empty, or one that does not occur: plain text. */
	assert_null(walk("Content-Type: multipart/mixed\n\nx\n", &seen));
	assert_string_equal(seen.text, "text/plain||x\n\n");
	assert_null(
		walk("Content-Type: multipart/mixed; boundary=\"\"\n\n--\nx\n", &seen));
	assert_string_equal(seen.text, "text/plain||--\nx\n\n");
	assert_null(walk("Content-Type: multipart/mixed; boundary=q\n\n--r\nx\n", &seen));
	assert_string_equal(seen.text, "text/plain||--r\nx\n\n");
	/* Longer lines are no boundaries; a missing end is the end of the mail. */
	assert_null(walk(
		"Content-Type: multipart/mixed; boundary=q\n\n--q\n\n--qq\n--q-", &seen));
	assert_string_equal(seen.text, "text/plain||--qq\n--q-\n");
	/* A boundary ends headers too. */
	assert_null(
		walk("Content-Type: multipart/mixed; boundary=q\n\n--q\nA: b\n--q\n\nx",
			&seen));
	assert_string_equal(seen.text, "text/plain||\ntext/plain||x\n");
}

static char *repeat(const char *head, const char *piece, size_t times)
{
	size_t piece_len = strlen(piece);
	size_t head_len = strlen(head);
	char *text = malloc(head_len + piece_len * times + 1);

	assert_non_null(text);
	memcpy(text, head, head_len);
	for (size_t i = 0; i < times; i++)
		memcpy(text + head_len + i * piece_len, piece, piece_len);
	text[head_len + piece_len * times] = '\0';
	return text;
}

static const char *walk_repeated(
	const char *head, const char *piece, size_t times, unsigned *ret_parts)
{
	struct seen seen;
	char *text = repeat(head, piece, times);
	const char *why = walk(text, &seen);

	*ret_parts = seen.parts;
	free(text);
	return why;
}

static void mimepart_refuses_beyond_its_limits(void **state)
{
	static const char mixed[] = "Content-Type: multipart/mixed; boundary=b\n\n";
	unsigned parts;

	(void)state;
	assert_null(walk_repeated(mixed, "--b\n\nx\n", MIMEPART_PARTS_MAX, &parts));
	assert_int_equal(parts, MIMEPART_PARTS_MAX);
	/* Nothing of a mail that is refused was given. */
	assert_string_equal(
		walk_repeated(mixed, "--b\n\nx\n", MIMEPART_PARTS_MAX + 1, &parts),
		"more than 100 parts");
	assert_int_equal(parts, 0);
	assert_null(
		walk_repeated(mixed, "--b\nContent-Type: multipart/mixed; boundary=b\n\n",
			MIMEPART_DEPTH_MAX - 1, &parts));
	assert_string_equal(
		walk_repeated(mixed, "--b\nContent-Type: multipart/mixed; boundary=b\n\n",
			MIMEPART_DEPTH_MAX, &parts),
		"parts nested more than 8 deep");
	assert_null(walk_repeated("", "A: b\n", MIMEPART_HEADERS_MAX, &parts));
	assert_string_equal(walk_repeated("", "A: b\n", MIMEPART_HEADERS_MAX + 1, &parts),
		"more than 1000 headers");
	assert_string_equal(walk_repeated("A: b\n", " c\n", 100000, &parts),
		"headers of more than 256 KiB");
	assert_string_equal(walk_repeated("A:", "x", 1 << 20, &parts),
		"headers of more than 256 KiB");
}

static int stop(void *owner, const struct mimepart *part)
{
	(void)owner;
	(void)part;
	return 7;
}

static void mimepart_stops_when_told(void **state)
{
	const char *why = "";

	(void)state;
	assert_int_equal(mimepart_walk("\nx", 2, stop, NULL, &why), 7);
	assert_null(why);
}

static void mimepart_header_undoes_folds(void **state)
{
	static const char header[] = "To-Do: no\nTO : a,\n\tb \n  c\nTo: second\nX:\n\n";
	char value[16];
	size_t len = sizeof header - 1;

	(void)state;
	assert_int_equal(mimepart_header_length(header, len), len);
	assert_int_equal(mimepart_header(header, len, "To", value, sizeof value), 6);
	assert_string_equal(value, "a, b c");
	assert_int_equal(mimepart_header(header, len, "X", value, sizeof value), 0);
	assert_int_equal(mimepart_header(header, len, "Cc", value, sizeof value), 0);
	assert_string_equal(value, "");
	assert_int_equal(mimepart_header(header, len, "to", value, 5), 4);
	assert_string_equal(value, "a, b");
}

static void mimepart_parameter_undoes_quotes(void **state)
{
	static const char value[] = "a/b; one; two = \"x\\\"; y=z\" ;Y=w; three=\"open";
	char text[32];

	(void)state;
	assert_int_equal(mimepart_parameter(value, "two", text, sizeof text), 7);
	assert_string_equal(text, "x\"; y=z");
	mimepart_parameter(value, "y", text, sizeof text);
	assert_string_equal(text, "w");
	mimepart_parameter(value, "three", text, sizeof text);
	assert_string_equal(text, "open");
	assert_int_equal(mimepart_parameter(value, "one", text, sizeof text), 0);
	assert_int_equal(mimepart_parameter("a/b", "one", text, sizeof text), 0);
	mimepart_parameter(value, "two", text, 3);
	assert_string_equal(text, "x\"");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(mimepart_normalise_knows_every_line_end),
		cmocka_unit_test(mimepart_gives_a_plain_mail_whole),
		cmocka_unit_test(mimepart_gives_leaves_in_order),
		cmocka_unit_test(mimepart_takes_odd_boundaries_one_way),
		cmocka_unit_test(mimepart_refuses_beyond_its_limits),
		cmocka_unit_test(mimepart_stops_when_told),
		cmocka_unit_test(mimepart_header_undoes_folds),
		cmocka_unit_test(mimepart_parameter_undoes_quotes),
	};

	return cmocka_run_group_tests_name("mimepart", tests, NULL, NULL);
}
