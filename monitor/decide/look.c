/* SPDX-License-Identifier: MIT */
/* What the views say of a domain, and which of them to go by. */
#include <errno.h>
#include <string.h>

#include "monitor/decide/inside.h"
#include "resolvers/endpoint.h"
#include "resolvers/name.h"

#define FAILURES_DEAF 2 /* in a row: the view is not heard any more */

/* --- which to go by --- */

static bool speaks(const struct look *look)
{
	return look->position != POSITION_UNSEEN && look->failures < FAILURES_DEAF;
}

bool look_is_heard(const struct decide *decide, const struct subject *subject, int view)
{
	return speaks(&subject->looks[view]) &&
		!outage_is_sick(decide, view, decide->now);
}

bool look_is_elsewhere(const struct look *look)
{
	return look != NULL &&
		(look->position == POSITION_PARTLY || look->position == POSITION_AWAY);
}

/* The first authoritative view that is heard, -1: none. */
static int authority(const struct decide *decide, const struct subject *subject)
{
	for (int i = 0; i < decide->views_len; i++)
		if (decide->views[i].authoritative && look_is_heard(decide, subject, i))
			return i;
	return -1;
}

const struct look *look_deciding(
	const struct decide *decide, const struct subject *subject)
{
	const int view = authority(decide, subject);
	if (view >= 0)
		return &subject->looks[view];
	unsigned votes[POSITION_GONE + 1] = {0};
	const struct look *latest[POSITION_GONE + 1] = {0};
	unsigned best = POSITION_UNSEEN, known = 0, speaking = 0;
	for (int i = 0; i < decide->views_len; i++) {
		const struct look *look = &subject->looks[i];
		known += look->position != POSITION_UNSEEN;
		if (!speaks(look))
			continue;
		speaking++;
		votes[look->position]++;
		if (latest[look->position] == NULL ||
			look->since > latest[look->position]->since)
			latest[look->position] = look;
	}
	/* A few who are left over decide nothing. */
	if (speaking * 2 < known)
		return NULL;
	/* A tie keeps what was: home, before anything else. */
	for (unsigned i = POSITION_HOME; i <= POSITION_GONE; i++)
		if (votes[i] > votes[best] || (best == POSITION_UNSEEN && votes[i] > 0))
			best = i;
	return best == POSITION_UNSEEN ? NULL : latest[best];
}

static bool has_operator(const struct exchanges *set, const struct operator_entry *entry)
{
	for (size_t i = 0; set != NULL && i < set->len; i++)
		if (set->hosts[i].host != NULL && set->hosts[i].host->run_by == entry)
			return true;
	return false;
}

int look_misled(const struct decide *decide, const struct subject *subject,
	const struct operator_entry *to)
{
	const struct look *deciding = look_deciding(decide, subject);
	if (deciding == NULL || deciding->position != POSITION_HOME)
		return -1;
	for (int i = 0; i < decide->views_len; i++) {
		const struct look *look = &subject->looks[i];
		if (!decide->views[i].authoritative && look_is_elsewhere(look) &&
			look_is_heard(decide, subject, i) &&
			(to == NULL || has_operator(look->set, to)))
			return i;
	}
	return -1;
}

/* --- what is said --- */

enum position look_position(const struct subject *subject, enum answer_state state,
	const struct exchanges *set)
{
	size_t foreign = 0;
	if (state == ANSWER_NULL_MX)
		return POSITION_NULL;
	if (state == ANSWER_NXDOMAIN)
		return POSITION_GONE;
	if (own_is_empty(&subject->own))
		return POSITION_HOME;
	/* Without MX, mail goes to the domain's own address: known hosts or strange ones. */
	for (size_t i = 0; i < set->len; i++)
		foreign += set->hosts[i].host != NULL &&
			!own_has(&subject->own, set->hosts[i].host);
	if (foreign == 0)
		return !subject->own.pinned && backup_alone(subject, set) ? POSITION_AWAY
									  : POSITION_HOME;
	return foreign == set->len ? POSITION_AWAY : POSITION_PARTLY;
}

/* The domain itself stands for its MX where it has none (RFC 5321 section 5.1). */
static const struct exchanges *implicit_set(struct decide *decide, const uint8_t *domain)
{
	struct mxset set = {0};
	const struct exchanges *found = NULL;
	if (mxset_add(&set, 0, domain) == 0)
		found = hosts_get_set(&decide->hosts, &set);
	mxset_finish(&set);
	return found;
}

