/* SPDX-License-Identifier: MIT */
#pragma once
/*
 * conf_path — where things are that the configuration does not place. Private to conf; what is
 * returned is freed with free(). All return 0 or -ENOMEM.
 */

/* The store: of root, else of the user. */
int conf_path_store(char **ret_path) __attribute__((warn_unused_result));
/* STORE.sock, unless that is longer than a socket's name may be. */
int conf_path_control(const char *store, char **ret_path)
	__attribute__((warn_unused_result));
