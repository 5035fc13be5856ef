/* SPDX-License-Identifier: MIT */
#include "monitor/cli/detector.h"

#include <string.h>

#include "monitor/casebook.h"
#include "monitor/clock.h"
#include "monitor/roster.h"

enum cli_status detector_open(struct cli *cli, struct casebook **ret_casebook)
{
	const struct roster_sources sources = {.conf = &cli->conf, .store = cli->store};
	const int64_t now = clock_read().wall_ms;
	struct casebook *casebook;
	struct roster *roster;
	int err = casebook_create(cli->store, &cli->conf, now, &casebook);

	if (err < 0) {
		cli_say("incidents cannot be looked for: %s", strerror(-err));
		return CLI_FAILED;
	}
	/* without its lists of domains, what is known of each is all there is */
	if (roster_build(&sources, &roster) == 0) {
		casebook_watch(casebook, roster);
		roster_destroy(roster);
	}
	/* old logs teach, and raise nothing: so it must know what is old */
	casebook_tick(casebook, now);
	*ret_casebook = casebook;
	return CLI_DONE;
}

enum cli_status detector_close(struct casebook *casebook, bool keep)
{
	const int64_t now = clock_read().wall_ms;
	int err = 0;

	if (keep) {
		casebook_tick(casebook, now);
		err = casebook_flush(casebook, now);
	}
	casebook_destroy(casebook);
	if (err == 0)
		return CLI_DONE;
	cli_say("what was learnt of incidents cannot be kept: %s", strerror(-err));
	return CLI_FAILED;
}
