/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * facts — deliveries as a mail server reports them, for tests to write.
 */
#include "storage/deliveries.h"

/* Said by mx.a.example. The recipient's text is borrowed. */
struct delivery_fact fact_of(const char *recipient, enum delivery_outcome outcome,
	enum delivery_reason reason, int64_t at);
struct delivery_fact delivered(const char *recipient, int64_t at);
/* As user-unknown. */
struct delivery_fact bounced(const char *recipient, const char *id, int64_t at);
