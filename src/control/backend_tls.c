/*
 * CAs and our own certificate for TLS to backends: read with the mapping file, published with the
 * snapshot. Called by mapping_file.c and snapshot_builder.c. Connects to nobody.
 */

#include "backend_tls.h"

#include <stdlib.h>

#include "base/hash.h"
#include "pki/trust_file.h"

static const struct source_place nowhere = { 0, 0 };

static void load_ca(struct backend_tls *tls, const struct settings *settings,
                    struct problems *problems)
{
    const struct text path = settings->policy.backend_tls.ca;
    char *terminated = text_to_heap(path);
    struct err err;

    /* A system without CAs is no mistake while nobody needs them; mapping.c says when one does. */
    if (trust_read(terminated, &tls->arena, &tls->ca, &err) < 0 && path.len)
        problems_error(problems, settings, nowhere, "policy.backend_tls.ca: %s", err.text);
    free(terminated);
}

static void load_client(struct backend_tls *tls, const struct settings *settings, int64_t now_s,
                        struct problems *problems)
{
    const struct backend_tls_settings *from = &settings->policy.backend_tls;
    char *cert = text_to_heap(from->cert_path);
    char *key = text_to_heap(from->key_path);
    struct certificate_paths paths = { .cert = cert, .key = key, .is_client = true };
    struct err err;

    if (certificate_read(&paths, now_s, &tls->arena, &tls->client, &err) == 0)
        tls->has_client = true;
    else
        problems_error(problems, settings, nowhere, "policy.backend_tls: %s", err.text);
    free(cert);
    free(key);
}

static uint64_t hash_all(const struct backend_tls *tls, const struct policy_settings *policy)
{
    uint64_t hash = hash_text(tls->ca) ^ hash_text(policy->backend_tls.server_name);

    hash = hash_mix(hash ^ (uint64_t)policy->backend_tls.verify);
    hash = hash_mix(hash ^ (uint64_t)(policy->backend_encryption == BACKEND_ENCRYPTION_MTLS));
    if (tls->has_client)
        hash = hash_mix(hash ^ hash_bytes(tls->client.id, sizeof(tls->client.id)));
    return hash;
}

/* Labels may ask for TLS at any time, and then no file is looked at. */
static bool may_be_needed(const struct settings *settings)
{
    bool needed = settings->docker_given || settings->policy.backend_tls.ca.len > 0;

    for (size_t i = 0; !needed && i < settings->service_count; i++)
        needed = protocol_has_tls(settings->services[i].policy.protocol);
    return needed;
}

void backend_tls_load(struct backend_tls *tls, const struct settings *settings, int64_t now_s,
                      struct problems *problems)
{
    const struct backend_tls_settings *from = &settings->policy.backend_tls;

    if (may_be_needed(settings))
        load_ca(tls, settings, problems);
    if (from->cert_path.len && from->key_path.len)
        load_client(tls, settings, now_s, problems);
    tls->hash = hash_all(tls, &settings->policy);
}

void backend_tls_done(struct backend_tls *tls)
{
    arena_wipe(&tls->arena);
    *tls = (struct backend_tls){ .has_client = false };
}

static void build_client(const struct certificate_facts *from, struct snapshot_certificate *client,
                         struct keyring *keyring)
{
    struct keyring_key *key = &keyring->client;

    client->chain = from->chain;
    client->kind = from->kind;
    client->not_before_s = from->not_before_s;
    client->not_after_s = from->not_after_s;
    memcpy(client->id, from->id, sizeof(client->id));
    memcpy(client->key_id, from->key_id, sizeof(client->key_id));
    memcpy(key->id, from->key_id, sizeof(key->id));
    key->der = from->key;
}

void backend_tls_build(const struct backend_tls *tls, const struct policy_settings *policy,
                       struct snapshot *snapshot, struct keyring *keyring)
{
    struct snapshot_backend_tls *built = &snapshot->backend_tls;

    built->ca = tls->ca;
    built->server_name = policy->backend_tls.server_name;
    built->checks_name = policy->backend_tls.verify == BACKEND_VERIFY_FULL;
    built->is_mutual = policy->backend_encryption == BACKEND_ENCRYPTION_MTLS;
    built->has_client = tls->has_client;
    if (tls->has_client)
        build_client(&tls->client, &built->client, keyring);
}
