/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/cli/cli.h"
#include "monitor/cli/row.h"
#include "monitor/cli/table.h"
#include "monitor/describe.h"
#include "monitor/operator.h"
#include "monitor/operators.h"

#define DEFAULT_WINDOW_MS INT64_C(86400000)

struct printing {
	struct cli *cli;
	const struct operator_entry *operator; /* NULL for all */
	struct table *table; /* owned; for people */
	uint64_t rows;
};

static bool has_operator(const struct printing *printing, uint16_t rrtype,
	const struct answer_value *answer)
{
	struct operator_list list;
	bool has;

	if (operator_list_of(printing->cli->operators, rrtype, answer->set, &list) < 0)
		return false;
	has = operator_list_has(&list, printing->operator);
	operator_list_finish(&list);
	return has;
}

static bool is_wanted(const struct printing *printing, uint16_t rrtype,
	const struct answer_value *a, const struct answer_value *b)
{
	return printing->operator== NULL || has_operator(printing, rrtype, a) ||
		has_operator(printing, rrtype, b);
}

static void add_answer(struct printing *printing, const char *label, uint16_t rrtype,
	const struct answer_value *answer)
{
	char *words = describe_answer(
		printing->cli->operators, rrtype, answer, printing->cli->utf8);
	char *text = NULL;

	if (words == NULL || asprintf(&text, "%s %s", label, words) < 0)
		text = NULL;
	table_add_detail(printing->table, text != NULL ? text : "(no memory)");
	free(text);
	free(words);
}

static void add_row(struct printing *printing, int64_t at, const char *view,
	const uint8_t *domain, const char *kind)
{
	char instant[DESCRIBE_TEXT_MAX];
	char name[DESCRIBE_NAME_MAX];
	const char *cells[] = {describe_instant(at, instant), view, kind, name};

	describe_name(domain, printing->cli->utf8, name);
	for (char *tab = strchr(name, '\t'); tab != NULL; tab = strchr(tab, '\t'))
		*tab = ' ';
	table_add(printing->table, cells);
}

static int on_change(void *owner, const struct change *change)
{
	struct printing *printing = owner;
	char text[160];

	if (!is_wanted(printing, change->rrtype, &change->from, &change->to))
		return 0;
	printing->rows++;
	if (printing->cli->json)
		return row_print(row_of_change(
			printing->cli->operators, printing->cli->store, change));
	add_row(printing, change->at, change->view, change->domain,
		change_kind_name(change->kind));
	add_answer(printing, "from", change->rrtype, &change->from);
	add_answer(printing, "to", change->rrtype, &change->to);
	if (change->server != NULL || change->imported ||
		change->confirmed_by == CONFIRMED_NOT) {
		snprintf(text, sizeof text, "%s%s%s%s",
			change->server != NULL ? "server\t" : "",
			change->server != NULL ? change->server : "",
			change->imported ? " imported" : "",
			change->confirmed_by == CONFIRMED_NOT ? " not\tconfirmed" : "");
		table_add_detail(printing->table, text + (text[0] == ' '));
	}
	return 0;
}

static int on_suspicion(void *owner, const struct suspicion *suspicion)
{
	struct printing *printing = owner;
	char text[256];

	if (!is_wanted(printing, suspicion->rrtype, &suspicion->held, &suspicion->seen))
		return 0;
	printing->rows++;
	if (printing->cli->json)
		return row_print(row_of_suspicion(printing->cli->operators, suspicion));
	add_row(printing, suspicion->at, suspicion->view, suspicion->domain, "suspicion");
	add_answer(printing, "held", suspicion->rrtype, &suspicion->held);
	add_answer(printing, "seen", suspicion->rrtype, &suspicion->seen);
	snprintf(text, sizeof text, "%s%s%s%s", suspicion->why,
		suspicion->server != NULL ? " (server\t" : "",
		suspicion->server != NULL ? suspicion->server : "",
		suspicion->server != NULL ? ")" : "");
	table_add_detail(printing->table, text);
	return 0;
}

static int print(struct printing *printing, const struct lookup_window *window)
{
	static const struct table_column columns[] = {
		{"AT (UTC)", false},
		{"VIEW", false},
		{"KIND", false},
		{"DOMAIN", false},
	};
	struct cli *cli = printing->cli;
	bool suspicions = options_has(&cli->options, "suspicions");
	int err;

	printing->table = table_create(columns, sizeof columns / sizeof *columns);
	if (printing->table == NULL)
		return -ENOMEM;
	err = suspicions ? lookup_suspicions(cli->store, window, on_suspicion, printing)
			 : lookup_changes(cli->store, window, on_change, printing);
	if (err == 0 && !cli->json && printing->rows > 0)
		err = table_print(printing->table, cli->colour, stdout);
	if (err == 0 && printing->rows == 0)
		cli_say("no %s in this window", suspicions ? "suspicions" : "changes");
	return err;
}

/* By name or domain, in any case. */
static int find_operator(struct printing *printing)
{
	const char *name = options_value(&printing->cli->options, "operator");

	if (name == NULL)
		return 0;
	printing->operator= operators_find(printing->cli->operators, name);
	return printing->operator!= NULL ? 0 : - ENOMEM;
}

enum cli_status cli_changes(struct cli *cli)
{
	struct printing printing = {.cli = cli};
	const char *domain_text = options_value(&cli->options, "domain");
	uint8_t domain[NAME_WIRE_MAX];
	struct lookup_window window = {0};
	enum cli_status status;
	int err;

	if (!cli_read_window(cli, &window) || !cli_read_type(cli, &window.rrtype))
		return CLI_WRONG_CALL;
	if (domain_text != NULL) {
		if (!cli_read_domain(domain_text, domain))
			return CLI_WRONG_CALL;
		window.domain = domain;
	}
	if (window.from == 0)
		window.from = (window.to != 0 ? window.to : cli->now) - DEFAULT_WINDOW_MS;
	cli->networks = window.rrtype != 0;
	status = cli_open_store(cli);
	if (status == CLI_DONE)
		status = cli_load_operators(cli);
	if (status != CLI_DONE)
		return status;
	err = find_operator(&printing);
	if (err == 0)
		err = print(&printing, &window);
	table_destroy(printing.table);
	if (err < 0)
		return cli_look_up_failed(err, domain_text);
	return cli_finish_output();
}
