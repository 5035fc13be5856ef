/* SPDX-License-Identifier: MIT */
#include "resolvers/endpoint.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>

#define PORT_DNS 53

static_assert(sizeof(struct endpoint) == 20, "no padding: compared and hashed as bytes");

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b)
{
	return memcmp(a, b, sizeof *a) == 0;
}

int endpoint_compare(const struct endpoint *a, const struct endpoint *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	int order = memcmp(a->address, b->address, sizeof a->address);
	return order != 0 ? order : (a->port > b->port) - (a->port < b->port);
}

bool endpoint_is_loopback(const struct endpoint *endpoint)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	const uint8_t *address = endpoint->address;

	if (endpoint->family == AF_INET)
		return address[0] == 127;
	if (endpoint->family != AF_INET6)
		return false;
	if (memcmp(address, mapped, sizeof mapped) == 0)
		return address[12] == 127;
	return memcmp(address, &in6addr_loopback, sizeof in6addr_loopback) == 0;
}

/* Strict: digits only, 1 to 65535. */
static int parse_port(const char *text, uint16_t *ret_port)
{
	unsigned port = 0;

	if (*text == '\0')
		return -EINVAL;
	for (; *text != '\0'; text++) {
		if (*text < '0' || *text > '9')
			return -EINVAL;
		port = port * 10 + (unsigned)(*text - '0');
		if (port > UINT16_MAX)
			return -EINVAL;
	}
	if (port == 0)
		return -EINVAL;
	*ret_port = (uint16_t)port;
	return 0;
}

/* Cuts text into address and port (NULL without one); host is the address's copy. */
static int split(const char *text, char host[ENDPOINT_TEXT_MAX], const char **ret_port)
{
	const char *end;
	const char *port = NULL;

	if (text[0] == '[') {
		end = strchr(++text, ']');
		if (end == NULL || (end[1] != '\0' && end[1] != ':'))
			return -EINVAL;
		port = end[1] == ':' ? end + 2 : NULL;
	} else {
		end = strchr(text, ':');
		/* A second colon makes it an IPv6 address, which needs brackets for a port. */
		if (end != NULL && strchr(end + 1, ':') == NULL)
			port = end + 1;
		else
			end = text + strlen(text);
	}
	size_t len = (size_t)(end - text);
	if (len >= ENDPOINT_TEXT_MAX)
		return -EINVAL;
	memcpy(host, text, len);
	host[len] = '\0';
	*ret_port = port;
	return 0;
}

int endpoint_parse(const char *text, uint16_t default_port, struct endpoint *ret_endpoint)
{
	struct endpoint endpoint = {.port = default_port};
	char host[ENDPOINT_TEXT_MAX];
	const char *port;

	if (split(text, host, &port) < 0)
		return -EINVAL;
	if (port != NULL && parse_port(port, &endpoint.port) < 0)
		return -EINVAL;
	if (text[0] != '[' && inet_pton(AF_INET, host, endpoint.address) == 1)
		endpoint.family = AF_INET;
	else if (inet_pton(AF_INET6, host, endpoint.address) == 1)
		endpoint.family = AF_INET6;
	else
		return -EINVAL;
	*ret_endpoint = endpoint;
	return 0;
}

char *endpoint_format(const struct endpoint *endpoint, char ret_text[ENDPOINT_TEXT_MAX])
{
	char host[INET6_ADDRSTRLEN];

	if (inet_ntop(endpoint->family, endpoint->address, host, sizeof host) == NULL) {
		ret_text[0] = '\0';
		return ret_text;
	}
	bool brackets = endpoint->family == AF_INET6;
	if (endpoint->port == PORT_DNS)
		snprintf(ret_text, ENDPOINT_TEXT_MAX, "%s", host);
	else
		snprintf(ret_text, ENDPOINT_TEXT_MAX, "%s%s%s:%u", brackets ? "[" : "",
			host, brackets ? "]" : "", (unsigned)endpoint->port);
	return ret_text;
}

socklen_t endpoint_to_sockaddr(
	const struct endpoint *endpoint, struct sockaddr_storage *ret_sa)
{
	memset(ret_sa, 0, sizeof *ret_sa);
	if (endpoint->family == AF_INET) {
		struct sockaddr_in in = {
			.sin_family = AF_INET,
			.sin_port = htons(endpoint->port),
		};
		memcpy(&in.sin_addr, endpoint->address, sizeof in.sin_addr);
		memcpy(ret_sa, &in, sizeof in);
		return sizeof in;
	}
	if (endpoint->family == AF_INET6) {
		struct sockaddr_in6 in6 = {
			.sin6_family = AF_INET6,
			.sin6_port = htons(endpoint->port),
		};
		memcpy(&in6.sin6_addr, endpoint->address, sizeof in6.sin6_addr);
		memcpy(ret_sa, &in6, sizeof in6);
		return sizeof in6;
	}
	return 0;
}

int endpoint_from_sockaddr(const struct sockaddr *sa, struct endpoint *ret_endpoint)
{
	struct endpoint endpoint = {.family = sa->sa_family};

	if (sa->sa_family == AF_INET) {
		struct sockaddr_in in;

		memcpy(&in, sa, sizeof in);
		memcpy(endpoint.address, &in.sin_addr, sizeof in.sin_addr);
		endpoint.port = ntohs(in.sin_port);
	} else if (sa->sa_family == AF_INET6) {
		struct sockaddr_in6 in6;

		memcpy(&in6, sa, sizeof in6);
		memcpy(endpoint.address, &in6.sin6_addr, sizeof in6.sin6_addr);
		endpoint.port = ntohs(in6.sin6_port);
	} else {
		return -EAFNOSUPPORT;
	}
	*ret_endpoint = endpoint;
	return 0;
}
