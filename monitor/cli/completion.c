/* SPDX-License-Identifier: MIT */
/* Completions for shells, written from the tables of commands and options. */
#include <stdio.h>
#include <string.h>

#include "monitor/cli/cli.h"

/* The first words of commands, each once; of their second words for a group. */
static void put_words(const char *group)
{
	size_t group_len = group != NULL ? strlen(group) : 0;
	const char *last = "";
	size_t last_len = 0;

	for (const struct cli_command *command = cli_commands; command->name != NULL;
		command++) {
		const char *word = command->name;
		size_t len;

		if (group != NULL) {
			if (strncmp(word, group, group_len) != 0 ||
				word[group_len] != ' ')
				continue;
			word += group_len + 1;
		}
		len = strcspn(word, " ");
		if (len == last_len && strncmp(word, last, len) == 0)
			continue;
		printf(" %.*s", (int)len, word);
		last = word;
		last_len = len;
	}
}

static void put_options(const struct cli_option *options)
{
	for (; options != NULL && options->name != NULL; options++)
		printf(" --%s", options->name);
}

/* Whether it is the first of a group: the words after `incidents`, ... */
static bool begins_group(const struct cli_command *command)
{
	const size_t len = strcspn(command->name, " ");

	return command->name[len] == ' ' &&
		(command == cli_commands ||
			strncmp(command[-1].name, command->name, len + 1) != 0);
}

static bool is_group(const struct cli_command *command)
{
	return strchr(command->name, ' ') != NULL;
}

/* The values of options that allow but these. */
static void put_bash_values(void)
{
	for (const struct cli_command *command = cli_commands; command->name != NULL;
		command++)
		for (const struct cli_option *option = command->options;
			option != NULL && option->name != NULL; option++)
			if (option->words != NULL)
				printf("\t'%s '*' --%s') COMPREPLY=($(compgen -W '%s' -- "
				       "\"$word\")); return;;\n",
					command->name, option->name, option->words);
}

/* The second words; of a group that is a command itself its options, too. */
static void put_bash_group(const struct cli_command *first)
{
	char group[32];

	snprintf(
		group, sizeof group, "%.*s", (int)strcspn(first->name, " "), first->name);
	printf("\t'%s '*) words='", group);
	put_words(group);
	for (const struct cli_command *command = cli_commands; command->name != NULL;
		command++)
		if (strcmp(command->name, group) == 0)
			put_options(command->options);
	fputs("';;\n", stdout);
}

static bool is_also_group(const struct cli_command *command)
{
	return command > cli_commands &&
		strncmp(command[-1].name, command->name, strlen(command->name)) == 0 &&
		command[-1].name[strlen(command->name)] == ' ';
}

static void print_bash(void)
{
	fputs("_mxvigil()\n{\n"
	      "\tlocal word=${COMP_WORDS[COMP_CWORD]} "
	      "before=${COMP_WORDS[COMP_CWORD-1]}\n"
	      "\tlocal command=\"${COMP_WORDS[1]} ${COMP_WORDS[2]}\" words\n"
	      "\tcase $before in\n"
	      "\t-c|--config|--store|--rules) COMPREPLY=($(compgen -f -- \"$word\")); "
	      "return;;\n"
	      "\tesac\n\tcase \"$command $before\" in\n",
		stdout);
	put_bash_values();
	fputs("\tesac\n\tcase $command in\n", stdout);
	for (const struct cli_command *command = cli_commands; command->name != NULL;
		command++) {
		if (is_also_group(command))
			continue;
		printf("\t'%s'*) words='", command->name);
		put_options(command->options);
		put_options(cli_common_options);
		if (strcmp(command->name, "completion") == 0)
			fputs(" bash zsh fish", stdout);
		puts("';;");
	}
	for (const struct cli_command *command = cli_commands; command->name != NULL;
		command++)
		if (begins_group(command))
			put_bash_group(command);
	fputs("\t*) words='", stdout);
	put_words(NULL);
	fputs("';;\n\tesac\n"
	      "\t[[ $COMP_CWORD == 1 ]] && words='",
		stdout);
	put_words(NULL);
	fputs("'\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
	      "\t[[ $command == 'import '* || $command == 'watch import'* || "
	      "$command == 'classify '* ]] &&\n"
	      "\t\tCOMPREPLY+=($(compgen -f -- \"$word\"))\n"
	      "\treturn 0\n}\ncomplete -F _mxvigil mxvigil\n",
		stdout);
}

/* zsh reads bash's completions through bashcompinit. */
static void print_zsh(void)
{
	puts("#compdef mxvigil\nautoload -U +X bashcompinit && bashcompinit");
	print_bash();
}

static void put_fish_condition(const struct cli_command *command)
{
	size_t first = strcspn(command->name, " ");

	printf("'__fish_seen_subcommand_from %.*s", (int)first, command->name);
	if (is_group(command))
		printf("; and __fish_seen_subcommand_from %s", command->name + first + 1);
	putchar('\'');
}

static void put_fish_option(const struct cli_option *option)
{
	printf(" -l %s", option->name);
	if (option->letter != 0)
		printf(" -s %c", option->letter);
	if (option->words != NULL)
		printf(" -x -a '%s'", option->words);
	else if (option->argument != NULL)
		fputs(" -r", stdout);
	fputs(" -d '", stdout);
	for (const char *c = option->help; *c != '\0'; c++)
		if (*c == '\'')
			fputs("\\'", stdout);
		else
			putchar(*c);
	puts("'");
}

static void print_fish(void)
{
	fputs("complete -c mxvigil -n __fish_use_subcommand -f -a '", stdout);
	put_words(NULL);
	puts("'");
	for (const struct cli_command *command = cli_commands; command->name != NULL;
		command++) {
		char group[32];

		if (!begins_group(command))
			continue;
		snprintf(group, sizeof group, "%.*s", (int)strcspn(command->name, " "),
			command->name);
		printf("complete -c mxvigil -n '__fish_seen_subcommand_from %s' -f -a '",
			group);
		put_words(group);
		puts("'");
	}
	for (const struct cli_option *option = cli_common_options; option->name != NULL;
		option++) {
		fputs("complete -c mxvigil", stdout);
		put_fish_option(option);
	}
	for (const struct cli_command *command = cli_commands; command->name != NULL;
		command++)
		for (const struct cli_option *option = command->options;
			option != NULL && option->name != NULL; option++) {
			fputs("complete -c mxvigil -n ", stdout);
			put_fish_condition(command);
			put_fish_option(option);
		}
	puts("complete -c mxvigil -n '__fish_seen_subcommand_from completion' -f -a "
	     "'bash zsh fish'");
}

enum cli_status cli_completion(struct cli *cli)
{
	const char *shell = cli->options.arguments[0];

	if (strcmp(shell, "bash") == 0)
		print_bash();
	else if (strcmp(shell, "zsh") == 0)
		print_zsh();
	else if (strcmp(shell, "fish") == 0)
		print_fish();
	else
		return cli_wrong_call("completion: expected bash, zsh or fish");
	return cli_finish_output();
}
