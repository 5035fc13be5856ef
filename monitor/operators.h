/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * operators — who runs a mail host: providers by name, registrable domains, networks.
 *
 * An operator is a provider of the table where one is known: by the longest suffix of the host's
 * name that the table lists; else the registrable domain by the public suffix list; else the name
 * itself. The table is providers.tsv, compiled in, and the user's own file, which is read before
 * it. Names are compared without regard to case.
 *
 * A network is the second sign: the origin AS of an address where the asn-file knows it, else the
 * /24 or /48 around it. An AS of which the table says `hosting` rents its addresses to anybody:
 * there the network is the /24 or /48 also where the AS is known.
 *
 * Everything found is kept for the life of the table, so that pointers compare as identities.
 * One thread.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct endpoint;
struct operators;

enum operator_kind {
	OPERATOR_UNLISTED = 0, /* known by its domain alone */
	OPERATOR_MAILBOX = 1,
	OPERATOR_GATEWAY = 2, /* filters mail for mailboxes elsewhere */
	OPERATOR_PARKING = 3,
	OPERATOR_REGISTRAR = 4, /* also forwards mail */
	OPERATOR_SENDER = 5, /* takes replies and bounces for who sends mail */
};

struct operator_entry {
	const char *name; /* "Apple iCloud"; of unlisted ones "example.net" */
	enum operator_kind kind;
	uint32_t id; /* 1, 2, ... in the order they were met */
};

struct operators_error {
	unsigned line; /* 0: the file as a whole */
	char text[512]; /* file, line, what was found, what was expected */
};

/* local_path: NULL for none; lines of  name TAB kind TAB suffixes, space-separated TAB AS numbers.
 * asn_path: NULL for none; lines of prefix TAB AS number. Returns 0, -ENOMEM, -EINVAL with
 * ret_error, or the error of reading with ret_error, which is filled each time. */
int operators_create(const char *local_path, const char *asn_path,
	struct operators **ret_operators, struct operators_error *ret_error)
	__attribute__((warn_unused_result));
void operators_destroy(struct operators *operators);

/* Who runs host (lower-case A-label text, no final dot). NULL only for want of memory. */
const struct operator_entry *operators_of_host(
	struct operators *operators, const char *host);
/* An entry by its name or one of its suffixes, as users write it: "ionos", "Apple iCloud",
 * "example.net" (made where it is new). NULL only for want of memory. */
const struct operator_entry *operators_find(
	struct operators *operators, const char *name);

/* The network of an address as one number that is equal for addresses of one network, and for
 * nothing else: an AS number, or a hash of the prefix with the top bit set. Never 0. */
uint64_t operators_network(
	const struct operators *operators, const struct endpoint *address);
/* The origin AS of an address, 0 where it is not known. */
uint32_t operators_asn(const struct operators *operators, const struct endpoint *address);
/* The listed operator to whom alone the AS of an address belongs: it tells who runs a host that
 * goes by a customer's name. NULL where none is known. */
const struct operator_entry *operators_of_network(
	const struct operators *operators, const struct endpoint *address);
/* Whether two operators that are both in the table are known to be different: then a shared
 * network makes neither of them the other. */
bool operators_distinct(const struct operator_entry *a, const struct operator_entry *b);
size_t operators_listed(const struct operators *operators); /* providers in the table */
