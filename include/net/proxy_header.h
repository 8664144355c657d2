#ifndef SWARMWARD_NET_PROXY_HEADER_H
#define SWARMWARD_NET_PROXY_HEADER_H

#include "net/address.h"

/*
 * The PROXY protocol, versions 1 and 2 (haproxy.org, proxy-protocol.txt): what a load balancer in
 * front writes before the first byte of its client, so that the client's address is known. Bytes
 * in, address out; whether to believe it is the caller's business.
 */

/* Bits: which versions are taken. */
#define PROXY_VERSION_1 1U
#define PROXY_VERSION_2 2U

/* A header is no longer than this, with all that a proxy may add to it (TLVs). */
#define PROXY_HEADER_BYTES ((size_t)4096)

enum proxy_result {
    PROXY_DONE,
    PROXY_MORE,   /* the bytes so far may become one: call again with more behind them */
    PROXY_ABSENT, /* they begin no header of any version */
    PROXY_BAD,    /* malformed, or of a version that is not taken */
};

struct proxy_header {
    size_t bytes;    /* the whole header; the client's bytes are behind it */
    bool has_source; /* false: the proxy speaks for itself (LOCAL), or does not know */
    struct address source;
};

/*
 * Strict: one spelling for everything, lengths and families that fit, a checksum (CRC32c) that is
 * right where there is one. The verdict does not depend on how many bytes have come.
 */
enum proxy_result proxy_header_parse(struct text bytes, unsigned versions,
                                     struct proxy_header *header_out);

#endif
