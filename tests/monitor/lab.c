/* SPDX-License-Identifier: MIT */
#include "tests/monitor/lab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "storage/incidents.h"

static int on_hand(void *owner, const struct deliver_job *job)
{
	struct lab *const lab = owner;
	assert_true(lab->jobs_len < JOBS_MOST);
	struct job *const kept = &lab->jobs[lab->jobs_len++];
	kept->id = job->id;
	snprintf(kept->channel, sizeof kept->channel, "%s", job->channel);
	snprintf(kept->recipient, sizeof kept->recipient, "%s",
		job->recipient ? job->recipient : "-");
	snprintf(kept->event, sizeof kept->event, "%s", job->event);
	kept->body = strndup(job->body, job->body_len);
	assert_non_null(kept->body);
	return 0;
}

static bool on_take(void *owner, struct deliver_result *ret_result)
{
	struct lab *const lab = owner;
	if (lab->results_len == 0)
		return false;
	*ret_result = lab->results[0];
	memmove(lab->results, lab->results + 1,
		--lab->results_len * sizeof *lab->results);
	return true;
}

static int64_t now_of(void *owner)
{
	const struct lab *const lab = owner;
	return lab->now;
}

static void on_notice(void *owner)
{
	struct lab *const lab = owner;
	lab->notices++;
}

/* --- set-up --- */

char lab_team[] = "team";
char lab_chat[] = "chat";
char lab_spare[] = "spare";
static char from[] = "mxvigil@sender.example";
char lab_one[] = "one@team.example";
char lab_two[] = "two@team.example";
char lab_three[] = "three@spare.example";
static char url[] = "http://127.0.0.1:9/hook";
static char *to_team[] = {lab_one, lab_two};
static char *to_spare[] = {lab_three};
char *lab_channels[] = {lab_team, lab_chat, lab_spare}; /* the first two on a route */
static int warning = SEVERITY_WARNING;

void lab_start(struct lab *lab)
{
	const struct herald_options options = {
		.store = lab->office->desk->fixture->store,
		.casebook = lab->office->casebook,
		.carrier = {lab, on_hand, on_take},
		.seed = 7,
		.owner = lab,
		.now = now_of,
		.on_notice = on_notice,
		.alone = lab->alone,
	};
	assert_int_equal(herald_create(&options, &lab->herald), 0);
	assert_int_equal(herald_configure(lab->herald, &lab->office->conf, lab->channels,
				 3, lab->now),
		0);
	casebook_attend(lab->office->casebook, herald_incident, lab->herald);
}

void lab_stop(struct lab *lab)
{
	casebook_attend(lab->office->casebook, NULL, NULL);
	herald_destroy(lab->herald);
	lab->herald = NULL;
}

static void forget_jobs(struct lab *lab)
{
	for (size_t i = 0; i < lab->jobs_len; i++)
		free(lab->jobs[i].body);
	lab->jobs_len = 0;
}

int lab_setup(void **state)
{
	struct lab *lab = calloc(1, sizeof *lab);
	void *office;
	assert_non_null(lab);
	office_setup(&office);
	lab->office = office;
	lab->now = T0;
	lab->channels[0] = (struct channel){
		.name = lab_team,
		.type = CHANNEL_EMAIL,
		.from = from,
		.to = to_team,
		.to_len = 2,
	};
	lab->channels[1] =
		(struct channel){.name = lab_chat, .type = CHANNEL_WEBHOOK, .url = url};
	lab->channels[2] = (struct channel){
		.name = lab_spare,
		.type = CHANNEL_EMAIL,
		.from = from,
		.to = to_spare,
		.to_len = 1,
	};
	lab->routes[0] = (struct conf_file_route){
		.name = lab_team,
		.min_severity = &warning,
		.channels = lab_channels,
		.channels_count = 2,
		.fallback = lab_spare,
	};
	lab->file.routes = lab->routes;
	lab->file.routes_count = 1;
	lab->office->conf.file = &lab->file;
	lab_start(lab);
	*state = lab;
	return 0;
}

int lab_teardown(void **state)
{
	struct lab *lab = *state;
	void *office = lab->office;
	lab_stop(lab);
	forget_jobs(lab);
	lab->office->conf.file = NULL;
	office_teardown(&office);
	free(lab);
	return 0;
}

/* --- what happens --- */

void lab_move(struct lab *lab)
{
	struct office *const office = lab->office;
	office_say(office, "online.de", HOME, T0);
	office_everyday(office, "online.de", "mx00.kundenserver.de", T0 + HOUR, MOVED);
	lab->now = MOVED;
	office_say(office, "online.de", AWAY, MOVED);
}

void lab_bounce(struct lab *lab, int who, int64_t at)
{
	char recipient[64];
	snprintf(recipient, sizeof recipient, "person%d@online.de", who);
	lab->now = at;
	office_mail(lab->office, at, recipient, "mx01.mail.icloud.com", UNKNOWN);
}

void lab_close(struct lab *lab, int64_t at)
{
	struct fixture *const fixture = lab->office->desk->fixture;
	lab->now = at;
	store_begin(fixture->store);
	assert_true(incidents_close(fixture->store, 1, at));
	fixture_commit(fixture, at);
	casebook_closed(lab->office->casebook, 1, at);
}

const char *lab_tick(struct lab *lab, int64_t at)
{
	static char text[4096];
	text[0] = '\0';
	forget_jobs(lab);
	lab->now = at;
	assert_true(herald_tick(lab->herald, at) > at);
	for (size_t i = 0; i < lab->jobs_len; i++)
		sprintf(text + strlen(text), "%s %s %s; ", lab->jobs[i].channel,
			lab->jobs[i].recipient, lab->jobs[i].event);
	return text;
}

void lab_answer(struct lab *lab, enum deliver_verdict verdict, long code)
{
	for (size_t i = 0; i < lab->jobs_len; i++) {
		struct deliver_result *const result = &lab->results[lab->results_len++];
		*result = (struct deliver_result){
			.id = lab->jobs[i].id, .verdict = verdict, .code = code};
		snprintf(result->text, sizeof result->text, "%ld said so", code);
	}
}

const char *lab_body_of(struct lab *lab, const char *recipient)
{
	for (size_t i = 0; i < lab->jobs_len; i++)
		if (strcmp(lab->jobs[i].recipient, recipient) == 0)
			return lab->jobs[i].body;
	fail_msg("nothing for %s", recipient);
	return "";
}

const char *lab_thread_line(struct lab *lab)
{
	static char text[256];
	const char *const at = strstr(lab_body_of(lab, lab_one), "\r\nIn-Reply-To:");
	snprintf(text, sizeof text, "%.*s", at ? (int)strcspn(at + 2, "\r") : 0,
		at ? at + 2 : "");
	return text;
}

int64_t lab_count(struct lab *lab, const char *sql)
{
	return fixture_query(lab->office->desk->fixture, sql);
}
