/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/header.h"

#include <string.h>

/* "<22>" */
static void skip_priority(struct span *line)
{
	struct span rest = *line;
	uint64_t priority;
	if (span_take(&rest, SPAN("<")) && span_take_number(&rest, &priority) &&
		priority < 192 && span_take(&rest, SPAN(">")))
		*line = rest;
}

static bool is_upper(char c)
{
	return c >= 'A' && c <= 'Z';
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

/* "Jan  2 03:04:05", told by its blanks and colons, and "Jan 2 03:04:05". */
static size_t bsd_length(struct span line)
{
	if (line.len < 15 || !is_upper(line.at[0]) || line.at[3] != ' ')
		return 0;
	const size_t clock = line.at[6] == ' ' ? 7 : 6;
	if (line.at[clock - 1] != ' ' || line.at[clock + 2] != ':' ||
		line.at[clock + 5] != ':')
		return 0;
	const char *end = memchr(line.at + clock, ' ', line.len - clock);
	return end != NULL ? (size_t)(end - line.at) : 0;
}

static size_t iso_length(struct span line)
{
	if (line.len < 20 || !is_digit(line.at[0]) || line.at[4] != '-' ||
		line.at[7] != '-' || line.at[13] != ':' || line.at[16] != ':')
		return 0;
	const char *end = memchr(line.at + 11, ' ', line.len - 11);
	return end != NULL ? (size_t)(end - line.at) : 0;
}

static void skip_blanks(struct span *rest)
{
	while (rest->len > 0 && *rest->at == ' ')
		*rest = span_from(*rest, 1);
}

/* "program[123]: " or "program: ": true, and what follows. */
static bool take_program(struct span *rest, struct span *ret_program)
{
	size_t end = 0;
	while (end < rest->len && rest->at[end] != ' ' && rest->at[end] != ':' &&
		rest->at[end] != '[')
		end++;
	if (end == 0 || end == rest->len || rest->at[end] == ' ' || *rest->at == '<')
		return false;
	struct span after = span_from(*rest, end);
	uint64_t pid;
	if (span_take(&after, SPAN("[")) &&
		(!span_take_number(&after, &pid) || !span_take(&after, SPAN("]"))))
		return false;
	if (!span_take(&after, SPAN(":")) || (after.len > 0 && *after.at != ' '))
		return false;
	*ret_program = span_head(*rest, end);
	skip_blanks(&after);
	*rest = after;
	return true;
}

/* INFO, WARNING, ...: a column that some set-ups add. */
static bool is_level(struct span word)
{
	for (size_t i = 0; i < word.len; i++)
		if (!is_upper(word.at[i]))
			return false;
	return word.len >= 3 && word.len <= 9;
}

/* "[ID 197553 mail.info] " of Solaris */
static void skip_message_id(struct span *message)
{
	struct span rest = *message;
	struct span number;
	if (span_take(&rest, SPAN("[ID ")) &&
		span_take_before(&rest, SPAN("] "), &number) && number.len < 40)
		*message = rest;
}

static bool split_words(struct span rest, struct header *header)
{
	struct span word;
	skip_blanks(&rest);
	struct span after = rest;
	if (rest.len > 0 && is_upper(*rest.at) && span_take_word(&after, &word) &&
		is_level(word))
		rest = after;
	if (!take_program(&rest, &header->program)) {
		if (!span_take_word(&rest, &header->host))
			return false;
		if (!take_program(&rest, &header->program))
			header->program = span_head(rest, 0);
	}
	skip_message_id(&rest);
	header->message = rest;
	return true;
}

/* "-" or "[id name="value"]...", whose values escape quotes. */
static bool take_structured(struct span *rest)
{
	if (span_take(rest, SPAN("-")))
		return true;
	if (rest->len == 0 || *rest->at != '[')
		return false;
	bool quoted = false;
	for (size_t i = 0; i < rest->len; i++) {
		const char c = rest->at[i];
		if (quoted && c == '\\')
			i++;
		else if (c == '"')
			quoted = !quoted;
		else if (!quoted && c == ']' &&
			(i + 1 == rest->len || rest->at[i + 1] != '[')) {
			*rest = span_from(*rest, i + 1);
			return true;
		}
	}
	return false;
}

static bool split_5424(struct span rest, struct header *header)
{
	struct span word;
	if (!span_take_word(&rest, &header->stamp) ||
		!span_take_word(&rest, &header->host) ||
		!span_take_word(&rest, &header->program) ||
		!span_take_word(&rest, &word) || !span_take_word(&rest, &word) ||
		!take_structured(&rest))
		return false;
	if (span_is(header->stamp, SPAN("-")))
		header->stamp.len = 0;
	skip_blanks(&rest);
	(void)span_take(&rest, SPAN("\xef\xbb\xbf"));
	header->message = rest;
	return true;
}

bool header_split(struct span line, struct header *ret_header)
{
	struct header header = {.host = span_head(line, 0)};
	const size_t before = line.len;

	skip_priority(&line);
	if (line.len < before && span_take(&line, SPAN("1 "))) {
		if (!split_5424(line, &header))
			return false;
		*ret_header = header;
		return true;
	}
	size_t stamp = bsd_length(line);
	if (stamp == 0)
		stamp = iso_length(line);
	header.stamp = span_head(line, stamp);
	header.message = line;
	if (stamp > 0) {
		if (!split_words(span_from(line, stamp), &header))
			return false;
	} else if (!take_program(&header.message, &header.program)) {
		return false;
	}
	*ret_header = header;
	return true;
}

bool header_at(
	const struct header *header, const struct stamp_context *context, int64_t *ret_at)
{
	struct span stamp = header->stamp;
	if (stamp.len == 0) {
		*ret_at = context->reference_at;
		return true;
	}
	return stamp_take_iso(&stamp, context, ret_at) ||
		stamp_take_bsd(&stamp, context, ret_at);
}
