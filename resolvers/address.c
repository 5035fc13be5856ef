/* SPDX-License-Identifier: MIT */
#include "resolvers/address.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <string.h>

#define IPV4_LEN 4
#define IPV6_LEN 16

void address_to_name(const uint8_t *bytes, size_t len, uint8_t ret_name[ADDRESS_NAME_MAX])
{
	static const char digits[] = "0123456789abcdef";

	assert(len == IPV4_LEN || len == IPV6_LEN);
	*ret_name++ = (uint8_t)(2 * len);
	for (size_t i = 0; i < len; i++) {
		*ret_name++ = (uint8_t)digits[bytes[i] >> 4];
		*ret_name++ = (uint8_t)digits[bytes[i] & 15];
	}
	*ret_name = 0;
}

static int read_digit(uint8_t digit)
{
	if (digit >= '0' && digit <= '9')
		return digit - '0';
	return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

int address_from_name(const uint8_t *name, struct endpoint *ret_address)
{
	struct endpoint address = {
		.family = name[0] == 2 * IPV4_LEN ? AF_INET : AF_INET6};

	if ((name[0] != 2 * IPV4_LEN && name[0] != 2 * IPV6_LEN) ||
		name[name[0] + 1] != 0)
		return -EINVAL;
	for (size_t i = 0; i < name[0] / 2u; i++) {
		int high = read_digit(name[1 + 2 * i]);
		int low = read_digit(name[2 + 2 * i]);

		if (high < 0 || low < 0)
			return -EINVAL;
		address.address[i] = (uint8_t)(high << 4 | low);
	}
	*ret_address = address;
	return 0;
}

char *address_format(const uint8_t *name, char ret_text[ENDPOINT_TEXT_MAX])
{
	struct endpoint address;

	if (address_from_name(name, &address) < 0 ||
		inet_ntop(address.family, address.address, ret_text, ENDPOINT_TEXT_MAX) ==
			NULL)
		strcpy(ret_text, "?");
	return ret_text;
}

int address_parse(const char *text, size_t len, uint8_t ret_name[ADDRESS_NAME_MAX])
{
	uint8_t bytes[IPV6_LEN];

	if (inet_pton(len == IPV6_LEN ? AF_INET6 : AF_INET, text, bytes) != 1)
		return -EINVAL;
	address_to_name(bytes, len, ret_name);
	return 0;
}
