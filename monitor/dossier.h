/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * dossier — all that a report on an incident is written from, gathered from the store.
 *
 * The window is that of the incident's picture; of a domain without one, that of the incident.
 * Long lists end somewhere, and say how much more there is. A value of its own: the store may go
 * on. One thread.
 */
#include <stdbool.h>
#include <stdint.h>

#include "alerts/report.h"

struct operators;
struct store;

struct dossier_options {
	struct store *store; /* borrowed for the call, as is operators */
	struct operators *operators;
	int64_t now;
	bool addresses; /* name the recipients to be re-activated */
};

struct dossier {
	struct report report; /* points into this dossier */
	struct dossier_parts *parts; /* owned; private */
};

/* Returns 0, -ENOENT where there is no such incident, -ENOMEM, or the error of a query. */
int dossier_open(const struct dossier_options *options, int64_t number,
	struct dossier **ret_dossier) __attribute__((warn_unused_result));
/* NULL is allowed. */
void dossier_close(struct dossier *dossier);
