/* SPDX-License-Identifier: MIT */
/* The journal's messages and places; the deliveries in them are journal_source's. */
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "monitor/ingest/journal.h"
#include "tests/monitor/ingest/journal_lab.h"

static struct journal_piece next_piece(struct journal_lab *lab)
{
	struct journal_piece piece;
	assert_int_equal(journal_read(lab->journal, lab->now, &piece), 0);
	return piece;
}

static void expect_message(struct journal_lab *lab, const char *text)
{
	const struct journal_piece piece = next_piece(lab);
	assert_int_equal(piece.kind, JOURNAL_MESSAGE);
	assert_int_equal(piece.len, strlen(text));
	assert_memory_equal(piece.message, text, piece.len);
}

static void journal_gives_the_messages_of_one_unit(void **state)
{
	struct journal_lab *lab = *state;
	static char large[9000];
	memset(large, 'x', sizeof large);
	memcpy(large, "a\0b\nMESSAGE=c\xff", 14);
	journal_lab_begin(lab);
	journal_lab_text(lab, UNIT, "postfix/smtp", "first");
	journal_lab_text(
		lab, "postfix@two.service", "postfix-two/smtp", "of another unit");
	journal_lab_text(lab, "ssh.service", "sshd", "a=b");
	journal_lab_bytes(lab, large, sizeof large);
	journal_lab_text(lab, UNIT, "postfix/qmgr", "");
	journal_lab_end(lab);
	assert_int_equal(journal_create(UNIT, lab->dir, &lab->journal), 0);
	assert_string_equal(journal_state(lab->journal), "");
	struct journal_piece piece = next_piece(lab);
	assert_int_equal(piece.kind, JOURNAL_MESSAGE);
	assert_int_equal(piece.at, T0);
	assert_string_equal(piece.identifier, "postfix/smtp");
	assert_int_equal(piece.len, 5);
	piece = next_piece(lab);
	assert_int_equal(piece.kind, JOURNAL_MESSAGE);
	assert_int_equal(piece.at, T0 + 3000);
	assert_int_equal(piece.len, sizeof large);
	assert_memory_equal(piece.message, large, sizeof large);
	piece = next_piece(lab);
	assert_string_equal(piece.identifier, "postfix/qmgr");
	assert_int_equal(piece.len, 0);
	assert_int_equal(next_piece(lab).kind, JOURNAL_NOTHING);
}

static void journal_takes_a_unit_without_a_suffix_for_a_service(void **state)
{
	struct journal_lab *lab = *state;
	journal_lab_begin(lab);
	journal_lab_text(lab, "exim4.service", "exim", "hello");
	journal_lab_end(lab);
	assert_int_equal(journal_create("exim4", lab->dir, &lab->journal), 0);
	assert_non_null(strstr(journal_path(lab->journal), "/journal:exim4.service"));
	expect_message(lab, "hello");
}

static void journal_goes_on_behind_its_place(void **state)
{
	struct journal_lab *lab = *state;
	char kept[1024];
	journal_lab_begin(lab);
	journal_lab_text(lab, UNIT, "postfix/smtp", "1");
	journal_lab_text(lab, UNIT, "postfix/smtp", "2");
	journal_lab_text(lab, UNIT, "postfix/smtp", "3");
	journal_lab_end(lab);
	assert_int_equal(journal_create(UNIT, lab->dir, &lab->journal), 0);
	expect_message(lab, "1");
	expect_message(lab, "2");
	snprintf(kept, sizeof kept, "%s", journal_state(lab->journal));
	journal_destroy(lab->journal);
	assert_int_equal(journal_create(UNIT, lab->dir, &lab->journal), 0);
	assert_int_equal(journal_load(lab->journal, kept), 0);
	for (int i = 1; i <= 2; i++) {
		const struct journal_piece piece = next_piece(lab);
		assert_int_equal(piece.kind, JOURNAL_BEFORE);
		assert_int_equal(*(const char *)piece.message, '0' + i);
		assert_string_equal(journal_state(lab->journal), kept);
	}
	expect_message(lab, "3");
	assert_string_not_equal(journal_state(lab->journal), kept);
	assert_int_equal(journal_holds(lab->journal, kept), 1);
	assert_false(journal_is_blank(lab->journal));
	journal_lab_archive(lab);
	journal_lab_begin(lab);
	journal_lab_text(lab, UNIT, "postfix/smtp", "4");
	journal_lab_end(lab);
	assert_int_equal(next_piece(lab).kind, JOURNAL_NOTHING);
	expect_message(lab, "4");
}

static void journal_refuses_a_state_that_is_none(void **state)
{
	struct journal_lab *lab = *state;
	assert_int_equal(journal_create(UNIT, NULL, &lab->journal), 0);
	assert_string_equal(journal_path(lab->journal), "journal:" UNIT);
	assert_int_equal(journal_load(lab->journal, ""), -EINVAL);
	assert_int_equal(journal_load(lab->journal, "reader 1 postfix 0 0\n"), -EINVAL);
	assert_int_equal(journal_load(lab->journal, "journal 1 x s=1"), -EINVAL);
	assert_true(journal_is_blank(lab->journal));
	assert_int_equal(journal_holds(lab->journal, "junk"), 0);
	assert_int_equal(journal_holds(lab->journal, "journal 1 7 junk"), 0);
	/* Taken, but no cursor: said by the library when it is used. */
	assert_int_equal(journal_load(lab->journal, "journal 1 7 junk"), 0);
	struct journal_piece piece;
	assert_int_not_equal(journal_read(lab->journal, lab->now, &piece), 0);
}

static void journal_waits_for_its_directory(void **state)
{
	struct journal_lab *lab = *state;
	struct journal_piece piece;
	assert_int_equal(rmdir(lab->dir), 0);
	assert_int_equal(journal_create(UNIT, lab->dir, &lab->journal), 0);
	assert_int_equal(journal_read(lab->journal, lab->now, &piece), -ENOENT);
	assert_int_equal(mkdir(lab->dir, 0700), 0);
	assert_int_equal(next_piece(lab).kind, JOURNAL_NOTHING);
	journal_lab_begin(lab);
	journal_lab_text(lab, UNIT, "postfix/smtp", "1");
	journal_lab_end(lab);
	assert_int_equal(next_piece(lab).kind, JOURNAL_NOTHING); /* sees the file */
	expect_message(lab, "1");
	/* Another one under the same name. */
	journal_lab_remove(lab, "");
	assert_int_equal(rmdir(lab->dir), 0);
	assert_int_equal(mkdir(lab->dir, 0700), 0);
	journal_lab_begin(lab);
	journal_lab_text(lab, UNIT, "postfix/smtp", "2");
	journal_lab_end(lab);
	piece = next_piece(lab);
	for (int i = 0; i < 3 && piece.kind != JOURNAL_MESSAGE; i++)
		piece = next_piece(lab);
	assert_int_equal(piece.kind, JOURNAL_MESSAGE);
	assert_memory_equal(piece.message, "2", 1);
}

int main(void)
{
#define WITH_LAB(test)                                                                   \
	cmocka_unit_test_setup_teardown(test, journal_lab_setup, journal_lab_teardown)
	const struct CMUnitTest tests[] = {
		WITH_LAB(journal_gives_the_messages_of_one_unit),
		WITH_LAB(journal_takes_a_unit_without_a_suffix_for_a_service),
		WITH_LAB(journal_goes_on_behind_its_place),
		WITH_LAB(journal_refuses_a_state_that_is_none),
		WITH_LAB(journal_waits_for_its_directory),
	};
	return cmocka_run_group_tests_name("ingest/journal", tests, NULL, NULL);
}
