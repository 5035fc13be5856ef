/* SPDX-License-Identifier: MIT */
#include "monitor/ingest/reply_text.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

#include "monitor/ingest/letter.h"

#define ID_MIN 8 /* letters and digits mixed, this long, name something */
#define BRACKET_MAX 320 /* bytes that an address in < > may take */
#define QUOTE_MAX 66 /* bytes of a quoted local part */

/* What ends a piece, blanks aside; addresses, codes and host names have none of these. */
#define PIECE_ENDS "<>()[]{}\"'`,;:|\\"

struct reading {
	const char *text;
	size_t len;
	size_t at;
	const char *local; /* the recipient's local part */
	size_t local_len;
	const char *link; /* the first; NULL for none */
	size_t link_len;
	struct reply_text *ret;
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool is_blank(char c)
{
	return (unsigned char)c <= ' ' || c == 0x7f;
}

static bool ends_piece(char c)
{
	return is_blank(c) || strchr(PIECE_ENDS, c) != NULL;
}

/* A word stands from `from` to the end of what was put. */
static void end_word(struct reply_text *text, size_t from)
{
	static const char email[] = "email";
	struct reply_word *last =
		text->words_len > 0 ? &text->words[text->words_len - 1] : NULL;
	size_t len = text->bytes_len - from;

	if (len == 0 || text->words_len == REPLY_WORDS_MAX) {
		text->bytes_len = from;
		return;
	}
	/* "e-mail": the bytes of neighbouring words stand side by side. */
	if (last != NULL && last->len == 1 && last->at + 1u == from &&
		text->bytes[last->at] == 'e' &&
		strncmp(text->bytes + from, email + 1, len) == 0 &&
		len == sizeof email - 2) {
		last->len = (uint16_t)(len + 1);
		return;
	}
	text->words[text->words_len++] =
		(struct reply_word){.at = (uint16_t)from, .len = (uint16_t)len};
}

static void put_letter(struct reply_text *text, const struct letter *letter)
{
	memcpy(text->bytes + text->bytes_len, letter->bytes, letter->len);
	text->bytes_len += letter->len;
}

/* Bytes of an apostrophe between letters, 0 for none. */
static size_t apostrophe(const char *c, size_t len)
{
	if (len > 1 && c[0] == '\'' && is_letter(c[1]))
		return 1;
	if (len > 3 && memcmp(c, "\xe2\x80\x99", 3) == 0 && is_letter(c[3]))
		return 3;
	return 0;
}

static void put_words(struct reply_text *text, const char *piece, size_t len)
{
	size_t from = text->bytes_len;

	for (size_t i = 0; i < len;) {
		size_t skip = text->bytes_len > from ? apostrophe(piece + i, len - i) : 0;
		struct letter letter;

		i += skip;
		letter_read(piece + i, len - i, &letter);
		i += letter.taken;
		if (letter.len == 0 || letter.is_word) {
			end_word(text, from);
			from = text->bytes_len;
		}
		put_letter(text, &letter);
		if (letter.is_word) {
			end_word(text, from);
			from = text->bytes_len;
		}
	}
	end_word(text, from);
}

/* The length of an enhanced code at the start of piece, 0 for none (RFC 3463). */
static size_t status_length(const char *piece, size_t len)
{
	size_t at = 1;

	if (len < 5 || strchr("245", piece[0]) == NULL)
		return 0;
	for (size_t part = 0; part < 2; part++) {
		size_t digits = 0;

		if (at >= len || piece[at++] != '.')
			return 0;
		while (at < len && digits < 4 && is_digit(piece[at])) {
			at++;
			digits++;
		}
		if (digits == 0 || digits > 3)
			return 0;
	}
	if (at + 1 < len && piece[at] == '.' && is_digit(piece[at + 1]))
		return 0; /* an IP address */
	return at < len && (is_letter(piece[at]) || is_digit(piece[at])) ? 0 : at;
}

static void keep_status(struct reply_text *text, const char *status, size_t len)
{
	for (size_t i = 0; i < text->statuses_len; i++)
		if (strlen(text->statuses[i]) == len &&
			memcmp(text->statuses[i], status, len) == 0)
			return;
	if (text->statuses_len == REPLY_STATUSES_MAX)
		return;
	memcpy(text->statuses[text->statuses_len], status, len);
	text->statuses[text->statuses_len++][len] = '\0';
}

/* Whether an answer begins here: at the start, or after a colon or semicolon. */
static bool begins_answer(const struct reading *reading)
{
	size_t at = reading->at;

	while (at > 0 &&
		(is_blank(reading->text[at - 1]) || reading->text[at - 1] == '#'))
		at--;
	return at == 0 || reading->text[at - 1] == ':' || reading->text[at - 1] == ';';
}

/* Takes a reply code, an enhanced code, or both, from the start of the piece; returns the length
 * of what was taken. */
static size_t take_codes(const struct reading *reading, const char *piece, size_t len)
{
	struct reply_text *text = reading->ret;
	size_t taken = len > 0 && piece[0] == '#' ? 1 : 0;
	size_t status;

	if (len - taken >= 3 && piece[taken] >= '2' && piece[taken] <= '5' &&
		is_digit(piece[taken + 1]) && is_digit(piece[taken + 2]) &&
		(len - taken == 3 || piece[taken + 3] == '-')) {
		if (text->code == 0 && piece[taken] >= '4' && begins_answer(reading))
			text->code = (uint16_t)((piece[taken] - '0') * 100 +
				(piece[taken + 1] - '0') * 10 + piece[taken + 2] - '0');
		taken += len - taken == 3 ? 3 : 4;
	}
	if (taken < len && piece[taken] == '#')
		taken++;
	status = status_length(piece + taken, len - taken);
	if (status == 0)
		return taken > 1 ? taken : 0;
	keep_status(text, piece + taken, status);
	return taken + status;
}

/* Whether a dotted piece names a host rather than two sentences without a blank between them
 * ("exist.Please"): the last label is in one case. */
static bool is_host(const char *piece, size_t len)
{
	bool lower = false;
	bool upper = false;
	size_t last;

	while (len > 0 && strchr(".-_/#", piece[len - 1]) != NULL)
		len--;
	for (last = len; last > 0 && piece[last - 1] != '.'; last--) {
		char c = piece[last - 1];

		if (!is_letter(c) && !is_digit(c) && c != '-' && c != '_')
			return false;
		lower = lower || (c >= 'a' && c <= 'z');
		upper = upper || (c >= 'A' && c <= 'Z');
	}
	if (!lower && !upper) /* an IP address, but not "Signature.2" */
		return last > 1 && last < len && strspn(piece, "0123456789.") >= len;
	return last > 1 && last < len && !(lower && upper);
}

static bool is_id(const char *piece, size_t len)
{
	size_t digits = 0;
	size_t letters = 0;

	for (size_t i = 0; i < len; i++) {
		digits += is_digit(piece[i]);
		letters += is_letter(piece[i]);
	}
	return digits >= ID_MIN ||
		(digits > 1 && letters > 0 && digits + letters >= ID_MIN &&
			memchr(piece, '_', len) == NULL);
}

/* Whether the piece is the recipient's local part, and stands as one. */
static bool is_local_part(const struct reading *reading, size_t len)
{
	const char *piece = reading->text + reading->at;
	const char *after = piece + len;

	if (len > 3 && memcmp(after - 3, "...", 3) == 0)
		len -= 3;
	if (reading->local_len == 0 || len != reading->local_len ||
		strncasecmp(piece, reading->local, len) != 0)
		return false;
	return piece + len < after ||
		(reading->at > 0 && strchr("<(['\"`", piece[-1]) != NULL);
}

static void take_piece(struct reading *reading)
{
	const char *piece = reading->text + reading->at;
	size_t left = reading->len - reading->at;
	size_t len = 0;
	size_t codes;

	if (left > 3 &&
		(strncasecmp(piece, "http://", 7) == 0 ||
			strncasecmp(piece, "https://", 8) == 0)) {
		while (len < left && !is_blank(piece[len]))
			len++;
		if (reading->link == NULL) {
			reading->link = piece;
			reading->link_len = len;
		}
		reading->at += len;
		return;
	}
	while (len < left &&
		(!ends_piece(piece[len]) ||
			(len > 0 && apostrophe(piece + len, left - len) > 0)))
		len++;
	codes = take_codes(reading, piece, len);
	if (memchr(piece, '@', len) == NULL && !is_local_part(reading, len) &&
		!is_host(piece + codes, len - codes) &&
		!is_id(piece + codes, len - codes))
		put_words(reading->ret, piece + codes, len - codes);
	reading->at += len;
}

/* The length of <local@domain> or of "quoted local"@domain, 0 for anything else. */
static size_t enclosed_address(const char *text, size_t len)
{
	char close = text[0] == '<' ? '>' : '"';
	size_t most = close == '>' ? BRACKET_MAX : QUOTE_MAX;
	const char *end;

	if (text[0] != '<' && text[0] != '"')
		return 0;
	end = memchr(text + 1, close, len - 1 < most ? len - 1 : most);
	if (end == NULL)
		return 0;
	if (close == '"')
		return end + 1 < text + len && end[1] == '@' ? (size_t)(end - text) + 1
							     : 0;
	return memchr(text, '@', (size_t)(end - text)) != NULL ? (size_t)(end - text) + 1
							       : 0;
}

static bool begins_with_code(const char *text)
{
	return (text[0] == '4' || text[0] == '5') && is_digit(text[1]) &&
		is_digit(text[2]);
}

/* Mail servers introduce the answer of another: "host NAME[IP] said:", "Remote host said:". Takes
 * that off, and the name where there is one. An answer that tells of a third server's is whole. */
static void take_introduction(struct reading *reading)
{
	static const char lead[] = "host ";
	const char *text = reading->text;
	const char *said = strstr(text, "said: ");
	const char *host = strcasestr(text, lead);
	size_t len;

	if (said == NULL || host == NULL || host > said || begins_with_code(text))
		return;
	reading->at = (size_t)(said - text) + strlen("said: ");
	host += sizeof lead - 1;
	len = strcspn(host, "[ ");
	if (host[len] != '[' || len >= sizeof reading->ret->host)
		return;
	for (size_t i = 0; i < len; i++)
		reading->ret->host[i] = (char)tolower((unsigned char)host[i]);
	reading->ret->host[len] = '\0';
}

void reply_text_read(const char *text, const char *recipient, struct reply_text *ret_text)
{
	struct reading reading = {.text = text,
		.len = strnlen(text, REPORT_TEXT_MAX - 1),
		.local = recipient,
		.local_len = strcspn(recipient, "@"),
		.ret = ret_text};

	ret_text->words_len = 0;
	ret_text->bytes_len = 0;
	ret_text->statuses_len = 0;
	ret_text->code = 0;
	ret_text->host[0] = '\0';
	take_introduction(&reading);
	while (reading.at < reading.len) {
		const char *here = text + reading.at;
		size_t left = reading.len - reading.at;
		size_t address = enclosed_address(here, left);

		if (address > 0)
			reading.at += address;
		else if (left > 1 && here[0] == '\\' &&
			(here[1] == 'n' || here[1] == 'r'))
			reading.at += 2; /* Exim writes the lines of an answer so */
		else if (ends_piece(*here))
			reading.at++;
		else
			take_piece(&reading);
	}
	/* "553 http://www.spamhaus.org/query": an answer of no words but its link's. */
	if (ret_text->words_len == 0 && reading.link != NULL)
		put_words(ret_text, reading.link, reading.link_len);
}
