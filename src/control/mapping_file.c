/*
 * From a path (or a text that was loaded before) to settings and certificates, in one go: all that
 * is wrong is said at once. Called by loader.c and check.c. Asks no Docker.
 */

#include "mapping_file.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/file.h"
#include "base/memory.h"
#include "error_pages.h"
#include "pki/ticket_secret.h"
#include "tls_check.h"

static const struct source_place nowhere = { 0, 0 };

static void load_certificates(struct mapping_file *file, struct certificate_store *store,
                              int64_t now_s, struct problems *problems)
{
    certificate_choice_load(&file->certificates, file->settings, store, now_s, problems);
    file->loaded_count = file->certificates.count;
}

static void load_ticket_secret(struct mapping_file *file, struct problems *problems)
{
    const struct settings *settings = file->settings;
    bool missing = false;
    struct err err;
    char *path;
    int status;

    if (settings->tls.session_tickets != SESSION_TICKETS_SHARED)
        return;
    path = text_to_heap(settings->tls.ticket_secret);
    status = ticket_secret_read(path, file->ticket_secret, &missing, &err);
    free(path);
    file->has_ticket_secret = status == 0;
    file->ticket_secret_missing = missing && !settings->ticket_secret_given;
    if (status < 0 && !file->ticket_secret_missing)
        problems_error(problems, settings, nowhere, "tls.ticket_secret: %s", err.text);
}

static struct mapping_file *load_text(const char *path, struct text text,
                                      struct certificate_store *store, int64_t now_s,
                                      struct problems *problems)
{
    struct mapping_file *file = memory_new(sizeof(*file));
    size_t errors = problems->error_count;
    struct err err;

    file->text_fd = -1;
    file->settings = settings_parse(path, text, problems);
    if (file->settings) {
        tls_check(file->settings, problems);
        load_certificates(file, store, now_s, problems);
        load_ticket_secret(file, problems);
        error_pages_load(file->settings, problems);
        client_cas_load(&file->client_cas, file->settings, now_s, problems);
        domain_files_load(&file->files, file->settings, problems);
        backend_tls_load(&file->backend_tls, file->settings, now_s, problems);
        file->text_fd = file_sealed_memory("swarmward-file", text.at, text.len, &err);
        if (file->text_fd < 0)
            problems_error(problems, file->settings, nowhere, "%s", err.text);
        problems_settle(problems, file->settings);
    }
    if (problems->error_count == errors)
        return file;
    mapping_file_free(file);
    return NULL;
}

/* settings_load() says why a file cannot be read, in the words of every other problem. */
struct mapping_file *mapping_file_load(const char *path, struct certificate_store *store,
                                       int64_t now_s, struct problems *problems)
{
    struct mapping_file *file;
    char *text = NULL;
    size_t len = 0;

    if (file_read(path, SETTINGS_FILE_BYTES, &text, &len, NULL) < 0) {
        settings_free(settings_load(path, problems));
        return NULL;
    }
    file = load_text(path, text_make(text, len), store, now_s, problems);
    free(text);
    return file;
}

struct mapping_file *mapping_file_from_fd(const char *path, int text_fd,
                                          struct certificate_store *store, int64_t now_s,
                                          struct problems *problems)
{
    struct mapping_file *file;
    char name[64];
    char *text = NULL;
    size_t len = 0;
    struct err err;

    snprintf(name, sizeof(name), "/proc/self/fd/%d", text_fd);
    if (file_read(name, SETTINGS_FILE_BYTES, &text, &len, &err) < 0) {
        struct settings nothing = { .path = text_of(path) };

        problems_error(problems, &nothing, nowhere, "its text of before: %s", err.text);
        return NULL;
    }
    file = load_text(path, text_make(text, len), store, now_s, problems);
    free(text);
    return file;
}

void mapping_file_free(struct mapping_file *file)
{
    if (!file)
        return;
    certificate_choice_done(&file->certificates);
    client_cas_done(&file->client_cas);
    domain_files_done(&file->files);
    backend_tls_done(&file->backend_tls);
    settings_free(file->settings);
    if (file->text_fd >= 0)
        close(file->text_fd);
    memory_wipe(file->ticket_secret, sizeof(file->ticket_secret));
    free(file);
}

void mapping_file_rewind(struct mapping_file *file)
{
    certificate_choice_rewind(&file->certificates, file->loaded_count);
}
