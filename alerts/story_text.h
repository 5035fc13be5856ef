/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * story_text — headings, paragraphs, items and commands of what is told, as text or as HTML.
 *
 * Text is wrapped at 78 columns. A line that memory is short of says so, and the telling goes on.
 * Private to alerts/.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "alerts/story.h"

/* What is open in a page and has to be closed before the next. */
enum story_block {
	STORY_BLOCK_NONE,
	STORY_BLOCK_ITEM, /* a list and its item */
	STORY_BLOCK_COMMAND, /* these, and lines to be copied */
	STORY_BLOCK_TABLE,
};

struct story_page {
	enum story_block block;
};

/* A story being written, and its parts that are safe to show. */
struct telling {
	const struct story *story; /* these two: NULL where no story is told */
	const struct incident *incident;
	FILE *out;
	struct story_page *page; /* NULL: as text */
	char *domain; /* owned; escaped */
	char *from; /* owned; "IONOS and example.net"; "its own hosts" where there is none */
	char *to; /* owned; "other hosts" where there is none */
	char *view; /* owned; escaped */
};

/* Returns a text with what is foreign escaped; free with free(). NULL without memory. */
char *story_escape(const char *text);
/* Names that are each ended by a line feed, as a list in words; the same. */
char *story_list(const char *names, const char *otherwise);

/* The text, or for NULL words that say so. */
const char *story_shown(const char *text);

#define STORY_WIDTH 78 /* columns of text */
/* Columns of UTF-8 that is known to be printable: its leading bytes. */
size_t story_width(const char *word, size_t len);

void story_heading(const struct telling *telling, const char *title);
void story_say(const struct telling *telling, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* One thing of a list. */
void story_item(const struct telling *telling, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* A line to be copied, as it is. */
void story_command(const struct telling *telling, const char *format, ...)
	__attribute__((format(printf, 2, 3)));
/* Closes what is open. */
void story_end(const struct telling *telling);
/* A line with a mark before it, what follows being wrapped beside it. */
void story_beside(const struct telling *telling, const char *mark, int width,
	const char *format, ...) __attribute__((format(printf, 4, 5)));

#define STORY_TIME_MAX 32
#define STORY_COUNT_MAX 32
/* "2023-08-29 20:31:17"; "-" for 0. */
char *story_time(int64_t at, char ret_text[STORY_TIME_MAX]);
/* "4,137". */
char *story_count(uint64_t count, char ret_text[STORY_COUNT_MAX]);
/* "1 recipient", "4,137 recipients". */
char *story_recipients(uint64_t count, char ret_text[STORY_COUNT_MAX + 12]);
/* "10 seconds", "5 minutes", "2 hours 10 minutes". */
char *story_duration(int64_t ms, char ret_text[STORY_TIME_MAX]);
