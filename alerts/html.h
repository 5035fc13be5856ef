/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * html — the pages that are mailed and kept: one frame, few elements, nothing from elsewhere.
 *
 * No script, no link that was not given to html_link(), no picture that is not part of the mail or
 * of the page. Every element carries its style, since mail programs drop sheets; one small sheet
 * has the dark colours for those that keep it, and both sets survive a program that inverts them.
 * Errors of writing stick to the stream.
 */
#include <stddef.h>
#include <stdio.h>

/* What a page is about, by colour and by word. */
enum html_tone {
	HTML_INFO,
	HTML_WARNING,
	HTML_CRITICAL,
	HTML_OVER, /* the all-clear */
};

enum html_element {
	HTML_HEADING,
	HTML_PARAGRAPH,
	HTML_FAINT, /* a paragraph in small, weak letters */
	HTML_LIST,
	HTML_ITEM,
	HTML_COMMAND, /* lines to be copied */
	HTML_TABLE,
	HTML_ROW,
	HTML_HEAD, /* a cell that names its column or row */
	HTML_CELL,
	HTML_CELL_FIXED, /* of one width of letters, and not wrapped: times, counts */
	HTML_NAME, /* of hosts and domains, within a sentence */
	HTML_MARK, /* a small label: a severity, "look-alike" */
};

/* Writes foreign text, also inside an attribute's quotes: '&', '<', '>' and quotes as references,
 * control bytes, bidi marks and what is no UTF-8 as \xHH. */
void html_escape(const char *text, FILE *out);

/* The document up to the first element of its body: a heading of the page, with a line above it
 * (what kind of word this is) and one below it (for people who know no more yet). Raw texts; line
 * above or below may be NULL. */
void html_open(const char *title, const char *above, const char *below,
	enum html_tone tone, FILE *out);
/* The same of a page that is kept as a file: nothing at all may be loaded, and it prints. */
void html_open_kept(const char *title, const char *above, const char *below,
	enum html_tone tone, FILE *out);
void html_close(FILE *out);

void html_begin(enum html_element element, FILE *out);
void html_end(enum html_element element, FILE *out);
/* A whole element with raw text in it. */
void html_put(enum html_element element, const char *text, FILE *out);
/* An address of ours, raw; written as text too, so that it can be read before it is followed. */
void html_link(const char *address, FILE *out);
/* source: "cid:..." or "data:...", raw; text: what it shows, for who cannot see it. */
void html_picture(const char *source, const char *text, FILE *out);
