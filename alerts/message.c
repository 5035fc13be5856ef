/* SPDX-License-Identifier: MIT */
#include "alerts/message.h"

#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/letter.h"
#include "alerts/mime.h"
#include "resolvers/name.h"

/* Neither quoted-printable nor base64 can hold "=_", so no part can hold these. */
#define BOUNDARY_WHOLE "=_mxvigil_whole"
#define BOUNDARY_FORMS "=_mxvigil_forms"
#define BOUNDARY_PAGE "=_mxvigil_page"

/* A letter, a digit, or one of `also`. */
static bool is_of(char character, const char *also)
{
	return (character >= 'a' && character <= 'z') ||
		(character >= 'A' && character <= 'Z') ||
		(character >= '0' && character <= '9') ||
		(character != '\0' && strchr(also, character) != NULL);
}

/* Another character becomes '-'. */
static void put_only(const char *text, const char *also, FILE *out)
{
	for (; *text != '\0'; text++)
		putc(is_of(*text, also) ? *text : '-', out);
}

static const char *domain_of(const char *address)
{
	const char *at = strrchr(address, '@');

	return at != NULL ? at + 1 : "";
}

/* Who checks them is elsewhere; a header is not where another opinion shows. */
static bool is_address(const char *address)
{
	for (const char *at = address; *at != '\0'; at++)
		if (*at <= ' ' || *at > '~' || strchr("<>,;\"()\\", *at) != NULL)
			return false;
	return *domain_of(address) != '\0' && *address != '@' &&
		(strchr(address, ':') == NULL || *domain_of(address) == '[');
}

static void put_id(const char *alert, const char *from, FILE *out)
{
	put_only(alert, ".-_", out);
	putc('@', out);
	put_only(domain_of(from), ".-", out);
}

int message_id(const char *alert, const char *from, char **ret_id)
{
	char *id = NULL;
	size_t len;
	FILE *out = open_memstream(&id, &len);

	if (out == NULL)
		return -ENOMEM;
	put_id(alert, from, out);
	if (fclose(out) != 0) {
		free(id);
		return -ENOMEM;
	}
	*ret_id = id;
	return 0;
}

/* --- headers --- */

static int put_subject(const struct alert *alert, FILE *out)
{
	char *subject;
	char *tagged;
	int r = alert_subject(alert, &subject);

	if (r < 0)
		return r;
	if (asprintf(&tagged, "[mxvigil] %s", subject) < 0)
		tagged = NULL;
	free(subject);
	if (tagged == NULL)
		return -ENOMEM;
	mime_header("Subject", tagged, out);
	free(tagged);
	return 0;
}

static void put_addresses(const struct message_envelope *envelope, FILE *out)
{
	size_t column = strlen("To:");

	fprintf(out, "From: mxvigil <%s>\r\nTo:", envelope->from);
	for (size_t i = 0; i < envelope->to_len; i++) {
		const size_t len = strlen(envelope->to[i]) + 2;
		const bool folds = i > 0 && column + len > 76;

		fprintf(out, "%s %s%s", folds ? "\r\n" : "", envelope->to[i],
			i + 1 < envelope->to_len ? "," : "");
		column = (folds ? 0 : column) + len;
	}
	fputs("\r\n", out);
}

static void put_ids(const struct alert *alert, const char *from, FILE *out)
{
	fputs("Message-ID: <", out);
	put_id(alert->id, from, out);
	fputs(">\r\n", out);
	if (alert->thread == NULL)
		return;
	fputs("In-Reply-To: <", out);
	put_id(alert->thread, from, out);
	fputs(">\r\nReferences: <", out);
	put_id(alert->thread, from, out);
	fputs(">\r\n", out);
}

