/* SPDX-License-Identifier: MIT */
/*
 * postfix — delivery lines of Postfix, of all its versions and agents.
 *
 *   QID: to=<RCPT>[, orig_to=<ORIG>], relay=RELAY, ..., dsn=X.Y.Z, status=STATUS (TEXT)
 *
 * Read key by key from the left up to status=, so that keys yet to come are skipped; what stands
 * behind status= is text, whatever it looks like. Nothing is allocated.
 * Source: Postfix log_adhoc.c, qmgr_active.c, bounce.c.
 */
#include <stdlib.h>
#include <string.h>

#include "monitor/ingest/header.h"
#include "monitor/ingest/pending.h"
#include "monitor/ingest/postfix_relay.h"
#include "monitor/ingest/postfix_text.h"
#include "monitor/ingest/reader_inside.h"
#include "monitor/ingest/saying.h"

#define PENDING_BYTES (8U << 20)
#define REPEATED_MAX 1000000

struct memory {
	struct pending *pending; /* owned */
	struct postfix_relays *relays; /* owned */
	bool repeatable; /* reader->report is that of the line before */
};

/* The keys of a delivery line that are read. */
struct delivery {
	struct span id;
	struct span to;
	struct span orig_to;
	struct span relay;
	struct span dsn;
	struct span status;
	struct span text;
};

static void postfix_memory_destroy(void *owner)
{
	struct memory *memory = owner;
	pending_destroy(memory->pending);
	postfix_relays_destroy(memory->relays);
	free(memory);
}

static void *postfix_memory_create(void)
{
	struct memory *memory = calloc(1, sizeof *memory);
	if (memory == NULL)
		return NULL;
	memory->pending = pending_create(PENDING_BYTES);
	memory->relays = postfix_relays_create();
	if (memory->pending == NULL || memory->relays == NULL) {
		postfix_memory_destroy(memory);
		return NULL;
	}
	return memory;
}

