/* SPDX-License-Identifier: MIT */
#include "monitor/conf_tree.h"

#include <errno.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include <cyaml/cyaml.h>

#include "monitor/conf.h"
#include "monitor/nearest.h"
#include "resolvers/name.h"

#define QUOTED_BYTES 60 /* of foreign text that a message repeats */
#define PATH_BYTES 160
#define KEYS_MAX 32 /* of one mapping of the schema */

struct conf_tree {
	yaml_document_t document;
	char *file;
};

/* The walk of the schema over the tree. */
struct walk {
	const struct conf_tree *tree;
	struct conf_error *error;
	char path[PATH_BYTES]; /* of the present node, "" at the top */
};

char *conf_quote(const char *text, size_t len, char ret_quoted[CONF_QUOTED_MAX])
{
	FILE *out = fmemopen(ret_quoted, CONF_QUOTED_MAX, "w");
	bool whole = len <= QUOTED_BYTES;

	ret_quoted[0] = '\0';
	if (out == NULL)
		return ret_quoted;
	fputc('"', out);
	name_escape(NAME_SINK_LOG, text, whole ? len : QUOTED_BYTES, out);
	fputs(whole ? "\"" : "\"...", out);
	fclose(out);
	return ret_quoted;
}

static int blame(const struct conf_tree *tree, yaml_mark_t mark,
	struct conf_error *ret_error, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));
static int blame(const struct conf_tree *tree, yaml_mark_t mark,
	struct conf_error *ret_error, const char *fmt, ...)
{
	char what[768];
	va_list args;

	va_start(args, fmt);
	vsnprintf(what, sizeof what, fmt, args);
	va_end(args);
	ret_error->code = -EINVAL;
	ret_error->line = (unsigned)mark.line + 1;
	ret_error->column = (unsigned)mark.column + 1;
	snprintf(ret_error->text, sizeof ret_error->text, "%.200s:%u:%u: %s", tree->file,
		ret_error->line, ret_error->column, what);
	return -EINVAL;
}

/* libyaml gives no mark for bytes that are no YAML at all, only their offset. */
static yaml_mark_t mark_of_offset(const char *text, size_t len, size_t offset)
{
	yaml_mark_t mark = {.index = offset};

	for (size_t i = 0; i < offset && i < len; i++) {
		if (text[i] == '\n') {
			mark.line++;
			mark.column = 0;
		} else if (((unsigned char)text[i] & 0xc0) != 0x80) {
			mark.column++;
		}
	}
	return mark;
}

static int blame_parser(const struct conf_tree *tree, const yaml_parser_t *parser,
	const char *text, size_t len, struct conf_error *ret_error)
{
	if (parser->error == YAML_MEMORY_ERROR)
		return -ENOMEM;
	if (parser->error == YAML_READER_ERROR)
		return blame(tree, mark_of_offset(text, len, parser->problem_offset),
			ret_error, "found bytes that are no text (%s), expected UTF-8",
			parser->problem);
	return blame(tree, parser->problem_mark, ret_error,
		"found something that is no YAML (%s%s%s)", parser->problem,
		parser->context != NULL ? ", " : "",
		parser->context != NULL ? parser->context : "");
}

/* Aliases could make a tree of any size out of a small file, and nothing here needs them. */
static int check_event(const struct conf_tree *tree, const yaml_event_t *event,
	unsigned *documents, struct conf_error *ret_error)
{
	if (event->type == YAML_ALIAS_EVENT)
		return blame(tree, event->start_mark, ret_error,
			"found an alias, expected a value (aliases are not read here)");
	if (event->type == YAML_DOCUMENT_START_EVENT && ++*documents > 1)
		return blame(tree, event->start_mark, ret_error,
			"found a second document, expected the end of the file");
	return 0;
}

