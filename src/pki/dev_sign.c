/*
 * Makes the certificates of `run --dev`: P-256 throughout, a CA for ten years, leaves for thirty
 * days. Called by dev_authority.c, which keeps them; touches no file.
 */

#include "dev_sign.h"

#include <string.h>

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include "base/random.h"

#define CA_DAYS          3650
#define LEAF_DAYS        30
#define BACKDATE_S       3600 /* for clients whose clock is a little behind */
#define COMMON_NAME_MOST 64   /* X.520 ub-common-name */

struct extension {
    int nid;
    const char *value;
};

static int failed(const char *what, struct err *err)
{
    unsigned long code = ERR_peek_last_error();
    const char *reason = code ? ERR_reason_error_string(code) : NULL;

    err_set(err, "%s: %s", what, reason ? reason : "OpenSSL gives no reason");
    ERR_clear_error();
    return -1;
}

static int set_dates(X509 *certificate, int64_t now_s, int days)
{
    return ASN1_TIME_set(X509_getm_notBefore(certificate), (time_t)(now_s - BACKDATE_S)) &&
           ASN1_TIME_set(X509_getm_notAfter(certificate), (time_t)(now_s + days * 86400L));
}

static int set_serial(X509 *certificate)
{
    unsigned char bytes[16];
    BIGNUM *number;
    int done;

    random_bytes(bytes, sizeof(bytes));
    number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    done = number && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
    BN_free(number);
    return done;
}

/* CN only when it fits; the subjectAltName is what counts. */
static int set_subject(X509 *certificate, struct text name)
{
    if (name.len > COMMON_NAME_MOST)
        return 1;
    return X509_NAME_add_entry_by_NID(X509_get_subject_name(certificate), NID_commonName,
                                      V_ASN1_UTF8STRING, (const unsigned char *)name.at,
                                      (int)name.len, -1, 0);
}

static X509 *begin(struct text name, EVP_PKEY *key, int64_t now_s, int days)
{
    X509 *certificate = X509_new();

    if (certificate && X509_set_version(certificate, X509_VERSION_3) && set_serial(certificate) &&
        set_dates(certificate, now_s, days) && set_subject(certificate, name) &&
        X509_set_pubkey(certificate, key))
        return certificate;
    X509_free(certificate);
    return NULL;
}

static int add_extensions(X509 *certificate, X509 *issuer, const struct extension *extensions,
                          size_t count)
{
    X509V3_CTX context;

    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer, certificate, NULL, NULL, 0);
    for (size_t i = 0; i < count; i++) {
        X509_EXTENSION *made =
            X509V3_EXT_nconf_nid(NULL, &context, extensions[i].nid, extensions[i].value);
        int added = made && X509_add_ext(certificate, made, -1);

        X509_EXTENSION_free(made);
        if (!added)
            return 0;
    }
    return 1;
}

static int add_name(GENERAL_NAMES *names, struct text name)
{
    GENERAL_NAME *entry = GENERAL_NAME_new();
    ASN1_IA5STRING *string = ASN1_IA5STRING_new();

    if (!entry || !string || !ASN1_STRING_set(string, name.at, (int)name.len)) {
        ASN1_IA5STRING_free(string);
        GENERAL_NAME_free(entry);
        return 0;
    }
    GENERAL_NAME_set0_value(entry, GEN_DNS, string);
    if (sk_GENERAL_NAME_push(names, entry) > 0)
        return 1;
    GENERAL_NAME_free(entry);
    return 0;
}

static int add_names(X509 *certificate, const struct text_list *names)
{
    GENERAL_NAMES *list = GENERAL_NAMES_new();
    int is_critical =
        names->items[0].len > COMMON_NAME_MOST; /* RFC 5280: when the subject is empty */
    int done = list != NULL;

    for (size_t i = 0; done && i < names->count; i++)
        done = add_name(list, names->items[i]);
    done = done && X509_add1_ext_i2d(certificate, NID_subject_alt_name, list, is_critical, 0) == 1;
    GENERAL_NAMES_free(list);
    return done;
}

