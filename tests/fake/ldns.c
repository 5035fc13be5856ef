/* SPDX-License-Identifier: MIT */
#include "tests/fake/ldns.h"

#include <assert.h>
#include <dlfcn.h>

#include <ldns/ldns.h>

static int left = -1; /* calls until one fails; -1: none does */
static bool failed;
static bool refusing;

void ldns_fail_after(int calls)
{
	left = calls;
	failed = false;
}

bool ldns_stop_failing(void)
{
	left = -1;
	return failed;
}

void ldns_refuse_records(bool refuse)
{
	refusing = refuse;
}

static bool is_ldns_to_fail(void)
{
	bool now = left >= 0 && left-- == 0;

	failed |= now;
	return now;
}

static void *find_real(const char *name)
{
	void *function = dlsym(RTLD_NEXT, name);

	assert(function != NULL);
	return function;
}

ldns_status ldns_wire2rr(ldns_rr **rr, const uint8_t *wire, size_t max, size_t *pos,
	ldns_pkt_section section)
{
	ldns_status (*real)(
		ldns_rr **, const uint8_t *, size_t, size_t *, ldns_pkt_section);

	if (refusing)
		return LDNS_STATUS_INVALID_POINTER;
	if (is_ldns_to_fail())
		return LDNS_STATUS_MEM_ERR;
	*(void **)&real = find_real("ldns_wire2rr");
	return real(rr, wire, max, pos, section);
}

char *ldns_rr2str(const ldns_rr *rr)
{
	char *(*real)(const ldns_rr *);

	*(void **)&real = find_real("ldns_rr2str");
	return is_ldns_to_fail() ? NULL : real(rr);
}

char *ldns_rr_type2str(const ldns_rr_type type)
{
	char *(*real)(const ldns_rr_type);

	*(void **)&real = find_real("ldns_rr_type2str");
	return is_ldns_to_fail() ? NULL : real(type);
}
