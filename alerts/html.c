/* SPDX-License-Identifier: MIT */
#include "alerts/html.h"

#include <string.h>

#include "resolvers/name.h"

#define SANS "-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif"
#define MONO "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace"

/* Colours: neither pure black nor pure white, so that a program that inverts them finds shades
 * with room on both sides; no meaning is carried by colour alone. */
#define INK "#1d232b"
#define WEAK "#5b6572"
#define PAPER "#fdfdfc"
#define GROUND "#eef0f2"
#define LINE "#d5dae0"
#define CODE "#f1f3f5"

/* What each element is in HTML. */
static const struct {
	const char *name;
	const char *class;
	const char *style;
} elements[] = {
	[HTML_HEADING] = {"h2", "ink",
		"margin:26px 0 "
		"8px;font-size:16px;line-height:1.3;font-weight:700;color:" INK},
	[HTML_PARAGRAPH] = {"p", "", "margin:0 0 10px"},
	[HTML_FAINT] = {"p", "weak", "margin:0 0 6px;font-size:13px;color:" WEAK},
	[HTML_LIST] = {"ul", "", "margin:0 0 10px;padding:0 0 0 20px"},
	[HTML_ITEM] = {"li", "", "margin:0 0 6px"},
	[HTML_COMMAND] = {"pre", "code",
		"margin:6px 0 8px;padding:9px 12px;border:1px solid " LINE
		";border-radius:6px;background:" CODE ";color:" INK ";font:13px/1.5 " MONO
		";white-space:pre-wrap;overflow-wrap:anywhere"},
	[HTML_TABLE] = {"table", "ink",
		"width:100%;margin:0 0 12px;border-collapse:collapse;font-size:14px;"
		"line-height:1.45;color:" INK},
	[HTML_ROW] = {"tr", "", ""},
	[HTML_HEAD] = {"th", "weak line",
		"padding:5px 12px 5px 0;border-bottom:1px solid " LINE
		";text-align:left;vertical-align:top;font-size:13px;font-weight:600;"
		"color:" WEAK},
	[HTML_CELL] = {"td", "line",
		"padding:5px 12px 5px 0;border-bottom:1px solid " LINE
		";vertical-align:top"},
	[HTML_CELL_FIXED] = {"td", "weak line fixed",
		"width:1%;padding:5px 14px 5px 0;border-bottom:1px solid " LINE
		";vertical-align:top;white-space:nowrap;color:" WEAK},
	[HTML_NAME] = {"span", "name", "font:13px/1.5 " MONO},
	[HTML_MARK] = {"strong", "mark",
		"display:inline-block;padding:0 7px;border:1px solid #a65f00;"
		"border-radius:4px;font-size:12px;line-height:20px;color:#8a4f00"},
};

static const struct {
	const char *class;
	const char *colour;
} tones[] = {
	[HTML_INFO] = {"info", "#2f6db3"},
	[HTML_WARNING] = {"warning", "#b26a00"},
	[HTML_CRITICAL] = {"critical", "#c0362c"},
	[HTML_OVER] = {"over", "#2c7d55"},
};

/* Dark colours, for programs that keep a sheet. */
static const char sheet[] =
	":root{color-scheme:light dark;supported-color-schemes:light dark}\n"
	"@media (prefers-color-scheme:dark){\n"
	".ground{background:#14181d!important}\n"
	".paper{background:#1d232a!important;border-color:#343d47!important}\n"
	".ink,.code{color:#e4e8ec!important}\n"
	".weak{color:#a3adb8!important}\n"
	".line{border-color:#343d47!important}\n"
	".code{background:#161b21!important;border-color:#343d47!important}\n"
	".mark{color:#f0b35c!important;border-color:#f0b35c!important}\n"
	".link{color:#8ab8f0!important}\n"
	".t-info{color:#8ab8f0!important}\n"
	".t-warning{color:#f0b35c!important}\n"
	".t-critical{color:#ff9a90!important}\n"
	".t-over{color:#7fd0a4!important}\n"
	"}\n"
	"@media (max-width:480px){\n"
	".ground{padding:0!important}\n"
	".paper{border-width:0!important;border-radius:0!important}\n"
	".inner{padding:18px 16px 22px!important}\n"
	".fixed{padding-right:10px!important;font-size:12px!important}\n"
	".name{font-size:12px!important}\n"
	"}\n"
	"@media print{.ground{background:none!important;padding:0!important}}\n";

static const char *reference(char character)
{
	switch (character) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	}
	return "";
}

