/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * soften — whether a refusal that Postfix is about to make final is to wait instead.
 *
 * Postfix asks for each final status: the enhanced code, a blank, and its text. That of a refusal
 * by a host reads
 *
 *   5.1.1 host mx.example.net[192.0.2.1] said: 550 5.1.1 <x@example.org>: no (in reply to ...)
 *
 * It is softened where the host is a foreign one of a domain that is held, and the recipient that
 * the reply repeats is of that domain. Where the reply repeats none, all that the host refuses is
 * softened if its operator takes nobody else's mail. Everything else stands.
 * Source: Postfix smtp(8), smtp_delivery_status_filter. A table is made once and then only
 * read: any thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct soften;

/* One foreign host of one held domain, as names are written: lower case, no final dot. */
struct soften_entry {
	const char *host;
	const char *domain;
	int64_t until_at; /* from then on it is not held */
	bool alone; /* the host's operator takes no other domain's mail */
};

/* Entries are copied. Returns 0 or -ENOMEM. */
int soften_create(const struct soften_entry *entries, size_t len,
	struct soften **ret_soften) __attribute__((warn_unused_result));
void soften_destroy(struct soften *soften);

/* True with the status that takes the place of the key's ("4.1.1") where it is to wait. */
#define SOFTEN_STATUS_MAX 16
bool soften_judge(const struct soften *soften, const char *key, size_t len, int64_t now,
	char ret_status[SOFTEN_STATUS_MAX]);
