/* SPDX-License-Identifier: MIT */
#include "alerts/digest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/phrase.h"

static int compare_kinds(const void *left, const void *right)
{
	const struct alert_group *a = left;
	const struct alert_group *b = right;

	return a->kind != b->kind ? (int)a->kind - (int)b->kind
				  : strcmp(a->to_operators, b->to_operators);
}

static int compare_counts(const void *left, const void *right)
{
	const struct alert_group *a = left;
	const struct alert_group *b = right;

	return a->count != b->count ? (a->count < b->count) - (a->count > b->count)
				    : compare_kinds(left, right);
}

static void count_cases(const struct alert *alert, struct digest *digest)
{
	struct alert_group *groups = digest->groups;

	for (size_t i = 0; i < alert->cases_len; i++) {
		const struct incident *incident = alert->cases[i].story.incident;

		groups[i] =
			(struct alert_group){incident->kind, incident->to_operators, 1};
	}
	qsort(groups, alert->cases_len, sizeof *groups, compare_kinds);
	for (size_t i = 0; i < alert->cases_len; i++)
		if (digest->len > 0 &&
			compare_kinds(&groups[digest->len - 1], &groups[i]) == 0)
			groups[digest->len - 1].count++;
		else
			groups[digest->len++] = groups[i];
}

int digest_init(const struct alert *alert, struct digest *ret_digest)
{
	const size_t most = alert->groups_len > alert->cases_len ? alert->groups_len
								 : alert->cases_len;
	struct digest digest = {
		.groups = calloc(most + 1, sizeof *digest.groups),
		.total = alert->cases_len + alert->more,
	};

	if (digest.groups == NULL)
		return -ENOMEM;
	if (alert->groups_len > 0) {
		memcpy(digest.groups, alert->groups,
			alert->groups_len * sizeof *digest.groups);
		digest.len = alert->groups_len;
	} else
		count_cases(alert, &digest);
	qsort(digest.groups, digest.len, sizeof *digest.groups, compare_counts);
	*ret_digest = digest;
	return 0;
}

void digest_finish(struct digest *digest)
{
	free(digest->groups);
}

int digest_phrase(const struct alert_group *group, char **ret_text)
{
	const struct phrase phrase = {.to = group->to_operators};

	return phrase_format(phrase_of_several(group->kind), &phrase, ret_text);
}
