/* SPDX-License-Identifier: MIT */
#include "tests/monitor/decide/directory.h"

#include <stddef.h>

struct operators *operators;

int make_operators(void **state)
{
	struct operators_error error;
	(void)state;
	return operators_create(NULL, NULL, &operators, &error);
}

int drop_operators(void **state)
{
	(void)state;
	operators_destroy(operators);
	return 0;
}
