/* SPDX-License-Identifier: MIT */
#include "tests/alerts/hostile.h"

#include <assert.h>
#include <string.h>

/* Wire names: each label behind its length; the literal's own NUL is the root. */
static const struct {
	const char *why;
	const char *wire;
} names[] = {
	{"a NUL within", "\003x\000y\003com"},
	{"a NUL at the end", "\006gmail\000\003com"},
	{"a blank", "\011two words\003com"},
	{"nothing but a blank", "\001 \003com"},
	{"CR LF and a header", "\031a\015\012Bcc: evil@evil.example\003com"},
	{"CR LF, and an empty line", "\020a\015\012\015\012<b>body</b>\003com"},
	{"a line feed", "\003a\012b\003com"},
	{"a carriage return", "\003a\015b\003com"},
	{"a tab", "\003a\011b\003com"},
	{"a dot in a label", "\003a.b\003com"},
	{"nothing but a dot", "\001.\003com"},
	{"a tag", "\031<script>alert(1)</script>\003com"},
	{"a picture", "\025<img src=x onerror=a>\003com"},
	{"the end of an attribute", "\020\" onmouseover=\"a\003com"},
	{"a quote", "\004it's\003com"},
	{"a reference", "\013a&lt;b&amp;\003com"},
	{"the end of a comment", "\006--><b>\003com"},
	{"a sheet's end", "\013</style><b>\003com"},
	{"ESC, clearing a terminal", "\004\033[2J\003com"},
	{"ESC, a title of a window", "\006\033]0;x\007\003com"},
	{"CSI of C1", "\004\23331m\003com"},
	{"BEL and BS", "\003a\007\010\003com"},
	{"DEL", "\002a\177\003com"},
	{"invalid UTF-8", "\002\377\376\003com"},
	{"overlong UTF-8", "\002\300\257\003com"},
	{"half a character", "\002\342\202\003com"},
	{"a formula", "\022=cmd|' /C calc'!A0\003com"},
	{"another formula", "\007@SUM(1)\003com"},
	{"a mark of the right to left", "\013\342\200\256moc.live\003com"},
	{"a blank without width", "\010gm\342\200\213ail\003com"},
	{"a mention of a channel", "\012<!channel>\003com"},
	{"a link of chat", "\034<https://evil.example|click>\003com"},
	{"a link of Markdown", "\035[click](https://evil.example)\003com"},
	{"stars and ticks", "\021*bold* `code` ~s~\003com"},
	{"a shell's words", "\021$(reboot);`id`|x&\003com"},
	{"an option", "\020-oProxyCommand=x\003com"},
	{"a way up", "\020../../etc/passwd\003com"},
	{"a format", "\006%s%n%x\003com"},
	{"an encoded word", "\015=?utf-8?q?a?=\003com"},
	{"an angle address", "\025a>,<evil@evil.example\003com"},
	{"a boundary", "\023--=_mxvigil_whole--\003com"},
	{"a backslash", "\002a\\\003com"},
	{"braces of a template", "\013{{7*7}}${x}\003com"},
	{"Cyrillic in a Latin word", "\014xn--gmil-63d\003com"},
	{"a whole word of Cyrillic", "\015xn--nline-iye\002de"},
	{"Greek", "\015xn--ggle-0nda\003com"},
	{"marks on letters", "\014xn--gmil-moa\003com"},
	{"digits for letters", "\005gmai1\003com"},
	{"two letters as one", "\006grnail\003com"},
	{"a right word of another script", "\015xn--bcher-kva\007example"},
	{"Chinese", "\013xn--fsqu00a\007example"},
	{"no A-label after all", "\011xn--a-ecp\003com"},
	{"a label of 63",
		"?aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaa\003com"},
	{"a name of 253",
		"?bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
		"bbbb?ccccccccccccccccccccccccccccccccccccccccccccccccccccccc"
		"cccccccc?ddddddddddddddddddddddddddddddddddddddddddddddddddd"
		"dddddddddddd=eeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeeee"
		"eeeeeeeeeeeeee"},
	{"unsafe bytes, as long as can be",
		"?\001\001\001\001\001\001\001\001\001\001\001\001\001\001"
		"\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001"
		"\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001"
		"\001\001\001\001\001\001\001\001\001\001\001\001\001\001\001"
		"\001\001\001\001?\377\377\377\377\377\377\377\377\377\377"
		"\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377"
		"\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377"
		"\377\377\377\377\377\377\377\377\377\377\377\377\377\377\377"
		"\377\377\377\377\377\377\377\377?<<<<<<<<<<<<<<<<<<<<<<<<<<<"
		"<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<<=\000\000\000\000\000"
		"\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
		"\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
		"\000\000\000\000\000\000\000\000\000\000\000\000\000\000\000"
		"\000\000\000\000\000\000\000\000\000\000\000"},
	{"one label", "\003com"},
	{"a hundred labels",
		"\001a\001a\001a\001a\001a\001a\001a\001a\001a\001a\001a\001a"
		"\001a\001a\001a\001a\001a\001a\001a\001a\001a\001a\001a\001a"
		"\001a\001a\001a\001a\001a\001a\001a\001a\001a\001a\001a\001a"
		"\001a\001a\001a\001a\001a\001a\001a\001a\001a\001a\001a\001a"
		"\001a\001a\001a\001a\001a\001a\001a\001a\001a\001a\001a\001a"
		"\001a\001a\001a\001a\001a\001a\001a\001a\001a\001a\001a\001a"
		"\001a\001a\001a\001a\001a\001a\001a\001a\001a\001a\001a\001a"
		"\001a\001a\001a\001a\001a\001a\001a\001a\001a\001a\001a\001a"
		"\001a\001a\001a\001a"},
};

