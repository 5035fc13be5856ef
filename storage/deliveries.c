/* SPDX-License-Identifier: MIT */
#include "storage/deliveries.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/core_names.h>
#include <openssl/evp.h>

#include "resolvers/name.h"
#include "storage/bytes.h"
#include "storage/deliveries_inside.h"
#include "storage/inside.h"
#include "storage/intern.h"

#define MEMO_SLOTS 512 /* a power of two */

struct deliveries {
	enum deliveries_keep keep;
	EVP_MAC_CTX *mac; /* owned; keyed */
	struct entry *entries; /* owned */
	size_t len;
	size_t room;
	struct entry **order; /* owned; room elements */
	struct bytes text; /* begins with a NUL: offset 0 is "" */
	bool settled; /* all of it was written */
};

static EVP_MAC_CTX *make_mac(const uint8_t *key)
{
	char digest[] = "SHA256";
	const OSSL_PARAM parameters[] = {
		OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
		OSSL_PARAM_construct_end(),
	};
	EVP_MAC *mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
	EVP_MAC_CTX *context = mac != NULL ? EVP_MAC_CTX_new(mac) : NULL;
	EVP_MAC_free(mac);
	if (context != NULL &&
		EVP_MAC_init(context, key, DELIVERIES_KEY, parameters) == 1)
		return context;
	EVP_MAC_CTX_free(context);
	return NULL;
}

int deliveries_create(const uint8_t key[DELIVERIES_KEY], enum deliveries_keep keep,
	struct deliveries **ret_batch)
{
	struct deliveries *batch = calloc(1, sizeof *batch);
	if (batch == NULL)
		return -ENOMEM;
	batch->keep = keep;
	batch->mac = make_mac(key);
	bytes_add_u8(&batch->text, 0);
	if (batch->mac == NULL || batch->text.failed) {
		deliveries_destroy(batch);
		return -ENOMEM;
	}
	*ret_batch = batch;
	return 0;
}

void deliveries_destroy(struct deliveries *batch)
{
	if (batch == NULL)
		return;
	EVP_MAC_CTX_free(batch->mac);
	free(batch->entries);
	free(batch->order);
	bytes_finish(&batch->text);
	free(batch);
}

size_t deliveries_len(const struct deliveries *batch)
{
	return batch->len;
}

void deliveries_clear(struct deliveries *batch)
{
	batch->len = 0;
	batch->text.len = 1;
	batch->settled = false;
}

static bool mac(struct deliveries *batch, const char *text, uint8_t ret_hash[32])
{
	size_t len = 0;
	/* Without a key the context keeps the one it has. */
	return EVP_MAC_init(batch->mac, NULL, 0, NULL) == 1 &&
		EVP_MAC_update(batch->mac, (const uint8_t *)text, strlen(text)) == 1 &&
		EVP_MAC_final(batch->mac, ret_hash, &len, 32) == 1;
}

int deliveries_hash(const uint8_t key[DELIVERIES_KEY], const char *recipient,
	uint8_t ret_hash[DELIVERIES_HASH])
{
	struct deliveries batch = {.mac = make_mac(key)};
	uint8_t hash[32];
	const bool done = batch.mac != NULL && mac(&batch, recipient, hash);
	EVP_MAC_CTX_free(batch.mac);
	if (!done)
		return -ENOMEM;
	memcpy(ret_hash, hash, DELIVERIES_HASH);
	return 0;
}

static uint32_t put_text(struct deliveries *batch, const void *bytes, size_t len)
{
	const size_t at = batch->text.len;
	bytes_add(&batch->text, bytes, len);
	return (uint32_t)at;
}

static uint32_t put_string(struct deliveries *batch, const char *text)
{
	return *text == '\0' ? 0 : put_text(batch, text, strlen(text) + 1);
}

static int make_room(struct deliveries *batch)
{
	if (batch->len < batch->room)
		return 0;
	const size_t room = batch->room == 0 ? 64 : 2 * batch->room;
	struct entry *entries = reallocarray(batch->entries, room, sizeof *entries);
	if (entries == NULL)
		return -ENOMEM;
	batch->entries = entries;
	struct entry **order = reallocarray(batch->order, room, sizeof(struct entry *));
	if (order == NULL)
		return -ENOMEM;
	batch->order = order;
	batch->room = room;
	return 0;
}

