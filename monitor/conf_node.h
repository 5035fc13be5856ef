/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * conf_node — the nodes of a configuration file as libyaml keeps them. Private to conf_tree.c and
 * conf_check.c, which alone know libyaml.
 */
#include <yaml.h>

struct conf_error;

struct conf_tree {
	yaml_document_t document;
	char *file;
};

/* NULL in an empty file. */
yaml_node_t *conf_node_root(const struct conf_tree *tree);
yaml_node_t *conf_node_at(const struct conf_tree *tree, int index);
/* Of a scalar. */
const char *conf_node_text(const yaml_node_t *node);
/* Fills the error, for the place of mark; returns -EINVAL. */
int conf_node_blame(const struct conf_tree *tree, yaml_mark_t mark,
	struct conf_error *ret_error, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
