/* SPDX-License-Identifier: MIT */
#include "monitor/backtest/kept.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/backtest/acquaintance.h"
#include "resolvers/name.h"

struct record {
	uint64_t serial;
	struct incident incident; /* its texts and evidence are owned */
	struct incident_recipient *recipients; /* owned; addresses are not */
	size_t recipients_len;
	size_t recipients_room;
	uint32_t *index; /* owned; by hash, places in recipients from 1, 0: empty */
	size_t index_room; /* a power of two, or 0 */
};

struct kept {
	const struct acquaintances *recipients;
	struct record *records; /* owned; by serial, then sorted */
	size_t len;
	size_t room;
};

int kept_create(const struct acquaintances *recipients, struct kept **ret_kept)
{
	struct kept *kept = calloc(1, sizeof *kept);
	if (kept == NULL)
		return -ENOMEM;
	kept->recipients = recipients;
	*ret_kept = kept;
	return 0;
}

/* Frees what a record shows as constant, and owns. */
static void discard(const void *owned)
{
	union {
		const void *shown;
		void *owned;
	} same = {.shown = owned};
	free(same.owned);
}

static void release(struct incident *incident)
{
	for (size_t i = 0; i < incident->evidence_len; i++) {
		discard(incident->evidence[i].name);
		discard(incident->evidence[i].text);
	}
	discard(incident->evidence);
	discard(incident->domain);
	discard(incident->from_operators);
	discard(incident->to_operators);
	discard(incident->view);
	discard(incident->summary);
}

void kept_destroy(struct kept *kept)
{
	if (kept == NULL)
		return;
	for (size_t i = 0; i < kept->len; i++) {
		release(&kept->records[i].incident);
		for (size_t k = 0; k < kept->records[i].recipients_len; k++)
			discard(kept->records[i].recipients[k].relay_host);
		free(kept->records[i].recipients);
		free(kept->records[i].index);
	}
	free(kept->records);
	free(kept);
}

static struct record *find(struct kept *kept, uint64_t serial)
{
	size_t low = 0, high = kept->len;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (kept->records[middle].serial < serial)
			low = middle + 1;
		else
			high = middle;
	}
	if (low < kept->len && kept->records[low].serial == serial)
		return &kept->records[low];
	if (kept->len == kept->room) {
		const size_t room = kept->room > 0 ? kept->room * 2 : 64;
		struct record *records = realloc(kept->records, room * sizeof *records);
		if (records == NULL)
			return NULL;
		kept->records = records;
		kept->room = room;
	}
	memmove(&kept->records[low + 1], &kept->records[low],
		(kept->len - low) * sizeof kept->records[0]);
	kept->len++;
	kept->records[low] = (struct record){.serial = serial};
	return &kept->records[low];
}

static int copy_evidence(const struct incident *from, struct incident *to)
{
	struct incident_evidence *list = calloc(from->evidence_len + 1, sizeof *list);
	to->evidence = list;
	to->evidence_len = 0;
	if (list == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < from->evidence_len; i++) {
		list[i] = from->evidence[i];
		list[i].name = strdup(from->evidence[i].name);
		list[i].text = strdup(from->evidence[i].text);
		to->evidence_len++;
		if (list[i].name == NULL || list[i].text == NULL)
			return -ENOMEM;
	}
	return 0;
}

static int copy_incident(const struct incident *from, struct incident *to)
{
	*to = *from;
	to->domain = NULL;
	if (from->domain != NULL) {
		uint8_t *domain = malloc(name_length(from->domain));
		if (domain != NULL)
			memcpy(domain, from->domain, name_length(from->domain));
		to->domain = domain;
	}
	to->from_operators = strdup(from->from_operators);
	to->to_operators = strdup(from->to_operators);
	to->view = strdup(from->view);
	to->summary = strdup(from->summary);
	const int err = copy_evidence(from, to);
	return err < 0 || (from->domain != NULL && to->domain == NULL) ||
			to->from_operators == NULL || to->to_operators == NULL ||
			to->view == NULL || to->summary == NULL
		? -ENOMEM
		: 0;
}

