/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "monitor/cli/cli.h"
#include "monitor/cli/progress.h"
#include "monitor/cli/row.h"
#include "monitor/describe.h"
#include "storage/ledger.h"

static void on_progress(void *owner, uint64_t done, uint64_t all)
{
	progress_show(owner, done, all > 0 ? (double)done / (double)all : -1);
}

static int print_row(const struct ledger_verdict *verdict)
{
	bool holds = verdict->holds;

	return row_print(json_pack("{s:b, s:I, s:I, s:o, s:o, s:o, s:{s:I, s:o, s:s}}",
		"holds", holds, "transactions", (json_int_t)verdict->transactions,
		"records", (json_int_t)verdict->records, "broken",
		holds ? json_null() : json_integer(verdict->broken), "broken_at",
		row_instant(verdict->broken_at), "why",
		holds ? json_null() : json_string(verdict->why), "head", "transaction",
		(json_int_t)verdict->head.transaction, "at",
		row_instant(verdict->head.at), "hash", verdict->head.hash));
}

static void print_words(const struct ledger_verdict *verdict)
{
	char transactions[DESCRIBE_TEXT_MAX];
	char records[DESCRIBE_TEXT_MAX];
	char at[DESCRIBE_TEXT_MAX];

	printf("%s: %s transactions, %s records\n",
		verdict->holds ? "the chain holds" : "THE CHAIN IS BROKEN",
		describe_count(verdict->transactions, transactions),
		describe_count(verdict->records, records));
	if (!verdict->holds)
		printf("broken at transaction %lld of %s: %s\n",
			(long long)verdict->broken,
			describe_instant(verdict->broken_at, at), verdict->why);
	printf("head: transaction %lld of %s\n      %s\n",
		(long long)verdict->head.transaction,
		describe_instant(verdict->head.at, at), verdict->head.hash);
}

enum cli_status cli_verify(struct cli *cli)
{
	struct lookup_window window = {0};
	struct ledger_verdict verdict;
	struct progress progress;
	enum cli_status status;
	int err;

	if (!cli_read_window(cli, &window))
		return CLI_WRONG_CALL;
	status = cli_open_store(cli);
	if (status != CLI_DONE)
		return status;
	progress_start(&progress, "transactions");
	err = ledger_verify(
		cli->store, window.from, window.to, on_progress, &progress, &verdict);
	progress_end(&progress);
	if (err < 0)
		return cli_look_up_failed(err, NULL);
	if (!cli->json)
		print_words(&verdict);
	else if (print_row(&verdict) < 0)
		return cli_finish_output();
	if (!verdict.holds)
		cli_say("transaction %lld does not fit: %s", (long long)verdict.broken,
			verdict.why);
	status = cli_finish_output();
	return status == CLI_DONE && !verdict.holds ? CLI_FAILED : status;
}
