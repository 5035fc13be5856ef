/* SPDX-License-Identifier: MIT */
#include "tests/fake/network.h"

#include <errno.h>
#include <sys/socket.h>

static unsigned to_fail;
static int with_error;
static unsigned calls_made;

/* The names are the linker's. */
int __real_sendmmsg(int fd, struct mmsghdr *messages, unsigned len, int flags);
int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned len, int flags);

void network_fail_sends(unsigned calls, int error)
{
	to_fail = calls;
	with_error = error;
	calls_made = 0;
}

unsigned network_sends(void)
{
	return calls_made;
}

int __wrap_sendmmsg(int fd, struct mmsghdr *messages, unsigned len, int flags)
{
	calls_made++;
	if (to_fail > 0) {
		to_fail--;
		errno = with_error;
		return -1;
	}
	return __real_sendmmsg(fd, messages, len, flags);
}
