/* SPDX-License-Identifier: MIT */
/* The input is an alert: two bytes for kind and event, then texts of others,
 * each ended by a NUL. Whatever they say, the mail has its headers once and no
 * byte that steers, the page no element that is not ours, and each body is
 * JSON. */
#include <stdbool.h>
#include <string.h>

#include <jansson.h>

#include "alerts/letter.h"
#include "alerts/message.h"
#include "alerts/payload.h"
#include "tests/fuzz/target.h"

#define T0 INT64_C(1693341067000)

enum text {
	DOMAIN,
	SPOKEN,
	FROM,
	TO,
	VIEW,
	BEFORE,
	NOW,
	COVERAGE,
	SUMMARY,
	REASON,
	SITE,
	ADDRESSES,
	TEXTS,
};

static void take_texts(
	const uint8_t *data, size_t size, char *copy, const char *ret_texts[TEXTS])
{
	char *at = memcpy(copy, data, size);

	copy[size] = '\0';
	for (size_t i = 0; i < TEXTS; i++) {
		ret_texts[i] = at;
		at += strlen(at);
		if (at < copy + size)
			at++;
	}
}

static size_t count(const char *bytes, const char *words)
{
	size_t found = 0;

	while ((bytes = strstr(bytes, words)) != NULL) {
		bytes += strlen(words);
		found++;
	}
	return found;
}

static void check_mail(const struct alert *alert)
{
	static const char *const once[] = {"\r\nFrom: ", "\r\nTo: a@b.example\r\n",
		"\r\nSubject: [mxvigil] ", "\r\nMessage-ID: ", "\r\nAuto-Submitted: "};
	const char *const to = "a@b.example";
	const struct message_envelope envelope = {
		.from = "mx@b.example", .to = &to, .to_len = 1, .channel = "team"};
	char *bytes;
	size_t len;
	size_t column = 0;

	if (message_compose(alert, &envelope, &bytes, &len) < 0)
		return;
	HOLDS(strlen(bytes) == len);
	for (size_t i = 0; i < len; i++) {
		HOLDS((bytes[i] >= ' ' && bytes[i] <= '~') || bytes[i] == '\r' ||
			bytes[i] == '\n');
		HOLDS((bytes[i] == '\n') == (i > 0 && bytes[i - 1] == '\r'));
		HOLDS(!(bytes[i] == '.' && column == 0));
		column = bytes[i] == '\n' ? 0 : column + 1;
		HOLDS(column <= 80);
	}
	char *end = strstr(bytes, "\r\n\r\n");
	HOLDS(end != NULL);
	end[2] = '\0';
	for (size_t i = 0; i < sizeof once / sizeof *once; i++)
		HOLDS(count(bytes, once[i]) == 1);
	HOLDS(count(bytes, "\r\nBcc") == 0 && count(bytes, "\r\nCc") == 0);
	free(bytes);
}

/* Elements are opened and closed in order, and each is one of ours. */
static void check_page(const char *html)
{
	static const char *const ours[] = {"!DOCTYPE", "html", "head", "meta", "title",
		"style", "body", "div", "h1", "h2", "p", "ul", "li", "pre", "table", "tr",
		"th", "td", "span", "strong", "br", "img", "a"};

	while ((html = strchr(html, '<')) != NULL) {
		const char *name = html + 1 + (html[1] == '/');
		const size_t len = strcspn(name, " >");
		bool is_ours = false;

		for (size_t i = 0; i < sizeof ours / sizeof *ours; i++)
			is_ours |= strlen(ours[i]) == len &&
				strncmp(ours[i], name, len) == 0;
		HOLDS(is_ours);
		html = name + len;
	}
}

static void check_letter(const struct alert *alert)
{
	char *html = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&html, &len);

	if (out == NULL)
		return;
	HOLDS(letter_write_html(alert, NULL, out) == 0);
	if (fclose(out) == 0)
		check_page(html);
	free(html);
}

static void check_bodies(const struct alert *alert)
{
	static int (*const forms[])(const struct alert *alert, char **ret_body) = {
		payload_webhook, payload_exec, payload_slack, payload_teams,
		payload_pagerduty, payload_alertmanager};

	for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
		char *body;

		if (forms[i](alert, &body) < 0)
			continue;
		for (const char *at = body; *at != '\0'; at++)
			HOLDS((unsigned char)*at >= ' ' ? *at != '\x7f' : *at == '\n');
		json_t *json = json_loads(body, JSON_REJECT_DUPLICATES, NULL);
		HOLDS(json != NULL);
		json_decref(json);
		free(body);
	}
}

static void check_alert(const uint8_t *data, const char *const texts[TEXTS])
{
	const struct incident_evidence evidence = {texts[VIEW], 3.1, T0, texts[REASON]};
	const struct incident incident = {
		.kind = (enum incident_kind)(1 + data[0] % (INCIDENT_KINDS - 1)),
		.severity = SEVERITY_CRITICAL,
		.severity_now = SEVERITY_WARNING,
		.state = (enum incident_state)(
			INCIDENT_SUSPECTED + data[1] / 16 % INCIDENT_CLOSED),
		.suspected_at = T0,
		.opened_at = T0,
		.change_at = T0,
		.from_operators = texts[FROM],
		.to_operators = texts[TO],
		.view = texts[VIEW],
		.recipients = 4137,
		.bounces = 5000,
		.summary = texts[SUMMARY],
		.evidence = &evidence,
		.evidence_len = 1,
	};
	const struct story_view view = {
		.view = texts[VIEW], .before = texts[BEFORE], .now = texts[NOW]};
	const struct alert_case one = {
		.story = {.incident = &incident,
			.id = "fra1-i7",
			.domain = texts[DOMAIN],
			.spoken = *texts[SPOKEN] != '\0' ? texts[SPOKEN] : NULL,
			.views = &view,
			.views_len = 1,
			.coverage = texts[COVERAGE]},
		.event = (enum alert_event)(1 + data[1] % ALERT_CLOSED),
		.reactivate = (data[1] & 8) != 0 ? texts[ADDRESSES] : NULL,
	};
	const struct alert alert = {
		.id = "fra1-a1",
		.at = T0 + 60000,
		.site = texts[SITE],
		.ledger_head = "00ff",
		.cases = &one,
		.cases_len = 1,
		.event = one.event,
	};

	check_mail(&alert);
	check_letter(&alert);
	check_bodies(&alert);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *texts[TEXTS];
	char *copy;

	if (size < 2)
		return 0;
	copy = malloc(size - 1);
	if (copy == NULL)
		return 0;
	take_texts(data + 2, size - 2, copy, texts);
	check_alert(data, texts);
	free(copy);
	return 0;
}
