/* The file behind `session_tickets: shared`. Called by control at each load. */

#include "pki/ticket_secret.h"

#include <errno.h>
#include <sys/stat.h>

#include <openssl/evp.h>

#include "base/memory.h"
#include "pem_file.h"

#define SECRET_LEAST_BYTES 32

/* So that the file may serve other purposes as well without giving this one away. */
static const char purpose[] = "swarmward session tickets 1";

static int hash_file(const struct pem_file *file, uint8_t *secret_out)
{
    EVP_MD_CTX *hash = EVP_MD_CTX_new();
    int good = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) &&
               EVP_DigestUpdate(hash, purpose, sizeof(purpose)) &&
               EVP_DigestUpdate(hash, file->bytes, file->len) &&
               EVP_DigestFinal_ex(hash, secret_out, NULL);

    EVP_MD_CTX_free(hash);
    return good ? 0 : -1;
}

static int check(const struct pem_file *file, const char *path, struct err *err)
{
    bool secret = text_starts(text_of(path), TEXT("/run/secrets/"));

    if (!secret && (file->info.st_mode & (S_IRWXG | S_IRWXO)))
        return err_set(err, "%s: mode %04o lets others at the ticket secret; run `chmod 600 %s`",
                       path, (unsigned)(file->info.st_mode & 07777), path);
    if (file->len < SECRET_LEAST_BYTES)
        return err_set(err,
                       "%s: %zu bytes are too few for a ticket secret; make one with `openssl rand "
                       "-out %s 48`",
                       path, file->len, path);
    return 0;
}

int ticket_secret_read(const char *path, uint8_t secret_out[KEYRING_TICKET_SECRET_BYTES],
                       bool *missing_out, struct err *err)
{
    struct pem_file file;
    struct stat info;
    int status = -1;

    /* Not access(): it asks for the user alone, without the capability to read files of others. */
    *missing_out = stat(path, &info) < 0 && errno == ENOENT;
    if (pem_file_read(&file, path, err) < 0)
        return -1;
    if (check(&file, path, err) == 0) {
        status = hash_file(&file, secret_out);
        if (status < 0)
            err_set(err, "%s: OpenSSL has no SHA-256", path);
    }
    pem_file_done(&file);
    return status;
}
