/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/decide/inside.h"
#include "resolvers/name.h"

#define BUDGET_USUAL 12 /* false alarms a year */

static const void *subject_name(const void *thing, size_t *ret_len)
{
	const struct subject *subject = thing;
	*ret_len = name_length(subject->domain);
	return subject->domain;
}

int decide_create(const struct decide_options *options, struct decide **ret_decide)
{
	struct decide *decide = calloc(1, sizeof *decide);
	if (decide == NULL)
		return -ENOMEM;
	decide->operators = options->operators;
	decide->looks_room = 1;
	decide->budget = options->false_alarms_per_year > 0
		? options->false_alarms_per_year
		: BUDGET_USUAL;
	hosts_init(&decide->hosts, options->operators);
	lexicon_init(&decide->by_domain, subject_name);
	*ret_decide = decide;
	return 0;
}

void decide_destroy(struct decide *decide)
{
	if (decide == NULL)
		return;
	for (size_t i = 0; i < decide->affairs_len; i++)
		affair_destroy(decide->affairs[i]);
	for (size_t i = 0; i < decide->subjects_len; i++)
		decide_drop(decide->subjects[i]);
	for (int i = 0; i < decide->views_len; i++)
		free(decide->views[i].name);
	free(decide->affairs);
	free(decide->subjects);
	free(decide->timers);
	hosts_finish(&decide->hosts);
	lexicon_finish(&decide->by_domain);
	free(decide);
}

void decide_fail(struct decide *decide)
{
	decide->error = -ENOMEM;
}

/* Views are few and known early; domains may be a million. */
static int widen(struct decide *decide, size_t views)
{
	if (views <= decide->looks_room)
		return 0;
	for (size_t i = 0; i < decide->subjects_len; i++) {
		struct subject *subject = decide->subjects[i];
		struct look *looks = realloc(subject->looks, views * sizeof *looks);
		if (looks == NULL)
			return -ENOMEM;
		memset(&looks[views - 1], 0, sizeof *looks);
		subject->looks = looks;
	}
	decide->looks_room = views;
	return 0;
}

int decide_view(
	struct decide *decide, const char *name, bool authoritative, int64_t interval_ms)
{
	for (int i = 0; i < decide->views_len; i++)
		if (strcmp(decide->views[i].name, name) == 0)
			return i;
	if (decide->views_len == DECIDE_VIEWS_MAX)
		return -ENOSPC;
	char *copy = strdup(name);
	if (copy == NULL || widen(decide, (size_t)decide->views_len + 1) < 0) {
		free(copy);
		return -ENOMEM;
	}
	decide->views[decide->views_len] = (struct view){
		.name = copy,
		.authoritative = authoritative,
		.interval_ms = interval_ms,
	};
	return decide->views_len++;
}

void decide_set_watched(struct decide *decide, int view, size_t domains)
{
	decide->views[view].watched = domains;
}

/* --- subjects --- */

void decide_drop(struct subject *subject)
{
	tolls_finish(&subject->tolls);
	free(subject->looks);
	free(subject->domain);
	free(subject);
}

bool decide_adopt(struct decide *decide, struct subject *subject)
{
	if (decide->subjects_len == decide->subjects_room) {
		const size_t room =
			decide->subjects_room > 0 ? decide->subjects_room * 2 : 256;
		struct subject **list = realloc(decide->subjects, room * sizeof *list);
		if (list == NULL)
			return false;
		decide->subjects = list;
		decide->subjects_room = room;
	}
	if (lexicon_add(&decide->by_domain, subject) < 0)
		return false;
	decide->subjects[decide->subjects_len++] = subject;
	return true;
}

