/* SPDX-License-Identifier: MIT */
/*
 * dsn and reply on labelled mails of many servers, where such a set is at hand: a folder of
 * mails and expectations.tsv (file, number, recipient, status, reply code, reason, ...). Six of
 * ten mails, by a hash of the name, were in view while the code was written; the figures of the
 * others are printed apart, as what may be expected elsewhere.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <cmocka.h>

#include "monitor/ingest/dsn.h"
#include "monitor/ingest/reply.h"
#include "monitor/ingest/reply_rules.h"
#include "monitor/ingest/report.h"

#define NOW_MS 1773500000000LL
#define MAIL_MAX (1 << 20)
#define REPORTS_MAX 32
#define ROWS_MAX 1000
#define FIELD_MAX 200
#define RECIPIENT_MIN 0.97
#define STATUS_MIN 0.97
#define REASON_MIN 0.90

struct row {
	char file[FIELD_MAX];
	char recipient[FIELD_MAX];
	char status[FIELD_MAX];
	char reason[FIELD_MAX];
	char other[FIELD_MAX]; /* where the label's maker is of two minds */
};

struct reading {
	struct report reports[REPORTS_MAX];
	size_t len;
	const char *why;
};

struct share {
	unsigned right;
	unsigned all;
};

/* [0] in view, [1] not. */
struct tally {
	struct share recipient[2];
	struct share status[2];
	struct share reason[2];
	unsigned refused;
	unsigned wrong; /* read, but are no bounces */
};

static struct row rows[ROWS_MAX];
static size_t rows_len;
static struct reply_rules *rules;
static char folder[4096];
static bool is_there;

static int on_report(void *owner, const struct report *report)
{
	struct reading *reading = owner;

	if (reading->len < REPORTS_MAX)
		reading->reports[reading->len++] = *report;
	return 0;
}

static bool is_seen(const char *name)
{
	uint32_t hash = 2166136261;

	for (; *name != '\0'; name++)
		hash = (hash ^ (unsigned char)*name) * 16777619;
	return hash % 10 < 6;
}

/* Lines of a table in tests/data: the value of a key, or NULL. */
static const char *look_up(const char *table, const char *key, char *line, size_t size)
{
	char path[4096];
	size_t key_len = strlen(key);
	const char *value = NULL;

	snprintf(path, sizeof path, "%s/dsn-labels/%s", getenv("MXVIGIL_TEST_DATA"),
		table);
	FILE *file = fopen(path, "r");
	assert_non_null(file);
	while (value == NULL && fgets(line, (int)size, file) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		if (strncmp(line, key, key_len) == 0 && line[key_len] == '\t')
			value = line + key_len + 1;
	}
	fclose(file);
	return value;
}

static uint8_t *load(const char *name, size_t *ret_len)
{
	char path[4096 + FIELD_MAX];
	uint8_t *mail = malloc(MAIL_MAX);

	assert_non_null(mail);
	snprintf(path, sizeof path, "%s/%s", folder, name);
	FILE *file = fopen(path, "rb");
	assert_non_null(file);
	*ret_len = fread(mail, 1, MAIL_MAX, file);
	fclose(file);
	return mail;
}

static void read_mail(const uint8_t *mail, size_t len, struct reading *ret_reading)
{
	*ret_reading = (struct reading){0};
	assert_int_equal(
		dsn_read(mail, len, NOW_MS, on_report, ret_reading, &ret_reading->why),
		0);
}

static void read_file(const char *name, struct reading *ret_reading)
{
	size_t len;
	uint8_t *mail = load(name, &len);

	read_mail(mail, len, ret_reading);
	free(mail);
}

/* The file has: file, number, recipient, status, reply code, reason, action, host, source. The
 * source "test(run:LABEL)" says that the set's own program gives another label. */
static bool read_row(char *line, struct row *row)
{
	char *fields[9];

	for (size_t i = 0; i < 9; i++)
		if ((fields[i] = strsep(&line, "\t")) == NULL)
			return false;
	snprintf(row->file, sizeof row->file, "%s", fields[0]);
	snprintf(row->recipient, sizeof row->recipient, "%s", fields[2]);
	snprintf(row->status, sizeof row->status, "%s", fields[3]);
	snprintf(row->reason, sizeof row->reason, "%s", fields[5]);
	row->other[0] = '\0';
	if (sscanf(fields[8], "test(run:%199[^)]", row->other) != 1)
		row->other[0] = '\0';
	return strcmp(row->file, "file") != 0;
}

