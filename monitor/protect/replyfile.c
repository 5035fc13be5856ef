/* SPDX-License-Identifier: MIT */
#include "monitor/protect/replyfile.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/protect/hold.h"
#include "monitor/textfile.h"
#include "storage/instant.h"

#define TITLE "# written by mxvigil (protect.postfix-reply-filter): not to be edited"
#define HELD "# held incident="
#define BETWEEN "\\. \\d+ IN MX \\d+ "
#define END "\\.$/ IGNORE"
#define WORD_MAX 300

/* --- writing --- */

static bool is_label_byte(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Whether Postfix takes the name for one. */
static bool is_plain(const char *name)
{
	if (*name == '\0')
		return false;
	for (; *name != '\0'; name++)
		if (!is_label_byte(*name) && *name != '.')
			return false;
	return true;
}

static void put_pattern(const char *name, FILE *out)
{
	for (; *name != '\0'; name++) {
		if (*name == '.')
			putc('\\', out);
		putc(*name, out);
	}
}

static void put_rule(const char *owner, const char *host, FILE *out)
{
	fputs("/^", out);
	put_pattern(owner, out);
	fputs(BETWEEN, out);
	put_pattern(host, out);
	fputs(END "\n", out);
}

static void put_rules(const struct hold *hold, const char *owner,
	struct replyfile_text *text, FILE *out)
{
	if (!is_plain(owner)) {
		text->refused++;
		return;
	}
	for (size_t i = 0; i < hold->hosts_len; i++) {
		const char *const host = hold->hosts[i].name;
		if (!is_plain(host)) {
			text->refused++;
			continue;
		}
		put_rule(owner, host, out);
		text->rules++;
		if (!text->sample &&
			asprintf(&text->sample, "%s. 300 IN MX 10 %s.", owner, host) < 0)
			text->sample = NULL;
	}
}

static bool has_rule(const struct hold *hold, const char *owner)
{
	for (size_t i = 0; is_plain(owner) && i < hold->hosts_len; i++)
		if (is_plain(hold->hosts[i].name))
			return true;
	return false;
}

/* An id has a site in it, which may be a host's odd name. */
static void put_id(const char *id, FILE *out)
{
	for (; *id != '\0'; id++)
		putc(*id > ' ' && *id <= '~' ? *id : '_', out);
}

static void put_entry(const struct hold *hold, struct replyfile_text *text, FILE *out)
{
	char name[NAME_TEXT_MAX];
	char at[INSTANT_TEXT_MAX];
	name_format(hold->domain, name);
	if (!has_rule(hold, name)) {
		text->refused++;
		return;
	}
	fputs(text->entries == 0 ? TITLE "\n" HELD : HELD, out);
	put_id(hold->id, out);
	fprintf(out, " domain=%s", name);
	fprintf(out, " since=%s", instant_format(hold->since_at, at));
	fprintf(out, " expires=%s\n", instant_format(hold->expires_at, at));
	put_rules(hold, name, text, out);
	for (size_t i = 0; i < hold->aliases_len; i++)
		put_rules(hold, name_format(hold->aliases[i], name), text, out);
	text->entries++;
}

static int begin(struct replyfile_text *text, FILE **ret_out)
{
	*text = (struct replyfile_text){0};
	*ret_out = open_memstream(&text->text, &text->len);
	return *ret_out ? 0 : -ENOMEM;
}

static int end(struct replyfile_text *text, FILE *out)
{
	if (fclose(out) == 0)
		return 0;
	replyfile_finish(text);
	return -ENOMEM;
}

int replyfile_format(const struct hold *holds, size_t len, int64_t now,
	struct replyfile_text *ret_text)
{
	struct replyfile_text text;
	FILE *out;
	if (begin(&text, &out) != 0)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++) {
		if (!holds[i].keeps_away || !hold_holds(&holds[i], now))
			continue;
		if (text.entries < REPLYFILE_DOMAINS_MAX)
			put_entry(&holds[i], &text, out);
		else
			text.beyond++;
	}
	if (end(&text, out) != 0)
		return -ENOMEM;
	*ret_text = text;
	return 0;
}

void replyfile_finish(struct replyfile_text *text)
{
	free(text->text);
	free(text->sample);
	*text = (struct replyfile_text){0};
}

/* --- reading --- */

struct line {
	const char *at;
	size_t len;
};

static bool take(struct line *line, const char *words)
{
	const size_t len = strlen(words);
	if (line->len < len || memcmp(line->at, words, len) != 0)
		return false;
	line->at += len;
	line->len -= len;
	return true;
}

