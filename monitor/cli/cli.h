/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * cli — the command line: what every command shares.
 *
 * Standard output has results only; messages go to standard error. Exit statuses: see enum.
 */
#include <stdbool.h>
#include <stdint.h>

#include "monitor/cli/options.h"
#include "monitor/conf.h"
#include "resolvers/name.h"
#include "storage/lookup.h"
#include "storage/store.h"

#define CLI_REFUSED_SAID 100 /* bad lines of one file that are named one by one */

enum cli_status {
	CLI_DONE = 0,
	CLI_FAILED = 1, /* it could not be done; the reason was said */
	CLI_WRONG_CALL = 2,
	CLI_WRONG_CONF = 3,
};

struct cli;
struct operators;

struct cli_command {
	const char *name; /* one word, or two: "watch add" */
	const char *arguments; /* for people: "DOMAIN..."; "" for none */
	size_t arguments_min;
	size_t arguments_max;
	const char *help;
	const struct cli_option *options; /* ends with a name of NULL; NULL for none */
	enum cli_status (*run)(struct cli *cli);
};

/* One call at work. */
struct cli {
	const struct cli_command *command;
	bool called; /* its words were right; it was begun */
	struct options options;
	struct conf conf;
	bool conf_loaded;
	const char *conf_path; /* NULL: defaults only */
	char *found_path; /* owned; what conf_path points to, if it was found */
	struct store *store;
	struct operators *operators; /* NULL until loaded */
	bool networks; /* they are to know addresses too, whose table takes time to read */
	int64_t now; /* of the call */
	bool json;
	bool colour;
	bool utf8; /* the terminal's character set */
};

/* The whole program: the exit status of a call. */
int cli_main(int argc, char **argv);

/* The table of commands, ending with a name of NULL; of the options that all have. */
extern const struct cli_command cli_commands[];
extern const struct cli_option cli_common_options[];

/* Says something on standard error, after the program's name. */
void cli_say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The same for a wrong call; returns CLI_WRONG_CALL. */
enum cli_status cli_wrong_call(const char *format, ...)
	__attribute__((format(printf, 1, 2)));

/* Loads the configuration, where a command has not yet; says what is wrong with it. */
enum cli_status cli_load_conf(struct cli *cli);
/* Loads the operators of the configuration, without networks; says what is wrong with them. */
enum cli_status cli_load_operators(struct cli *cli);
/* Opens the store for reading, and says why it cannot be. */
enum cli_status cli_open_store(struct cli *cli);
/* Opens it for writing, making it and its folder where there is none. */
enum cli_status cli_open_store_to_write(struct cli *cli);
/* Makes the folder of the configured store. */
enum cli_status cli_make_store_folder(struct cli *cli);
/* Says what a look-up's negative return means for domain (NULL: all). */
enum cli_status cli_look_up_failed(int err, const char *domain);
/* Says why a file cannot be read or written; returns CLI_FAILED. */
enum cli_status cli_file_failed(const char *path, int err);
/* Flushes standard output; says so if that cannot be written. */
enum cli_status cli_finish_output(void);

/* Reads the only or first argument, or an option's value, as a domain. */
bool cli_read_domain(const char *text, uint8_t ret_name[NAME_WIRE_MAX]);
/* Reads the option as an instant, 0 where it is not given. */
bool cli_read_instant(const struct cli *cli, const char *option, int64_t *ret_at);
/* Reads the id of an incident of the open store. */
enum cli_status cli_parse_incident(
	const struct cli *cli, const char *id, int64_t *ret_number);
/* The same of the first argument. */
enum cli_status cli_read_incident(const struct cli *cli, int64_t *ret_number);
/* Reads --from, --to, --view. */
/* --type: 0 where it is not given, or LOOKUP_ALL_TYPES. */
bool cli_read_type(const struct cli *cli, uint16_t *ret_rrtype);
bool cli_read_window(const struct cli *cli, struct lookup_window *ret_window);

/* The commands. */
enum cli_status cli_run(struct cli *cli);
enum cli_status cli_watch_add(struct cli *cli);
enum cli_status cli_watch_remove(struct cli *cli);
enum cli_status cli_watch_list(struct cli *cli);
enum cli_status cli_watch_import(struct cli *cli);
enum cli_status cli_history(struct cli *cli);
enum cli_status cli_changes(struct cli *cli);
enum cli_status cli_import(struct cli *cli);
enum cli_status cli_export(struct cli *cli);
enum cli_status cli_classify(struct cli *cli);
enum cli_status cli_ingest(struct cli *cli);
enum cli_status cli_deliveries(struct cli *cli);
enum cli_status cli_incidents(struct cli *cli);
enum cli_status cli_incidents_show(struct cli *cli);
enum cli_status cli_incidents_ack(struct cli *cli);
enum cli_status cli_incidents_close(struct cli *cli);
enum cli_status cli_incidents_recipients(struct cli *cli);
enum cli_status cli_alerts(struct cli *cli);
enum cli_status cli_alerts_test(struct cli *cli);
enum cli_status cli_alerts_retry(struct cli *cli);
enum cli_status cli_expect(struct cli *cli);
enum cli_status cli_plot(struct cli *cli);
enum cli_status cli_report(struct cli *cli);
enum cli_status cli_check(struct cli *cli);
/* What a wrong call of `check` is for who reads its exit status. */
enum cli_status cli_check_wrong_call(void);
enum cli_status cli_forget(struct cli *cli);
enum cli_status cli_backtest(struct cli *cli);
enum cli_status cli_verify(struct cli *cli);
enum cli_status cli_protect(struct cli *cli);
/* What is known of the reply filter at path, in lines for people. */
void cli_print_reply_filter(const char *path);
enum cli_status cli_rejected(struct cli *cli);
enum cli_status cli_status_command(struct cli *cli);
enum cli_status cli_config_check(struct cli *cli);
enum cli_status cli_completion(struct cli *cli);
enum cli_status cli_version(struct cli *cli);
