/* SPDX-License-Identifier: MIT */
/* Many incidents at once: how many of which sort, and all by name. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/alert.h"
#include "monitor/herald_inside.h"
#include "resolvers/name.h"
#include "storage/incidents.h"
#include "storage/outbox.h"

static int on_group(void *owner, const struct outbox_group *group)
{
	struct herald_crowd *const crowd = owner;
	char *const operators = strdup(group->to_operators);
	if (!operators)
		return -ENOMEM;
	crowd->groups[crowd->groups_len++] =
		(struct alert_group){group->kind, operators, group->count};
	return 0;
}

struct roll {
	const struct store *store;
	FILE *out;
};

/* "domain  id  kind  operator, operator": two blanks between. */
static int on_named(void *owner, const struct outbox_named *named)
{
	const struct roll *const roll = owner;
	char domain[NAME_TEXT_MAX] = "-";
	char id[STORE_ID_MAX];
	const char *rest = named->to_operators;
	if (named->domain)
		name_format(named->domain, domain);
	fprintf(roll->out, "%s  %s  %s  ", domain,
		incidents_id_format(roll->store, named->incident, id),
		incident_kind_name(named->kind));
	while (*rest != '\0') {
		const size_t len = strcspn(rest, "\n");
		fprintf(roll->out, "%.*s%s", (int)len, rest,
			rest[len] != '\0' && rest[len + 1] != '\0' ? ", " : "");
		rest += len + (rest[len] != '\0');
	}
	fputc('\n', roll->out);
	return 0;
}

static int call_the_roll(
	struct herald *herald, const char *channel, struct herald_crowd *crowd)
{
	size_t len;
	const struct roll roll = {
		.store = herald->options.store,
		.out = open_memstream(&crowd->list, &len),
	};
	if (!roll.out)
		return -ENOMEM;
	const int code = outbox_each_named(
		herald->options.store, channel, on_named, (void *)(uintptr_t)&roll);
	return fclose(roll.out) != 0 && code == 0 ? -ENOMEM : code;
}

int herald_crowd_init(
	struct herald *herald, const char *channel, struct herald_crowd *ret_crowd)
{
	struct herald_crowd crowd = {0};
	int code = outbox_groups(
		herald->options.store, channel, HERALD_GROUPS_MOST, on_group, &crowd);
	if (code == 0)
		code = call_the_roll(herald, channel, &crowd);
	if (code == 0)
		*ret_crowd = crowd;
	else
		herald_crowd_finish(&crowd);
	return code;
}

void herald_crowd_finish(struct herald_crowd *crowd)
{
	for (size_t i = 0; i < crowd->groups_len; i++)
		free((void *)(uintptr_t)crowd->groups[i].to_operators);
	free(crowd->list);
	*crowd = (struct herald_crowd){0};
}
