/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * entropy — random numbers that nobody can foresee: query ids, source ports, choice of
 * socket.
 *
 * Words of getrandom(2), fetched some hundreds at a time. No generator of our own stands
 * between: what a name server sees of these numbers tells nothing about the next ones (RFC
 * 5452 section 9.2). Private to resolvers/.
 */
#include <stdint.h>

#define ENTROPY_WORDS 256

struct entropy {
	uint16_t words[ENTROPY_WORDS];
	unsigned left; /* words not yet given out; 0 in a zeroed struct is right */
};

uint16_t entropy_next(struct entropy *entropy);
