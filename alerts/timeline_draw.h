/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * timeline_draw — a planned picture, on anything that cairo draws on. Private to alerts/.
 */
#include <cairo.h>

struct plan;

/* The whole of it, its upper left corner at 0, 0. Texts that memory is short of are left out, and
 * the plan's pen says so. */
void draw_picture(struct plan *plan, cairo_t *cairo);

/* Its parts. */
void draw_lanes(struct plan *plan);
void draw_mail(struct plan *plan);
/* Bars of mails that bounced for another reason, here and in the legend. */
void draw_bounced(const struct plan *plan, double x, double y, double w, double h);

#define MAIL_ACCEPTED 0xb8c4ce
#define MAIL_DEFERRED 0x52606d
#define MAIL_UNKNOWN 0xa4133c
