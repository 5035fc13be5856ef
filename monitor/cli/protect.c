/* SPDX-License-Identifier: MIT */
/*
 * `protect`: what mail waits, and the reply filter that says so to Postfix. It is written from
 * what the store knows, as the monitor itself does; --prune needs the file alone.
 */
#include "monitor/protect/protect.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/cli/cli.h"
#include "monitor/cli/row.h"
#include "monitor/cli/table.h"
#include "monitor/conf_file.h"
#include "monitor/describe.h"
#include "monitor/protect/acceptors.h"
#include "monitor/protect/gather.h"
#include "monitor/protect/replace.h"
#include "monitor/protect/replyfile.h"
#include "monitor/protect/suspend.h"
#include "monitor/textfile.h"

/* One call. */
struct holding {
	struct cli *cli;
	const struct conf_file_protect *section; /* NULL without one */
	const char *path; /* of the reply filter; NULL without one */
	int64_t now;
	bool dry;
	struct acceptors *acceptors; /* owned */
	struct gather gather;
	struct hold *holds; /* owned; by domain */
	size_t len;
	struct replyfile_text text; /* owned; what the filter is to say */
	bool same; /* it does */
	struct replace_result result;
	struct suspend_result suspended;
};

static void finish(struct holding *holding)
{
	for (size_t i = 0; i < holding->len; i++)
		hold_finish(&holding->holds[i]);
	free(holding->holds);
	replyfile_finish(&holding->text);
	acceptors_destroy(holding->acceptors);
}

/* --- what holds --- */

static int on_domain(void *owner, const uint8_t *domain)
{
	struct holding *holding = owner;
	struct hold *list;
	struct hold hold;
	bool holds;
	int err;

	for (size_t i = 0; i < holding->len; i++)
		if (name_equal(holding->holds[i].domain, domain))
			return 0;
	err = gather_domain(&holding->gather, domain, holding->now, &hold, &holds);
	if (err < 0 || !holds)
		return err;
	list = reallocarray(holding->holds, holding->len + 1, sizeof *list);
	if (list == NULL) {
		hold_finish(&hold);
		return -ENOMEM;
	}
	holding->holds = list;
	list[holding->len++] = hold;
	return 0;
}

static int compare(const void *a, const void *b)
{
	const struct hold *one = a;
	const struct hold *other = b;

	return name_compare(one->domain, other->domain);
}

static int gather(struct holding *holding)
{
	struct cli *cli = holding->cli;
	int err = acceptors_create(cli->operators, &holding->acceptors);

	if (err < 0)
		return err;
	holding->gather = (struct gather){
		.store = cli->store,
		.operators = cli->operators,
		.acceptors = holding->acceptors,
		.mta = gather_mta_view(&cli->conf),
		.options = gather_options(&cli->conf),
	};
	err = gather_each_domain(&holding->gather, holding->now, on_domain, holding);
	if (err < 0)
		return err;
	if (holding->len > 0)
		qsort(holding->holds, holding->len, sizeof *holding->holds, compare);
	return replyfile_format(
		holding->holds, holding->len, holding->now, &holding->text);
}

static void compare_file(struct holding *holding)
{
	char *text;
	size_t len;

	if (holding->path == NULL ||
		textfile_read(holding->path, REPLYFILE_MAX, &text, &len) < 0)
		return;
	holding->same =
		len == holding->text.len && memcmp(text, holding->text.text, len) == 0;
	free(text);
}

static void write_file(struct holding *holding)
{
	const struct replace_order order = {
		.path = holding->path,
		.text = holding->text.text,
		.len = holding->text.len,
		.entries = holding->text.entries,
		.sample = holding->text.sample,
		.command = protect_reload_command(&holding->cli->conf),
		.now = holding->now,
	};

	if (holding->path != NULL && !holding->dry)
		replace_file(&order, &holding->result);
	if (holding->section != NULL && holding->section->kumomta != NULL &&
		!holding->dry)
		suspend_reconcile(holding->section->kumomta, holding->holds, holding->len,
			holding->now, &holding->suspended);
}

/* --- saying so --- */

static json_t *make_hosts(const struct hold *hold)
{
	json_t *hosts = json_array();

	for (size_t i = 0; i < hold->hosts_len; i++)
		json_array_append_new(hosts,
			json_pack("{s:s, s:b}", "host", hold->hosts[i].name, "alone",
				hold->hosts[i].alone));
	return hosts;
}

