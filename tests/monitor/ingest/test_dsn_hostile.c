/* SPDX-License-Identifier: MIT */
/* Mails made to cost time and memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <cmocka.h>

#include "monitor/ingest/dsn.h"
#include "monitor/ingest/report.h"

#define NOW_MS 1773500000000LL
#define BOUND_MS 100 /* CPU time of the worst mail, in a build without instruments */

struct seen {
	struct report last;
	size_t len;
	const char *why;
};

static int on_report(void *owner, const struct report *report)
{
	struct seen *seen = owner;

	seen->last = *report;
	seen->len++;
	return 0;
}

static void read_bytes(const void *message, size_t len, struct seen *ret_seen)
{
	*ret_seen = (struct seen){.why = "not set"};
	assert_int_equal(
		dsn_read(message, len, NOW_MS, on_report, ret_seen, &ret_seen->why), 0);
	assert_true((ret_seen->why == NULL) == (ret_seen->len > 0));
}

static int64_t cpu_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
	return now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static long peak_kib(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return usage.ru_maxrss;
}

/* head, then piece up to len bytes, then tail. */
struct hostile {
	const char *name;
	const char *head;
	const char *piece;
	const char *tail;
	size_t len;
	const char *why; /* NULL: any end is right that comes in time */
};

static const struct hostile hostiles[] = {
	{"100,000 parts", "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\nx\n",
		"", 700000, "more than 100 parts"},
	{"parts in 10 MiB", "Content-Type: multipart/mixed; boundary=b\n\n", "--b\n\n",
		"", DSN_MESSAGE_MAX, "more than 100 parts"},
	{"nested 10,000 deep", "Content-Type: multipart/mixed; boundary=b\n\n",
		"--b\nContent-Type: multipart/mixed; boundary=b\n\n", "", 480000,
		"parts nested more than 8 deep"},
	{"messages in messages", "", "Content-Type: message/rfc822\n\n", "",
		DSN_MESSAGE_MAX, "not a bounce"},
	{"a header of 1 MiB", "Subject: ", "x", "\n\n", 1 << 20,
		"headers of more than 256 KiB"},
	{"a million headers", "", "A: b\n", "\n", 5000000,
		"headers of more than 256 KiB"},
	{"folds", "Subject: a\n", " \n", "\n", 5000000, "headers of more than 256 KiB"},
	{"parameters", "Content-Type: multipart/mixed", "; a*0=b", "\n\n", 250000,
		"not a bounce"},
	{"encoded words", "From: MAILER-DAEMON\nSubject: undeliverable",
		" =?utf-8?Q?=41?=", "\n\n", 250000, NULL},
	{"one line of 10 MiB", "From: MAILER-DAEMON\n\ncould not be delivered ", "a@", "",
		DSN_MESSAGE_MAX, NULL},
	{"boundaries that are none",
		"Content-Type: multipart/mixed; boundary=b\n\n--b\n\n", "--ba\n", "",
		DSN_MESSAGE_MAX, "not a bounce"},
	{"base64 without end",
		"From: MAILER-DAEMON\nSubject: failure notice\n"
		"Content-Transfer-Encoding: base64\n\n",
		"PGtpbUBleGFtcGxlLm9yZz46Cg==\n", "", DSN_MESSAGE_MAX, NULL},
	{"quoted-printable junk",
		"From: MAILER-DAEMON\nSubject: failure notice\n"
		"Content-Transfer-Encoding: quoted-printable\n\n",
		"=\n=zz=3D=", "", DSN_MESSAGE_MAX, NULL},
	{"UTF-7 junk",
		"From: MAILER-DAEMON\nSubject: failure notice\n"
		"Content-Type: text/plain; charset=utf-7\n\n",
		"+AGs-+////", "", DSN_MESSAGE_MAX, NULL},
	{"shifts of ISO-2022-JP",
		"From: MAILER-DAEMON\nSubject: failure notice\n"
		"Content-Type: text/plain; charset=iso-2022-jp\n\n",
		"\033$B\033(B", "", DSN_MESSAGE_MAX, NULL},
	{"no such charset",
		"From: MAILER-DAEMON\nSubject: failure notice\n"
		"Content-Type: text/plain; charset=\"../../etc/passwd\"\n\n",
		"<kim@example.org>: 550 x\n", "", DSN_MESSAGE_MAX, NULL},
	{"recipients in a status", "Content-Type: message/delivery-status\n\n",
		"Final-Recipient: rfc822; kim@example.org\n\n", "", DSN_MESSAGE_MAX,
		NULL},
	{"fields that go on",
		"Content-Type: message/delivery-status\n\nDiagnostic-Code: x\n", " y\n",
		"Final-Recipient: rfc822; kim@example.org\n", 600000, NULL},
	{"escapes", "Content-Type: message/delivery-status\n\nFinal-Recipient: utf-8; ",
		"\\x{41}", "@example.org\n", 600000, NULL},
	{"NULs", "\n", "\0", "", DSN_MESSAGE_MAX, "not a bounce"},
	{"addresses", "From: MAILER-DAEMON\nSubject: failure notice\n\n", "a@b.example ",
		"", DSN_MESSAGE_MAX, NULL},
	{"hashes", "From: MAILER-DAEMON\nSubject: failure notice\n\n<a@b.example>: ",
		"#5.1", "", DSN_MESSAGE_MAX, NULL},
	{"X-Failed-Recipients", "X-Failed-Recipients: a@b.example", ",a@b.example",
		"\n\n", 250000, NULL},
};

