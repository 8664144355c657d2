/*
 * PEM text -> facts about a certificate and its key. Knows no files; certificate_file.c reads them
 * and puts the file's name before each error.
 */

#include "certificate_parse.h"

#include <stdlib.h>
#include <time.h>

#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/memory.h"
#include "pem.h"
#include "public_key.h"
#include "x509_walk.h"

/* Fetching the digest costs as much as using it, so once a process. */
void certificate_digest(struct text bytes, uint8_t out[SNAPSHOT_ID_BYTES])
{
    static EVP_MD *sha256;

    if (!sha256)
        sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
    if (!sha256 || EVP_Digest(bytes.at, bytes.len, out, NULL, sha256, NULL) != 1)
        abort(); /* a libcrypto without SHA-256 cannot serve TLS at all */
}

static bool is_certificate(struct text label)
{
    return text_equal(label, TEXT("CERTIFICATE")) || text_equal(label, TEXT("X509 CERTIFICATE"));
}

/* What a worker's OpenSSL will ask for: 112 bits (SSL_CTX_set_security_level(3), level 2). */
#define SECURITY_BITS_LEAST 112

/* OpenSSL's verdict where the walk has none: on keys and signatures that are seldom. */
static bool openssl_takes(struct text der)
{
    const unsigned char *at = (const unsigned char *)der.at;
    X509 *certificate = d2i_X509(NULL, &at, (long)der.len);
    EVP_PKEY *key = certificate ? X509_get0_pubkey(certificate) : NULL;
    int bits = 0;
    bool is_taken = key && EVP_PKEY_get_security_bits(key) >= SECURITY_BITS_LEAST;

    if (is_taken && !(X509_get_extension_flags(certificate) & EXFLAG_SS))
        is_taken = X509_get_signature_info(certificate, NULL, NULL, &bits, NULL) == 1 &&
                   bits >= SECURITY_BITS_LEAST;
    X509_free(certificate);
    return is_taken;
}

/* A signature that OpenSSL would not let a server show. */
static int check_signature(struct text der, const struct x509_walk *walk, struct err *err)
{
    if (x509_is_well_signed(walk) || openssl_takes(der))
        return 0;
    return err_set(err, "it is signed with MD5, SHA-1 or an algorithm that OpenSSL does not know; "
                        "have it issued anew");
}

static int read_issuer(struct text der, size_t place, struct err *err)
{
    struct x509_walk walk = { .key_info = TEXT_NONE };
    struct public_key key;
    enum public_key_status status;

    if (x509_walk(der, &walk, err) < 0)
        return err_prefix(err, "certificate %zu of the chain", place);
    status = public_key_read(walk.key_info, &key, err);
    if (status != PUBLIC_KEY_OK && (status != PUBLIC_KEY_OTHER || !openssl_takes(der)))
        return err_prefix(err, "certificate %zu of the chain", place);
    if (check_signature(der, &walk, err) < 0)
        return err_prefix(err, "certificate %zu of the chain", place);
    return 0;
}

static int read_names(struct text alternatives, struct arena *arena,
                      struct certificate_facts *facts, struct err *err)
{
    struct text left = alternatives;
    struct text name;
    size_t count = 0;

    while (x509_next_name(&left, &name))
        count++;
    if (!count)
        return err_set(err, "no DNS name in its subjectAltName; have it issued anew with the names "
                            "of your domains (the common name does not count)");
    facts->names = arena_new(arena, count, sizeof(*facts->names));
    facts->name_count = 0;
    while (x509_next_name(&alternatives, &name)) {
        char *copy = arena_cstr(arena, name);

        text_lower(copy, name.len);
        facts->names[facts->name_count++] = text_make(copy, name.len);
    }
    return 0;
}

static int read_use(const struct x509_walk *walk, struct arena *arena,
                    struct certificate_facts *facts, struct err *err)
{
    if (!x509_may_serve(walk))
        return err_set(err, "its extendedKeyUsage has no serverAuth; have it issued for a server");
    return read_names(walk->alternatives, arena, facts, err);
}

/* `key_out` is a view of `der`. */
static int read_leaf(struct text der, struct certificate_facts *facts, struct x509_walk *walk,
                     struct public_key *key_out, struct err *err)
{
    if (x509_walk(der, walk, err) < 0 ||
        public_key_read(walk->key_info, key_out, err) != PUBLIC_KEY_OK ||
        check_signature(der, walk, err) < 0)
        return -1;
    facts->kind = key_out->kind;
    facts->not_before_s = walk->not_before_s;
    facts->not_after_s = walk->not_after_s;
    certificate_digest(walk->key_info, facts->key_id);
    return 0;
}

/* The DER of all certificates, one behind the other: pieces[i] are views of it. */
static int decode_chain(struct text pem, struct arena *arena, struct text *pieces,
                        size_t *count_out, struct err *err)
{
    struct pem_block block;
    enum pem_status status;
    size_t count = 0;

    while ((status = pem_next(&pem, &block, err)) == PEM_BLOCK) {
        if (text_equal(block.label, TEXT("TRUSTED CERTIFICATE")))
            return err_set(err, "it is in OpenSSL's own \"trusted\" form; write it anew with "
                                "`openssl x509 -in OLD -out NEW`");
        if (!is_certificate(block.label))
            continue; /* the key may be in the same file */
        if (count == CERTIFICATE_CHAIN_MAX)
            return err_set(err, "more than %d certificates; keep the leaf and its issuers only",
                           CERTIFICATE_CHAIN_MAX);
        if (pem_decode(&block, arena, &pieces[count], err) < 0)
            return -1;
        count++;
    }
    if (status == PEM_BAD)
        return -1;
    if (!count)
        return err_set(err, "no certificate in it; it must be PEM, with a line "
                            "-----BEGIN CERTIFICATE-----");
    *count_out = count;
    return 0;
}

