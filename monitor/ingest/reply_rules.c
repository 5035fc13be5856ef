/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/reply_rules.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/ingest/reply_builtin.h"
#include "monitor/ingest/reply_rules_inside.h"
#include "monitor/ingest/report.h"
#include "monitor/textfile.h"
#include "resolvers/name.h"

#define FILE_BYTES_MAX (1024 * 1024)
#define LINE_MAX_BYTES 1024
#define VALUES_MAX 256 /* of one kind in a rule */

struct parsing {
	struct reply_rules *rules;
	const char *path;
	unsigned line;
	size_t first; /* place of the file's first rule */
	bool shadowed; /* a rule of the same id came before: its conditions are read over */
	struct reply_rule scratch; /* for those */
	struct reply_rules_error *error;
};

static const struct {
	const char *name;
	enum report_stage stage;
} stage_names[] = {
	{"connect", REPORT_STAGE_CONNECT},
	{"helo", REPORT_STAGE_HELO},
	{"mail", REPORT_STAGE_MAIL},
	{"rcpt", REPORT_STAGE_RCPT},
	{"data", REPORT_STAGE_DATA},
	{"end-of-data", REPORT_STAGE_END_OF_DATA},
};

/* Fills the error with the place, what was found, and what was expected. */
static int refuse(const struct parsing *parsing, const char *found, const char *expected)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return -ENOMEM;
	fprintf(out, "%s:%u: found \"", parsing->path, parsing->line);
	name_escape(NAME_SINK_LOG, found, strnlen(found, 60), out);
	fprintf(out, "\", expected %s", expected);
	if (fclose(out) == 0)
		snprintf(parsing->error->text, sizeof parsing->error->text, "%s", text);
	free(text);
	return -EINVAL;
}

static void finish_values(char **values, size_t len)
{
	for (size_t i = 0; i < len; i++)
		free(values[i]);
	free(values);
}

static void finish_rule(struct reply_rule *rule)
{
	free(rule->id);
	finish_values(rule->hosts, rule->hosts_len);
	finish_values(rule->statuses, rule->statuses_len);
	finish_values(rule->codes, rule->codes_len);
	*rule = (struct reply_rule){0};
}

static int add_value(char ***values, size_t *len, const char *value)
{
	char **more = reallocarray(*values, *len + 1, sizeof *more);

	if (more == NULL)
		return -ENOMEM;
	*values = more;
	more[*len] = strdup(value);
	if (more[*len] == NULL)
		return -ENOMEM;
	++*len;
	return 0;
}

/* The rule that conditions are added to. */
static struct reply_rule *present_rule(struct parsing *parsing)
{
	if (parsing->shadowed)
		return &parsing->scratch;
	return parsing->rules->len > parsing->first
		? &parsing->rules->rules[parsing->rules->len - 1]
		: NULL;
}

static int add_phrase(struct parsing *parsing, const char *phrase, bool negated)
{
	size_t at = parsing->rules->len - 1;
	const char *expected = NULL;
	int err;

	if (parsing->shadowed)
		return 0;
	err = phrasebook_add(parsing->rules->book, phrase,
		negated ? REPLY_MARK_NOT(at) : REPLY_MARK_TEXT(at), &expected);
	if (err == -EINVAL)
		return refuse(parsing, phrase, expected);
	if (!negated)
		parsing->rules->rules[at].has_text = true;
	return err;
}

static bool is_status_pattern(const char *word)
{
	size_t dots = 0;
	size_t run = 0;

	for (size_t i = 0; word[i] != '\0'; i++) {
		if (word[i] == '.') {
			if (run == 0)
				return false;
			dots++;
			run = 0;
			continue;
		}
		run++;
		if (word[i] == 'x'
				? run > 1 || (word[i + 1] != '.' && word[i + 1] != '\0')
				: word[i] < '0' || word[i] > '9' || run > 3)
			return false;
	}
	return dots == 2 && run > 0;
}

static bool is_code_pattern(const char *word)
{
	return strlen(word) == 3 && strspn(word, "0123456789x") == 3;
}

