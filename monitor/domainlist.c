/* SPDX-License-Identifier: MIT */
#include "monitor/domainlist.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "resolvers/name.h"

#define QUOTED_BYTES 60 /* of a bad line that are repeated */
#define WHY_MAX 400

struct line {
	char text[DOMAINLIST_LINE_MAX + 1]; /* without its end, NUL-terminated */
	size_t len;
	bool overlong;
	bool has_nul;
};

struct reading {
	const struct domainlist_reader *reader;
	struct domainlist_counts counts;
	bool refused; /* the present line, so that it counts once */
};

/* Reads one line, of which what passes the limit is dropped. False at the end. */
static bool read_line(FILE *in, struct line *line)
{
	int c = getc_unlocked(in);

	line->len = 0;
	line->overlong = false;
	line->has_nul = false;
	if (c == EOF)
		return false;
	for (; c != EOF && c != '\n'; c = getc_unlocked(in)) {
		line->has_nul = line->has_nul || c == '\0';
		if (line->len < DOMAINLIST_LINE_MAX)
			line->text[line->len++] = (char)c;
		else
			line->overlong = true;
	}
	line->text[line->len] = '\0';
	return true;
}

static void refuse(struct reading *reading, const char *found, const char *what)
{
	char why[WHY_MAX] = "";
	size_t len = strlen(found);
	FILE *out;

	if (!reading->refused)
		reading->counts.refused++;
	reading->refused = true;
	if (reading->reader->on_refused == NULL)
		return;
	out = fmemopen(why, sizeof why, "w");
	if (out != NULL) {
		fputs("found \"", out);
		name_escape(NAME_SINK_LOG, found, len < QUOTED_BYTES ? len : QUOTED_BYTES,
			out);
		fprintf(out, "\"%s: %s", len < QUOTED_BYTES ? "" : "...", what);
		fclose(out);
	}
	reading->reader->on_refused(reading->reader->owner, reading->counts.lines, why);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/* Cuts blanks, then one pair of quotes, off both ends. */
static char *trim(char *text)
{
	size_t len;

	while (is_blank(*text))
		text++;
	len = strlen(text);
	while (len > 0 && is_blank(text[len - 1]))
		len--;
	if (len >= 2 && text[0] == '"' && text[len - 1] == '"') {
		text++;
		len -= 2;
	}
	text[len] = '\0';
	return text;
}

/* Ends a field at its comma or semicolon outside quotes; returns where the next one begins. */
static char *cut_field(char *text, const char *separators)
{
	bool quoted = false;

	for (; *text != '\0'; text++) {
		if (*text == '"')
			quoted = !quoted;
		if (!quoted && strchr(separators, *text) != NULL) {
			*text = '\0';
			return text + 1;
		}
	}
	return NULL;
}

/* Hands a domain over. Returns 0, what the callback returned, or -ENOMEM. */
static int take(struct reading *reading, const char *text, const char *tags)
{
	uint8_t name[NAME_WIRE_MAX];
	const char *why = "";
	int err = name_parse_domain(text, name, &why);

	if (err == -EINVAL) {
		refuse(reading, text, why);
		return 0;
	}
	if (err < 0)
		return err;
	reading->counts.taken++;
	return reading->reader->on_domain(
		reading->reader->owner, reading->counts.lines, name, tags);
}

/* The domain of "Name <local@domain>" or "local@domain". */
static int take_address(struct reading *reading, char *text)
{
	char *open = strrchr(text, '<');
	char *at = strrchr(text, '@');

	if (open != NULL && open < at) {
		char *close = strchr(at, '>');

		if (close == NULL) {
			refuse(reading, text, "an address without its closing '>'");
			return 0;
		}
		*close = '\0';
		text = open + 1;
	}
	if (at == text) {
		refuse(reading, text, "an address with nothing before its '@'");
		return 0;
	}
	return take(reading, trim(at + 1), "");
}

/* Pieces without '@' beside one that has it are names and other columns. */
static int take_addresses(struct reading *reading, char *text)
{
	int err = 0;

	while (text != NULL && err == 0) {
		char *next = cut_field(text, ",;");

		if (strchr(text, '@') != NULL)
			err = take_address(reading, trim(text));
		text = next;
	}
	return err;
}

static bool is_tag(const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (text[i] <= ' ' || text[i] > '~' || strchr("\"'\\,;", text[i]) != NULL)
			return false;
	return len > 0 && len <= DOMAINLIST_TAG_MAX;
}

bool domainlist_is_tags(const char *text)
{
	size_t count = 0;

	while (*text != '\0') {
		size_t len = strcspn(text, ",");

		if (!is_tag(text, len) || ++count > DOMAINLIST_TAGS_MAX)
			return false;
		text += len;
		if (*text == ',' && *++text == '\0')
			return false;
	}
	return true;
}

/* Reads the fields after the domain into tags. */
static bool read_tags(
	struct reading *reading, char *text, char tags[DOMAINLIST_TAGS_BYTES])
{
	size_t count = 0;
	size_t len = 0;

	tags[0] = '\0';
	while (text != NULL) {
		char *next = cut_field(text, ",");
		const char *tag = trim(text);

		text = next;
		if (tag[0] == '\0')
			continue;
		if (!is_tag(tag, strlen(tag))) {
			refuse(reading, tag,
				"no tag (letters, digits, -_.:, at most 63)");
			return false;
		}
		if (++count > DOMAINLIST_TAGS_MAX) {
			refuse(reading, tag, "more than 16 tags");
			return false;
		}
		len += (size_t)snprintf(tags + len, DOMAINLIST_TAGS_BYTES - len, "%s%s",
			len > 0 ? "," : "", tag);
	}
	return true;
}

static bool is_heading(const struct reading *reading, const char *field)
{
	static const char *const words[] = {"domain", "domains", "email", "address"};

	for (size_t i = 0; reading->counts.lines == 1 && i < 4; i++)
		if (strcasecmp(field, words[i]) == 0)
			return true;
	return false;
}

/* A comment begins the line or follows a blank. */
static void cut_comment(char *text)
{
	char *hash = strchr(text, '#');

	while (hash != NULL && hash != text && !is_blank(hash[-1]))
		hash = strchr(hash + 1, '#');
	if (hash != NULL)
		*hash = '\0';
}

static int take_line(struct reading *reading, struct line *line)
{
	char *text = line->text;
	char tags[DOMAINLIST_TAGS_BYTES];
	char *rest;

	if (line->overlong || line->has_nul) {
		refuse(reading, text,
			line->overlong ? "a line of more than 65536 bytes"
				       : "a line with a NUL byte");
		return 0;
	}
	if (reading->counts.lines == 1 && strncmp(text, "\xef\xbb\xbf", 3) == 0)
		text += 3;
	cut_comment(text);
	if (text[strspn(text, " \t\r")] == '\0')
		return 0;
	if (strchr(text, '@') != NULL)
		return take_addresses(reading, text);
	rest = cut_field(text, ",");
	text = trim(text);
	if (is_heading(reading, text) || !read_tags(reading, rest, tags))
		return 0;
	return take(reading, text, tags);
}

int domainlist_read(FILE *in, const struct domainlist_reader *reader,
	struct domainlist_counts *ret_counts)
{
	struct reading reading = {.reader = reader};
	struct line *line = malloc(sizeof *line);
	int err = line == NULL ? -ENOMEM : 0;

	while (err == 0 && read_line(in, line)) {
		reading.counts.lines++;
		reading.refused = false;
		err = take_line(&reading, line);
	}
	free(line);
	if (err == 0 && ferror(in))
		err = -EIO;
	*ret_counts = reading.counts;
	return err;
}

struct loading {
	struct domainlist list;
	size_t size;
	void *owner;
	void (*on_refused)(void *owner, uint64_t line, const char *why);
};

static int make_entry(uint64_t line, const uint8_t *domain, const char *tags,
	const char *more_tags, struct domainlist_entry *ret_entry)
{
	size_t name_len = name_length(domain);
	const char *comma = tags[0] != '\0' && more_tags[0] != '\0' ? "," : "";
	size_t tags_size = strlen(tags) + strlen(comma) + strlen(more_tags) + 1;
	uint8_t *bytes = malloc(name_len + tags_size);

	if (bytes == NULL)
		return -ENOMEM;
	memcpy(bytes, domain, name_len);
	*ret_entry = (struct domainlist_entry){
		.domain = bytes, .tags = (char *)bytes + name_len, .line = line};
	snprintf(ret_entry->tags, tags_size, "%s%s%s", tags, comma, more_tags);
	return 0;
}

static int on_domain(void *owner, uint64_t line, const uint8_t *domain, const char *tags)
{
	struct loading *loading = owner;
	struct domainlist *list = &loading->list;
	int err;

	if (list->len == loading->size) {
		size_t size = loading->size * 2 + 64;
		struct domainlist_entry *entries =
			reallocarray(list->entries, size, sizeof *entries);

		if (entries == NULL)
			return -ENOMEM;
		list->entries = entries;
		loading->size = size;
	}
	err = make_entry(line, domain, tags, "", &list->entries[list->len]);
	if (err == 0)
		list->len++;
	return err;
}

static void on_refused(void *owner, uint64_t line, const char *why)
{
	const struct loading *loading = owner;

	if (loading->on_refused != NULL)
		loading->on_refused(loading->owner, line, why);
}

static int compare_entries(const void *a, const void *b)
{
	const struct domainlist_entry *left = a;
	const struct domainlist_entry *right = b;
	int order = name_compare(left->domain, right->domain);

	return order != 0 ? order
			  : (left->line > right->line) - (left->line < right->line);
}

static bool has_tag(const char *tags, const char *tag, size_t len)
{
	for (; *tags != '\0'; tags += *tags == ',') {
		size_t tag_len = strcspn(tags, ",");

		if (tag_len == len && memcmp(tags, tag, len) == 0)
			return true;
		tags += tag_len;
	}
	return false;
}

/* Adds the tags of a duplicate that the first one has not. */
static int merge_tags(struct domainlist_entry *entry, const char *tags)
{
	for (; *tags != '\0'; tags += *tags == ',') {
		size_t len = strcspn(tags, ",");
		char tag[DOMAINLIST_TAG_MAX + 1];
		struct domainlist_entry joined;

		snprintf(tag, sizeof tag, "%.*s", (int)len, tags);
		tags += len;
		if (has_tag(entry->tags, tag, len))
			continue;
		if (make_entry(entry->line, entry->domain, entry->tags, tag, &joined) < 0)
			return -ENOMEM;
		free(entry->domain);
		*entry = joined;
	}
	return 0;
}

static int merge_duplicates(struct domainlist *list)
{
	size_t kept = 0;
	int err = 0;

	for (size_t i = 0; i < list->len; i++) {
		struct domainlist_entry *entry = &list->entries[i];
		struct domainlist_entry *last =
			kept > 0 ? &list->entries[kept - 1] : NULL;

		if (last == NULL || !name_equal(last->domain, entry->domain)) {
			list->entries[kept++] = *entry;
			continue;
		}
		if (err == 0)
			err = merge_tags(last, entry->tags);
		free(entry->domain);
		list->duplicates++;
	}
	list->len = kept;
	return err;
}

int domainlist_load(FILE *in, void *owner,
	void (*refused)(void *owner, uint64_t line, const char *why),
	struct domainlist *ret_list)
{
	struct loading loading = {.owner = owner, .on_refused = refused};
	const struct domainlist_reader reader = {
		.owner = &loading, .on_domain = on_domain, .on_refused = on_refused};
	struct domainlist_counts counts;
	int err = domainlist_read(in, &reader, &counts);

	loading.list.refused = counts.refused;
	if (err == 0 && loading.list.len > 0) {
		qsort(loading.list.entries, loading.list.len,
			sizeof *loading.list.entries, compare_entries);
		err = merge_duplicates(&loading.list);
	}
	if (err < 0) {
		domainlist_finish(&loading.list);
		return err;
	}
	*ret_list = loading.list;
	return 0;
}

void domainlist_finish(struct domainlist *list)
{
	for (size_t i = 0; i < list->len; i++)
		free(list->entries[i].domain);
	free(list->entries);
	*list = (struct domainlist){0};
}
