/* A load that is not published: says what is wrong with a file and what it names. */

#include "check.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "base/clock.h"
#include "base/random.h"
#include "publication.h"

enum {
    CHECK_GOOD = 0,
    CHECK_FAILED = 1,
    CHECK_INVALID = 2,
};

struct check {
    const char *path;
    bool strict;
    bool dev;
};

static int parse_arguments(int argc, char **argv, struct check *check)
{
    int i = 2;

    for (; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--strict") == 0)
            check->strict = true;
        else if (strcmp(argv[i], "--dev") == 0)
            check->dev = true;
        else
            return -1;
    }
    if (i + 2 != argc)
        return -1;
    check->path = argv[i + 1];
    return 0;
}

static void print_problems(const struct problems *problems)
{
    struct text lines = buffer_text(&problems->lines);

    fwrite(lines.at ? lines.at : "", 1, lines.len, stderr);
}

static int verdict(const struct check *check, const struct problems *problems, bool loaded)
{
    if (!loaded)
        return CHECK_INVALID;
    return check->strict && problems->warning_count ? CHECK_INVALID : CHECK_GOOD;
}

static int publish_nothing(struct snapshot_builder *builder, struct mapping_file *file,
                           struct problems *problems, struct publication *publication)
{
    struct mapping_sources sources = {
        .file = file,
        .makes_certificates = builder->authority != NULL,
    };
    struct mapping *mapping = mapping_new(&sources);
    int status = publication_make(builder, file, mapping, problems, publication);

    mapping_free(mapping);
    if (status == 0)
        publication_close(publication);
    return status;
}

static int run(const struct check *check, struct certificate_store *store,
               struct snapshot_builder *builder)
{
    struct problems problems = { 0 };
    struct publication publication;
    struct mapping_file *file = mapping_file_load(check->path, store, builder->now_s, &problems);
    bool good = file && publish_nothing(builder, file, &problems, &publication) == 0;
    int code = verdict(check, &problems, good);

    print_problems(&problems);
    if (good)
        printf("%s: %s, domains=%u services=%u certificates=%u warnings=%zu\n", check->path,
               code == CHECK_GOOD ? "valid" : "not valid with --strict", publication.domains,
               publication.services, publication.certificates, problems.warning_count);
    else
        printf("%s: not valid, problems=%zu warnings=%zu\n", check->path, problems.error_count,
               problems.warning_count);
    mapping_file_free(file);
    problems_done(&problems);
    return code;
}

int check_main(int argc, char **argv)
{
    uint8_t secret[KEYRING_TICKET_SECRET_BYTES];
    struct check check = { 0 };
    struct snapshot_builder builder = { .boot_secret = secret, .generation = 1 };
    struct certificate_store *store;
    struct err err;
    int code;

    if (parse_arguments(argc, argv, &check) < 0) {
        fputs("use: swarmward check [--strict] [--dev] FILE\n", stderr);
        return CHECK_INVALID;
    }
    random_bytes(secret, sizeof(secret));
    builder.now_s = clock_wall_s();
    builder.authority = check.dev ? dev_authority_open(NULL, &err) : NULL;
    if (check.dev && !builder.authority) {
        fprintf(stderr, "swarmward check: --dev: %s\n", err.text);
        return CHECK_FAILED;
    }
    store = certificate_store_new();
    builder.slots = slot_map_new();
    builder.domain_slots = slot_map_new();
    slot_map_begin(builder.slots);
    slot_map_begin(builder.domain_slots);
    code = run(&check, store, &builder);
    slot_map_free(builder.slots);
    slot_map_free(builder.domain_slots);
    certificate_store_free(store);
    dev_authority_free(builder.authority);
    return code;
}
