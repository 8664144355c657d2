/* Users files and maintenance pages, from disk. Called by mapping_file.c. */

#include "domain_files.h"

#include <stdlib.h>
#include <sys/stat.h>

#include "base/array.h"
#include "base/file.h"
#include "config/users_file.h"

#define FILES_MAX       1024 /* of each kind; what a snapshot takes */
#define PAGES_MAX_BYTES ((size_t)64 * 1024 * 1024)

static void complain(struct problems *problems, const struct settings *settings,
                     const struct domain_settings *domain, const char *setting,
                     const struct err *err)
{
    problems_error(problems, settings, domain->place, "domains.%.*s.%s: %s",
                   TEXT_ARGS(domain->name), setting, err->text);
}

/* Hashes can be guessed at by whoever reads them. */
static int check_private(const char *path, struct err *err)
{
    struct stat info;

    if (text_starts(text_of(path), TEXT("/run/secrets/")) || stat(path, &info) < 0 ||
        !(info.st_mode & (S_IRWXG | S_IRWXO)))
        return 0;
    return err_set(err, "%s: mode %04o lets others at the hashes; run `chmod 600 %s`", path,
                   (unsigned)(info.st_mode & 07777), path);
}

static int read_users(struct domain_files *files, const char *path, struct snapshot_users *users,
                      struct err *err)
{
    char *bytes = NULL;
    size_t len = 0;
    int status;

    if (check_private(path, err) < 0 || file_read(path, USERS_FILE_BYTES, &bytes, &len, err) < 0)
        return -1;
    status = users_file_parse(text_make(bytes, len), &files->arena, users, err);
    free(bytes);
    return status < 0 ? err_prefix(err, "%s", path) : 0;
}

static int load_users(struct domain_files *files, struct text path, struct err *err)
{
    struct snapshot_users users;
    char *terminated;
    size_t at;
    int status;

    if (string_map_get(&files->user_paths, path, &at))
        return 0;
    if (files->users_count == FILES_MAX)
        return err_set(err, "more than %d users files", FILES_MAX);
    terminated = text_to_heap(path);
    status = read_users(files, terminated, &users, err);
    free(terminated);
    if (status < 0)
        return -1;
    string_map_put(&files->user_paths, path, files->users_count);
    *ARRAY_PUSH(files->users, files->users_count, files->users_capacity) = users;
    return 0;
}

static int read_page(struct domain_files *files, const char *path, struct text *page_out,
                     struct err *err)
{
    char *bytes = NULL;
    size_t len = 0;

    if (file_read(path, SNAPSHOT_PAGE_BYTES, &bytes, &len, err) < 0)
        return -1;
    *page_out = arena_text(&files->arena, text_make(bytes, len));
    free(bytes);
    if (!len)
        return err_set(err, "%s: is empty; remove the setting, or write a page", path);
    files->page_bytes += len;
    if (files->page_bytes > PAGES_MAX_BYTES)
        return err_set(err, "all pages together are more than %zu MiB", PAGES_MAX_BYTES >> 20);
    return 0;
}

static int load_page(struct domain_files *files, struct text path, struct err *err)
{
    struct text page;
    char *terminated;
    size_t at;
    int status;

    if (string_map_get(&files->page_paths, path, &at))
        return 0;
    if (files->page_count == FILES_MAX)
        return err_set(err, "more than %d pages", FILES_MAX);
    terminated = text_to_heap(path);
    status = read_page(files, terminated, &page, err);
    free(terminated);
    if (status < 0)
        return -1;
    string_map_put(&files->page_paths, path, files->page_count);
    *ARRAY_PUSH(files->pages, files->page_count, files->page_capacity) = page;
    return 0;
}

void domain_files_load(struct domain_files *files, const struct settings *settings,
                       struct problems *problems)
{
    for (size_t i = 0; i < settings->domain_count; i++) {
        const struct domain_settings *domain = &settings->domains[i];
        struct err err;

        if (domain->policy.users_file.len && load_users(files, domain->policy.users_file, &err) < 0)
            complain(problems, settings, domain, "basic_auth.users_file", &err);
        if (domain->policy.maintenance_page.len &&
            load_page(files, domain->policy.maintenance_page, &err) < 0)
            complain(problems, settings, domain, "maintenance.page", &err);
    }
}

void domain_files_done(struct domain_files *files)
{
    string_map_done(&files->user_paths);
    string_map_done(&files->page_paths);
    free(files->users);
    free(files->pages);
    arena_wipe(&files->arena);
}

const struct snapshot_users *domain_files_users(const struct domain_files *files, struct text path)
{
    size_t at;

    return path.len && string_map_get(&files->user_paths, path, &at) ? &files->users[at] : NULL;
}

struct text domain_files_page(const struct domain_files *files, struct text path)
{
    size_t at;

    return path.len && string_map_get(&files->page_paths, path, &at) ? files->pages[at] : TEXT_NONE;
}
