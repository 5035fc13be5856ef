/* SPDX-License-Identifier: MIT */
#include "tests/monitor/decide/transcript.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "monitor/decide/decide.h"
#include "monitor/operators.h"
#include "resolvers/name.h"
#include "tests/monitor/decide/history.h"

struct writing {
	struct transcript *transcript;
	FILE *out;
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
	const struct writing *writing = owner;
	struct transcript *transcript = writing->transcript;
	FILE *out = writing->out;
	write_incident(out, serial, incident);
	for (size_t i = 0; i < recipients_len; i++) {
		for (unsigned k = 0; k < INCIDENT_HASH; k++)
			fprintf(out, "%02x", recipients[i].hash[k]);
		fprintf(out, " %s %" PRId64 " %" PRId64 " %" PRIu64 " %d %d\n",
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

void transcript_take(struct transcript *transcript, struct decide *decide)
{
	free(transcript->text);
	transcript->decide = decide;
	struct writing writing = {
		.transcript = transcript,
		.out = open_memstream(&transcript->text, &transcript->len),
	};
	assert_non_null(writing.out);
	assert_int_equal(decide_take(decide, write_down, &writing), 0);
	assert_int_equal(fclose(writing.out), 0);
}

void transcript_finish(struct transcript *transcript)
{
	free(transcript->text);
	*transcript = (struct transcript){.text = NULL};
}

struct decide *transcript_engine(struct operators *operators, unsigned turn)
{
	const struct decide_options options = {.operators = operators};
	struct decide *decide;
	assert_int_equal(decide_create(&options, &decide), 0);
	history_make_views(decide, turn);
	return decide;
}

int transcript_setup(void **state)
{
	struct operators *operators;
	struct operators_error error;
	if (operators_create(NULL, NULL, &operators, &error) < 0)
		return -1;
	*state = operators;
	return 0;
}

int transcript_teardown(void **state)
{
	operators_destroy(*state);
	return 0;
}
