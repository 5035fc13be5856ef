/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "monitor/cli/cli.h"
#include "monitor/cli/row.h"
#include "monitor/conf_file.h"
#include "monitor/operators.h"

static json_t *make_warnings(const struct conf *conf)
{
	json_t *list = json_array();

	for (size_t i = 0; i < conf->warnings_len; i++)
		json_array_append_new(list, json_string(conf->warnings[i]));
	return list;
}

static const char *file_of(const struct conf *conf)
{
	return conf->path != NULL ? conf->path : "no file: defaults";
}

/* The tables that the configuration names: a wrong one would stop the monitor too. */
static enum cli_status check_tables(const struct conf *conf)
{
	struct operators *operators = NULL;
	struct operators_error error;

	if (conf->file == NULL ||
		operators_create(conf->file->operators_file, conf->file->asn_file,
			&operators, &error) == 0) {
		operators_destroy(operators);
		return CLI_DONE;
	}
	cli_say("%s", error.text);
	return CLI_WRONG_CONF;
}

enum cli_status cli_config_check(struct cli *cli)
{
	enum cli_status status = cli_load_conf(cli);
	const struct conf *conf = &cli->conf;

	if (status == CLI_DONE)
		status = check_tables(conf);
	if (status != CLI_DONE)
		return status;
	for (size_t i = 0; i < conf->warnings_len; i++)
		cli_say("%s", conf->warnings[i]);
	if (cli->json) {
		if (row_print(json_pack("{s:b, s:s?, s:s, s:s, s:I, s:I, s:o}", "ok", 1,
			    "file", conf->path, "store", conf->store, "control",
			    conf->control, "views", (json_int_t)conf->views_len,
			    "watches", (json_int_t)conf->watches_len, "warnings",
			    make_warnings(conf))) < 0)
			cli_say("a name in this configuration is no UTF-8");
		return cli_finish_output();
	}
	name_escape(NAME_SINK_TERMINAL, file_of(conf), strlen(file_of(conf)), stdout);
	printf(": right\n");
	return cli_finish_output();
}
