/* SPDX-License-Identifier: MIT */
#include "monitor/operators.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include <libpsl.h>

#include "monitor/asn.h"
#include "monitor/operators_inside.h"
#include "monitor/providers_builtin.h"
#include "monitor/textfile.h"
#include "resolvers/endpoint.h"
#include "resolvers/name.h"

#define LOCAL_BYTES_MAX ((size_t)4 * 1024 * 1024)
#define NETWORK_PREFIX (UINT64_C(1) << 63) /* not an AS */
#define NETWORK_SIX (UINT64_C(1) << 62)
#define PREFIX_BYTES_4 3
#define PREFIX_BYTES_6 6

char *operators_fold(const char *name)
{
	char *folded = strdup(name);

	for (char *at = folded; at != NULL && *at != '\0'; at++)
		if (*at >= 'A' && *at <= 'Z')
			*at = (char)(*at - 'A' + 'a');
	return folded;
}

static void destroy_provider(struct operators_provider *provider)
{
	free(provider->name);
	free(provider);
}

static int add_name(struct operators *operators, struct operators_provider *provider)
{
	char *folded;
	int err;

	if (provider->source == OPERATORS_MET)
		return wordmap_add(&operators->domains, provider->name, provider);
	folded = operators_fold(provider->name);
	err = folded != NULL ? wordmap_add(&operators->names, folded, provider) : -ENOMEM;
	free(folded);
	return err;
}

/* The provider is owned, and found by its name, from here on. */
static int enter(struct operators *operators, struct operators_provider *provider)
{
	struct operators_provider **more = reallocarray(
		operators->providers, operators->len + 1, sizeof *operators->providers);
	int err;

	if (more == NULL)
		return -ENOMEM;
	operators->providers = more;
	err = add_name(operators, provider);
	if (err == 0)
		more[operators->len++] = provider;
	return err;
}

int operators_add(struct operators *operators, const char *name, enum operator_kind kind,
	enum operators_source source, struct operators_provider **ret_provider)
{
	struct operators_provider *provider = calloc(1, sizeof *provider);

	if (provider == NULL)
		return -ENOMEM;
	provider->name = strdup(name);
	provider->entry = (struct operator_entry){
		.name = provider->name, .kind = kind, .id = (uint32_t)operators->len + 1};
	provider->source = source;
	if (provider->name == NULL || enter(operators, provider) < 0) {
		destroy_provider(provider);
		return -ENOMEM;
	}
	operators->listed += source != OPERATORS_MET;
	*ret_provider = provider;
	return 0;
}

static int read_local(
	struct operators *operators, const char *path, struct textfile_error *error)
{
	char *text;
	size_t len;
	int err = textfile_read(path, LOCAL_BYTES_MAX, &text, &len);

	if (err < 0) {
		snprintf(error->text, sizeof error->text, "%s: %s", path, strerror(-err));
		return err;
	}
	err = operators_read(operators, OPERATORS_LOCAL, path, text, len, error);
	free(text);
	return err;
}

static int read_all(struct operators *operators, const char *local_path,
	const char *asn_path, struct textfile_error *error)
{
	int err = 0;

	if (local_path != NULL)
		err = read_local(operators, local_path, error);
	if (err == 0)
		err = operators_read(operators, OPERATORS_BUILTIN, "built-in operators",
			providers_builtin, providers_builtin_len, error);
	if (err == 0 && asn_path != NULL)
		err = asn_create(asn_path, &operators->asn, error);
	return err;
}

int operators_create(const char *local_path, const char *asn_path,
	struct operators **ret_operators, struct operators_error *ret_error)
{
	struct operators *operators = calloc(1, sizeof *operators);
	struct textfile_error error = {.line = 0};
	int err = -ENOMEM;

	snprintf(error.text, sizeof error.text, "operators: %s", strerror(ENOMEM));
	if (operators != NULL)
		err = read_all(operators, local_path, asn_path, &error);
	if (err < 0) {
		operators_destroy(operators);
		ret_error->line = error.line;
		memcpy(ret_error->text, error.text, sizeof ret_error->text);
		return err;
	}
	*ret_operators = operators;
	return 0;
}

