#ifndef SWARMWARD_PKI_CERTIFICATE_PARSE_H
#define SWARMWARD_PKI_CERTIFICATE_PARSE_H

#include "pki/certificate_file.h"

#define CERTIFICATE_FILE_BYTES ((size_t)64 * 1024)
#define CERTIFICATE_CHAIN_MAX  10

/* What was in the two files, and their names for messages. */
struct certificate_source {
    struct certificate_paths paths;
    struct text cert_pem;
    struct text key_pem;
};

/* Facts in `arena`; dates are not judged. */
int certificate_parse(const struct certificate_source *source, struct arena *arena,
                      struct certificate_facts *facts_out, struct err *err);

/* -1: not yet valid, or expired. */
int certificate_check_dates(const struct certificate_facts *facts, int64_t now_s, struct err *err);

/* SHA-256. */
void certificate_digest(struct text bytes, uint8_t out[SNAPSHOT_ID_BYTES]);

/* All in one piece of the heap, as small as it can be: free with certificate_facts_free(). */
struct certificate_facts *certificate_facts_copy(const struct certificate_facts *facts);
/* Overwrite the key, which is gone then. */
void certificate_facts_wipe(struct certificate_facts *facts);
/* Wipes the key. NULL is fine. */
void certificate_facts_free(struct certificate_facts *facts);

#endif
