/* SPDX-License-Identifier: MIT */
/* What may stand in the fields of a channel. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/channel.h"
#include "resolvers/name.h"
#include "resolvers/utf8.h"

#define LOCAL_MAX 64 /* bytes: RFC 5321 section 4.5.3.1.1 */
#define LABEL_MAX 63

static const char expected_address[] =
	"an address such as alerts@example.com, without blanks, controls and comments";

/* RFC 5322 section 3.2.3. */
static bool is_atext(unsigned char byte)
{
	return isalnum(byte) != 0 ||
		(byte != '\0' && strchr("!#$%&'*+-/=?^_`{|}~", byte) != NULL);
}

/* UTF-8 throughout, and nothing that steers a terminal or hides. */
static bool is_plain_text(const char *text, size_t len)
{
	const uint8_t *bytes = (const uint8_t *)text;
	uint32_t character;

	for (size_t at = 0; at < len;) {
		size_t taken = utf8_decode(bytes + at, len - at, &character);

		if (taken == 0 || utf8_is_control(character))
			return false;
		if (character != ' ' && utf8_is_blank(character))
			return false;
		at += taken;
	}
	return true;
}

static bool is_dot_string(const char *local, size_t len)
{
	bool after_dot = true;

	for (size_t i = 0; i < len; i++) {
		bool dot = local[i] == '.';

		if (dot ? after_dot : !is_atext((unsigned char)local[i]))
			return false;
		after_dot = dot;
	}
	return len > 0 && !after_dot && local[0] != '-';
}

static bool is_literal(const char *domain, size_t len)
{
	char inside[INET_ADDRSTRLEN];
	uint8_t address[4];

	if (len < 3 || domain[0] != '[' || domain[len - 1] != ']' ||
		len - 2 >= sizeof inside)
		return false;
	memcpy(inside, domain + 1, len - 2);
	inside[len - 2] = '\0';
	return inet_pton(AF_INET, inside, address) == 1;
}

static bool is_host(const char *host, size_t len)
{
	size_t label = 0;

	for (size_t i = 0; i < len; i++) {
		unsigned char byte = (unsigned char)host[i];
		bool edge = label == 0 || i + 1 == len || host[i + 1] == '.';

		if (byte == '.' ? label == 0
				: isalnum(byte) == 0 && (byte != '-' || edge))
			return false;
		label = byte == '.' ? 0 : label + 1;
		if (label > LABEL_MAX)
			return false;
	}
	return label > 0;
}

const char *channel_check_address(const char *address)
{
	size_t len = strlen(address);
	const char *at = strrchr(address, '@');
	size_t local = at != NULL ? (size_t)(at - address) : 0;
	size_t domain = at != NULL ? len - local - 1 : 0;

	if (len > CHANNEL_ADDRESS_MAX || local > LOCAL_MAX)
		return "an address of at most 254 bytes, 64 of them before the @";
	if (at == NULL || !is_plain_text(address, len) ||
		!is_dot_string(address, local) ||
		(!is_host(at + 1, domain) && !is_literal(at + 1, domain)))
		return expected_address;
	return NULL;
}

int channel_read_address(const char *text, char **ret_address)
{
	const char *at = strrchr(text, '@');
	uint8_t name[NAME_WIRE_MAX];
	char ascii[NAME_TEXT_MAX];
	const char *why;
	int err = at != NULL ? name_parse_domain(at + 1, name, &why) : -EINVAL;

	if (err == -ENOMEM)
		return err;
	/* what is ASCII stays as it was written, and what is none is refused by the check */
	if (err == 0 && channel_check_address(text) != NULL)
		err = asprintf(ret_address, "%.*s@%s", (int)(at - text), text,
			      name_format(name, ascii)) < 0
			? -ENOMEM
			: 0;
	else {
		*ret_address = strdup(text);
		err = *ret_address == NULL ? -ENOMEM : 0;
	}
	return err;
}

const char *channel_check_secret(const char *text)
{
	size_t len = strlen(text);

	if (len == 0 || len > 4096 || !is_plain_text(text, len))
		return "one line of text without controls";
	return NULL;
}

