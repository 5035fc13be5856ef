/* SPDX-License-Identifier: MIT */
#include "alerts/phrase.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "resolvers/name.h"

#define NAME_SHOWN 90 /* bytes of a name in a line: the mail itself has it whole */

static const struct {
	const char *one;
	const char *several;
} phrases[INCIDENT_KINDS] = {
	[INCIDENT_TRANSIENT_MOVE] = {"MX of %D moved to %T", "moved to %T"},
	[INCIDENT_TRANSIENT_HIJACK] = {"MX of %D moved to %T", "moved to %T"},
	[INCIDENT_MIGRATION] = {"%D moved its mail to %T", "moved their mail to %T"},
	[INCIDENT_MIGRATION_FALLOUT] = {"%D moved its mail to %T",
		"moved their mail to %T"},
	[INCIDENT_ROTATION] = {"%D has other hosts at %F", "have other hosts"},
	[INCIDENT_RESOLVER_POISONING] = {"view %V sends %D to %T",
		"are sent to %T by one view alone"},
	[INCIDENT_DNS_OUTAGE] = {"no DNS for %D", "have no DNS"},
	[INCIDENT_RECEIVER_FAULT] = {"%D refuses known recipients",
		"refuse known recipients"},
	[INCIDENT_RECEIVER_OUTAGE] = {"%D does not take mail", "do not take mail"},
	[INCIDENT_LIST_QUALITY] = {"unknown addresses at %D", "have unknown addresses"},
	[INCIDENT_EXPIRY] = {"%D is parked at %T", "are parked at %T"},
	[INCIDENT_NULL_MX] = {"%D says that it takes no mail",
		"say that they take no mail"},
	[INCIDENT_SELF] = {"", "are faults of our own"},
};

const char *phrase_of_one(enum incident_kind kind)
{
	return phrases[kind].one;
}

const char *phrase_of_several(enum incident_kind kind)
{
	return phrases[kind].several;
}

void phrase_put(const char *text, size_t len, size_t most, FILE *out)
{
	size_t shown = len;

	if (len > most) {
		shown = most - 3;
		while (shown > 0 && ((unsigned char)text[shown] & 0xc0) == 0x80)
			shown--;
	}
	name_escape(NAME_SINK_TERMINAL, text, shown, out);
	fputs(shown < len ? "..." : "", out);
}

static void put_name(const char *text, FILE *out)
{
	phrase_put(text, strlen(text), NAME_SHOWN, out);
}

/* "Apple iCloud", "Apple iCloud and 2 more". */
static void put_operators(const char *names, const char *otherwise, FILE *out)
{
	const size_t len = names != NULL ? strcspn(names, "\n") : 0;
	size_t more = 0;

	if (len == 0) {
		fputs(otherwise, out);
		return;
	}
	phrase_put(names, len, NAME_SHOWN, out);
	for (const char *at = names + len; *at != '\0'; at++)
		more += *at == '\n' && at[1] != '\0';
	if (more > 0)
		fprintf(out, " and %zu more", more);
}

static void put_domain(const struct phrase *phrase, FILE *out)
{
	if (phrase->spoken != NULL) {
		put_name(phrase->spoken, out);
		fputs(" (", out);
	}
	put_name(phrase->domain, out);
	fputs(phrase->spoken != NULL ? ")" : "", out);
}

static void put_part(char letter, const struct phrase *phrase, FILE *out)
{
	switch (letter) {
	case 'D':
		put_domain(phrase, out);
		break;
	case 'T':
		put_operators(phrase->to, "other hosts", out);
		break;
	case 'F':
		put_operators(phrase->from, "its own hosts", out);
		break;
	case 'V':
		put_name(phrase->view, out);
		break;
	}
}

int phrase_format(const char *template, const struct phrase *phrase, char **ret_text)
{
	char *text = NULL;
	size_t len;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return -ENOMEM;
	for (const char *at = template; *at != '\0'; at++)
		if (*at == '%')
			put_part(*++at, phrase, out);
		else
			putc(*at, out);
	if (fclose(out) != 0) {
		free(text);
		return -ENOMEM;
	}
	*ret_text = text;
	return 0;
}
