/* SPDX-License-Identifier: MIT */
#include "monitor/operator.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/operators.h"
#include "resolvers/address.h"
#include "resolvers/mxset.h"
#include "resolvers/name.h"
#include "storage/record.h"

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

/* Who runs one host of a set; *ret_entry is NULL for nobody known. Returns 0 or -ENOMEM. */
static int find(struct operators *operators, uint16_t rrtype, const uint8_t *host,
	const struct operator_entry **ret_entry)
{
	char text[NAME_TEXT_MAX];
	struct endpoint address;

	*ret_entry = NULL;
	if (record_type_is_address(rrtype)) {
		if (address_from_name(host, &address) == 0)
			*ret_entry = operators_of_network(operators, &address);
		return 0;
	}
	if (host[0] == 0)
		return 0;
	*ret_entry = operators_of_host(operators, name_format(host, text));
	return *ret_entry != NULL ? 0 : -ENOMEM;
}

int operator_list_of(struct operators *operators, uint16_t rrtype,
	const struct mxset *set, struct operator_list *ret_list)
{
	struct operator_list list = {.entries = NULL};

	if (set->len > 0)
		list.entries = calloc(set->len, sizeof *list.entries);
	if (set->len > 0 && list.entries == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < set->len; i++) {
		const struct operator_entry *entry;

		if (find(operators, rrtype, set->hosts[i].exchange, &entry) < 0) {
			operator_list_finish(&list);
			return -ENOMEM;
		}
		if (entry != NULL)
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