static struct text join(struct arena *arena, const struct text *pieces, size_t count)
{
    size_t len = 0;
    char *joined;

    if (count == 1)
        return pieces[0];
    for (size_t i = 0; i < count; i++)
        len += pieces[i].len;
    joined = arena_alloc(arena, len);
    len = 0;
    for (size_t i = 0; i < count; i++) {
        memcpy(joined + len, pieces[i].at, pieces[i].len);
        len += pieces[i].len;
    }
    return text_make(joined, len);
}

static int parse_chain(const struct certificate_source *source, struct arena *arena,
                       struct certificate_facts *facts, struct public_key *key_out, struct err *err)
{
    struct text pieces[CERTIFICATE_CHAIN_MAX] = { TEXT_NONE };
    struct x509_walk walk = { .key_info = TEXT_NONE };
    size_t count = 0;

    if (decode_chain(source->cert_pem, arena, pieces, &count, err) < 0 ||
        read_leaf(pieces[0], facts, &walk, key_out, err) < 0)
        return -1;
    if (!source->paths.is_client && read_use(&walk, arena, facts, err) < 0)
        return -1;
    for (size_t i = 1; i < count; i++)
        if (read_issuer(pieces[i], i + 1, err) < 0)
            return -1;
    facts->chain = join(arena, pieces, count);
    certificate_digest(facts->chain, facts->id);
    return 0;
}

static bool is_key(struct text label)
{
    return text_equal(label, TEXT("PRIVATE KEY")) || text_equal(label, TEXT("EC PRIVATE KEY")) ||
           text_equal(label, TEXT("RSA PRIVATE KEY"));
}

/* The one key of a key file; certificates and parameters beside it are passed over. */
static int find_key(struct text pem, struct pem_block *key_out, struct err *err)
{
    struct pem_block block;
    enum pem_status status;
    size_t count = 0;

    while ((status = pem_next(&pem, &block, err)) == PEM_BLOCK) {
        if (pem_is_encrypted(&block))
            return err_set(err, "the private key is encrypted, and nobody is there to type a "
                                "passphrase; decrypt it with `openssl pkey -in OLD -out NEW`");
        if (!is_key(block.label))
            continue;
        *key_out = block;
        count++;
    }
    if (status == PEM_BAD)
        return -1;
    if (!count)
        return err_set(err, "no private key in it; it must be PEM, with a line "
                            "-----BEGIN PRIVATE KEY-----");
    if (count > 1)
        return err_set(err, "%zu private keys in it; keep the one of the certificate", count);
    return 0;
}

static int parse_key(struct text pem, struct arena *arena, struct certificate_facts *facts,
                     const struct public_key *key, struct err *err)
{
    struct pem_block block;

    if (find_key(pem, &block, err) < 0 || pem_decode(&block, arena, &facts->key, err) < 0)
        return -1;
    return private_key_check(facts->key, key, err);
}

int certificate_parse(const struct certificate_source *source, struct arena *arena,
                      struct certificate_facts *facts_out, struct err *err)
{
    struct certificate_facts facts = { 0 };
    struct public_key key;

    if (parse_chain(source, arena, &facts, &key, err) < 0)
        return err_prefix(err, "%s", source->paths.cert);
    if (parse_key(source->key_pem, arena, &facts, &key, err) < 0)
        return err_prefix(err, "%s", source->paths.key);
    *facts_out = facts;
    return 0;
}

static void print_date(int64_t time_s, char *text, size_t bytes)
{
    struct tm parts;
    time_t time = (time_t)time_s;

    if (!gmtime_r(&time, &parts) || !strftime(text, bytes, "%Y-%m-%d %H:%M:%S UTC", &parts))
        text[0] = '\0';
}

int certificate_check_dates(const struct certificate_facts *facts, int64_t now_s, struct err *err)
{
    char date[48];

    if (now_s < facts->not_before_s) {
        print_date(facts->not_before_s, date, sizeof(date));
        return err_set(err, "not valid before %s; is the clock of this machine right?", date);
    }
    if (now_s > facts->not_after_s) {
        print_date(facts->not_after_s, date, sizeof(date));
        return err_set(err, "expired at %s; renew it", date);
    }
    return 0;
}

/* A copy at `*at`, which moves on. */
static struct text put(char **at, struct text text)
{
    struct text copy = text_make(*at, text.len);

    if (text.len)
        memcpy(*at, text.at, text.len);
    *at += text.len;
    return copy;
}

struct certificate_facts *certificate_facts_copy(const struct certificate_facts *facts)
{
    size_t names_bytes = facts->name_count * sizeof(*facts->names);
    size_t bytes = sizeof(*facts) + names_bytes + facts->chain.len + facts->key.len;
    struct certificate_facts *copy;
    char *at;

    for (size_t i = 0; i < facts->name_count; i++)
        bytes += facts->names[i].len;
    copy = memory_new(bytes);
    *copy = *facts;
    copy->names = (struct text *)(copy + 1);
    at = (char *)copy->names + names_bytes;
    copy->chain = put(&at, facts->chain);
    copy->key = put(&at, facts->key);
    for (size_t i = 0; i < facts->name_count; i++)
        copy->names[i] = put(&at, facts->names[i]);
    return copy;
}

void certificate_facts_wipe(struct certificate_facts *facts)
{
    char *at;

    memcpy(&at, &facts->key.at, sizeof(at)); /* a text is not const-correct for its owner */
    if (facts->key.len)
        memory_wipe(at, facts->key.len);
    facts->key = TEXT_NONE;
}

void certificate_facts_free(struct certificate_facts *facts)
{
    if (!facts)
        return;
    certificate_facts_wipe(facts);
    free(facts);
}
