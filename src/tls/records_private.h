#ifndef SWARMWARD_TLS_RECORDS_PRIVATE_H
#define SWARMWARD_TLS_RECORDS_PRIVATE_H

#include "records.h"

/* What records.c and records_read.c share. */

/* One small record. -1: the stream is broken or libcrypto failed. */
int records_put(struct records *records, uint8_t type, const uint8_t *bytes, size_t len);

/* Tell the peer that our keys change, and change them. */
int records_put_key_update(struct records *records);

/* The last record of ours. */
void records_put_alert(struct records *records, uint8_t level, uint8_t description);

#endif
