/* Certificates and a snapshot for the tests of src/tls. */

#include "tls_world.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/evp.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "base/memory.h"
#include "tls_private.h"

static void must(int good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "tls_world: %s failed\n", what);
    abort();
}

/* Making RSA keys takes long, and which one it is makes no difference to a test. */
static EVP_PKEY *make_key(enum key_kind kind)
{
    static EVP_PKEY *rsa;

    if (kind == KEY_ECDSA)
        return EVP_EC_gen("P-256");
    if (!rsa)
        rsa = EVP_RSA_gen(2048);
    must(rsa && EVP_PKEY_up_ref(rsa), "an RSA key");
    return rsa;
}

static X509 *make_certificate(const char *name, EVP_PKEY *key)
{
    static long serial;
    X509 *certificate = X509_new();
    X509_NAME *subject = X509_get_subject_name(certificate);
    char alternative[300];
    X509_EXTENSION *extension;

    snprintf(alternative, sizeof(alternative), "DNS:%s", name);
    extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, alternative);
    must(X509_set_version(certificate, X509_VERSION_3) &&
             ASN1_INTEGER_set(X509_get_serialNumber(certificate), ++serial) &&
             X509_gmtime_adj(X509_getm_notBefore(certificate), -60) &&
             X509_gmtime_adj(X509_getm_notAfter(certificate), 86400) &&
             X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name,
                                        -1, -1, 0) &&
             X509_set_issuer_name(certificate, subject) && X509_set_pubkey(certificate, key) &&
             extension && X509_add_ext(certificate, extension, -1) &&
             X509_sign(certificate, key, EVP_sha256()),
         "a certificate");
    X509_EXTENSION_free(extension);
    return certificate;
}

/* What i2d made, in the arena. */
static struct text keep(struct arena *arena, unsigned char *der, int len)
{
    struct text kept;

    must(len > 0, "DER");
    kept = arena_text(arena, text_make((const char *)der, (size_t)len));
    OPENSSL_free(der);
    return kept;
}

static void hash(struct text bytes, uint8_t out[SNAPSHOT_ID_BYTES])
{
    must(EVP_Digest(bytes.at, bytes.len, out, NULL, EVP_sha256(), NULL), "SHA-256");
}

static uint32_t add_certificate(struct world *world, const char *name, enum key_kind kind)
{
    struct snapshot *snapshot = world->snapshot;
    struct keyring *keyring = world->keyring;
    uint32_t index = snapshot->certificate_count++;
    struct snapshot_certificate *to = &snapshot->certificates[index];
    struct keyring_key *key_to = &keyring->keys[keyring->key_count++];
    EVP_PKEY *key = make_key(kind);
    X509 *certificate = make_certificate(name, key);
    unsigned char *der = NULL;
    int len = i2d_X509(certificate, &der);

    *to = (struct snapshot_certificate){ .name = TEXT_NONE, .kind = kind };
    key_to->uses = KEYRING_AS_SERVER;
    to->chain = keep(&snapshot->arena, der, len);
    hash(to->chain, to->id);
    der = NULL;
    len = i2d_X509_PUBKEY(X509_get_X509_PUBKEY(certificate), &der);
    hash(text_make((const char *)der, (size_t)len), to->key_id);
    OPENSSL_free(der);
    der = NULL;
    len = i2d_PrivateKey(key, &der);
    key_to->der = keep(&keyring->arena, der, len);
    memcpy(key_to->id, to->key_id, sizeof(key_to->id));
    to->not_after_s = clock_wall_s() + 86400;
    X509_free(certificate);
    EVP_PKEY_free(key);
    return index;
}

void world_begin(struct world *world)
{
    struct snapshot *snapshot = snapshot_new();
    struct keyring *keyring = keyring_new();

    if (!world->server)
        world->server = tls_server_new(world->signer);
    fields_set_defaults(&tls_fields, &snapshot->tls, &snapshot->arena);
    snapshot->certificates =
        arena_new(&snapshot->arena, 2 * WORLD_MOST, sizeof(*snapshot->certificates));
    snapshot->domains = arena_new(&snapshot->arena, WORLD_MOST, sizeof(*snapshot->domains));
    keyring->keys = arena_new(&keyring->arena, 2 * WORLD_MOST, sizeof(*keyring->keys));
    memset(keyring->ticket_secret, 7, sizeof(keyring->ticket_secret));
    world->snapshot = snapshot;
    world->keyring = keyring;
}

uint32_t world_add(struct world *world, const char *name, unsigned kinds)
{
    struct snapshot *snapshot = world->snapshot;
    struct snapshot_domain *domain = &snapshot->domains[snapshot->domain_count];
    struct text text = arena_text(&snapshot->arena, text_of(name));

    domain->wildcard = text_starts(text, TEXT("*."));
    domain->name = domain->wildcard ? text_from(text, 2) : text;
    domain->certificates[KEY_ECDSA] =
        kinds & WITH_ECDSA ? add_certificate(world, name, KEY_ECDSA) : SNAPSHOT_NONE;
    domain->certificates[KEY_RSA] =
        kinds & WITH_RSA ? add_certificate(world, name, KEY_RSA) : SNAPSHOT_NONE;
    return snapshot->domain_count++;
}

int world_prepare(struct world *world, struct err *err)
{
    int status;

    must(snapshot_index(world->snapshot, err) == 0, "an index");
    status = tls_server_prepare(world->server, world->snapshot, world->keyring, err);
    snapshot_unref(world->snapshot);
    keyring_unref(world->keyring);
    world_begin(world);
    return status;
}

void world_commit(struct world *world)
{
    struct err err;

    if (world_prepare(world, &err) < 0) {
        fprintf(stderr, "tls_world: %s\n", err.text);
        abort();
    }
    tls_server_commit(world->server);
}

const struct snapshot *world_current(const struct world *world)
{
    return world->server->current.snapshot;
}

void world_done(struct world *world)
{
    snapshot_unref(world->snapshot);
    keyring_unref(world->keyring);
    tls_server_free(world->server);
    *world = (struct world){ 0 };
}
