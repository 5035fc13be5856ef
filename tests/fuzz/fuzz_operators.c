/* SPDX-License-Identifier: MIT */
/* The input is a table of operators as somebody keeps it, and each of its words a host that is
 * asked for. */
#include <errno.h>
#include <string.h>

#include "monitor/operators.h"
#include "resolvers/endpoint.h"
#include "resolvers/name.h"
#include "tests/fuzz/input_file.h"
#include "tests/fuzz/target.h"

static void ask_host(struct operators *operators, const char *word)
{
	uint8_t name[NAME_WIRE_MAX];
	char host[NAME_TEXT_MAX];

	if (name_parse(word, name) < 0 || name[0] == 0)
		return;
	name_format(name, host);
	const struct operator_entry *entry = operators_of_host(operators, host);
	HOLDS(entry != NULL && entry->name[0] != '\0' && entry->id > 0);
	HOLDS(entry->kind <= OPERATOR_SENDER);
	HOLDS(operators_of_host(operators, host) == entry);
	HOLDS(!operators_distinct(entry, entry));
	if (entry->kind != OPERATOR_UNLISTED)
		HOLDS(operators_find(operators, entry->name) == entry);
}

static void ask_all(struct operators *operators, const uint8_t *data, size_t size)
{
	char *text = calloc(1, size + 1);
	char *rest = NULL;

	if (text == NULL)
		return;
	memcpy(text, data, size);
	for (char *word = strtok_r(text, "\t\r\n ", &rest); word != NULL;
		word = strtok_r(NULL, "\t\r\n ", &rest))
		ask_host(operators, word);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *path = input_file(data, size);
	struct operators_error error;
	struct operators *operators;
	struct endpoint address;
	const int err = operators_create(path, NULL, &operators, &error);

	HOLDS(err == 0 || err == -EINVAL);
	if (err < 0) {
		input_file_check_error(path, error.text);
		return 0;
	}
	HOLDS(endpoint_parse("192.0.2.1", 25, &address) == 0);
	HOLDS(operators_network(operators, &address) != 0);
	HOLDS(operators_of_network(operators, &address) == NULL);
	ask_all(operators, data, size);
	operators_destroy(operators);
	return 0;
}
