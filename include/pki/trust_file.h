#ifndef SWARMWARD_PKI_TRUST_FILE_H
#define SWARMWARD_PKI_TRUST_FILE_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

/*
 * A file of CA certificates -> their DER, one behind the other, in `arena`. `path` NULL or "": the
 * CAs that this system trusts. -1: `err` names the file and says what to do. Whether one of them
 * may sign is asked when it is used.
 */
int trust_read(const char *path, struct arena *arena, struct text *chain_out, struct err *err);

#endif
