/*
 * Keeps the CA and the leaves of `run --dev`, in memory and perhaps in a directory, and issues anew
 * what has less than a third of its life left. Called by control; dev_sign.c does the signing.
 */

#include "pki/dev_authority.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <openssl/evp.h>

#include "base/array.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/memory.h"
#include "certificate_parse.h"
#include "dev_sign.h"
#include "pem_file.h"

#define NAMES_MOST      1000
#define LEAF_BYTES_MOST ((size_t)60 * 1024) /* so that what is written can be read again */
#define FILE_HASH_BYTES 16
#define CA_LEAST_LIFE_S (40 * 86400L) /* outlives every leaf that it may still sign */
#define DIRECTORY_BYTES 3900

struct dev_leaf {
    /* owned */
    char *names; /* one a line: the key in the index */
    struct certificate_facts *facts;
    struct certificate_facts *previous; /* replaced; perhaps still borrowed by who asked last */
};

struct dev_authority {
    /* owned */
    char *directory; /* NULL: only in memory */
    struct dev_signer signer;
    struct buffer pem;
    struct dev_leaf *leaves;
    size_t leaf_count;
    size_t leaf_capacity;
    struct string_map index; /* names -> place in leaves */
};

static void path_in(const struct dev_authority *authority, const char *name, char path[4096])
{
    snprintf(path, 4096, "%s/%s", authority->directory, name);
}

static int use_directory(struct dev_authority *authority, const char *directory, struct err *err)
{
    struct stat info;

    if (strlen(directory) > DIRECTORY_BYTES)
        return err_set(err, "%.64s...: the path is too long", directory);
    if (mkdir(directory, S_IRWXU) < 0 && errno != EEXIST)
        return err_set(err, "%s: %s", directory, strerror(errno));
    if (stat(directory, &info) < 0)
        return err_set(err, "%s: %s", directory, strerror(errno));
    if (!S_ISDIR(info.st_mode))
        return err_set(err, "%s: not a directory", directory);
    if (info.st_mode & (S_IWGRP | S_IWOTH))
        return err_set(err, "%s: others may write there; run `chmod 700 %s`", directory, directory);
    authority->directory = memory_copy_text(directory);
    return 0;
}

/* 1: the CA that is there, 0: there is none or it is near its end, -1: `err` says why. */
static int load_ca(struct dev_authority *authority, struct err *err)
{
    struct stat info; /* not access(): that asks for the user, without our capability */
    char path[4096];
    struct pem_file cert;
    struct pem_file key;
    time_t limit = (time_t)(clock_wall_s() + CA_LEAST_LIFE_S);
    int status;

    path_in(authority, "ca.crt", path);
    if (stat(path, &info) < 0 && errno == ENOENT)
        return 0;
    if (pem_file_read(&cert, path, err) < 0)
        return -1;
    path_in(authority, "ca.key", path);
    if (pem_file_read(&key, path, err) < 0) {
        pem_file_done(&cert);
        return -1;
    }
    status = dev_signer_load(&authority->signer, text_make(cert.bytes, cert.len),
                             text_make(key.bytes, key.len), err);
    pem_file_done(&key);
    pem_file_done(&cert);
    if (status < 0) {
        err_prefix(err, "%s: remove this directory to begin with a new CA", authority->directory);
        return -1;
    }
    if (X509_cmp_time(X509_get0_notAfter(authority->signer.certificate), &limit) > 0)
        return 1;
    dev_signer_done(&authority->signer);
    return 0;
}

static int save_ca(const struct dev_authority *authority, struct err *err)
{
    char path[4096];
    struct buffer key = { 0 };
    int status = dev_signer_put_key(&authority->signer, &key, err);

    path_in(authority, "ca.key", path);
    if (status == 0)
        status = file_write(path, buffer_text(&key).at, buffer_len(&key), 0600, err);
    path_in(authority, "ca.crt", path);
    if (status == 0)
        status = file_write(path, buffer_text(&authority->pem).at, buffer_len(&authority->pem),
                            0644, err);
    if (key.bytes)
        memory_wipe(key.bytes, key.capacity);
    buffer_done(&key);
    return status;
}

