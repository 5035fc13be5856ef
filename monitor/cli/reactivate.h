/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * reactivate — lines for a shell that take addresses off a provider's suppression list.
 *
 * Secrets and settings are shell variables, which a comment above the lines names. Addresses are
 * foreign text: they are quoted for the shell, encoded in URLs and escaped in JSON. Nothing is
 * called here.
 */
#include <stdbool.h>
#include <stdio.h>

#define REACTIVATE_PROVIDERS "postmark mailgun sendgrid ses greenarrow"

struct reactivate_provider;

/* NULL for a name that is none of the above. */
const struct reactivate_provider *reactivate_find(const char *name);
void reactivate_begin(const struct reactivate_provider *provider, FILE *out);
/* False for an address that cannot stand on such a line; nothing is printed then. */
bool reactivate_line(
	const struct reactivate_provider *provider, const char *address, FILE *out);
