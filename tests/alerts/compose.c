/* SPDX-License-Identifier: MIT */
/*
 * Writes alerts as each form has them, for parsers that are not ours to read.
 * usage: compose DIRECTORY
 *
 * NAME.eml is the mail, NAME.FORM.json the body of a channel. The hostile ones are name-NN and
 * text-NN; index.txt has for each its harmless twin, TAB, and what is the matter with it.
 */
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/lookalike.h"
#include "alerts/message.h"
#include "alerts/payload.h"
#include "alerts/timeline.h"
#include "resolvers/name.h"
#include "tests/alerts/hostile.h"
#include "tests/alerts/sample.h"

#define MANY 10000

static const char *directory;
static FILE *list; /* of the hostile ones */

static void must(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "compose: %s\n", what);
	exit(1);
}

static void write_file(const char *name, const char *end, const void *bytes, size_t len)
{
	char *path;

	must(asprintf(&path, "%s/%s%s", directory, name, end) > 0, "no memory");
	FILE *file = fopen(path, "wb");
	must(file != NULL && fwrite(bytes, 1, len, file) == len, path);
	must(fclose(file) == 0, path);
	free(path);
}

static void write_mail(const char *name, const struct alert *alert)
{
	static const char *const to[] = {
		"deliverability@example.com", "oncall@example.com", "log@example.net"};
	const struct message_envelope envelope = {
		.from = "mxvigil@mail.example.com",
		.to = to,
		.to_len = 3,
		.channel = "team",
	};
	char *bytes;
	size_t len;

	must(message_compose(alert, &envelope, &bytes, &len) == 0, "no message");
	write_file(name, ".eml", bytes, len);
	free(bytes);
}

/* As it is sent. */
static int make_page(const struct alert *alert, char **ret_body)
{
	char *body;
	int r = payload_pagerduty(alert, &body);

	if (r < 0)
		return r;
	r = payload_with_key(body, "0123456789abcdef0123456789abcdef", ret_body);
	free(body);
	return r;
}

static void write_all(const char *name, const struct alert *alert)
{
	static const struct {
		const char *end;
		int (*make)(const struct alert *alert, char **ret_body);
	} forms[] = {
		{".webhook.json", payload_webhook},
		{".exec.json", payload_exec},
		{".slack.json", payload_slack},
		{".teams.json", payload_teams},
		{".pagerduty.json", make_page},
		{".alertmanager.json", payload_alertmanager},
	};

	write_mail(name, alert);
	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		char *body;

		must(forms[i].make(alert, &body) == 0, forms[i].end);
		write_file(name, forms[i].end, body, strlen(body));
		free(body);
	}
}

/* The night of the sample. To be freed. */
static char *draw_picture(size_t *ret_len)
{
	const int64_t hour = INT64_C(3600000);
	const int64_t from = SAMPLE_T0 - 6 * hour;
	const int64_t back = SAMPLE_T0 + 12 * hour;
	const int64_t to = SAMPLE_T0 + 18 * hour;
	const char *const home = "10 mx00.ionos.de, 10 mx01.ionos.de";
	const char *const away = "10 mx01.mail.icloud.com, 10 mx02.mail.icloud.com";
	const struct timeline_span spans[] = {
		{from, SAMPLE_T0, "IONOS", home},
		{SAMPLE_T0, back, "Apple iCloud", away},
		{back, to, "IONOS", home},
	};
	const struct timeline_gap gap = {from + hour, from + 2 * hour, "stopped"};
	const struct timeline_lane lanes[] = {
		{"authoritative", spans, 3, &gap, 1},
		{"mta", spans, 3, NULL, 0},
	};
	struct timeline_bar bars[24];
	char *bytes = NULL;
	FILE *out = open_memstream(&bytes, ret_len);

	for (size_t i = 0; i < 24; i++) {
		const bool is_away = i >= 6 && i < 18;

		bars[i] = (struct timeline_bar){from + (int64_t)i * hour,
			from + (int64_t)(i + 1) * hour, 1500 + 60 * (i % 7), 3,
			is_away ? 380 + 11 * (i % 5) : 2, 4};
	}
	const struct timeline timeline = {
		.title = "online.de",
		.subtitle = "fra1-i7, transient-hijack",
		.footer = "mxvigil at fra1",
		.from = from,
		.to = to,
		.incident_from = SAMPLE_T0,
		.incident_to = back,
		.lanes = lanes,
		.lanes_len = 2,
		.bars = bars,
		.bars_len = 24,
	};
	must(out != NULL && timeline_write(&timeline, TIMELINE_PNG, 2, out) == 0 &&
			fclose(out) == 0,
		"no picture");
	return bytes;
}

