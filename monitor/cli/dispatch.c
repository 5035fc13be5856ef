/* SPDX-License-Identifier: MIT */
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "monitor/cli/cli.h"
#include "monitor/clock.h"
#include "monitor/nearest.h"
#include "monitor/operators.h"

/* Of the interface, but of a later release. */
static const char *const later_commands[] = {"alerts", "backup"};
#define NAME_COLUMNS 13
#define LATER_COMMANDS (sizeof later_commands / sizeof *later_commands)

static void print_option(FILE *out, const struct cli_option *option)
{
	char words[64];

	snprintf(words, sizeof words, "%s%c%s--%s%s%s", option->letter != 0 ? "-" : "",
		option->letter != 0 ? option->letter : ' ',
		option->letter != 0 ? ", " : "   ", option->name,
		option->argument != NULL ? " " : "",
		option->argument != NULL ? option->argument : "");
	fprintf(out, "  %-24s %s\n", words, option->help);
}

static void print_options(FILE *out, const struct cli_option *options)
{
	for (; options != NULL && options->name != NULL; options++)
		print_option(out, options);
}

static void print_command_help(FILE *out, const struct cli_command *command)
{
	fprintf(out, "usage: mxvigil %s [OPTION]...%s%s\n\n%s\n\n", command->name,
		command->arguments[0] != '\0' ? " " : "", command->arguments,
		command->help);
	print_options(out, command->options);
	print_options(out, cli_common_options);
}

/* A long name stands on a line of its own. */
static void print_command(FILE *out, const struct cli_command *command)
{
	const char *between =
		strlen(command->name) > NAME_COLUMNS ? "\n                 " : " ";

	fprintf(out, "  %-*s%s%s\n", NAME_COLUMNS + 1, command->name, between,
		command->help);
}

static void print_help(FILE *out)
{
	fputs("usage: mxvigil [-c FILE] [--store FILE] COMMAND [OPTION]... "
	      "[ARGUMENT]...\n\n",
		out);
	for (const struct cli_command *command = cli_commands; command->name != NULL;
		command++)
		print_command(out, command);
	fputs("\n", out);
	print_options(out, cli_common_options);
	fputs("\nmxvigil COMMAND --help tells more about a command.\n", out);
}

/* Whether the command's name is made of the first words; *ret_words is how many. */
static bool is_named(
	const struct cli_command *command, char **words, size_t len, size_t *ret_words)
{
	const char *blank = strchr(command->name, ' ');
	size_t first =
		blank != NULL ? (size_t)(blank - command->name) : strlen(command->name);

	if (len == 0 || strlen(words[0]) != first ||
		memcmp(words[0], command->name, first) != 0)
		return false;
	*ret_words = blank != NULL ? 2 : 1;
	return blank == NULL || (len > 1 && strcmp(words[1], blank + 1) == 0);
}

static enum cli_status unknown_command(char **words, size_t len)
{
	const char *names[64];
	size_t count = 0;
	char word[64];
	bool group = false;

	for (size_t i = 0; i < LATER_COMMANDS; i++)
		if (strcmp(words[0], later_commands[i]) == 0)
			return cli_wrong_call("%s is not in this release", words[0]);
	for (const struct cli_command *command = cli_commands; command->name != NULL;
		command++) {
		size_t first = strcspn(command->name, " ");

		names[count++] = command->name;
		group = group ||
			(command->name[first] == ' ' && strlen(words[0]) == first &&
				memcmp(words[0], command->name, first) == 0);
	}
	snprintf(word, sizeof word, "%s%s%s", words[0], group && len > 1 ? " " : "",
		group && len > 1 ? words[1] : "");
	return cli_wrong_call(
		"no such command; nearest: %s", nearest_word(word, names, count, NULL));
}

/* Options before the command go to it as well. */
static enum cli_status find_command(
	struct cli *cli, char **words, size_t len, size_t *ret_words)
{
	for (const struct cli_command *command = cli_commands; command->name != NULL;
		command++)
		if (is_named(command, words, len, ret_words)) {
			cli->command = command;
			return CLI_DONE;
		}
	return unknown_command(words, len);
}

static enum cli_status parse(struct cli *cli, char **argv, size_t argc)
{
	char why[OPTIONS_WHY_MAX];
	char **words;
	size_t len;
	size_t taken;
	enum cli_status status;

	cli->options.tables[0] = cli_common_options;
	if (!options_parse(&cli->options, argv, argc, true, why))
		return cli_wrong_call("%s", why);
	words = cli->options.arguments;
	len = cli->options.arguments_len;
	if (len == 0)
		return CLI_DONE;
	status = find_command(cli, words, len, &taken);
	if (status != CLI_DONE)
		return status;
	cli->options.tables[1] = cli->command->options;
	if (!options_parse(&cli->options, words + taken, len - taken, false, why))
		return cli_wrong_call("%s: %s", cli->command->name, why);
	return CLI_DONE;
}

static enum cli_status check_arguments(const struct cli *cli)
{
	const struct cli_command *command = cli->command;

	if (cli->options.arguments_len < command->arguments_min)
		return cli_wrong_call(
			"%s: expected %s", command->name, command->arguments);
	if (cli->options.arguments_len > command->arguments_max)
		return cli_wrong_call("%s: found more words than %s", command->name,
			command->arguments[0] != '\0' ? command->arguments : "options");
	return CLI_DONE;
}

static void finish(struct cli *cli)
{
	store_close(cli->store);
	operators_destroy(cli->operators);
	if (cli->conf_loaded)
		conf_finish(&cli->conf);
	free(cli->found_path);
}

static enum cli_status carry_out(struct cli *cli, char **argv, size_t argc)
{
	enum cli_status status = parse(cli, argv, argc);

	if (status != CLI_DONE)
		return status;
	if (options_has(&cli->options, "help")) {
		if (cli->command != NULL)
			print_command_help(stdout, cli->command);
		else
			print_help(stdout);
		return cli_finish_output();
	}
	if (cli->command == NULL) {
		print_help(stderr);
		return CLI_WRONG_CALL;
	}
	cli->json = options_has(&cli->options, "json");
	status = check_arguments(cli);
	if (status != CLI_DONE)
		return status;
	cli->called = true;
	return cli->command->run(cli);
}

int cli_main(int argc, char **argv)
{
	const char *no_colour = getenv("NO_COLOR");
	struct cli cli = {.now = clock_read().wall_ms};
	enum cli_status status;

	setlocale(LC_CTYPE, "");
	cli.utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	cli.colour = isatty(STDOUT_FILENO) && (no_colour == NULL || no_colour[0] == '\0');
	status = carry_out(&cli, argv + 1, argc > 0 ? (size_t)argc - 1 : 0);
	if (status == CLI_WRONG_CALL && !cli.called && cli.command != NULL &&
		cli.command->run == cli_check)
		status = cli_check_wrong_call();
	finish(&cli);
	return (int)status;
}
