/* SPDX-License-Identifier: MIT */
/* The half of wire that judges: what a message says to a question for MX, A or AAAA. */
#include <string.h>

#include "resolvers/address.h"
#include "resolvers/wire.h"

#define CLASS_IN 1
#define TTL_MAX INT32_MAX
#define OPTION_EDE 15
#define EDE_NONE 0xffff

enum rcode {
	RCODE_NOERROR = 0,
	RCODE_SERVFAIL = 2,
	RCODE_NXDOMAIN = 3,
};

static uint16_t read16(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t read32(const uint8_t *at)
{
	return (uint32_t)read16(at) << 16 | read16(at + 2);
}

/* The state of wire_summarise(). Its steps return false once the message is known to be malformed;
 * summary->why then says why. */
struct summariser {
	struct wire_summary *summary;
	const struct digest_key *key;
	uint16_t type; /* that was asked for */
	struct wire_reader reader;
	struct wire_record record; /* the last one read */
	struct digest_set set;
	unsigned roots; /* MX records that name the root */
	unsigned rcode;
	bool has_aliases; /* CNAME records in the answer, whoever owns them */
	bool has_delegation; /* NS records of an ancestor in the authority section */
	bool has_soa; /* of an ancestor */
	bool has_opt;
	bool is_bogus;
};

static bool fail(struct summariser *run, const char *why)
{
	run->summary->why = why;
	return false;
}

static void note_ttl(struct summariser *run, uint32_t ttl)
{
	if (ttl < run->summary->ttl_min)
		run->summary->ttl_min = ttl;
}

/* Reads the next record of the section; *ret_more is false after the last. A truncated message
 * may end anywhere. */
static bool next(struct summariser *run, enum wire_section section, bool *ret_more)
{
	*ret_more = false;
	if (run->reader.left[section] == 0)
		return true;
	if (wire_next(&run->reader, &run->record) > 0) {
		*ret_more = true;
		return true;
	}
	if (run->summary->flags & WIRE_TC) {
		memset(run->reader.left, 0, sizeof run->reader.left);
		return true;
	}
	return fail(run,
		run->reader.work > WIRE_WORK_MAX ? "names take too much work to read"
						 : "a record cannot be read");
}

/* Reads the record as a host of the set. */
static bool read_host(
	struct summariser *run, uint16_t *ret_preference, uint8_t ret_host[NAME_WIRE_MAX])
{
	const struct wire_record *record = &run->record;

	if (run->type == WIRE_TYPE_MX)
		return wire_read_mx(&run->reader, record, ret_preference, ret_host) ==
			0 ||
			fail(run, "an MX record cannot be read");
	if (record->rdlength != (run->type == WIRE_TYPE_A ? 4 : 16))
		return fail(run, "an address record cannot be read");
	*ret_preference = 0;
	address_to_name(run->reader.msg + record->rdata, record->rdlength, ret_host);
	return true;
}

static bool take_record(struct summariser *run, const uint8_t *owner)
{
	const struct wire_record *record = &run->record;
	uint8_t exchange[NAME_WIRE_MAX];
	uint16_t preference;

	if (record->class != CLASS_IN || !name_equal(record->owner, owner)) {
		run->summary->foreign++;
		return true;
	}
	if (!read_host(run, &preference, exchange))
		return false;
	run->summary->records++;
	run->roots += exchange[0] == 0;
	note_ttl(run, record->ttl);
	if (digest_set_add(&run->set, run->key, preference, exchange) < 0)
		return fail(run, "more records than any domain needs");
	return true;
}

/* Reads the answer section from where the reader stands: owner's records of the type. */
static bool take_answers(struct summariser *run, const uint8_t *owner)
{
	bool more;

	while (next(run, WIRE_ANSWER, &more) && more) {
		if (run->record.type == WIRE_TYPE_CNAME)
			run->has_aliases = true;
		if (run->record.type == run->type && !take_record(run, owner))
			return false;
	}
	return run->summary->why == NULL;
}

/* Looks through the answer section for owner's CNAME record and writes its target; *ret_found is
 * false without one. Two that differ leave no way to choose. */
static bool find_alias(struct summariser *run, const uint8_t *owner,
	uint8_t ret_target[NAME_WIRE_MAX], bool *ret_found)
{
	const struct wire_record *record = &run->record;
	uint8_t target[NAME_WIRE_MAX];
	size_t end;
	bool found = false;
	bool more;

	while (next(run, WIRE_ANSWER, &more) && more) {
		if (record->type != WIRE_TYPE_CNAME || record->class != CLASS_IN ||
			!name_equal(record->owner, owner))
			continue;
		if (wire_read_name(&run->reader, record->rdata, target, &end) < 0 ||
			end != record->rdata + record->rdlength)
			return fail(run, "a CNAME record cannot be read");
		if (found && !name_equal(target, ret_target))
			return fail(run, "one name has several aliases");
		memcpy(ret_target, target, name_length(target));
		note_ttl(run, record->ttl);
		found = true;
	}
	*ret_found = found;
	return run->summary->why == NULL;
}

/* Goes back to the start of the answer section; the work done is not forgotten. */
static void rewind_to(struct summariser *run, const struct wire_reader *answers)
{
	unsigned work = run->reader.work;

	run->reader = *answers;
	run->reader.work = work;
}

/* Follows the CNAME records from name, in whatever order they stand. */
static bool follow_aliases(
	struct summariser *run, const struct wire_reader *answers, const uint8_t *name)
{
	struct wire_summary *summary = run->summary;
	uint8_t target[NAME_WIRE_MAX];
	bool found = true;

	for (int followed = 0;; followed++) {
		rewind_to(run, answers);
		if (!find_alias(run, summary->alias_len > 0 ? summary->alias : name,
			    target, &found))
			return false;
		if (!found)
			return true;
		if (followed == WIRE_ALIAS_MAX)
			return fail(run, "aliases form a loop or too long a chain");
		summary->alias_len = (uint8_t)name_length(target);
		memcpy(summary->alias, target, summary->alias_len);
	}
}

/* Almost always one pass; an owner with an alias costs one more for each alias, and one for the
 * records at the end of the chain. */
static bool read_answers(struct summariser *run, const uint8_t *name)
{
	struct wire_summary *summary = run->summary;
	const struct wire_reader answers = run->reader;

	if (!take_answers(run, name))
		return false;
	if (!run->has_aliases)
		return true;
	uint32_t ttl_min = summary->ttl_min;
	summary->ttl_min = UINT32_MAX;
	if (!follow_aliases(run, &answers, name))
		return false;
	if (summary->alias_len == 0) {
		summary->ttl_min = ttl_min;
		return true;
	}
	summary->records = 0;
	summary->foreign = 0;
	run->roots = 0;
	run->set.len = 0;
	rewind_to(run, &answers);
	return take_answers(run, summary->alias);
}

/* The five numbers of an SOA record end in MINIMUM (RFC 2308 section 4). */
static bool take_soa(struct summariser *run)
{
	const struct wire_record *record = &run->record;
	uint8_t name[NAME_WIRE_MAX];
	size_t at = record->rdata;

	for (int i = 0; i < 2; i++)
		if (wire_read_name(&run->reader, at, name, &at) < 0)
			return fail(run, "an SOA record cannot be read");
	if (at + 20 != record->rdata + record->rdlength)
		return fail(run, "an SOA record cannot be read");
	run->has_soa = true;
	if (run->summary->records == 0) {
		uint32_t minimum = read32(run->reader.msg + at + 16);

		note_ttl(run, record->ttl);
		note_ttl(run, minimum > TTL_MAX ? 0 : minimum);
	}
	return true;
}

static bool read_authorities(struct summariser *run, const uint8_t *owner)
{
	const struct wire_record *record = &run->record;
	bool more;

	while (next(run, WIRE_AUTHORITY, &more) && more) {
		if (record->class != CLASS_IN || !name_is_below(owner, record->owner))
			continue;
		if (record->type == WIRE_TYPE_NS)
			run->has_delegation = true;
		if (record->type == WIRE_TYPE_SOA && !take_soa(run))
			return false;
	}
	return run->summary->why == NULL;
}

/* Codes of RFC 8914 by which a validating resolver says that a signature is at fault. */
static bool is_dnssec_error(uint16_t code)
{
	return code == 1 || code == 2 || (code >= 5 && code <= 12);
}

static bool take_opt(struct summariser *run)
{
	const uint8_t *at = run->reader.msg + run->record.rdata;
	size_t left = run->record.rdlength;

	if (run->has_opt)
		return fail(run, "there are two OPT records");
	run->has_opt = true;
	run->rcode |= run->record.ttl >> 24 << 4;
	while (left > 0) {
		if (left < 4 || read16(at + 2) > left - 4)
			return fail(run, "an OPT record cannot be read");
		size_t len = read16(at + 2);
		if (read16(at) == OPTION_EDE && len >= 2) {
			uint16_t code = read16(at + 4);

			if (run->summary->ede == EDE_NONE)
				run->summary->ede = code;
			run->is_bogus |= is_dnssec_error(code);
		}
		at += 4 + len;
		left -= 4 + len;
	}
	return true;
}

static bool read_additionals(struct summariser *run)
{
	bool more;

	while (next(run, WIRE_ADDITIONAL, &more) && more)
		if (run->record.type == WIRE_TYPE_OPT && !take_opt(run))
			return false;
	return run->summary->why == NULL;
}

static void refuse(struct wire_summary *summary, enum answer_state state, const char *why)
{
	summary->state = state;
	summary->why = why;
}

/* No error and no record of the type: NODATA in one of the forms of RFC 2308 section 2.2, or a
 * server that knows nothing of the domain. An answer that holds records, none of them about the
 * question, is no statement. */
static void decide_empty(struct summariser *run)
{
	struct wire_summary *summary = run->summary;

	if (read16(run->reader.msg + 6) > 0 && summary->alias_len == 0 &&
		!(summary->flags & WIRE_TC)) {
		refuse(summary, ANSWER_MALFORMED, "the answer is about something else");
		return;
	}
	summary->state = ANSWER_NODATA;
	if (run->has_soa)
		return;
	if (summary->alias_len > 0) {
		summary->alias_only = true;
	} else if (run->has_delegation && !(summary->flags & WIRE_AA)) {
		summary->referral = true;
		refuse(summary, ANSWER_REFUSED, "the server refers to others");
	} else if (!(summary->flags & (WIRE_AA | WIRE_RA))) {
		refuse(summary, ANSWER_REFUSED,
			"empty answer of a server that is not authoritative");
	}
}

static void decide(struct summariser *run)
{
	struct wire_summary *summary = run->summary;

	if (run->rcode == RCODE_SERVFAIL && run->is_bogus) {
		refuse(summary, ANSWER_BOGUS, "the resolver found a bad signature");
	} else if (run->rcode == RCODE_SERVFAIL) {
		refuse(summary, ANSWER_SERVFAIL, "the server failed");
	} else if (run->rcode != RCODE_NOERROR && run->rcode != RCODE_NXDOMAIN) {
		refuse(summary, ANSWER_REFUSED, "the server refused to answer");
	} else if (run->rcode == RCODE_NXDOMAIN) {
		summary->state = ANSWER_NXDOMAIN;
		if (summary->records > 0)
			refuse(summary, ANSWER_MALFORMED,
				"records of a name that does not exist");
	} else if (summary->records == 0) {
		decide_empty(run);
	} else {
		bool only_roots = run->roots == summary->records;

		summary->state = only_roots ? ANSWER_NULL_MX : ANSWER_MX;
		summary->beside_null = run->roots > 0 && !only_roots;
	}
}

void wire_summarise(const uint8_t *msg, size_t len, const uint8_t *name, uint16_t type,
	const struct digest_key *key, struct wire_summary *ret_summary)
{
	*ret_summary = (struct wire_summary){
		.state = ANSWER_MALFORMED,
		.ede = EDE_NONE,
		.ttl_min = UINT32_MAX,
	};
	struct summariser run = {.summary = ret_summary, .key = key, .type = type};

	if (wire_reader_init(&run.reader, msg, len) < 0) {
		ret_summary->why = "header or question cannot be read";
		return;
	}
	ret_summary->flags = read16(msg + 2);
	run.rcode = ret_summary->flags & 0x0f;
	bool readable = read_answers(&run, name) &&
		read_authorities(
			&run, ret_summary->alias_len > 0 ? ret_summary->alias : name) &&
		read_additionals(&run);
	ret_summary->rcode = (uint8_t)(run.rcode < 0xff ? run.rcode : 0xff);
	if (!readable)
		return;
	decide(&run);
	if (answer_state_is_usable(ret_summary->state))
		ret_summary->digest = digest_set_end(&run.set, key, ret_summary->state);
}
