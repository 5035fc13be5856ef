/* SPDX-License-Identifier: MIT */
/* `plot`: the picture of a domain's past, or of an incident. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "monitor/chart.h"
#include "monitor/cli/cli.h"
#include "monitor/cli/newfile.h"
#include "storage/incidents.h"

#define PNG_SCALE 2 /* for screens of high density, and for print */

/* By what the file's name ends in. */
static bool read_form(const char *path, enum timeline_form *ret_form)
{
	static const struct {
		const char *ending;
		enum timeline_form form;
	} forms[] = {
		{".svg", TIMELINE_SVG}, {".png", TIMELINE_PNG}, {".pdf", TIMELINE_PDF}};
	const size_t len = strlen(path);

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
		if (len > 4 && strcasecmp(path + len - 4, forms[i].ending) == 0) {
			*ret_form = forms[i].form;
			return true;
		}
	return false;
}

static int on_incident(void *owner, const struct incident *incident)
{
	struct incident **const ret_copy = owner;

	*ret_copy = incident_copy(incident);
	return *ret_copy != NULL ? 0 : -ENOMEM;
}

static enum cli_status open_incident(
	struct cli *cli, const struct chart_options *options, struct chart **ret_chart)
{
	const char *const id = options_value(&cli->options, "incident");
	struct incident *incident = NULL;
	int64_t number;
	enum cli_status status = cli_parse_incident(cli, id, &number);
	int err;

	if (status != CLI_DONE)
		return status;
	err = incidents_get(cli->store, number, on_incident, &incident);
	if (err == -ENOENT) {
		cli_say("there is no incident %s", id);
		return CLI_FAILED;
	}
	if (err == 0 && incident->domain == NULL) {
		cli_say("%s is an incident of the monitor itself: there is no picture "
			"of it",
			id);
		free(incident);
		return CLI_FAILED;
	}
	if (err == 0)
		err = chart_open_incident(options, incident, ret_chart);
	free(incident);
	if (err == -ENOENT) {
		cli_say("nothing is known of the domain of %s: there is no picture of it",
			id);
		return CLI_FAILED;
	}
	return err == 0 ? CLI_DONE : cli_look_up_failed(err, id);
}

static enum cli_status open_domain(
	struct cli *cli, const struct chart_options *options, struct chart **ret_chart)
{
	const char *const domain = cli->options.arguments[0];
	uint8_t name[NAME_WIRE_MAX];
	struct lookup_window window = {0};
	int err;

	if (!cli_read_domain(domain, name) || !cli_read_window(cli, &window))
		return CLI_WRONG_CALL;
	err = chart_open_domain(options, name, window.from, window.to, ret_chart);
	return err == 0 ? CLI_DONE : cli_look_up_failed(err, domain);
}

static enum cli_status draw(
	const struct chart *chart, const char *path, enum timeline_form form)
{
	struct newfile file;
	int err = newfile_open(&file, path);

	if (err == 0)
		err = newfile_end(&file,
			timeline_write(&chart->timeline, form, PNG_SCALE, file.out));
	return err == 0 ? CLI_DONE : cli_file_failed(path, err);
}

static enum cli_status check_call(struct cli *cli, enum timeline_form *ret_form)
{
	const struct options *const options = &cli->options;
	const char *const path = options_value(options, "output");
	const bool incident = options_has(options, "incident");

	if (incident == (options->arguments_len == 1))
		return cli_wrong_call("plot: expected a domain, or --incident ID");
	if (incident && (options_has(options, "from") || options_has(options, "to")))
		return cli_wrong_call(
			"plot: --from and --to go with a domain: an incident has its "
			"own window");
	if (path == NULL)
		return cli_wrong_call("plot: expected -o FILE");
	if (!read_form(path, ret_form))
		return cli_wrong_call(
			"plot: -o: expected a name that ends in .svg, .png or .pdf");
	return CLI_DONE;
}

enum cli_status cli_plot(struct cli *cli)
{
	enum timeline_form form;
	struct chart *chart = NULL;
	enum cli_status status = check_call(cli, &form);

	if (status == CLI_DONE)
		status = cli_open_store(cli);
	if (status == CLI_DONE)
		status = cli_load_operators(cli);
	if (status != CLI_DONE)
		return status;
	const struct chart_options options = {
		.store = cli->store,
		.operators = cli->operators,
		.now = cli->now,
		.utf8 = true, /* of the picture, whatever the terminal shows */
	};
	status = options_has(&cli->options, "incident")
		? open_incident(cli, &options, &chart)
		: open_domain(cli, &options, &chart);
	if (status == CLI_DONE)
		status = draw(chart, options_value(&cli->options, "output"), form);
	chart_close(chart);
	return status;
}
