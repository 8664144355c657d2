#ifndef SWARMWARD_CONTROL_BACKEND_TLS_H
#define SWARMWARD_CONTROL_BACKEND_TLS_H

#include "config/settings_file.h"
#include "model/keyring.h"
#include "model/snapshot.h"
#include "pki/certificate_file.h"

/* The files behind policy.backend_tls: how backends are verified, and who we are to them. */
struct backend_tls {
    /* owned */
    struct arena arena;
    struct text ca;                  /* DER, one behind the other; "" = there is none */
    struct certificate_facts client; /* when has_client */
    bool has_client;
    uint64_t hash; /* of all that a verified connection rests on */
};

/* `now_s`: the client certificate must be in date. What is wrong is in `problems`. */
void backend_tls_load(struct backend_tls *tls, const struct settings *settings, int64_t now_s,
                      struct problems *problems);
void backend_tls_done(struct backend_tls *tls); /* wipes the key */

/* Into a snapshot that has a service with TLS; the private key goes to `keyring`. */
void backend_tls_build(const struct backend_tls *tls, const struct policy_settings *policy,
                       struct snapshot *snapshot, struct keyring *keyring);

#endif
