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

/* What a surface writes with; owner is a FILE. */
cairo_status_t draw_into(void *owner, const unsigned char *bytes, unsigned len);
/* 0, -EIO where the file did not take it, or -ENOMEM. */
int draw_error(cairo_status_t status);

/* Its parts. */
void draw_lanes(struct plan *plan);
void draw_mail(struct plan *plan);
/* Bars of mails that bounced for another reason, here and in the legend. */
void draw_bounced(const struct plan *plan, double x, double y, double w, double h);

#define MAIL_ACCEPTED 0xb8c4ce
#define MAIL_DEFERRED 0x52606d
#define MAIL_UNKNOWN 0xa4133c
