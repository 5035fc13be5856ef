/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * lab — a herald over an office, with a carrier that only notes what it is given.
 *
 * Two people of "team" (mail) and a webhook "chat" are on a route; "spare" (mail) is its fallback.
 * Every function fails the running test where something goes wrong that it does not return.
 */
#include "alerts/channel.h"
#include "monitor/conf_file.h"
#include "monitor/herald.h"
#include "tests/monitor/office.h"

#define HOME "10 mx00.kundenserver.de 10 mx01.kundenserver.de"
#define AWAY "10 mx01.mail.icloud.com 10 mx02.mail.icloud.com"
#define UNKNOWN "550 5.1.1 user does not exist"
#define MOVED (T0 + 5 * DAY)
#define JOBS_MOST 64

/* What the carrier was given. */
struct job {
	int64_t id;
	char channel[32];
	char recipient[64];
	char event[64];
	char *body; /* owned */
};

struct lab {
	struct office *office;
	struct herald *herald;
	struct conf_file file;
	struct channel channels[3];
	struct conf_file_route routes[2];
	struct job jobs[JOBS_MOST];
	size_t jobs_len;
	struct deliver_result results[JOBS_MOST];
	size_t results_len;
	unsigned notices;
	bool alone; /* from the next lab_start() on */
	int64_t now;
};

extern char lab_team[], lab_chat[], lab_spare[];
extern char lab_one[], lab_two[], lab_three[]; /* the people */
extern char *lab_channels[]; /* team, chat, spare */

/* cmocka set-up and tear-down; *state is a struct lab. */
int lab_setup(void **state);
int lab_teardown(void **state);
/* The herald starts on what the store has; or ends without a word. */
void lab_start(struct lab *lab);
void lab_stop(struct lab *lab);

/* online.de is quiet for five days, then moves at MOVED. */
void lab_move(struct lab *lab);
void lab_bounce(struct lab *lab, int who, int64_t at);
/* Somebody closes the first incident by hand. */
void lab_close(struct lab *lab, int64_t at);

/* The jobs that a tick makes: "team one@team.example lab-a1; ...". Static. */
const char *lab_tick(struct lab *lab, int64_t at);
/* All that was handed over in the last tick has become this. */
void lab_answer(struct lab *lab, enum deliver_verdict verdict, long code);
/* Of that tick; "-" is who has no address. */
const char *lab_body_of(struct lab *lab, const char *recipient);
/* The line of the mail that says what it follows; "" without one. Static. */
const char *lab_thread_line(struct lab *lab);
int64_t lab_count(struct lab *lab, const char *sql);
