/* SPDX-License-Identifier: MIT */
/* `incidents show`: the story of one incident, with what the history knows around it. */
#include <errno.h>
#include <stdio.h>

#include "alerts/incident_json.h"
#include "alerts/story.h"
#include "monitor/casefile.h"
#include "monitor/cli/cli.h"
#include "monitor/cli/row.h"
#include "storage/incidents.h"

static int tell(struct cli *cli, int64_t number)
{
	const struct casefile_options options = {
		.store = cli->store,
		.operators = cli->operators,
		.now = cli->now,
		.utf8 = cli->utf8,
	};
	struct casefile *casefile;
	int err = casefile_open(&options, number, &casefile);

	if (err != 0)
		return err;
	err = story_write(&casefile->story, stdout);
	casefile_close(casefile);
	return err;
}

static int on_incident(void *owner, const struct incident *incident)
{
	struct cli *cli = owner;
	char id[STORE_ID_MAX];

	incidents_id_format(cli->store, incident->number, id);
	return row_print(incident_json(id, incident));
}

enum cli_status cli_incidents_show(struct cli *cli)
{
	int64_t number;
	enum cli_status status = cli_open_store(cli);
	int err;

	if (status == CLI_DONE)
		status = cli_load_operators(cli);
	if (status == CLI_DONE)
		status = cli_read_incident(cli, &number);
	if (status != CLI_DONE)
		return status;
	err = cli->json ? incidents_get(cli->store, number, on_incident, cli)
			: tell(cli, number);
	if (err == -ENOENT)
		cli_say("there is no incident %s", cli->options.arguments[0]);
	else if (err < 0)
		cli_look_up_failed(err, NULL);
	return err < 0 ? CLI_FAILED : cli_finish_output();
}
