/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/cli/cli.h"
#include "monitor/cli/evidence.h"
#include "monitor/cli/row.h"
#include "monitor/cli/table.h"
#include "monitor/describe.h"
#include "monitor/exchange.h"
#include "storage/instant.h"

/* One look-up being printed. */
struct printing {
	struct cli *cli;
	struct lookup_window window;
	const uint8_t *domain;
	struct table *table; /* owned; for people only */
	uint64_t spans;
	FILE *coverage_out;
};

static const struct table_column span_columns[] = {
	{"FIRST SEEN (UTC)", false},
	{"LAST SEEN (UTC)", false},
	{"VIEW", false},
	{"POLLS", true},
	{"TTL", true},
};

static char *format_ttl(const struct span *span, char ret_text[DESCRIBE_TEXT_MAX])
{
	if (span->ttl_max == 0 && span->ttl_min == UINT32_MAX)
		return strcpy(ret_text, "-");
	if (span->ttl_min == span->ttl_max)
		snprintf(ret_text, DESCRIBE_TEXT_MAX, "%u", span->ttl_max);
	else
		snprintf(ret_text, DESCRIBE_TEXT_MAX, "%u-%u", span->ttl_min,
			span->ttl_max);
	return ret_text;
}

/* What stands below the row: the answer, and what is unusual about it. */
static void add_answer(struct printing *printing, const struct span *span)
{
	char *answer = describe_answer(printing->cli->operators, span->rrtype,
		&span->answer, printing->cli->utf8);
	char alias[DESCRIBE_NAME_MAX];
	char *text = NULL;

	if (answer != NULL &&
		asprintf(&text, "%s%s%s%s%s%s%s%s%s%s",
			record_type_is_address(span->rrtype)
				? record_type_name(span->rrtype)
				: "",
			record_type_is_address(span->rrtype) ? "\t" : "",
			span->server != NULL ? "server\t" : "",
			span->server != NULL ? span->server : "",
			span->server != NULL ? ": " : "", answer,
			span->alias != NULL ? ", alias\tof\t" : "",
			span->alias != NULL
				? describe_name(span->alias, printing->cli->utf8, alias)
				: "",
			(span->flags & SPAN_AUTHENTICATED) != 0 ? ", authenticated" : "",
			span->imported ? ", imported" : "") < 0)
		text = NULL;
	table_add_detail(printing->table, text != NULL ? text : "(no memory)");
	free(text);
	free(answer);
}

static int on_span_for_people(void *owner, const struct span *span)
{
	struct printing *printing = owner;
	char first[DESCRIBE_TEXT_MAX];
	char last[DESCRIBE_TEXT_MAX];
	char polls[DESCRIBE_TEXT_MAX];
	char ttl[DESCRIBE_TEXT_MAX];
	const char *cells[] = {describe_instant(span->first_at, first),
		describe_instant(span->last_at, last), span->view,
		describe_count(span->polls, polls), format_ttl(span, ttl)};

	table_add(printing->table, cells);
	add_answer(printing, span);
	return 0;
}

static int on_coverage_for_people(void *owner, const struct coverage *coverage)
{
	const struct printing *printing = owner;

	describe_coverage(coverage, printing->coverage_out);
	return 0;
}

static int print_table(struct printing *printing)
{
	char name[DESCRIBE_NAME_MAX];
	int err;

	printing->table =
		table_create(span_columns, sizeof span_columns / sizeof *span_columns);
	if (printing->table == NULL)
		return -ENOMEM;
	err = lookup_spans(
		printing->cli->store, &printing->window, on_span_for_people, printing);
	if (err == 0) {
		table_wrap(describe_name(printing->domain, printing->cli->utf8, name), 0,
			0, stdout);
		putchar('\n');
		if (table_rows(printing->table) == 0)
			cli_say("no answer was seen in this window");
		else
			err = table_print(printing->table, printing->cli->colour, stdout);
	}
	if (err == 0)
		err = evidence_print(printing->cli, &printing->window);
	putchar('\n');
	if (err == 0)
		err = lookup_coverage(printing->cli->store, &printing->window,
			on_coverage_for_people, printing);
	return err;
}