static int64_t read_id(const uint8_t hash[32])
{
	uint64_t id = 0;
	for (size_t i = 0; i < 8; i++)
		id = id << 8 | hash[i];
	return (int64_t)(id & INT64_MAX);
}

/* Whether it is to be kept as an address at all. */
static bool is_to_hold(const struct deliveries *batch, const struct delivery_fact *fact)
{
	return batch->keep != DELIVERIES_KEEP_HASH && fact->remote &&
		fact->outcome == DELIVERY_BOUNCED && fact->reason == REASON_USER_UNKNOWN;
}

int deliveries_add(struct deliveries *batch, const struct delivery_fact *fact)
{
	uint8_t hash[32];
	if (batch->len >= DELIVERIES_BATCH_MOST)
		return -ENOBUFS;
	if (make_room(batch) < 0)
		return -ENOMEM;
	struct entry *entry = &batch->entries[batch->len];
	const size_t text_len = batch->text.len;
	*entry = (struct entry){
		.outcome = (uint8_t)fact->outcome,
		.reason = (uint8_t)fact->reason,
		.count = fact->count,
		.at = fact->at,
		.remote = fact->remote,
		.mail = fact->mail,
		.outside = fact->outside,
		.domain = put_text(batch, fact->domain, name_length(fact->domain)),
		.host = put_string(batch, fact->relay_host),
		.ip = put_string(batch, fact->relay_ip),
	};
	if (is_to_hold(batch, fact))
		entry->recipient = put_string(batch, fact->recipient);
	if (fact->missing != NULL)
		entry->missing =
			put_text(batch, fact->missing, name_length(fact->missing));
	bool done = !batch->text.failed;
	if (done && *fact->recipient != '\0') {
		done = mac(batch, fact->recipient, hash);
		memcpy(entry->hash, hash, sizeof entry->hash);
		entry->has_hash = true;
	}
	if (done && *fact->id != '\0') {
		done = mac(batch, fact->id, hash);
		entry->id = read_id(hash);
	}
	if (!done) {
		batch->text.len = text_len;
		batch->text.failed = false;
		return -ENOMEM;
	}
	batch->len++;
	batch->settled = false;
	return 0;
}

/* Numbers of texts that were interned in this transaction. */
struct memo {
	struct {
		uint32_t text;
		int64_t id; /* 0: free */
	} slots[MEMO_SLOTS];
};

static int64_t *find_memo(
	struct memo *memo, const uint8_t *data, uint32_t text, size_t len)
{
	uint32_t hash = 2166136261u;
	for (size_t i = 0; i < len; i++)
		hash = (hash ^ data[text + i]) * 16777619u;
	const size_t at = hash % MEMO_SLOTS;
	if (memo->slots[at].id != 0 &&
		memcmp(data + memo->slots[at].text, data + text, len) == 0)
		return &memo->slots[at].id;
	memo->slots[at].text = text;
	memo->slots[at].id = 0;
	return &memo->slots[at].id;
}

int64_t deliveries_intern_host(struct store *store, const char *host)
{
	static const char get[] = "SELECT id FROM host WHERE text = ?1";
	static const char add[] = "INSERT INTO host(text) VALUES(?1) RETURNING id";
	int64_t id = -1;
	for (int i = 0; i < 2 && id < 0; i++) {
		struct query query = query_begin(store, i == 0 ? get : add);
		query_text(&query, host);
		if (query_next(&query))
			id = query_column_int(&query, 0);
		query_end(&query);
	}
	return id < 0 ? 0 : id;
}

static void intern_entry(struct deliveries *batch, struct store *store,
	struct entry *entry, struct memo *names, struct memo *hosts)
{
	const uint8_t *data = batch->text.data;
	const uint8_t *domain = data + entry->domain;
	int64_t *id = find_memo(names, data, entry->domain, name_length(domain));
	if (*id == 0)
		*id = intern_name(store, domain);
	entry->name_id = *id;
	const char *host = (const char *)data + entry->host;
	id = find_memo(hosts, data, entry->host, strlen(host) + 1);
	if (*id == 0 && *host != '\0')
		*id = deliveries_intern_host(store, host);
	entry->host_id = *id;
}