/* For filters, and for whoever must not answer. */
static void put_marks(
	const struct alert *alert, const struct message_envelope *envelope, FILE *out)
{
	const enum incident_severity severity = alert_severity(alert);
	const bool is_over =
		alert->event == ALERT_CLOSED || alert->event == ALERT_REVERTED;

	fputs("List-Id: mxvigil alerts <", out);
	put_only(envelope->channel, "-", out);
	fputs(".mxvigil.", out);
	put_only(domain_of(envelope->from), ".-", out);
	fputs(">\r\nAuto-Submitted: auto-generated\r\n"
	      "X-Auto-Response-Suppress: All\r\n",
		out);
	if (severity == SEVERITY_CRITICAL && !is_over)
		fputs("Importance: high\r\n", out);
	mime_header("X-Mxvigil-Event", alert->id, out);
	mime_header("X-Mxvigil-Site", alert->site, out);
	mime_header("X-Mxvigil-News", alert_event_name(alert->event), out);
	mime_header("X-Mxvigil-Severity", incident_severity_name(severity), out);
	if (alert->cases_len == 0)
		return;
	const struct alert_case *first = &alert->cases[0];

	fprintf(out, "X-Mxvigil-Incidents: %" PRIu64 "\r\n",
		alert->cases_len + alert->more);
	mime_header("X-Mxvigil-Incident", first->story.id, out);
	mime_header(
		"X-Mxvigil-Kind", incident_kind_name(first->story.incident->kind), out);
	if (*first->story.domain != '\0')
		mime_header("X-Mxvigil-Domain", first->story.domain, out);
}

static int put_headers(
	const struct alert *alert, const struct message_envelope *envelope, FILE *out)
{
	mime_date(alert->at, out);
	put_addresses(envelope, out);
	int r = put_subject(alert, out);
	put_ids(alert, envelope->from, out);
	put_marks(alert, envelope, out);
	fputs("MIME-Version: 1.0\r\n", out);
	return r;
}

/* --- parts --- */

static void open_multipart(const char *kind, const char *boundary, FILE *out)
{
	fprintf(out, "Content-Type: multipart/%s;\r\n boundary=\"%s\"\r\n\r\n", kind,
		boundary);
}

static void put_boundary(const char *boundary, const char *end, FILE *out)
{
	fprintf(out, "\r\n--%s%s\r\n", boundary, end);
}

static int put_text(const struct alert *alert, FILE *out)
{
	char *text = NULL;
	size_t len;
	FILE *letter = open_memstream(&text, &len);

	if (letter == NULL)
		return -ENOMEM;
	int r = letter_write(alert, letter);
	if (fclose(letter) != 0)
		r = -ENOMEM;
	fputs("Content-Type: text/plain; charset=utf-8\r\n"
	      "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
		out);
	if (r == 0)
		mime_quoted(text, out);
	free(text);
	return r;
}

static int put_html(const struct alert *alert, const char *picture, FILE *out)
{
	char *html = NULL;
	size_t len;
	FILE *letter = open_memstream(&html, &len);

	if (letter == NULL)
		return -ENOMEM;
	int r = letter_write_html(alert, picture, letter);
	if (fclose(letter) != 0)
		r = -ENOMEM;
	fputs("Content-Type: text/html; charset=utf-8\r\n"
	      "Content-Transfer-Encoding: quoted-printable\r\n\r\n",
		out);
	if (r == 0)
		mime_quoted(html, out);
	free(html);
	return r;
}

/* The page, and the picture that it shows. */
static int put_page(
	const struct alert *alert, const struct message_envelope *envelope, FILE *out)
{
	char *source = NULL;
	char *id;

	if (alert->picture == NULL)
		return put_html(alert, NULL, out);
	int r = message_id(alert->id, envelope->from, &id);
	if (r < 0)
		return r;
	if (asprintf(&source, "cid:timeline.%s", id) < 0)
		source = NULL;
	open_multipart("related; type=\"text/html\"", BOUNDARY_PAGE, out);
	put_boundary(BOUNDARY_PAGE, "", out);
	r = source != NULL ? put_html(alert, source, out) : -ENOMEM;
	put_boundary(BOUNDARY_PAGE, "", out);
	fprintf(out,
		"Content-Type: image/png; name=\"timeline.png\"\r\n"
		"Content-Transfer-Encoding: base64\r\n"
		"Content-ID: <timeline.%s>\r\n"
		"Content-Disposition: inline; filename=\"timeline.png\"\r\n\r\n",
		id);
	mime_base64(alert->picture, alert->picture_len, out);
	put_boundary(BOUNDARY_PAGE, "--", out);
	free(source);
	free(id);
	return r;
}

