#ifndef SWARMWARD_PKI_CERTIFICATE_FILE_H
#define SWARMWARD_PKI_CERTIFICATE_FILE_H

#include "base/arena.h"
#include "base/err.h"
#include "model/keyring.h"
#include "model/snapshot.h"

/*
 * Certificate and key files -> facts: chain as DER, names, dates, and whether the key fits. Made to
 * read ten thousand pairs in about a second: nothing is parsed further than the facts need.
 */

struct certificate_facts {
    struct text chain; /* DER, leaf first */
    uint8_t id[SNAPSHOT_ID_BYTES];
    uint8_t key_id[SNAPSHOT_ID_BYTES];
    enum key_kind kind;
    int64_t not_before_s;
    int64_t not_after_s;
    struct text *names; /* DNS names of the subjectAltName, lower case */
    size_t name_count;
    struct text key; /* DER of the private key: a secret */
};

/* Paths of a certificate (with its issuers) and of its key. */
struct certificate_paths {
    const char *cert;
    const char *key;
    bool is_client; /* it is shown to servers: needs no DNS name, and not to be for a server */
};

/*
 * Read both files; everything lands in `arena`. -1: `err` names the file and says what to do: no
 * PEM, key does not match, key readable by others (unless under /run/secrets), key kind not ECDSA
 * or RSA >= 2048, not yet valid or expired at `now_s`, no DNS name in it.
 */
int certificate_read(const struct certificate_paths *paths, int64_t now_s, struct arena *arena,
                     struct certificate_facts *facts_out, struct err *err);

/* Does one of the names cover `host` ("*.x" covers "*.x" and one label below x)? */
bool certificate_covers(const struct certificate_facts *facts, struct text host);

/*
 * The same, remembered between reloads by path, size, inode and times: a file that did not change
 * is not read again.
 */
struct certificate_store;

struct certificate_store *certificate_store_new(void);
void certificate_store_free(struct certificate_store *store);
/* `*facts_out` is borrowed until the next certificate_store_sweep(). */
int certificate_store_get(struct certificate_store *store, const struct certificate_paths *paths,
                          int64_t now_s, const struct certificate_facts **facts_out,
                          struct err *err);
/* Forget what was not asked for since the last sweep. Call when a load is served and nothing is
 * left of the one before; not after one that was refused. */
void certificate_store_sweep(struct certificate_store *store);

#endif
