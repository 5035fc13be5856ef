/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * domainlist — reads lists of domains as people keep them.
 *
 * A line is a domain, `domain,tag,...`, or holds mail addresses with or without names
 * (`Name <local@domain>`, several divided by commas); domains may be U-labels in UTF-8. Blank
 * lines, `#` comments, a heading, a byte order mark, quotes and CR LF are fine. A line that makes
 * no sense is named and the rest is read. Lines are bounded; any bytes may come. Streams: a
 * million lines need no memory of their own.
 * Any thread; reads what it is given, no logging.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define DOMAINLIST_LINE_MAX 65536 /* bytes of one line */
#define DOMAINLIST_TAGS_MAX 16
#define DOMAINLIST_TAG_MAX 63 /* bytes of one tag */
#define DOMAINLIST_TAGS_BYTES                                                            \
	(DOMAINLIST_TAGS_MAX * (DOMAINLIST_TAG_MAX + 1)) /* and NUL */

/* How a read list went. */
struct domainlist_counts {
	uint64_t lines;
	uint64_t taken; /* domains handed over, duplicates included */
	uint64_t refused; /* lines that made no sense */
};

struct domainlist_reader {
	void *owner;
	/* One domain as a wire name, with its tags comma-separated ("" for none). A non-zero
	 * return ends the reading and is returned. */
	int (*on_domain)(
		void *owner, uint64_t line, const uint8_t *domain, const char *tags);
	/* One bad line: what was found, escaped for a terminal and shortened. NULL allowed. */
	void (*on_refused)(void *owner, uint64_t line, const char *why);
};

/* Reads to the end of `in`. Returns 0, a callback's non-zero return, -EIO or -ENOMEM. */
int domainlist_read(FILE *in, const struct domainlist_reader *reader,
	struct domainlist_counts *ret_counts) __attribute__((warn_unused_result));

/* Whether text is such a list of tags. */
bool domainlist_is_tags(const char *text);

/* The same domains without duplicates, sorted; tags of one domain are joined. */
struct domainlist_entry {
	uint8_t *domain; /* owned wire name; its tags stand behind it in one piece */
	char *tags;
	uint64_t line; /* that it was first seen in */
};

struct domainlist {
	struct domainlist_entry
		*entries; /* owned array of len elements, sorted by name */
	size_t len;
	uint64_t duplicates; /* merged away */
	uint64_t refused; /* lines that made no sense */
};

/* Reads the whole of `in`; on_refused and owner as above. */
int domainlist_load(FILE *in, void *owner,
	void (*on_refused)(void *owner, uint64_t line, const char *why),
	struct domainlist *ret_list) __attribute__((warn_unused_result));
void domainlist_finish(struct domainlist *list);