static int put_forms(
	const struct alert *alert, const struct message_envelope *envelope, FILE *out)
{
	open_multipart("alternative", BOUNDARY_FORMS, out);
	put_boundary(BOUNDARY_FORMS, "", out);
	int r = put_text(alert, out);
	put_boundary(BOUNDARY_FORMS, "", out);
	if (r == 0)
		r = put_page(alert, envelope, out);
	put_boundary(BOUNDARY_FORMS, "--", out);
	return r;
}

/* Lines of others; their ends as text has them in a mail. Of the id what can stand in a name. */
static int put_file(const char *lines, const char *name, const char *id, FILE *out)
{
	char *text = NULL;
	size_t len;
	FILE *file = open_memstream(&text, &len);

	if (file == NULL)
		return -ENOMEM;
	while (*lines != '\0') {
		const size_t line = strcspn(lines, "\n");

		name_escape(NAME_SINK_TERMINAL, lines, line, file);
		fputs("\r\n", file);
		lines += line + (lines[line] == '\n');
	}
	const bool whole = fclose(file) == 0;

	fprintf(out,
		"Content-Type: text/plain; charset=utf-8\r\n"
		"Content-Transfer-Encoding: base64\r\n"
		"Content-Disposition: attachment;\r\n filename=\"%s-",
		name);
	put_only(id, ".-_", out);
	fputs(".txt\"\r\n\r\n", out);
	if (whole)
		mime_base64(text, len, out);
	free(text);
	return whole ? 0 : -ENOMEM;
}

static bool has_files(const struct alert *alert)
{
	for (size_t i = 0; i < alert->cases_len; i++)
		if (alert->cases[i].reactivate != NULL)
			return true;
	return alert->list != NULL;
}

static int put_body(
	const struct alert *alert, const struct message_envelope *envelope, FILE *out)
{
	if (!has_files(alert))
		return put_forms(alert, envelope, out);
	open_multipart("mixed", BOUNDARY_WHOLE, out);
	put_boundary(BOUNDARY_WHOLE, "", out);
	int r = put_forms(alert, envelope, out);

	for (size_t i = 0; i < alert->cases_len && r == 0; i++)
		if (alert->cases[i].reactivate != NULL) {
			put_boundary(BOUNDARY_WHOLE, "", out);
			r = put_file(alert->cases[i].reactivate, "re-activate",
				alert->cases[i].story.id, out);
		}
	if (alert->list != NULL && r == 0) {
		put_boundary(BOUNDARY_WHOLE, "", out);
		r = put_file(alert->list, "incidents", alert->id, out);
	}
	put_boundary(BOUNDARY_WHOLE, "--", out);
	return r;
}

int message_compose(const struct alert *alert, const struct message_envelope *envelope,
	char **ret_bytes, size_t *ret_len)
{
	char *bytes = NULL;
	size_t len;

	if (!is_address(envelope->from) || envelope->to_len == 0)
		return -EINVAL;
	for (size_t i = 0; i < envelope->to_len; i++)
		if (!is_address(envelope->to[i]))
			return -EINVAL;
	FILE *out = open_memstream(&bytes, &len);
	if (out == NULL)
		return -ENOMEM;
	int r = put_headers(alert, envelope, out);
	if (r == 0)
		r = put_body(alert, envelope, out);
	if (fclose(out) != 0)
		r = -ENOMEM;
	if (r < 0) {
		free(bytes);
		return r;
	}
	*ret_bytes = bytes;
	*ret_len = len;
	return 0;
}
