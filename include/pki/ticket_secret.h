#ifndef SWARMWARD_PKI_TICKET_SECRET_H
#define SWARMWARD_PKI_TICKET_SECRET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"
#include "model/keyring.h"

/*
 * The secret that every replica derives its ticket keys from: the hash of a file of at least 32
 * bytes. -1: `err` names the file and says what to do; `*missing_out`: because it is not there.
 */
int ticket_secret_read(const char *path, uint8_t secret_out[KEYRING_TICKET_SECRET_BYTES],
                       bool *missing_out, struct err *err);

#endif
