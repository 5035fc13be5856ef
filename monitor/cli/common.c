/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <jansson.h>

#include "monitor/cli/cli.h"
#include "monitor/conf_file.h"
#include "monitor/control_client.h"
#include "monitor/operators.h"
#include "resolvers/name.h"
#include "storage/incidents.h"
#include "storage/instant.h"

#define FRESHEN_MS 1000 /* that a monitor is waited for */
#define READ_DEADLINE_MS 60000 /* of one query of a command */

void cli_say(const char *format, ...)
{
	va_list args;

	fputs("mxvigil: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputc('\n', stderr);
}

enum cli_status cli_wrong_call(const char *format, ...)
{
	va_list args;

	fputs("mxvigil: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs("\nmxvigil: see mxvigil --help\n", stderr);
	return CLI_WRONG_CALL;
}

enum cli_status cli_file_failed(const char *path, int err)
{
	cli_say("%s: %s", path, strerror(-err));
	return CLI_FAILED;
}

enum cli_status cli_finish_output(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return CLI_DONE;
	return cli_file_failed("standard output", errno != 0 ? -errno : -EIO);
}

enum cli_status cli_load_conf(struct cli *cli)
{
	const char *store = options_value(&cli->options, "store");
	struct conf_error error;

	if (cli->conf_loaded)
		return CLI_DONE;
	cli->conf_path = options_value(&cli->options, "config");
	if (cli->conf_path == NULL) {
		if (conf_find(&cli->found_path) < 0)
			return cli_file_failed("configuration", -ENOMEM);
		cli->conf_path = cli->found_path;
	}
	if (conf_load(cli->conf_path, &cli->conf, &error) < 0) {
		cli_say("%s", error.text);
		return CLI_WRONG_CONF;
	}
	cli->conf_loaded = true;
	if (store != NULL && conf_use_store(&cli->conf, store) < 0)
		return cli_file_failed(store, -ENOMEM);
	return CLI_DONE;
}

enum cli_status cli_load_operators(struct cli *cli)
{
	const struct conf_file *file = cli->conf.file;
	struct operators_error error;

	if (cli->operators != NULL)
		return CLI_DONE;
	const char *asn = file != NULL && cli->networks ? file->asn_file : NULL;
	if (operators_create(file != NULL ? file->operators_file : NULL, asn,
		    &cli->operators, &error) == 0)
		return CLI_DONE;
	cli_say("%s", error.text);
	return CLI_WRONG_CONF;
}

static enum cli_status open_store(struct cli *cli, bool write)
{
	struct store_options options = {
		.path = cli->conf.store,
		.site = cli->conf.site,
		.write = write,
		.deadline_ms = write ? 0 : READ_DEADLINE_MS,
		.now = cli->now,
	};
	struct store_error error;

	if (store_open(&options, &cli->store, &error) < 0) {
		cli_say("%s", error.text);
		return CLI_FAILED;
	}
	return CLI_DONE;
}

/* Has a running monitor write its counters down, so that we see the present. Without one, or
 * should it not answer, the store says what it knows. */
static void freshen(const struct cli *cli)
{
	struct control_client *client;
	json_t *request = json_pack("{ss}", "request", "flush");
	json_t *answer = NULL;

	if (control_client_open(cli->conf.control, FRESHEN_MS, &client) == 0) {
		if (request != NULL && control_client_ask(client, request, &answer) == 0)
			json_decref(answer);
		control_client_close(client);
	}
	json_decref(request);
}

enum cli_status cli_open_store(struct cli *cli)
{
	enum cli_status status = cli_load_conf(cli);

	if (status == CLI_DONE)
		freshen(cli);
	return status == CLI_DONE ? open_store(cli, false) : status;
}

/* Makes the folders above path, readable by us alone. */
static int make_folders(const char *path)
{
	char *folder = strdup(path);
	int err = 0;

	if (folder == NULL)
		return -ENOMEM;
	for (char *slash = strchr(folder + 1, '/'); slash != NULL && err == 0;
		slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		if (mkdir(folder, 0700) < 0 && errno != EEXIST)
			err = -errno;
		*slash = '/';
	}
	free(folder);
	return err;
}

enum cli_status cli_make_store_folder(struct cli *cli)
{
	int err = make_folders(cli->conf.store);

	return err < 0 && err != -EROFS && err != -EACCES
		? cli_file_failed(cli->conf.store, err)
		: CLI_DONE;
}

enum cli_status cli_open_store_to_write(struct cli *cli)
{
	enum cli_status status = cli_load_conf(cli);

	if (status == CLI_DONE)
		status = cli_make_store_folder(cli);
	return status == CLI_DONE ? open_store(cli, true) : status;
}

enum cli_status cli_look_up_failed(int err, const char *domain)
{
	if (err == -ENOENT)
		cli_say("%s was never seen", domain != NULL ? domain : "that");
	else if (err == -ETIME)
		cli_say("the look-up took more than a minute; a shorter window may help");
	else if (err == -EUCLEAN)
		cli_say("the store has rows that cannot be read; mxvigil verify tells "
			"more");
	else
		cli_say("the look-up failed: %s", strerror(-err));
	return CLI_FAILED;
}

bool cli_read_domain(const char *text, uint8_t ret_name[NAME_WIRE_MAX])
{
	const char *why = "out of memory";

	if (name_parse_domain(text, ret_name, &why) == 0)
		return true;
	fputs("mxvigil: \"", stderr);
	name_escape(NAME_SINK_LOG, text, strnlen(text, 200), stderr);
	fprintf(stderr, "\" is no domain: %s\n", why);
	return false;
}

bool cli_read_instant(const struct cli *cli, const char *option, int64_t *ret_at)
{
	const char *text = options_value(&cli->options, option);
	const char *zone = options_value(&cli->options, "tz");

	*ret_at = 0;
	if (text == NULL || instant_parse(text, cli->now, zone, ret_at) == 0)
		return true;
	fprintf(stderr, "mxvigil: --%s: found \"", option);
	name_escape(NAME_SINK_LOG, text, strnlen(text, 60), stderr);
	fputs("\", expected a time: 2023-08-29, \"2023-08-29 10:12\", "
	      "2023-08-29T10:12:09Z, @EPOCH, now, -2h, -3d",
		stderr);
	fputs(zone != NULL ? ", and a zone such as Europe/Berlin\n" : "\n", stderr);
	return false;
}

enum cli_status cli_parse_incident(
	const struct cli *cli, const char *id, int64_t *ret_number)
{
	if (incidents_id_parse(cli->store, id, ret_number) == 0)
		return CLI_DONE;
	fputs("mxvigil: \"", stderr);
	name_escape(NAME_SINK_LOG, id, strnlen(id, 100), stderr);
	fprintf(stderr, "\" is no incident of this store: expected an id as %s-i7\n",
		store_site(cli->store));
	return CLI_WRONG_CALL;
}

enum cli_status cli_read_incident(const struct cli *cli, int64_t *ret_number)
{
	return cli_parse_incident(cli, cli->options.arguments[0], ret_number);
}

bool cli_read_type(const struct cli *cli, uint16_t *ret_rrtype)
{
	const char *type = options_value(&cli->options, "type");

	*ret_rrtype = 0;
	if (type != NULL && strcmp(type, "all") == 0)
		*ret_rrtype = LOOKUP_ALL_TYPES;
	else if (type != NULL && record_type_from_name(type, ret_rrtype) < 0) {
		cli_wrong_call("--type is mx, a, aaaa or all");
		return false;
	}
	return true;
}

bool cli_read_window(const struct cli *cli, struct lookup_window *ret_window)
{
	ret_window->view = options_value(&cli->options, "view");
	ret_window->now = cli->now;
	if (!cli_read_instant(cli, "from", &ret_window->from) ||
		!cli_read_instant(cli, "to", &ret_window->to))
		return false;
	if (ret_window->to != 0 && ret_window->to <= ret_window->from) {
		cli_wrong_call("the window ends before it begins");
		return false;
	}
	return true;
}
