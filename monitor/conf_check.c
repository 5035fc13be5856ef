/* SPDX-License-Identifier: MIT */
/* The walk of the schema over the tree. */
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include <cyaml/cyaml.h>

#include "monitor/conf_node.h"
#include "monitor/conf_tree.h"
#include "monitor/nearest.h"

#define PATH_BYTES 160
#define KEYS_MAX 32 /* of one mapping of the schema */

struct walk {
	const struct conf_tree *tree;
	struct conf_error *error;
	char path[PATH_BYTES]; /* of the present node, "" at the top */
};

static int check_node(
	struct walk *walk, yaml_node_t *node, const struct cyaml_schema_value *schema);

static const char *where(const struct walk *walk)
{
	return walk->path[0] == '\0' ? "the file" : walk->path;
}

static int blame_type(
	const struct walk *walk, const yaml_node_t *node, const char *expected)
{
	char quoted[CONF_QUOTED_MAX] = "a list";

	if (node->type == YAML_MAPPING_NODE)
		snprintf(quoted, sizeof quoted, "a mapping");
	else if (node->type == YAML_SCALAR_NODE && node->data.scalar.length == 0)
		snprintf(quoted, sizeof quoted, "nothing");
	else if (node->type == YAML_SCALAR_NODE)
		conf_quote(conf_node_text(node), node->data.scalar.length, quoted);
	return conf_node_blame(walk->tree, node->start_mark, walk->error,
		"%s: found %s, expected %s", where(walk), quoted, expected);
}

/* Plain "", "~" and "null" are YAML's nothing. */
static bool is_null(const yaml_node_t *node)
{
	return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
		(node->data.scalar.length == 0 ||
			strcmp(conf_node_text(node), "~") == 0 ||
			strcasecmp(conf_node_text(node), "null") == 0);
}

static int check_number(const struct walk *walk, const yaml_node_t *node)
{
	const char *text = conf_node_text(node);
	size_t len = node->data.scalar.length;

	/* up to nine digits, no sign, no octal */
	if (len == 0 || len > 9 || strspn(text, "0123456789") != len ||
		(len > 1 && text[0] == '0'))
		return blame_type(walk, node, "a whole number from 0 to 999999999");
	return 0;
}

static int check_word(const struct walk *walk, const yaml_node_t *node,
	const struct cyaml_schema_value *schema)
{
	const char *words[KEYS_MAX];
	char expected[384] = "one of";
	size_t len = strlen(expected);
	uint32_t count = schema->enumeration.count;

	for (uint32_t i = 0; i < count && i < KEYS_MAX; i++) {
		words[i] = schema->enumeration.strings[i].str;
		if (strcmp(conf_node_text(node), words[i]) == 0)
			return 0;
		len += (size_t)snprintf(expected + len, sizeof expected - len, "%s %s",
			i > 0 ? "," : "", words[i]);
	}
	snprintf(expected + len, sizeof expected - len, " (nearest: %s)",
		nearest_word(conf_node_text(node), words, count, NULL));
	return blame_type(walk, node, expected);
}

static int check_scalar(const struct walk *walk, const yaml_node_t *node,
	const struct cyaml_schema_value *schema)
{
	switch ((int)schema->type) {
	case CYAML_UINT:
		return check_number(walk, node);
	case CYAML_BOOL:
		if (strcmp(conf_node_text(node), "true") != 0 &&
			strcmp(conf_node_text(node), "false") != 0)
			return blame_type(walk, node, "true or false");
		return 0;
	case CYAML_ENUM:
		return check_word(walk, node, schema);
	default:
		if (node->data.scalar.length == 0 ||
			strlen(conf_node_text(node)) != node->data.scalar.length)
			return blame_type(walk, node, "text");
		return 0;
	}
}