struct subject *decide_make(const struct decide *decide, const uint8_t *domain)
{
	const size_t len = name_length(domain);
	struct subject *subject = calloc(1, sizeof *subject);
	if (subject == NULL)
		return NULL;
	subject->domain = malloc(len);
	subject->looks = calloc(decide->looks_room, sizeof *subject->looks);
	if (subject->domain == NULL || subject->looks == NULL) {
		decide_drop(subject);
		return NULL;
	}
	memcpy(subject->domain, domain, len);
	return subject;
}

static struct subject *meet(struct decide *decide, const uint8_t *domain, int64_t at)
{
	struct subject *subject = decide_make(decide, domain);
	if (subject == NULL || !decide_adopt(decide, subject)) {
		if (subject != NULL)
			decide_drop(subject);
		return NULL;
	}
	subject->ordinal = decide->ordinals++;
	subject->met_at = at;
	return subject;
}

struct subject *decide_subject(struct decide *decide, const uint8_t *domain, int64_t at)
{
	const size_t len = name_length(domain);
	struct subject *subject = lexicon_find(&decide->by_domain, domain, len);
	if (subject == NULL)
		subject = meet(decide, domain, at);
	if (subject == NULL)
		decide_fail(decide);
	else
		decide_touch(decide, subject);
	return subject;
}

void decide_touch(struct decide *decide, struct subject *subject)
{
	if (subject == NULL) {
		decide->touched_all = true;
	} else if (!subject->touched) {
		subject->touched = true;
		subject->touched_next = decide->touched;
		decide->touched = subject;
	}
}

void decide_press(struct subject *subject)
{
	if (subject != NULL)
		subject->pressing = true;
}

/* --- timers: a heap by time, then by the order in which domains were met --- */

static bool is_before(const struct timer *a, const struct timer *b)
{
	const int64_t first = a->subject != NULL ? (int64_t)a->subject->ordinal : -1;
	const int64_t second = b->subject != NULL ? (int64_t)b->subject->ordinal : -1;
	return a->at != b->at ? a->at < b->at : first < second;
}

static void swap(struct timer *a, struct timer *b)
{
	const struct timer kept = *a;
	*a = *b;
	*b = kept;
}

static void sink(struct timer *heap, size_t len)
{
	for (size_t at = 0;;) {
		size_t least = at;
		for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < len;
			child++)
			if (is_before(&heap[child], &heap[least]))
				least = child;
		if (least == at)
			return;
		swap(&heap[at], &heap[least]);
		at = least;
	}
}

static void push(struct decide *decide, struct timer timer)
{
	if (decide->timers_len == decide->timers_room) {
		const size_t room =
			decide->timers_room > 0 ? decide->timers_room * 2 : 64;
		struct timer *heap = realloc(decide->timers, room * sizeof *heap);
		if (heap == NULL) {
			decide_fail(decide);
			return;
		}
		decide->timers = heap;
		decide->timers_room = room;
	}
	size_t at = decide->timers_len++;
	decide->timers[at] = timer;
	while (at > 0 && is_before(&decide->timers[at], &decide->timers[(at - 1) / 2])) {
		swap(&decide->timers[at], &decide->timers[(at - 1) / 2]);
		at = (at - 1) / 2;
	}
}

void decide_set_timer(struct decide *decide, struct subject *subject, int64_t at)
{
	if (subject != NULL && subject->timer_at != 0 && subject->timer_at <= at)
		return;
	if (subject != NULL)
		subject->timer_at = at;
	push(decide, (struct timer){at, subject});
}

static struct timer pop(struct decide *decide)
{
	const struct timer timer = decide->timers[0];
	decide->timers[0] = decide->timers[--decide->timers_len];
	sink(decide->timers, decide->timers_len);
	return timer;
}

int decide_advance(struct decide *decide, int64_t now)
{
	while (decide->timers_len > 0 && decide->timers[0].at <= now) {
		const struct timer timer = pop(decide);
		if (timer.at > decide->now)
			decide->now = timer.at;
		if (timer.subject == NULL) {
			decide_touch(decide, NULL);
			outage_self(decide, timer.at);
		} else if (timer.subject->timer_at == timer.at) {
			timer.subject->timer_at = 0;
			decide_touch(decide, timer.subject);
			reconsider(decide, timer.subject, timer.at);
		}
	}
	if (now > decide->now)
		decide->now = now;
	const int error = decide->error;
	decide->error = 0;
	return error;
}