static void write_kinds(void)
{
	char name[64];

	for (int kind = 1; kind < INCIDENT_KINDS; kind++) {
		struct sample sample;

		sample_init(&sample, (enum incident_kind)kind, ALERT_OPENED);
		snprintf(name, sizeof name, "kind-%s",
			incident_kind_name((enum incident_kind)kind));
		write_all(name, &sample.alert);
	}
}

static void write_events(void)
{
	char name[64];
	size_t picture_len;
	char *picture = draw_picture(&picture_len);

	for (int event = ALERT_SUSPECTED; event <= ALERT_CLOSED; event++) {
		struct sample sample;

		sample_init(&sample, INCIDENT_TRANSIENT_HIJACK, (enum alert_event)event);
		sample.alert.picture = picture;
		sample.alert.picture_len = picture_len;
		snprintf(name, sizeof name, "event-%s",
			alert_event_name((enum alert_event)event));
		write_all(name, &sample.alert);
	}
	free(picture);
	for (int event = ALERT_TEST; event <= ALERT_BLIND; event++) {
		const struct alert alert = {
			.id = "fra1-a3",
			.at = SAMPLE_T0,
			.site = "fra1",
			.ledger_head = "",
			.event = (enum alert_event)event,
			.note = "Polling: the last was 12 minutes ago.\nReading: as it "
				"should be.\n",
		};

		snprintf(name, sizeof name, "event-%s", alert_event_name(alert.event));
		write_all(name, &alert);
	}
}

/* One that somebody has acknowledged. */
static void write_seen(void)
{
	struct sample sample;

	sample_init(&sample, INCIDENT_TRANSIENT_HIJACK, ALERT_REVERTED);
	sample.incident.acked_at = SAMPLE_T0 + 300000;
	write_all("seen", &sample.alert);
}

/* Ten thousand domains that moved to one operator, and three others; and one that is back while
 * others move. */
static void write_many(void)
{
	static struct incident incidents[MANY];
	static struct alert_case cases[MANY];
	static char domains[MANY][32];
	static char ids[MANY][16];
	struct sample sample;

	sample_init(&sample, INCIDENT_TRANSIENT_MOVE, ALERT_SUSPECTED);
	for (size_t i = 0; i < MANY; i++) {
		incidents[i] = sample.incident;
		incidents[i].to_operators = "Example Mail\n";
		if (i >= MANY - 3) {
			incidents[i].kind = INCIDENT_DNS_OUTAGE;
			incidents[i].to_operators = "";
		}
		snprintf(domains[i], sizeof domains[i], "d%04zu.example", i);
		snprintf(ids[i], sizeof ids[i], "fra1-i%zu", i + 1);
		cases[i] = sample.one;
		cases[i].story.incident = &incidents[i];
		cases[i].story.domain = domains[i];
		cases[i].story.id = ids[i];
	}
	sample.alert.cases = cases;
	sample.alert.cases_len = MANY;
	write_all("many", &sample.alert);
	sample.alert.cases_len = 3;
	write_all("few", &sample.alert);
	cases[0].event = sample.alert.event = ALERT_CLOSED;
	write_all("mixed", &sample.alert);
}

