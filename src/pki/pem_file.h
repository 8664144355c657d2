#ifndef SWARMWARD_PKI_PEM_FILE_H
#define SWARMWARD_PKI_PEM_FILE_H

#include <sys/stat.h>

#include "base/err.h"
#include "base/text.h"

/* A small regular file, whole, with what stat() said of it when it was opened. */
struct pem_file {
    char *bytes; /* owned */
    size_t len;
    struct stat info;
};

/* -1: `err` names the path. At most CERTIFICATE_FILE_BYTES. */
int pem_file_read(struct pem_file *file, const char *path, struct err *err);

/* Wipes what it held. */
void pem_file_done(struct pem_file *file);

#endif
