/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * sample — an alert with everything in it, for tests to send, draw and look at.
 *
 * The story is that of online.de on 29 August 2023: its MX pointed at Apple's hosts for a night.
 */
#include "alerts/alert.h"
#include "storage/incident.h"

#define SAMPLE_T0 INT64_C(1693341067000) /* 2023-08-29 20:31:07 */
#define SAMPLE_VIEWS 2

struct sample {
	struct incident incident;
	struct incident_evidence evidence[3];
	struct story_view views[SAMPLE_VIEWS];
	struct story_mail mail;
	struct alert_case one;
	struct alert alert; /* of that one case; points into this struct */
};

/* The state follows from the event. */
void sample_init(struct sample *sample, enum incident_kind kind, enum alert_event event);

/* A picture of one pixel. */
extern const unsigned char sample_png[];
extern const size_t sample_png_len;
