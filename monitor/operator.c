/* SPDX-License-Identifier: MIT */
#include "monitor/operator.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include <libpsl.h>

#include "resolvers/mxset.h"
#include "resolvers/name.h"

/* Its text as written into an address: a byte that name_format() escapes is no part of a
 * registrable domain, and such an exchange stands for itself. */
static const char *registrable_domain(const char *exchange)
{
	const psl_ctx_t *psl = psl_builtin();
	const char *domain = NULL;

	if (psl != NULL && strchr(exchange, '\\') == NULL)
		domain = psl_registrable_domain(psl, exchange);
	return domain != NULL ? domain : exchange;
}

static int add(struct operator_list *list, const char *name)
{
	size_t at = 0;

	while (at < list->len && strcmp(list->names[at], name) < 0)
		at++;
	if (at < list->len && strcmp(list->names[at], name) == 0)
		return 0;
	memmove(&list->names[at + 1], &list->names[at],
		(list->len - at) * sizeof *list->names);
	list->names[at] = strdup(name);
	list->len++;
	return list->names[at] == NULL ? -ENOMEM : 0;
}

int operator_list_of(const struct mxset *set, struct operator_list *ret_list)
{
	struct operator_list list = {0};
	char text[NAME_TEXT_MAX];
	int err = 0;

	if (set->len > 0)
		list.names = calloc(set->len, sizeof *list.names);
	if (set->len > 0 && list.names == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < set->len && err == 0; i++) {
		const uint8_t *exchange = set->hosts[i].exchange;

		if (exchange[0] != 0)
			err = add(&list, registrable_domain(name_format(exchange, text)));
	}
	if (err < 0) {
		operator_list_finish(&list);
		return err;
	}
	*ret_list = list;
	return 0;
}

void operator_list_finish(struct operator_list *list)
{
	for (size_t i = 0; i < list->len; i++)
		free(list->names[i]);
	free(list->names);
	*list = (struct operator_list){0};
}
