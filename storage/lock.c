/* SPDX-License-Identifier: MIT */
#include "storage/lock.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int64_t read_pid(int fd)
{
	char text[32];
	ssize_t len = pread(fd, text, sizeof text - 1, 0);
	if (len <= 0)
		return 0;
	text[len] = '\0';
	long long pid = strtoll(text, NULL, 10);
	return pid > 0 ? pid : 0;
}

static int open_file(const char *store_path, int flags)
{
	char *path;
	if (asprintf(&path, "%s.lock", store_path) < 0)
		return -ENOMEM;
	int fd = open(path, flags | O_CLOEXEC | O_NOFOLLOW, 0644);
	int error = errno;
	free(path);
	return fd >= 0 ? fd : -error;
}

static int write_pid(int fd)
{
	char text[32];
	int len = snprintf(text, sizeof text, "%lld\n", (long long)getpid());
	if (ftruncate(fd, 0) < 0)
		return -errno;
	ssize_t written = pwrite(fd, text, (size_t)len, 0);
	if (written < 0)
		return -errno;
	return written == len ? 0 : -ENOSPC;
}

int lock_take(const char *store_path, int64_t *ret_pid)
{
	int fd = open_file(store_path, O_RDWR | O_CREAT);
	if (fd < 0)
		return fd;
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	int error = 0;
	if (fcntl(fd, F_OFD_SETLK, &lock) < 0)
		error = errno == EAGAIN || errno == EACCES ? -EBUSY : -errno;
	if (error == -EBUSY)
		*ret_pid = read_pid(fd);
	if (error == 0)
		error = write_pid(fd);
	if (error == 0)
		return fd;
	close(fd);
	return error;
}

bool lock_is_held(const char *store_path, int64_t *ret_pid)
{
	int fd = open_file(store_path, O_RDONLY);
	if (fd < 0)
		return false;
	struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
	bool held = fcntl(fd, F_OFD_GETLK, &lock) == 0 && lock.l_type != F_UNLCK;
	if (held && ret_pid != NULL)
		*ret_pid = read_pid(fd);
	close(fd);
	return held;
}
