/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * lock — one writer a store: a lock on PATH.lock, which holds its pid.
 *
 * An open file description lock (fcntl F_OFD_SETLK): it ends with its process however that ends,
 * and closing another descriptor of the file does not drop it. The file stays. Private to
 * storage/.
 */
#include <stdbool.h>
#include <stdint.h>

/* Returns a descriptor to close, -EBUSY with *ret_pid (0 where not known), or another errno. */
int lock_take(const char *store_path, int64_t *ret_pid)
	__attribute__((warn_unused_result));
bool lock_is_held(const char *store_path, int64_t *ret_pid);
