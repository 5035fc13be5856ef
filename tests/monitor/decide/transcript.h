/* SPDX-License-Identifier: MIT */
#pragma once
/* transcript — what a detector hands out, as text that can be compared. */
#include <stddef.h>
#include <stdint.h>

struct decide;
struct operators;

struct transcript {
	struct decide *decide;
	char *text; /* owned */
	size_t len;
	uint32_t kinds; /* bits: those that were ever open */
	int64_t latest; /* number of the latest that was open */
};

/* Takes what has changed and numbers what is new. Fails the test where that fails. */
void transcript_take(struct transcript *transcript, struct decide *decide);
void transcript_finish(struct transcript *transcript);

/* An engine with the views of history.h, in an order that turns with the number. */
struct decide *transcript_engine(struct operators *operators, unsigned turn);
/* For the set-up and tear-down of a group: *state is the operators. */
int transcript_setup(void **state);
int transcript_teardown(void **state);
