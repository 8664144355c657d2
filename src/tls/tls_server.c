/*
 * The TLS side of a worker: what is served now, what is prepared to be served next, and what both
 * share. Called by the worker at its start and for each rollout; sessions look here for the
 * snapshot that counts at the moment of their handshake.
 */

#include <assert.h>
#include <stdlib.h>

#include <openssl/err.h>

#include "base/memory.h"
#include "crypto_memory.h"
#include "tls_private.h"

/* Parsed certificates kept: some 8 KiB each. What is pushed out costs 120 us when it comes again.
 */
#define IDENTITIES_MOST 1024

struct tls_server *tls_server_new(struct signer *signer)
{
    struct tls_server *server;

    crypto_memory_install();
    /* The machine's openssl.cnf must not change what the mapping file says. */
    if (OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
        abort();
    kdf_provider_load();
    if (signer)
        remote_key_load();
    server = memory_new(sizeof(*server));
    server->identities = identity_cache_new(IDENTITIES_MOST, signer);
    server->bio_method = session_bio_method_new();
    server->signer = signer;
    server->staging = memory_resize(NULL, STAGING_BYTES, 1);
    server->listener = takeover_listener(server);
    record_suites_init(&server->suites);
    return server;
}

static void generation_done(struct tls_generation *generation)
{
    if (generation->client_trusts)
        client_trusts_free(generation->client_trusts, generation->snapshot->client_ca_count);
    tls_setup_unref(generation->setup);
    snapshot_unref(generation->snapshot);
    keyring_unref(generation->keyring);
    *generation = (struct tls_generation){ 0 };
}

void tls_server_free(struct tls_server *server)
{
    if (!server)
        return;
    assert(server->session_count == 0);
    generation_done(&server->current);
    generation_done(&server->prepared);
    identity_cache_free(server->identities);
    record_suites_done(&server->suites);
    BIO_meth_free(server->bio_method);
    free(server->staging);
    free(server);
}

static int check_keys(const struct snapshot *snapshot, const struct keyring *keyring,
                      struct err *err)
{
    for (uint32_t i = 0; i < snapshot->certificate_count; i++) {
        const struct snapshot_certificate *certificate = &snapshot->certificates[i];

        if (!keyring_find(keyring, certificate->key_id))
            return err_set(err, "certificate %u (%.*s): its private key is not in the keyring", i,
                           TEXT_ARGS(certificate->name));
    }
    return 0;
}

int tls_server_prepare(struct tls_server *server, struct snapshot *snapshot,
                       struct keyring *keyring, struct err *err)
{
    struct tls_setup *setup = server->current.setup;
    struct client_trust *client_trusts;

    tls_server_cancel(server);
    /* keys that others have are checked by who makes keyring and snapshot together: control */
    if (!server->signer && check_keys(snapshot, keyring, err) < 0)
        return -1;
    client_trusts = client_trusts_new(snapshot, err);
    if (!client_trusts)
        return -1;
    if (setup && tls_setup_fits(setup, snapshot, keyring))
        tls_setup_ref(setup);
    else
        setup = tls_setup_new(server, snapshot, keyring, err);
    if (!setup) {
        client_trusts_free(client_trusts, snapshot->client_ca_count);
        return -1;
    }
    server->prepared.client_trusts = client_trusts;
    server->prepared.setup = setup;
    server->prepared.snapshot = snapshot_ref(snapshot);
    server->prepared.keyring = keyring_ref(keyring);
    return 0;
}

void tls_server_commit(struct tls_server *server)
{
    const struct snapshot *snapshot = server->prepared.snapshot;

    if (!snapshot)
        return;
    identity_cache_mark_begin(server->identities);
    for (uint32_t i = 0; i < snapshot->certificate_count; i++)
        identity_cache_mark(server->identities, &snapshot->certificates[i]);
    identity_cache_sweep(server->identities);
    generation_done(&server->current);
    server->current = server->prepared;
    server->prepared = (struct tls_generation){ 0 };
}

void tls_server_cancel(struct tls_server *server)
{
    generation_done(&server->prepared);
}
