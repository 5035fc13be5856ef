/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/cli/cli.h"
#include "monitor/cli/progress.h"
#include "monitor/cli/writer.h"
#include "monitor/describe.h"
#include "monitor/domainlist.h"
#include "monitor/request.h"

#define BATCH 500 /* domains of one request */

/* Domains on their way to the store. */
struct batch {
	struct writer writer;
	json_t *domains; /* owned; of the next request */
	char tags[DOMAINLIST_TAGS_BYTES]; /* of --tag */
	const char *file; /* being imported; NULL for none */
	json_int_t added;
	json_int_t known;
	uint64_t refused; /* lines of the file */
	enum cli_status status;
};

static enum cli_status read_tags(const struct cli *cli, char tags[DOMAINLIST_TAGS_BYTES])
{
	size_t len = 0;

	tags[0] = '\0';
	for (size_t i = 0; i < cli->options.given_len; i++) {
		const char *value = cli->options.given[i].value;

		if (strcmp(cli->options.given[i].option->name, "tag") != 0)
			continue;
		if (value[0] == '\0' || !domainlist_is_tags(value) ||
			len + strlen(value) + 2 > DOMAINLIST_TAGS_BYTES)
			return cli_wrong_call("--tag: expected a tag without blanks, "
					      "commas and quotes");
		len += (size_t)snprintf(tags + len, DOMAINLIST_TAGS_BYTES - len, "%s%s",
			len > 0 ? "," : "", value);
	}
	if (!domainlist_is_tags(tags))
		return cli_wrong_call("--tag: more than 16");
	return CLI_DONE;
}

static void flush(struct batch *batch)
{
	json_t *answer;

	if (batch->status != CLI_DONE || json_array_size(batch->domains) == 0)
		return;
	batch->status = writer_ask(&batch->writer,
		json_pack(
			"{s:s, s:O}", "request", "watch-add", "domains", batch->domains),
		&answer);
	json_array_clear(batch->domains);
	if (batch->status != CLI_DONE)
		return;
	batch->added += json_integer_value(json_object_get(answer, "added"));
	batch->known += json_integer_value(json_object_get(answer, "known"));
	json_decref(answer);
}

/* tags: of the domain itself, beside those of --tag. */
static void add(struct batch *batch, const uint8_t *domain, const char *tags)
{
	char name[NAME_TEXT_MAX];
	char all[2 * DOMAINLIST_TAGS_BYTES];

	snprintf(all, sizeof all, "%s%s%s", batch->tags,
		batch->tags[0] != '\0' && tags[0] != '\0' ? "," : "", tags);
	json_array_append_new(batch->domains,
		json_pack(
			"{s:s, s:s}", "domain", name_format(domain, name), "tags", all));
	if (json_array_size(batch->domains) >= BATCH)
		flush(batch);
}

static enum cli_status start(struct batch *batch, struct cli *cli)
{
	*batch = (struct batch){.domains = json_array()};
	if (batch->domains == NULL)
		return cli_file_failed("memory", -ENOMEM);
	batch->status = read_tags(cli, batch->tags);
	return batch->status;
}

static enum cli_status end(struct batch *batch, struct cli *cli)
{
	flush(batch);
	json_decref(batch->domains);
	writer_close(&batch->writer);
	if (batch->status == CLI_DONE && cli->json) {
		printf("{\"added\":%lld,\"known\":%lld}\n", (long long)batch->added,
			(long long)batch->known);
		return cli_finish_output();
	}
	if (batch->status == CLI_DONE)
		cli_say("%lld added, %lld known already", (long long)batch->added,
			(long long)batch->known);
	return batch->status;
}

enum cli_status cli_watch_add(struct cli *cli)
{
	const struct options *options = &cli->options;
	uint8_t domain[NAME_WIRE_MAX];
	struct batch batch;

