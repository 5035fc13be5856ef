/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * hostile — what the DNS and other people's mail servers may say, and no sink may obey.
 *
 * One table for all sinks: mails, pages, JSON, pictures, reports, what is handed to a server.
 */
#include <stddef.h>
#include <stdint.h>

size_t hostile_names(void);
size_t hostile_texts(void);

/* A wire name. *ret_why: what is the matter with it. */
const uint8_t *hostile_name(size_t i, const char **ret_why);
/* A reply, a host's name for itself, a summary: any text of others. */
const char *hostile_text(size_t i, const char **ret_why);
