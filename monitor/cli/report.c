/* SPDX-License-Identifier: MIT */
/* `report`: one incident on paper. */
#include "alerts/report.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

#include "monitor/cli/cli.h"
#include "monitor/cli/newfile.h"
#include "monitor/dossier.h"

/* By what the file's name ends in. */
static bool read_form(const char *path, enum report_form *ret_form)
{
	const char *const dot = strrchr(path, '.');

	if (dot == NULL || dot == path || dot[-1] == '/')
		return false;
	*ret_form = strcasecmp(dot, ".pdf") == 0 ? REPORT_PDF : REPORT_HTML;
	return *ret_form == REPORT_PDF || strcasecmp(dot, ".html") == 0 ||
		strcasecmp(dot, ".htm") == 0;
}

static enum cli_status write_report(
	const struct dossier *dossier, const char *path, enum report_form form)
{
	struct newfile file;
	int err = newfile_open(&file, path);

	if (err == 0)
		err = newfile_end(&file, report_write(&dossier->report, form, file.out));
	return err == 0 ? CLI_DONE : cli_file_failed(path, err);
}

static enum cli_status open_dossier(struct cli *cli, struct dossier **ret_dossier)
{
	const struct dossier_options options = {
		.store = cli->store,
		.operators = cli->operators,
		.now = cli->now,
		.addresses = options_has(&cli->options, "recipients"),
	};
	int64_t number;
	const enum cli_status status = cli_read_incident(cli, &number);
	int err;

	if (status != CLI_DONE)
		return status;
	err = dossier_open(&options, number, ret_dossier);
	if (err == -ENOENT) {
		cli_say("there is no incident %s", cli->options.arguments[0]);
		return CLI_FAILED;
	}
	return err == 0 ? CLI_DONE : cli_look_up_failed(err, NULL);
}

enum cli_status cli_report(struct cli *cli)
{
	const char *const path = options_value(&cli->options, "output");
	struct dossier *dossier = NULL;
	enum report_form form;
	enum cli_status status;

	if (path == NULL)
		return cli_wrong_call("report: expected -o FILE");
	if (!read_form(path, &form))
		return cli_wrong_call(
			"report: -o: expected a name that ends in .html or .pdf");
	status = cli_open_store(cli);
	if (status == CLI_DONE)
		status = cli_load_operators(cli);
	if (status == CLI_DONE)
		status = open_dossier(cli, &dossier);
	if (status == CLI_DONE)
		status = write_report(dossier, path, form);
	dossier_close(dossier);
	return status;
}
