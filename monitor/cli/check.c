/* SPDX-License-Identifier: MIT */
/*
 * `check`: one line and an exit status as Nagios and its kin read them.
 *
 * Blindness outweighs what is thought to be well: an incident that is critical is told in any
 * case; then it counts whether the domain is looked at right now; then warnings.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/cli/cli.h"
#include "monitor/cli/row.h"
#include "monitor/describe.h"
#include "storage/incidents.h"

#define LOOK_BACK_MS INT64_C(3600000)

enum health {
	HEALTH_OK = 0,
	HEALTH_WARNING = 1,
	HEALTH_CRITICAL = 2,
	HEALTH_UNKNOWN = 3,
};

static const char *const words[] = {"OK", "WARNING", "CRITICAL", "UNKNOWN"};

struct checking {
	struct cli *cli;
	unsigned incidents; /* not closed, of the domain and of our own */
	enum incident_severity worst; /* 0 for none */
	char worst_id[STORE_ID_MAX];
	char worst_summary[160];
	unsigned views;
	unsigned fresh_views;
	int64_t last_poll_at;
	char answer[200];
};

static int on_incident(void *owner, const struct incident *incident)
{
	struct checking *checking = owner;

	checking->incidents++;
	if (incident->severity_now <= checking->worst)
		return 0;
	checking->worst = incident->severity_now;
	incidents_id_format(checking->cli->store, incident->number, checking->worst_id);
	snprintf(checking->worst_summary, sizeof checking->worst_summary, "%s",
		incident->summary);
	return 0;
}

static int on_own_incident(void *owner, const struct incident *incident)
{
	return incident->kind == INCIDENT_SELF ? on_incident(owner, incident) : 0;
}

static int on_coverage(void *owner, const struct coverage *coverage)
{
	struct checking *checking = owner;
	const bool stale = coverage->gaps_len > 0 &&
		coverage->gaps[coverage->gaps_len - 1].to_at >= coverage->to;

	checking->views++;
	checking->fresh_views += !stale && coverage->polls > 0;
	return 0;
}

static int on_instant(void *owner, const struct lookup_instant *instant)
{
	struct checking *checking = owner;
	char *answer;

	if (!instant->known || instant->server != NULL || instant->before == NULL ||
		instant->before->last_at <= checking->last_poll_at)
		return 0;
	checking->last_poll_at = instant->before->last_at;
	answer = describe_answer(checking->cli->operators, RECORD_TYPE_MX,
		&instant->before->answer, false);
	if (answer == NULL)
		return -ENOMEM;
	for (char *tab = strchr(answer, '\t'); tab != NULL; tab = strchr(tab, '\t'))
		*tab = ' ';
	snprintf(checking->answer, sizeof checking->answer, "%s", answer);
	free(answer);
	return 0;
}

static int look(struct checking *checking, const uint8_t *domain)
{
	struct store *store = checking->cli->store;
	const int64_t now = checking->cli->now;
	const struct incidents_filter of_domain = {.domain = domain, .open_only = true};
	const struct incidents_filter all = {.open_only = true};
	const struct lookup_window window = {
		.domain = domain, .from = now - LOOK_BACK_MS, .to = now, .now = now};
	int err = incidents_each(store, &of_domain, on_incident, checking);

	if (err == 0)
		err = incidents_each(store, &all, on_own_incident, checking);
	if (err == 0)
		err = lookup_coverage(store, &window, on_coverage, checking);
	if (err == 0)
		err = lookup_at(store,
			&(struct lookup_window){
				.domain = domain, .view = NULL, .now = now},
			now, on_instant, checking);
	return err == -ENOENT ? 0 : err;
}

static enum health judge(const struct checking *checking)
{
	if (checking->worst == SEVERITY_CRITICAL)
		return HEALTH_CRITICAL;
	if (checking->fresh_views == 0)
		return HEALTH_UNKNOWN;
	return checking->worst == SEVERITY_WARNING ? HEALTH_WARNING : HEALTH_OK;
}

