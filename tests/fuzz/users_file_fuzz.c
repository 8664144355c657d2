/*
 * Fuzz target: any bytes as a users file. Beyond not crashing: a refusal has a reason on one line;
 * what was accepted is sorted, each name is found, and a snapshot takes it.
 */

#include <stdlib.h>

#include "config/users_file.h"
#include "fuzz_target.h"
#include "model/password_hash.h"

static void must(bool what)
{
    if (!what)
        abort();
}

static void check_users(const struct snapshot_users *users)
{
    must(users->count > 0 && users->count <= SNAPSHOT_USERS_MAX);
    for (uint32_t i = 0; i < users->count; i++) {
        must(users->items[i].name.len <= SNAPSHOT_USER_NAME_BYTES);
        must(users->items[i].hash.len <= PASSWORD_HASH_BYTES);
        must(password_hash_check(users->items[i].hash, NULL) == 0);
        must(snapshot_users_find(users, users->items[i].name) == &users->items[i]);
    }
}

/* The codec checks all of it again. */
static void check_round_trip(struct snapshot_users *users)
{
    struct snapshot_policies policies = { .users = users, .users_count = 1 };
    struct snapshot_policies back = { 0 };
    struct buffer bytes = { 0 };
    struct arena arena = { 0 };
    struct wire wire;

    snapshot_policies_encode(&policies, &bytes);
    wire = wire_read(buffer_text(&bytes));
    must(snapshot_policies_decode(&back, &wire, &arena) && wire_is_done(&wire));
    must(back.users_count == 1 && back.users[0].count == users->count);
    buffer_done(&bytes);
    arena_done(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len)
{
    struct arena arena = { 0 };
    struct snapshot_users users = { 0 };
    struct err err = { "" };

    if (users_file_parse(text_make((const char *)bytes, len), &arena, &users, &err) == 0) {
        check_users(&users);
        check_round_trip(&users);
    } else {
        must(err.text[0] != '\0' && !strchr(err.text, '\n'));
    }
    arena_done(&arena);
    return 0;
}