static int load_rows(void **state)
{
	char path[4096 + 32];
	char line[8192];
	const char *corpora = getenv("MXVIGIL_TEST_CORPORA");
	struct reply_rules_error error;

	(void)state;
	snprintf(folder, sizeof folder, "%s/dsn-sisimai", corpora == NULL ? "" : corpora);
	snprintf(path, sizeof path, "%s/expectations.tsv", folder);
	FILE *file = fopen(path, "r");
	if (file == NULL)
		return 0;
	while (fgets(line, sizeof line, file) != NULL && rows_len < ROWS_MAX) {
		rows_len += read_row(line, &rows[rows_len]);
	}
	fclose(file);
	is_there = true;
	return reply_rules_create(NULL, &rules, &error);
}

static int free_rules(void **state)
{
	(void)state;
	reply_rules_destroy(rules);
	return 0;
}

static bool is_no_bounce(const struct row *row)
{
	return strcmp(row->reason, "feedback") == 0 ||
		strcmp(row->reason, "vacation") == 0;
}

/* Sisimai makes codes of its own, 5.0.900 and above, for mails that state none. */
static bool is_stated(const char *status)
{
	return status[0] != '-' &&
		!(strncmp(status + 1, ".0.9", 4) == 0 && strlen(status) == 7);
}

static bool is_right_reason(const char *label, enum delivery_reason reason)
{
	char line[512];
	const char *name = reason == REASON_NONE ? "none" : delivery_reason_name(reason);
	const char *accepted = look_up("reasons.tsv", label, line, sizeof line);
	size_t len = strlen(name);

	if (accepted == NULL) {
		fail_msg("label %s is not in the table", label);
		return false;
	}
	for (; *accepted != '\0'; accepted += accepted[0] == ',') {
		size_t word = strcspn(accepted, ",");
		if ((word == len && strncmp(accepted, name, len) == 0) ||
			(word == 3 && strncmp(accepted, "any", 3) == 0))
			return true;
		accepted += word;
	}
	return false;
}

static void count(struct share *share, bool right, const struct row *row,
	const char *what, const char *got)
{
	share->all++;
	share->right += right;
	/* What is not in view stays so. */
	if (!right && is_seen(row->file))
		print_message("# %s: %s of %s is %s, expected %s\n", row->file, what,
			row->recipient, got,
			strcmp(what, "reason") == 0 ? row->reason
				: what[0] == 's'    ? row->status
						    : row->recipient);
}

static void judge_row(const struct row *row, struct tally *tally)
{
	struct reading reading;
	const struct report *report = NULL;
	struct reply_verdict verdict;
	size_t part = !is_seen(row->file);

	read_file(row->file, &reading);
	for (size_t i = 0; i < reading.len && report == NULL; i++)
		if (strcasecmp(reading.reports[i].recipient, row->recipient) == 0)
			report = &reading.reports[i];
	count(&tally->recipient[part], report != NULL, row, "recipient",
		reading.len > 0 ? reading.reports[0].recipient : reading.why);
	if (report == NULL)
		return;
	reply_judge(rules, report, &verdict);
	if (is_stated(row->status))
		count(&tally->status[part], strcmp(verdict.status, row->status) == 0, row,
			"status", verdict.status);
	bool right = is_right_reason(row->reason, verdict.reason) ||
		(row->other[0] != '\0' && is_right_reason(row->other, verdict.reason));
	count(&tally->reason[part], right, row, "reason",
		delivery_reason_name(verdict.reason));
}

static double show(const char *what, const struct share *shares)
{
	unsigned right = shares[0].right + shares[1].right;
	unsigned all = shares[0].all + shares[1].all;

	assert_true(all > 0);
	print_message("# %s: %u of %u right (%.1f %%); of those not seen before %u of %u "
		      "(%.1f %%)\n",
		what, right, all, 100.0 * right / all, shares[1].right, shares[1].all,
		shares[1].all == 0 ? 0.0 : 100.0 * shares[1].right / shares[1].all);
	return (double)right / all;
}

