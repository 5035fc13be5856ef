/* SPDX-License-Identifier: MIT */
#include "tests/monitor/decide/history.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#define MINUTE 60000
#define HOUR (60 * MINUTE)

enum mood {
	MOOD_QUIET,
	MOOD_HIJACKED,
	MOOD_MOVED,
	MOOD_POISONED,
	MOOD_FAULTY,
	MOOD_LISTED,
	MOOD_STUCK,
	MOOD_GONE,
	MOOD_SILENT_DNS,
	MOOD_NULL_MX,
	MOOD_MISSING,
	MOOD_TURNING,
	MOOD_PARKED,
	MOODS,
};

static const struct {
	const char *name;
	bool authoritative;
	int64_t interval_ms;
} views[HISTORY_VIEWS] = {
	{"own-servers", true, 300000},
	{"office", false, 300000},
	{"public", false, 600000},
	{"abroad", false, 900000},
};

static const char *const hosts[][2] = {
	{"aspmx.l.google.com", "alt1.aspmx.l.google.com"},
	{"mx00.ionos.de", "mx01.ionos.de"},
	{"mx1.alpha.example", "mx2.alpha.example"},
	{"in.beta.test", "in2.beta.test"},
	{"mail.gamma.invalid", "mail2.gamma.invalid"},
	{"mx1.mail.icloud.com", "mx2.mail.icloud.com"},
	{"relay.delta.example", "relay.epsilon.example"},
};
#define HOSTS (sizeof hosts / sizeof hosts[0])
#define HOSTS_HOME 5
#define HOST_ELSEWHERE 5
#define HOST_MOVED 6
static const char *const parking[2] = {"park-mx.above.com", "mx.sedoparking.com"};

