/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * message — an alert as a mail, ready to be handed to a server.
 *
 * Text and HTML of the same words, the timeline inside, and with the all-clear the addresses to
 * re-activate as a file. The bytes depend on the alert alone: composed again they are the same,
 * with the same Message-ID, which is how a receiver drops a second copy. Lines end in CR LF and
 * hold ASCII of at most 76 columns (a single unbreakable word of a header may be longer, never
 * over 998). Sources: RFC 5322, 2045 to 2047, 2231, 2387, 2392, 3834 (Auto-Submitted), 2919
 * (List-Id).
 */
#include <stddef.h>

#include "alerts/alert.h"

/* From whom to whom. Addresses are plain ASCII local@domain, checked before (channel.h). */
struct message_envelope {
	const char *from;
	const char *const *to; /* all of the channel: each sees who else was told */
	size_t to_len;
	const char *channel; /* its name, for List-Id */
};

/* "ID@DOMAIN", without angle brackets: what an alert's Message-ID is. Returns 0 or -ENOMEM; free
 * *ret_id with free(). */
int message_id(const char *alert, const char *from, char **ret_id)
	__attribute__((warn_unused_result));

/* Returns 0, -EINVAL for an address that would not stand in a header, or -ENOMEM; free
 * *ret_bytes with free(). No NUL stands in the bytes, one behind. */
int message_compose(const struct alert *alert, const struct message_envelope *envelope,
	char **ret_bytes, size_t *ret_len) __attribute__((warn_unused_result));
