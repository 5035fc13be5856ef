/* SPDX-License-Identifier: MIT */
/*
 * Where a transfer may connect to. Sources: RFC 6890 and its registries, RFC 6052 (NAT64),
 * and the addresses at which clouds answer with a machine's own credentials.
 */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <string.h>

#include "alerts/deliver_inside.h"

enum reach {
	REACH_NEVER,
	REACH_LOOPBACK,
	REACH_PRIVATE,
	REACH_PUBLIC,
};

struct range {
	uint8_t prefix[16];
	uint8_t bits;
	uint8_t reach; /* enum reach */
};

static const struct range four[] = {
	{{0}, 8, REACH_NEVER},
	{{127}, 8, REACH_LOOPBACK},
	{{169, 254}, 16, REACH_NEVER},
	{{100, 100, 100, 200}, 32, REACH_NEVER}, /* metadata of Alibaba */
	{{168, 63, 129, 16}, 32, REACH_NEVER}, /* of Azure */
	{{224}, 3, REACH_NEVER},
	{{10}, 8, REACH_PRIVATE},
	{{172, 16}, 12, REACH_PRIVATE},
	{{192, 168}, 16, REACH_PRIVATE},
	{{100, 64}, 10, REACH_PRIVATE},
	{{0}, 0, REACH_PUBLIC},
};

static const struct range six[] = {
	{{0}, 128, REACH_NEVER},
	{{[15] = 1}, 128, REACH_LOOPBACK},
	{{0xfd, 0, 0x0e, 0xc2, [14] = 2, 0x54}, 128, REACH_NEVER}, /* of Amazon */
	{{0xfe, 0x80}, 10, REACH_NEVER},
	{{0xff}, 8, REACH_NEVER},
	{{0xfc}, 7, REACH_PRIVATE},
	{{0}, 0, REACH_PUBLIC},
};

/* Where an IPv4 address is kept in an IPv6 one, after which bits. */
static const struct {
	uint8_t prefix[16];
	uint8_t bits;
	uint8_t at; /* byte */
} embedded[] = {
	{{[10] = 0xff, 0xff}, 96, 12}, /* mapped */
	{{0, 0x64, 0xff, 0x9b}, 96, 12}, /* NAT64 */
	{{0x20, 0x02}, 16, 2}, /* 6to4 */
};

static bool is_in(const uint8_t *address, const uint8_t *prefix, unsigned bits)
{
	unsigned whole = bits / 8;
	unsigned mask = 0xffu << (8 - bits % 8) & 0xffu;

	return memcmp(address, prefix, whole) == 0 &&
		(bits % 8 == 0 || (address[whole] & mask) == prefix[whole]);
}

static enum reach reach_of(const uint8_t *address, const struct range *ranges)
{
	while (!is_in(address, ranges->prefix, ranges->bits))
		ranges++;
	return (enum reach)ranges->reach;
}

static enum reach reach_of_six(const uint8_t *address)
{
	for (size_t i = 0; i < sizeof embedded / sizeof embedded[0]; i++)
		if (is_in(address, embedded[i].prefix, embedded[i].bits))
			return reach_of(address + embedded[i].at, four);
	return reach_of(address, six);
}

bool deliver_address_allowed(
	const struct sockaddr *address, bool loopback_too, bool private_only)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;
	enum reach reach = REACH_NEVER;

	if (address->sa_family == AF_INET) {
		memcpy(&in, address, sizeof in);
		reach = reach_of((const uint8_t *)&in.sin_addr, four);
	} else if (address->sa_family == AF_INET6) {
		memcpy(&in6, address, sizeof in6);
		reach = reach_of_six((const uint8_t *)&in6.sin6_addr);
	}
	return reach == REACH_PRIVATE || (reach == REACH_LOOPBACK && loopback_too) ||
		(reach == REACH_PUBLIC && !private_only);
}