static int compare_places(const struct entry *a, const struct entry *b)
{
	if (a->name_id != b->name_id)
		return a->name_id < b->name_id ? -1 : 1;
	const int64_t minute_a = a->at / 60000;
	const int64_t minute_b = b->at / 60000;
	if (minute_a != minute_b)
		return minute_a < minute_b ? -1 : 1;
	if (a->outcome != b->outcome)
		return a->outcome < b->outcome ? -1 : 1;
	if (a->reason != b->reason)
		return a->reason < b->reason ? -1 : 1;
	return (a->host_id > b->host_id) - (a->host_id < b->host_id);
}

static int compare(const void *a, const void *b)
{
	return compare_places(
		*(const struct entry *const *)a, *(const struct entry *const *)b);
}

static void write_groups(struct deliveries *batch, struct store *store)
{
	const char *text = (const char *)batch->text.data;
	for (size_t i = 0; i < batch->len; i++)
		batch->order[i] = &batch->entries[i];
	qsort(batch->order, batch->len, sizeof *batch->order, compare);
	for (size_t i = 0; i < batch->len;) {
		size_t end = i + 1;
		while (end < batch->len &&
			compare_places(batch->order[i], batch->order[end]) == 0)
			end++;
		deliveries_put_tally(store, batch->order + i, end - i);
		deliveries_put_relay(store, batch->order + i, end - i, text);
		i = end;
	}
	deliveries_put_volumes(store, batch->order, batch->len);
}

void deliveries_write(struct deliveries *batch, struct store *store, const char *source)
{
	if (batch->len == 0)
		return;
	struct memo *memos = calloc(2, sizeof *memos);
	if (memos == NULL) {
		store_fail(store, -ENOMEM, "out of memory");
		return;
	}
	const int64_t source_id = intern_source(store, source);
	batch->settled = false;
	for (size_t i = 0; i < batch->len && store->error.code == 0; i++) {
		struct entry *entry = &batch->entries[i];
		const uint8_t *data = batch->text.data;
		intern_entry(batch, store, entry, &memos[0], &memos[1]);
		deliveries_settle(store, entry, source_id,
			entry->recipient != 0 ? (const char *)data + entry->recipient
					      : NULL);
		if (entry->missing != 0 &&
			!name_equal(data + entry->missing, data + entry->domain))
			deliveries_put_missing(
				store, entry, intern_name(store, data + entry->missing));
	}
	if (store->error.code == 0)
		write_groups(batch, store);
	batch->settled = store->error.code == 0;
	free(memos);
}

static int by_time(const void *a, const void *b)
{
	const struct entry *first = *(const struct entry *const *)a;
	const struct entry *second = *(const struct entry *const *)b;
	if (first->at != second->at)
		return first->at < second->at ? -1 : 1;
	return (first > second) - (first < second); /* as they were added */
}

bool deliveries_each_settled(
	struct deliveries *batch, deliveries_settled_fn fn, void *owner)
{
	const uint8_t *data = batch->text.data;
	if (!batch->settled)
		return false;
	for (size_t i = 0; i < batch->len; i++)
		batch->order[i] = &batch->entries[i];
	qsort(batch->order, batch->len, sizeof *batch->order, by_time);
	for (size_t i = 0; i < batch->len; i++) {
		const struct entry *entry = batch->order[i];
		const struct delivery_settled settled = {
			.domain = data + entry->domain,
			.at = entry->at,
			.outcome = (enum delivery_outcome)entry->outcome,
			.reason = (enum delivery_reason)entry->reason,
			.count = entry->count,
			.remote = entry->remote,
			.fresh = entry->fresh,
			.accepted_before = entry->known,
			.refused_before = entry->refused,
			.hash = entry->has_hash ? entry->hash : NULL,
			.relay_host = (const char *)data + entry->host,
			.relay_ip = (const char *)data + entry->ip,
			.missing = entry->missing != 0 ? data + entry->missing : NULL,
		};
		if (entry->counted)
			fn(owner, &settled);
	}
	return true;
}
