/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * hold — mail for one domain that is to wait, from when, until when, at whose hosts.
 *
 * An incident holds while it is bad enough, not closed, and of a kind that sends mail to hosts
 * where it does not belong. A hold ends
 *   - when the mail server's own view is back and as long again has passed since the foreign set
 *     was last seen anywhere as a cache may keep it (lift_at): lifted earlier, what waited would
 *     be refused by the host that a cache still names;
 *   - `longest` after the incident opened (expires_at), whatever happens;
 *   - when somebody closes the incident by hand, or it turns out to be a move that stays.
 * What came back and was closed then is held until lift_at all the same.
 *
 * The mail server's view is the recursive view named "mta", else the first on a loopback address;
 * where neither looks at the domain, all views must have come back.
 * Pure values: no files, no clock.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolvers/name.h"
#include "storage/incident.h"
#include "storage/store.h"

#define HOLD_TTL_UNKNOWN_S 3600 /* of a set that only mail servers met */

struct hold_options {
	enum incident_severity least;
	int64_t longest_ms;
};

struct hold_host {
	char name[NAME_TEXT_MAX];
	bool alone; /* its operator takes no other domain's mail */
};

struct hold {
	uint8_t domain[NAME_WIRE_MAX];
	int64_t incident;
	char id[STORE_ID_MAX]; /* of the incident */
	enum incident_kind kind;
	bool keeps_away; /* mail is not to reach the hosts at all */
	int64_t since_at;
	int64_t expires_at;
	int64_t returned_at; /* the mail server's view is back since; 0: it is not */
	int64_t sighted_at; /* the foreign set was last seen anywhere */
	uint32_t ttl_s; /* the largest seen of that */
	int64_t lift_at; /* 0: not known yet */
	struct hold_host *hosts; /* owned; sorted by name */
	size_t hosts_len;
	uint8_t (*aliases)[NAME_WIRE_MAX]; /* owned; what the domain is a CNAME of */
	size_t aliases_len;
};

/* What a view, or one server of it, said for a while. */
struct hold_look {
	bool mta; /* the view is the mail server's */
	bool whole; /* the view, not one server of it */
	bool open; /* it goes on saying so, as far as is known */
	bool failing; /* since then it gives no usable answer */
	bool foreign; /* a foreign host is in the set */
	int64_t first_at;
	int64_t last_at;
	uint32_t ttl_s; /* the largest; 0: none was seen */
};

/* Whether an incident asks for holding, and began to do so early enough. */
bool hold_is_due(
	const struct incident *incident, const struct hold_options *options, int64_t now);
/* Whether one incident or the other is to be named by the hold of their domain. */
bool hold_is_later(const struct incident *incident, const struct incident *than);
/* Sets all that follows from the incident. */
void hold_begin(struct hold *hold, const struct incident *incident,
	const struct hold_options *options);
/* Whether an operator is a foreign one of the incident. */
bool hold_is_foreign(const struct incident *incident, const char *operator_name);

/* A host, or a CNAME's target, once. Returns 0 or -ENOMEM. */
int hold_add_host(struct hold *hold, const char *name)
	__attribute__((warn_unused_result));
int hold_add_alias(struct hold *hold, const uint8_t *alias)
	__attribute__((warn_unused_result));
bool hold_has_host(const struct hold *hold, const char *name);

/* A mail was answered by a foreign host. */
void hold_sight(struct hold *hold, int64_t at);
/* Finds out from what views said when it is lifted. */
void hold_settle(
	struct hold *hold, const struct hold_look *looks, size_t len, int64_t now);
/* Whether mail is to wait. */
bool hold_holds(const struct hold *hold, int64_t now);
/* The instant at which it ends, as far as is known. */
int64_t hold_until(const struct hold *hold);
/* Whether both ask for the same rules. */
bool hold_is_alike(const struct hold *a, const struct hold *b);

/* Empties it. */
void hold_finish(struct hold *hold);