/* What is the matter; no byte of it ends the line or begins the figures. */
static void put_words(const char *text, FILE *out)
{
	char *copy = strdup(text);

	for (char *bar = copy; bar != NULL && (bar = strchr(bar, '|')) != NULL;)
		*bar = '/';
	if (copy != NULL)
		name_escape(NAME_SINK_TERMINAL, copy, strlen(copy), out);
	free(copy);
}

static void put_matter(const struct checking *checking, enum health health, FILE *out)
{
	if (health == HEALTH_UNKNOWN && checking->views == 0)
		fputs("was never looked at", out);
	else if (health == HEALTH_UNKNOWN)
		fputs("no view gives a usable answer now", out);
	else if (health != HEALTH_OK)
		fprintf(out, "%s: ", checking->worst_id);
	if (health == HEALTH_WARNING || health == HEALTH_CRITICAL)
		put_words(checking->worst_summary, out);
	else if (health == HEALTH_OK)
		put_words(checking->answer, out);
}

static json_t *make_row(const struct checking *checking, const char *domain,
	enum health health, const char *matter)
{
	return json_pack("{s:s, s:s, s:s, s:i, s:i, s:i, s:o}", "domain", domain,
		"status", words[health], "text", matter, "incidents",
		(int)checking->incidents, "views", (int)checking->views, "fresh_views",
		(int)checking->fresh_views, "last_poll_at",
		row_instant(checking->last_poll_at));
}

static void print_line(const struct checking *checking, const char *domain,
	enum health health, const char *matter)
{
	const int64_t age = checking->cli->now - checking->last_poll_at;

	printf("MXVIGIL %s - %s: %s | incidents=%u views=%u fresh=%u", words[health],
		domain, matter, checking->incidents, checking->views,
		checking->fresh_views);
	if (checking->last_poll_at != 0)
		printf(" age=%llds", (long long)age / 1000);
	putchar('\n');
}

static int print(const struct checking *checking, const char *domain, enum health health)
{
	char *matter = NULL;
	size_t len;
	FILE *out = open_memstream(&matter, &len);
	int err = 0;

	if (out == NULL)
		return -ENOMEM;
	put_matter(checking, health, out);
	if (fclose(out) != 0)
		err = -ENOMEM;
	else if (checking->cli->json)
		err = row_print(make_row(checking, domain, health, matter));
	else
		print_line(checking, domain, health, matter);
	free(matter);
	return err;
}

static enum cli_status give_up(struct cli *cli, const char *why)
{
	if (!cli->json)
		printf("MXVIGIL UNKNOWN - %s\n", why);
	cli_finish_output();
	return (enum cli_status)HEALTH_UNKNOWN;
}

enum cli_status cli_check(struct cli *cli)
{
	struct checking checking = {.cli = cli};
	uint8_t domain[NAME_WIRE_MAX];
	char name[NAME_TEXT_MAX];
	enum health health;
	int err;

	if (!cli_read_domain(cli->options.arguments[0], domain))
		return give_up(cli, "the domain is none");
	if (cli_open_store(cli) != CLI_DONE || cli_load_operators(cli) != CLI_DONE)
		return give_up(cli, "the store cannot be read");
	err = look(&checking, domain);
	if (err < 0) {
		cli_look_up_failed(err, NULL);
		return give_up(cli, "the store cannot be read");
	}
	health = judge(&checking);
	if (print(&checking, name_format(domain, name), health) < 0 ||
		cli_finish_output() != CLI_DONE)
		return (enum cli_status)HEALTH_UNKNOWN;
	return (enum cli_status)health;
}

enum cli_status cli_check_wrong_call(void)
{
	puts("MXVIGIL UNKNOWN - wrong call");
	cli_finish_output();
	return (enum cli_status)HEALTH_UNKNOWN;
}
