/* SPDX-License-Identifier: MIT */
#include "monitor/operator.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/operators.h"
#include "resolvers/mxset.h"
#include "resolvers/name.h"

static void add(struct operator_list *list, const struct operator_entry *entry)
{
	size_t at = 0;

	if (operator_list_has(list, entry))
		return;
	while (at < list->len && strcmp(list->entries[at]->name, entry->name) < 0)
		at++;
	memmove(&list->entries[at + 1], &list->entries[at],
		(list->len - at) * sizeof *list->entries);
	list->entries[at] = entry;
	list->len++;
}

int operator_list_of(struct operators *operators, const struct mxset *set,
	struct operator_list *ret_list)
{
	struct operator_list list = {.entries = NULL};
	char text[NAME_TEXT_MAX];

	if (set->len > 0)
		list.entries = calloc(set->len, sizeof *list.entries);
	if (set->len > 0 && list.entries == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < set->len; i++) {
		const uint8_t *exchange = set->hosts[i].exchange;
		const struct operator_entry *entry;

		if (exchange[0] == 0)
			continue;
		entry = operators_of_host(operators, name_format(exchange, text));
		if (entry == NULL) {
			operator_list_finish(&list);
			return -ENOMEM;
		}
		add(&list, entry);
	}
	*ret_list = list;
	return 0;
}

void operator_list_finish(struct operator_list *list)
{
	free(list->entries);
	*list = (struct operator_list){.entries = NULL};
}

bool operator_list_has(
	const struct operator_list *list, const struct operator_entry *entry)
{
	for (size_t i = 0; i < list->len; i++)
		if (list->entries[i] == entry)
			return true;
	return false;
}