static int on_span_as_json(void *owner, const struct span *span)
{
	struct printing *printing = owner;

	printing->spans++;
	return row_print(row_of_span(printing->cli->operators, span));
}

static int on_coverage_as_json(void *owner, const struct coverage *coverage)
{
	(void)owner;
	return row_print(row_of_coverage(coverage));
}

static int print_json(struct printing *printing)
{
	int err = lookup_spans(
		printing->cli->store, &printing->window, on_span_as_json, printing);

	if (err == 0)
		err = evidence_print(printing->cli, &printing->window);
	if (err == 0)
		err = lookup_coverage(printing->cli->store, &printing->window,
			on_coverage_as_json, printing);
	return err;
}

static void put_cell(const char *text, char end)
{
	name_escape(NAME_SINK_CSV, text, strlen(text), stdout);
	putchar(end);
}

static int on_span_as_csv(void *owner, const struct span *span)
{
	struct printing *printing = owner;
	char text[NAME_TEXT_MAX];
	char instant[INSTANT_TEXT_MAX];
	char ttl[DESCRIBE_TEXT_MAX];
	char *answer;

	printing->spans++;
	answer = describe_answer(
		printing->cli->operators, span->rrtype, &span->answer, false);
	if (answer == NULL)
		return -ENOMEM;
	for (char *tab = strchr(answer, '\t'); tab != NULL; tab = strchr(tab, '\t'))
		*tab = ' ';
	put_cell(name_format(span->domain, text), ',');
	put_cell(span->view, ',');
	put_cell(span->server != NULL ? span->server : "", ',');
	put_cell(record_answer_name(span->rrtype, span->answer.state), ',');
	put_cell(span->answer.state == ANSWER_MX ? answer : "", ',');
	put_cell(instant_format(span->first_at, instant), ',');
	put_cell(instant_format(span->last_at, instant), ',');
	printf("%u,", span->polls);
	put_cell(format_ttl(span, ttl), ',');
	put_cell(span->imported ? "imported" : "", '\n');
	free(answer);
	return ferror(stdout) ? -EIO : 0;
}

/* The coverage stays a statement for people, beside the rows. */
static int print_coverage_beside(struct printing *printing)
{
	printing->coverage_out = stderr;
	return lookup_coverage(printing->cli->store, &printing->window,
		on_coverage_for_people, printing);
}

static int print_csv(struct printing *printing)
{
	int err;

	puts("domain,view,server,answer,mx,first_seen,last_seen,polls,ttl,imported");
	err = lookup_spans(
		printing->cli->store, &printing->window, on_span_as_csv, printing);
	return err == 0 ? print_coverage_beside(printing) : err;
}

static int print_cof(struct printing *printing)
{
	int err = exchange_export(
		printing->cli->store, &printing->window, stdout, NULL, NULL);

	return err == 0 ? print_coverage_beside(printing) : err;
}

static int on_instant_as_json(void *owner, const struct lookup_instant *instant)
{
	const struct printing *printing = owner;

	return row_print(
		row_of_instant(printing->cli->operators, printing->domain, instant));
}

static void put_polls(const struct lookup_instant *instant)
{
	char before[DESCRIBE_TEXT_MAX];
	char after[DESCRIBE_TEXT_MAX];

	printf("    polled %s and %s", describe_instant(instant->poll_before_at, before),
		instant->poll_after_at != 0
			? describe_instant(instant->poll_after_at, after)
			: "not again");
	if (instant->gap != NULL)
		printf("; a gap: %s", gap_reason_name(instant->gap->reason));
	putchar('\n');
}