static void dsn_agrees_with_the_labels(void **state)
{
	struct tally tally = {0};
	char line[512];

	(void)state;
	if (!is_there)
		skip();
	for (size_t i = 0; i < rows_len; i++)
		if (rows[i].recipient[0] != '-' && !is_no_bounce(&rows[i]) &&
			look_up("excluded.tsv", rows[i].file, line, sizeof line) == NULL)
			judge_row(&rows[i], &tally);
	double recipient = show("recipient", tally.recipient);
	double status = show("status", tally.status);
	double reason = show("reason", tally.reason);
	assert_true(recipient >= RECIPIENT_MIN);
	assert_true(status >= STATUS_MIN);
	assert_true(reason >= REASON_MIN);
}

static void dsn_refuses_complaints_and_automatic_replies(void **state)
{
	unsigned refused = 0;

	(void)state;
	if (!is_there)
		skip();
	for (size_t i = 0; i < rows_len; i++) {
		struct reading reading;
		if (!is_no_bounce(&rows[i]))
			continue;
		read_file(rows[i].file, &reading);
		if (reading.len > 0)
			fail_msg("%s: taken for a bounce", rows[i].file);
		assert_non_null(reading.why);
		refused++;
	}
	print_message("# %u refused\n", refused);
	assert_true(refused > 0);
}

/* The mail with LF, whatever it has, and then with another end. */
static size_t twin(const uint8_t *mail, size_t len, const char *end, uint8_t *to)
{
	size_t used = 0;

	for (size_t i = 0; i < len; i++) {
		if (mail[i] == '\r')
			continue;
		if (mail[i] != '\n') {
			to[used++] = mail[i];
			continue;
		}
		for (const char *c = end; *c != '\0'; c++)
			to[used++] = (uint8_t)*c;
	}
	return used;
}

static bool is_same(const struct reading *one, const struct reading *other)
{
	for (size_t i = 0; i < one->len && one->len == other->len; i++) {
		const struct report *a = &one->reports[i];
		const struct report *b = &other->reports[i];
		if (strcmp(a->recipient, b->recipient) != 0 ||
			strcmp(a->original, b->original) != 0 ||
			strcmp(a->status, b->status) != 0 ||
			strcmp(a->text, b->text) != 0 ||
			strcmp(a->relay_host, b->relay_host) != 0 ||
			strcmp(a->relay_ip, b->relay_ip) != 0 ||
			strcmp(a->id, b->id) != 0 ||
			strcmp(a->missing_name, b->missing_name) != 0 || a->at != b->at ||
			a->code != b->code || a->outcome != b->outcome ||
			a->origin != b->origin || a->stage != b->stage)
			return false;
	}
	return one->len == other->len && one->why == other->why;
}

static void assert_twins(const char *name, const uint8_t *mail, size_t len)
{
	static const char *const ends[] = {"\n", "\r\n", "\r"};
	uint8_t *other = malloc(len * 2 + 1);
	struct reading readings[3];

	assert_non_null(other);
	for (size_t i = 0; i < 3; i++) {
		read_mail(other, twin(mail, len, ends[i], other), &readings[i]);
		if (!is_same(&readings[0], &readings[i]))
			fail_msg("%s: reads otherwise with another line end", name);
	}
	free(other);
}

static void dsn_reads_twins_of_the_set_alike(void **state)
{
	(void)state;
	if (!is_there)
		skip();
	for (size_t i = 0; i < rows_len; i++) {
		size_t len;
		uint8_t *mail = load(rows[i].file, &len);
		assert_twins(rows[i].file, mail, len);
		free(mail);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(dsn_agrees_with_the_labels),
		cmocka_unit_test(dsn_refuses_complaints_and_automatic_replies),
		cmocka_unit_test(dsn_reads_twins_of_the_set_alike),
	};

	return cmocka_run_group_tests_name("dsn_corpus", tests, load_rows, free_rules);
}
