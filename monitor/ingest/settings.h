/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * settings — what the configuration says about taking in deliveries, made ready for use.
 *
 * The key of recipients' hashes lies in a file of its own, so that the store alone tells nobody
 * who they are: `recipients.key-file`, else STORE.key. It is made when first needed.
 */
#include <stdint.h>

#include "storage/deliveries.h"

struct casebook;
struct conf;
struct conf_file_delivery;
struct operators;
struct reader_fields;
struct reply_rules;

struct settings {
	uint8_t key[DELIVERIES_KEY];
	enum deliveries_keep keep;
	struct deliveries_limits limits;
	struct reply_rules *rules; /* owned */
	struct operators *operators; /* owned */
	struct casebook *casebook; /* borrowed, set by who has one: is told each fact */
};

#define SETTINGS_WHY_MAX 600

/* Returns 0, or a negative errno with ret_why filled. */
int settings_load(const struct conf *conf, struct settings *ret_settings,
	char ret_why[SETTINGS_WHY_MAX]) __attribute__((warn_unused_result));
void settings_finish(struct settings *settings);

/* The `fields` of a delivery, borrowed from it; all NULL without any. */
void settings_fields(
	const struct conf_file_delivery *delivery, struct reader_fields *ret_fields);

/* Numbers of the word `format` in the configuration. */
enum settings_format {
	SETTINGS_POSTFIX = 1,
	SETTINGS_EXIM = 2,
	SETTINGS_PMTA = 3,
	SETTINGS_KUMOMTA = 4,
	SETTINGS_DSN = 5,
	SETTINGS_CSV = 6,
	SETTINGS_JSONL = 7,
};
