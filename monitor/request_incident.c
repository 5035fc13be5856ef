/* SPDX-License-Identifier: MIT */
/* Requests about incidents, expectations, alerts and erasure. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "monitor/request.h"
#include "monitor/request_inside.h"
#include "storage/incidents.h"
#include "storage/outbox_list.h"

#define OPERATORS_MAX 64
#define NOTE_MAX 500 /* bytes */

/* The number of the incident that is asked about, 0 after a fault. */
static int64_t read_incident(struct request_doing *doing)
{
	const char *id = json_string_value(json_object_get(doing->request, "incident"));
	int64_t number = 0;

	if (id == NULL || incidents_id_parse(doing->store, id, &number) < 0)
		request_fault(doing, "expected the id of an incident, as SITE-i7", id);
	return number;
}

void request_incident_ack(struct request_doing *doing)
{
	const int64_t number = read_incident(doing);

	if (number != 0)
		incidents_ack(doing->store, number, doing->now);
}

void request_incident_close(struct request_doing *doing)
{
	const int64_t number = read_incident(doing);
	bool closed = false;

	if (number != 0)
		closed = incidents_close(doing->store, number, doing->now);
	request_count(doing, "closed", closed ? number : 0);
}

void request_alert_retry(struct request_doing *doing)
{
	const json_t *id = json_object_get(doing->request, "alert");
	int64_t number = 0;

	if (!json_is_null(id) &&
		(!json_is_string(id) ||
			outbox_id_parse(doing->store, json_string_value(id), &number) <
				0)) {
		request_fault(doing, "expected the id of an alert, as SITE-a7",
			json_string_value(id));
		return;
	}
	request_count(doing, "handovers",
		(json_int_t)outbox_retry(doing->store, number, doing->now));
}

/* Operators as a text of lines. Returned; free with free(). NULL after a fault. */
static char *read_operators(struct request_doing *doing)
{
	const json_t *list = json_object_get(doing->request, "operators");
	const size_t len = json_array_size(list);
	char *text = NULL;
	size_t size;
	FILE *out;

	if (!json_is_array(list) || len > OPERATORS_MAX) {
		request_fault(doing, "expected a list of at most 64 items", "operators");
		return NULL;
	}
	out = open_memstream(&text, &size);
	for (size_t i = 0; out != NULL && i < len; i++) {
		const char *name = json_string_value(json_array_get(list, i));

		if (name == NULL || name[0] == '\0' || strchr(name, '\n') != NULL)
			request_fault(doing, "expected names of operators", NULL);
		else
			fprintf(out, "%s\n", name);
	}
	if (out == NULL || fclose(out) != 0)
		request_fault(doing, "out of memory", NULL);
	if (doing->why[0] == '\0')
		return text;
	free(text);
	return NULL;
}

void request_expect_add(struct request_doing *doing)
{
	const json_t *until = json_object_get(doing->request, "until");
	const char *note = json_string_value(json_object_get(doing->request, "note"));
	uint8_t name[NAME_WIRE_MAX];
	char *operators;

	if (!json_is_integer(until) || json_integer_value(until) < 0)
		request_fault(doing, "expected an instant or 0", "until");
	if (note == NULL || strlen(note) > NOTE_MAX)
		request_fault(doing, "expected a text of at most 500 bytes", "note");
	operators = read_operators(doing);
	if (operators != NULL &&
		request_read_name(
			doing, json_object_get(doing->request, "domain"), name)) {
		const struct expectation expectation = {
			.domain = name,
			.operators = operators,
			.until_at = json_integer_value(until),
			.made_at = doing->now,
			.note = note,
		};

		request_count(
			doing, "number", incidents_expect(doing->store, &expectation));
	}
	free(operators);
}

void request_expect_remove(struct request_doing *doing)
{
	const json_int_t number =
		json_integer_value(json_object_get(doing->request, "number"));

	if (number <= 0)
		request_fault(doing, "expected the number of an expectation", NULL);
	else
		incidents_expect_no_more(doing->store, number);
}

static int hex_digit(char c)
{
	static const char digits[] = "0123456789abcdef";
	const char *found = c != '\0' ? strchr(digits, c) : NULL;

	return found != NULL ? (int)(found - digits) : -1;
}

static bool read_hash(const char *text, uint8_t ret_hash[INCIDENT_HASH])
{
	if (text == NULL || strlen(text) != 2 * (size_t)INCIDENT_HASH)
		return false;
	for (size_t i = 0; i < INCIDENT_HASH; i++) {
		const int high = hex_digit(text[2 * i]);
		const int low = hex_digit(text[2 * i + 1]);

		if (high < 0 || low < 0)
			return false;
		ret_hash[i] = (uint8_t)(high << 4 | low);
	}
	return true;
}

static void forget_recipient(struct request_doing *doing)
{
	const char *recipient =
		json_string_value(json_object_get(doing->request, "recipient"));
	const char *text = json_string_value(json_object_get(doing->request, "hash"));
	uint8_t hash[INCIDENT_HASH];
	uint64_t rows = 0;
	uint64_t lines = 0;

	if (recipient == NULL || strchr(recipient, '@') == NULL ||
		!read_hash(text, hash)) {
		request_fault(doing, "expected a recipient and his hash", NULL);
		return;
	}
	incidents_forget_recipient(doing->store, hash, &rows);
	incidents_forget_lines(doing->store, recipient, &lines);
	request_count(doing, "rows", (json_int_t)rows);
	request_count(doing, "lines", (json_int_t)lines);
}

static void forget_domain(struct request_doing *doing, const json_t *domain)
{
	char text[NAME_TEXT_MAX + 1] = "@";
	uint8_t name[NAME_WIRE_MAX];
	uint64_t rows = 0;
	uint64_t lines = 0;

	if (!request_read_name(doing, domain, name))
		return;
	incidents_forget_domain(doing->store, name, &rows);
	name_format(name, text + 1);
	incidents_forget_lines(doing->store, text, &lines);
	request_count(doing, "rows", (json_int_t)rows);
	request_count(doing, "lines", (json_int_t)lines);
}

bool request_forgot(const json_t *request, const json_t *answer, bool *ret_one,
	uint8_t ret_hash[INCIDENT_HASH], uint8_t ret_domain[NAME_WIRE_MAX])
{
	const char *name = json_string_value(json_object_get(request, "request"));
	const char *hash = json_string_value(json_object_get(request, "hash"));
	const char *domain = json_string_value(json_object_get(request, "domain"));

	if (name == NULL || strcmp(name, "forget") != 0 ||
		!json_is_true(json_object_get(answer, "ok")))
		return false;
	*ret_one = domain == NULL;
	return domain == NULL ? read_hash(hash, ret_hash)
			      : name_parse(domain, ret_domain) == 0;
}

void request_forget(struct request_doing *doing)
{
	const json_t *domain = json_object_get(doing->request, "domain");

	if (domain == NULL)
		forget_recipient(doing);
	else if (json_object_size(doing->request) != 2)
		request_fault(doing, "expected a domain or a recipient", NULL);
	else
		forget_domain(doing, domain);
}
