/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * digest — many incidents of one alert, counted by what happened to them.
 */
#include <stddef.h>
#include <stdint.h>

#include "alerts/alert.h"

struct digest {
	struct alert_group *groups; /* owned; most first; their texts are the alert's */
	size_t len;
	uint64_t total;
};

/* Returns 0 or -ENOMEM; finish *ret_digest. */
int digest_init(const struct alert *alert, struct digest *ret_digest)
	__attribute__((warn_unused_result));
void digest_finish(struct digest *digest);

/* "moved to Apple iCloud", as said of several domains. Returns 0 or -ENOMEM; free *ret_text with
 * free(). */
int digest_phrase(const struct alert_group *group, char **ret_text)
	__attribute__((warn_unused_result));