static json_t *make_row(const struct holding *holding, const struct hold *hold)
{
	const bool keeps = hold->keeps_away && holding->path != NULL;
	const bool softens =
		holding->section != NULL && holding->section->postfix_status != NULL;
	char domain[NAME_TEXT_MAX];

	return json_pack("{s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:b, s:b}", "domain",
		name_format(hold->domain, domain), "incident", hold->id, "kind",
		incident_kind_name(hold->kind), "since", row_instant(hold->since_at),
		"expires", row_instant(hold->expires_at), "returned_at",
		row_instant(hold->returned_at), "lift_at", row_instant(hold->lift_at),
		"hosts", make_hosts(hold), "softened", softens, "kept_away", keeps);
}

static json_t *make_last(const struct holding *holding)
{
	return json_pack("{s:{s:s?, s:s?, s:b, s:b, s:I, s:I, s:I, s:I, s:o}}", "protect",
		"mta_view", holding->gather.mta, "postfix_status",
		holding->section != NULL ? holding->section->postfix_status : NULL,
		"written", holding->result.written, "would_write",
		holding->path != NULL && holding->dry && !holding->same, "refused_names",
		(json_int_t)holding->text.refused, "domains_beyond",
		(json_int_t)holding->text.beyond, "kumomta_suspended",
		(json_int_t)holding->suspended.suspended, "kumomta_lifted",
		(json_int_t)holding->suspended.lifted, "reply_filter",
		holding->path != NULL ? replace_state(holding->path) : json_null());
}

static int print_rows(const struct holding *holding)
{
	int err = 0;

	for (size_t i = 0; err == 0 && i < holding->len; i++)
		err = row_print(make_row(holding, &holding->holds[i]));
	return err < 0 ? err : row_print(make_last(holding));
}

static void add_hold(struct table *table, const struct cli *cli, const struct hold *hold)
{
	char name[DESCRIBE_NAME_MAX];
	char until[DESCRIBE_TEXT_MAX];
	const char *const cells[] = {hold->id, until, name};
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	describe_instant(hold_until(hold), until);
	describe_name(hold->domain, cli->utf8, name);
	table_add(table, cells);
	if (out == NULL)
		return;
	fputs(hold->returned_at != 0 ? "back; waits for caches of" : "not at", out);
	for (size_t i = 0; i < hold->hosts_len; i++)
		fprintf(out, "%s %s", i > 0 ? "," : "", hold->hosts[i].name);
	if (fclose(out) == 0)
		table_add_detail(table, text);
	free(text);
}

static int print_table(const struct holding *holding)
{
	static const struct table_column columns[] = {
		{"INCIDENT", false},
		{"UNTIL (UTC)", false},
		{"MAIL WAITS FOR", false},
	};
	struct table *table;
	int err;

	if (holding->len == 0) {
		puts("no mail is held back");
		return 0;
	}
	table = table_create(columns, sizeof columns / sizeof *columns);
	if (table == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < holding->len; i++)
		add_hold(table, holding->cli, &holding->holds[i]);
	err = table_print(table, holding->cli->colour, stdout);
	table_destroy(table);
	return err;
}

static void print_rules(const struct holding *holding)
{
	if (!holding->dry || holding->path == NULL)
		return;
	printf("\n%s %s:\n", holding->path,
		holding->same ? "says so already" : "would say");
	fputs(holding->text.len > 0 ? holding->text.text : "(nothing)\n", stdout);
}

static void print_word(const char *before, const json_t *value)
{
	const char *text = json_string_value(value);

	if (text == NULL || *text == '\0')
		return;
	fputs(before, stdout);
	name_escape(NAME_SINK_TERMINAL, text, strlen(text), stdout);
}

static void print_reload(const json_t *reload)
{
	const json_t *ok = json_object_get(reload, "ok");

	if (!json_is_object(reload))
		return;
	fputs("reload   ", stdout);
	print_word("by ", json_object_get(reload, "by"));
	fputs(json_is_true(ok)              ? ": done"
			: json_is_false(ok) ? ": FAILED"
					    : ": not done yet, as far as is known",
		stdout);
	print_word(" at ", json_object_get(reload, "at"));
	print_word(": ", json_object_get(reload, "said"));
	putchar('\n');
}