/* True when the set was not among those remembered; it is then. */
static bool remember(struct subject *subject, const struct exchanges *set)
{
	for (size_t i = 0; i < SUBJECT_SETS; i++)
		if (subject->sets[i] == set)
			return false;
	memmove(&subject->sets[1], &subject->sets[0],
		(SUBJECT_SETS - 1) * sizeof subject->sets[0]);
	subject->sets[0] = set;
	return true;
}

/* It is at home there again. */
static void bring_forward(struct subject *subject, const struct exchanges *set)
{
	size_t place = 0;
	while (place < SUBJECT_SETS - 1 && subject->sets[place] != set)
		place++;
	memmove(&subject->sets[1], &subject->sets[0], place * sizeof subject->sets[0]);
	subject->sets[0] = set;
}

static void learn_first(struct subject *subject, const struct exchanges *set)
{
	if (subject->own.pinned || !own_is_empty(&subject->own))
		return;
	own_learn_set(&subject->own, set);
}

static void settle_home(struct decide *decide, struct subject *subject,
	const struct look *look, const struct exchanges *before)
{
	const bool news = remember(subject, look->set);
	if (!news && look == look_deciding(decide, subject))
		bring_forward(subject, look->set);
	if (before != NULL && before != look->set) {
		subject->departed = before;
		subject->departed_at = look->since;
		if (news)
			rotation_seen(decide, subject, look, before);
	}
	if (!subject->own.pinned)
		own_learn_set(&subject->own, look->set);
}

/* A view is heard again. */
static void end_failure(struct decide *decide, struct subject *subject, int view)
{
	struct look *look = &subject->looks[view];
	if (look->failures > 0 && decide->views[view].failing > 0)
		decide->views[view].failing--;
	look->failures = 0;
	look->failing_since = 0;
}

int decide_answer(struct decide *decide, const struct decide_answer *answer)
{
	if (decide_advance(decide, answer->at) < 0)
		return -ENOMEM;
	struct subject *subject = decide_subject(decide, answer->domain, answer->at);
	const struct exchanges *set = answer->state == ANSWER_NODATA
		? implicit_set(decide, answer->domain)
		: hosts_get_set(&decide->hosts, answer->set);
	if (subject == NULL || set == NULL)
		return -ENOMEM;
	struct look *look = &subject->looks[answer->view];
	if (look->position == POSITION_UNSEEN && look->failures == 0)
		decide->views[answer->view].seen++;
	const bool failed = look->failures > 0;
	end_failure(decide, subject, answer->view);
	if (failed)
		outage_view_changed(decide, answer->view, answer->at);
	const struct exchanges *before =
		look->position == POSITION_HOME ? look->set : NULL;
	if (look->state != answer->state || look->set != set) {
		look->state = (uint8_t)answer->state;
		look->set = set;
		look->since = answer->at;
		look->not_before_at = answer->not_before_at;
		decide_press(subject);
		if (answer->state == ANSWER_MX || answer->state == ANSWER_NODATA)
			learn_first(subject, set);
	}
	look->position = (uint8_t)look_position(subject, answer->state, set);
	if (look->position == POSITION_HOME)
		settle_home(decide, subject, look, before);
	reconsider(decide, subject, answer->at);
	const int error = decide->error;
	decide->error = 0;
	return error;
}

int decide_failure(struct decide *decide, const uint8_t *domain, int view, int64_t at)
{
	if (decide_advance(decide, at) < 0)
		return -ENOMEM;
	struct subject *subject = decide_subject(decide, domain, at);
	if (subject == NULL)
		return -ENOMEM;
	struct look *look = &subject->looks[view];
	if (look->failures == 0) {
		if (look->position == POSITION_UNSEEN)
			decide->views[view].seen++;
		decide->views[view].failing++;
		look->failing_since = at;
	}
	if (look->failures < UINT16_MAX)
		look->failures++;
	outage_view_changed(decide, view, at);
	reconsider(decide, subject, at);
	const int error = decide->error;
	decide->error = 0;
	return error;
}

int decide_address(
	struct decide *decide, const char *name, const struct endpoint *address)
{
	struct host *host = hosts_get(&decide->hosts, name);
	if (host == NULL)
		return -ENOMEM;
	if (host_add_network(host, operators_network(decide->operators, address)))
		hosts_touch(&decide->hosts, host);
	return 0;
}