/* A sample whose domain and hosts are one name. */
static void write_name(const char *name, const uint8_t *wire)
{
	char domain[NAME_TEXT_MAX];
	char spoken[NAME_TEXT_MAX];
	char *hosts;
	char *operators;
	struct sample sample;

	sample_init(&sample, INCIDENT_TRANSIENT_HIJACK, ALERT_CLOSED);
	name_format(wire, domain);
	name_format_display(wire, spoken);
	must(asprintf(&hosts, "10 %s, 20 mx.%s", domain, domain) > 0, "no memory");
	must(asprintf(&operators, "%s\n", domain) > 0, "no memory");
	sample.incident.domain = wire;
	sample.incident.to_operators = operators;
	sample.one.story.domain = domain;
	if (strcmp(domain, spoken) != 0)
		sample.one.story.spoken = spoken;
	for (size_t i = 0; i < SAMPLE_VIEWS; i++)
		sample.views[i].before = sample.views[i].since = sample.views[i].now =
			hosts;
	write_all(name, &sample.alert);
	free(hosts);
	free(operators);
}

/* A sample in which every text of others is one text. */
static void write_text(const char *name, const char *text)
{
	struct sample sample;
	char *operators = strdup(*text != '\0' ? text : "-");

	must(operators != NULL, "no memory");
	for (char *at = operators; (at = strpbrk(at, "\n")) != NULL;)
		*at = ' ';
	sample_init(&sample, INCIDENT_TRANSIENT_HIJACK, ALERT_CLOSED);
	sample.incident.summary = text;
	sample.incident.view = text;
	sample.incident.to_operators = operators;
	sample.incident.from_operators = operators;
	for (size_t i = 0; i < 3; i++) {
		sample.evidence[i].text = text;
		sample.evidence[i].name = text;
	}
	for (size_t i = 0; i < SAMPLE_VIEWS; i++)
		sample.views[i].view = text;
	sample.one.story.coverage = *text != '\0' ? text : " ";
	sample.one.reactivate = operators;
	sample.one.story.meant = text;
	sample.alert.site = text;
	write_all(name, &sample.alert);
	free(operators);
}

static void write_names(void)
{
	static const struct {
		const char *name;
		const uint8_t *wire;
	} twins[] = {
		{"twin-name", (const uint8_t *)"\007example\003com"},
		{"twin-spoken", (const uint8_t *)"\015xn--bcher-kva\007example"},
		{"twin-like", (const uint8_t *)"\005gmai1\003com"},
		{"twin-spoken-like", (const uint8_t *)"\014xn--gmil-moa\003com"},
	};
	char name[32];

	for (size_t i = 0; i < sizeof twins / sizeof *twins; i++)
		write_name(twins[i].name, twins[i].wire);
	for (size_t i = 0; i < hostile_names(); i++) {
		const char *why;
		const uint8_t *wire = hostile_name(i, &why);
		char text[NAME_TEXT_MAX];
		char shown[NAME_TEXT_MAX];
		struct lookalike like;
		const bool is_like = lookalike_find(name_format(wire, text), &like);
		const bool is_spoken =
			strcmp(text, name_format_display(wire, shown)) != 0;

		snprintf(name, sizeof name, "name-%02zu", i);
		write_name(name, wire);
		fprintf(list, "%s\t%s\t%s\n", name, twins[2 * is_like + is_spoken].name,
			why);
	}
}

static void write_texts(void)
{
	char name[32];

	write_text("twin-text", "harmless");
	for (size_t i = 0; i < hostile_texts(); i++) {
		const char *why;
		const char *text = hostile_text(i, &why);

		snprintf(name, sizeof name, "text-%02zu", i);
		write_text(name, text);
		fprintf(list, "%s\ttwin-text\t%s\n", name, why);
	}
}

int main(int argc, char **argv)
{
	char *path;

	must(argc == 2, "usage: compose DIRECTORY");
	directory = argv[1];
	must(asprintf(&path, "%s/index.txt", directory) > 0, "no memory");
	list = fopen(path, "w");
	must(list != NULL, path);
	write_kinds();
	write_events();
	write_seen();
	write_many();
	write_names();
	write_texts();
	must(fclose(list) == 0, path);
	free(path);
	return 0;
}