int64_t decide_now(const struct decide *decide)
{
	return decide->now;
}

void reconsider(struct decide *decide, struct subject *subject, int64_t at)
{
	outage_reconsider(decide, subject, at);
	move_reconsider(decide, subject, at);
	fault_reconsider(decide, subject, at);
}

/* --- incidents out --- */

static void export_proofs(const struct affair *affair, struct incident_evidence *list)
{
	for (unsigned i = 0; i < affair->proofs_len; i++)
		list[i] = (struct incident_evidence){
			.name = affair->proofs[i].name,
			.weight = affair->proofs[i].weight,
			.at = affair->proofs[i].at,
			.text = affair->proofs[i].text,
		};
}

static void join_names(const struct operator_entry *const *list, unsigned len,
	char *ret_text, size_t room)
{
	size_t used = 0;
	ret_text[0] = '\0';
	for (unsigned i = 0; i < len; i++) {
		const size_t each = strlen(list[i]->name);
		if (used + each + 2 > room)
			return;
		memcpy(ret_text + used, list[i]->name, each);
		used += each;
		ret_text[used++] = '\n';
		ret_text[used] = '\0';
	}
}

/* The recipients that changed; owned by the caller. */
static struct incident_recipient *export_tolls(struct affair *affair, size_t *ret_len)
{
	struct incident_recipient *list = calloc(affair->tolls.len + 1, sizeof *list);
	size_t len = 0;
	for (size_t i = 0; list != NULL && i < affair->tolls.len; i++) {
		const struct toll *toll = &affair->tolls.list[i];
		if (!toll->changed)
			continue;
		struct incident_recipient *each = &list[len++];
		*each = (struct incident_recipient){
			.relay_host = toll->host != NULL ? toll->host->name : "",
			.first_bounce_at = toll->first_at,
			.last_bounce_at = toll->last_at,
			.bounces = toll->bounces,
			.accepted_before = toll->accepted_before,
			.advice = affair_advice(affair, toll),
		};
		memcpy(each->hash, toll->hash, sizeof each->hash);
	}
	*ret_len = len;
	return list;
}

static int hand_out(
	struct decide *decide, struct affair *affair, decide_incident_fn fn, void *owner)
{
	struct incident_evidence evidence[INCIDENT_EVIDENCE_MOST];
	char from[AFFAIR_OPERATORS * 256], to[AFFAIR_OPERATORS * 256];
	char summary[AFFAIR_TEXT];
	export_proofs(affair, evidence);
	join_names(affair->from, affair->from_len, from, sizeof from);
	join_names(affair->to, affair->to_len, to, sizeof to);
	const struct incident incident = {
		.number = affair->number,
		.domain = affair->subject != NULL ? affair->subject->domain : NULL,
		.kind = affair->kind,
		.kind_at_open = affair->kind_at_open,
		.severity = affair->severity,
		.severity_now = affair->severity_now,
		.state = affair->state,
		.suspected_at = affair->suspected_at,
		.opened_at =
			affair->opened_at != 0 ? affair->opened_at : affair->suspected_at,
		.change_at = affair->change_at,
		.change_not_before = affair->change_not_before_at,
		.first_bounce_at = affair->first_bounce_at,
		.last_bounce_at = affair->last_bounce_at,
		.reverted_at = affair->reverted_at,
		.closed_at = affair->closed_at,
		.updated_at = affair->updated_at,
		.from_operators = from,
		.to_operators = to,
		.view = affair->view >= 0 ? decide->views[affair->view].name : "",
		.recipients = affair->recipients,
		.bounces = affair->bounces,
		.deferrals = affair->deferrals,
		.deliveries = affair->deliveries,
		.summary = words_summary(affair, summary),
		.evidence = evidence,
		.evidence_len = affair->proofs_len,
	};
	size_t len;
	struct incident_recipient *recipients = export_tolls(affair, &len);
	if (recipients == NULL)
		return -ENOMEM;
	const int error = fn(owner, affair->serial, &incident, recipients, len);
	free(recipients);
	for (size_t i = 0; error == 0 && i < affair->tolls.len; i++)
		affair->tolls.list[i].changed = false;
	return error;
}

