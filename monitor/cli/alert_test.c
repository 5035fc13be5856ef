/* SPDX-License-Identifier: MIT */
/* `alerts test`: a message through one channel, by the running monitor or without one. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <uv.h>

#include "monitor/cli/cli.h"
#include "monitor/cli/row.h"
#include "monitor/cli/writer.h"
#include "monitor/clock.h"
#include "monitor/postroom.h"
#include "storage/outbox_list.h"

#define PATIENCE_MS 90000 /* a bit more than a server that says nothing is given */
#define LOOK_EVERY_MS 100

/* What has become of a test. */
struct trial {
	struct cli *cli;
	int64_t alert;
	bool awaited; /* a handover was not tried yet */
	unsigned sent;
	unsigned failed;
	uint64_t began_mono_ms;
};

static int on_look(void *owner, const struct outbox_alert *alert,
	const struct outbox_handover *handover)
{
	struct trial *trial = owner;

	(void)alert;
	trial->awaited = trial->awaited ||
		(handover->state == OUTBOX_WAITING && handover->attempts == 0);
	return 0;
}

/* Whether it is known of each recipient what has become of it, or nobody waits any longer. */
static bool is_over(struct trial *trial)
{
	const struct outbox_filter filter = {.alert = trial->alert};

	trial->awaited = false;
	if (outbox_each(trial->cli->store, &filter, on_look, trial) != 0)
		return true;
	return !trial->awaited || clock_mono_ms() - trial->began_mono_ms > PATIENCE_MS;
}

static int on_end(void *owner, const struct outbox_alert *alert,
	const struct outbox_handover *handover)
{
	struct trial *trial = owner;
	const bool sent = handover->state == OUTBOX_SENT;
	char id[STORE_ID_MAX];

	trial->sent += sent;
	trial->failed += !sent;
	outbox_id_format(trial->cli->store, alert->number, id);
	if (trial->cli->json)
		return row_print(json_pack("{s:s, s:s, s:s?, s:s, s:i, s:s?}", "alert",
			id, "channel", handover->channel, "recipient",
			handover->recipient[0] != '\0' ? handover->recipient : NULL,
			"state", outbox_state_name(handover->state), "code",
			handover->code, "error",
			handover->error[0] != '\0' ? handover->error : NULL));
	printf("%s %s%s%s: %s", id, handover->channel,
		handover->recipient[0] != '\0' ? " " : "", handover->recipient,
		sent ? "sent" : "not sent");
	if (handover->error[0] != '\0')
		fputs(", ", stdout);
	name_escape(NAME_SINK_TERMINAL, handover->error, strlen(handover->error), stdout);
	if (!sent && handover->attempts == 0)
		fputs(", it was not tried yet", stdout);
	putchar('\n');
	return 0;
}

static enum cli_status tell(struct trial *trial)
{
	const struct outbox_filter filter = {.alert = trial->alert};
	const int err = outbox_each(trial->cli->store, &filter, on_end, trial);
	enum cli_status status;

	if (err < 0)
		return cli_look_up_failed(err, NULL);
	status = cli_finish_output();
	if (status == CLI_DONE && (trial->failed > 0 || trial->sent == 0))
		return CLI_FAILED;
	return status;
}

static json_t *make_request(const struct cli *cli)
{
	return json_pack("{s:s, s:s}", "request", "alert-test", "channel",
		cli->options.arguments[0]);
}

static bool read_alert(struct trial *trial, const json_t *answer)
{
	const char *id = json_string_value(json_object_get(answer, "alert"));

	return id != NULL && outbox_id_parse(trial->cli->store, id, &trial->alert) == 0;
}

/* --- by the monitor --- */

static enum cli_status ask(struct trial *trial, struct writer *writer)
{
	json_t *answer;
	enum cli_status status = writer_ask(writer, make_request(trial->cli), &answer);

	if (status == CLI_DONE)
		status = cli_open_store(trial->cli);
	if (status != CLI_DONE)
		return status;
	if (!read_alert(trial, answer)) {
		cli_say("the monitor did not say which alert that is");
		status = CLI_FAILED;
	}
	json_decref(answer);
	while (status == CLI_DONE && !is_over(trial))
		uv_sleep(LOOK_EVERY_MS);
	return status == CLI_DONE ? tell(trial) : status;
}

/* --- without one --- */

static int64_t on_clock(void *owner)
{
	(void)owner;
	return clock_read().wall_ms;
}

static void on_look_again(uv_timer_t *timer)
{
	if (is_over(timer->data))
		uv_stop(timer->loop);
}

static enum cli_status put_alone(struct trial *trial, struct postroom *postroom)
{
	json_t *request = make_request(trial->cli);
	json_t *answer = NULL;
	const int err =
		request != NULL ? postroom_test(postroom, request, &answer) : -ENOMEM;
	enum cli_status status = CLI_FAILED;

	json_decref(request);
	if (err < 0)
		return cli_file_failed("memory", err);
	if (json_is_true(json_object_get(answer, "ok")) && read_alert(trial, answer))
		status = CLI_DONE;
	else
		cli_say("%s: %s", trial->cli->options.arguments[0],
			json_string_value(json_object_get(answer, "error")));
	json_decref(answer);
	return status;
}

static enum cli_status work_alone(struct trial *trial, uv_loop_t *loop)
{
	const struct postroom_options options = {
		.loop = loop,
		.store = trial->cli->store,
		.conf = &trial->cli->conf,
		.now = on_clock,
		.alone = true,
	};
	struct postroom *postroom = NULL;
	uv_timer_t timer;
	enum cli_status status;
	int err = postroom_create(&options, &postroom);

	if (err < 0)
		return cli_file_failed(trial->cli->options.arguments[0], err);
	uv_timer_init(loop, &timer);
	timer.data = trial;
	status = put_alone(trial, postroom);
	if (status == CLI_DONE) {
		uv_timer_start(&timer, on_look_again, LOOK_EVERY_MS, LOOK_EVERY_MS);
		uv_run(loop, UV_RUN_DEFAULT);
		status = tell(trial);
	}
	postroom_destroy(postroom);
	uv_close((uv_handle_t *)&timer, NULL);
	uv_run(loop, UV_RUN_DEFAULT);
	return status;
}

static enum cli_status do_alone(struct trial *trial)
{
	uv_loop_t loop;
	enum cli_status status;
	const int err = uv_loop_init(&loop);

	if (err < 0)
		return cli_file_failed("the event loop", err);
	status = work_alone(trial, &loop);
	uv_loop_close(&loop);
	return status;
}

enum cli_status cli_alerts_test(struct cli *cli)
{
	struct trial trial = {.cli = cli, .began_mono_ms = clock_mono_ms()};
	struct writer writer;
	enum cli_status status = writer_open(&writer, cli);

	if (status != CLI_DONE)
		return status;
	status = writer.client != NULL ? ask(&trial, &writer) : do_alone(&trial);
	writer_close(&writer);
	return status;
}
