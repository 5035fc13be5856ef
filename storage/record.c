/* SPDX-License-Identifier: MIT */
#include "storage/record.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static const struct {
	unsigned reason;
	const char *name;
} gap_reasons[] = {
	{GAP_STOPPED, "stopped"},
	{GAP_CRASHED, "crashed"},
	{GAP_SUSPENDED, "suspended"},
	{GAP_CLOCK, "clock"},
	{GAP_OVERLOAD, "overload"},
	{GAP_UNWATCHED, "unwatched"},
};

static bool is_failure(unsigned reason)
{
	return reason >= ANSWER_SERVFAIL && reason <= ANSWER_BOGUS;
}

const char *gap_reason_name(unsigned reason)
{
	for (size_t i = 0; i < sizeof gap_reasons / sizeof *gap_reasons; i++)
		if (gap_reasons[i].reason == reason)
			return gap_reasons[i].name;
	return is_failure(reason) ? answer_state_name((enum answer_state)reason)
				  : "unknown";
}

int gap_reason_from_name(const char *name, unsigned *ret_reason)
{
	for (size_t i = 0; i < sizeof gap_reasons / sizeof *gap_reasons; i++) {
		if (strcmp(gap_reasons[i].name, name) == 0) {
			*ret_reason = gap_reasons[i].reason;
			return 0;
		}
	}
	enum answer_state state;
	if (answer_state_from_name(name, &state) < 0 || !is_failure((unsigned)state))
		return -EINVAL;
	*ret_reason = (unsigned)state;
	return 0;
}

const char *change_kind_name(enum change_kind kind)
{
	switch (kind) {
	case CHANGE_ADDED:
		return "added";
	case CHANGE_REMOVED:
		return "removed";
	case CHANGE_REPLACED:
		return "replaced";
	case CHANGE_PARTLY_REPLACED:
		return "partly-replaced";
	case CHANGE_PREFERENCE:
		return "preference";
	case CHANGE_ANSWER:
		return "answer";
	}
	return "unknown";
}

/* How many hosts of a are not in b, at whatever preference. */
static size_t count_missing(const struct mxset *a, const struct mxset *b)
{
	size_t missing = 0;
	for (size_t i = 0; i < a->len; i++)
		missing += !mxset_has_exchange(b, a->hosts[i].exchange);
	return missing;
}

enum change_kind change_kind_of(enum answer_state from_state, const struct mxset *from,
	enum answer_state to_state, const struct mxset *to)
{
	if (from_state != ANSWER_MX || to_state != ANSWER_MX)
		return CHANGE_ANSWER;
	size_t left = count_missing(from, to);
	size_t joined = count_missing(to, from);
	if (left == 0 && joined == 0)
		return CHANGE_PREFERENCE;
	if (left == from->len)
		return CHANGE_REPLACED;
	if (left == 0)
		return CHANGE_ADDED;
	if (joined == 0)
		return CHANGE_REMOVED;
	return CHANGE_PARTLY_REPLACED;
}

const char *confirmation_name(enum confirmation by)
{
	switch (by) {
	case CONFIRMED_NOT:
		return "none";
	case CONFIRMED_TCP:
		return "tcp";
	case CONFIRMED_UDP:
		return "udp";
	case CONFIRMED_SERVER:
		return "server";
	}
	return "unknown";
}

bool record_type_is_address(uint16_t rrtype)
{
	return rrtype == RECORD_TYPE_A || rrtype == RECORD_TYPE_AAAA;
}

static const struct {
	uint16_t rrtype;
	const char *name;
} types[] = {
	{RECORD_TYPE_MX, "MX"},
	{RECORD_TYPE_A, "A"},
	{RECORD_TYPE_AAAA, "AAAA"},
};

const char *record_type_name(uint16_t rrtype)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++)
		if (types[i].rrtype == rrtype)
			return types[i].name;
	return "TYPE?";
}

int record_type_from_name(const char *name, uint16_t *ret_rrtype)
{
	for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
		if (strcasecmp(types[i].name, name) != 0)
			continue;
		*ret_rrtype = types[i].rrtype;
		return 0;
	}
	return -EINVAL;
}

const char *record_answer_name(uint16_t rrtype, enum answer_state state)
{
	if (record_type_is_address(rrtype) && state == ANSWER_MX)
		return "address";
	return answer_state_name(state);
}