static int open_ca(struct dev_authority *authority, struct err *err)
{
    int found = authority->directory ? load_ca(authority, err) : 0;

    if (found < 0 || (found == 0 && dev_signer_make(&authority->signer, clock_wall_s(), err) < 0) ||
        dev_signer_put_certificate(&authority->signer, &authority->pem, err) < 0)
        return -1;
    return found == 0 && authority->directory ? save_ca(authority, err) : 0;
}

struct dev_authority *dev_authority_open(const char *directory, struct err *err)
{
    struct dev_authority *authority = memory_new(sizeof(*authority));

    if ((directory && *directory && use_directory(authority, directory, err) < 0) ||
        open_ca(authority, err) < 0) {
        dev_authority_free(authority);
        return NULL;
    }
    return authority;
}

void dev_authority_free(struct dev_authority *authority)
{
    if (!authority)
        return;
    for (size_t i = 0; i < authority->leaf_count; i++) {
        certificate_facts_free(authority->leaves[i].facts);
        certificate_facts_free(authority->leaves[i].previous);
        free(authority->leaves[i].names);
    }
    string_map_done(&authority->index);
    dev_signer_done(&authority->signer);
    buffer_done(&authority->pem);
    free(authority->leaves);
    free(authority->directory);
    free(authority);
}

struct text dev_authority_certificate(const struct dev_authority *authority)
{
    return buffer_text(&authority->pem);
}

/* At least a third of its life is left. */
static bool is_fresh(const struct certificate_facts *facts, int64_t now_s)
{
    int64_t life = facts->not_after_s - facts->not_before_s;

    return now_s >= facts->not_before_s && facts->not_after_s - now_s >= life / 3;
}

/* The file of a leaf: named by the CA and the names, so that a leaf of another CA is not found. */
static void leaf_path(const struct dev_authority *authority, const char *names, char path[4096])
{
    uint8_t hash[SNAPSHOT_ID_BYTES];
    char name[2 * FILE_HASH_BYTES + 16] = "leaf-";
    struct buffer both = { 0 };
    size_t at = strlen(name);

    buffer_append_text(&both, buffer_text(&authority->pem));
    buffer_append(&both, names, strlen(names));
    certificate_digest(buffer_text(&both), hash);
    buffer_done(&both);
    for (size_t i = 0; i < FILE_HASH_BYTES; i++)
        at += (size_t)snprintf(name + at, sizeof(name) - at, "%02x", hash[i]);
    snprintf(name + at, sizeof(name) - at, ".pem");
    path_in(authority, name, path);
}

static struct certificate_facts *parse_leaf(const char *path, struct text pem, struct err *err)
{
    struct certificate_source source = {
        .paths = { .cert = path, .key = path },
        .cert_pem = pem,
        .key_pem = pem,
    };
    struct certificate_facts facts;
    struct certificate_facts *copy = NULL;
    struct arena arena = { 0 };

    if (certificate_parse(&source, &arena, &facts, err) == 0) {
        copy = certificate_facts_copy(&facts);
        certificate_facts_wipe(&facts);
    }
    arena_done(&arena);
    return copy;
}

/* A leaf of an earlier run; NULL: none, or none that is any good. */
static struct certificate_facts *load_leaf(const char *path, int64_t now_s)
{
    struct pem_file file;
    struct certificate_facts *facts;

    if (pem_file_read(&file, path, NULL) < 0)
        return NULL;
    facts = parse_leaf(path, text_make(file.bytes, file.len), NULL);
    pem_file_done(&file);
    if (facts && !is_fresh(facts, now_s)) {
        certificate_facts_free(facts);
        facts = NULL;
    }
    return facts;
}

