/* SPDX-License-Identifier: MIT */
#include "storage/crowd.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#define PACKED_MOST 127 /* members that are packed as they are */
#define MEMBERS_MOST 65536
#define REGISTERS 512 /* 9 bits choose one, 23 are left to count zeros in */
#define REGISTER_BITS 9
#define RANK_MOST (32 - REGISTER_BITS + 1)

void crowd_finish(struct crowd *crowd)
{
	free(crowd->members);
	free(crowd->registers);
	*crowd = (struct crowd){0};
}

static int compare(const void *a, const void *b)
{
	const uint32_t x = *(const uint32_t *)a;
	const uint32_t y = *(const uint32_t *)b;
	return (x > y) - (x < y);
}

static void sort(struct crowd *crowd)
{
	if (crowd->sorted == crowd->len)
		return;
	qsort(crowd->members, crowd->len, sizeof *crowd->members, compare);
	size_t kept = 1;
	for (size_t i = 1; i < crowd->len; i++)
		if (crowd->members[i] != crowd->members[kept - 1])
			crowd->members[kept++] = crowd->members[i];
	crowd->len = kept;
	crowd->sorted = kept;
}

static void note(uint8_t *registers, uint32_t member)
{
	uint32_t rest = member << REGISTER_BITS;
	uint8_t rank = RANK_MOST;
	if (rest != 0)
		rank = (uint8_t)(__builtin_clz(rest) + 1);
	uint8_t *place = &registers[member >> (32 - REGISTER_BITS)];
	if (rank > *place)
		*place = rank;
}

static int fold(struct crowd *crowd)
{
	if (crowd->registers != NULL)
		return 0;
	crowd->registers = calloc(REGISTERS, 1);
	if (crowd->registers == NULL)
		return -ENOMEM;
	for (size_t i = 0; i < crowd->len; i++)
		note(crowd->registers, crowd->members[i]);
	free(crowd->members);
	crowd->members = NULL;
	crowd->len = crowd->room = crowd->sorted = 0;
	return 0;
}

/* Room for one more: by dropping the double, else by growing, else by folding. */
static int make_room(struct crowd *crowd)
{
	sort(crowd);
	if (crowd->len < crowd->room - crowd->room / 4)
		return 0;
	if (crowd->len >= MEMBERS_MOST)
		return fold(crowd);
	size_t room = crowd->room == 0 ? 8 : 2 * crowd->room;
	uint32_t *grown = reallocarray(crowd->members, room, sizeof *grown);
	if (grown == NULL)
		return -ENOMEM;
	crowd->members = grown;
	crowd->room = room;
	return 0;
}

int crowd_add(struct crowd *crowd, uint32_t member)
{
	if (crowd->registers == NULL && crowd->len == crowd->room) {
		int error = make_room(crowd);
		if (error < 0)
			return error;
	}
	if (crowd->registers != NULL)
		note(crowd->registers, member);
	else
		crowd->members[crowd->len++] = member;
	return 0;
}

static uint32_t read_member(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 |
		at[3];
}

int crowd_unite(struct crowd *crowd, const uint8_t *packed, size_t len)
{
	int error = 0;
	if (len == REGISTERS) {
		error = fold(crowd);
		for (size_t i = 0; error == 0 && i < len; i++)
			if (packed[i] > crowd->registers[i])
				crowd->registers[i] =
					packed[i] < RANK_MOST ? packed[i] : RANK_MOST;
		return error;
	}
	if (len % 4 != 0 || len > 4 * PACKED_MOST)
		return -EINVAL;
	for (size_t i = 0; error == 0 && i < len; i += 4)
		error = crowd_add(crowd, read_member(packed + i));
	return error;
}

int crowd_pack(struct crowd *crowd, struct bytes *bytes)
{
	sort(crowd);
	if (crowd->len > PACKED_MOST && fold(crowd) < 0)
		return -ENOMEM;
	if (crowd->registers != NULL)
		bytes_add(bytes, crowd->registers, REGISTERS);
	for (size_t i = 0; i < crowd->len; i++)
		bytes_add_u32(bytes, crowd->members[i]);
	return bytes->failed ? -ENOMEM : 0;
}

/* The estimate of the HyperLogLog paper (Flajolet and others, 2007), with its linear counting
 * where registers are still empty. */
static double estimate(const uint8_t *registers)
{
	const double m = REGISTERS;
	double sum = 0;
	unsigned empty = 0;
	for (size_t i = 0; i < REGISTERS; i++) {
		sum += 1.0 / (double)(1u << registers[i]);
		empty += registers[i] == 0;
	}
	double many = 0.7213 / (1 + 1.079 / m) * m * m / sum;
	return many <= 2.5 * m && empty > 0 ? m * log(m / empty) : many;
}

uint64_t crowd_count(struct crowd *crowd)
{
	if (crowd->registers != NULL)
		return (uint64_t)(estimate(crowd->registers) + 0.5);
	sort(crowd);
	return crowd->len;
}