/* Where the recipient stands in the index, or would. */
static uint32_t *place_of(const struct record *record, const uint8_t *hash)
{
	uint64_t key;
	memcpy(&key, hash, sizeof key); /* it is a keyed hash already */
	size_t at = key & (record->index_room - 1);
	while (record->index[at] != 0 &&
		memcmp(record->recipients[record->index[at] - 1].hash, hash,
			INCIDENT_HASH) != 0)
		at = (at + 1) & (record->index_room - 1);
	return &record->index[at];
}

/* Room for so many more, with half of the index empty. */
static int grow(struct record *record, size_t more)
{
	const size_t wanted = record->recipients_len + more;
	size_t room = record->recipients_room > 0 ? record->recipients_room : 8;
	if (wanted <= record->recipients_room)
		return 0;
	while (room < wanted)
		room *= 2;
	uint32_t *index = calloc(room * 2, sizeof *index);
	struct incident_recipient *list =
		realloc(record->recipients, room * sizeof *list);
	if (list != NULL)
		record->recipients = list;
	if (list == NULL || index == NULL) {
		free(index);
		return -ENOMEM;
	}
	free(record->index);
	record->index = index;
	record->index_room = room * 2;
	record->recipients_room = room;
	for (size_t i = 0; i < record->recipients_len; i++)
		*place_of(record, list[i].hash) = (uint32_t)i + 1;
	return 0;
}

static int merge(struct kept *kept, struct record *record,
	const struct incident_recipient *recipients, size_t len)
{
	if (grow(record, len) < 0)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++) {
		uint32_t *place = place_of(record, recipients[i].hash);
		if (*place == 0)
			*place = (uint32_t)++record->recipients_len;
		else
			discard(record->recipients[*place - 1].relay_host);
		struct incident_recipient *each = &record->recipients[*place - 1];
		*each = recipients[i];
		each->relay_host = strdup(recipients[i].relay_host);
		each->address = acquaintances_address(kept->recipients, each->hash);
		if (each->relay_host == NULL)
			return -ENOMEM;
	}
	return 0;
}

int kept_incident(void *owner, uint64_t serial, const struct incident *incident,
	const struct incident_recipient *recipients, size_t recipients_len)
{
	struct kept *kept = owner;
	struct record *record = find(kept, serial);
	if (record == NULL)
		return -ENOMEM;
	release(&record->incident);
	const int err = copy_incident(incident, &record->incident);
	return err < 0 ? err : merge(kept, record, recipients, recipients_len);
}

static int by_opening(const void *a, const void *b)
{
	const struct record *first = a, *second = b;
	const struct incident *one = &first->incident, *two = &second->incident;
	if (one->opened_at != two->opened_at)
		return one->opened_at < two->opened_at ? -1 : 1;
	if ((one->domain == NULL) != (two->domain == NULL))
		return one->domain == NULL ? -1 : 1;
	if (one->domain != NULL && !name_equal(one->domain, two->domain))
		return name_compare(one->domain, two->domain);
	return first->serial < second->serial ? -1 : 1;
}

static int by_bounce(const void *a, const void *b)
{
	const struct incident_recipient *one = a, *two = b;
	if (one->first_bounce_at != two->first_bounce_at)
		return one->first_bounce_at < two->first_bounce_at ? -1 : 1;
	return memcmp(one->hash, two->hash, INCIDENT_HASH);
}

int kept_settle(struct kept *kept)
{
	if (kept->len > 0)
		qsort(kept->records, kept->len, sizeof kept->records[0], by_opening);
	for (size_t i = 0; i < kept->len; i++) {
		struct record *record = &kept->records[i];
		record->incident.number = (int64_t)i + 1;
		if (record->incident.kind_at_open == 0) /* nothing more will come */
			record->incident.kind_at_open = record->incident.kind;
		if (record->recipients_len > 0)
			qsort(record->recipients, record->recipients_len,
				sizeof record->recipients[0], by_bounce);
	}
	return 0;
}

int kept_each(const struct kept *kept, backtest_incident_fn fn, void *owner)
{
	int stop = 0;
	for (size_t i = 0; i < kept->len && stop == 0; i++)
		stop = fn(owner, &kept->records[i].incident, kept->records[i].recipients,
			kept->records[i].recipients_len);
	return stop;
}
