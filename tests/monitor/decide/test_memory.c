/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "monitor/decide/archive.h"
#include "monitor/decide/memory.h"
#include "monitor/operators.h"
#include "tests/monitor/decide/history.h"
#include "tests/monitor/decide/shelf.h"

static struct operators *operators;

static int make_operators(void **state)
{
	struct operators_error error;
	(void)state;
	return operators_create(NULL, NULL, &operators, &error);
}

static int drop_operators(void **state)
{
	(void)state;
	operators_destroy(operators);
	return 0;
}

static struct decide *make_engine(unsigned turn)
{
	const struct decide_options options = {.operators = operators};
	struct decide *decide;
	assert_int_equal(decide_create(&options, &decide), 0);
	history_make_views(decide, turn);
	return decide;
}

/* --- what an engine hands out, as text --- */

struct transcript {
	struct decide *decide;
	FILE *out;
	char *text;
	size_t len;
	uint32_t kinds; /* seen open */
	int64_t latest; /* number */
};

static void write_incident(FILE *out, uint64_t serial, const struct incident *incident)
{
	char domain[NAME_TEXT_MAX] = "-";
	if (incident->domain != NULL)
		name_format(incident->domain, domain);
	fprintf(out, "%" PRIu64 " %" PRId64 " %s %s %s %d %d %s\n", serial,
		incident->number, domain, incident_kind_name(incident->kind),
		incident->kind_at_open != 0 ? incident_kind_name(incident->kind_at_open)
					    : "-",
		incident->severity, incident->severity_now,
		incident_state_name(incident->state));
	const int64_t times[] = {
		incident->suspected_at,
		incident->opened_at,
		incident->change_at,
		incident->change_not_before,
		incident->first_bounce_at,
		incident->last_bounce_at,
		incident->reverted_at,
		incident->closed_at,
		incident->updated_at,
	};
	for (size_t i = 0; i < sizeof times / sizeof times[0]; i++)
		fprintf(out, " %" PRId64, times[i]);
	fprintf(out, "\n %s %s %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %s\n",
		incident->from_operators, incident->to_operators, incident->view,
		incident->recipients, incident->bounces, incident->deferrals,
		incident->deliveries, incident->summary);
	for (size_t i = 0; i < incident->evidence_len; i++)
		fprintf(out, " %s %a %" PRId64 " %s\n", incident->evidence[i].name,
			incident->evidence[i].weight, incident->evidence[i].at,
			incident->evidence[i].text);
}

static int write_down(void *owner, uint64_t serial, const struct incident *incident,
	const struct incident_recipient *recipients, size_t recipients_len)
{
	struct transcript *transcript = owner;
	write_incident(transcript->out, serial, incident);
	for (size_t i = 0; i < recipients_len; i++) {
		for (unsigned k = 0; k < INCIDENT_HASH; k++)
			fprintf(transcript->out, "%02x", recipients[i].hash[k]);
		fprintf(transcript->out,
			" %s %" PRId64 " %" PRId64 " %" PRIu64 " %d %d\n",
			recipients[i].relay_host, recipients[i].first_bounce_at,
			recipients[i].last_bounce_at, recipients[i].bounces,
			recipients[i].accepted_before, recipients[i].advice);
	}
	if (incident->number == 0)
		decide_set_number(transcript->decide, serial, (int64_t)serial + 1000);
	if (incident->state == INCIDENT_OPEN)
		transcript->latest = (int64_t)serial + 1000;
	if (incident->kind_at_open != 0)
		transcript->kinds |= 1u << incident->kind;
	return 0;
}

static void take(struct decide *decide, struct transcript *transcript)
{
	free(transcript->text);
	transcript->decide = decide;
	transcript->out = open_memstream(&transcript->text, &transcript->len);
	assert_non_null(transcript->out);
	assert_int_equal(decide_take(decide, write_down, transcript), 0);
	assert_int_equal(fclose(transcript->out), 0);
}

/* --- the same with interruptions as without --- */

struct pair {
	struct history history;
	struct history weather; /* chance that is not the world's */
	struct decide *steady;
	struct decide *broken;
	struct shelf shelf;
	struct transcript steady_says;
	struct transcript broken_says;
	size_t said;
	unsigned interruptions;
};

static void take_both(struct pair *pair)
{
	take(pair->steady, &pair->steady_says);
	take(pair->broken, &pair->broken_says);
	assert_string_equal(pair->broken_says.text, pair->steady_says.text);
	pair->said += pair->steady_says.len;
}

static void interrupt(struct pair *pair)
{
	decide_destroy(pair->broken);
	pair->broken = make_engine(0);
	shelf_recall(&pair->shelf,
		history_dice(&pair->weather, (unsigned)pair->shelf.len), pair->broken);
	pair->interruptions++;
}

static void step(struct pair *pair)
{
	struct fact fact;
	history_next(&pair->history, &fact);
	history_tell(&pair->history, &fact, pair->steady);
	history_tell(&pair->history, &fact, pair->broken);
	if (history_dice(&pair->weather, 2000) == 0) {
		decide_close(pair->steady, pair->steady_says.latest, fact.at);
		decide_close(pair->broken, pair->steady_says.latest, fact.at);
	}
	if (history_dice(&pair->weather, 20) != 0)
		return;
	take_both(pair);
	assert_int_equal(decide_remember(pair->broken, shelf_put, &pair->shelf), 0);
	if (history_dice(&pair->weather, 4) == 0)
		interrupt(pair);
}

static void compare_totals(struct pair *pair)
{
	const struct decide_totals a = decide_totals(pair->steady);
	const struct decide_totals b = decide_totals(pair->broken);
	assert_int_equal(a.domains, b.domains);
	assert_int_equal(a.open, b.open);
	assert_int_equal(a.relays_void, b.relays_void);
}

static uint32_t live(uint64_t seed, unsigned facts)
{
	struct pair pair = {
		.steady = make_engine(0),
		.broken = make_engine(0),
		.weather = {.chance = seed * 7919},
	};
	history_begin(&pair.history, seed);
	for (unsigned i = 0; i < facts; i++)
		step(&pair);
	take_both(&pair);
	compare_totals(&pair);
	assert_true(pair.interruptions > facts / 200);
	assert_true(pair.said > 0);
	const uint32_t kinds = pair.steady_says.kinds;
	decide_destroy(pair.steady);
	decide_destroy(pair.broken);
	shelf_finish(&pair.shelf);
	free(pair.steady_says.text);
	free(pair.broken_says.text);
	return kinds;
}

static void memory_goes_on_as_if_never_interrupted(void **state)
{
	uint32_t kinds = 0;
	(void)state;
	for (uint64_t seed = 1; seed <= 8; seed++)
		kinds |= live(seed, 25000);
	/* The pasts are worth something only as far as they make the rules speak. */
	for (unsigned kind = INCIDENT_TRANSIENT_HIJACK; kind < INCIDENT_KINDS; kind++)
		if ((kinds & 1u << kind) == 0)
			fail_msg("no %s in any past", incident_kind_name(kind));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_goes_on_as_if_never_interrupted),
	};
	return cmocka_run_group_tests_name(
		"memory", tests, make_operators, drop_operators);
}
