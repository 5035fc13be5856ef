/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "monitor/cli/cli.h"
#include "monitor/watch.h"
#include "storage/instant.h"

enum cli_status cli_run(struct cli *cli)
{
	const char *duration = options_value(&cli->options, "for");
	struct watch_options options = {
		.store_override = options_value(&cli->options, "store"),
		.domains = (const char *const *)cli->options.arguments,
		.domains_len = cli->options.arguments_len,
		.once = options_has(&cli->options, "once"),
		.json = cli->json,
	};
	uint8_t name[NAME_WIRE_MAX];
	enum cli_status status;

	if (duration != NULL && duration_parse(duration, &options.for_ms) < 0)
		return cli_wrong_call("--for: expected a duration such as 500ms, 10s, "
				      "5m, 2h, 3d");
	for (size_t i = 0; i < options.domains_len; i++)
		if (!cli_read_domain(options.domains[i], name))
			return CLI_WRONG_CALL;
	status = cli_load_conf(cli);
	if (status == CLI_DONE)
		status = cli_make_store_folder(cli);
	if (status != CLI_DONE)
		return status;
	options.conf = &cli->conf;
	options.conf_path = cli->conf_path;
	return (enum cli_status)watch_run(&options);
}
