/* SPDX-License-Identifier: MIT */
/* `import` and `export`. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "monitor/cli/cli.h"
#include "monitor/cli/progress.h"
#include "monitor/cli/writer.h"
#include "monitor/exchange.h"
#include "monitor/request.h"

#define BATCH_ROWS 500
#define BATCH_BYTES (1024 * 1024) /* of the lines that make a request */

struct transfer {
	struct writer writer;
	const char *path;
	const char *view; /* NULL: as the rows say */
	json_t *rows; /* owned; of the next request */
	size_t rows_bytes;
	uint64_t lines;
	uint64_t bytes;
	json_int_t added;
	json_int_t known;
	json_int_t passed_over;
	uint64_t refused;
	enum cli_status status;
};

static void refuse(struct transfer *transfer, json_int_t line, const char *why)
{
	if (++transfer->refused == CLI_REFUSED_SAID + 1)
		cli_say("%s: more lines are refused than are worth naming",
			transfer->path);
	if (transfer->refused > CLI_REFUSED_SAID)
		return;
	cli_say("%s:%lld: %s", transfer->path, (long long)line, why);
}

static void count_answer(struct transfer *transfer, const json_t *answer)
{
	const json_t *refused = json_object_get(answer, "refused");

	transfer->added += json_integer_value(json_object_get(answer, "added"));
	transfer->known += json_integer_value(json_object_get(answer, "known"));
	transfer->passed_over +=
		json_integer_value(json_object_get(answer, "passed_over"));
	for (size_t i = 0; i < json_array_size(refused); i++) {
		const json_t *item = json_array_get(refused, i);
		const char *why = json_string_value(json_object_get(item, "why"));

		refuse(transfer, json_integer_value(json_object_get(item, "line")),
			why != NULL ? why : "refused");
	}
}

static void flush(struct transfer *transfer)
{
	json_t *answer;

	if (transfer->status != CLI_DONE || json_array_size(transfer->rows) == 0)
		return;
	transfer->status = writer_ask(&transfer->writer,
		json_pack("{s:s, s:s, s:s?, s:O}", "request", "import", "source",
			transfer->path, "view", transfer->view, "rows", transfer->rows),
		&answer);
	json_array_clear(transfer->rows);
	transfer->rows_bytes = 0;
	if (transfer->status != CLI_DONE)
		return;
	count_answer(transfer, answer);
	json_decref(answer);
}

static void take_line(struct transfer *transfer, const char *line, size_t len)
{
	json_error_t error;
	json_t *row = json_loadb(line, len, JSON_REJECT_DUPLICATES, &error);
	char why[sizeof error.text + 16];

	if (!json_is_object(row)) {
		snprintf(why, sizeof why, "no JSON object%s%s", row == NULL ? ": " : "",
			row == NULL ? error.text : "");
		/* jansson repeats what it found near the fault, whatever that is */
		for (char *c = why; *c != '\0'; c++)
			if ((unsigned char)*c < ' ' || (unsigned char)*c > '~')
				*c = '?';
		refuse(transfer, (json_int_t)transfer->lines, why);
		json_decref(row);
		return;
	}
	json_array_append_new(transfer->rows,
		json_pack("{s:I, s:o}", "line", (json_int_t)transfer->lines, "row", row));
	transfer->rows_bytes += len;
	if (json_array_size(transfer->rows) >= BATCH_ROWS ||
		transfer->rows_bytes >= BATCH_BYTES)
		flush(transfer);
}

/* Reads one line without its end, of which what passes the limit is dropped. Returns false at
 * the end; *ret_len is over EXCHANGE_LINE_MAX for a line that was too long. */
static bool read_line(FILE *in, char *line, size_t *ret_len)
{
	size_t len = 0;
	int c = getc_unlocked(in);

	if (c == EOF)
		return false;
	for (; c != EOF && c != '\n'; c = getc_unlocked(in)) {
		if (len < EXCHANGE_LINE_MAX)
			line[len] = (char)c;
		len++;
	}
	*ret_len = len;
	return true;
}

static bool is_blank(const char *line, size_t len)
{
	while (len > 0 && strchr(" \t\r", line[len - 1]) != NULL && line[len - 1] != '\0')
		len--;
	return len == 0;
}

