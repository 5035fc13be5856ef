/* SPDX-License-Identifier: MIT */
/* The input is a configuration file; what passes the check has to be one that libcyaml maps. */
#include <string.h>

#include "monitor/conf.h"
#include "monitor/conf_file.h"
#include "monitor/conf_tree.h"
#include "tests/fuzz/target.h"

static void check_blame(const struct conf_error *error)
{
	HOLDS(error->line > 0 && error->column > 0);
	HOLDS(strncmp(error->text, "f.yaml:", 7) == 0);
	HOLDS(memchr(error->text, '\0', sizeof error->text) != NULL);
	for (const char *c = error->text; *c != '\0'; c++)
		HOLDS((unsigned char)*c >= ' ' && *c != 0x7f);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct conf_error error = {0};
	struct conf_tree *tree;
	struct conf_file *file = NULL;
	char why[256] = "";

	if (size > 65536)
		return 0;
	if (conf_tree_parse("f.yaml", (const char *)data, size, &tree, &error) < 0) {
		check_blame(&error);
		return 0;
	}
	if (!conf_tree_is_empty(tree)) {
		if (conf_tree_check(tree, &conf_file_schema, &error) < 0)
			check_blame(&error);
		else
			HOLDS(conf_file_map((const char *)data, size, &file, why) == 0);
	}
	conf_file_free(file);
	conf_tree_free(tree);
	return 0;
}
