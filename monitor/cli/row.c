/* SPDX-License-Identifier: MIT */
#include "monitor/cli/row.h"

#include <errno.h>
#include <stdio.h>

#include "alerts/incident_json.h"
#include "monitor/operator.h"
#include "monitor/operators.h"
#include "resolvers/address.h"
#include "resolvers/name.h"
#include "storage/instant.h"
#include "storage/lookup.h"
#include "storage/record.h"
#include "storage/store.h"

json_t *row_instant(int64_t at)
{
	return incident_json_instant(at);
}

json_t *row_seconds(int64_t ms)
{
	return json_real((double)ms / 1000.0);
}

static json_t *make_name(const uint8_t *name)
{
	char text[NAME_TEXT_MAX];

	return json_string(name_format(name, text));
}

static json_t *make_text(const char *text)
{
	return text != NULL ? json_string(text) : json_null();
}

static json_t *make_ttl(uint32_t ttl, uint32_t unset)
{
	return ttl != unset ? json_integer(ttl) : json_null();
}

/* Empty for addresses. */
static json_t *make_mx(uint16_t rrtype, const struct mxset *set)
{
	json_t *hosts = json_array();
	size_t len = record_type_is_address(rrtype) ? 0 : set->len;

	for (size_t i = 0; i < len; i++)
		json_array_append_new(hosts,
			json_pack("{s:i, s:o}", "preference",
				(int)set->hosts[i].preference, "exchange",
				make_name(set->hosts[i].exchange)));
	return hosts;
}

static json_t *make_addresses(const struct mxset *set)
{
	json_t *addresses = json_array();
	char text[ENDPOINT_TEXT_MAX];

	for (size_t i = 0; i < set->len; i++)
		json_array_append_new(addresses,
			json_string(address_format(set->hosts[i].exchange, text)));
	return addresses;
}

static json_t *make_operators(
	struct operators *operators, uint16_t rrtype, const struct mxset *set)
{
	json_t *names = json_array();
	struct operator_list list;

	if (operator_list_of(operators, rrtype, set, &list) < 0)
		return names;
	for (size_t i = 0; i < list.len; i++)
		json_array_append_new(names, json_string(list.entries[i]->name));
	operator_list_finish(&list);
	return names;
}

/* Adds what only addresses have. Takes and returns the row. */
static json_t *with_addresses(json_t *row, uint16_t rrtype, const struct mxset *set)
{
	if (row != NULL && record_type_is_address(rrtype))
		json_object_set_new(row, "addresses", make_addresses(set));
	return row;
}

static json_t *make_answer(
	struct operators *operators, uint16_t rrtype, const struct answer_value *answer)
{
	json_t *row = json_pack("{s:s, s:o, s:o}", "answer",
		record_answer_name(rrtype, answer->state), "mx",
		make_mx(rrtype, answer->set), "operators",
		make_operators(operators, rrtype, answer->set));

	return with_addresses(row, rrtype, answer->set);
}

json_t *row_of_span(struct operators *operators, const struct span *span)
{
	bool ttl = span->ttl_max != 0 || span->ttl_min != UINT32_MAX;

	json_t *row = json_pack(
		"{s:o, s:s, s:o, s:s, s:s, s:o, s:o, s:o, s:o, s:I, s:o, s:o, "
		"s:b, s:b}",
		"domain", make_name(span->domain), "view", span->view, "server",
		make_text(span->server), "rrtype", record_type_name(span->rrtype),
		"answer", record_answer_name(span->rrtype, span->answer.state), "mx",
		make_mx(span->rrtype, span->answer.set), "operators",
		make_operators(operators, span->rrtype, span->answer.set), "first_seen",
		row_instant(span->first_at), "last_seen", row_instant(span->last_at),
		"polls", (json_int_t)span->polls, "ttl_min",
		make_ttl(ttl ? span->ttl_min : UINT32_MAX, UINT32_MAX), "ttl_max",
		ttl ? json_integer(span->ttl_max) : json_null(), "authenticated",
		(span->flags & SPAN_AUTHENTICATED) != 0, "imported", span->imported);

	return with_addresses(row, span->rrtype, span->answer.set);
}

static json_t *make_gap(const struct gap *gap)
{
	return json_pack("{s:o, s:o, s:s}", "from", row_instant(gap->from_at), "to",
		row_instant(gap->to_at), "reason", gap_reason_name(gap->reason));
}

/* Of single servers, which take nothing from what is covered. */
static json_t *make_server_gaps(const struct coverage *coverage)
{
	json_t *gaps = json_array();

	for (size_t i = 0; i < coverage->server_gaps_len; i++) {
		const struct gap *gap = &coverage->server_gaps[i];
		json_t *row = json_pack("{s:s}", "server", gap->server);

		json_object_update_new(row, make_gap(gap));
		json_array_append_new(gaps, row);
	}
	return gaps;
}

