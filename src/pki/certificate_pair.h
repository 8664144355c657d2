#ifndef SWARMWARD_PKI_CERTIFICATE_PAIR_H
#define SWARMWARD_PKI_CERTIFICATE_PAIR_H

#include "pem_file.h"
#include "pki/certificate_file.h"

/* The two files as they were read. */
struct certificate_pair {
    struct pem_file cert;
    struct pem_file key;
};

/* -1: nothing is held. The key's mode was judged. */
int certificate_pair_read(struct certificate_pair *pair, const struct certificate_paths *paths,
                          struct err *err);

/* Ends the pair, whatever comes of it. Dates are not judged. */
int certificate_pair_parse(struct certificate_pair *pair, const struct certificate_paths *paths,
                           struct arena *arena, struct certificate_facts *facts_out,
                           struct err *err);

#endif
