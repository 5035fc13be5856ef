/* SPDX-License-Identifier: MIT */
#include "tests/fake/fake_dns.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "tests/fake/fake_server.h"

static void wake(struct fake_dns *fake)
{
	uint64_t one = 1;
	ssize_t written = write(fake->wake, &one, sizeof one);
	(void)written;
}

int fake_dns_start(const char *address, uint16_t port, struct fake_dns **ret_fake)
{
	struct fake_dns *fake = calloc(1, sizeof *fake);
	if (fake == NULL)
		return -ENOMEM;
	int error = endpoint_parse(address, port, &fake->address);
	fake->address.port = port;
	if (error == 0)
		error = fake_server_open(fake);
	if (error < 0) {
		free(fake);
		return error;
	}
	for (size_t i = 0; i < FAKE_CONNECTIONS; i++)
		fake->connections[i].fd = -1;
	fake->want_udp = fake->want_tcp = true;
	fake->wake = eventfd(0, EFD_CLOEXEC);
	pthread_condattr_t attributes;
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&fake->changed, &attributes);
	pthread_condattr_destroy(&attributes);
	pthread_mutex_init(&fake->lock, NULL);
	error = -pthread_create(&fake->thread, NULL, fake_server_run, fake);
	if (error < 0) {
		free(fake);
		return error;
	}
	*ret_fake = fake;
	return 0;
}

static void clear_rules(struct fake_dns *fake)
{
	struct fake_rule *rule;
	while ((rule = fake->rules) != NULL) {
		fake->rules = rule->next;
		fake_rule_release(rule);
	}
}

void fake_dns_stop(struct fake_dns *fake)
{
	if (fake == NULL)
		return;
	pthread_mutex_lock(&fake->lock);
	fake->stopping = true;
	pthread_mutex_unlock(&fake->lock);
	wake(fake);
	pthread_join(fake->thread, NULL);
	fake_server_close(fake);
	clear_rules(fake);
	close(fake->wake);
	pthread_cond_destroy(&fake->changed);
	pthread_mutex_destroy(&fake->lock);
	free(fake->seen);
	free(fake);
}

struct endpoint fake_dns_endpoint(const struct fake_dns *fake)
{
	return fake->address;
}

static int apply(struct fake_dns *fake, const char *line, const char **ret_why)
{
	static const struct {
		const char *line;
		bool udp;
		bool want;
	} switches[] = {{"udp on", true, true}, {"udp off", true, false},
		{"tcp on", false, true}, {"tcp off", false, false}};
	for (size_t i = 0; i < sizeof switches / sizeof *switches; i++) {
		if (strcmp(line, switches[i].line) == 0) {
			*(switches[i].udp ? &fake->want_udp : &fake->want_tcp) =
				switches[i].want;
			return 0;
		}
	}
	if (strcmp(line, "clear") == 0) {
		clear_rules(fake);
		return 0;
	}
	if (strncmp(line, "rule ", 5) != 0) {
		*ret_why = "an unknown command";
		return -EINVAL;
	}
	struct fake_rule *rule;
	int error = fake_rule_parse(line + 5, &rule, ret_why);
	if (error < 0)
		return error;
	rule->next = fake->rules;
	fake->rules = rule;
	return 0;
}

int fake_dns_script(struct fake_dns *fake, const char *line, const char **ret_why)
{
	pthread_mutex_lock(&fake->lock);
	int error = apply(fake, line, ret_why);
	unsigned wish = ++fake->wishes;
	wake(fake);
	while ((int)(fake->granted - wish) < 0)
		pthread_cond_wait(&fake->changed, &fake->lock);
	pthread_mutex_unlock(&fake->lock);
	return error;
}

size_t fake_dns_seen(struct fake_dns *fake)
{
	pthread_mutex_lock(&fake->lock);
	size_t seen = fake->seen_len;
	pthread_mutex_unlock(&fake->lock);
	return seen;
}

bool fake_dns_wait(struct fake_dns *fake, size_t seen, int timeout_ms)
{
	struct timespec until;
	clock_gettime(CLOCK_MONOTONIC, &until);
	until.tv_sec += timeout_ms / 1000;
	until.tv_nsec += (long)(timeout_ms % 1000) * 1000000;
	if (until.tv_nsec >= 1000000000) {
		until.tv_sec++;
		until.tv_nsec -= 1000000000;
	}
	int error = 0;
	pthread_mutex_lock(&fake->lock);
	while (fake->seen_len < seen && error == 0)
		error = pthread_cond_timedwait(&fake->changed, &fake->lock, &until);
	bool reached = fake->seen_len >= seen;
	pthread_mutex_unlock(&fake->lock);
	return reached;
}

bool fake_dns_query(struct fake_dns *fake, size_t index, struct fake_query *ret_query)
{
	pthread_mutex_lock(&fake->lock);
	bool there = index < fake->seen_len;
	if (there)
		*ret_query = fake->seen[index];
	pthread_mutex_unlock(&fake->lock);
	return there;
}

size_t fake_dns_count(struct fake_dns *fake, const char *name, uint16_t type)
{
	uint8_t wanted[NAME_WIRE_MAX];
	if (name_parse(name, wanted) < 0)
		return 0;
	size_t count = 0;
	pthread_mutex_lock(&fake->lock);
	for (size_t i = 0; i < fake->seen_len; i++)
		if (fake->seen[i].type == type && name_equal(fake->seen[i].name, wanted))
			count++;
	pthread_mutex_unlock(&fake->lock);
	return count;
}
