/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * replyfile — the text of the file that Postfix reads as smtp_dns_reply_filter.
 *
 *   # held incident=fra1-i7 domain=example.org since=TIME expires=TIME
 *   /^example\.org\. \d+ IN MX \d+ mx\.example\.net\.$/ IGNORE
 *
 * Each rule takes one MX record of one domain at one foreign host out of the DNS's answer; the
 * line before tells whose it is and until when, so that who has the file alone can take out what
 * has expired. A wrong line would stop mail that has nothing to do with it: what is written is
 * read again by replyfile_check() before it is put in place. A name with other bytes than letters,
 * digits, '-' and '_' gets no rule: Postfix itself refuses such hosts.
 * Nothing held is an empty text.
 * Source: Postfix postconf(5) smtp_dns_reply_filter, pcre_table(5). Pure.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct hold;

#define REPLYFILE_MAX (64 * 1024 * 1024) /* bytes of a file that is read */
#define REPLYFILE_DOMAINS_MAX 2000 /* each Postfix process reads all rules as it starts */
#define REPLYFILE_WHY_MAX 256

struct replyfile_text {
	char *text; /* owned, free(); "" for nothing held */
	size_t len;
	size_t entries;
	size_t rules;
	size_t refused; /* names that get no rule */
	size_t beyond; /* domains over REPLYFILE_DOMAINS_MAX */
	char *sample; /* owned; a record that the first rule matches; NULL without rules */
};

/* What holds at `now` and keeps away. Returns 0 or -ENOMEM. */
int replyfile_format(const struct hold *holds, size_t len, int64_t now,
	struct replyfile_text *ret_text) __attribute__((warn_unused_result));
void replyfile_finish(struct replyfile_text *text);

/* Whether a text is one that replyfile_format() makes, line by line. */
bool replyfile_check(const char *text, size_t len, char ret_why[REPLYFILE_WHY_MAX]);

/* Whether it is one, or a damaged one: by its first line. */
bool replyfile_is_ours(const char *text, size_t len);

/* An entry as it stands in a file; borrowed for the call. */
struct replyfile_entry {
	const char *incident;
	const char *domain;
	int64_t since_at;
	int64_t expires_at;
	size_t rules;
};
typedef void (*replyfile_fn)(void *owner, const struct replyfile_entry *entry);
/* Of a text that passes the check. */
void replyfile_each(const char *text, size_t len, replyfile_fn fn, void *owner);

/* The text without the entries that have expired at `now`. The text passes the check. Returns 0 or
 * -ENOMEM; *ret_expired is how many went. */
int replyfile_prune(const char *text, size_t len, int64_t now,
	struct replyfile_text *ret_text, size_t *ret_expired)
	__attribute__((warn_unused_result));