/* splitmix64, of Steele, Lea and Flood. */
static uint64_t next(struct history *history)
{
	uint64_t z = history->chance += UINT64_C(0x9e3779b97f4a7c15);
	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

unsigned history_dice(struct history *history, unsigned most)
{
	return (unsigned)(next(history) >> 33) % most;
}

void history_begin(struct history *history, uint64_t seed)
{
	*history = (struct history){.chance = seed, .at = INT64_C(1700000000000)};
	for (unsigned i = 0; i < HISTORY_DOMAINS; i++) {
		char text[32];
		snprintf(text, sizeof text, "domain-%u.example", i);
		assert_int_equal(name_parse(text, history->domains[i]), 0);
		history->at_host[i] = history_dice(history, HOSTS_HOME);
	}
}

void history_make_views(struct decide *decide, unsigned turn)
{
	for (unsigned i = 0; i < HISTORY_VIEWS; i++) {
		const unsigned each = (i + turn) % HISTORY_VIEWS;
		assert_true(
			decide_view(decide, views[each].name, views[each].authoritative,
				views[each].interval_ms) >= 0);
	}
}

/* --- how the world is --- */

static void turn_moods(struct history *history)
{
	if (history_dice(history, 250) == 0)
		history->views_dead =
			!history->views_dead && history_dice(history, 2) == 0;
	if (history_dice(history, 400) == 0)
		history->lookups_dead =
			!history->lookups_dead && history_dice(history, 2) == 0;
	if (history_dice(history, 60) != 0)
		return;
	unsigned *mood = &history->moods[history_dice(history, HISTORY_DOMAINS)];
	*mood = *mood != MOOD_QUIET || history_dice(history, 3) == 0
		? MOOD_QUIET
		: history_dice(history, MOODS);
}

static void pass_time(struct history *history)
{
	const unsigned dice = history_dice(history, 1000);
	if (dice == 0)
		history->at += (int64_t)(1 + history_dice(history, 60)) * HOUR;
	else if (dice < 20)
		history->at += (int64_t)history_dice(history, 60) * MINUTE;
	else if (dice < 900)
		history->at += history_dice(history, 40000);
	/* else at the same instant */
}

/* --- facts --- */

static void set_hosts(struct fact *fact, const char *const *names, unsigned len)
{
	for (unsigned i = 0; i < len; i++)
		snprintf(fact->hosts[i], sizeof fact->hosts[i], "%s", names[i]);
}

static void make_answer(struct history *history, struct fact *fact)
{
	const unsigned mood = history->moods[fact->domain];
	const char *const *home = hosts[history->at_host[fact->domain]];
	int64_t *answered = &history->answered[fact->domain][fact->view];
	fact->not_before_at = *answered;
	fact->state = ANSWER_MX;
	*answered = fact->at;
	if (mood == MOOD_GONE) {
		fact->state = ANSWER_NXDOMAIN;
	} else if (mood == MOOD_NULL_MX) {
		fact->state = ANSWER_NULL_MX;
	} else if (mood == MOOD_SILENT_DNS && history_dice(history, 4) != 0) {
		fact->kind = FACT_FAILURE;
	} else if (mood == MOOD_HIJACKED || (mood == MOOD_POISONED && fact->view == 1)) {
		set_hosts(fact, hosts[HOST_ELSEWHERE], 1 + history_dice(history, 2));
	} else if (mood == MOOD_MOVED) {
		set_hosts(fact, hosts[HOST_MOVED], 2);
	} else if (mood == MOOD_PARKED) {
		set_hosts(fact, parking, 1);
	} else if (mood == MOOD_TURNING) {
		set_hosts(fact, home + history_dice(history, 2), 1);
	} else if (history->at_host[fact->domain] == 2 && history_dice(history, 9) == 0) {
		fact->state = ANSWER_NODATA;
	} else {
		set_hosts(fact, home, 2);
	}
}

static void make_address(struct history *history, struct fact *fact)
{
	char text[64];
	const unsigned which = history_dice(history, HOSTS);
	set_hosts(fact, &hosts[which][history_dice(history, 2)], 1);
	if (history_dice(history, 5) == 0)
		snprintf(text, sizeof text, "2001:db8:%x::25", which);
	else
		snprintf(text, sizeof text, "192.0.%u.25",
			which + 20 * history_dice(history, 3));
	assert_int_equal(endpoint_parse(text, 25, &fact->address), 0);
}

static void set_outcome(struct history *history, struct fact *fact)
{
	struct decide_delivery *delivery = &fact->delivery;
	const unsigned mood = history->moods[fact->domain];
	const bool away = mood == MOOD_HIJACKED || mood == MOOD_MOVED ||
		mood == MOOD_PARKED || (mood == MOOD_POISONED && fact->view == 1);
	const bool unknown =
		mood == MOOD_HIJACKED || mood == MOOD_POISONED || mood == MOOD_PARKED;
	const char *const *relays = hosts[history->at_host[fact->domain]];
	delivery->outcome = DELIVERY_DELIVERED;
	delivery->accepted_before = history_dice(history, 5) != 0;
	if (away && history_dice(history, 8) != 0)
		relays = hosts[mood == MOOD_MOVED ? HOST_MOVED : HOST_ELSEWHERE];
	if ((away && unknown && relays == hosts[HOST_ELSEWHERE]) ||
		(mood == MOOD_FAULTY && history_dice(history, 2) == 0) ||
		(mood == MOOD_MOVED && history_dice(history, 12) == 0) ||
		history_dice(history, 150) == 0) {
		delivery->outcome = DELIVERY_BOUNCED;
		delivery->reason = history_dice(history, 6) != 0 ? REASON_USER_UNKNOWN
								 : REASON_RELAY_DENIED;
	} else if (mood == MOOD_LISTED && history_dice(history, 8) != 0) {
		delivery->outcome = DELIVERY_BOUNCED;
		delivery->reason = REASON_USER_UNKNOWN;
		delivery->accepted_before = false;
	} else if (mood == MOOD_STUCK && history_dice(history, 12) != 0) {
		delivery->outcome = DELIVERY_DEFERRED;
		delivery->reason = REASON_NETWORK;
	}
	delivery->relay_host = relays[history_dice(history, 2)];
}

static void make_delivery(struct history *history, struct fact *fact)
{
	struct decide_delivery *delivery = &fact->delivery;
	*delivery = (struct decide_delivery){
		.domain = history->domains[fact->domain],
		.at = fact->at,
		.remote = true,
		.fresh = history_dice(history, 3) != 0,
		.refused_before = history_dice(history, 6) == 0,
		.relay_ip = fact->relay_ip,
		.relay_host = "",
	};
	const uint64_t recipient = history_dice(history, 4000);
	memcpy(fact->hash, &recipient, sizeof recipient);
	memcpy(fact->hash + 8, &fact->domain, sizeof fact->domain);
	if (history_dice(history, 20) != 0)
		delivery->hash = fact->hash;
	const bool missing = history->moods[fact->domain] == MOOD_MISSING &&
		history_dice(history, 2) == 0;
	if (missing || (history->lookups_dead && history_dice(history, 3) != 0)) {
		delivery->outcome = DELIVERY_DEFERRED;
		delivery->reason = REASON_HOST_UNKNOWN;
		if (missing && name_parse("mx.nowhere.example", fact->missing) == 0)
			delivery->missing = fact->missing;
		return;
	}
	set_outcome(history, fact);
	if (history_dice(history, 2) == 0)
		snprintf(fact->relay_ip, sizeof fact->relay_ip, "192.0.%u.25",
			history_dice(history, 60));
}

void history_next(struct history *history, struct fact *ret_fact)
{
	turn_moods(history);
	pass_time(history);
	*ret_fact = (struct fact){
		.at = history->at,
		.domain = history_dice(history, HISTORY_DOMAINS),
		.view = (int)history_dice(history, HISTORY_VIEWS),
	};
	const unsigned dice = history_dice(history, 100);
	if (dice < 20 && history->views_dead &&
		(ret_fact->view != 0 || history->lookups_dead))
		ret_fact->kind = FACT_FAILURE;
	else if (dice < 20)
		ret_fact->kind = FACT_ANSWER;
	else if (dice < 22)
		ret_fact->kind = FACT_ADDRESS;
	else if (dice < 24)
		ret_fact->kind = FACT_TIME;
	else
		ret_fact->kind = FACT_DELIVERY;
	if (ret_fact->kind == FACT_ANSWER)
		make_answer(history, ret_fact);
	else if (ret_fact->kind == FACT_ADDRESS)
		make_address(history, ret_fact);
	else if (ret_fact->kind == FACT_DELIVERY)
		make_delivery(history, ret_fact);
}

/* --- to an engine --- */

static int view_of(struct decide *decide, const struct fact *fact)
{
	return decide_view(decide, views[fact->view].name,
		views[fact->view].authoritative, views[fact->view].interval_ms);
}

static void tell_answer(
	const struct history *history, const struct fact *fact, struct decide *decide)
{
	struct mxset set = {0};
	uint8_t name[NAME_WIRE_MAX];
	for (unsigned i = 0; i < 2 && fact->hosts[i][0] != '\0'; i++) {
		assert_int_equal(name_parse(fact->hosts[i], name), 0);
		assert_int_equal(mxset_add(&set, (uint16_t)(10 * i), name), 0);
	}
	if (fact->state == ANSWER_NULL_MX)
		assert_int_equal(mxset_add(&set, 0, (const uint8_t *)""), 0);
	const struct decide_answer answer = {
		.domain = history->domains[fact->domain],
		.view = view_of(decide, fact),
		.at = fact->at,
		.not_before_at = fact->not_before_at,
		.state = fact->state,
		.set = &set,
	};
	assert_int_equal(decide_answer(decide, &answer), 0);
	mxset_finish(&set);
}

void history_tell(
	const struct history *history, const struct fact *fact, struct decide *decide)
{
	switch (fact->kind) {
	case FACT_ANSWER:
		tell_answer(history, fact, decide);
		break;
	case FACT_FAILURE:
		assert_int_equal(decide_failure(decide, history->domains[fact->domain],
					 view_of(decide, fact), fact->at),
			0);
		break;
	case FACT_ADDRESS:
		assert_int_equal(
			decide_address(decide, fact->hosts[0], &fact->address), 0);
		break;
	case FACT_DELIVERY:
		assert_int_equal(decide_delivery(decide, &fact->delivery), 0);
		break;
	case FACT_TIME:
		assert_int_equal(decide_advance(decide, fact->at), 0);
		break;
	}
}
