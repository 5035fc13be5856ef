/* SPDX-License-Identifier: MIT */
#include "monitor/cli/writer.h"

#include <errno.h>
#include <string.h>

#include "monitor/casebook.h"
#include "monitor/cli/detector.h"
#include "monitor/cli/row.h"
#include "monitor/clock.h"
#include "monitor/control_client.h"
#include "monitor/request.h"

#define ANSWER_TIMEOUT_MS 60000 /* the daemon commits to disk before it answers */

enum cli_status writer_open(struct writer *writer, struct cli *cli)
{
	enum cli_status status = cli_load_conf(cli);
	int err;

	*writer = (struct writer){.cli = cli};
	if (status != CLI_DONE)
		return status;
	err = control_client_open(cli->conf.control, ANSWER_TIMEOUT_MS, &writer->client);
	if (err == 0)
		return CLI_DONE;
	if (err == -EACCES || err == -EPERM || err == -ENOMEM)
		return cli_file_failed(cli->conf.control, err);
	/* nobody there: the lock of the store tells whether that is so */
	return cli_open_store_to_write(cli);
}

void writer_close(struct writer *writer)
{
	control_client_close(writer->client);
	writer->client = NULL;
}

int writer_ask_daemon(void *owner, json_t *request, json_t **ret_answer)
{
	const struct writer *writer = owner;
	int err = control_client_ask(writer->client, request, ret_answer);

	json_decref(request);
	return err;
}

/* The detector has hashes too, of those who bounced. A monitor that runs lets its own go. */
static enum cli_status forget_learnt(
	const struct writer *writer, const json_t *request, const json_t *answer)
{
	uint8_t hash[INCIDENT_HASH];
	uint8_t domain[NAME_WIRE_MAX];
	struct casebook *casebook;
	enum cli_status status;
	bool one;

	if (writer->client != NULL ||
		!request_forgot(request, answer, &one, hash, domain))
		return CLI_DONE;
	status = detector_open(writer->cli, &casebook);
	if (status != CLI_DONE)
		return status;
	casebook_forget(casebook, one ? hash : NULL, one ? NULL : domain);
	return detector_close(casebook, true);
}

static int ask(struct writer *writer, const json_t *request, json_t **ret_answer)
{
	if (writer->client != NULL)
		return control_client_ask(writer->client, request, ret_answer);
	return request_apply(
		writer->cli->store, request, clock_read().wall_ms, ret_answer);
}

enum cli_status writer_ask(struct writer *writer, json_t *request, json_t **ret_answer)
{
	json_t *answer = NULL;
	int err = request == NULL ? -ENOMEM : ask(writer, request, &answer);
	enum cli_status status = CLI_FAILED;
	const char *text;

	if (err == 0)
		status = forget_learnt(writer, request, answer);
	json_decref(request);
	if (err < 0) {
		cli_say("%s: the monitor gave no answer: %s", writer->cli->conf.control,
			strerror(-err));
		return CLI_FAILED;
	}
	if (status == CLI_DONE && json_is_true(json_object_get(answer, "ok"))) {
		*ret_answer = answer;
		return CLI_DONE;
	}
	if (json_is_true(json_object_get(answer, "ok"))) {
		json_decref(answer); /* why it was only half done has been said */
		return status;
	}
	text = json_string_value(json_object_get(answer, "error"));
	fputs("mxvigil: ", stderr);
	if (text != NULL)
		name_escape(NAME_SINK_TERMINAL, text, strlen(text), stderr);
	fputs(text != NULL ? "\n" : "the monitor refused and did not say why\n", stderr);
	json_decref(answer);
	return CLI_FAILED;
}

enum cli_status writer_carry_out(
	struct cli *cli, json_t *request, void (*tell)(const json_t *answer))
{
	struct writer writer;
	json_t *answer;
	enum cli_status status = writer_open(&writer, cli);
	int err = 0;

	if (status != CLI_DONE) {
		json_decref(request);
		return status;
	}
	status = writer_ask(&writer, request, &answer);
	writer_close(&writer);
	if (status != CLI_DONE)
		return status;
	if (cli->json)
		err = row_print(json_incref(answer));
	else
		tell(answer);
	json_decref(answer);
	return err < 0 ? cli_file_failed("standard output", err) : cli_finish_output();
}