int dev_signer_make(struct dev_signer *signer, int64_t now_s, struct err *err)
{
    static const struct extension extensions[] = {
        { NID_basic_constraints, "critical,CA:TRUE,pathlen:0" },
        { NID_key_usage, "critical,keyCertSign,cRLSign" },
        { NID_subject_key_identifier, "hash" },
    };
    unsigned char tail[4];
    char name[48];
    struct dev_signer made = { .key = EVP_EC_gen("P-256") };

    /* each CA its own name, so that a browser that knows an older one does not mix them up */
    random_bytes(tail, sizeof(tail));
    snprintf(name, sizeof(name), "swarmward development CA %02x%02x%02x%02x", tail[0], tail[1],
             tail[2], tail[3]);
    if (made.key)
        made.certificate = begin(text_of(name), made.key, now_s, CA_DAYS);
    if (!made.certificate ||
        !X509_set_issuer_name(made.certificate, X509_get_subject_name(made.certificate)) ||
        !add_extensions(made.certificate, made.certificate, extensions,
                        sizeof(extensions) / sizeof(extensions[0])) ||
        !X509_sign(made.certificate, made.key, EVP_sha256())) {
        dev_signer_done(&made);
        return failed("making a CA", err);
    }
    *signer = made;
    return 0;
}

static BIO *reader_of(struct text pem)
{
    return BIO_new_mem_buf(pem.at, (int)pem.len);
}

int dev_signer_load(struct dev_signer *signer, struct text cert_pem, struct text key_pem,
                    struct err *err)
{
    BIO *cert = reader_of(cert_pem);
    BIO *key = reader_of(key_pem);
    struct dev_signer loaded = { 0 };
    int status = 0;

    if (cert && key) {
        loaded.certificate = PEM_read_bio_X509(cert, NULL, NULL, NULL);
        loaded.key = PEM_read_bio_PrivateKey(key, NULL, NULL, NULL);
    }
    if (!loaded.certificate || !loaded.key ||
        X509_check_private_key(loaded.certificate, loaded.key) != 1) {
        dev_signer_done(&loaded);
        status = failed("reading the CA", err);
    }
    BIO_free(cert);
    BIO_free(key);
    if (status == 0)
        *signer = loaded;
    return status;
}

void dev_signer_done(struct dev_signer *signer)
{
    X509_free(signer->certificate);
    EVP_PKEY_free(signer->key);
    *signer = (struct dev_signer){ 0 };
}

/* What was written to `bio` (NULL: nothing could be), appended; ends the bio. */
static int drain(BIO *bio, bool written, struct buffer *out, struct err *err)
{
    char *bytes = NULL;
    long len = bio ? BIO_get_mem_data(bio, &bytes) : 0;

    if (written && len > 0)
        buffer_append(out, bytes, (size_t)len);
    BIO_free(bio);
    return written && len > 0 ? 0 : failed("writing PEM", err);
}

static int put_certificate(X509 *certificate, struct buffer *out, struct err *err)
{
    BIO *bio = BIO_new(BIO_s_mem());

    return drain(bio, bio && PEM_write_bio_X509(bio, certificate) == 1, out, err);
}

static int put_key(EVP_PKEY *key, struct buffer *out, struct err *err)
{
    BIO *bio = BIO_new(BIO_s_secmem());

    return drain(bio, bio && PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1,
                 out, err);
}

int dev_signer_put_certificate(const struct dev_signer *signer, struct buffer *out, struct err *err)
{
    return put_certificate(signer->certificate, out, err);
}

int dev_signer_put_key(const struct dev_signer *signer, struct buffer *out, struct err *err)
{
    return put_key(signer->key, out, err);
}

int dev_signer_issue(const struct dev_signer *signer, const struct text_list *names, int64_t now_s,
                     struct buffer *out, struct err *err)
{
    static const struct extension extensions[] = {
        { NID_basic_constraints, "critical,CA:FALSE" },
        { NID_key_usage, "critical,digitalSignature" },
        { NID_ext_key_usage, "serverAuth" },
        { NID_subject_key_identifier, "hash" },
        { NID_authority_key_identifier, "keyid:always" },
    };
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *leaf = key ? begin(names->items[0], key, now_s, LEAF_DAYS) : NULL;
    int status = -1;

    if (!leaf || !X509_set_issuer_name(leaf, X509_get_subject_name(signer->certificate)) ||
        !add_names(leaf, names) ||
        !add_extensions(leaf, signer->certificate, extensions,
                        sizeof(extensions) / sizeof(extensions[0])) ||
        !X509_sign(leaf, signer->key, EVP_sha256()))
        failed("issuing a certificate", err);
    else if (put_certificate(leaf, out, err) == 0)
        status = put_key(key, out, err);
    X509_free(leaf);
    EVP_PKEY_free(key);
    return status;
}