static void take_lines(struct transfer *transfer, FILE *in, char *line)
{
	struct progress progress;
	struct stat st;
	double size = fstat(fileno(in), &st) == 0 && S_ISREG(st.st_mode)
		? (double)st.st_size
		: 0;
	size_t len;

	progress_start(&progress, "rows");
	while (transfer->status == CLI_DONE && read_line(in, line, &len)) {
		transfer->lines++;
		transfer->bytes += len + 1;
		progress_show(&progress, transfer->lines,
			size > 0 ? (double)transfer->bytes / size : -1);
		if (len > EXCHANGE_LINE_MAX)
			refuse(transfer, (json_int_t)transfer->lines,
				"a line of more than 1 MiB");
		else if (!is_blank(line, len))
			take_line(transfer, line, len);
	}
	flush(transfer);
	progress_end(&progress);
	if (transfer->status == CLI_DONE && ferror(in))
		transfer->status = cli_file_failed(transfer->path, -EIO);
}

static enum cli_status say_counts(const struct transfer *transfer, bool json)
{
	if (json)
		printf("{\"added\":%lld,\"known\":%lld,\"passed_over\":%lld,"
		       "\"refused\":%llu}\n",
			(long long)transfer->added, (long long)transfer->known,
			(long long)transfer->passed_over,
			(unsigned long long)transfer->refused);
	cli_say("%s: %lld rows added, %lld known already, %lld passed over, %llu refused",
		transfer->path, (long long)transfer->added, (long long)transfer->known,
		(long long)transfer->passed_over, (unsigned long long)transfer->refused);
	if (transfer->refused > 0)
		return CLI_FAILED;
	return cli_finish_output();
}

static enum cli_status check_view(const char *view)
{
	size_t len = view != NULL ? strlen(view) : 1;

	if (len == 0 || len > EXCHANGE_VIEW_MAX ||
		(view != NULL && strpbrk(view, " \t\r\n") != NULL))
		return cli_wrong_call(
			"--view: expected a name of at most 63 bytes without blanks");
	return CLI_DONE;
}

enum cli_status cli_import(struct cli *cli)
{
	struct transfer transfer = {.path = cli->options.arguments[0],
		.view = options_value(&cli->options, "view")};
	FILE *in;
	char *line;

	if (check_view(transfer.view) != CLI_DONE)
		return CLI_WRONG_CALL;
	in = strcmp(transfer.path, "-") == 0 ? stdin : fopen(transfer.path, "re");
	if (in == NULL)
		return cli_file_failed(transfer.path, -errno);
	line = calloc(1, EXCHANGE_LINE_MAX + 1);
	transfer.rows = json_array();
	transfer.status = line == NULL || transfer.rows == NULL
		? cli_file_failed(transfer.path, -ENOMEM)
		: writer_open(&transfer.writer, cli);
	if (transfer.status == CLI_DONE)
		take_lines(&transfer, in, line);
	if (transfer.status == CLI_DONE)
		transfer.status = say_counts(&transfer, cli->json);
	writer_close(&transfer.writer);
	json_decref(transfer.rows);
	free(line);
	if (in != stdin)
		fclose(in);
	return transfer.status;
}

static void on_row(void *owner, uint64_t rows)
{
	progress_show(owner, rows, -1);
}

enum cli_status cli_export(struct cli *cli)
{
	const char *domain_text = options_value(&cli->options, "domain");
	struct lookup_window window = {.rrtype = LOOKUP_ALL_TYPES};
	uint8_t domain[NAME_WIRE_MAX];
	struct progress progress;
	enum cli_status status;
	int err;

	if (!cli_read_window(cli, &window))
		return CLI_WRONG_CALL;
	if (domain_text != NULL) {
		if (!cli_read_domain(domain_text, domain))
			return CLI_WRONG_CALL;
		window.domain = domain;
	}
	status = cli_open_store(cli);
	if (status != CLI_DONE)
		return status;
	progress_start(&progress, "rows");
	err = exchange_export(cli->store, &window, stdout, on_row, &progress);
	progress_end(&progress);
	if (err == -EIO && ferror(stdout))
		return cli_file_failed("standard output", err);
	if (err < 0)
		return cli_look_up_failed(err, domain_text);
	return cli_finish_output();
}
