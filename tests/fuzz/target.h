/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * target — the entry point that each fuzz target defines, with libFuzzer's name and meaning.
 * A target aborts where a property does not hold.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* As assert(), which a build may leave out. */
#define HOLDS(property)                                                                  \
	do {                                                                             \
		if (!(property)) {                                                       \
			fprintf(stderr, "%s:%d: does not hold: %s\n", __FILE__,          \
				__LINE__, #property);                                    \
			abort();                                                         \
		}                                                                        \
	} while (0)