/* Not synced, as ten thousand of them would take minutes: a damaged one is issued anew. */
static int save_leaf(const char *path, struct text pem, struct err *err)
{
    char beside[4096 + 8];
    int fd;
    int written;

    snprintf(beside, sizeof(beside), "%s.new", path);
    unlink(beside);
    fd = open(beside, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0)
        return err_set(err, "%s: %s", beside, strerror(errno));
    written = file_write_all(fd, pem.at, pem.len);
    close(fd);
    if (written == 0 && rename(beside, path) == 0)
        return 0;
    err_set(err, "%s: %s", path, strerror(errno));
    unlink(beside);
    return -1;
}

static struct certificate_facts *issue(const struct dev_authority *authority, const char *path,
                                       const struct text_list *names, int64_t now_s,
                                       struct err *err)
{
    struct buffer pem = { 0 };
    struct certificate_facts *facts = NULL;

    if (dev_signer_issue(&authority->signer, names, now_s, &pem, err) == 0)
        facts = parse_leaf(path, buffer_text(&pem), err);
    if (facts && authority->directory && save_leaf(path, buffer_text(&pem), err) < 0) {
        certificate_facts_free(facts);
        facts = NULL;
    }
    if (pem.bytes)
        memory_wipe(pem.bytes, pem.capacity);
    buffer_done(&pem);
    return facts;
}

/* The names, one a line, on the heap; NULL: they cannot be in one certificate. */
static char *join_names(const struct text_list *names, struct err *err)
{
    struct buffer joined = { 0 };
    char *text;

    for (size_t i = 0; i < names->count && i < NAMES_MOST; i++) {
        buffer_append_text(&joined, names->items[i]);
        buffer_append_byte(&joined, '\n');
    }
    if (names->count == 0 || names->count > NAMES_MOST ||
        buffer_len(&joined) > LEAF_BYTES_MOST / 2) {
        buffer_done(&joined);
        err_set(err, "%zu names for one development certificate; at most %d fit", names->count,
                NAMES_MOST);
        return NULL;
    }
    text = text_to_heap(buffer_text(&joined));
    buffer_done(&joined);
    return text;
}

/* The leaf of these names, perhaps still empty. Takes `names`. */
static struct dev_leaf *leaf_of(struct dev_authority *authority, char *names)
{
    struct dev_leaf *leaf;
    size_t at;

    if (string_map_get(&authority->index, text_of(names), &at)) {
        free(names);
        return &authority->leaves[at];
    }
    string_map_put(&authority->index, text_of(names), authority->leaf_count);
    leaf = ARRAY_PUSH(authority->leaves, authority->leaf_count, authority->leaf_capacity);
    *leaf = (struct dev_leaf){ .names = names };
    return leaf;
}

/* The leaf that the directory keeps, or a new one. */
static struct certificate_facts *load_or_issue(const struct dev_authority *authority,
                                               const char *joined, const struct text_list *names,
                                               int64_t now_s, struct err *err)
{
    char path[4096] = "a development certificate";
    struct certificate_facts *facts = NULL;

    if (authority->directory) {
        leaf_path(authority, joined, path);
        facts = load_leaf(path, now_s);
    }
    return facts ? facts : issue(authority, path, names, now_s, err);
}

int dev_authority_issue(struct dev_authority *authority, const struct text_list *names,
                        int64_t now_s, const struct certificate_facts **facts_out, struct err *err)
{
    char *joined = join_names(names, err);
    struct certificate_facts *fresh;
    struct dev_leaf *leaf;

    if (!joined)
        return -1;
    leaf = leaf_of(authority, joined);
    if (leaf->facts && is_fresh(leaf->facts, now_s)) {
        *facts_out = leaf->facts;
        return 0;
    }
    fresh = load_or_issue(authority, leaf->names, names, now_s, err);
    if (!fresh)
        return -1;
    certificate_facts_free(leaf->previous);
    leaf->previous = leaf->facts;
    leaf->facts = fresh;
    *facts_out = fresh;
    return 0;
}