static const struct {
	const char *why;
	const char *text;
} texts[] = {
	{"CR LF and a header", "550 no\015\012Bcc: evil@evil.example"},
	{"an end of a mail", "550 no\015\012.\015\012QUIT"},
	{"an end of headers", "550\015\012\015\012<b>body</b>"},
	{"mail(1) runs it", "\012~!touch /tmp/mxvigil-was-here\012"},
	{"a script", "550 <script>alert(1)</script>"},
	{"a picture from elsewhere", "<img src=\"https://evil.example/x.png\">"},
	{"the end of what is open", "</p></td></table></div></body><b>"},
	{"an attribute", "\" onload=\"alert(1)\" x=\""},
	{"a comment", "<!-- <b> -->"},
	{"CDATA", "<![CDATA[<b>]]>"},
	{"a sheet", "<style>*{display:none}</style>"},
	{"a form", "<form action=\"https://evil.example\"><input name=pw>"},
	{"a link", "<a href=\"javascript:alert(1)\">here</a>"},
	{"references", "&lt;b&gt; &#60;b&#62; &amp;"},
	{"ESC", "550 \033[2J\033[31mred\033[0m"},
	{"a link of a terminal", "\033]8;;https://evil.example\033\\here\033]8;;\033\\"},
	{"CSI of C1", "550 \23331m"},
	{"C1 as UTF-8", "550 \302\23331m"},
	{"every control byte",
		"\001\002\003\004\005\006\007\010\011\012\013\014\015\016\017"
		"\020\021\022\023\024\025\026\027\030\031\032\033\034\035\036"
		"\037\177"},
	{"invalid UTF-8", "550 \377\376\300\257\355\240\200"},
	{"half a character", "550 \360\237\222"},
	{"marks of direction",
		"550 \342\200\256gpj.exe\342\200\254 \342\201\246x\342\201"
		"\251"},
	{"line separators", "a\342\200\250b\342\200\251c\302\205d"},
	{"no width", "a\342\200\213b\342\200\215c\357\273\277d"},
	{"a channel's bell", "<!channel> <!here> <!everyone> @here @channel"},
	{"a person's bell", "<@U012AB3CD> <#C012AB3CD> <!subteam^S123>"},
	{"a link of Slack", "<https://evil.example|https://bank.example>"},
	{"a bare address", "see https://evil.example/login and www.evil.example"},
	{"a link of Markdown",
		"[bank](https://evil.example) ![x](https://evil.example/x.png"
		")"},
	{"Markdown", "# big\012* a\012* b\012`c` **d** ~~e~~ ```f```"},
	{"a mention of Teams", "<at>everyone</at>"},
	{"a date of a card", "{{DATE(2017-02-14T06:08:39Z,SHORT)}}"},
	{"a template", "${7*7} {{7*7}} <%= 7*7 %> #{7*7}"},
	{"Alertmanager's template", "{{ define \"x\" }}{{ end }}"},
	{"JSON", "\"}],\"routing_key\":\"x\",\"a\":[{\"b\":\""},
	{"a JSON line", "\012{\"event\":\"closed\"}\012"},
	{"a formula", "=cmd|' /C calc'!A0"},
	{"a shell", "'; rm -rf / #`id`$(id)"},
	{"a format", "%s%s%n%x %(x)s %{x}"},
	{"an encoded word", "=?utf-8?B?PGI+?= =?x?Q?=0D=0ABcc:_a@b?="},
	{"soft breaks", "=0D=0A=3D=\015\012x ="},
	{"a boundary", "\015\012--=_mxvigil_whole--\015\012--=_mxvigil_forms\015\012"},
	{"a line of dots", ".\012..\012.\015\012"},
	{"From at the start", "From me@evil.example Mon\012.From"},
	{"nothing", ""},
	{"a NUL's picture", "\\000 \\x00 %00 &#0;"},
	{"a path", "../../../etc/passwd\\..\\x"},
	{"emoji",
		"\360\237\222\251\360\237\221\250\342\200\215\360\237\221\251"
		"\342\200\215\360\237\221\247 done"},
};

/* Texts that go on and on. */
static const struct {
	const char *why;
	const char *piece;
	size_t times;
} long_texts[] = {
	{"4 KiB without a blank", "A", 4096},
	{"4 KiB of blanks", " ", 4096},
	{"4 KiB of angles", "<", 4096},
	{"two thousand lines", "x\n", 2000},
};

#define NAMES (sizeof names / sizeof *names)
#define TEXTS (sizeof texts / sizeof *texts)
#define LONG_TEXTS (sizeof long_texts / sizeof *long_texts)

size_t hostile_names(void)
{
	return NAMES;
}

size_t hostile_texts(void)
{
	return TEXTS + LONG_TEXTS;
}

const uint8_t *hostile_name(size_t i, const char **ret_why)
{
	assert(i < NAMES);
	*ret_why = names[i].why;
	return (const uint8_t *)names[i].wire;
}

const char *hostile_text(size_t i, const char **ret_why)
{
	static char made[LONG_TEXTS][4097];

	assert(i < hostile_texts());
	if (i < TEXTS) {
		*ret_why = texts[i].why;
		return texts[i].text;
	}
	i -= TEXTS;
	const size_t len = strlen(long_texts[i].piece);

	for (size_t at = 0; at < len * long_texts[i].times; at++)
		made[i][at] = long_texts[i].piece[at % len];
	*ret_why = long_texts[i].why;
	return made[i];
}
