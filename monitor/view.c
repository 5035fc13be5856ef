/* SPDX-License-Identifier: MIT */
/*
 * view — what the kinds of views have in common for those who ask: their servers, and what of a
 * reply counts.
 */
#include "monitor/poller_inside.h"

bool target_is_address(const struct poller *poller, const struct target *target)
{
	return record_type_is_address(target_group(poller, target)->rrtype);
}

void view_find(struct poller *poller, uint32_t index, bool fresh, servers_done_fn done,
	void *owner, uint64_t cookie)
{
	const struct target *const target = &poller->targets[index];
	const struct view *const view = target_view(poller, target);
	struct servers_found found = {.state = ANSWER_NETWORK};
	if (view->servers) {
		if (servers_find(view->servers, target_name(poller, target), fresh,
			    poller->now, done, owner, cookie) == 0)
			return;
	} else if (view->set->len > 0) {
		found.known = true;
		found.set = view->set;
	}
	done(owner, cookie, &found);
}

static void on_walked(void *owner, uint64_t cookie, const struct servers_found *found)
{
	(void)owner;
	(void)cookie;
	(void)found; /* the cache has it now */
}

void view_walk_again(struct poller *poller, uint32_t index)
{
	const struct target *const target = &poller->targets[index];
	const uint8_t *const name = target_name(poller, target);
	const bool everywhere = !target_is_address(poller, target);
	for (size_t i = 0; i < poller->views_len; i++) {
		struct servers *const servers = poller->views[i].servers;
		if (servers && (everywhere || i == target_group(poller, target)->view) &&
			servers_find(servers, name, true, poller->now, on_walked, poller,
				0) != 0)
			return; /* no memory: the cache ends by itself */
	}
}

void view_read(const struct poller *poller, uint32_t index, const uint8_t *name,
	const struct channel_reply *reply, struct wire_summary *ret_summary)
{
	const struct target *const target = &poller->targets[index];
	*ret_summary = (struct wire_summary){.state = ANSWER_TIMEOUT};
	if (reply->outcome != CHANNEL_REPLY) {
		if (reply->outcome == CHANNEL_NETWORK)
			ret_summary->state = ANSWER_NETWORK;
		return;
	}
	wire_summarise(reply->msg, reply->len, name, target_group(poller, target)->rrtype,
		&poller->key, ret_summary);
	if (!answer_state_is_usable(ret_summary->state))
		return;
	const bool recursive =
		target_view(poller, target)->conf->kind == CONF_VIEW_RECURSIVE;
	if (ret_summary->flags & WIRE_AA || (recursive && ret_summary->flags & WIRE_RA))
		return;
	ret_summary->state = ANSWER_REFUSED;
	ret_summary->why = "not authoritative for the domain";
}

bool view_wants_other_way(const struct channel_reply *reply, bool *tcp, bool *plain)
{
	enum {
		RCODE = 15,
		FORMERR = 1
	};
	struct wire_head head;
	if (reply->outcome != CHANNEL_REPLY ||
		!wire_read_head(reply->msg, reply->len, &head))
		return false;
	const bool cut = head.flags & WIRE_TC && !*tcp;
	const bool puzzled = (head.flags & RCODE) == FORMERR && !*plain;
	*tcp = *tcp || cut;
	*plain = *plain || puzzled;
	return cut || puzzled;
}

bool view_wants_chase(const struct view *view, const struct wire_summary *summary)
{
	return view->servers && summary->alias_only &&
		answer_state_is_usable(summary->state);
}

uint32_t view_span_ttl(const struct wire_summary *summary)
{
	const bool has_set =
		summary->state == ANSWER_MX || summary->state == ANSWER_NULL_MX;
	return has_set ? summary->ttl_min : UINT32_MAX;
}

unsigned view_span_flags(const struct view *view, const struct wire_summary *summary)
{
	unsigned flags = 0;
	if (summary->flags & WIRE_AD && view->conf->trusted)
		flags |= SPAN_AUTHENTICATED;
	if (summary->beside_null)
		flags |= SPAN_BESIDE_NULL;
	return flags;
}
