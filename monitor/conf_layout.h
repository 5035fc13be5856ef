/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * conf_layout — from the file as written to struct conf: reads the values that libcyaml has no
 * type for, and checks what one place of the file says about another. Private to conf.
 */

struct conf;
struct conf_error;
struct conf_tree;

/* Lays conf->file out in conf, which holds the defaults. Returns 0, -EINVAL with ret_error
 * filled, or -ENOMEM. What is half done is freed by conf_finish. */
int conf_layout(const struct conf_tree *tree, struct conf *conf,
	struct conf_error *ret_error) __attribute__((warn_unused_result));

/* Checks the sections that nothing is built for yet, and warns of each. As above. */
int conf_layout_unbuilt(const struct conf_tree *tree, struct conf *conf,
	struct conf_error *ret_error) __attribute__((warn_unused_result));
