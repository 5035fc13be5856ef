/* SPDX-License-Identifier: MIT */
#include "monitor/typo.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <libpsl.h>

#include "monitor/nearest.h"

#define NAME_MAX_BYTES 40 /* longer ones are no slip of these */

/* The bigger one first: of several that are as near, the first is named. */
static const struct {
	const char *domain;
	size_t edits; /* of the name that may be slips */
} big[] = {
	{"gmail.com", 1},
	{"yahoo.com", 1},
	{"hotmail.com", 1},
	{"outlook.com", 1},
	{"icloud.com", 1},
	{"aol.com", 0},
	{"qq.com", 0},
	{"163.com", 0},
	{"126.com", 0},
	{"mail.ru", 0},
	{"gmx.de", 0},
	{"web.de", 0},
	{"t-online.de", 1},
	{"live.com", 0},
	{"msn.com", 0},
	{"me.com", 0},
	{"mac.com", 0},
	{"googlemail.com", 2},
	{"ymail.com", 0},
	{"rocketmail.com", 2},
	{"yahoo.co.uk", 1},
	{"yahoo.fr", 1},
	{"yahoo.de", 1},
	{"yahoo.it", 1},
	{"yahoo.es", 1},
	{"yahoo.ca", 1},
	{"yahoo.in", 1},
	{"yahoo.co.in", 1},
	{"yahoo.co.id", 1},
	{"yahoo.co.jp", 1},
	{"yahoo.com.br", 1},
	{"yahoo.com.mx", 1},
	{"yahoo.com.ar", 1},
	{"yahoo.com.au", 1},
	{"yahoo.com.hk", 1},
	{"yahoo.com.ph", 1},
	{"yahoo.com.sg", 1},
	{"yahoo.com.tw", 1},
	{"yahoo.com.vn", 1},
	{"yahoo.dk", 1},
	{"yahoo.gr", 1},
	{"yahoo.ie", 1},
	{"yahoo.no", 1},
	{"yahoo.pl", 1},
	{"yahoo.ro", 1},
	{"yahoo.se", 1},
	{"hotmail.co.uk", 1},
	{"hotmail.fr", 1},
	{"hotmail.de", 1},
	{"hotmail.it", 1},
	{"hotmail.es", 1},
	{"hotmail.be", 1},
	{"hotmail.ca", 1},
	{"hotmail.ch", 1},
	{"hotmail.co.jp", 1},
	{"hotmail.com.ar", 1},
	{"hotmail.com.br", 1},
	{"hotmail.com.tr", 1},
	{"hotmail.dk", 1},
	{"hotmail.gr", 1},
	{"hotmail.nl", 1},
	{"hotmail.no", 1},
	{"hotmail.se", 1},
	{"outlook.at", 1},
	{"outlook.be", 1},
	{"outlook.cl", 1},
	{"outlook.com.ar", 1},
	{"outlook.com.au", 1},
	{"outlook.com.br", 1},
	{"outlook.de", 1},
	{"outlook.dk", 1},
	{"outlook.es", 1},
	{"outlook.fr", 1},
	{"outlook.ie", 1},
	{"outlook.in", 1},
	{"outlook.it", 1},
	{"outlook.jp", 1},
	{"outlook.kr", 1},
	{"outlook.pt", 1},
	{"live.be", 0},
	{"live.ca", 0},
	{"live.co.uk", 0},
	{"live.com.ar", 0},
	{"live.com.au", 0},
	{"live.com.mx", 0},
	{"live.com.pt", 0},
	{"live.de", 0},
	{"live.dk", 0},
	{"live.fr", 0},
	{"live.it", 0},
	{"live.nl", 0},
	{"live.no", 0},
	{"live.se", 0},
	{"gmx.net", 0},
	{"gmx.at", 0},
	{"gmx.ch", 0},
	{"gmx.com", 0},
	{"mail.com", 0},
	{"freenet.de", 1},
	{"online.de", 0},
	{"arcor.de", 0},
	{"vodafone.de", 1},
	{"posteo.de", 0},
	{"mailbox.org", 1},
	{"aim.com", 0},
	{"comcast.net", 1},
	{"verizon.net", 1},
	{"att.net", 0},
	{"sbcglobal.net", 2},
	{"bellsouth.net", 2},
	{"cox.net", 0},
	{"charter.net", 0},
	{"earthlink.net", 2},
	{"optonline.net", 2},
	{"frontier.com", 0},
	{"windstream.net", 1},
	{"sympatico.ca", 1},
	{"rogers.com", 0},
	{"shaw.ca", 0},
	{"videotron.ca", 1},
	{"orange.fr", 1},
	{"wanadoo.fr", 1},
	{"free.fr", 0},
	{"sfr.fr", 0},
	{"laposte.net", 1},
	{"neuf.fr", 0},
	{"bbox.fr", 0},
	{"libero.it", 0},
	{"virgilio.it", 1},
	{"tiscali.it", 1},
	{"alice.it", 0},
	{"tin.it", 0},
	{"btinternet.com", 2},
	{"virginmedia.com", 2},
	{"sky.com", 0},
	{"talktalk.net", 1},
	{"ntlworld.com", 1},
	{"blueyonder.co.uk", 2},
	{"bluewin.ch", 1},
	{"hispeed.ch", 1},
	{"telenet.be", 0},
	{"skynet.be", 0},
	{"ziggo.nl", 0},
	{"xs4all.nl", 1},
	{"kpnmail.nl", 1},
	{"planet.nl", 0},
	{"wp.pl", 0},
	{"o2.pl", 0},
	{"onet.pl", 0},
	{"interia.pl", 1},
	{"seznam.cz", 1},
	{"centrum.cz", 0},
	{"freemail.hu", 1},
	{"abv.bg", 0},
	{"bk.ru", 0},
	{"list.ru", 0},
	{"inbox.ru", 0},
	{"yandex.ru", 1},
	{"yandex.com", 1},
	{"rambler.ru", 1},
	{"ukr.net", 0},
	{"sina.com", 0},
	{"foxmail.com", 1},
	{"naver.com", 0},
	{"hanmail.net", 1},
	{"daum.net", 0},
	{"nate.com", 0},
	{"docomo.ne.jp", 1},
	{"ezweb.ne.jp", 0},
	{"softbank.ne.jp", 1},
	{"rediffmail.com", 2},
	{"uol.com.br", 0},
	{"bol.com.br", 0},
	{"terra.com.br", 0},
	{"bigpond.com", 1},
	{"protonmail.com", 2},
	{"proton.me", 0},
	{"tutanota.com", 1},
	{"tutanota.de", 1},
	{"fastmail.com", 0},
	{"zoho.com", 0},
};

