/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * schema — the tables of the store and the steps from each version to the next.
 *
 * Every step runs in a transaction of its own together with its new user_version: a store is at
 * one version or at the next, never between. Private to storage/.
 */
#include <stdint.h>

#include <sqlite3.h>

#define SCHEMA_VERSION 6
#define SCHEMA_APPLICATION 0x6d787667 /* "mxvg" in the file's header */

/* Brings the schema from `version` to SCHEMA_VERSION; 0 is an empty file, which also gets its
 * site. Returns an SQLite result code. */
int schema_migrate(sqlite3 *db, int version, const char *site, int64_t now)
	__attribute__((warn_unused_result));
