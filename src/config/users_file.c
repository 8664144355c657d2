/* The format of htpasswd, strictly. Called by control for each file that basic_auth names. */

#include "config/users_file.h"

#include <stdlib.h>

#include "base/array.h"
#include "base/memory.h"
#include "model/password_hash.h"

struct users {
    /* owned */
    struct snapshot_user *items;
    size_t count;
    size_t capacity;
};

/* RFC 7617 section 2: no control characters, and the colon ends it. */
static bool is_user_name(struct text name)
{
    for (size_t i = 0; i < name.len; i++)
        if ((unsigned char)name.at[i] < 0x20 || name.at[i] == 0x7F)
            return false;
    return name.len > 0 && name.len <= SNAPSHOT_USER_NAME_BYTES;
}

static int read_line(struct users *users, struct text line, struct arena *arena, size_t number,
                     struct err *err)
{
    struct text name;
    struct text hash;

    if (text_ends(line, TEXT("\r")))
        line.len--;
    if (!text_trim(line).len || line.at[0] == '#')
        return 0;
    if (!text_split(line, ':', &name, &hash) || !is_user_name(name))
        return err_set(err, "line %zu: write NAME:HASH, the name with at most %d bytes", number,
                       SNAPSHOT_USER_NAME_BYTES);
    if (password_hash_check(hash, err) < 0)
        return err_prefix(err, "line %zu", number);
    if (users->count == SNAPSHOT_USERS_MAX)
        return err_set(err, "line %zu: more than %d users", number, SNAPSHOT_USERS_MAX);
    *ARRAY_PUSH(users->items, users->count, users->capacity) =
        (struct snapshot_user){ arena_text(arena, name), arena_text(arena, hash) };
    return 0;
}

static int compare_names(const void *a, const void *b)
{
    const struct snapshot_user *first = a;
    const struct snapshot_user *second = b;

    return text_compare(first->name, second->name);
}

static int sort(struct users *users, struct err *err)
{
    if (!users->count)
        return err_set(err, "has no user, so nobody could come; write NAME:HASH lines");
    qsort(users->items, users->count, sizeof(*users->items), compare_names);
    for (size_t i = 1; i < users->count; i++)
        if (text_equal(users->items[i].name, users->items[i - 1].name))
            return err_set(err, "the user \"%.*s\" is there twice; remove one",
                           TEXT_ARGS(users->items[i].name));
    return 0;
}

int users_file_parse(struct text bytes, struct arena *arena, struct snapshot_users *users_out,
                     struct err *err)
{
    struct users users = { 0 };
    struct text line;
    size_t number = 0;
    int status = 0;

    while (bytes.len && status == 0) {
        text_split(bytes, '\n', &line, &bytes);
        status = read_line(&users, line, arena, ++number, err);
    }
    if (status == 0)
        status = sort(&users, err);
    if (status == 0 && users.count) {
        users_out->items = arena_new(arena, users.count, sizeof(*users.items));
        memcpy(users_out->items, users.items, users.count * sizeof(*users.items));
        users_out->count = (uint32_t)users.count;
    }
    free(users.items);
    return status;
}