static bool is_alnum(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

/* "4F9D195432C: ", also without the blank. Not looked at closely: most lines are ignored for what
 * stands behind it. */
static bool take_id(struct span *message, struct span *ret_id)
{
	const size_t most = message->len < REPORT_ID_MAX ? message->len : REPORT_ID_MAX;
	const char *colon = memchr(message->at, ':', most);
	if (colon == NULL || colon - message->at < 5)
		return false;
	*ret_id = span_head(*message, (size_t)(colon - message->at));
	*message = span_from(*message, ret_id->len + 1);
	(void)span_take(message, SPAN(" "));
	return true;
}

static bool is_id(struct span id)
{
	for (size_t i = 0; i < id.len; i++)
		if (!is_alnum(id.at[i]))
			return false;
	return true;
}

/* Half of a line is keys and what may be one: a table is quicker than comparisons. */
static const bool key_bytes[256] = {['0'] = 1,
	['1'] = 1,
	['2'] = 1,
	['3'] = 1,
	['4'] = 1,
	['5'] = 1,
	['6'] = 1,
	['7'] = 1,
	['8'] = 1,
	['9'] = 1,
	['_'] = 1,
	['a'] = 1,
	['b'] = 1,
	['c'] = 1,
	['d'] = 1,
	['e'] = 1,
	['f'] = 1,
	['g'] = 1,
	['h'] = 1,
	['i'] = 1,
	['j'] = 1,
	['k'] = 1,
	['l'] = 1,
	['m'] = 1,
	['n'] = 1,
	['o'] = 1,
	['p'] = 1,
	['q'] = 1,
	['r'] = 1,
	['s'] = 1,
	['t'] = 1,
	['u'] = 1,
	['v'] = 1,
	['w'] = 1,
	['x'] = 1,
	['y'] = 1,
	['z'] = 1};

/* "relay=" */
static bool take_key(struct span *rest, struct span *ret_key)
{
	size_t len = 0;
	while (len < rest->len && key_bytes[(unsigned char)rest->at[len]])
		len++;
	if (len == 0 || len == rest->len || rest->at[len] != '=')
		return false;
	*ret_key = span_head(*rest, len);
	*rest = span_from(*rest, len + 1);
	return true;
}

/* An address may be logged as it is (info_log_address_format = internal), with brackets in it:
 * it ends where the next key begins. */
static bool take_address(struct span *rest, struct span *ret_address)
{
	struct span inside;
	struct span key;
	struct span after = *rest;

	if (!span_take_angle(&after, &inside))
		return false;
	for (;;) {
		struct span next = after;
		if (span_take(&next, SPAN(",")) || next.len == 0) {
			(void)span_take(&next, SPAN(" "));
			if (next.len == 0 || take_key(&next, &key))
				break;
		}
		const char *close = memchr(after.at, '>', after.len);
		if (close == NULL)
			return false;
		inside.len = (size_t)(close - inside.at);
		after = span_from(after, (size_t)(close - after.at) + 1);
	}
	*ret_address = inside;
	*rest = after;
	return true;
}

/* Takes a value, up to ", key=" or to a blank that a key stands behind, for some lines lack the
 * comma; and that key. False: no key follows. */
static bool take_value(struct span *rest, struct span *ret_value, struct span *ret_key)
{
	const char *const end = rest->at + rest->len;
	const char *blank = rest->at;
	for (; (blank = memchr(blank, ' ', (size_t)(end - blank))) != NULL; blank++) {
		const size_t at = (size_t)(blank - rest->at);
		struct span next = span_from(*rest, at + 1);
		if (!take_key(&next, ret_key))
			continue;
		*ret_value = span_head(*rest, at);
		if (span_ends(*ret_value, SPAN(",")))
			ret_value->len--;
		*rest = next;
		return true;
	}
	return false;
}

static void take_separator(struct span *rest)
{
	(void)span_take(rest, SPAN(","));
	while (span_take(rest, SPAN(" ")))
		;
}

/* "bounced (host ... said: ...)", whose last bracket may have been cut off. */
static void take_status(struct span rest, struct delivery *delivery)
{
	(void)span_take_word(&rest, &delivery->status);
	rest = span_trim(rest);
	if (span_take(&rest, SPAN("(")) && span_ends(rest, SPAN(")")))
		rest.len--;
	delivery->text = rest;
}

static void note(struct delivery *delivery, struct span key, struct span value)
{
	if (span_is(key, SPAN("relay")))
		delivery->relay = value;
	else if (span_is(key, SPAN("dsn")))
		delivery->dsn = value;
}

/* Returns NULL or what is wrong. */
static const char *split(struct span rest, struct delivery *delivery)
{
	struct span key, value, next;
	bool more = take_key(&rest, &key);
	while (more) {
		if (span_is(key, SPAN("to"))) {
			if (!take_address(&rest, &delivery->to))
				return "no end of the recipient";
		} else if (span_is(key, SPAN("orig_to"))) {
			if (!take_address(&rest, &delivery->orig_to))
				return "no end of the original recipient";
		} else if (span_is(key, SPAN("status"))) {
			take_status(rest, delivery);
			return NULL;
		} else {
			more = take_value(&rest, &value, &next);
			if (more)
				note(delivery, key, value);
			key = next;
			continue;
		}
		take_separator(&rest);
		more = take_key(&rest, &key);
	}
	return "no status";
}

/* False: this status is no delivery. */
static bool outcome_of(struct span status, enum delivery_outcome *ret_outcome)
{
	static const struct {
		struct span word;
		enum delivery_outcome outcome;
	} words[] = {
		{{"sent", 4}, DELIVERY_DELIVERED},
		{{"bounced", 7}, DELIVERY_BOUNCED},
		{{"deferred", 8}, DELIVERY_DEFERRED},
		{{"SOFTBOUNCE", 10}, DELIVERY_DEFERRED},
		{{"expired", 7}, DELIVERY_EXPIRED},
	};
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (span_is(status, words[i].word)) {
			*ret_outcome = words[i].outcome;
			return true;
		}
	return false;
}

/* A probe of an address is no mail; "-but-not-cached" may stand behind it. */
static bool is_probe(struct span status)
{
	return span_starts(status, SPAN("deliverable")) ||
		span_starts(status, SPAN("undeliverable"));
}

/* LMTP over a socket file or on this machine is our own mailbox store. */
static bool is_own_store(struct span program, const struct report *report)
{
	return span_ends(program, SPAN("/lmtp")) &&
		(report->relay_ip[0] == '\0' ||
			strncmp(report->relay_ip, "127.", 4) == 0 ||
			strcmp(report->relay_ip, "::1") == 0);
}

static void fill_answer(struct span program, const struct delivery *delivery,
	const struct postfix_relay *relay, struct report *report)
{
	const struct postfix_speech speech = {
		.text = delivery->text, .has_relay = relay->ip.len > 0};
	(void)saying_status(report, delivery->dsn);
	if (report->outcome == DELIVERY_DELIVERED && relay->ip.len > 0) {
		report->stage = REPORT_STAGE_END_OF_DATA;
		saying_reply(report, delivery->text);
	} else {
		postfix_text(&speech, report);
	}
	if (is_own_store(program, report))
		report->origin = REPORT_LOCAL;
}

static void remember(struct reader *reader)
{
	struct memory *memory = reader->memory;
	memory->repeatable = true;
	if (reader->report.outcome == DELIVERY_DEFERRED)
		pending_put(memory->pending, &reader->report);
	else
		pending_drop(memory->pending, &reader->report);
}

static enum line_kind take_delivery(
	struct reader *reader, struct span program, struct span id, struct span rest)
{
	struct delivery delivery = {.id = id};
	struct report *report = &reader->report;

	const char *why = split(rest, &delivery);
	if (why != NULL)
		return reader_reject(reader, why);
	if (is_probe(delivery.status) || postfix_text_is_held(delivery.text))
		return LINE_IGNORED;
	if (delivery.to.len >= REPORT_ADDRESS_MAX)
		return reader_reject(reader, "recipient too long");
	if (!outcome_of(delivery.status, &report->outcome))
		return reader_reject(reader, "unknown status");
	const struct memory *memory = reader->memory;
	const struct postfix_relay relay =
		postfix_relay_read(memory->relays, delivery.relay, report);
	const bool internal =
		reader_is_internal(reader, relay.host, relay.ip, relay.port);
	if (internal && report->outcome == DELIVERY_DELIVERED)
		return LINE_IGNORED;
	span_copy(delivery.to, report->recipient, sizeof report->recipient);
	span_copy(delivery.orig_to, report->original, sizeof report->original);
	span_copy(id, report->id, sizeof report->id);
	fill_answer(program, &delivery, &relay, report);
	if (internal && !postfix_text_beyond(delivery.text, report))
		report->origin = REPORT_LOCAL;
	remember(reader);
	reader_report(reader);
	return LINE_TAKEN;
}

static void on_expired(void *owner, struct report *report)
{
	(void)report;
	reader_report(owner);
}

/* "from=<SENDER>, status=expired, returned to sender" names no recipient. */
static enum line_kind take_sender(struct reader *reader, struct span id, struct span rest)
{
	struct memory *memory = reader->memory;
	struct report *report = &reader->report;
	struct span sender;

	if (!take_address(&rest, &sender))
		return LINE_IGNORED;
	take_separator(&rest);
	if (!span_starts(rest, SPAN("status=expired")) &&
		!span_starts(rest, SPAN("status=force-expired")))
		return LINE_IGNORED;
	report->outcome = DELIVERY_EXPIRED;
	if (pending_take(memory->pending, id, report, reader, on_expired) > 0)
		return LINE_TAKEN;
	reader->counts.unjoined++;
	return LINE_IGNORED;
}

static bool is_manager(struct span program)
{
	return span_ends(program, SPAN("qmgr"));
}

static enum line_kind take_message(
	struct reader *reader, const struct header *header, unsigned count)
{
	struct memory *memory = reader->memory;
	struct span rest = header->message;
	struct span id;
	int64_t at;

	if (!take_id(&rest, &id))
		return LINE_IGNORED;
	const bool delivery = span_starts(rest, SPAN("to=<"));
	const bool sender = !delivery && is_manager(header->program) &&
		span_starts(rest, SPAN("from=<"));
	const bool removed = span_is(rest, SPAN("removed"));
	if ((!delivery && !sender && !removed) || !is_id(id))
		return LINE_IGNORED;
	if (removed) {
		pending_forget(memory->pending, id);
		return LINE_IGNORED;
	}
	if (!header_at(header, &reader->stamps, &at))
		return reader_reject(reader, "no time");
	saying_clear(&reader->report);
	reader->report.at = at;
	reader->report.count = count;
	if (delivery)
		return take_delivery(reader, header->program, id, rest);
	return take_sender(reader, id, span_from(rest, sizeof "from=" - 1));
}

/* "NAME/smtp", where NAME is the instance that is wanted. */
static bool is_ours(const struct reader *reader, struct span program)
{
	if (reader->instance == NULL)
		return program.len > 0 && memchr(program.at, '/', program.len) != NULL;
	return span_take(&program, span_of(reader->instance)) &&
		span_starts(program, SPAN("/"));
}

static bool take_repeated(struct span *rest, struct span words, uint64_t *ret_times)
{
	return span_take(rest, words) && span_take_number(rest, ret_times) &&
		*ret_times > 0 && *ret_times <= REPEATED_MAX &&
		span_take(rest, SPAN(" times"));
}

/* "last message repeated 3 times" speaks of the line before. */
static enum line_kind repeat(struct reader *reader, const struct header *header)
{
	struct span rest = header->message;
	uint64_t times;
	int64_t at;

	if (!take_repeated(&rest, SPAN("last message repeated "), &times) ||
		!header_at(header, &reader->stamps, &at))
		return LINE_IGNORED;
	reader->report.at = at;
	reader->report.count = (unsigned)times;
	reader_report(reader);
	return LINE_TAKEN;
}

static enum line_kind read_message(struct reader *reader, struct header *header)
{
	struct span rest = header->message;
	uint64_t times = 1;

	/* "message repeated 3 times: [ QID: ...]" */
	if (take_repeated(&rest, SPAN("message repeated "), &times) &&
		span_take(&rest, SPAN(": ["))) {
		rest = span_trim(rest);
		if (span_ends(rest, SPAN("]")))
			rest.len--;
		header->message = rest;
		return take_message(reader, header, (unsigned)times);
	}
	return take_message(reader, header, 1);
}

static enum line_kind postfix_line(struct reader *reader, struct span line)
{
	struct memory *memory = reader->memory;
	struct header header;
	const bool repeatable = memory->repeatable;

	memory->repeatable = false;
	if (!header_split(line, &header))
		return LINE_IGNORED;
	if (header.program.len == 0)
		return repeatable ? repeat(reader, &header) : LINE_IGNORED;
	return is_ours(reader, header.program) ? read_message(reader, &header)
					       : LINE_IGNORED;
}

static enum line_kind postfix_message(
	struct reader *reader, struct span identifier, struct span message)
{
	struct memory *memory = reader->memory;
	struct header header = {.stamp = span_head(message, 0),
		.host = span_head(message, 0),
		.program = identifier,
		.message = message};
	memory->repeatable = false;
	return is_ours(reader, identifier) ? read_message(reader, &header) : LINE_IGNORED;
}

const struct reader_parser postfix_parser = {
	.line = postfix_line,
	.message = postfix_message,
	.memory_create = postfix_memory_create,
	.memory_destroy = postfix_memory_destroy,
};
