/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * directory — the operators that a detector under test goes by: those of the built-in table.
 */
#include "monitor/operators.h"

extern struct operators *operators;

/* cmocka group set-up and tear-down. */
int make_operators(void **state);
int drop_operators(void **state);
