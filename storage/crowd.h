/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * crowd — how many different recipients there were: exact for few, estimated for many.
 *
 * Members are 32 bits of a keyed hash. Packed, up to 127 of them stand as they are, more are
 * folded into 512 registers of a HyperLogLog sketch (standard error 4.6 %), so that a row of a
 * busy minute stays at 512 bytes and the rows of any window can be united. Unpacked, members
 * stay exact up to 65,536. Private to storage/.
 */
#include <stddef.h>
#include <stdint.h>

#include "storage/bytes.h"

struct crowd {
	uint32_t *members; /* owned; sorted and unique up to `sorted` */
	size_t len;
	size_t room;
	size_t sorted;
	uint8_t *registers; /* owned; NULL while exact */
};

void crowd_finish(struct crowd *crowd);
/* These return 0 or -ENOMEM; the second also -EINVAL for bytes that no crowd was packed to. */
int crowd_add(struct crowd *crowd, uint32_t member) __attribute__((warn_unused_result));
int crowd_unite(struct crowd *crowd, const uint8_t *packed, size_t len)
	__attribute__((warn_unused_result));
/* Appends it to bytes, whose error sticks there. Returns 0 or -ENOMEM. */
int crowd_pack(struct crowd *crowd, struct bytes *bytes)
	__attribute__((warn_unused_result));
uint64_t crowd_count(struct crowd *crowd);
