/* SPDX-License-Identifier: MIT */
/* Stands in for libFuzzer: gives every file of a directory to the fuzz target, speaking TAP.
 * usage: fuzz_TARGET DIRECTORY */
#include <dirent.h>
#include <err.h>
#include <stdio.h>
#include <stdlib.h>

#include "tests/fuzz/target.h"

#define FILE_MAX (1 << 20)

static int is_seed(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

static void replay(const char *directory, const char *name)
{
	char *path;
	if (asprintf(&path, "%s/%s", directory, name) < 0)
		err(1, "asprintf");
	FILE *file = fopen(path, "rb");
	uint8_t *bytes = malloc(FILE_MAX);
	if (file == NULL || bytes == NULL)
		err(1, "%s", path);
	size_t len = fread(bytes, 1, FILE_MAX, file);
	if (ferror(file))
		err(1, "%s", path);
	fclose(file);

	/* Exactly as large as the input, so that sanitizers and valgrind see its end. */
	uint8_t *input = malloc(len > 0 ? len : 1);
	if (input == NULL)
		err(1, "malloc");
	for (size_t i = 0; i < len; i++)
		input[i] = bytes[i];
	free(bytes);
	LLVMFuzzerTestOneInput(input, len);
	free(input);
	free(path);
}

int main(int argc, char **argv)
{
	struct dirent **seeds;

	if (argc != 2)
		errx(2, "usage: %s DIRECTORY", argv[0]);
	int len = scandir(argv[1], &seeds, is_seed, alphasort);
	if (len < 0)
		err(1, "%s", argv[1]);
	if (len == 0)
		errx(1, "%s: no seeds", argv[1]);
	printf("1..%d\n", len);
	for (int i = 0; i < len; i++) {
		replay(argv[1], seeds[i]->d_name);
		printf("ok %d - %s\n", i + 1, seeds[i]->d_name);
		free(seeds[i]);
	}
	free(seeds);
	return 0;
}
