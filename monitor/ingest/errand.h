/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * errand — what a command does with the store that a running monitor has: it asks.
 *
 * Reports are gathered into requests of bounded size, each with the place they were read up to;
 * the other end (monitor/ingest/reception.h) judges them and commits both in one transaction. An
 * errand is for one file: it remembers what the store knew of it, so that nothing is counted
 * twice should somebody else read the same file meanwhile.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <jansson.h>

struct errand;
struct feed_place;
struct rejects;
struct report;
struct rotated_file;
struct store_error;

/* Carries a request to the monitor. Takes request. Returns 0 with an answer, also a refusing
 * one, or a negative errno: there is none. */
struct errand_link {
	void *owner;
	int (*ask)(void *owner, json_t *request, json_t **ret_answer);
};

/* Copies source and link. mail: the file is a bounce mail. Returns 0 or -ENOMEM. */
int errand_create(const struct errand_link *link, const char *source, bool mail,
	struct errand **ret_errand) __attribute__((warn_unused_result));
/* NULL is allowed. */
void errand_destroy(struct errand *errand);

/* Fills in what the store knows of an open file. Returns 0, -ENOMEM, an error of logfile_read,
 * or why there was no answer. */
int errand_find(struct errand *errand, const char *format, struct rotated_file *file)
	__attribute__((warn_unused_result));
/* Whether a mail is known under a path: 1, 0, or why there was no answer. */
int errand_is_known(struct errand *errand, const char *format, const char *path)
	__attribute__((warn_unused_result));

/* Takes a copy. Returns 0 or -ENOMEM. */
int errand_report(struct errand *errand, const struct report *report)
	__attribute__((warn_unused_result));
size_t errand_len(const struct errand *errand);
/* Enough for a request. */
bool errand_is_full(const struct errand *errand);
void errand_clear(struct errand *errand);
/* Has everything committed; on success place has its number, and *ret_refused is how many
 * reports were refused. place NULL: none. Returns 0; -ESTALE: somebody else has read on in this
 * file since, so all of it is to be read again from where the store is now; or another error as
 * of store_commit, or why there was no answer. */
int errand_commit(struct errand *errand, const struct rejects *rejects,
	struct feed_place *place, uint64_t *ret_refused, struct store_error *ret_error)
	__attribute__((warn_unused_result));
