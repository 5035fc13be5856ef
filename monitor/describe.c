/* SPDX-License-Identifier: MIT */
#include "monitor/describe.h"

#include <stdlib.h>
#include <string.h>

#include "monitor/cli/table.h"
#include "monitor/operator.h"
#include "monitor/operators.h"
#include "resolvers/address.h"
#include "storage/instant.h"
#include "storage/lookup.h"
#include "storage/record.h"

char *describe_instant(int64_t at, char ret_text[DESCRIBE_TEXT_MAX])
{
	char text[INSTANT_TEXT_MAX];

	if (at == 0)
		return strcpy(ret_text, "-");
	strcpy(ret_text, instant_format(at, text));
	ret_text[strcspn(ret_text, "T")] = ' ';
	ret_text[strcspn(ret_text, "Z")] = '\0';
	return ret_text;
}

char *describe_duration(int64_t ms, char ret_text[DESCRIBE_TEXT_MAX])
{
	static const struct {
		int64_t below_ms;
		int64_t unit_ms;
		const char *unit;
		int64_t part_ms; /* 0: none shown */
		const char *part;
	} scales[] = {
		{120000, 1000, "s", 0, ""},
		{7200000, 60000, "min", 0, ""},
		{172800000, 3600000, "h", 60000, "min"},
		{INT64_MAX, 86400000, "d", 3600000, "h"},
	};
	size_t i = 0;

	if (ms < 1000) {
		snprintf(ret_text, DESCRIBE_TEXT_MAX, "%d ms", (int)ms);
		return ret_text;
	}
	if (ms < 10000) {
		snprintf(ret_text, DESCRIBE_TEXT_MAX, "%d.%d s", (int)(ms / 1000),
			(int)(ms % 1000 / 100));
		return ret_text;
	}
	while (ms >= scales[i].below_ms)
		i++;
	if (scales[i].part_ms != 0)
		snprintf(ret_text, DESCRIBE_TEXT_MAX, "%lld %s %lld %s",
			(long long)(ms / scales[i].unit_ms), scales[i].unit,
			(long long)(ms % scales[i].unit_ms / scales[i].part_ms),
			scales[i].part);
	else
		snprintf(ret_text, DESCRIBE_TEXT_MAX, "%lld %s",
			(long long)(ms / scales[i].unit_ms), scales[i].unit);
	return ret_text;
}

char *describe_count(uint64_t count, char ret_text[DESCRIBE_TEXT_MAX])
{
	char digits[24];
	int len = snprintf(digits, sizeof digits, "%llu", (unsigned long long)count);
	char *at = ret_text;

	for (int i = 0; i < len; i++) {
		if (i > 0 && (len - i) % 3 == 0)
			*at++ = ',';
		*at++ = digits[i];
	}
	*at = '\0';
	return ret_text;
}

char *describe_name(const uint8_t *name, bool utf8, char ret_text[DESCRIBE_NAME_MAX])
{
	char text[NAME_TEXT_MAX];
	char display[NAME_TEXT_MAX];

	name_format(name, text);
	name_format_display(name, display);
	if (utf8 && strcmp(text, display) != 0)
		snprintf(ret_text, DESCRIBE_NAME_MAX, "%s\t(%s)", text, display);
	else
		strcpy(ret_text, text);
	return ret_text;
}

/* With tabs for blanks, so that a name of several words is not broken. */
static void put_operator(const char *name, FILE *out)
{
	for (; *name != '\0'; name++)
		fputc(*name == ' ' ? '\t' : *name, out);
}

static void put_operators(
	struct operators *operators, uint16_t rrtype, const struct mxset *set, FILE *out)
{
	struct operator_list list;

	if (operator_list_of(operators, rrtype, set, &list) < 0)
		return;
	for (size_t i = 0; i < list.len; i++) {
		fputs(i == 0 ? " [" : ", ", out);
		put_operator(list.entries[i]->name, out);
	}
	fputs(list.len > 0 ? "]" : "", out);
	operator_list_finish(&list);
}

static const char *plain_answer(uint16_t rrtype, enum answer_state state)
{
	switch (state) {
	case ANSWER_NODATA:
		return record_type_is_address(rrtype)
			? "nodata (no address)"
			: "nodata (no MX: mail goes to A and AAAA)";
	case ANSWER_NULL_MX:
		return "null-mx (takes no mail)";
	case ANSWER_NXDOMAIN:
		return record_type_is_address(rrtype) ? "nxdomain (no such name)"
						      : "nxdomain (no such domain)";
	case ANSWER_NONE:
		return "nothing yet";
	case ANSWER_MX:
	case ANSWER_SERVFAIL:
	case ANSWER_REFUSED:
	case ANSWER_TIMEOUT:
	case ANSWER_NETWORK:
	case ANSWER_MALFORMED:
	case ANSWER_BOGUS:
		break;
	}
	return answer_state_name(state);
}