static int by_serial(const void *a, const void *b)
{
	const struct affair *const *first = a;
	const struct affair *const *second = b;
	return ((*first)->serial > (*second)->serial) -
		((*first)->serial < (*second)->serial);
}

/* Rows of a store that lost some may have one serial twice. */
static void sort_affairs(struct decide *decide)
{
	qsort(decide->affairs, decide->affairs_len, sizeof *decide->affairs, by_serial);
	for (size_t i = 1; i < decide->affairs_len; i++)
		if (decide->affairs[i]->serial <= decide->affairs[i - 1]->serial)
			decide->affairs[i]->serial = decide->affairs[i - 1]->serial + 1;
	if (decide->affairs_len > 0 &&
		decide->serials < decide->affairs[decide->affairs_len - 1]->serial)
		decide->serials = decide->affairs[decide->affairs_len - 1]->serial;
	decide->unsorted = false;
}

int decide_take(struct decide *decide, decide_incident_fn fn, void *owner)
{
	if (decide->unsorted)
		sort_affairs(decide);
	affair_sweep(decide); /* what was taken by now was kept, or has been put back */
	for (size_t i = 0; i < decide->affairs_len; i++) {
		struct affair *affair = decide->affairs[i];
		if (!affair->dirty)
			continue;
		const int error = hand_out(decide, affair, fn, owner);
		if (error != 0)
			return error;
		affair->dirty = false;
		decide_touch(decide, affair->subject);
	}
	return 0;
}

void decide_set_number(struct decide *decide, uint64_t serial, int64_t number)
{
	for (size_t i = 0; i < decide->affairs_len; i++)
		if (decide->affairs[i]->serial == serial &&
			decide->affairs[i]->number != number) {
			decide->affairs[i]->number = number;
			decide_touch(decide, decide->affairs[i]->subject);
			decide_press(decide->affairs[i]->subject);
		}
}

void decide_put_back(struct decide *decide, uint64_t serial, int64_t number)
{
	for (size_t i = 0; i < decide->affairs_len; i++) {
		struct affair *affair = decide->affairs[i];
		if (affair->serial != serial)
			continue;
		affair->number = number;
		affair->dirty = true;
		for (size_t k = 0; k < affair->tolls.len; k++)
			affair->tolls.list[k].changed = true;
		decide_touch(decide, affair->subject);
		decide_press(affair->subject);
	}
}

int decide_each_open(const struct decide *decide, decide_number_fn fn, void *owner)
{
	int error = 0;
	for (size_t i = 0; i < decide->affairs_len && error == 0; i++) {
		const struct affair *affair = decide->affairs[i];
		if (affair->number != 0 && affair->state != INCIDENT_CLOSED)
			error = fn(owner, affair->number);
	}
	return error;
}

void decide_close(struct decide *decide, int64_t number, int64_t at)
{
	for (size_t i = 0; i < decide->affairs_len; i++) {
		struct affair *affair = decide->affairs[i];
		if (affair->number != number || affair->state == INCIDENT_CLOSED)
			continue;
		affair_prove(affair, "closed-by-hand", 0, at,
			"Somebody closed the incident by hand.");
		affair_close(affair, at);
		affair->by_hand = true;
		if (affair->hot_at < at)
			affair->hot_at = at;
		decide_touch(decide, affair->subject);
	}
}
