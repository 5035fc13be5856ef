/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * announce — says in the log what has been recorded. Called once for each piece, after it is
 * durable, on the loop thread.
 */
#include "monitor/news.h"
#include "storage/store.h"

void announce_news(const struct store *store, const struct news *news);