void cli_print_reply_filter(const char *path)
{
	json_t *state = replace_state(path);
	const json_t *entries = json_object_get(state, "entries");

	print_word("filter   ", json_object_get(state, "path"));
	if (!json_is_true(json_object_get(state, "exists")))
		fputs(": MISSING: Postfix stops all mail if it is set to read it",
			stdout);
	else if (json_is_integer(entries))
		printf(", %lld domains", (long long)json_integer_value(entries));
	else
		fputs(": not a file of ours", stdout);
	print_word(", written ", json_object_get(state, "written_at"));
	print_word(", checked by ", json_object_get(state, "checked_by"));
	putchar('\n');
	print_word("         LAST ATTEMPT FAILED: ", json_object_get(state, "error"));
	if (json_is_string(json_object_get(state, "error")))
		putchar('\n');
	print_reload(json_object_get(state, "reload"));
	json_decref(state);
}

static enum cli_status say_result(const struct replace_result *result)
{
	if (result->error < 0)
		cli_say("%s", result->why);
	else if (result->reload_error < 0)
		cli_say("Postfix was not reloaded: %s", strerror(-result->reload_error));
	else if (result->reloaded && result->reload.late)
		cli_say("Postfix was not reloaded: the command took too long");
	else if (result->reloaded && result->reload.status != 0)
		cli_say("Postfix was not reloaded: the command ended with %d",
			result->reload.status);
	return replace_is_well(result) ? CLI_DONE : CLI_FAILED;
}

static enum cli_status show(struct holding *holding)
{
	int err;
	enum cli_status status;

	if (holding->cli->json) {
		err = print_rows(holding);
	} else {
		err = print_table(holding);
		print_rules(holding);
		if (holding->path != NULL)
			cli_print_reply_filter(holding->path);
	}
	if (err < 0)
		return cli_file_failed("standard output", err);
	status = say_result(&holding->result);
	if (holding->suspended.error < 0) {
		cli_say("KumoMTA was not told: %s", holding->suspended.why);
		status = CLI_FAILED;
	}
	return status != CLI_DONE ? status : cli_finish_output();
}

/* --- pruning --- */

static enum cli_status prune(const struct holding *holding)
{
	const struct replace_order order = {
		.path = holding->path,
		.command = protect_reload_command(&holding->cli->conf),
		.now = holding->now,
	};
	struct replace_result result = {0};
	size_t expired = 0;
	enum cli_status status;

	if (holding->path == NULL) {
		cli_say("no file to prune: protect.postfix-reply-filter is not "
			"configured");
		return CLI_FAILED;
	}
	if (holding->dry)
		replace_count(&order, &expired, &result);
	else
		replace_prune(&order, &expired, &result);
	if (holding->cli->json &&
		row_print(json_pack("{s:s, s:I, s:b, s:o}", "path", holding->path,
			"expired", (json_int_t)expired, "written", result.written,
			"reply_filter", replace_state(holding->path))) < 0)
		return cli_file_failed("memory", -ENOMEM);
	if (!holding->cli->json && expired > 0)
		printf("%zu of the domains that mail was held for %s\n", expired,
			holding->dry ? "would go: they have expired"
				     : "are gone: they had expired");
	status = say_result(&result);
	return status != CLI_DONE ? status : cli_finish_output();
}

enum cli_status cli_protect(struct cli *cli)
{
	struct holding holding = {
		.cli = cli, .dry = options_has(&cli->options, "dry-run")};
	enum cli_status status = CLI_DONE;
	int err;

	if (!cli_read_instant(cli, "now", &holding.now))
		return CLI_WRONG_CALL;
	status = cli_load_conf(cli);
	if (status != CLI_DONE)
		return status;
	holding.now = holding.now != 0 ? holding.now : cli->now;
	holding.section = cli->conf.file != NULL ? cli->conf.file->protect : NULL;
	holding.path =
		holding.section != NULL ? holding.section->postfix_reply_filter : NULL;
	if (options_has(&cli->options, "prune"))
		return prune(&holding);
	if (holding.section == NULL && !holding.dry) {
		cli_say("nothing is to be held back: the configuration has no section "
			"protect (--dry-run shows what one would do)");
		return CLI_FAILED;
	}
	status = cli_open_store(cli);
	if (status == CLI_DONE)
		status = cli_load_operators(cli);
	if (status != CLI_DONE)
		return status;
	err = gather(&holding);
	if (err == 0) {
		compare_file(&holding);
		write_file(&holding);
		status = show(&holding);
	} else {
		status = cli_look_up_failed(err, NULL);
	}
	finish(&holding);
	return status;
}
