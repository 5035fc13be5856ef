/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * timeline_palette — which operator has which colour.
 *
 * Named are those of the incident, then whoever was in charge for longest; of these, who was
 * seen first has the first colour. Okabe and Ito's colours, and a letter each for where there are
 * no colours. Private to alerts/.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct timeline;

#define PALETTE_NAMED 7
#define PALETTE_OTHERS 7 /* shades after the named ones: of all other operators, */
#define PALETTE_NONE 8 /* and of answers that lead to nobody */
#define PALETTE_SHADES 9

struct palette {
	const char *operators[PALETTE_NAMED]; /* borrowed of the timeline */
	size_t len;
	size_t others; /* operators that share one shade */
	bool nobody; /* some answers lead to nobody */
};

/* Returns 0 or -ENOMEM. */
int palette_make(const struct timeline *timeline, struct palette *ret_palette)
	__attribute__((warn_unused_result));
/* The shade of a span's operators. */
size_t palette_shade(const struct palette *palette, const char *operators);

uint32_t palette_colour(size_t shade);
/* What is well read on it. */
uint32_t palette_ink(size_t shade);
/* "A" to "G", "*", "-". */
const char *palette_letter(size_t shade);