static void put_host(uint16_t rrtype, const struct mxhost *host, bool utf8, FILE *out)
{
	char name[DESCRIBE_NAME_MAX];

	if (record_type_is_address(rrtype))
		fputs(address_format(host->exchange, name), out);
	else
		fprintf(out, "%u\t%s", host->preference,
			describe_name(host->exchange, utf8, name));
}

char *describe_answer(struct operators *operators, uint16_t rrtype,
	const struct answer_value *answer, bool utf8)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return NULL;
	if (answer->state != ANSWER_MX)
		fputs(plain_answer(rrtype, answer->state), out);
	for (size_t i = 0; answer->state == ANSWER_MX && i < answer->set->len; i++) {
		fputs(i > 0 ? ", " : "", out);
		put_host(rrtype, &answer->set->hosts[i], utf8, out);
	}
	if (answer->state == ANSWER_MX && operators != NULL)
		put_operators(operators, rrtype, answer->set, out);
	if (fclose(out) != 0) {
		free(text);
		return NULL;
	}
	return text;
}

static void put_gap(const struct gap *gap, FILE *out)
{
	char from[DESCRIBE_TEXT_MAX];
	char to[DESCRIBE_TEXT_MAX];
	char length[DESCRIBE_TEXT_MAX];

	fprintf(out, "    %s to %s  %s, %s\n", describe_instant(gap->from_at, from),
		gap->to_at != 0 ? describe_instant(gap->to_at, to) : "now",
		gap_reason_name(gap->reason),
		gap->to_at != 0 ? describe_duration(gap->to_at - gap->from_at, length)
				: "goes on");
}

/* Its blanks are not broken at: see table_wrap. */
static char *keep_together(char *text)
{
	for (char *blank = strchr(text, ' '); blank != NULL; blank = strchr(blank, ' '))
		*blank = '\t';
	return text;
}

static void put_gap_total(const struct coverage *coverage, FILE *out)
{
	char count[DESCRIBE_TEXT_MAX];
	char length[DESCRIBE_TEXT_MAX];
	int64_t blind_ms = coverage->to - coverage->from - coverage->covered_ms;

	fprintf(out,
		"; %s\tgap%s, %s\tin\tall:", describe_count(coverage->gaps_len, count),
		coverage->gaps_len == 1 ? "" : "s",
		keep_together(describe_duration(blind_ms, length)));
}

static void put_polls(const struct coverage *coverage, FILE *out)
{
	char from[DESCRIBE_TEXT_MAX];
	char to[DESCRIBE_TEXT_MAX];
	char count[DESCRIBE_TEXT_MAX];
	char longest[DESCRIBE_TEXT_MAX];

	keep_together(describe_instant(coverage->from, from));
	keep_together(describe_instant(coverage->to, to));
	if (coverage->polls == 0) {
		fprintf(out, "%s: no poll from %s to %s", coverage->view, from, to);
		return;
	}
	describe_duration(coverage->largest_gap_ms, longest);
	fprintf(out, "%s: %s%s\tpoll%s from %s to %s, never blind for more than %s%s",
		coverage->view, coverage->polls_exact ? "" : "at\tleast\t",
		describe_count(coverage->polls, count), coverage->polls == 1 ? "" : "s",
		from, to, keep_together(longest),
		coverage->gaps_len == 0 ? "; no gap" : "");
}

void describe_coverage(const struct coverage *coverage, FILE *out)
{
	char *text = NULL;
	size_t len = 0;
	FILE *sentence = open_memstream(&text, &len);

	if (sentence == NULL)
		return;
	put_polls(coverage, sentence);
	if (coverage->gaps_len > 0)
		put_gap_total(coverage, sentence);
	if (fclose(sentence) == 0)
		table_wrap(text, 0, 2, out);
	free(text);
	for (size_t i = 0; i < coverage->gaps_len; i++)
		put_gap(&coverage->gaps[i], out);
	for (size_t i = 0; i < coverage->server_gaps_len; i++) {
		fprintf(out, "  %s: its server %s gave no answer:\n", coverage->view,
			coverage->server_gaps[i].server);
		put_gap(&coverage->server_gaps[i], out);
	}
}