static int on_instant_for_people(void *owner, const struct lookup_instant *instant)
{
	const struct printing *printing = owner;
	char text[DESCRIBE_TEXT_MAX];
	char *answer;

	printf("%s%s%s%s%s: ", instant->view,
		record_type_is_address(instant->rrtype) ? " " : "",
		record_type_is_address(instant->rrtype)
			? record_type_name(instant->rrtype)
			: "",
		instant->server != NULL ? ", server " : "",
		instant->server != NULL ? instant->server : "");
	if (!instant->known || instant->before == NULL) {
		puts("not known");
		return 0;
	}
	answer = describe_answer(printing->cli->operators, instant->rrtype,
		&instant->before->answer, printing->cli->utf8);
	if (answer == NULL)
		return -ENOMEM;
	table_wrap(answer, table_text_width(instant->view) + 2, 4, stdout);
	free(answer);
	if (instant->exact)
		put_polls(instant);
	else
		printf("    never blind for more than %s around that time\n",
			describe_duration(instant->within_ms, text));
	if (instant->after == NULL)
		return 0;
	answer = describe_answer(printing->cli->operators, instant->rrtype,
		&instant->after->answer, printing->cli->utf8);
	if (answer == NULL)
		return -ENOMEM;
	fputs("    then: ", stdout);
	table_wrap(answer, 10, 4, stdout);
	free(answer);
	return 0;
}

static int print_instant(struct printing *printing, int64_t at, bool json)
{
	char text[DESCRIBE_TEXT_MAX];
	char name[DESCRIBE_NAME_MAX];

	if (!json) {
		describe_name(printing->domain, printing->cli->utf8, name);
		printf("%s at %s UTC\n\n", name, describe_instant(at, text));
	}
	return lookup_at(printing->cli->store, &printing->window, at,
		json ? on_instant_as_json : on_instant_for_people, printing);
}

static enum cli_status check_call(const struct cli *cli, const char *format)
{
	const struct options *options = &cli->options;

	if (options_has(options, "at") &&
		(options_has(options, "from") || options_has(options, "to")))
		return cli_wrong_call(
			"history: --at stands in the place of --from and --to");
	if (options_has(options, "at") && strcmp(format, "table") != 0 &&
		strcmp(format, "json") != 0)
		return cli_wrong_call("history: --at prints a table or json");
	return CLI_DONE;
}

/* Without a wish: MX, and of a name that is only somebody's exchange its addresses. */
static uint16_t choose_type(const struct cli *cli, const uint8_t *domain, uint16_t wish)
{
	if (wish == 0 &&
		lookup_domain_is_known(cli->store, domain, RECORD_TYPE_MX) == -ENOENT)
		return LOOKUP_ALL_TYPES;
	return wish;
}

enum cli_status cli_history(struct cli *cli)
{
	struct printing printing = {.cli = cli, .coverage_out = stdout};
	const char *format = options_value(&cli->options, "format");
	uint8_t domain[NAME_WIRE_MAX];
	char text[NAME_TEXT_MAX];
	uint16_t type;
	int64_t at;
	enum cli_status status;
	int err;

	if (format == NULL || cli->json)
		format = cli->json ? "json" : "table";
	cli->json = strcmp(format, "json") == 0;
	status = check_call(cli, format);
	if (status != CLI_DONE)
		return status;
	if (!cli_read_domain(cli->options.arguments[0], domain) ||
		!cli_read_window(cli, &printing.window) || !cli_read_type(cli, &type) ||
		!cli_read_instant(cli, "at", &at))
		return CLI_WRONG_CALL;
	printing.domain = domain;
	printing.window.domain = domain;
	status = cli_open_store(cli);
	if (status != CLI_DONE)
		return status;
	printing.window.rrtype = choose_type(cli, domain, type);
	cli->networks = printing.window.rrtype != 0;
	status = cli_load_operators(cli);
	if (status != CLI_DONE)
		return status;
	if (options_has(&cli->options, "at"))
		err = print_instant(&printing, at, cli->json);
	else if (cli->json)
		err = print_json(&printing);
	else if (strcmp(format, "csv") == 0)
		err = print_csv(&printing);
	else if (strcmp(format, "cof") == 0)
		err = print_cof(&printing);
	else
		err = print_table(&printing);
	table_destroy(printing.table);
	if (err < 0)
		return cli_look_up_failed(err, name_format(domain, text));
	return cli_finish_output();
}