/* A name whose dots are escaped, up to the escaped dot at its end that `after` begins with. */
static bool take_pattern(struct line *line, const char *after)
{
	size_t label = 0;
	for (;;) {
		struct line rest = *line;
		if (label > 0 && take(&rest, after)) {
			*line = rest;
			return true;
		}
		if (label > 0 && take(line, "\\.")) {
			label = 0;
			continue;
		}
		if (line->len == 0 || !is_label_byte(*line->at))
			return false;
		line->at++;
		line->len--;
		label++;
	}
}

static bool is_rule(struct line line)
{
	return take(&line, "/^") && take_pattern(&line, BETWEEN) &&
		take_pattern(&line, END) && line.len == 0;
}

static bool take_word(struct line *line, char ret_word[WORD_MAX])
{
	size_t len = 0;
	while (len < line->len && line->at[len] > ' ' && line->at[len] <= '~')
		len++;
	if (len == 0 || len >= WORD_MAX)
		return false;
	memcpy(ret_word, line->at, len);
	ret_word[len] = '\0';
	line->at += len;
	line->len -= len;
	return true;
}

static bool take_instant(struct line *line, int64_t *ret_at)
{
	char word[WORD_MAX];
	return take_word(line, word) && instant_parse(word, 0, NULL, ret_at) == 0;
}

struct heading {
	char incident[WORD_MAX];
	char domain[WORD_MAX];
	int64_t since_at;
	int64_t expires_at;
};

static bool is_heading(struct line line, struct heading *ret_heading)
{
	return take(&line, HELD) && take_word(&line, ret_heading->incident) &&
		take(&line, " domain=") && take_word(&line, ret_heading->domain) &&
		take(&line, " since=") && take_instant(&line, &ret_heading->since_at) &&
		take(&line, " expires=") &&
		take_instant(&line, &ret_heading->expires_at) && line.len == 0;
}

static bool is_title(struct line line)
{
	return take(&line, TITLE) && line.len == 0;
}

static bool next_line(struct textfile_lines *lines, struct line *ret_line)
{
	return textfile_next_line(lines, &ret_line->at, &ret_line->len);
}

bool replyfile_is_ours(const char *text, size_t len)
{
	struct line line = {text, len};
	return take(&line, TITLE "\n");
}

bool replyfile_check(const char *text, size_t len, char ret_why[REPLYFILE_WHY_MAX])
{
	struct textfile_lines lines = {.next = text, .end = text + len};
	struct line line;
	struct heading heading;
	bool titled = false;
	bool headed = false;
	const char *expected =
		len > 0 && text[len - 1] != '\n' ? "a whole last line" : NULL;
	while (!expected && next_line(&lines, &line)) {
		if (!titled)
			expected = is_title(line) ? NULL : "a title of ours";
		else if (is_heading(line, &heading))
			headed = true;
		else if (!headed)
			expected = "an incident and its expiry";
		else if (!is_rule(line))
			expected = "a rule for one record";
		titled = true;
	}
	if (expected)
		snprintf(ret_why, REPLYFILE_WHY_MAX, "line %u: expected %s", lines.number,
			expected);
	return !expected;
}

void replyfile_each(const char *text, size_t len, replyfile_fn fn, void *owner)
{
	struct textfile_lines lines = {.next = text, .end = text + len};
	struct line line;
	struct heading heading;
	struct heading next;
	size_t rules = 0;
	bool any = false;
	for (bool more = true; more;) {
		more = next_line(&lines, &line);
		const bool begins = more && is_heading(line, &next);
		rules += more && any && !begins;
		if (more && !begins)
			continue;
		if (any)
			fn(owner,
				&(struct replyfile_entry){heading.incident,
					heading.domain, heading.since_at,
					heading.expires_at, rules});
		heading = next;
		any = begins;
		rules = 0;
	}
}

int replyfile_prune(const char *text, size_t len, int64_t now,
	struct replyfile_text *ret_text, size_t *ret_expired)
{
	struct textfile_lines lines = {.next = text, .end = text + len};
	struct replyfile_text left;
	struct line line;
	struct heading heading;
	FILE *out;
	size_t expired = 0;
	bool keeps = false;
	if (begin(&left, &out) != 0)
		return -ENOMEM;
	while (next_line(&lines, &line)) {
		const bool begins = is_heading(line, &heading);
		if (begins) {
			keeps = now < heading.expires_at;
			expired += !keeps;
		}
		if (!keeps)
			continue;
		if (left.entries == 0)
			fputs(TITLE "\n", out);
		left.entries += begins;
		left.rules += !begins;
		fprintf(out, "%.*s\n", (int)line.len, line.at);
	}
	if (end(&left, out) != 0)
		return -ENOMEM;
	*ret_text = left;
	*ret_expired = expired;
	return 0;
}
