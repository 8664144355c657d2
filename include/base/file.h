#ifndef SWARMWARD_BASE_FILE_H
#define SWARMWARD_BASE_FILE_H

#include <stddef.h>
#include <sys/stat.h>

#include "base/err.h"

/* The whole of a regular file, terminated with a NUL that `len_out` does not count; free() it. */
int file_read(const char *path, size_t max_bytes, char **text_out, size_t *len_out,
              struct err *err);

/* A new file with `mode`, complete or not there: written beside it, synced, renamed. */
int file_write(const char *path, const void *bytes, size_t len, unsigned mode, struct err *err);

/*
 * fstat() by the call of that name. libc's goes through one that takes a path as well: a sandbox
 * that let it through would let everybody ask for every path.
 */
int file_facts(int fd, struct stat *facts_out);

/* Whole or -1 (errno says why); goes on after EINTR and short writes. */
int file_write_all(int fd, const void *bytes, size_t len);

/* An anonymous file with these bytes, sealed against every change; -1 on failure. */
int file_sealed_memory(const char *name, const void *bytes, size_t len, struct err *err);

#endif
