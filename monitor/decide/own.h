/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * own — which hosts are a domain's own: by who runs them, or by the network they are in.
 *
 * Learnt from the first answer of the DNS, from what is expected of the domain, from hosts that
 * went on accepting its mail, and from changes inside one operator. A shared network makes no
 * host of one known provider the host of another (operators_distinct).
 */
#include <stdbool.h>
#include <stdint.h>

#include "monitor/decide/hosts.h"

#define OWN_OPERATORS 12
#define OWN_NETWORKS 16
#define OWN_CANDIDATES 4
#define OWN_ACCEPTED 10 /* mails that make a candidate own, */
#define OWN_ACCEPTED_MS INT64_C(86400000) /* over at least this long */

struct own_network {
	uint64_t network;
	const struct operator_entry *run_by; /* whose host it was seen of */
};

/* An operator that accepts mail for the domain and is not its own yet. */
struct own_candidate {
	const struct operator_entry *run_by;
	int64_t first_at;
	int64_t last_at;
	uint32_t accepted;
};

struct own {
	const struct operator_entry *operators[OWN_OPERATORS];
	struct own_network networks[OWN_NETWORKS];
	struct own_candidate candidates[OWN_CANDIDATES];
	uint8_t operators_len;
	uint8_t networks_len;
	uint8_t candidates_len;
	bool pinned; /* the user said which operators are right: nothing else is learnt */
};

void own_learn_operator(struct own *own, const struct operator_entry *entry);
/* The host with its operator and networks. The oldest that was learnt goes first. */
void own_learn(struct own *own, const struct host *host);
/* One of the domain's own hosts answered from this network. */
void own_learn_network(struct own *own, const struct host *host, uint64_t network);
void own_learn_set(struct own *own, const struct exchanges *set);
/* host accepted mail for the domain. True when that made its operator the domain's own. */
bool own_accepted(struct own *own, const struct host *host, int64_t at);

bool own_is_empty(const struct own *own);
bool own_has(const struct own *own, const struct host *host);
/* The same, and network (0: not known) is where it answered from. */
bool own_has_at(const struct own *own, const struct host *host, uint64_t network);