void html_escape(const char *text, FILE *out)
{
	while (*text != '\0') {
		const size_t plain = strcspn(text, "&<>\"'");

		name_escape(NAME_SINK_TERMINAL, text, plain, out);
		text += plain;
		if (*text != '\0')
			fputs(reference(*text++), out);
	}
}

void html_begin(enum html_element element, FILE *out)
{
	fprintf(out, "<%s", elements[element].name);
	if (*elements[element].class != '\0')
		fprintf(out, " class=\"%s\"", elements[element].class);
	if (*elements[element].style != '\0')
		fprintf(out, " style=\"%s\"", elements[element].style);
	putc('>', out);
}

void html_end(enum html_element element, FILE *out)
{
	fprintf(out, "</%s>%s", elements[element].name,
		element == HTML_NAME || element == HTML_MARK ? "" : "\n");
}

void html_put(enum html_element element, const char *text, FILE *out)
{
	html_begin(element, out);
	html_escape(text, out);
	html_end(element, out);
}

/* Of a page that is kept: whatever it says, a browser loads nothing. */
static const char kept[] =
	"<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
	"img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action "
	"'none'\">\n<meta name=\"referrer\" content=\"no-referrer\">\n<style>\n"
	"@page{size:A4;margin:14mm}\n"
	"@media print{.paper{max-width:none!important;border:0!important}\n"
	".inner{padding:8px 0!important}\n"
	"h2{break-after:avoid}tr,img{break-inside:avoid}}\n</style>\n";

static void put_head(const char *title, const char *more, FILE *out)
{
	fputs("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
		out);
	fputs(more, out);
	fputs("<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
	      "<meta name=\"color-scheme\" content=\"light dark\">\n"
	      "<meta name=\"supported-color-schemes\" content=\"light dark\">\n<title>",
		out);
	html_escape(title, out);
	fprintf(out, "</title>\n<style>\n%s</style>\n</head>\n", sheet);
}

static void put_top(const char *title, const char *above, const char *below,
	enum html_tone tone, FILE *out)
{
	fputs("<body class=\"ground\" style=\"margin:0;padding:24px "
	      "12px;background:" GROUND ";-webkit-text-size-adjust:100%\">\n"
	      "<div class=\"paper ink\" style=\"max-width:760px;margin:0 "
	      "auto;overflow:hidden;"
	      "border:1px solid " LINE ";border-radius:10px;background:" PAPER
	      ";color:" INK ";overflow-wrap:anywhere;font:15px/1.55 " SANS "\">\n",
		out);
	fprintf(out,
		"<div style=\"height:6px;background:%s\"></div>\n"
		"<div class=\"inner\" style=\"padding:24px 30px 28px\">\n",
		tones[tone].colour);
	if (above != NULL) {
		fprintf(out,
			"<p class=\"t-%s\" style=\"margin:0 0 6px;font-size:13px;"
			"font-weight:700;letter-spacing:.04em;color:%s\">",
			tones[tone].class, tones[tone].colour);
		html_escape(above, out);
		fputs("</p>\n", out);
	}
	fputs("<h1 class=\"ink\" style=\"margin:0 0 6px;font-size:22px;line-height:1.3;"
	      "font-weight:700;color:" INK "\">",
		out);
	html_escape(title, out);
	fputs("</h1>\n", out);
	if (below != NULL)
		html_put(HTML_FAINT, below, out);
}

void html_open(const char *title, const char *above, const char *below,
	enum html_tone tone, FILE *out)
{
	put_head(title, "", out);
	put_top(title, above, below, tone, out);
}

void html_open_kept(const char *title, const char *above, const char *below,
	enum html_tone tone, FILE *out)
{
	put_head(title, kept, out);
	put_top(title, above, below, tone, out);
}

void html_close(FILE *out)
{
	fputs("</div>\n</div>\n</body>\n</html>\n", out);
}

void html_link(const char *address, FILE *out)
{
	fputs("<a class=\"link\" style=\"color:#1f5fa8\" href=\"", out);
	html_escape(address, out);
	fputs("\">", out);
	html_escape(address, out);
	fputs("</a>", out);
}

void html_picture(const char *source, const char *text, FILE *out)
{
	fputs("<p class=\"line\" style=\"margin:18px 0;padding:8px;border:1px solid " LINE
	      ";border-radius:6px;background:#ffffff\"><img "
	      "style=\"display:block;width:100%;"
	      "height:auto;border:0\" src=\"",
		out);
	html_escape(source, out);
	fputs("\" alt=\"", out);
	html_escape(text, out);
	fputs("\"></p>\n", out);
}