	for (size_t i = 0; i < options->arguments_len; i++)
		if (!cli_read_domain(options->arguments[i], domain))
			return CLI_WRONG_CALL;
	if (start(&batch, cli) == CLI_DONE)
		batch.status = writer_open(&batch.writer, cli);
	for (size_t i = 0; i < options->arguments_len && batch.status == CLI_DONE; i++)
		if (cli_read_domain(options->arguments[i], domain))
			add(&batch, domain, "");
	return end(&batch, cli);
}

static enum cli_status say_unknown(const json_t *answer)
{
	const json_t *unknown = json_object_get(answer, "unknown");

	for (size_t i = 0; i < json_array_size(unknown); i++)
		cli_say("%s was not added by watch add",
			json_string_value(json_array_get(unknown, i)));
	return json_array_size(unknown) > 0 ? CLI_FAILED : CLI_DONE;
}

enum cli_status cli_watch_remove(struct cli *cli)
{
	const struct options *options = &cli->options;
	uint8_t domain[NAME_WIRE_MAX];
	char name[NAME_TEXT_MAX];
	json_t *domains = json_array();
	json_t *answer;
	struct writer writer = {0};
	enum cli_status status = CLI_DONE;

	for (size_t i = 0; i < options->arguments_len && status == CLI_DONE; i++) {
		if (!cli_read_domain(options->arguments[i], domain))
			status = CLI_WRONG_CALL;
		else
			json_array_append_new(
				domains, json_string(name_format(domain, name)));
	}
	if (status == CLI_DONE)
		status = writer_open(&writer, cli);
	if (status == CLI_DONE)
		status = writer_ask(&writer,
			json_pack("{s:s, s:O}", "request", "watch-remove", "domains",
				domains),
			&answer);
	if (status == CLI_DONE) {
		status = say_unknown(answer);
		if (cli->json)
			printf("{\"removed\":%lld}\n",
				(long long)json_integer_value(
					json_object_get(answer, "removed")));
		json_decref(answer);
	}
	json_decref(domains);
	writer_close(&writer);
	return status == CLI_DONE ? cli_finish_output() : status;
}

static void on_refused(void *owner, uint64_t line, const char *why)
{
	struct batch *batch = owner;

	if (++batch->refused == CLI_REFUSED_SAID + 1)
		cli_say("%s: more lines are refused than are worth naming", batch->file);
	if (batch->refused > CLI_REFUSED_SAID)
		return;
	cli_say("%s:%llu: %s", batch->file, (unsigned long long)line, why);
}

/* Hands the entries of a read list over. */
static void add_all(struct batch *batch, const struct domainlist *list)
{
	struct progress progress;

	progress_start(&progress, "domains");
	for (size_t i = 0; i < list->len && batch->status == CLI_DONE; i++) {
		add(batch, list->entries[i].domain, list->entries[i].tags);
		progress_show(&progress, i, (double)i / (double)list->len);
	}
	progress_end(&progress);
}

enum cli_status cli_watch_import(struct cli *cli)
{
	const char *path = cli->options.arguments[0];
	FILE *in = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
	struct domainlist list = {0};
	struct batch batch = {0};
	enum cli_status status;
	int err;

	if (in == NULL)
		return cli_file_failed(path, -errno);
	if (start(&batch, cli) == CLI_DONE)
		batch.status = writer_open(&batch.writer, cli);
	batch.file = path;
	if (batch.status == CLI_DONE) {
		err = domainlist_load(in, &batch, on_refused, &list);
		if (err < 0)
			batch.status = cli_file_failed(path, err);
	}
	add_all(&batch, &list);
	if (list.duplicates > 0)
		cli_say("%s: %llu duplicates", path, (unsigned long long)list.duplicates);
	if (in != stdin)
		fclose(in);
	status = end(&batch, cli);
	if (status == CLI_DONE && list.refused > 0) {
		cli_say("%s: %llu lines refused", path, (unsigned long long)list.refused);
		status = CLI_FAILED;
	}
	domainlist_finish(&list);
	return status;
}
