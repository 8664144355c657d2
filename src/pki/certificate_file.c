/*
 * A certificate file and a key file -> facts. Called by control for what is new or changed, through
 * certificate_store.c; parses nothing itself.
 */

#include "pki/certificate_file.h"

#include <sys/stat.h>

#include "certificate_pair.h"
#include "certificate_parse.h"

/* Secrets of Docker and Kubernetes are often mode 0444 in a directory that only we can see. */
static int check_mode(const char *path, const struct stat *info, struct err *err)
{
    if (text_starts(text_of(path), TEXT("/run/secrets/")) || !(info->st_mode & (S_IRWXG | S_IRWXO)))
        return 0;
    return err_set(err, "%s: mode %04o lets others at the private key; run `chmod 600 %s`", path,
                   (unsigned)(info->st_mode & 07777), path);
}

int certificate_pair_read(struct certificate_pair *pair, const struct certificate_paths *paths,
                          struct err *err)
{
    if (pem_file_read(&pair->cert, paths->cert, err) < 0)
        return -1;
    if (pem_file_read(&pair->key, paths->key, err) == 0) {
        if (check_mode(paths->key, &pair->key.info, err) == 0)
            return 0;
        pem_file_done(&pair->key);
    }
    pem_file_done(&pair->cert);
    return -1;
}

int certificate_pair_parse(struct certificate_pair *pair, const struct certificate_paths *paths,
                           struct arena *arena, struct certificate_facts *facts_out,
                           struct err *err)
{
    struct certificate_source source = {
        .paths = *paths,
        .cert_pem = text_make(pair->cert.bytes, pair->cert.len),
        .key_pem = text_make(pair->key.bytes, pair->key.len),
    };
    int status = certificate_parse(&source, arena, facts_out, err);

    pem_file_done(&pair->cert);
    pem_file_done(&pair->key);
    return status;
}

int certificate_read(const struct certificate_paths *paths, int64_t now_s, struct arena *arena,
                     struct certificate_facts *facts_out, struct err *err)
{
    struct certificate_pair pair;
    struct certificate_facts facts;

    if (certificate_pair_read(&pair, paths, err) < 0 ||
        certificate_pair_parse(&pair, paths, arena, &facts, err) < 0)
        return -1;
    if (certificate_check_dates(&facts, now_s, err) < 0)
        return err_prefix(err, "%s", paths->cert);
    *facts_out = facts;
    return 0;
}

/* RFC 6125 section 6.4.3: the star stands for exactly one label. */
static bool covers(struct text name, struct text host)
{
    struct text label;
    struct text rest;

    if (text_equal_nocase(name, host))
        return true;
    return text_starts(name, TEXT("*.")) && text_split(host, '.', &label, &rest) && label.len &&
           text_equal_nocase(text_from(name, 2), rest);
}

bool certificate_covers(const struct certificate_facts *facts, struct text host)
{
    for (size_t i = 0; i < facts->name_count; i++)
        if (covers(facts->names[i], host))
            return true;
    return false;
}
