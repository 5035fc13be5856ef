/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/mapping.h"

#include "monitor/ingest/saying.h"

bool mapping_outcome(struct span word, enum delivery_outcome *ret_outcome)
{
	static const struct {
		const char *word;
		enum delivery_outcome outcome;
	} words[] = {
		{"delivered", DELIVERY_DELIVERED},
		{"delivery", DELIVERY_DELIVERED},
		{"sent", DELIVERY_DELIVERED},
		{"success", DELIVERY_DELIVERED},
		{"deferred", DELIVERY_DEFERRED},
		{"deferral", DELIVERY_DEFERRED},
		{"delayed", DELIVERY_DEFERRED},
		{"transient", DELIVERY_DEFERRED},
		{"retry", DELIVERY_DEFERRED},
		{"queue", DELIVERY_DEFERRED},
		{"bounced", DELIVERY_BOUNCED},
		{"bounce", DELIVERY_BOUNCED},
		{"failed", DELIVERY_BOUNCED},
		{"failure", DELIVERY_BOUNCED},
		{"rejected", DELIVERY_BOUNCED},
		{"expired", DELIVERY_EXPIRED},
	};
	word = span_trim(word);
	for (size_t i = 0; i < sizeof words / sizeof *words; i++)
		if (span_is_nocase(word, span_of(words[i].word))) {
			*ret_outcome = words[i].outcome;
			return true;
		}
	return false;
}

static bool class_outcome(char class, enum delivery_outcome *ret_outcome)
{
	if (class == '2')
		*ret_outcome = DELIVERY_DELIVERED;
	else if (class == '4')
		*ret_outcome = DELIVERY_DEFERRED;
	else if (class == '5')
		*ret_outcome = DELIVERY_BOUNCED;
	else
		return false;
	return true;
}

static bool fill_recipient(const struct span *values, struct report *report)
{
	struct span recipient = span_trim(values[FIELD_RECIPIENT]);
	struct span inside;
	const struct span domain = span_trim(values[FIELD_DOMAIN]);

	if (span_take_angle(&recipient, &inside))
		recipient = inside;
	if (recipient.len >= REPORT_ADDRESS_MAX || domain.len >= REPORT_ADDRESS_MAX - 1)
		return false;
	span_copy(recipient, report->recipient, sizeof report->recipient);
	span_copy(span_trim(values[FIELD_ORIGINAL]), report->original,
		sizeof report->original);
	if (recipient.len == 0 && domain.len > 0) {
		report->recipient[0] = '@';
		span_copy(domain, report->recipient + 1, sizeof report->recipient - 1);
	}
	return report->recipient[0] != '\0';
}

static void fill_answer(const struct span *values, struct report *report)
{
	struct span text = span_trim(values[FIELD_TEXT]);
	struct span code = span_trim(values[FIELD_CODE]);
	uint64_t number;

	(void)span_take(&text, SPAN("smtp;"));
	(void)saying_status(report, span_trim(values[FIELD_STATUS]));
	saying_host(report, span_trim(values[FIELD_RELAY_HOST]));
	saying_ip(report, span_trim(values[FIELD_RELAY_IP]));
	saying_reply(report, text);
	if (span_take_number(&code, &number) && number >= 200 && number <= 599)
		report->code = (uint16_t)number;
	/* Many services tell no host; a code at least is what servers answer with. */
	if (report->code == 0 && report->status[0] == '\0' &&
		report->relay_host[0] == '\0' && report->relay_ip[0] == '\0')
		report->origin = REPORT_LOCAL;
}

const char *mapping_fill(struct reader *reader, const struct span values[READER_FIELDS])
{
	struct report *report = &reader->report;

	saying_clear(report);
	if (reader->timeless && span_trim(values[FIELD_AT]).len == 0)
		report->at = 0;
	else if (!stamp_parse(values[FIELD_AT], &reader->stamps, &report->at))
		return "no time";
	if (!fill_recipient(values, report))
		return "no recipient";
	fill_answer(values, report);
	span_copy(values[FIELD_ID], report->id, sizeof report->id);
	if (span_trim(values[FIELD_OUTCOME]).len > 0)
		return mapping_outcome(values[FIELD_OUTCOME], &report->outcome)
			? NULL
			: "unknown outcome";
	if (class_outcome((char)('0' + report->code / 100), &report->outcome) ||
		class_outcome(report->status[0], &report->outcome))
		return NULL;
	return "no outcome";
}
