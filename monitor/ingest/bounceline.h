/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * bounceline — what a line of a notice holds: an address, a server's reply, a host.
 * Pure; any thread. Every function is linear in what it is given.
 */
#include <stdbool.h>
#include <stddef.h>

/* A line without its blanks at both ends; zeroed before the first. */
struct bounceline {
	const char *text;
	size_t len;
	size_t next; /* offset of the line after this */
};

bool bounceline_next(const char *text, size_t len, struct bounceline *line);
/* The word in the text, case ignored; NULL where it is not. */
const char *bounceline_find(const char *text, size_t len, const char *word);
/* The address that the line starts with, bullets, quotes and an SMTP code passed over.
 * Returns the bytes up to what is said about it, or 0. */
size_t bounceline_address(const char *text, size_t len, char *address, size_t size);
/* The first address anywhere. Returns the bytes up to its end, or 0. */
size_t bounceline_any_address(const char *text, size_t len, char *address, size_t size);
/* Where an SMTP reply ("550 5.1.1 ...", "421-...") begins; NULL where there is none. */
const char *bounceline_reply(const char *text);
/* "host NAME [IP]", "NAME[IP] said", "IP does not like": who answered. */
void bounceline_host(
	const char *text, char *host, size_t host_size, char *ip, size_t ip_size);
