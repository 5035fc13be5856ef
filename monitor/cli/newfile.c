/* SPDX-License-Identifier: MIT */
#include "monitor/cli/newfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

int newfile_open(struct newfile *file, const char *path)
{
	int fd;

	*file = (struct newfile){.path = path};
	if (asprintf(&file->beside, "%s.%ld.part", path, (long)getpid()) < 0) {
		file->beside = NULL;
		return -ENOMEM;
	}
	fd = open(file->beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (fd < 0) {
		const int err = -errno;

		free(file->beside);
		return err;
	}
	file->out = fdopen(fd, "w");
	if (file->out == NULL) {
		close(fd);
		unlink(file->beside);
		free(file->beside);
		return -ENOMEM;
	}
	return 0;
}

int newfile_end(struct newfile *file, int err)
{
	if (err == 0 && (fflush(file->out) != 0 || fsync(fileno(file->out)) != 0))
		err = -errno;
	if (fclose(file->out) != 0 && err == 0)
		err = -errno;
	if (err == 0 && rename(file->beside, file->path) != 0)
		err = -errno;
	if (err != 0)
		unlink(file->beside);
	free(file->beside);
	*file = (struct newfile){0};
	return err;
}