static void start_parser(yaml_parser_t *parser, const char *text, size_t len)
{
	yaml_parser_set_encoding(parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(parser, (const unsigned char *)text, len);
}

static int check_events(const struct conf_tree *tree, const char *text, size_t len,
	struct conf_error *ret_error)
{
	yaml_parser_t parser;
	unsigned documents = 0;
	bool more = true;
	int err = 0;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	start_parser(&parser, text, len);
	while (err == 0 && more) {
		yaml_event_t event;

		if (!yaml_parser_parse(&parser, &event)) {
			err = blame_parser(tree, &parser, text, len, ret_error);
			break;
		}
		err = check_event(tree, &event, &documents, ret_error);
		more = event.type != YAML_STREAM_END_EVENT;
		yaml_event_delete(&event);
	}
	yaml_parser_delete(&parser);
	return err;
}

static int load_document(struct conf_tree *tree, const char *text, size_t len,
	struct conf_error *ret_error)
{
	yaml_parser_t parser;
	int err = 0;

	if (!yaml_parser_initialize(&parser))
		return -ENOMEM;
	start_parser(&parser, text, len);
	if (!yaml_parser_load(&parser, &tree->document))
		err = blame_parser(tree, &parser, text, len, ret_error);
	yaml_parser_delete(&parser);
	return err;
}

int conf_tree_parse(const char *file, const char *text, size_t len,
	struct conf_tree **ret_tree, struct conf_error *ret_error)
{
	struct conf_tree *tree = calloc(1, sizeof *tree);
	int err = -ENOMEM;

	if (tree != NULL)
		tree->file = strdup(file);
	if (tree != NULL && tree->file != NULL)
		err = check_events(tree, text, len, ret_error);
	if (err == 0)
		err = load_document(tree, text, len, ret_error);
	if (err < 0) {
		conf_tree_free(tree);
		return err;
	}
	*ret_tree = tree;
	return 0;
}

void conf_tree_free(struct conf_tree *tree)
{
	if (tree == NULL)
		return;
	yaml_document_delete(&tree->document);
	free(tree->file);
	free(tree);
}

static yaml_node_t *root_of(const struct conf_tree *tree)
{
	/* libyaml takes the document without const, but does not write to it */
	return yaml_document_get_root_node((yaml_document_t *)(uintptr_t)&tree->document);
}

static yaml_node_t *node_at(const struct conf_tree *tree, int index)
{
	return yaml_document_get_node(
		(yaml_document_t *)(uintptr_t)&tree->document, index);
}

static const char *scalar_of(const yaml_node_t *node)
{
	return (const char *)node->data.scalar.value;
}

bool conf_tree_is_empty(const struct conf_tree *tree)
{
	const yaml_node_t *root = root_of(tree);

	return root == NULL ||
		(root->type == YAML_SCALAR_NODE && root->data.scalar.length == 0 &&
			root->data.scalar.style == YAML_PLAIN_SCALAR_STYLE);
}

static yaml_node_t *member_of(
	const struct conf_tree *tree, const yaml_node_t *map, const char *key, size_t len)
{
	for (yaml_node_pair_t *pair = map->data.mapping.pairs.start;
		pair < map->data.mapping.pairs.top; pair++) {
		const yaml_node_t *name = node_at(tree, pair->key);

		if (name->type == YAML_SCALAR_NODE && name->data.scalar.length == len &&
			memcmp(scalar_of(name), key, len) == 0)
			return node_at(tree, pair->value);
	}
	return NULL;
}

static yaml_node_t *item_of(
	const struct conf_tree *tree, const yaml_node_t *list, size_t index)
{
	const yaml_node_item_t *start = list->data.sequence.items.start;
	size_t len = (size_t)(list->data.sequence.items.top - start);

	return index < len ? node_at(tree, start[index]) : NULL;
}

void conf_tree_place(const struct conf_tree *tree, const char *path, unsigned *ret_line,
	unsigned *ret_column)
{
	const yaml_node_t *node = root_of(tree);
	const yaml_node_t *found = node;

	while (node != NULL && *path != '\0') {
		if (*path == '[') {
			char *end = NULL;
			size_t index = strtoul(path + 1, &end, 10);

			node = node->type == YAML_SEQUENCE_NODE
				? item_of(tree, node, index)
				: NULL;
			path = end + 1;
		} else {
			size_t len;

			path += *path == '.';
			len = strcspn(path, ".[");
			node = node->type == YAML_MAPPING_NODE
				? member_of(tree, node, path, len)
				: NULL;
			path += len;
		}
		if (node != NULL)
			found = node;
	}
	*ret_line = found != NULL ? (unsigned)found->start_mark.line + 1 : 1;
	*ret_column = found != NULL ? (unsigned)found->start_mark.column + 1 : 1;
}

void conf_tree_blame(const struct conf_tree *tree, const char *path, const char *found,
	const char *expected, struct conf_error *ret_error)
{
	yaml_mark_t mark = {0};
	unsigned line;
	unsigned column;
	char quoted[CONF_QUOTED_MAX];

	conf_tree_place(tree, path, &line, &column);
	mark.line = line - 1;
	mark.column = column - 1;
	(void)blame(tree, mark, ret_error, "%s: found %s, expected %s", path,
		found == NULL ? "nothing" : conf_quote(found, strlen(found), quoted),
		expected);
}

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
		conf_quote(scalar_of(node), node->data.scalar.length, quoted);
	return blame(walk->tree, node->start_mark, walk->error,
		"%s: found %s, expected %s", where(walk), quoted, expected);
}

