/* SPDX-License-Identifier: MIT */
/* What a day was like, in words. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/describe.h"
#include "monitor/herald_inside.h"
#include "resolvers/name.h"
#include "storage/deliveries_lookup.h"
#include "storage/incidents.h"
#include "storage/lookup.h"
#include "storage/outbox_list.h"
#include "storage/store.h"
#include "storage/vigil.h"

struct day {
	struct herald *herald;
	int64_t from;
	int64_t to;
	FILE *out;
	struct vigil vigil;
	struct lookup_totals totals;
	struct deliveries_sums mail;
	struct outbox_totals outbox;
	uint64_t incidents; /* that opened */
	uint64_t open;
	uint64_t blind; /* incidents of our own */
	char last[512]; /* the latest incident in a few words */
};

static int on_incident(void *owner, const struct incident *incident)
{
	struct day *const day = owner;
	char id[STORE_ID_MAX];
	char name[NAME_TEXT_MAX] = "our own";
	day->incidents += incident->opened_at >= day->from;
	day->open += incident->state != INCIDENT_CLOSED;
	day->blind += incident->kind == INCIDENT_SELF;
	if (incident->domain)
		name_format(incident->domain, name);
	snprintf(day->last, sizeof day->last, "%s of %.255s: %s, %s",
		incidents_id_format(day->herald->options.store, incident->number, id),
		name, incident_kind_name(incident->kind),
		incident_state_name(incident->state));
	return 0;
}

static int look(struct day *day)
{
	struct store *const store = day->herald->options.store;
	const struct incidents_filter filter = {.from = day->from};
	int error = vigil_look(store, day->from, day->to, &day->vigil);
	if (error == 0)
		error = lookup_totals(store, &day->totals);
	if (error == 0)
		error = deliveries_sum(store, NULL, day->from, day->to, &day->mail);
	if (error == 0)
		error = outbox_totals(store, day->to, &day->outbox);
	if (error == 0)
		error = incidents_each(store, &filter, on_incident, day);
	return error;
}

static bool is_well(const struct day *day)
{
	return day->herald->polling && day->vigil.down_ms == 0 && day->blind == 0 &&
		day->outbox.given_up == 0;
}

static void put_count(struct day *day, uint64_t count, const char *what)
{
	char text[DESCRIBE_TEXT_MAX];
	fprintf(day->out, "%s %s", describe_count(count, text), what);
}

static void write_polls(struct day *day)
{
	char text[DESCRIBE_TEXT_MAX];
	fputs("Watched: ", day->out);
	put_count(day, day->totals.watched_points, "points (a domain in a view), ");
	put_count(day, day->totals.gaps_open, "of them without an answer now; ");
	put_count(day, day->vigil.changes, "changes of MX in the last 24 hours.\n");
	fprintf(day->out, "The last poll was written at %s UTC.\n",
		describe_instant(day->vigil.beat_at, text));
	if (day->vigil.down_ms > 0)
		fprintf(day->out,
			"Nobody looked for %s: the monitor did not run (%llu starts, "
			"%llu of its runs ended without a word).\n",
			describe_duration(day->vigil.down_ms, text),
			(unsigned long long)day->vigil.starts,
			(unsigned long long)day->vigil.crashes);
	if (day->blind > 0)
		put_count(day, day->blind, "times our own DNS, network or log failed.\n");
}

static void write_rest(struct day *day)
{
	char text[DESCRIBE_TEXT_MAX];
	fputs("Mail read: ", day->out);
	put_count(day, day->mail.accepted, "accepted, ");
	put_count(day, day->mail.bounced, "bounced, ");
	put_count(day, day->mail.deferred + day->mail.greylisted + day->mail.rate_limited,
		"deferred.\n");
	fputs("Incidents: ", day->out);
	put_count(day, day->incidents, "opened, ");
	put_count(day, day->open, "not closed.\n");
	if (day->last[0] != '\0')
		fprintf(day->out, "The latest: %s.\n", day->last);
	fputs("Alerts: ", day->out);
	put_count(day, day->outbox.waiting, "wait, ");
	put_count(day, day->outbox.given_up, "were given up");
	fprintf(day->out, "; the last arrived at %s UTC.\n",
		describe_instant(day->outbox.sent_at, text));
}

char *herald_day(struct herald *herald, int64_t from, int64_t to)
{
	struct day day = {.herald = herald, .from = from, .to = to};
	char *text = NULL;
	size_t len;
	if (look(&day) != 0)
		return NULL;
	day.out = open_memstream(&text, &len);
	if (!day.out)
		return NULL;
	fputs(is_well(&day) ? "All is as it should be.\n\n"
			    : "Not all is as it should be.\n\n",
		day.out);
	write_polls(&day);
	write_rest(&day);
	if (fclose(day.out) == 0)
		return text;
	free(text);
	return NULL;
}