struct parts {
	const char *host;
	size_t host_len; /* without brackets */
	size_t authority_len; /* from the scheme's end to the path */
	const char *authority;
	const char *rest; /* path and query, or "" */
	bool literal; /* in brackets */
};

static bool read_port(const char *text, size_t len)
{
	unsigned port = 0;

	for (size_t i = 0; i < len; i++) {
		if (isdigit((unsigned char)text[i]) == 0 || len > 5)
			return false;
		port = port * 10 + (unsigned)(text[i] - '0');
	}
	return port > 0 && port <= 65535;
}

static bool split(const char *url, struct parts *ret_parts)
{
	const char *authority = strstr(url, "://");
	struct parts parts;
	const char *end;

	if (authority == NULL)
		return false;
	parts.authority = authority + 3;
	parts.authority_len = strcspn(parts.authority, "/?#");
	parts.rest = parts.authority + parts.authority_len;
	if (memchr(parts.authority, '@', parts.authority_len) != NULL)
		return false;
	parts.literal = parts.authority[0] == '[';
	parts.host = parts.authority + (parts.literal ? 1 : 0);
	parts.host_len = strcspn(parts.host, parts.literal ? "]/?#" : ":/?#");
	end = parts.host + parts.host_len;
	if (parts.literal && *end++ != ']')
		return false;
	if (end < parts.rest &&
		(*end != ':' || !read_port(end + 1, (size_t)(parts.rest - end) - 1)))
		return false;
	*ret_parts = parts;
	return true;
}

static bool has_host(const struct parts *parts)
{
	char text[INET6_ADDRSTRLEN];
	uint8_t address[16];

	if (!parts->literal)
		return parts->host_len < 254 && is_host(parts->host, parts->host_len);
	if (parts->host_len >= sizeof text)
		return false;
	memcpy(text, parts->host, parts->host_len);
	text[parts->host_len] = '\0';
	return inet_pton(AF_INET6, text, address) == 1;
}

/* What a path and a query may hold: RFC 3986, less the fragment. */
static bool is_url_text(const char *text)
{
	for (; *text != '\0'; text++)
		if (*text <= ' ' || *text >= 0x7f ||
			strchr("\"#<>\\^`{|}", *text) != NULL)
			return false;
	return true;
}

const char *channel_check_url(const char *url)
{
	struct parts parts;

	if ((strncmp(url, "https://", 8) != 0 && strncmp(url, "http://", 7) != 0) ||
		!is_url_text(url) || !split(url, &parts) || !has_host(&parts))
		return "an address such as https://host/path, without user, blanks and #";
	return NULL;
}

const char *channel_check_smtp(const char *url)
{
	struct parts parts;

	if ((strncmp(url, "smtp://", 7) != 0 && strncmp(url, "smtps://", 8) != 0) ||
		!is_url_text(url) || !split(url, &parts) || !has_host(&parts) ||
		(parts.rest[0] != '\0' && strcmp(parts.rest, "/") != 0))
		return "smtp://host:port or smtps://host:port, and nothing more";
	return NULL;
}

void channel_show_url(const char *url, char ret_text[CHANNEL_SHOWN_MAX])
{
	struct parts parts;

	if (!is_url_text(url) || !split(url, &parts) || !has_host(&parts))
		snprintf(ret_text, CHANNEL_SHOWN_MAX, "***");
	else
		snprintf(ret_text, CHANNEL_SHOWN_MAX, "%.*s%s", (int)(parts.rest - url),
			url, parts.rest[0] != '\0' ? "/***" : "");
}

bool channel_url_host(const char *url, char ret_host[256])
{
	struct parts parts;

	if (!split(url, &parts) || !has_host(&parts))
		return false;
	memcpy(ret_host, parts.host, parts.host_len);
	ret_host[parts.host_len] = '\0';
	return true;
}

bool channel_is_loopback(const char *host)
{
	struct in6_addr six;
	struct in_addr four;

	if (strcasecmp(host, "localhost") == 0)
		return true;
	if (inet_pton(AF_INET, host, &four) == 1)
		return ntohl(four.s_addr) >> 24 == 127;
	return inet_pton(AF_INET6, host, &six) == 1 && IN6_IS_ADDR_LOOPBACK(&six);
}
