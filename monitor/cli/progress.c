/* SPDX-License-Identifier: MIT */
#include "monitor/cli/progress.h"

#include <stdio.h>
#include <unistd.h>

#include "monitor/clock.h"
#include "monitor/describe.h"

#define QUIET_MS 1000 /* work shorter than this shows nothing */
#define EVERY_MS 200

void progress_start(struct progress *progress, const char *what)
{
	*progress = (struct progress){.what = what, .wanted = isatty(STDERR_FILENO) == 1};
	if (progress->wanted)
		progress->started_mono_ms = progress->last_mono_ms = clock_mono_ms();
}

void progress_show(struct progress *progress, uint64_t done, double share)
{
	char count[DESCRIBE_TEXT_MAX];
	char rate[DESCRIBE_TEXT_MAX];
	char left[DESCRIBE_TEXT_MAX];
	uint64_t now;
	uint64_t spent;

	/* a clock read for each of a million items would be felt */
	if (!progress->wanted || done % 64 != 0)
		return;
	now = clock_mono_ms();
	spent = now - progress->started_mono_ms;
	if (spent < QUIET_MS || now - progress->last_mono_ms < EVERY_MS)
		return;
	progress->last_mono_ms = now;
	progress->shown = true;
	fprintf(stderr, "\r\033[K%s %s, %s/s", describe_count(done, count),
		progress->what, describe_count(done * 1000 / spent, rate));
	if (share > 0 && share <= 1)
		fprintf(stderr, ", %d %%, %s left", (int)(share * 100),
			describe_duration(
				(int64_t)((double)spent * (1 - share) / share), left));
	fflush(stderr);
}

void progress_end(struct progress *progress)
{
	if (progress->shown)
		fputs("\r\033[K", stderr);
	progress->shown = false;
}
