/* SPDX-License-Identifier: MIT */
/* Routes as the configuration has them. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alerts/channel.h"
#include "monitor/conf.h"
#include "monitor/conf_file.h"
#include "monitor/herald_inside.h"
#include "resolvers/name.h"
#include "storage/instant.h"

static void drop_texts(const char *const *texts, size_t len)
{
	for (size_t i = 0; i < len; i++)
		free((char *)(uintptr_t)texts[i]);
	free((void *)(uintptr_t)texts);
}

static void drop_routes(struct policy_route *routes, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		drop_texts(routes[i].domains, routes[i].domains_len);
		free((void *)(uintptr_t)routes[i].channels);
	}
	free(routes);
}

void herald_drop_routes(struct herald *herald)
{
	drop_routes(herald->routes, herald->routes_len);
	herald->routes = NULL;
	herald->routes_len = 0;
}

static uint32_t kinds_of(const struct conf_file_route *route)
{
	uint32_t kinds = 0;
	for (unsigned i = 0; i < route->kinds_count; i++)
		kinds |= UINT32_C(1) << route->kinds[i];
	return kinds;
}

/* Domains as incidents have them: lower-case A-labels. They were checked as the file was read. */
static int copy_domains(const struct conf_file_route *from, struct policy_route *route)
{
	char **domains = calloc(from->domains_count + 1, sizeof *domains);
	if (!domains)
		return -ENOMEM;
	route->domains = (const char *const *)domains;
	for (unsigned i = 0; i < from->domains_count; i++) {
		uint8_t name[NAME_WIRE_MAX];
		char text[NAME_TEXT_MAX];
		const char *why;
		const int code = name_parse_domain(from->domains[i], name, &why);
		if (code == -ENOMEM)
			return code;
		if (code != 0)
			continue;
		domains[route->domains_len] = strdup(name_format(name, text));
		if (!domains[route->domains_len])
			return -ENOMEM;
		route->domains_len++;
	}
	return 0;
}

static int copy_channels(const struct herald *herald, const struct conf_file_route *from,
	struct policy_route *route)
{
	size_t *channels = calloc(from->channels_count + 1, sizeof *channels);
	if (!channels)
		return -ENOMEM;
	route->channels = channels;
	for (unsigned i = 0; i < from->channels_count; i++) {
		const size_t channel = herald_channel(herald, from->channels[i]);
		if (channel != POLICY_NONE)
			channels[route->channels_len++] = channel;
	}
	return 0;
}

static int64_t duration_of(const char *text, int64_t usual_ms)
{
	int64_t ms = usual_ms;
	return text && duration_parse(text, &ms) == 0 ? ms : usual_ms;
}

static int copy_route(const struct herald *herald, const struct conf_file_route *from,
	struct policy_route *route)
{
	*route = (struct policy_route){
		.name = from->name,
		.min_severity = from->min_severity
			? (enum incident_severity) * from->min_severity
			: SEVERITY_WARNING,
		.kinds = kinds_of(from),
		.tags = (const char *const *)from->tags,
		.tags_len = from->tags_count,
		.fallback = from->fallback ? herald_channel(herald, from->fallback)
					   : POLICY_NONE,
		.group_wait_ms = duration_of(from->group_wait, POLICY_GROUP_WAIT_MS),
		.repeat_ms = duration_of(from->repeat, POLICY_REPEAT_MS),
	};
	const int code = copy_domains(from, route);
	return code == 0 ? copy_channels(herald, from, route) : code;
}

/* Channels of no route (a fallback, or one of a route that has left) wait as usual. */
static void set_waits(struct herald *herald)
{
	for (size_t i = 0; i < herald->channels_len; i++) {
		struct herald_channel *const channel = &herald->channels[i];
		channel->group_wait_ms = -1;
		channel->repeat_ms = 0;
	}
	for (size_t i = 0; i < herald->routes_len; i++) {
		const struct policy_route *const route = &herald->routes[i];
		for (size_t k = 0; k < route->channels_len; k++) {
			struct herald_channel *const channel =
				&herald->channels[route->channels[k]];
			if (channel->group_wait_ms < 0 ||
				route->group_wait_ms < channel->group_wait_ms)
				channel->group_wait_ms = route->group_wait_ms;
			if (channel->repeat_ms == 0 ||
				(route->repeat_ms > 0 &&
					route->repeat_ms < channel->repeat_ms))
				channel->repeat_ms = route->repeat_ms;
		}
	}
	for (size_t i = 0; i < herald->channels_len; i++)
		if (herald->channels[i].group_wait_ms < 0)
			herald->channels[i].group_wait_ms = POLICY_GROUP_WAIT_MS;
}

int herald_load_routes(struct herald *herald, const struct conf *conf)
{
	const struct conf_file *const file = conf->file;
	const size_t len = file ? file->routes_count : 0;
	struct policy_route *routes = calloc(len + 1, sizeof *routes);
	if (!routes)
		return -ENOMEM;
	for (size_t i = 0; i < len; i++) {
		const int code = copy_route(herald, &file->routes[i], &routes[i]);
		if (code != 0) {
			drop_routes(routes, len);
			return code;
		}
	}
	herald_drop_routes(herald);
	herald->routes = routes;
	herald->routes_len = len;
	herald->self_channel = POLICY_NONE;
	if (file && file->self_check && file->self_check->channel)
		herald->self_channel = herald_channel(herald, file->self_check->channel);
	set_waits(herald);
	return 0;
}
