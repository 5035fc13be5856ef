/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * acquaintance — what is remembered of recipients while a past is replayed: who has accepted
 * mail, who was unknown, when a deferral was last counted; and the addresses of those who
 * bounced. In memory, 16 bytes a recipient.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "resolvers/digest.h"
#include "storage/incident.h"

struct acquaintances;

struct acquaintance {
	uint8_t hash[INCIDENT_HASH];
	bool accepted;
	bool refused;
	bool deferred; /* within this hour */
};

int acquaintances_create(struct acquaintances **ret_all)
	__attribute__((warn_unused_result));
void acquaintances_destroy(struct acquaintances *all);
/* What a recipient is known by, in lower case; the same in every run. Any thread. */
void acquaintance_hash(
	const char *recipient, size_t len, uint8_t ret_hash[INCIDENT_HASH]);
/* He will be met soon: fetches what is known into the cache. Nothing else changes. */
void acquaintances_expect(
	const struct acquaintances *all, const uint8_t hash[INCIDENT_HASH]);
/* What was known of the recipient until now. Returns 0 or -ENOMEM. */
int acquaintances_meet(struct acquaintances *all, const uint8_t hash[INCIDENT_HASH],
	int64_t at, struct acquaintance *ret_known) __attribute__((warn_unused_result));
void acquaintances_accepted(struct acquaintances *all, const struct acquaintance *one);
/* Keeps the address. Returns 0 or -ENOMEM. */
int acquaintances_refused(struct acquaintances *all, const struct acquaintance *one,
	const char *recipient) __attribute__((warn_unused_result));
void acquaintances_deferred(
	struct acquaintances *all, const struct acquaintance *one, int64_t at);
/* Of one who was refused; NULL where he was not. */
const char *acquaintances_address(
	const struct acquaintances *all, const uint8_t hash[INCIDENT_HASH]);