static char *build(const struct hostile *hostile, size_t *ret_len)
{
	size_t head = strlen(hostile->head);
	size_t tail = strlen(hostile->tail);
	size_t piece = hostile->piece[0] == '\0' ? 1 : strlen(hostile->piece);
	char *text = malloc(head + hostile->len + tail);

	assert_non_null(text);
	memcpy(text, hostile->head, head);
	for (size_t i = 0; i < hostile->len; i++)
		text[head + i] = hostile->piece[i % piece];
	memcpy(text + head + hostile->len, hostile->tail, tail);
	*ret_len = head + hostile->len + tail;
	return text;
}

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define HAS_SANITIZER 1
#endif
#endif

/* Instruments take their time and their memory. */
static bool is_instrumented(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(HAS_SANITIZER) || !defined(__OPTIMIZE__)
	return true;
#else
	return getenv("LD_PRELOAD") != NULL; /* valgrind */
#endif
}

static void dsn_bounds_time_and_memory(void **state)
{
	int64_t bound = is_instrumented() ? 3000 : BOUND_MS;
	struct seen seen;

	(void)state;
	read_bytes("", 0, &seen); /* the library starts once */
	for (size_t i = 0; i < sizeof hostiles / sizeof hostiles[0]; i++) {
		size_t len;
		char *text = build(&hostiles[i], &len);
		long before_kib = peak_kib();
		int64_t start = cpu_ms();
		read_bytes(text, len, &seen);
		int64_t took = cpu_ms() - start;
		long grew_kib = peak_kib() - before_kib;
		print_message("# %s: %lld ms, %zu reports, %s\n", hostiles[i].name,
			(long long)took, seen.len, seen.why == NULL ? "read" : seen.why);
		assert_true(took <= bound);
		if (!is_instrumented())
			assert_true(grew_kib < 3 * DSN_MESSAGE_MAX / 1024);
		if (hostiles[i].why != NULL)
			assert_string_equal(seen.why, hostiles[i].why);
		free(text);
	}
}

static void dsn_reads_what_fits_of_a_giant(void **state)
{
	static const char head[] =
		"Content-Type: multipart/report; boundary=b\n\n--b\n"
		"Content-Type: message/delivery-status\n\n"
		"Final-Recipient: rfc822; kim@example.org\n"
		"Action: failed\n--b\nContent-Type: message/rfc822\n\n";
	size_t len = DSN_MESSAGE_MAX * 2;
	char *text = malloc(len);
	struct seen seen;

	(void)state;
	assert_non_null(text);
	memset(text, 'x', len);
	memcpy(text, head, sizeof head - 1);
	read_bytes(text, len, &seen);
	assert_int_equal(seen.len, 1);
	assert_string_equal(seen.last.recipient, "kim@example.org");
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dsn_bounds_time_and_memory),
		cmocka_unit_test(dsn_reads_what_fits_of_a_giant),
	};

	return cmocka_run_group_tests_name("dsn_hostile", tests, NULL, NULL);
}
