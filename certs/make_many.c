/*
 * Makes many certificates quickly, each with its own P-256 key and each for one domain, all from
 * one CA: `make-certificates DIRECTORY COUNT [SUFFIX [FIRST]]` writes DIRECTORY/ca.crt and
 * DIRECTORY/d1.SUFFIX.crt, .key and so on. For the benchmark and the tests of ten thousand domains;
 * never for production. A CA that is there already is used again.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#define DAYS       30
#define COUNT_MOST 1000000L

struct authority {
    EVP_PKEY *key;
    X509 *certificate;
};

static void fail(const char *what)
{
    fprintf(stderr, "make-certificates: %s: %s\n", what, errno ? strerror(errno) : "failed");
    exit(1);
}

static FILE *open_new(const char *path, mode_t mode)
{
    FILE *file;

    remove(path);
    umask(~mode & 0777);
    file = fopen(path, "wx");
    if (!file)
        fail(path);
    return file;
}

static void write_pair(const char *stem, X509 *certificate, EVP_PKEY *key)
{
    char path[4096];
    FILE *file;

    snprintf(path, sizeof(path), "%s.crt", stem);
    file = open_new(path, 0644);
    if (PEM_write_X509(file, certificate) != 1 || fclose(file) != 0)
        fail(path);
    snprintf(path, sizeof(path), "%s.key", stem);
    file = open_new(path, 0600);
    if (PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL) != 1 || fclose(file) != 0)
        fail(path);
}

static void add_extension(X509 *certificate, int nid, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, nid, value);

    if (!extension || X509_add_ext(certificate, extension, -1) != 1)
        fail(value);
    X509_EXTENSION_free(extension);
}

/* Without extensions and signature. */
static X509 *begin_certificate(const char *name, const X509_NAME *issuer, EVP_PKEY *key)
{
    static uint64_t serial;
    X509 *certificate = X509_new();
    X509_NAME *subject = certificate ? X509_get_subject_name(certificate) : NULL;

    if (!serial)
        serial = (uint64_t)time(NULL) << 24;
    if (!subject || X509_set_version(certificate, X509_VERSION_3) != 1 ||
        ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), ++serial) != 1 ||
        !X509_gmtime_adj(X509_getm_notBefore(certificate), -3600) ||
        !X509_gmtime_adj(X509_getm_notAfter(certificate), DAYS * 86400L) ||
        X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1,
                                   0) != 1 ||
        X509_set_issuer_name(certificate, issuer ? issuer : subject) != 1 ||
        X509_set_pubkey(certificate, key) != 1)
        fail(name);
    return certificate;
}

static EVP_PKEY *make_key(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");

    if (!key)
        fail("key");
    return key;
}

static void authority_open(struct authority *authority, const char *directory)
{
    char stem[2048];
    char path[4096];
    FILE *file;

    snprintf(stem, sizeof(stem), "%s/ca", directory);
    snprintf(path, sizeof(path), "%s.crt", stem);
    file = fopen(path, "r");
    if (file) {
        authority->certificate = PEM_read_X509(file, NULL, NULL, NULL);
        fclose(file);
        snprintf(path, sizeof(path), "%s.key", stem);
        file = fopen(path, "r");
        authority->key = file ? PEM_read_PrivateKey(file, NULL, NULL, NULL) : NULL;
        if (!authority->certificate || !authority->key)
            fail(path);
        fclose(file);
        return;
    }
    authority->key = make_key();
    authority->certificate = begin_certificate("swarmward test CA", NULL, authority->key);
    add_extension(authority->certificate, NID_basic_constraints, "critical,CA:TRUE");
    add_extension(authority->certificate, NID_key_usage, "critical,keyCertSign,cRLSign");
    if (!X509_sign(authority->certificate, authority->key, EVP_sha256()))
        fail("sign");
    write_pair(stem, authority->certificate, authority->key);
}

static void issue(const struct authority *authority, const char *directory, const char *name)
{
    char stem[4000];
    char alternative[512];
    EVP_PKEY *key = make_key();
    X509 *certificate = begin_certificate(name, X509_get_subject_name(authority->certificate), key);

    snprintf(alternative, sizeof(alternative), "DNS:%s", name);
    add_extension(certificate, NID_subject_alt_name, alternative);
    add_extension(certificate, NID_basic_constraints, "critical,CA:FALSE");
    if (!X509_sign(certificate, authority->key, EVP_sha256()))
        fail("sign");
    snprintf(stem, sizeof(stem), "%s/%s", directory, name);
    write_pair(stem, certificate, key);
    X509_free(certificate);
    EVP_PKEY_free(key);
}

static long number_of(const char *text)
{
    char *end;
    long number = strtol(text, &end, 10);

    if (*end || number < 1 || number > COUNT_MOST) {
        fprintf(stderr, "make-certificates: %s: not a number from 1 to %ld\n", text, COUNT_MOST);
        exit(2);
    }
    return number;
}

int main(int argc, char **argv)
{
    struct authority authority = { 0 };
    const char *suffix = argc > 3 ? argv[3] : "example.test";
    long first = argc > 4 ? number_of(argv[4]) : 1;
    long count;
    char name[256];

    if (argc < 3 || argc > 5) {
        fprintf(stderr, "usage: make-certificates DIRECTORY COUNT [SUFFIX [FIRST]]\n");
        return 2;
    }
    count = number_of(argv[2]);
    if (mkdir(argv[1], 0755) < 0 && errno != EEXIST)
        fail(argv[1]);
    errno = 0;
    authority_open(&authority, argv[1]);
    for (long i = first; i < first + count; i++) {
        snprintf(name, sizeof(name), "d%ld.%s", i, suffix);
        issue(&authority, argv[1], name);
    }
    X509_free(authority.certificate);
    EVP_PKEY_free(authority.key);
    return 0;
}
