/* SPDX-License-Identifier: MIT */
#include "monitor/cli/evidence.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "monitor/cli/cli.h"
#include "monitor/cli/row.h"
#include "monitor/describe.h"
#include "resolvers/answer.h"

struct printing {
	struct cli *cli;
	const char *id; /* of the change at hand; NULL for a suspicion */
};

/* Numbers of the window's changes: what is kept with them is read afterwards, since a look-up
 * is not entered twice. */
struct numbers {
	int64_t *numbers; /* owned */
	size_t len;
};

static int add_number(struct numbers *numbers, int64_t number)
{
	int64_t *grown = reallocarray(numbers->numbers, numbers->len + 1, sizeof *grown);

	if (grown == NULL)
		return -ENOMEM;
	numbers->numbers = grown;
	grown[numbers->len++] = number;
	return 0;
}

static int on_change(void *owner, const struct change *change)
{
	return add_number(owner, change->number);
}

static int on_suspicion(void *owner, const struct suspicion *suspicion)
{
	return add_number(owner, suspicion->number);
}

static void print_for_people(const struct printing *printing,
	const struct evidence *evidence, const char *text)
{
	char at[DESCRIBE_TEXT_MAX];

	printf("\nevidence of %s%s\n", printing->id != NULL ? "change " : "a suspicion",
		printing->id != NULL ? printing->id : "");
	printf("  %s  %s over %s from port %u in %.1f ms%s\n",
		describe_instant(evidence->at, at),
		evidence->server != NULL ? evidence->server : "?",
		evidence->tcp ? "TCP" : "UDP", evidence->local_port,
		(double)evidence->rtt_us / 1000,
		evidence->clock_synchronised ? "" : ", clock not synchronised");
	for (const char *line = text; *line != '\0';) {
		const char *end = line;

		while (*end != '\0' && *end != '\n')
			end++;
		printf("  %.*s\n", (int)(end - line), line);
		line = *end == '\n' ? end + 1 : end;
	}
}

static int on_evidence(void *owner, const struct evidence *evidence)
{
	const struct printing *printing = owner;
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);
	int err;

	if (out == NULL)
		return -ENOMEM;
	err = answer_print(evidence->message, evidence->len, out);
	if (fclose(out) != 0)
		err = -ENOMEM;
	if (err == 0 && printing->cli->json)
		err = row_print(row_of_evidence(printing->id, evidence, text));
	else if (err == 0)
		print_for_people(printing, evidence, text);
	free(text);
	return err;
}

static int print_all(
	struct printing *printing, const struct numbers *numbers, enum evidence_of of)
{
	char id[STORE_ID_MAX];
	int err = 0;

	for (size_t i = 0; i < numbers->len && err == 0; i++) {
		printing->id = of == EVIDENCE_OF_CHANGE
			? store_id_format(printing->cli->store, numbers->numbers[i], id)
			: NULL;
		err = lookup_evidence(printing->cli->store, of, numbers->numbers[i],
			on_evidence, printing);
	}
	return err;
}

int evidence_print(struct cli *cli, const struct lookup_window *window)
{
	struct printing printing = {.cli = cli};
	struct numbers changes = {0};
	struct numbers suspicions = {0};
	int err = 0;

	if (!options_has(&cli->options, "evidence"))
		return 0;
	err = lookup_changes(cli->store, window, on_change, &changes);
	if (err == 0)
		err = lookup_suspicions(cli->store, window, on_suspicion, &suspicions);
	if (err == 0)
		err = print_all(&printing, &changes, EVIDENCE_OF_CHANGE);
	if (err == 0)
		err = print_all(&printing, &suspicions, EVIDENCE_OF_SUSPICION);
	if (err == 0 && !cli->json && changes.len + suspicions.len == 0)
		cli_say("no change in this window, so no evidence");
	free(changes.numbers);
	free(suspicions.numbers);
	return err;
}
