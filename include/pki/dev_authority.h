#ifndef SWARMWARD_PKI_DEV_AUTHORITY_H
#define SWARMWARD_PKI_DEV_AUTHORITY_H

#include "pki/certificate_file.h"

/*
 * `run --dev`: a private CA and leaf certificates, so that a first run needs no certificate at all.
 * Kept in a directory (0700, CA at DIR/ca.crt) when one is given, else only in memory.
 */
struct dev_authority;

/* `directory` NULL or "" keeps everything in memory. */
struct dev_authority *dev_authority_open(const char *directory, struct err *err);
void dev_authority_free(struct dev_authority *authority);

/*
 * An ECDSA P-256 leaf for `names` (30 days), issued once and reused while valid. Borrowed from the
 * authority.
 */
int dev_authority_issue(struct dev_authority *authority, const struct text_list *names,
                        int64_t now_s, const struct certificate_facts **facts_out, struct err *err);

/* PEM of the CA certificate, for `curl --cacert`. Borrowed. */
struct text dev_authority_certificate(const struct dev_authority *authority);

#endif
