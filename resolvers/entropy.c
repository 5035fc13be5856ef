/* SPDX-License-Identifier: MIT */
#include "resolvers/entropy.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/types.h>

static void refill(struct entropy *entropy)
{
	uint8_t *at = (uint8_t *)entropy->words;
	size_t left = sizeof entropy->words;
	while (left > 0) {
		ssize_t got = getrandom(at, left, 0);
		if (got < 0 && errno != EINTR)
			abort(); /* no kernel of ours lacks it; a weak id is worse */
		if (got > 0) {
			at += got;
			left -= (size_t)got;
		}
	}
	entropy->left = ENTROPY_WORDS;
}

uint16_t entropy_next(struct entropy *entropy)
{
	if (entropy->left == 0)
		refill(entropy);
	uint16_t word = entropy->words[--entropy->left];
	entropy->words[entropy->left] = 0; /* given out once, then nowhere to be read */
	return word;
}