static int check_list(struct walk *walk, const yaml_node_t *node,
	const struct cyaml_schema_value *schema)
{
	size_t path_len = strlen(walk->path);
	size_t index = 0;

	if (schema->sequence.min > 0 &&
		node->data.sequence.items.start == node->data.sequence.items.top)
		return conf_node_blame(walk->tree, node->start_mark, walk->error,
			"%s: found an empty list, expected at least one item",
			walk->path);
	for (yaml_node_item_t *item = node->data.sequence.items.start;
		item < node->data.sequence.items.top; item++) {
		int err;

		snprintf(walk->path + path_len, sizeof walk->path - path_len, "[%zu]",
			index++);
		err = check_node(
			walk, conf_node_at(walk->tree, *item), schema->sequence.entry);
		walk->path[path_len] = '\0';
		if (err < 0)
			return err;
	}
	return 0;
}

static const struct cyaml_schema_field *field_of(const struct walk *walk,
	const yaml_node_t *key, const struct cyaml_schema_field *fields)
{
	const char *keys[KEYS_MAX];
	size_t len = 0;
	char quoted[CONF_QUOTED_MAX];

	if (key->type != YAML_SCALAR_NODE) {
		blame_type(walk, key, "a key");
		return NULL;
	}
	for (; fields[len].key != NULL; len++) {
		keys[len] = fields[len].key;
		if (strcmp(keys[len], conf_node_text(key)) == 0 &&
			strlen(keys[len]) == key->data.scalar.length)
			return &fields[len];
	}
	conf_node_blame(walk->tree, key->start_mark, walk->error,
		"%s: found unknown key %s, nearest known key: \"%s\"", where(walk),
		conf_quote(conf_node_text(key), key->data.scalar.length, quoted),
		nearest_word(conf_node_text(key), keys, len, NULL));
	return NULL;
}

static int check_member(struct walk *walk, const yaml_node_pair_t *pair,
	const struct cyaml_schema_field *fields, bool seen[KEYS_MAX])
{
	const yaml_node_t *key = conf_node_at(walk->tree, pair->key);
	const struct cyaml_schema_field *field = field_of(walk, key, fields);
	size_t path_len = strlen(walk->path);
	int err;

	if (field == NULL)
		return -EINVAL;
	if (seen[field - fields])
		return conf_node_blame(walk->tree, key->start_mark, walk->error,
			"%s: found key \"%s\" a second time", where(walk), field->key);
	seen[field - fields] = true;
	snprintf(walk->path + path_len, sizeof walk->path - path_len, "%s%s",
		path_len > 0 ? "." : "", field->key);
	err = check_node(walk, conf_node_at(walk->tree, pair->value), &field->value);
	walk->path[path_len] = '\0';
	return err;
}

static int check_mapping(struct walk *walk, const yaml_node_t *node,
	const struct cyaml_schema_value *schema)
{
	const struct cyaml_schema_field *fields = schema->mapping.fields;
	bool seen[KEYS_MAX] = {false};
	int err = 0;

	for (yaml_node_pair_t *pair = node->data.mapping.pairs.start;
		err == 0 && pair < node->data.mapping.pairs.top; pair++)
		err = check_member(walk, pair, fields, seen);
	for (size_t i = 0; err == 0 && fields[i].key != NULL; i++)
		if (!seen[i] && (fields[i].value.flags & CYAML_FLAG_OPTIONAL) == 0)
			err = conf_node_blame(walk->tree, node->start_mark, walk->error,
				"%s: key \"%s\" is missing", where(walk), fields[i].key);
	return err;
}

static int check_node(
	struct walk *walk, yaml_node_t *node, const struct cyaml_schema_value *schema)
{
	bool list = schema->type == CYAML_SEQUENCE;
	bool mapping = schema->type == CYAML_MAPPING;
	const char *expected = list ? "a list"
		: mapping           ? "a mapping of keys"
				    : "one value";

	if (list && node->type == YAML_SEQUENCE_NODE)
		return check_list(walk, node, schema);
	if (mapping && node->type == YAML_MAPPING_NODE)
		return check_mapping(walk, node, schema);
	if (list || mapping || node->type != YAML_SCALAR_NODE || is_null(node))
		return blame_type(walk, node, expected);
	return check_scalar(walk, node, schema);
}

int conf_tree_check(const struct conf_tree *tree, const struct cyaml_schema_value *schema,
	struct conf_error *ret_error)
{
	struct walk walk = {.tree = tree, .error = ret_error};

	return check_node(&walk, conf_node_root(tree), schema);
}
