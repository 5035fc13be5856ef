/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * endpoint — the address and port of one server.
 * A plain value that compares by memcmp; its text is what the history stores and shows.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#define ENDPOINT_TEXT_MAX 64

struct endpoint {
	uint8_t address
		[16]; /* network order; IPv4 uses the first four, the rest are zero */
	uint16_t port; /* host order */
	uint16_t family; /* AF_INET or AF_INET6; 0 is no endpoint */
};

bool endpoint_equal(const struct endpoint *a, const struct endpoint *b);
int endpoint_compare(const struct endpoint *a, const struct endpoint *b);
bool endpoint_is_loopback(const struct endpoint *endpoint);
/* Reads "192.0.2.1", "192.0.2.1:53", "2001:db8::1", "[2001:db8::1]:53". Returns 0 or -EINVAL. */
int endpoint_parse(const char *text, uint16_t default_port, struct endpoint *ret_endpoint)
	__attribute__((warn_unused_result));
/* The address alone on port 53, else with its port: "192.0.2.1", "[2001:db8::1]:5353".
 * Returns ret_text. */
char *endpoint_format(const struct endpoint *endpoint, char ret_text[ENDPOINT_TEXT_MAX]);
/* To and from socket addresses. */
socklen_t endpoint_to_sockaddr(
	const struct endpoint *endpoint, struct sockaddr_storage *ret_sa);
int endpoint_from_sockaddr(const struct sockaddr *sa, struct endpoint *ret_endpoint)
	__attribute__((warn_unused_result));
