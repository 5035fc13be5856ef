/* SPDX-License-Identifier: MIT */
#include "tests/monitor/ingest/journal_lab.h"

#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/ingest/journal.h"
#include "monitor/ingest/journal_source.h"
#include "monitor/ingest/reply_rules.h"
#include "monitor/log.h"
#include "monitor/operators.h"

#define REMOTE "/lib/systemd/systemd-journal-remote"

int journal_lab_setup(void **state)
{
	struct journal_lab *lab = calloc(1, sizeof *lab);
	void *fixture = NULL;
	struct reply_rules_error error;
	struct operators_error why;
	log_set_level(LOG_LEVEL_ERR);
	signal(SIGPIPE, SIG_IGN);
	if (lab == NULL || fixture_setup(&fixture) != 0 ||
		reply_rules_create(NULL, &lab->rules, &error) != 0 ||
		operators_create(NULL, NULL, &lab->operators, &why) != 0)
		return -1;
	lab->fixture = fixture;
	lab->now = T0;
	snprintf(lab->dir, sizeof lab->dir, "%s/journal", lab->fixture->dir);
	snprintf(lab->live, sizeof lab->live, "%s/x.journal", lab->dir);
	*state = lab;
	return mkdir(lab->dir, 0700);
}

/* The files whose name has the prefix. */
void journal_lab_remove(const struct journal_lab *lab, const char *prefix)
{
	char path[512];
	const struct dirent *entry;
	DIR *listing = opendir(lab->dir);
	while (listing != NULL && (entry = readdir(listing)) != NULL) {
		snprintf(path, sizeof path, "%s/%s", lab->dir, entry->d_name);
		if (entry->d_name[0] != '.' &&
			strncmp(entry->d_name, prefix, strlen(prefix)) == 0)
			remove(path);
	}
	if (listing != NULL)
		closedir(listing);
}

int journal_lab_teardown(void **state)
{
	struct journal_lab *lab = *state;
	void *fixture = lab->fixture;
	journal_source_destroy(lab->source);
	journal_destroy(lab->journal);
	reply_rules_destroy(lab->rules);
	operators_destroy(lab->operators);
	journal_lab_remove(lab, "");
	rmdir(lab->dir);
	int result = fixture_teardown(&fixture);
	free(lab);
	return result;
}

/* --- writing --- */

void journal_lab_begin(struct journal_lab *lab)
{
	char command[256];
	if (access(REMOTE, X_OK) != 0)
		skip();
	snprintf(command, sizeof command, REMOTE " --output=%s - 2>/dev/null", lab->live);
	lab->out = popen(command, "we");
	assert_non_null(lab->out);
}

void journal_lab_end(struct journal_lab *lab)
{
	assert_int_equal(pclose(lab->out), 0);
	lab->out = NULL;
}

/* One entry a second, all of one boot. */
void journal_lab_head(struct journal_lab *lab, const char *unit, const char *identifier)
{
	const int64_t us = (int64_t)lab->entries++ * 1000000;
	lab->now = T0 + us / 1000;
	fprintf(lab->out,
		"__REALTIME_TIMESTAMP=%" PRId64 "\n__MONOTONIC_TIMESTAMP=%" PRId64 "\n"
		"_BOOT_ID=0123456789abcdef0123456789abcdef\n"
		"_SYSTEMD_UNIT=%s\nSYSLOG_IDENTIFIER=%s\nSYSLOG_PID=7\n",
		T0 * 1000 + us, us + 1, unit, identifier);
}

void journal_lab_text(struct journal_lab *lab, const char *unit, const char *identifier,
	const char *text)
{
	journal_lab_head(lab, unit, identifier);
	fprintf(lab->out, "MESSAGE=%s\n\n", text);
}

void journal_lab_bytes(struct journal_lab *lab, const void *bytes, size_t len)
{
	journal_lab_head(lab, UNIT, "postfix/smtp");
	fputs("MESSAGE\n", lab->out);
	for (int i = 0; i < 8; i++)
		fputc((int)(len >> (8 * i) & 0xff), lab->out);
	fwrite(bytes, 1, len, lab->out);
	fputs("\n\n", lab->out);
}

void journal_lab_delivery(struct journal_lab *lab)
{
	char text[256];
	const int number = lab->written++;
	snprintf(text, sizeof text,
		"4ABCDE%05X: to=<u%d@a.example>, relay=mx.a.example[192.0.2.1]:25, "
		"delay=1, delays=0/0/0/1, dsn=2.0.0, status=sent (250 ok)",
		(unsigned)number, number);
	journal_lab_text(lab, UNIT, "postfix/smtp", text);
}

void journal_lab_deliver(struct journal_lab *lab, int count)
{
	journal_lab_begin(lab);
	for (int i = 0; i < count; i++)
		journal_lab_delivery(lab);
	journal_lab_end(lab);
}

/* The file gets another name, the next entry a new file. */
void journal_lab_archive(struct journal_lab *lab)
{
	char path[160];
	snprintf(path, sizeof path, "%s/old@%d.journal", lab->dir, lab->archived++);
	assert_int_equal(rename(lab->live, path), 0);
}

void journal_lab_vacuum(const struct journal_lab *lab)
{
	journal_lab_remove(lab, "old@");
}
