/* SPDX-License-Identifier: MIT */
#include "monitor/cli/reactivate.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

/*
 * The line of a provider is a format with these letters after a %:
 *   s  the address, quoted for the shell
 *   u  the address, percent-encoded for a path, quoted
 *   U  the same with points encoded too
 *   j  {"Suppressions":[{"EmailAddress":ADDRESS}]}, quoted
 *   g  {"subscriber":{"email":ADDRESS,"status":"active"}}, quoted
 */
struct reactivate_provider {
	const char *name;
	const char *variables; /* what the user is to set */
	const char *line;
};

static const struct reactivate_provider providers[] = {
	{"postmark",
		"POSTMARK_SERVER_TOKEN, and POSTMARK_STREAM where it is not outbound",
		"curl -sS -X POST -H 'Accept: application/json' "
		"-H 'Content-Type: application/json' "
		"-H \"X-Postmark-Server-Token: $POSTMARK_SERVER_TOKEN\" -d %j "
		"\"https://api.postmarkapp.com/message-streams/"
		"${POSTMARK_STREAM:-outbound}/suppressions/delete\""},
	{"mailgun",
		"MAILGUN_API_KEY, MAILGUN_DOMAIN (in Europe also "
		"MAILGUN_API=https://api.eu.mailgun.net)",
		"curl -sS -X DELETE --user \"api:$MAILGUN_API_KEY\" "
		"\"${MAILGUN_API:-https://api.mailgun.net}/v3/$MAILGUN_DOMAIN/bounces/"
		"\"%u"},
	{"sendgrid",
		"SENDGRID_API_KEY (in Europe also "
		"SENDGRID_API=https://api.eu.sendgrid.com)",
		"curl -sS -X DELETE -H \"Authorization: Bearer $SENDGRID_API_KEY\" "
		"\"${SENDGRID_API:-https://api.sendgrid.com}/v3/suppression/bounces/"
		"\"%u"},
	{"ses", "nothing: the profile and region of the aws program count",
		"aws sesv2 delete-suppressed-destination --email-address=%s"},
	{"greenarrow",
		"GREENARROW_HOST, GREENARROW_LIST (number of the mailing list), "
		"GREENARROW_ORGANIZATION, GREENARROW_API_KEY",
		"curl -sS -X PUT --user \"$GREENARROW_ORGANIZATION:$GREENARROW_API_KEY\" "
		"-H 'Content-Type: application/json' -d %g "
		"\"https://$GREENARROW_HOST/ga/api/v2/mailing_lists/$GREENARROW_LIST/"
		"subscribers/\"%U"},
};

const struct reactivate_provider *reactivate_find(const char *name)
{
	for (size_t i = 0; i < sizeof providers / sizeof *providers; i++)
		if (strcmp(providers[i].name, name) == 0)
			return &providers[i];
	return NULL;
}

void reactivate_begin(const struct reactivate_provider *provider, FILE *out)
{
	fprintf(out,
		"# Lines for %s. Nothing was called: look at them, then run them.\n"
		"# To be set before: %s\n",
		provider->name, provider->variables);
}

/* Within single quotes nothing is special but the quote. */
static void put_quoted(const char *text, FILE *out)
{
	putc('\'', out);
	for (; *text != '\0'; text++)
		if (*text == '\'')
			fputs("'\\''", out);
		else
			putc(*text, out);
	putc('\'', out);
}

static void put_encoded(const char *text, bool points, FILE *out)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
				    "0123456789-_~.";

	putc('\'', out);
	for (; *text != '\0'; text++)
		if (strchr(plain, *text) != NULL && (*text != '.' || !points))
			putc(*text, out);
		else
			fprintf(out, "%%%02X", (unsigned)(unsigned char)*text);
	putc('\'', out);
}

static void put_json(json_t *value, FILE *out)
{
	char *text = value != NULL ? json_dumps(value, JSON_COMPACT) : NULL;

	if (text != NULL)
		put_quoted(text, out);
	free(text);
	json_decref(value);
}

static void put_part(char letter, const char *address, FILE *out)
{
	switch (letter) {
	case 's':
		put_quoted(address, out);
		break;
	case 'u':
	case 'U':
		put_encoded(address, letter == 'U', out);
		break;
	case 'j':
		put_json(
			json_pack("{s:[{s:s}]}", "Suppressions", "EmailAddress", address),
			out);
		break;
	case 'g':
		put_json(json_pack("{s:{s:s, s:s}}", "subscriber", "email", address,
				 "status", "active"),
			out);
		break;
	}
}

static bool is_printable(const char *address)
{
	json_t *text = json_string(address); /* NULL for what is no UTF-8 */
	bool printable = text != NULL && *address != '\0';

	for (; *address != '\0'; address++)
		printable =
			printable && (unsigned char)*address >= ' ' && *address != '\x7f';
	json_decref(text);
	return printable;
}

bool reactivate_line(
	const struct reactivate_provider *provider, const char *address, FILE *out)
{
	if (!is_printable(address))
		return false;
	for (const char *c = provider->line; *c != '\0'; c++)
		if (*c == '%')
			put_part(*++c, address, out);
		else
			putc(*c, out);
	putc('\n', out);
	return true;
}
