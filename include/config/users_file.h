#ifndef SWARMWARD_CONFIG_USERS_FILE_H
#define SWARMWARD_CONFIG_USERS_FILE_H

#include "base/arena.h"
#include "base/err.h"
#include "model/snapshot_policy.h"

#define USERS_FILE_BYTES ((size_t)2 * 1024 * 1024)

/*
 * The users of basic_auth: lines of NAME:HASH; empty lines and those that begin with # are passed
 * over. Names and hashes are copied into `arena`, sorted as snapshot_users wants them. -1: `err`
 * says which line is wrong, and never shows a hash.
 */
int users_file_parse(struct text bytes, struct arena *arena, struct snapshot_users *users_out,
                     struct err *err);

#endif