json_t *row_of_coverage(const struct coverage *coverage)
{
	json_t *gaps = json_array();

	for (size_t i = 0; i < coverage->gaps_len; i++)
		json_array_append_new(gaps, make_gap(&coverage->gaps[i]));
	json_t *row = json_pack("{s:{s:s, s:o, s:o, s:I, s:b, s:o, s:o, s:o, s:o, s:o}}",
		"coverage", "view", coverage->view, "from", row_instant(coverage->from),
		"to", row_instant(coverage->to), "polls", (json_int_t)coverage->polls,
		"polls_exact", coverage->polls_exact, "covered_s",
		row_seconds(coverage->covered_ms), "largest_gap_s",
		row_seconds(coverage->largest_gap_ms), "largest_gap_at",
		row_instant(coverage->largest_gap_at), "gaps", gaps, "server_gaps",
		make_server_gaps(coverage));
	if (record_type_is_address(coverage->rrtype))
		json_object_set_new(json_object_get(row, "coverage"), "rrtype",
			json_string(record_type_name(coverage->rrtype)));
	return row;
}

json_t *row_of_change(struct operators *operators, const struct store *store,
	const struct change *change)
{
	bool confirmed = change->confirmed_by != CONFIRMED_NOT;
	char id[STORE_ID_MAX];

	return json_pack("{s:s, s:o, s:s, s:o, s:s, s:o, s:o, s:b, s:o, s:o, s:o, s:o, "
			 "s:s, s:b}",
		"id", store_id_format(store, change->number, id), "domain",
		make_name(change->domain), "view", change->view, "server",
		make_text(change->server), "rrtype", record_type_name(change->rrtype),
		"at", row_instant(change->at), "not_before",
		row_instant(change->not_before_at), "confirmed", confirmed,
		"confirmed_at", row_instant(change->confirmed_at), "confirmed_by",
		make_text(confirmed ? confirmation_name(change->confirmed_by) : NULL),
		"from", make_answer(operators, change->rrtype, &change->from), "to",
		make_answer(operators, change->rrtype, &change->to), "kind",
		change_kind_name(change->kind), "imported", change->imported);
}

json_t *row_of_suspicion(struct operators *operators, const struct suspicion *suspicion)
{
	return json_pack("{s:o, s:s, s:o, s:s, s:o, s:b, s:o, s:o, s:s}", "domain",
		make_name(suspicion->domain), "view", suspicion->view, "server",
		make_text(suspicion->server), "rrtype",
		record_type_name(suspicion->rrtype), "at", row_instant(suspicion->at),
		"confirmed", 0, "held",
		make_answer(operators, suspicion->rrtype, &suspicion->held), "seen",
		make_answer(operators, suspicion->rrtype, &suspicion->seen), "why",
		suspicion->why);
}

json_t *row_of_instant(struct operators *operators, const uint8_t *domain,
	const struct lookup_instant *instant)
{
	const struct mxset none = {0};
	const struct answer_value unknown = {.state = ANSWER_NONE, .set = &none};
	const struct span *span = instant->before;
	const struct answer_value *answer = span != NULL ? &span->answer : &unknown;
	json_t *row = json_pack("{s:o, s:s, s:o, s:s, s:o, s:b, s:b, s:o}", "domain",
		make_name(domain), "view", instant->view, "server",
		make_text(instant->server), "rrtype", record_type_name(instant->rrtype),
		"at", row_instant(instant->at), "known", instant->known, "exact",
		instant->exact, "within_s",
		instant->within_ms != 0 ? row_seconds(instant->within_ms) : json_null());

	if (row == NULL)
		return NULL;
	json_object_set_new(row, "answer",
		make_text(span != NULL
				? record_answer_name(instant->rrtype, answer->state)
				: NULL));
	json_object_set_new(row, "mx", make_mx(instant->rrtype, answer->set));
	json_object_set_new(row, "operators",
		make_operators(operators, instant->rrtype, answer->set));
	json_object_set_new(
		row, "first_seen", row_instant(span != NULL ? span->first_at : 0));
	json_object_set_new(
		row, "last_seen", row_instant(span != NULL ? span->last_at : 0));
	json_object_set_new(row, "poll_before", row_instant(instant->poll_before_at));
	json_object_set_new(row, "poll_after", row_instant(instant->poll_after_at));
	json_object_set_new(row, "then",
		instant->after != NULL
			? make_answer(operators, instant->rrtype, &instant->after->answer)
			: json_null());
	json_object_set_new(
		row, "gap", instant->gap != NULL ? make_gap(instant->gap) : json_null());
	return with_addresses(row, instant->rrtype, answer->set);
}

json_t *row_of_evidence(
	const char *change, const struct evidence *evidence, const char *text)
{
	return json_pack("{s:{s:o, s:o, s:o, s:s, s:o, s:i, s:b, s:I, s:s}}", "evidence",
		"change", make_text(change), "at", row_instant(evidence->at), "server",
		make_text(evidence->server), "transport", evidence->tcp ? "tcp" : "udp",
		"rtt_s", json_real((double)evidence->rtt_us / 1e6), "local_port",
		(int)evidence->local_port, "clock_synchronised",
		evidence->clock_synchronised, "bytes", (json_int_t)evidence->len, "text",
		text);
}

int row_print(json_t *row)
{
	int err = -ENOMEM;

	if (row != NULL)
		err = json_dumpf(row, stdout, JSON_COMPACT | JSON_REAL_PRECISION(15)) <
					0 ||
				putchar('\n') == EOF
			? -EIO
			: 0;
	json_decref(row);
	return err;
}
