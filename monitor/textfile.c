/* SPDX-License-Identifier: MIT */
#include "monitor/textfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "resolvers/name.h"

#define FOUND_MAX 60

/* What a descriptor says about the file before a byte of it is read. */
static int check_kind(int fd, size_t max, size_t *ret_size)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (S_ISDIR(st.st_mode))
		return -EISDIR;
	if (!S_ISREG(st.st_mode))
		return -EINVAL;
	if ((uintmax_t)st.st_size > max)
		return -EFBIG;
	*ret_size = (size_t)st.st_size;
	return 0;
}

/* Reads up to size bytes: a file that is being cut meanwhile gives fewer. */
static int read_bytes(int fd, char *text, size_t size, size_t *ret_len)
{
	size_t len = 0;

	while (len < size) {
		ssize_t got = read(fd, text + len, size - len);

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0)
			return -errno;
		if (got == 0)
			break;
		len += (size_t)got;
	}
	*ret_len = len;
	return 0;
}

int textfile_read(const char *path, size_t max, char **ret_text, size_t *ret_len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *text = NULL;
	size_t size = 0;
	int err;

	if (fd < 0)
		return -errno;
	err = check_kind(fd, max, &size);
	if (err == 0 && (text = malloc(size + 1)) == NULL)
		err = -ENOMEM;
	if (err == 0)
		err = read_bytes(fd, text, size, ret_len);
	close(fd);
	if (err < 0) {
		free(text);
		return err;
	}
	*ret_text = text;
	return 0;
}

int textfile_refuse(struct textfile_error *error, const char *path, unsigned line,
	const char *found, size_t found_len, const char *expected)
{
	char *text = NULL;
	size_t len = 0;
	FILE *out = open_memstream(&text, &len);

	if (out == NULL)
		return -ENOMEM;
	fprintf(out, "%s:%u: found \"", path, line);
	name_escape(
		NAME_SINK_LOG, found, found_len < FOUND_MAX ? found_len : FOUND_MAX, out);
	fprintf(out, "\", expected %s", expected);
	if (fclose(out) != 0) {
		free(text);
		return -ENOMEM;
	}
	error->line = line;
	snprintf(error->text, sizeof error->text, "%s", text);
	free(text);
	return -EINVAL;
}

bool textfile_next_line(
	struct textfile_lines *lines, const char **ret_line, size_t *ret_len)
{
	const char *line = lines->next;
	const char *end;
	size_t len;

	if (line == lines->end)
		return false;
	end = memchr(line, '\n', (size_t)(lines->end - line));
	len = (size_t)((end != NULL ? end : lines->end) - line);
	lines->next = end != NULL ? end + 1 : lines->end;
	lines->number++;
	if (len > 0 && line[len - 1] == '\r')
		len--;
	*ret_line = line;
	*ret_len = len;
	return true;
}
