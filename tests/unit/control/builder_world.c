/* Certificates on disk for the tests of the snapshot builder, made with OpenSSL. */

#include "builder_world.h"

#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "base/clock.h"
#include "base/file.h"

#define DAY 86400L

static const uint8_t boot_secret[KEYRING_TICKET_SECRET_BYTES] = { 42 };

void world_open(struct builder_world *world)
{
    *world = (struct builder_world){ 0 };
    strcpy(world->directory, "/tmp/swarmward-builder-XXXXXX");
    assert_non_null(mkdtemp(world->directory));
    world->store = certificate_store_new();
    world->labels = label_cache_new();
    world->builder.slots = slot_map_new();
    world->builder.domain_slots = slot_map_new();
    world->builder.boot_secret = boot_secret;
    world->builder.generation = 7;
    world->builder.now_s = clock_wall_s();
}

/* All but the file. */
static void forget_build(struct builder_world *world)
{
    snapshot_unref(world->snapshot);
    keyring_unref(world->keyring);
    mapping_free(world->mapping);
    world->snapshot = NULL;
    world->keyring = NULL;
    world->mapping = NULL;
}

static void forget(struct builder_world *world)
{
    forget_build(world);
    mapping_file_free(world->file);
    problems_done(&world->problems);
    world->file = NULL;
}

static void remove_files(const char *directory)
{
    DIR *files = opendir(directory);
    struct dirent *file;
    char path[400];

    assert_non_null(files);
    while ((file = readdir(files))) {
        snprintf(path, sizeof(path), "%s/%s", directory, file->d_name);
        unlink(path);
    }
    closedir(files);
    rmdir(directory);
}

void world_close(struct builder_world *world)
{
    forget(world);
    swarm_unref(world->swarm);
    label_cache_free(world->labels);
    certificate_store_free(world->store);
    dev_authority_free(world->builder.authority);
    slot_map_free(world->builder.slots);
    slot_map_free(world->builder.domain_slots);
    remove_files(world->directory);
}

static void add_names(X509 *certificate, const char *names)
{
    char copy[512];
    char value[1024] = "";
    char *rest = NULL;
    X509_EXTENSION *extension;

    snprintf(copy, sizeof(copy), "%s", names);
    for (char *name = strtok_r(copy, ",", &rest); name; name = strtok_r(NULL, ",", &rest)) {
        size_t used = strlen(value);

        snprintf(value + used, sizeof(value) - used, "%sDNS:%s", used ? "," : "", name);
    }
    extension = X509V3_EXT_conf_nid(NULL, NULL, NID_subject_alt_name, value);
    assert_non_null(extension);
    assert_int_equal(X509_add_ext(certificate, extension, -1), 1);
    X509_EXTENSION_free(extension);
}

static X509 *make_certificate(EVP_PKEY *key, const char *names, int days)
{
    X509 *certificate = X509_new();

    X509_set_version(certificate, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(certificate), random());
    X509_gmtime_adj(X509_getm_notBefore(certificate), -DAY);
    X509_gmtime_adj(X509_getm_notAfter(certificate), days * DAY + 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(certificate), "CN", MBSTRING_ASC,
                               (const unsigned char *)"test", -1, -1, 0);
    X509_set_issuer_name(certificate, X509_get_subject_name(certificate));
    X509_set_pubkey(certificate, key);
    add_names(certificate, names);
    assert_true(X509_sign(certificate, key, EVP_sha256()) > 0);
    return certificate;
}

void world_certificate(struct builder_world *world, const char *name, enum world_key key,
                       const char *names, int days)
{
    EVP_PKEY *pair = key == WORLD_RSA ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256");
    X509 *certificate = make_certificate(pair, names, days);
    char path[128];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s.crt", world->directory, name);
    file = fopen(path, "w");
    assert_int_equal(PEM_write_X509(file, certificate), 1);
    fclose(file);
    snprintf(path, sizeof(path), "%s/%s.key", world->directory, name);
    file = fopen(path, "w");
    assert_int_equal(chmod(path, 0600), 0);
    assert_int_equal(PEM_write_PrivateKey(file, pair, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
    X509_free(certificate);
    EVP_PKEY_free(pair);
}

static void fill_in(struct builder_world *world, const char *yaml, struct buffer *out)
{
    for (; *yaml; yaml++) {
        if (*yaml == '%')
            buffer_append_text(out, text_of(world->directory));
        else
            buffer_append_byte(out, *yaml);
    }
}

static int build(struct builder_world *world)
{
    struct built_snapshot built;
    int status =
        snapshot_build(&world->builder, world->file, world->mapping, &world->problems, &built);

    if (status == 0) {
        world->snapshot = built.snapshot;
        world->keyring = built.keyring;
    }
    return status;
}

int world_rebuild(struct builder_world *world)
{
    struct mapping_sources sources = {
        .file = world->file,
        .swarm = world->swarm,
        .labels = world->labels,
        .makes_certificates = world->builder.authority != NULL,
    };
    int status;

    forget_build(world);
    slot_map_begin(world->builder.slots);
    slot_map_begin(world->builder.domain_slots);
    world->mapping = mapping_new(&sources);
    status = build(world);
    if (status == 0) {
        slot_map_keep(world->builder.slots);
        slot_map_keep(world->builder.domain_slots);
        label_cache_keep(world->labels, world->file->settings, true);
    } else {
        slot_map_drop(world->builder.slots);
        slot_map_drop(world->builder.domain_slots);
        label_cache_drop(world->labels);
    }
    return status;
}

int world_build(struct builder_world *world, const char *yaml)
{
    struct buffer text = { 0 };
    int status = -1;
    int fd;

    forget(world);
    fill_in(world, yaml, &text);
    fd = file_sealed_memory("test", text.bytes, buffer_len(&text), NULL);
    assert_true(fd >= 0);
    buffer_done(&text);
    world->file =
        mapping_file_from_fd("test.yaml", fd, world->store, world->builder.now_s, &world->problems);
    close(fd);
    if (world->file)
        status = world_rebuild(world);
    buffer_append_byte(&world->problems.lines, '\0');
    return status;
}

struct text world_chosen(const struct builder_world *world, const char *host, enum key_kind kind)
{
    const struct snapshot_domain *domain = snapshot_find_domain(world->snapshot, text_of(host));

    assert_non_null(domain);
    if (domain->certificates[kind] == SNAPSHOT_NONE)
        return TEXT("");
    return world->snapshot->certificates[domain->certificates[kind]].name;
}
