/* SPDX-License-Identifier: MIT */
/*
 * bench_channel — the channel against a bare sendmmsg/recvmmsg loop, in one run.
 *
 * usage: bench_channel [QUERIES [ROUNDS [WINDOW]]]
 *
 * Both ask the same responder, a forked process that answers every query with two MX records.
 * The bare loop has one socket, sends ready-made packets and counts what comes back: it is what
 * the machine can do. The channel draws ids and ports, keeps its table, and judges each reply.
 * Rounds alternate; processor time is that of the asking process alone.
 */
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "resolvers/channel.h"
#include "resolvers/wire.h"

#define BATCH 64
#define ROUNDS_MAX 15
#define BUFFER (8 * 1024 * 1024)
#define PATIENCE_MS 500 /* without a reply: what is missing is lost */

struct result {
	double seconds;
	double cpu_seconds;
	unsigned long replies;
	unsigned long lost;
};

static const char record[] = "\xc0\x0c\x00\x0f\x00\x01\x00\x00\x01\x2c\x00\x08\x00\x0a"
			     "\x03mx1\xc0\x0c"
			     "\xc0\x0c\x00\x0f\x00\x01\x00\x00\x01\x2c\x00\x08\x00\x14"
			     "\x03mx2\xc0\x0c";

static void die(const char *what)
{
	fprintf(stderr, "bench_channel: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double now_s(void)
{
	struct timespec ts;
	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static uint64_t now_ms(void)
{
	return (uint64_t)(now_s() * 1000);
}

static double cpu_s(void)
{
	struct rusage usage;
	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
		(double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static int udp_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int room = BUFFER;
	struct sockaddr_in any = {
		.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (fd < 0 || bind(fd, (const struct sockaddr *)&any, sizeof any) < 0)
		die("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room) < 0)
		(void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
	return fd;
}

struct batch {
	struct mmsghdr headers[BATCH];
	struct iovec iov[BATCH];
	struct sockaddr_in peers[BATCH];
	uint8_t bytes[BATCH][WIRE_UDP_SIZE];
};

static void aim(struct batch *batch, unsigned i, size_t len)
{
	batch->iov[i] = (struct iovec){.iov_base = batch->bytes[i], .iov_len = len};
	batch->headers[i].msg_hdr = (struct msghdr){
		.msg_name = &batch->peers[i],
		.msg_namelen = sizeof batch->peers[i],
		.msg_iov = &batch->iov[i],
		.msg_iovlen = 1,
	};
}

/* Header and question of the query, without its OPT, and the records behind. */
static size_t answer(uint8_t *bytes)
{
	size_t end = 12;
	while (bytes[end] != 0)
		end += bytes[end] + 1u;
	end += 5;
	bytes[2] |= 0x84;
	bytes[7] = 2;
	bytes[11] = 0;
	memcpy(bytes + end, record, sizeof record - 1);
	return end + sizeof record - 1;
}

static void respond(int fd)
{
	static struct batch batch;
	for (;;) {
		for (unsigned i = 0; i < BATCH; i++)
			aim(&batch, i, sizeof batch.bytes[i]);
		int got = recvmmsg(fd, batch.headers, BATCH, MSG_WAITFORONE, NULL);
		for (int i = 0; i < got; i++)
			aim(&batch, (unsigned)i, answer(batch.bytes[i]));
		for (int sent = 0; sent < got;) {
			int more = sendmmsg(
				fd, batch.headers + sent, (unsigned)(got - sent), 0);
			sent += more > 0 ? more : got;
		}
	}
}

static pid_t fork_responder(struct sockaddr_in *ret_address)
{
	int fd = udp_socket();
	socklen_t len = sizeof *ret_address;
	if (getsockname(fd, (struct sockaddr *)ret_address, &len) < 0)
		die("getsockname");
	pid_t pid = fork();
	if (pid < 0)
		die("fork");
	if (pid == 0)
		respond(fd);
	close(fd);
	return pid;
}

/* d000000.test to d099999.test */
static void name_of(unsigned long number, uint8_t ret_name[NAME_WIRE_MAX])
{
	memcpy(ret_name, "\7d000000\4test", 14);
	for (unsigned at = 7; at > 2; at--, number /= 10)
		ret_name[at] = (uint8_t)('0' + number % 10);
}

static unsigned send_bare(int fd, struct batch *batch, const struct sockaddr_in *to,
	unsigned long first, unsigned len)
{
	for (unsigned i = 0; i < len; i++) {
		uint8_t name[NAME_WIRE_MAX];
		name_of(first + i, name);
		aim(batch, i,
			wire_build_query(batch->bytes[i], (uint16_t)(first + i), name,
				WIRE_TYPE_MX, 0, true));
		batch->peers[i] = *to;
	}
	int sent = sendmmsg(fd, batch->headers, len, MSG_DONTWAIT);
	return sent > 0 ? (unsigned)sent : 0;
}

static unsigned receive_bare(int fd, struct batch *batch)
{
	for (unsigned i = 0; i < BATCH; i++)
		aim(batch, i, sizeof batch->bytes[i]);
	int got = recvmmsg(fd, batch->headers, BATCH, MSG_DONTWAIT, NULL);
	return got > 0 ? (unsigned)got : 0;
}

static struct result run_bare(
	const struct sockaddr_in *to, unsigned long queries, unsigned long window)
{
	static struct batch batch;
	struct result result = {0};
	int fd = udp_socket();
	unsigned long sent = 0;
	double start = now_s(), cpu = cpu_s();
	while (result.replies + result.lost < queries) {
		unsigned long flying = sent - result.replies - result.lost;
		while (sent < queries && flying < window) {
			unsigned long most = window - flying < queries - sent
				? window - flying
				: queries - sent;
			unsigned gone = send_bare(fd, &batch, to, sent,
				(unsigned)(most < BATCH ? most : BATCH));
			sent += gone;
			flying += gone;
		}
		struct pollfd wait = {.fd = fd, .events = POLLIN};
		if (poll(&wait, 1, PATIENCE_MS) == 0)
			result.lost += flying;
		else
			result.replies += receive_bare(fd, &batch);
	}
	result.seconds = now_s() - start;
	result.cpu_seconds = cpu_s() - cpu;
	close(fd);
	return result;
}

struct asker {
	struct channel *channel;
	struct endpoint server;
	unsigned long queries;
	unsigned long asked;
	struct result result;
	int fd;
};

static void on_want(void *owner, int fd, int events)
{
	struct asker *asker = owner;
	(void)events;
	asker->fd = fd;
}

static void on_done(void *owner, uint64_t cookie, const struct channel_reply *reply);

static bool ask_next(struct asker *asker, uint64_t now)
{
	uint8_t name[NAME_WIRE_MAX];
	if (asker->asked == asker->queries)
		return false;
	name_of(asker->asked, name);
	struct channel_query query = {
		.server = asker->server, .name = name, .type = WIRE_TYPE_MX};
	if (channel_ask(asker->channel, &query, now, on_done, asker, 0) < 0)
		return false;
	asker->asked++;
	return true;
}

static void on_done(void *owner, uint64_t cookie, const struct channel_reply *reply)
{
	struct asker *asker = owner;
	(void)cookie;
	if (reply->outcome == CHANNEL_REPLY)
		asker->result.replies++;
	else
		asker->result.lost++;
	(void)ask_next(asker, reply->at_mono_ms);
}

static struct result run_channel(
	const struct sockaddr_in *to, unsigned long queries, unsigned long window)
{
	struct asker asker = {.queries = queries};
	struct channel_options options = {.want = on_want,
		.owner = &asker,
		.outstanding = (unsigned)window + 1,
		.timeout_ms = PATIENCE_MS};
	if (endpoint_from_sockaddr((const struct sockaddr *)to, &asker.server) < 0 ||
		channel_create(&options, now_ms(), &asker.channel) < 0)
		die("channel");
	double start = now_s(), cpu = cpu_s();
	for (unsigned long i = 0; i < window; i++)
		(void)ask_next(&asker, now_ms());
	channel_flush(asker.channel, now_ms());
	while (channel_outstanding(asker.channel) > 0) {
		struct pollfd wait = {.fd = asker.fd, .events = POLLIN};
		if (poll(&wait, 1, 100) > 0)
			channel_ready(
				asker.channel, asker.fd, CHANNEL_READABLE, now_ms());
		if (channel_deadline(asker.channel) <= now_ms())
			channel_tick(asker.channel, now_ms());
	}
	asker.result.seconds = now_s() - start;
	asker.result.cpu_seconds = cpu_s() - cpu;
	channel_destroy(asker.channel);
	return asker.result;
}

static void show(const char *who, unsigned round, const struct result *result)
{
	unsigned long all = result->replies + result->lost;
	printf("%-8s round %u: %lu replies, %lu lost, %.3f s, %.0f queries/s, "
	       "%.2f CPU s per million\n",
		who, round, result->replies, result->lost, result->seconds,
		(double)result->replies / result->seconds,
		result->cpu_seconds * 1e6 / (double)all);
}

static int compare(const void *a, const void *b)
{
	const double *x = a, *y = b;
	return (*x > *y) - (*x < *y);
}

static double median(double *values, unsigned len)
{
	qsort(values, len, sizeof *values, compare);
	return values[len / 2];
}

int main(int argc, char **argv)
{
	unsigned long queries = argc > 1 ? strtoul(argv[1], NULL, 10) : 500000;
	unsigned long rounds = argc > 2 ? strtoul(argv[2], NULL, 10) : 5;
	unsigned long window = argc > 3 ? strtoul(argv[3], NULL, 10) : 1000;
	double speed[ROUNDS_MAX], cost[ROUNDS_MAX];
	if (queries == 0 || rounds == 0 || rounds > ROUNDS_MAX || window == 0) {
		fprintf(stderr, "usage: bench_channel [QUERIES [ROUNDS [WINDOW]]]\n");
		return 2;
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	struct sockaddr_in address;
	pid_t responder = fork_responder(&address);
	for (unsigned i = 0; i < rounds; i++) {
		struct result bare = run_bare(&address, queries, window);
		show("bare", i + 1, &bare);
		struct result ours = run_channel(&address, queries, window);
		show("channel", i + 1, &ours);
		speed[i] = ((double)ours.replies / ours.seconds) /
			((double)bare.replies / bare.seconds);
		cost[i] = ours.cpu_seconds / bare.cpu_seconds;
	}
	kill(responder, SIGKILL);
	waitpid(responder, NULL, 0);
	printf("median of %lu rounds, window %lu: channel/bare %.2f in queries/s, "
	       "%.2f in CPU per query\n",
		rounds, window, median(speed, (unsigned)rounds),
		median(cost, (unsigned)rounds));
	return 0;
}