/* Plain "", "~" and "null" are YAML's nothing. */
static bool is_null(const yaml_node_t *node)
{
	return node->data.scalar.style == YAML_PLAIN_SCALAR_STYLE &&
		(node->data.scalar.length == 0 || strcmp(scalar_of(node), "~") == 0 ||
			strcasecmp(scalar_of(node), "null") == 0);
}

static int check_number(const struct walk *walk, const yaml_node_t *node)
{
	const char *text = scalar_of(node);
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
		if (strcmp(scalar_of(node), words[i]) == 0)
			return 0;
		len += (size_t)snprintf(expected + len, sizeof expected - len, "%s %s",
			i > 0 ? "," : "", words[i]);
	}
	snprintf(expected + len, sizeof expected - len, " (nearest: %s)",
		nearest_word(scalar_of(node), words, count, NULL));
	return blame_type(walk, node, expected);
}

static int check_scalar(const struct walk *walk, const yaml_node_t *node,
	const struct cyaml_schema_value *schema)
{
	switch ((int)schema->type) {
	case CYAML_UINT:
		return check_number(walk, node);
	case CYAML_BOOL:
		if (strcmp(scalar_of(node), "true") != 0 &&
			strcmp(scalar_of(node), "false") != 0)
			return blame_type(walk, node, "true or false");
		return 0;
	case CYAML_ENUM:
		return check_word(walk, node, schema);
	default:
		if (node->data.scalar.length == 0 ||
			strlen(scalar_of(node)) != node->data.scalar.length)
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
		return blame(walk->tree, node->start_mark, walk->error,
			"%s: found an empty list, expected at least one item",
			walk->path);
	for (yaml_node_item_t *item = node->data.sequence.items.start;
		item < node->data.sequence.items.top; item++) {
		int err;

		snprintf(walk->path + path_len, sizeof walk->path - path_len, "[%zu]",
			index++);
		err = check_node(
			walk, node_at(walk->tree, *item), schema->sequence.entry);
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
		if (strcmp(keys[len], scalar_of(key)) == 0 &&
			strlen(keys[len]) == key->data.scalar.length)
			return &fields[len];
	}
	blame(walk->tree, key->start_mark, walk->error,
		"%s: found unknown key %s, nearest known key: \"%s\"", where(walk),
		conf_quote(scalar_of(key), key->data.scalar.length, quoted),
		nearest_word(scalar_of(key), keys, len, NULL));
	return NULL;
}

static int check_member(struct walk *walk, const yaml_node_pair_t *pair,
	const struct cyaml_schema_field *fields, bool seen[KEYS_MAX])
{
	const yaml_node_t *key = node_at(walk->tree, pair->key);
	const struct cyaml_schema_field *field = field_of(walk, key, fields);
	size_t path_len = strlen(walk->path);
	int err;

	if (field == NULL)
		return -EINVAL;
	if (seen[field - fields])
		return blame(walk->tree, key->start_mark, walk->error,
			"%s: found key \"%s\" a second time", where(walk), field->key);
	seen[field - fields] = true;
	snprintf(walk->path + path_len, sizeof walk->path - path_len, "%s%s",
		path_len > 0 ? "." : "", field->key);
	err = check_node(walk, node_at(walk->tree, pair->value), &field->value);
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
			err = blame(walk->tree, node->start_mark, walk->error,
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

	return check_node(&walk, root_of(tree), schema);
}
