/* SPDX-License-Identifier: MIT */
/* Delivery lines of real servers, where a collection of them lies beside the sources. */
#include <dirent.h>
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/monitor/ingest/reading.h"

#define HEAD "Jan  2 03:04:05 mta1 postfix/smtp[1]: "

struct walk {
	struct reading reading;
	regex_t delivery;
	size_t deliveries;
	size_t probes;
};

/* Some lines stand alone, some are what a test of others holds. */
static void make_line(const char *found, const char *at, char line[8192])
{
	const bool whole = strncmp(found, "20", 2) == 0 ||
		(found[0] >= 'A' && found[0] <= 'Z' && found[3] == ' ');
	snprintf(line, 8192, "%s%s", whole ? "" : HEAD, whole ? found : at);
	size_t len = strcspn(line, "\r\n");
	if (!whole && len > 0 && line[len - 1] == '"')
		len--;
	line[len] = '\0';
}

static enum delivery_outcome outcome_of(const char *word)
{
	return strncmp(word, "sent", 4) == 0   ? DELIVERY_DELIVERED
		: strncmp(word, "bou", 3) == 0 ? DELIVERY_BOUNCED
					       : DELIVERY_DEFERRED;
}

static void read_line(struct walk *walk, const char *found)
{
	regmatch_t parts[4];
	char line[8192];

	if (regexec(&walk->delivery, found, 4, parts, 0) != 0)
		return;
	make_line(found, found + parts[1].rm_so, line);
	const char *word = found + parts[3].rm_so;
	if (strncmp(word, "deliverable", 11) == 0 ||
		strncmp(word, "undeliverable", 13) == 0) {
		reading_ignores(&walk->reading, line);
		walk->probes++;
		return;
	}
	walk->reading.len = 0;
	const struct report *report = reading_one(&walk->reading, line);
	const size_t len = (size_t)(parts[2].rm_eo - parts[2].rm_so);
	assert_int_equal(strlen(report->recipient), len);
	assert_memory_equal(report->recipient, found + parts[2].rm_so, len);
	assert_int_equal(report->outcome, outcome_of(word));
	walk->deliveries++;
}

static void read_folder(struct walk *walk, const char *corpora, const char *name)
{
	struct dirent **files;
	char path[4096];
	snprintf(path, sizeof path, "%s/%s", corpora, name);
	const int len = scandir(path, &files, NULL, alphasort);
	for (int i = 0; i < len; i++) {
		char line[8192];
		snprintf(path, sizeof path, "%s/%s/%s", corpora, name, files[i]->d_name);
		FILE *file = fopen(path, "r");
		while (file != NULL && fgets(line, sizeof line, file) != NULL)
			read_line(walk, line);
		if (file != NULL)
			fclose(file);
		free(files[i]);
	}
	if (len >= 0)
		free(files);
}

static void postfix_corpora_are_read(void **state)
{
	static struct walk walk;
	const char *corpora = getenv("MXVIGIL_TEST_CORPORA");
	(void)state;
	if (corpora == NULL)
		skip();
	reading_start(&walk.reading, READER_POSTFIX, NULL);
	assert_int_equal(regcomp(&walk.delivery,
				 "([0-9A-Za-z]{5,}): *to=<([^>]*)>,.* "
				 "status=([A-Za-z]+)",
				 REG_EXTENDED),
		0);
	read_folder(&walk, corpora, "postfix-lines");
	read_folder(&walk, corpora, "postfix-grok/test");
	regfree(&walk.delivery);
	reading_stop(&walk.reading);
	if (walk.deliveries == 0)
		skip();
	print_message("# %zu deliveries, %zu probes\n", walk.deliveries, walk.probes);
	assert_int_equal(walk.reading.rejected_len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(postfix_corpora_are_read)};
	return cmocka_run_group_tests_name("postfix_corpora", tests, NULL, NULL);
}
