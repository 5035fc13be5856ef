/* SPDX-License-Identifier: MIT */
/* What a row speaks of, by names that hold in another process. */
#include <errno.h>
#include <string.h>

#include "monitor/decide/memory_inside.h"
#include "resolvers/name.h"

#define TEXT_MOST 1024
#define SET_MOST (1 + MXSET_HOSTS_MAX * (2 + NAME_WIRE_MAX))

/* How a thing is named. */
enum naming {
	NAMING_NONE,
	NAMING_ANEW,
	NAMING_AGAIN, /* and by its place, from here on */
};

static uint64_t naming_of(const struct memory_known *known, const void *thing)
{
	if (thing == NULL)
		return NAMING_NONE;
	for (size_t i = 0; i < known->len; i++)
		if (known->things[i] == thing)
			return NAMING_AGAIN + i;
	return NAMING_ANEW;
}

/* True when the thing itself follows; else *thing is known. */
static bool is_anew(
	struct memory *memory, const struct memory_known *known, const void **thing)
{
	uint64_t naming = memory->archive.loading ? 0 : naming_of(known, *thing);
	archive_u64(&memory->archive, &naming, NAMING_AGAIN + MEMORY_KNOWN);
	if (naming == NAMING_ANEW)
		return memory->archive.error == 0;
	if (!memory->archive.loading)
		return false;
	*thing = NULL;
	if (naming >= NAMING_AGAIN && naming - NAMING_AGAIN < known->len)
		*thing = known->things[naming - NAMING_AGAIN];
	else if (naming != NAMING_NONE)
		archive_refuse(&memory->archive);
	return false;
}

/* thing was stored, or found by its name; NULL: there was no memory for it. */
static void enter(struct memory *memory, struct memory_known *known, const void *thing)
{
	if (thing == NULL && memory->archive.error == 0)
		memory->archive.error = -ENOMEM;
	else if (thing != NULL && known->len < MEMORY_KNOWN)
		known->things[known->len++] = thing;
}

static void text(struct memory *memory, const char *name, char ret_text[TEXT_MOST])
{
	if (!memory->archive.loading)
		strncpy(ret_text, name, TEXT_MOST - 1);
	ret_text[TEXT_MOST - 1] = '\0';
	archive_text(&memory->archive, ret_text, TEXT_MOST);
}

void memory_operator(struct memory *memory, const struct operator_entry **entry)
{
	struct operators *operators = memory->decide->operators;
	const bool loading = memory->archive.loading;
	const void *thing = loading ? NULL : *entry;
	if (is_anew(memory, &memory->operators, &thing)) {
		char name[TEXT_MOST];
		bool listed = !loading && (*entry)->kind != OPERATOR_UNLISTED;
		archive_bool(&memory->archive, &listed);
		text(memory, loading ? NULL : (*entry)->name, name);
		/* One that is not listed may bear a name that the table gives to another. */
		if (loading && memory->archive.error == 0)
			thing = listed ? operators_find(operators, name)
				       : operators_of_host(operators, name);
		enter(memory, &memory->operators, thing);
	}
	if (thing == NULL)
		archive_refuse(&memory->archive);
	*entry = thing;
}

void memory_host(struct memory *memory, const struct host **host)
{
	const bool loading = memory->archive.loading;
	const void *thing = loading ? NULL : *host;
	if (is_anew(memory, &memory->hosts, &thing)) {
		char name[TEXT_MOST];
		text(memory, loading ? NULL : (*host)->name, name);
		if (loading && memory->archive.error == 0)
			thing = hosts_get(&memory->decide->hosts, name);
		enter(memory, &memory->hosts, thing);
	}
	*host = thing;
}

static const struct exchanges *find_set(
	struct memory *memory, const uint8_t *bytes, size_t len)
{
	enum answer_state state;
	struct mxset set = {0};
	const struct exchanges *found = NULL;
	if (bytes == NULL)
		return NULL;
	const int error = mxset_decode(bytes, len, &state, &set);
	if (error == 0)
		found = hosts_get_set(&memory->decide->hosts, &set);
	else if (error == -EINVAL)
		archive_refuse(&memory->archive);
	mxset_finish(&set);
	return found;
}

void memory_set(struct memory *memory, const struct exchanges **set)
{
	struct archive *archive = &memory->archive;
	const void *thing = archive->loading ? NULL : *set;
	if (is_anew(memory, &memory->sets, &thing)) {
		size_t len = archive->loading ? 0 : (*set)->bytes_len;
		len = archive_count(archive, len, SET_MOST);
		if (archive->loading)
			thing = find_set(memory, archive_take(archive, len), len);
		else
			archive_store(archive, (*set)->bytes, len);
		enter(memory, &memory->sets, thing);
	}
	*set = thing;
}

void memory_view(struct memory *memory, int *view)
{
	char name[TEXT_MOST];
	const bool loading = memory->archive.loading;
	const struct decide *decide = memory->decide;
	text(memory, loading ? NULL : decide->views[*view].name, name);
	if (!loading)
		return;
	*view = -1;
	for (int i = 0; i < decide->views_len; i++)
		if (strcmp(decide->views[i].name, name) == 0)
			*view = i;
}