/* Near a big one, and somebody's all the same. */
static const char *const known[] = {
	"gail.com",
};

/* Of .com: endings that exist, but are seldom meant where a big name stands before them. */
static const char *const slips[] = {"co", "cm", "om"};

static bool is_one_of(const char *word, const char *const *words, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (strcmp(words[i], word) == 0)
			return true;
	return false;
}

static bool is_right(const char *domain)
{
	for (size_t i = 0; i < sizeof big / sizeof *big; i++)
		if (strcmp(big[i].domain, domain) == 0)
			return true;
	return is_one_of(domain, known, sizeof known / sizeof *known);
}

static size_t edits_between(const char *word, const char *meant)
{
	size_t edits = SIZE_MAX;

	nearest_word(word, &meant, 1, &edits);
	return edits;
}

static bool exists(const char *ending)
{
	return psl_is_public_suffix2(
		psl_builtin(), ending, PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE);
}

/* The slips from an ending to the one that was meant; SIZE_MAX: it was not. */
static size_t slips_of_ending(const char *ending, const char *meant, bool certain)
{
	if (strcmp(ending, meant) == 0)
		return 0;
	if (certain && strcmp(meant, "com") == 0 &&
		is_one_of(ending, slips, sizeof slips / sizeof *slips))
		return 1;
	return edits_between(ending, meant) == 1 && !exists(ending) ? 1 : SIZE_MAX;
}

/* The slips from a domain, cut into name and ending, to a big one; SIZE_MAX: too many. */
static size_t slips_between(
	const char *name, const char *ending, const char *meant, size_t most)
{
	const char *dot = strchr(meant, '.');
	char meant_name[NAME_MAX_BYTES];
	size_t of_name;
	size_t of_ending;

	if (name[0] != meant[0])
		return SIZE_MAX;
	snprintf(meant_name, sizeof meant_name, "%.*s", (int)(dot - meant), meant);
	of_name = edits_between(name, meant_name);
	if (of_name > most)
		return SIZE_MAX;
	of_ending = slips_of_ending(ending, dot + 1, of_name == 0 && most > 0);
	return of_ending == SIZE_MAX ? SIZE_MAX : of_name + of_ending;
}

const char *typo_meant(const char *domain)
{
	const char *dot = strchr(domain, '.');
	char name[NAME_MAX_BYTES];
	const char *meant = NULL;
	size_t least = SIZE_MAX;

	if (dot == NULL || (size_t)(dot - domain) >= sizeof name || is_right(domain))
		return NULL;
	snprintf(name, sizeof name, "%.*s", (int)(dot - domain), domain);
	for (size_t i = 0; i < sizeof big / sizeof *big; i++) {
		size_t count = slips_between(name, dot + 1, big[i].domain, big[i].edits);

		if (count < least) {
			least = count;
			meant = big[i].domain;
		}
	}
	return meant;
}
