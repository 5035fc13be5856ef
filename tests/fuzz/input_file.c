/* SPDX-License-Identifier: MIT */
#include "tests/fuzz/input_file.h"

#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "resolvers/utf8.h"
#include "tests/fuzz/target.h"

const char *input_file(const uint8_t *data, size_t size)
{
	static int fd = -1;
	static char path[64];

	if (fd < 0) {
		fd = memfd_create("input", MFD_CLOEXEC);
		snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
	}
	HOLDS(fd >= 0 && ftruncate(fd, 0) == 0);
	HOLDS(pwrite(fd, data, size, 0) == (ssize_t)size);
	return path;
}

void input_file_check_error(const char *path, const char *text)
{
	size_t len = strlen(text);

	HOLDS(strncmp(text, path, strlen(path)) == 0 && text[strlen(path)] == ':');
	for (size_t i = 0, taken; i < len; i += taken) {
		uint32_t character;

		taken = utf8_decode((const uint8_t *)text + i, len - i, &character);
		HOLDS(taken > 0 && !utf8_is_control(character));
	}
}
