/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "monitor/typo.h"

static void typo_names_what_was_meant(void **state)
{
	static const struct {
		const char *domain;
		const char *meant;
	} cases[] = {
		{"gmial.com", "gmail.com"}, /* swapped */
		{"gamil.com", "gmail.com"},
		{"gmal.com", "gmail.com"}, /* left out */
		{"gmai.com", "gmail.com"},
		{"gmaill.com", "gmail.com"}, /* added */
		{"gnail.com", "gmail.com"}, /* replaced */
		{"gmail.con", "gmail.com"}, /* endings that do not exist */
		{"gmail.cmo", "gmail.com"},
		{"gmail.comm", "gmail.com"},
		{"gmail.vom", "gmail.com"},
		{"gmail.co", "gmail.com"}, /* endings that do */
		{"gmail.cm", "gmail.com"},
		{"gmail.om", "gmail.com"},
		{"gmial.con", "gmail.com"}, /* both */
		{"yaho.com", "yahoo.com"},
		{"yahho.com", "yahoo.com"},
		{"yahoo.cpm", "yahoo.com"},
		{"yaho.fr", "yahoo.fr"},
		{"yahoo.co.u", "yahoo.co.uk"},
		{"yahoo.couk", "yahoo.co.uk"},
		{"outlok.com", "outlook.com"},
		{"outllook.de", "outlook.de"},
		{"hotmial.com", "hotmail.com"},
		{"hotmal.co.uk", "hotmail.co.uk"},
		{"hotmail.frr", "hotmail.fr"},
		{"iclould.com", "icloud.com"},
		{"gooogelmail.com", "googlemail.com"}, /* two, in a long name */
		{"protnmial.com", "protonmail.com"},
		{"tonline.de", "t-online.de"},
		{"t-onlin.de", "t-online.de"},
		{"gmx.dee", "gmx.de"},
		{"gmx.ner", "gmx.net"},
		{"web.dde", "web.de"},
		{"aol.con", "aol.com"},
		{"laposte.ner", "laposte.net"},
		{"comcast.nte", "comcast.net"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
		const char *meant = typo_meant(cases[i].domain);

		if (meant == NULL)
			fail_msg("%s: nothing", cases[i].domain);
		assert_string_equal(meant, cases[i].meant);
	}
}

static const char *const right_domains[] = {
	"gmail.com",
	"googlemail.com",
	"yahoo.com",
	"yahoo.fr",
	"hotmail.com",
	"outlook.com",
	"icloud.com",
	"aol.com", /* themselves */
	"mail.com",
	"ymail.com",
	"email.com",
	"live.com",
	"me.com",
	"gmx.net",
	"web.de",
	"online.de",
	"t-online.de",
	"mac.com",
	"proton.me",
	"tutanota.de", /* near each other */
	"wed.de",
	"wei.de",
	"gmc.de",
	"gmb.de",
	"apl.com",
	"all.com",
	"life.com",
	"love.com",
	"bsn.com",
	"sky.de",
	"mai.ru",
	"never.com",
	"cloud.com",
	"hotmart.com",
	"fmail.com",
	"zmail.com",
	"libera.it",
	"grange.fr",
	"hushmail.com",
	"fanmail.com",
	"gail.com",
	"poste.de", /* somebody's */
	"aol.de",
	"aol.co.uk",
	"live.cn",
	"live.co",
	"me.co",
	"gmx.us",
	"gmx.li",
	"hotmail.ru",
	"yahoo.net",
	"gmail.de", /* endings that exist */
	"example.com",
	"xn--gmil-5na.com",
	"mail.gmail.com",
	"gmail.example.com",
	"gmail",
	"",
	".",
	"com",
	"a.b.c.d",
	".com",
	"gmail.",
	"averyveryveryveryveryveryverylongnameofadomain.com",
};

static void typo_names_nothing_that_is_right(void **state)
{

	(void)state;
	for (size_t i = 0; i < sizeof right_domains / sizeof *right_domains; i++) {
		const char *meant = typo_meant(right_domains[i]);

		if (meant != NULL)
			fail_msg("%s: %s", right_domains[i], meant);
	}
}

/* Whatever one letter is replaced by, what is named is never the domain itself. */
static void typo_is_never_what_it_means(void **state)
{
	static const char *const domains[] = {"gmail.com", "yahoo.co.uk", "web.de"};
	char domain[32];

	(void)state;
	for (size_t i = 0; i < sizeof domains / sizeof *domains; i++)
		for (size_t at = 0; domains[i][at] != '\0'; at++)
			for (char letter = 'a'; letter <= 'z'; letter++) {
				const char *meant;

				snprintf(domain, sizeof domain, "%s", domains[i]);
				domain[at] = letter;
				meant = typo_meant(domain);
				if (meant != NULL)
					assert_string_not_equal(meant, domain);
				if (meant != NULL)
					assert_null(typo_meant(meant));
			}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(typo_names_what_was_meant),
		cmocka_unit_test(typo_names_nothing_that_is_right),
		cmocka_unit_test(typo_is_never_what_it_means),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
