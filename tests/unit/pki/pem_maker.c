/* Makes what the tests of src/pki read. */

#include "pem_maker.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#define PATHS 4

static char directory[64];

static void must(int good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "pem_maker: %s failed\n", what);
    abort();
}

/* RSA keys take long to make, and two of a size are enough. */
static EVP_PKEY *make_rsa(unsigned bits)
{
    static EVP_PKEY *kept[5];
    EVP_PKEY **at = &kept[bits / 1024];

    if (!*at)
        *at = EVP_RSA_gen(bits);
    must(*at && EVP_PKEY_up_ref(*at), "an RSA key");
    return *at;
}

EVP_PKEY *make_key(const char *kind)
{
    EVP_PKEY *key;

    if (strncmp(kind, "RSA:", 4) == 0)
        return make_rsa((unsigned)strtoul(kind + 4, NULL, 10));
    if (strcmp(kind, "ED25519") == 0)
        key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
    else
        key = EVP_EC_gen(kind);
    must(key != NULL, kind);
    return key;
}

static void extend(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    must(extension && X509_add_ext(certificate, extension, -1), value);
    X509_EXTENSION_free(extension);
}

static void name_issuer(X509 *certificate, const char *issuer)
{
    X509_NAME *name = X509_NAME_new();

    must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)issuer, -1, -1,
                                    0) &&
             X509_set_issuer_name(certificate, name),
         "an issuer");
    X509_NAME_free(name);
}

X509 *make_certificate(const struct recipe *recipe, EVP_PKEY *key)
{
    X509 *made = X509_new();
    X509_NAME *subject = X509_get_subject_name(made);
    const EVP_MD *digest = recipe->digest ? EVP_get_digestbyname(recipe->digest) : EVP_sha256();
    bool is_plain = EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519;

    must(X509_set_version(made, X509_VERSION_3) &&
             ASN1_INTEGER_set(X509_get_serialNumber(made), 77) &&
             X509_gmtime_adj(X509_getm_notBefore(made), recipe->from_s) &&
             X509_gmtime_adj(X509_getm_notAfter(made), recipe->until_s) &&
             X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                                        (const unsigned char *)"Umlaut test", -1, -1, 0) &&
             X509_set_issuer_name(made, subject) && X509_set_pubkey(made, key),
         "a certificate");
    if (recipe->alternatives)
        extend(made, NID_subject_alt_name, recipe->alternatives);
    if (recipe->uses)
        extend(made, NID_ext_key_usage, recipe->uses);
    extend(made, NID_basic_constraints, "critical,CA:FALSE");
    if (recipe->issuer)
        name_issuer(made, recipe->issuer);
    must(X509_sign(made, key, is_plain ? NULL : digest) > 0, "signing");
    return made;
}

static void drain(struct buffer *out, BIO *bio, int written)
{
    char *bytes;
    long len = BIO_get_mem_data(bio, &bytes);

    must(written && len > 0, "PEM");
    buffer_append(out, bytes, (size_t)len);
    BIO_free(bio);
}

void put_certificate(struct buffer *out, X509 *certificate)
{
    BIO *bio = BIO_new(BIO_s_mem());

    drain(out, bio, PEM_write_bio_X509(bio, certificate));
}

void put_pkcs8(struct buffer *out, EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());

    drain(out, bio, PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL));
}

void put_traditional(struct buffer *out, EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());

    drain(out, bio, PEM_write_bio_PrivateKey_traditional(bio, key, NULL, NULL, 0, NULL, NULL));
}

void put_encrypted(struct buffer *out, EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());

    drain(out, bio,
          PEM_write_bio_PrivateKey(bio, key, EVP_aes_128_cbc(), (const unsigned char *)"secret", 6,
                                   NULL, NULL));
}

void put_encrypted_traditional(struct buffer *out, EVP_PKEY *key)
{
    BIO *bio = BIO_new(BIO_s_mem());

    drain(out, bio,
          PEM_write_bio_PrivateKey_traditional(bio, key, EVP_aes_128_cbc(),
                                               (const unsigned char *)"secret", 6, NULL, NULL));
}

void scratch_init(void)
{
    snprintf(directory, sizeof(directory), "/tmp/swarmward-pki-XXXXXX");
    must(mkdtemp(directory) != NULL, "mkdtemp");
}

static void remove_all(const char *path)
{
    DIR *stream = opendir(path);
    char name[512];

    for (struct dirent *entry; stream && (entry = readdir(stream));) {
        if (entry->d_name[0] == '.')
            continue;
        snprintf(name, sizeof(name), "%s/%s", path, entry->d_name);
        if (entry->d_type == DT_DIR)
            remove_all(name);
        else
            unlink(name);
    }
    if (stream)
        closedir(stream);
    rmdir(path);
}

void scratch_done(void)
{
    remove_all(directory);
}

const char *scratch_path(const char *name)
{
    static char paths[PATHS][512];
    static size_t next;
    char *path = paths[next++ % PATHS];

    snprintf(path, sizeof(paths[0]), "%s/%s", directory, name);
    return path;
}

void scratch_write(const char *name, struct text text, unsigned mode)
{
    const char *path = scratch_path(name);
    int fd;

    unlink(path);
    fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    must(fd >= 0, path);
    must(write(fd, text.at, text.len) == (ssize_t)text.len, path);
    must(fchmod(fd, mode) == 0, path);
    close(fd);
}
