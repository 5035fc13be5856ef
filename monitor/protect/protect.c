/* SPDX-License-Identifier: MIT */
#include "monitor/protect/protect.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "monitor/conf.h"
#include "monitor/conf_file.h"
#include "monitor/log.h"
#include "monitor/news.h"
#include "monitor/operators.h"
#include "monitor/protect/acceptors.h"
#include "monitor/protect/protect_inside.h"
#include "monitor/protect/serve.h"
#include "monitor/protect/soften.h"
#include "resolvers/endpoint.h"
#include "resolvers/name.h"
#include "storage/instant.h"

#define RELOAD_COMMAND "postfix reload"
#define PORT 10045
#define SOON_MS 5 /* what comes together is looked at together */
#define SPACE_MS 200 /* between two looks */
#define MOST 500 /* domains of one look */
#define LISTEN_AGAIN_MS 10000

/* --- what holds --- */

static size_t find_place(const struct protect *protect, const uint8_t *domain)
{
	size_t low = 0;
	size_t high = protect->holds_len;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		if (name_compare(protect->holds[middle].domain, domain) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct hold *find(const struct protect *protect, const uint8_t *domain)
{
	const size_t at = find_place(protect, domain);
	return at < protect->holds_len && name_equal(protect->holds[at].domain, domain)
		? &protect->holds[at]
		: NULL;
}

static int insert(struct protect *protect, const struct hold *hold)
{
	if (protect->holds_len == protect->holds_room) {
		const size_t room = 2 * protect->holds_room + 16;
		struct hold *const list =
			reallocarray(protect->holds, room, sizeof *list);
		if (!list)
			return -ENOMEM;
		protect->holds = list;
		protect->holds_room = room;
	}
	const size_t at = find_place(protect, hold->domain);
	memmove(&protect->holds[at + 1], &protect->holds[at],
		(protect->holds_len - at) * sizeof *hold);
	protect->holds[at] = *hold;
	protect->holds_len++;
	return 0;
}

static void drop(struct protect *protect, struct hold *hold)
{
	const size_t at = (size_t)(hold - protect->holds);
	hold_finish(hold);
	protect->holds_len--;
	memmove(hold, hold + 1, (protect->holds_len - at) * sizeof *hold);
}

static void say_begin(const struct hold *hold)
{
	char name[NAME_TEXT_MAX];
	char until[INSTANT_TEXT_MAX];
	log_info("protect", "mail waits domain=%s incident=%s hosts=%zu until=%s",
		name_format(hold->domain, name), hold->id, hold->hosts_len,
		instant_format(hold->expires_at, until));
}

static void say_end(const struct hold *hold, int64_t now)
{
	char name[NAME_TEXT_MAX];
	log_info("protect", "mail goes again domain=%s incident=%s reason=%s",
		name_format(hold->domain, name), hold->id,
		hold->lift_at != 0 && now >= hold->lift_at ? "returned"
			: now >= hold->expires_at          ? "expired"
							   : "closed");
}

/* Takes the fresh hold where holds is set. */
static int exchange(struct protect *protect, const uint8_t *domain, struct hold *fresh,
	bool holds, int64_t now)
{
	struct hold *const known = find(protect, domain);
	if (!known && !holds)
		return 0;
	if (!known) {
		protect->changed = true;
		say_begin(fresh);
		return insert(protect, fresh);
	}
	if (holds) {
		protect->changed |= !hold_is_alike(known, fresh);
		protect->changed |= hold_until(known) != hold_until(fresh);
		hold_finish(known);
		*known = *fresh;
		return 0;
	}
	say_end(known, now);
	drop(protect, known);
	protect->changed = true;
	return 0;
}

static void look_at(struct protect *protect, const uint8_t *domain, int64_t now)
{
	struct hold fresh;
	bool holds;
	int error = gather_domain(&protect->gather, domain, now, &fresh, &holds);
	if (error == 0) {
		error = exchange(protect, domain, &fresh, holds, now);
		if (error != 0)
			hold_finish(&fresh);
	}
	if (error != 0 && !protect->troubled)
		log_err("protect", "cannot tell whether mail is to wait error=%s",
			strerror(-error));
	protect->troubled = error != 0;
}

/* --- what is to be looked at --- */

static void arm(struct protect *protect)
{
	const uint64_t since = uv_now(protect->options.loop) - protect->looked_mono_ms;
	if (uv_is_active((const uv_handle_t *)&protect->timer))
		return;
	uv_timer_start(&protect->timer, protect_on_timer,
		since + SOON_MS < SPACE_MS ? SPACE_MS - since : SOON_MS, 0);
}

static void touch(struct protect *protect, const uint8_t *domain)
{
	if (protect->touched_len == protect->touched_room) {
		const size_t room = 2 * protect->touched_room + 64;
		protect_name *const list =
			reallocarray(protect->touched, room, sizeof *list);
		if (!list)
			return; /* a later word of it, or the tick, brings it up again */
		protect->touched = list;
		protect->touched_room = room;
	}
	memcpy(protect->touched[protect->touched_len++], domain, name_length(domain));
	arm(protect);
}

static int compare_names(const void *a, const void *b)
{
	return name_compare(a, b);
}

/* The last of the list, and whatever is equal to it. */
static void look_at_last(struct protect *protect, int64_t now)
{
	protect_name domain;
	memcpy(domain, protect->touched[--protect->touched_len], sizeof domain);
	while (protect->touched_len > 0 &&
		name_equal(protect->touched[protect->touched_len - 1], domain))
		protect->touched_len--;
	look_at(protect, domain, now);
}

static int publish_table(struct protect *protect)
{
	size_t len = 0;
	for (size_t i = 0; i < protect->holds_len; i++)
		len += protect->holds[i].hosts_len;
	struct soften_entry *const entries = calloc(len + 1, sizeof *entries);
	char(*const names)[NAME_TEXT_MAX] = calloc(protect->holds_len + 1, sizeof *names);
	struct soften *table = NULL;
	int error = entries && names ? 0 : -ENOMEM;
	len = 0;
	for (size_t i = 0; error == 0 && i < protect->holds_len; i++) {
		const struct hold *const hold = &protect->holds[i];
		name_format(hold->domain, names[i]);
		for (size_t k = 0; k < hold->hosts_len; k++)
			entries[len++] = (struct soften_entry){hold->hosts[k].name,
				names[i], hold_until(hold), hold->hosts[k].alone};
	}
	if (error == 0)
		error = soften_create(entries, len, &table);
	free(entries);
	free(names);
	if (error == 0)
		serve_set(protect->serve, table);
	return error;
}

static void publish(struct protect *protect)
{
	protect->changed = false;
	if (protect->serve && publish_table(protect) != 0) {
		log_err("protect",
			"out of memory: the socketmap server answers by what "
			"held before");
		protect->changed = true;
	}
	protect_write(protect);
	protect_suspend(protect);
}

void protect_on_timer(uv_timer_t *timer)
{
	struct protect *const protect = timer->data;
	const int64_t now = protect->options.now(protect->options.owner);
	protect->looked_mono_ms = uv_now(timer->loop);
	if (protect->touched_len > 0)
		qsort(protect->touched, protect->touched_len, sizeof *protect->touched,
			compare_names);
	for (size_t done = 0; done < MOST && protect->touched_len > 0; done++)
		look_at_last(protect, now);
	if (protect->changed)
		publish(protect);
	if (protect->touched_len > 0)
		arm(protect);
}

static int on_domain(void *owner, const uint8_t *domain)
{
	touch(owner, domain);
	return 0;
}

void protect_incident(struct protect *protect, const uint8_t *domain)
{
	if (protect && domain)
		touch(protect, domain);
}

void protect_news(struct protect *protect, const struct news *news)
{
	if (!protect || !news->domain || protect->holds_len == 0)
		return;
	switch (news->kind) {
	case NEWS_SPAN:
	case NEWS_CHANGE:
	case NEWS_REJOIN:
	case NEWS_RECOVERY:
	case NEWS_GAP_OPEN:
		if (find(protect, news->domain))
			touch(protect, news->domain);
		break;
	case NEWS_SUSPICION:
	case NEWS_GAP_CLOSE:
	case NEWS_GAP_ADD:
	case NEWS_FAILURE:
	case NEWS_BUCKET:
	case NEWS_PULSES:
	case NEWS_TOUCH:
	case NEWS_DONE:
	case NEWS_FLUSHED:
		break;
	}
}

/* --- the server --- */

static void listen_on(struct protect *protect, int64_t now)
{
	const struct conf_file_protect *const section =
		protect->options.conf->file->protect;
	struct endpoint endpoint;
	if (!section->postfix_status || protect->serve ||
		endpoint_parse(section->postfix_status, PORT, &endpoint) != 0)
		return;
	const int error = serve_create(&endpoint, &protect->serve);
	protect->listen_at = now + LISTEN_AGAIN_MS;
	if (error == 0) {
		log_info("protect", "answering Postfix address=%s",
			section->postfix_status);
		protect->changed = true;
		arm(protect);
	} else if (!protect->deaf) {
		log_err("protect", "cannot listen, will try again address=%s error=%s",
			log_quote(section->postfix_status), strerror(-error));
	}
	protect->deaf = error != 0;
}

void protect_tick(struct protect *protect, int64_t now)
{
	if (!protect)
		return;
	const bool all = now - protect->looked_at >= ACCEPTORS_FRESH_MS;
	for (size_t i = 0; i < protect->holds_len; i++)
		if (all || now >= hold_until(&protect->holds[i]))
			touch(protect, protect->holds[i].domain);
	if (all)
		protect->looked_at = now;
	if (now >= protect->listen_at)
		listen_on(protect, now);
	if (protect->changed)
		arm(protect);
	protect_write_again(protect, now);
	protect_suspend_again(protect, now);
}

json_t *protect_describe(struct protect *protect)
{
	if (!protect)
		return NULL;
	struct serve_counts counts = {0};
	if (protect->serve)
		counts = serve_counts(protect->serve);
	json_t *const listening = protect->options.conf->file->protect->postfix_status
		? json_boolean(protect->serve != NULL)
		: json_null();
	return json_pack("{s:I, s:o, s:I, s:I, s:I, s:I}", "holds",
		(json_int_t)protect->holds_len, "listening", listening, "clients",
		(json_int_t)counts.clients, "asked", (json_int_t)counts.asked, "softened",
		(json_int_t)counts.softened, "cut_off", (json_int_t)counts.cut_off);
}

/* --- beginning and end --- */

const char *protect_reload_command(const struct conf *conf)
{
	const char *const given = conf->file && conf->file->protect
		? conf->file->protect->reload_command
		: NULL;
	if (geteuid() == 0)
		return given ? given : RELOAD_COMMAND;
	return given && strcmp(given, RELOAD_COMMAND) != 0 ? given : NULL;
}

static void free_protect(struct protect *protect)
{
	for (size_t i = 0; i < protect->holds_len; i++)
		hold_finish(&protect->holds[i]);
	free(protect->holds);
	free(protect->touched);
	acceptors_destroy(protect->acceptors);
	operators_destroy(protect->operators);
	free(protect);
}

static int load_operators(struct protect *protect)
{
	const struct conf_file *const file = protect->options.conf->file;
	struct operators_error error;
	int code =
		operators_create(file->operators_file, NULL, &protect->operators, &error);
	if (code != 0 && code != -ENOMEM) /* the casebook has said so */
		code = operators_create(NULL, NULL, &protect->operators, &error);
	return code;
}

static int load(struct protect *protect, int64_t now)
{
	const struct conf *const conf = protect->options.conf;
	int error = load_operators(protect);
	if (error == 0)
		error = acceptors_create(protect->operators, &protect->acceptors);
	if (error != 0)
		return error;
	protect->gather = (struct gather){
		.store = protect->options.store,
		.operators = protect->operators,
		.acceptors = protect->acceptors,
		.mta = gather_mta_view(conf),
		.options = gather_options(conf),
	};
	protect->changed = true; /* the file is to be there, and to say what is true */
	if (!protect->gather.mta)
		log_warn("protect",
			"no view is the mail server's own: mail waits until "
			"all views are back");
	return gather_each_domain(&protect->gather, now, on_domain, protect);
}

int protect_create(const struct protect_options *options, struct protect **ret_protect)
{
	*ret_protect = NULL;
	if (!options->conf->file || !options->conf->file->protect)
		return 0;
	struct protect *const protect = calloc(1, sizeof *protect);
	if (!protect)
		return -ENOMEM;
	const int64_t now = options->now(options->owner);
	protect->options = *options;
	protect->looked_at = now;
	protect->timer.data = protect;
	int error = uv_timer_init(options->loop, &protect->timer);
	if (error != 0) {
		free(protect);
		return error;
	}
	error = load(protect, now);
	if (error != 0)
		log_err("protect", "cannot tell whether mail is to wait error=%s",
			strerror(-error));
	if (!protect->acceptors) {
		protect_destroy(protect, options->conf);
		return error;
	}
	listen_on(protect, now);
	arm(protect);
	*ret_protect = protect;
	return 0;
}

void protect_free_if_done(struct protect *protect)
{
	if (protect->closed && !protect->writing && !protect->suspending)
		free_protect(protect);
}

static void on_closed(uv_handle_t *handle)
{
	struct protect *const protect = handle->data;
	protect->closed = true;
	protect_free_if_done(protect);
}

void protect_destroy(struct protect *protect, const struct conf *next)
{
	if (!protect)
		return;
	serve_destroy(protect->serve);
	protect->serve = NULL;
	protect_release(protect, next);
	protect_resume(protect, next);
	uv_close((uv_handle_t *)&protect->timer, on_closed);
}
