#ifndef SWARMWARD_PKI_CA_LIST_H
#define SWARMWARD_PKI_CA_LIST_H

#include "base/buffer.h"
#include "base/err.h"

/* A PEM file of CA certificates, read by client_ca.c and trust_file.c, which want different things
 * of it. */

struct ca_list_rules {
    size_t bytes;   /* of the file, at most */
    size_t most;    /* certificates */
    bool must_sign; /* each says of itself that it is a CA's */
    int64_t now_s;  /* for `any_in_date` */
};

struct ca_list {
    struct buffer der; /* owned: one behind the other */
    size_t count;
    bool any_in_date;
};

/* -1: `err` names the file and says what to do; nothing is left to be freed. */
int ca_list_read(const char *path, const struct ca_list_rules *rules, struct ca_list *list_out,
                 struct err *err);

#endif
