/* SPDX-License-Identifier: MIT */
/* Reads a Postfix log into tallies per outcome. usage: bench_postfix FILE
 * Prints lines, reports by outcome, unjoined expiries, and seconds, a word and a number a line. */
#include <err.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "monitor/ingest/reader.h"

#define CHUNK (1 << 18)

static void on_report(void *owner, const struct report *report)
{
	uint64_t *tallies = owner;
	tallies[report->outcome] += report->count;
}

static void on_rejected(void *owner, const struct reader_rejected *rejected)
{
	(void)owner;
	warnx("line %" PRIu64 ": %s: %s", rejected->line, rejected->why, rejected->shown);
}

static void read_all(int fd, struct reader *reader)
{
	char *chunk = malloc(CHUNK);
	ssize_t len;
	if (chunk == NULL)
		err(1, "malloc");
	while ((len = read(fd, chunk, CHUNK)) > 0)
		reader_feed(reader, chunk, (size_t)len);
	if (len < 0)
		err(1, "read");
	reader_end(reader);
	free(chunk);
}

static double seconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	uint64_t tallies[DELIVERY_EXPIRED + 1] = {0};
	const struct reader_sink sink = {
		.owner = tallies, .on_report = on_report, .on_rejected = on_rejected};
	struct reader *reader;
	struct stat status;

	if (argc != 2)
		errx(2, "usage: %s FILE", argv[0]);
	const int fd = open(argv[1], O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status) < 0)
		err(1, "%s", argv[1]);
	const struct reader_options options = {
		.reference_at = (int64_t)status.st_mtime * 1000};
	if (reader_create(READER_POSTFIX, &options, &sink, &reader) < 0)
		errx(1, "no reader");
	const double before = seconds();
	read_all(fd, reader);
	const double took = seconds() - before;
	const struct reader_counts *counts = reader_counts(reader);
	printf("lines %" PRIu64 "\nrejected %" PRIu64 "\nunjoined %" PRIu64 "\n",
		counts->lines, counts->rejected, counts->unjoined);
	for (int i = DELIVERY_DELIVERED; i <= DELIVERY_EXPIRED; i++)
		printf("%s %" PRIu64 "\n",
			delivery_outcome_name((enum delivery_outcome)i), tallies[i]);
	printf("seconds %.3f\n", took);
	reader_destroy(reader);
	close(fd);
	return 0;
}
