/* SPDX-License-Identifier: MIT */
/*
 * Makes a store with incidents: usage: make_incidents STORE NOW_MS
 *
 * online.de moved to Apple iCloud and came back: its view `mta` has spans, 3 recipients bounced
 * (one address is not kept, one was unknown before). gmial.com, bank.example and one incident
 * of our own stand beside it. The key of hashes is made of 32 bytes 'k' in STORE.key.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "resolvers/mxset.h"
#include "resolvers/name.h"
#include "storage/deliveries.h"
#include "storage/history.h"
#include "storage/incidents.h"
#include "storage/store.h"

#define MINUTE INT64_C(60000)
#define HOUR (60 * MINUTE)

static uint8_t key[DELIVERIES_KEY];

static void check(bool good, const char *what)
{
	if (good)
		return;
	fprintf(stderr, "make_incidents: %s\n", what);
	exit(1);
}

static const uint8_t *wire(const char *text)
{
	static uint8_t names[8][NAME_WIRE_MAX];
	static size_t next;
	uint8_t *name = names[next++ % 8];

	check(name_parse(text, name) == 0, text);
	return name;
}

static void put_key(const char *store)
{
	char path[512];

	memset(key, 'k', sizeof key);
	snprintf(path, sizeof path, "%s.key", store);
	FILE *out = fopen(path, "we");
	check(out != NULL && fwrite(key, 1, sizeof key, out) == sizeof key &&
			fclose(out) == 0 && chmod(path, 0600) == 0,
		path);
}

static void open_span(struct store *store, int64_t point, const char *first,
	const char *second, int64_t at, int64_t before)
{
	struct mxset set = {0};

	check(mxset_add(&set, 10, wire(first)) == 0 &&
			mxset_add(&set, 10, wire(second)) == 0,
		first);
	const struct span span = {
		.rrtype = RECORD_TYPE_MX,
		.answer = {.state = ANSWER_MX, .set = &set},
		.first_at = at,
		.not_before_at = before,
		.ttl_min = 3600,
		.ttl_max = 3600,
	};
	history_open_span(store, point, &span);
	mxset_finish(&set);
}

static void close_span(struct store *store, int64_t point, int64_t last_at)
{
	const struct pulse pulse = {.last_at = last_at,
		.confirmed_at = last_at,
		.polls = 60,
		.ttl_min = 3600,
		.ttl_max = 3600};

	history_close_span(store, point, NULL, &pulse);
}

static void put_history(struct store *store, int64_t now)
{
	struct point wanted = {.domain = wire("online.de"),
		.view = "mta",
		.interval_ms = 10000,
		.timeout_ms = 2000,
		.bucket_ms = HOUR,
		.watched = true};
	const int64_t moved = now - 5 * HOUR;
	const int64_t back = now - 2 * HOUR;
	const int64_t point = history_put_point(store, &wanted);

	open_span(store, point, "mx00.ionos.de", "mx01.ionos.de", now - 10 * HOUR, 0);
	close_span(store, point, moved - 10000);
	open_span(store, point, "mx01.mail.icloud.com", "mx02.mail.icloud.com", moved,
		moved - 10000);
	close_span(store, point, back - 10000);
	open_span(store, point, "mx00.ionos.de", "mx01.ionos.de", back, back - 10000);
	const struct pulse pulse = {.last_at = now,
		.confirmed_at = now,
		.polls = 720,
		.ttl_min = 3600,
		.ttl_max = 3600};
	history_put_pulses(store, 0, &pulse, 1);
}

static void put_recipient(struct store *store, int64_t incident, const char *address,
	bool named, enum incident_advice advice, int64_t at)
{
	struct incident_recipient row = {
		.address = named ? address : NULL,
		.relay_host = "mx01.mail.icloud.com",
		.first_bounce_at = at,
		.last_bounce_at = at + MINUTE,
		.bounces = 2,
		.accepted_before = advice == ADVICE_REACTIVATE,
		.advice = advice,
	};

	check(deliveries_hash(key, address, row.hash) == 0, "no memory");
	incidents_put_recipient(store, incident, &row);
}

static void put_hijack(struct store *store, int64_t now)
{
	const struct incident_evidence evidence[] = {
		{"foreign-relay", 6.9, now - 5 * HOUR + MINUTE,
			"mx01.mail.icloud.com of Apple iCloud answered for the domain."},
		{"mx-back", 3.9, now - 2 * HOUR, "The MX is back at IONOS."},
	};
	const struct incident incident = {
		.domain = wire("online.de"),
		.kind = INCIDENT_TRANSIENT_HIJACK,
		.kind_at_open = INCIDENT_TRANSIENT_HIJACK,
		.severity = SEVERITY_CRITICAL,
		.severity_now = SEVERITY_WARNING,
		.state = INCIDENT_REVERTED,
		.suspected_at = now - 5 * HOUR,
		.opened_at = now - 5 * HOUR + MINUTE,
		.change_at = now - 5 * HOUR,
		.change_not_before = now - 5 * HOUR - 10000,
		.first_bounce_at = now - 5 * HOUR + MINUTE,
		.last_bounce_at = now - 2 * HOUR,
		.reverted_at = now - 2 * HOUR,
		.updated_at = now - 2 * HOUR,
		.from_operators = "IONOS\n",
		.to_operators = "Apple iCloud\n",
		.view = "",
		.recipients = 3,
		.bounces = 8,
		.deferrals = 4,
		.deliveries = 92,
		.summary = "Mail for online.de went to Apple iCloud, and valid users "
			   "bounced.",
		.evidence = evidence,
		.evidence_len = 2,
	};
	const int64_t number = incidents_put(store, &incident);
	const int64_t at = now - 4 * HOUR;

	put_recipient(store, number, "eve@online.de", true, ADVICE_REACTIVATE, at);
	put_recipient(store, number, "o'hara+\"$x\"@online.de", true, ADVICE_REACTIVATE,
		at + 1);
	put_recipient(
		store, number, "hidden@online.de", false, ADVICE_REACTIVATE, at + 2);
	put_recipient(store, number, "gone@online.de", true, ADVICE_LEAVE, at + 3);
}

static void put_plain(struct store *store, const char *domain, enum incident_kind kind,
	enum incident_severity severity, enum incident_state state, int64_t at)
{
	const struct incident incident = {
		.domain = domain != NULL ? wire(domain) : NULL,
		.kind = kind,
		.kind_at_open = kind,
		.severity = severity,
		.severity_now = state == INCIDENT_CLOSED ? SEVERITY_INFO : severity,
		.state = state,
		.suspected_at = at,
		.opened_at = at,
		.closed_at = state == INCIDENT_CLOSED ? at + HOUR : 0,
		.updated_at = at,
		.from_operators = "",
		.to_operators = "",
		.view = "",
		.summary = domain != NULL ? "Something is \x1b[31mthe | matter."
					  : "A log is not read.",
	};

	incidents_put(store, &incident);
}

int main(int argc, char **argv)
{
	struct store *store;
	struct store_error error;

	check(argc == 3, "usage: make_incidents STORE NOW_MS");
	const int64_t now = strtoll(argv[2], NULL, 10);
	const struct store_options options = {
		.path = argv[1], .site = "fra1", .write = true, .now = now};
	put_key(argv[1]);
	check(store_open(&options, &store, &error) == 0, error.text);
	store_begin(store);
	history_beat_run(store, history_start_run(store, now - 10 * HOUR, "test"), now);
	put_history(store, now);
	put_hijack(store, now);
	put_plain(store, "gmial.com", INCIDENT_LIST_QUALITY, SEVERITY_INFO,
		INCIDENT_CLOSED, now - 30 * HOUR);
	put_plain(store, "bank.example", INCIDENT_RECEIVER_FAULT, SEVERITY_CRITICAL,
		INCIDENT_OPEN, now - HOUR);
	put_plain(store, NULL, INCIDENT_SELF, SEVERITY_WARNING, INCIDENT_CLOSED,
		now - 40 * HOUR);
	check(store_commit(store, now, &error) == 0, error.text);
	store_close(store);
	return 0;
}
