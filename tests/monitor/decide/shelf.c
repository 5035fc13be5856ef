/* SPDX-License-Identifier: MIT */
#include "tests/monitor/decide/shelf.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static struct shelf_row *find(struct shelf *shelf, const uint8_t *name)
{
	for (size_t i = 0; i < shelf->len; i++)
		if (name == NULL ? shelf->rows[i].of_all
				 : !shelf->rows[i].of_all &&
					name_equal(shelf->rows[i].name, name))
			return &shelf->rows[i];
	return NULL;
}

int shelf_put(void *owner, const uint8_t *domain, const void *bytes, size_t len)
{
	struct shelf *shelf = owner;
	struct shelf_row *row = find(shelf, domain);
	if (shelf->most > 0 && shelf->puts >= shelf->most)
		return -EBUSY;
	shelf->puts++;
	if (row == NULL) {
		assert_true(shelf->len < SHELF_ROWS);
		row = &shelf->rows[shelf->len++];
		row->of_all = domain == NULL;
		if (domain != NULL)
			memcpy(row->name, domain, name_length(domain));
	}
	free(row->bytes);
	row->bytes = malloc(len);
	assert_non_null(row->bytes);
	memcpy(row->bytes, bytes, len);
	row->len = len;
	return 0;
}

struct shelf_row *shelf_find(struct shelf *shelf, const char *name)
{
	uint8_t wire[NAME_WIRE_MAX];
	if (name == NULL)
		return find(shelf, NULL);
	assert_int_equal(name_parse(name, wire), 0);
	return find(shelf, wire);
}

int shelf_recall_row(const struct shelf_row *row, struct decide *decide)
{
	return decide_recall(
		decide, row->of_all ? NULL : row->name, row->bytes, row->len);
}

void shelf_recall(const struct shelf *shelf, size_t first, struct decide *decide)
{
	for (size_t i = 0; i < shelf->len; i++)
		assert_int_equal(
			shelf_recall_row(&shelf->rows[(i + first) % shelf->len], decide),
			0);
}

void shelf_finish(struct shelf *shelf)
{
	for (size_t i = 0; i < shelf->len; i++)
		free(shelf->rows[i].bytes);
	*shelf = (struct shelf){0};
}
