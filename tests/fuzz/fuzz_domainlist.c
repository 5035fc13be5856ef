/* SPDX-License-Identifier: MIT */
/* The input is a list of domains as somebody keeps it. */
#include <string.h>

#include "monitor/domainlist.h"
#include "resolvers/name.h"
#include "tests/fuzz/target.h"

static int on_domain(void *owner, uint64_t line, const uint8_t *domain, const char *tags)
{
	uint64_t *taken = owner;

	HOLDS(line > 0);
	HOLDS(name_length(domain) <= NAME_WIRE_MAX);
	HOLDS(domainlist_is_tags(tags));
	HOLDS(strlen(tags) < DOMAINLIST_TAGS_BYTES);
	++*taken;
	return 0;
}

static void on_refused(void *owner, uint64_t line, const char *why)
{
	(void)owner;
	HOLDS(line > 0);
	for (; *why != '\0'; why++)
		HOLDS((unsigned char)*why >= ' ' && *why != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	uint64_t taken = 0;
	const struct domainlist_reader reader = {
		.owner = &taken, .on_domain = on_domain, .on_refused = on_refused};
	struct domainlist_counts counts;
	struct domainlist list;
	FILE *in;

	if (size == 0)
		return 0;
	in = fmemopen((void *)(uintptr_t)data, size, "r");
	if (in == NULL)
		return 0;
	HOLDS(domainlist_read(in, &reader, &counts) == 0);
	HOLDS(counts.taken == taken && counts.refused <= counts.lines);
	rewind(in);
	HOLDS(domainlist_load(in, NULL, NULL, &list) == 0);
	HOLDS(list.len + list.duplicates == taken);
	for (size_t i = 1; i < list.len; i++)
		HOLDS(name_compare(list.entries[i - 1].domain, list.entries[i].domain) <
			0);
	domainlist_finish(&list);
	fclose(in);
	return 0;
}
