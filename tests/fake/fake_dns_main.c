/* SPDX-License-Identifier: MIT */
/*
 * fake_dns — the scripted name server as a program, for tests of whole programs.
 *
 * usage: fake_dns [-l] [-p PORT] [ADDRESS] [< SCRIPT]
 *
 * Listens on ADDRESS (127.0.0.1) and PORT (a free one), UDP and TCP. Its first line of output is
 * "ready ADDRESS PORT". It reads script lines (fake_dns.h) from standard input while it runs,
 * and besides them
 *
 *     log on|off      one line of output a query (-l: from the start):
 *                     "query MONO_MS udp|tcp ADDRESS PORT ID NAME TYPE"
 *     sync WORD       "synced WORD": what was said before has taken effect
 *     seen            "seen COUNT": queries so far
 *     quit
 *
 * Blank lines and lines that begin with '#' are skipped. A line it does not understand is answered
 * by "error WHY: LINE" and ends the program with 1. It ends at the end of its input, unless -k says
 * to serve on until it is killed.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "tests/fake/fake_dns.h"
#include "tests/fake/fake_rule.h"

#define LOOK_MS 5 /* between looks at what was asked */

static void print_query(const struct fake_query *query)
{
	char address[INET6_ADDRSTRLEN];
	char name[NAME_TEXT_MAX];
	char type[16];
	name_format(query->name, name);
	printf("query %lld %s %s %u %u %s %s\n", (long long)query->at_ms,
		query->tcp ? "tcp" : "udp",
		inet_ntop(
			query->from.family, query->from.address, address, sizeof address),
		query->from.port, query->id, name[0] == '\0' ? "." : name,
		fake_type_name(query->type, type));
}

static void print_new(struct fake_dns *fake, size_t *printed, bool log)
{
	struct fake_query query;
	for (; fake_dns_query(fake, *printed, &query); ++*printed)
		if (log)
			print_query(&query);
}

/* Returns 1 to go on, 0 to end well, -1 to end badly. */
static int obey(struct fake_dns *fake, const char *line, bool *log)
{
	const char *why = "no memory";
	if (line[0] == '\0' || line[0] == '#')
		return 1;
	if (strcmp(line, "quit") == 0)
		return 0;
	if (strcmp(line, "log on") == 0 || strcmp(line, "log off") == 0)
		*log = strcmp(line, "log on") == 0;
	else if (strncmp(line, "sync ", 5) == 0)
		printf("synced %s\n", line + 5);
	else if (strcmp(line, "seen") == 0)
		printf("seen %zu\n", fake_dns_seen(fake));
	else if (fake_dns_script(fake, line, &why) < 0) {
		printf("error %s: %s\n", why, line);
		return -1;
	}
	return 1;
}

static int run(struct fake_dns *fake, bool log, bool keep)
{
	char *line = NULL;
	size_t room = 0;
	size_t printed = 0;
	int go = 1;
	bool open = true;
	while (go > 0 && (open || keep)) {
		struct pollfd input = {.fd = open ? STDIN_FILENO : -1, .events = POLLIN};
		int ready = poll(&input, 1, LOOK_MS);
		print_new(fake, &printed, log);
		if (ready > 0) {
			ssize_t len = getline(&line, &room, stdin);
			open = len >= 0;
			if (open) {
				line[strcspn(line, "\n")] = '\0';
				go = obey(fake, line, &log);
			}
		}
		fflush(stdout);
	}
	print_new(fake, &printed, log);
	free(line);
	return go < 0 ? 1 : 0;
}

int main(int argc, char **argv)
{
	bool log = false;
	bool keep = false;
	uint16_t port = 0;
	for (int option; (option = getopt(argc, argv, "klp:")) != -1;) {
		if (option == 'p')
			port = (uint16_t)strtoul(optarg, NULL, 10);
		else if (option == 'l')
			log = true;
		else if (option == 'k')
			keep = true;
		else
			return 2;
	}
	const char *address = optind < argc ? argv[optind] : "127.0.0.1";
	struct fake_dns *fake;
	int error = fake_dns_start(address, port, &fake);
	if (error < 0) {
		fprintf(stderr, "fake_dns: %s: %s\n", address, strerror(-error));
		return 1;
	}
	setvbuf(stdin, NULL, _IONBF, 0); /* poll() must see what is unread */
	printf("ready %s %u\n", address, fake_dns_endpoint(fake).port);
	fflush(stdout);
	int status = run(fake, log, keep);
	fake_dns_stop(fake);
	return status;
}