static bool is_host_pattern(const char *word)
{
	return word[0] != '.' &&
		word[strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789-_.")] == '\0';
}

static int add_host(struct parsing *parsing, struct reply_rule *rule, const char *word)
{
	if (!is_host_pattern(word))
		return refuse(parsing, word, "a host name in lower case");
	return add_value(&rule->hosts, &rule->hosts_len, word);
}

static int add_status(struct parsing *parsing, struct reply_rule *rule, const char *word)
{
	if (!is_status_pattern(word))
		return refuse(parsing, word, "an enhanced code such as 5.1.1 or x.1.1");
	return add_value(&rule->statuses, &rule->statuses_len, word);
}

static int add_code(struct parsing *parsing, struct reply_rule *rule, const char *word)
{
	if (!is_code_pattern(word))
		return refuse(parsing, word, "a reply code such as 550 or 5xx");
	return add_value(&rule->codes, &rule->codes_len, word);
}

static int add_stage(struct parsing *parsing, struct reply_rule *rule, const char *word)
{
	for (size_t i = 0; i < sizeof stage_names / sizeof *stage_names; i++)
		if (strcmp(stage_names[i].name, word) == 0) {
			rule->stages |= 1U << stage_names[i].stage;
			return 0;
		}
	return refuse(parsing, word, "connect, helo, mail, rcpt, data or end-of-data");
}

static int add_outcome(struct parsing *parsing, struct reply_rule *rule, const char *word)
{
	enum delivery_outcome outcome;

	if (delivery_outcome_from_name(word, &outcome) < 0 ||
		outcome == DELIVERY_DELIVERED)
		return refuse(parsing, word, "deferred, bounced or expired");
	rule->outcomes |= 1U << outcome;
	return 0;
}

/* What our own server decides says nothing about somebody's mailbox. */
static bool is_of_recipient(enum delivery_reason reason)
{
	return reason == REASON_USER_UNKNOWN || reason == REASON_MAILBOX_FULL ||
		reason == REASON_MAILBOX_DISABLED;
}

static int add_by(struct parsing *parsing, struct reply_rule *rule, const char *word)
{
	if (strcmp(word, "remote") == 0)
		rule->by = REPLY_BY_REMOTE;
	else if (strcmp(word, "local") == 0)
		rule->by = REPLY_BY_LOCAL;
	else if (strcmp(word, "any") == 0)
		rule->by = REPLY_BY_LOCAL | REPLY_BY_REMOTE;
	else
		return refuse(parsing, word, "remote, local or any");
	if (rule->by != REPLY_BY_REMOTE && is_of_recipient(rule->reason))
		return refuse(parsing, word,
			"remote: only a remote server knows its mailboxes");
	return 0;
}

static const struct {
	const char *name;
	int (*add)(struct parsing *parsing, struct reply_rule *rule, const char *word);
} kinds[] = {
	{"host", add_host},
	{"status", add_status},
	{"code", add_code},
	{"stage", add_stage},
	{"outcome", add_outcome},
	{"by", add_by},
};

static int add_words(struct parsing *parsing, size_t kind, char *words)
{
	struct reply_rule *rule = present_rule(parsing);
	char *rest = NULL;
	char *word = strtok_r(words, " \t", &rest);
	int err = 0;

	if (word == NULL)
		return refuse(parsing, kinds[kind].name, "one word or more after it");
	for (; word != NULL && err == 0; word = strtok_r(NULL, " \t", &rest))
		err = kinds[kind].add(parsing, rule, word);
	if (err == 0 &&
		rule->hosts_len + rule->statuses_len + rule->codes_len > VALUES_MAX)
		return refuse(parsing, kinds[kind].name, "at most 256 words in a rule");
	return err;
}

/* An indented line: a kind of condition, and its words. */
static int parse_condition(struct parsing *parsing, char *line)
{
	size_t len = strcspn(line, " \t");
	char *words = line + len + strspn(line + len, " \t");

	if (present_rule(parsing) == NULL)
		return refuse(parsing, line, "\"ID: REASON\" before the first condition");
	line[len] = '\0';
	if (strcmp(line, "text") == 0 || strcmp(line, "not") == 0)
		return add_phrase(parsing, words, line[0] == 'n');
	for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
		if (strcmp(kinds[i].name, line) == 0)
			return add_words(parsing, i, words);
	return refuse(
		parsing, line, "text, not, host, status, code, stage, outcome or by");
}

static bool is_id(const char *id)
{
	size_t len = strspn(id, "abcdefghijklmnopqrstuvwxyz0123456789-");

	return len > 0 && len < 64 && id[len] == '\0' && id[0] != '-';
}

static const struct reply_rule *find_rule(const struct reply_rules *rules, const char *id)
{
	for (size_t i = 0; i < rules->len; i++)
		if (strcmp(rules->rules[i].id, id) == 0)
			return &rules->rules[i];
	return NULL;
}

static int add_rule(struct parsing *parsing, const char *id, enum delivery_reason reason)
{
	struct reply_rules *rules = parsing->rules;
	struct reply_rule *more;

	if (rules->len == REPLY_RULES_MAX)
		return refuse(parsing, id, "at most 1024 rules");
	more = reallocarray(rules->rules, rules->len + 1, sizeof *more);
	if (more == NULL)
		return -ENOMEM;
	rules->rules = more;
	more[rules->len] = (struct reply_rule){.id = strdup(id),
		.reason = reason,
		.by = REPLY_BY_REMOTE,
		.line = parsing->line};
	return more[rules->len].id != NULL ? (rules->len++, 0) : -ENOMEM;
}

/* "ID: REASON". */
static int parse_heading(struct parsing *parsing, char *line)
{
	char *colon = strchr(line, ':');
	enum delivery_reason reason;
	const struct reply_rule *before;

	if (colon == NULL)
		return refuse(parsing, line,
			"\"ID: REASON\", or a condition with a blank before it");
	*colon = '\0';
	colon += 1 + strspn(colon + 1, " \t");
	if (!is_id(line))
		return refuse(parsing, line, "an id of a-z, 0-9 and -");
	if (delivery_reason_from_name(colon, &reason) < 0 || reason == REASON_NONE)
		return refuse(parsing, colon, "a reason such as user-unknown");
	before = find_rule(parsing->rules, line);
	if (before != NULL && before >= parsing->rules->rules + parsing->first)
		return refuse(parsing, line, "an id that no rule above has");
	finish_rule(&parsing->scratch);
	parsing->scratch.reason = reason;
	parsing->shadowed = before != NULL;
	return parsing->shadowed ? 0 : add_rule(parsing, line, reason);
}

static int parse_line(struct parsing *parsing, const char *text, size_t len)
{
	char line[LINE_MAX_BYTES];
	size_t indent;

	while (len > 0 && strchr(" \t\r", text[len - 1]) != NULL)
		len--;
	if (len >= sizeof line || memchr(text, '\0', len) != NULL)
		return refuse(parsing, "", "a line of text of less than 1024 bytes");
	memcpy(line, text, len);
	line[len] = '\0';
	indent = strspn(line, " \t");
	if (line[indent] == '\0' || line[indent] == '#')
		return 0;
	return indent > 0 ? parse_condition(parsing, line + indent)
			  : parse_heading(parsing, line);
}

static int parse(struct reply_rules *rules, const char *path, const char *text,
	size_t len, struct reply_rules_error *error)
{
	struct parsing parsing = {
		.rules = rules, .path = path, .first = rules->len, .error = error};
	int err = 0;

	for (size_t at = 0; at < len && err == 0;) {
		const char *end = memchr(text + at, '\n', len - at);
		size_t line = end != NULL ? (size_t)(end - (text + at)) : len - at;

		parsing.line++;
		err = parse_line(&parsing, text + at, line);
		at += line + 1;
	}
	finish_rule(&parsing.scratch);
	return err;
}

static int parse_file(
	struct reply_rules *rules, const char *path, struct reply_rules_error *error)
{
	char *text;
	size_t len;
	int err = textfile_read(path, FILE_BYTES_MAX, &text, &len);

	if (err < 0) {
		snprintf(error->text, sizeof error->text, "%s: %s", path, strerror(-err));
		return err;
	}
	err = parse(rules, path, text, len, error);
	free(text);
	return err;
}

int reply_rules_create(const char *path, struct reply_rules **ret_rules,
	struct reply_rules_error *ret_error)
{
	struct reply_rules *rules = calloc(1, sizeof *rules);
	int err = rules != NULL ? 0 : -ENOMEM;

	snprintf(ret_error->text, sizeof ret_error->text, "rules: %s", strerror(ENOMEM));
	if (err == 0 && (rules->book = phrasebook_create()) == NULL)
		err = -ENOMEM;
	if (err == 0 && path != NULL)
		err = parse_file(rules, path, ret_error);
	if (err == 0)
		err = parse(rules, "built-in rules", reply_builtin, reply_builtin_len,
			ret_error);
	if (err < 0) {
		reply_rules_destroy(rules);
		return err;
	}
	*ret_rules = rules;
	return 0;
}

void reply_rules_destroy(struct reply_rules *rules)
{
	if (rules == NULL)
		return;
	for (size_t i = 0; i < rules->len; i++)
		finish_rule(&rules->rules[i]);
	free(rules->rules);
	phrasebook_destroy(rules->book);
	free(rules);
}
