/* SPDX-License-Identifier: MIT */
#include "alerts/timeline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <cairo-pdf.h>
#include <cairo-svg.h>

#include "alerts/story_text.h"
#include "alerts/timeline_draw.h"
#include "alerts/timeline_plan.h"
#include "storage/instant.h"

#define POINTS 0.75 /* a pixel of CSS, in points */

/* Draws on a surface, which is done with then. */
static int draw_on(struct plan *plan, cairo_surface_t *surface, double scale)
{
	cairo_t *cairo = cairo_create(surface);
	int err;

	cairo_scale(cairo, scale, scale);
	draw_picture(plan, cairo);
	err = draw_error(cairo_status(cairo));
	cairo_destroy(cairo);
	return err == 0 && plan->pen.failed ? -ENOMEM : err;
}

static int write_png(struct plan *plan, double scale, FILE *out)
{
	cairo_surface_t *surface = cairo_image_surface_create(CAIRO_FORMAT_RGB24,
		(int)(TIMELINE_WIDTH * scale), (int)(plan->height * scale));
	int err = draw_on(plan, surface, scale);

	if (err == 0)
		err = draw_error(
			cairo_surface_write_to_png_stream(surface, draw_into, out));
	cairo_surface_destroy(surface);
	return err;
}

/* What a surface that streams has to say once all is drawn. */
static int end(cairo_surface_t *surface, int err)
{
	cairo_surface_finish(surface);
	if (err == 0)
		err = draw_error(cairo_surface_status(surface));
	cairo_surface_destroy(surface);
	return err;
}

static int write_pdf(struct plan *plan, FILE *out)
{
	const struct timeline *timeline = plan->timeline;
	cairo_surface_t *surface = cairo_pdf_surface_create_for_stream(
		draw_into, out, TIMELINE_WIDTH * POINTS, plan->height * POINTS);
	char *title = story_escape(timeline->title != NULL ? timeline->title : "");
	char at[INSTANT_TEXT_MAX];
	int err = title != NULL ? 0 : -ENOMEM;

	instant_format(timeline->made_at != 0 ? timeline->made_at : plan->to, at);
	if (err == 0) {
		cairo_pdf_surface_set_metadata(surface, CAIRO_PDF_METADATA_TITLE, title);
		cairo_pdf_surface_set_metadata(
			surface, CAIRO_PDF_METADATA_CREATE_DATE, at);
		err = draw_on(plan, surface, POINTS);
	}
	free(title);
	return end(surface, err);
}

static int draw_svg(struct plan *plan, FILE *out)
{
	cairo_surface_t *surface = cairo_svg_surface_create_for_stream(
		draw_into, out, TIMELINE_WIDTH, plan->height);

	cairo_svg_surface_set_document_unit(surface, CAIRO_SVG_UNIT_PX);
	return end(surface, draw_on(plan, surface, 1));
}

/* UTF-8 without control characters, as XML. */
static void put_xml(const char *text, FILE *out)
{
	for (; *text != '\0'; text++) {
		if (*text == '&')
			fputs("&amp;", out);
		else if (*text == '<')
			fputs("&lt;", out);
		else if (*text == '>')
			fputs("&gt;", out);
		else
			fputc(*text, out);
	}
}

static int put_words(const struct timeline *timeline, FILE *out)
{
	char *title = story_escape(timeline->title != NULL ? timeline->title : "");
	char *words = NULL;
	char *escaped = NULL;
	size_t len;
	FILE *memory = open_memstream(&words, &len);

	if (memory != NULL) {
		timeline_describe(timeline, memory);
		if (fclose(memory) == 0)
			escaped = story_escape(words);
	}
	if (title != NULL && escaped != NULL) {
		fputs("<title>", out);
		put_xml(title, out);
		fputs("</title>\n<desc>", out);
		put_xml(escaped, out);
		fputs("</desc>\n", out);
	}
	const int err = title != NULL && escaped != NULL ? 0 : -ENOMEM;
	free(title);
	free(words);
	free(escaped);
	return err;
}

/* Up to `mark` and behind it; all of the text where there is none. */
static char *after(char *text, const char *mark)
{
	char *found = strstr(text, mark);

	return found != NULL ? found + strlen(mark) : text;
}

/* cairo draws letters: what they say is put in front of them as text. And it counts surfaces for
 * the life of a process, which is taken out of the picture's name. */
static int dress(const struct timeline *timeline, char *svg, FILE *out)
{
	char *body = after(after(svg, "<svg"), ">");
	char *name = after(body, "<g id=\"surface");
	int err;

	fwrite(svg, 1, (size_t)(body - svg), out);
	fputc('\n', out);
	err = put_words(timeline, out);
	fwrite(body, 1, (size_t)(name - body), out);
	fputs(name + (name != body ? strspn(name, "0123456789") : 0), out);
	return err;
}

static int write_svg(struct plan *plan, FILE *out)
{
	char *svg = NULL;
	size_t len;
	FILE *memory = open_memstream(&svg, &len);
	int err;

	if (memory == NULL)
		return -ENOMEM;
	err = draw_svg(plan, memory);
	if (fclose(memory) != 0)
		err = -ENOMEM;
	if (err == 0)
		err = dress(plan->timeline, svg, out);
	free(svg);
	return err;
}

static int write_form(struct plan *plan, enum timeline_form form, double scale, FILE *out)
{
	switch (form) {
	case TIMELINE_SVG:
		return write_svg(plan, out);
	case TIMELINE_PNG:
		return write_png(plan, scale, out);
	case TIMELINE_PDF:
		return write_pdf(plan, out);
	}
	return -EINVAL;
}

int timeline_height(const struct timeline *timeline)
{
	struct plan plan;
	const int err = plan_make(&plan, timeline);
	const int height = err == 0 ? (int)plan.height : err;

	plan_finish(&plan);
	return height;
}

int timeline_write(
	const struct timeline *timeline, enum timeline_form form, double scale, FILE *out)
{
	struct plan plan;
	int err = plan_make(&plan, timeline);

	if (err == 0)
		err = write_form(&plan, form, scale, out);
	if (err == 0 && (fflush(out) != 0 || ferror(out)))
		err = -EIO;
	plan_finish(&plan);
	return err;
}
