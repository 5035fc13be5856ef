/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * mapping — values that somebody's fields hold, into a report.
 *
 * What is not there is worked out where it can be: the outcome from the code or the enhanced code,
 * these from the text. A remote server's word is what has a code or a relay.
 */
#include "monitor/ingest/reader_inside.h"

/* values in the order of enum reader_field_index, empty where there is none. Fills
 * reader->report. Returns NULL or what is wrong. */
const char *mapping_fill(struct reader *reader, const struct span values[READER_FIELDS]);
/* "delivered", and words that others use for it. */
bool mapping_outcome(struct span word, enum delivery_outcome *ret_outcome);