void operators_destroy(struct operators *operators)
{
	if (operators == NULL)
		return;
	for (size_t i = 0; i < operators->len; i++)
		destroy_provider(operators->providers[i]);
	free(operators->providers);
	wordmap_finish(&operators->names);
	wordmap_finish(&operators->domains);
	for (size_t i = 0; i < OPERATORS_SOURCES; i++)
		wordmap_finish(&operators->suffixes[i]);
	free(operators->as);
	asn_destroy(operators->asn);
	free(operators);
}

/* By the longest suffix; of one that both sources list, the local file's word counts. */
static struct operators_provider *find_by_suffix(
	const struct operators *operators, const char *host)
{
	for (const char *suffix = host; suffix != NULL;) {
		for (size_t i = 0; i < OPERATORS_SOURCES; i++) {
			struct operators_provider *provider =
				wordmap_find(&operators->suffixes[i], suffix);

			if (provider != NULL)
				return provider;
		}
		suffix = strchr(suffix, '.');
		if (suffix != NULL)
			suffix++;
	}
	return NULL;
}

/* A name with a byte that name_format() escapes has no registrable domain. */
static const char *registrable_domain(const char *host)
{
	const psl_ctx_t *psl = psl_builtin();
	const char *domain = NULL;

	if (psl != NULL && strchr(host, '\\') == NULL)
		domain = psl_registrable_domain(psl, host);
	return domain != NULL ? domain : host;
}

const struct operator_entry *operators_of_host(
	struct operators *operators, const char *host)
{
	struct operators_provider *provider = find_by_suffix(operators, host);
	const char *domain;

	if (provider == NULL) {
		domain = registrable_domain(host);
		provider = wordmap_find(&operators->domains, domain);
		if (provider == NULL &&
			operators_add(operators, domain, OPERATOR_UNLISTED, OPERATORS_MET,
				&provider) < 0)
			return NULL;
	}
	return &provider->entry;
}

const struct operator_entry *operators_find(struct operators *operators, const char *name)
{
	const struct operators_provider *provider;
	const struct operator_entry *entry;
	uint8_t wire[NAME_WIRE_MAX];
	char host[NAME_TEXT_MAX];
	const char *why;
	char *folded = operators_fold(name);

	if (folded == NULL)
		return NULL;
	provider = wordmap_find(&operators->names, folded);
	if (provider != NULL)
		entry = &provider->entry;
	else if (name_parse_domain(folded, wire, &why) == 0)
		entry = operators_of_host(operators, name_format(wire, host));
	else
		entry = operators_of_host(operators, folded);
	free(folded);
	return entry;
}

const struct operators_as *operators_find_as(
	const struct operators *operators, uint32_t number)
{
	size_t low = 0;
	size_t high = operators->as_len;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (operators->as[middle].number < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < operators->as_len && operators->as[low].number == number
		? &operators->as[low]
		: NULL;
}

uint32_t operators_asn(const struct operators *operators, const struct endpoint *address)
{
	return operators->asn != NULL ? asn_of(operators->asn, address) : 0;
}

/* The /24 or /48 around an address, as it stands. */
static uint64_t prefix_of(const struct endpoint *address)
{
	bool six = address->family == AF_INET6;
	uint64_t prefix = 0;

	for (size_t i = 0; i < (six ? PREFIX_BYTES_6 : PREFIX_BYTES_4); i++)
		prefix = prefix << 8 | address->address[i];
	return prefix | NETWORK_PREFIX | (six ? NETWORK_SIX : 0);
}

uint64_t operators_network(
	const struct operators *operators, const struct endpoint *address)
{
	uint32_t number = operators_asn(operators, address);
	const struct operators_as *as;

	assert(address->family == AF_INET || address->family == AF_INET6);
	if (number == 0)
		return prefix_of(address);
	as = operators_find_as(operators, number);
	return as != NULL && as->hosting ? prefix_of(address) : number;
}

const struct operator_entry *operators_of_network(
	const struct operators *operators, const struct endpoint *address)
{
	uint32_t number = operators_asn(operators, address);
	const struct operators_as *as =
		number != 0 ? operators_find_as(operators, number) : NULL;

	return as != NULL && !as->hosting ? as->entry : NULL;
}

bool operators_distinct(const struct operator_entry *a, const struct operator_entry *b)
{
	return a != b && a->kind != OPERATOR_UNLISTED && b->kind != OPERATOR_UNLISTED;
}

size_t operators_listed(const struct operators *operators)
{
	return operators->listed;
}
