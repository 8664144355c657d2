/* Keys by the hash of their public half, through a sealed file, and every way it can be wrong. */

#include "model/keyring.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/file.h"
#include "base/memory.h"

#define KEYS 20

static void name_key(uint8_t id[SNAPSHOT_ID_BYTES], unsigned number)
{
    memset(id, (int)number + 1, SNAPSHOT_ID_BYTES);
}

static struct keyring *some_keys(void)
{
    struct keyring *keyring = keyring_new();

    keyring->keys = arena_new(&keyring->arena, KEYS, sizeof(*keyring->keys));
    keyring->key_count = KEYS;
    memset(keyring->ticket_secret, 0x5a, sizeof(keyring->ticket_secret));
    for (unsigned i = 0; i < KEYS; i++) {
        name_key(keyring->keys[i].id, i);
        keyring->keys[i].der = arena_format(&keyring->arena, "private %u", i);
    }
    return keyring;
}

static size_t bytes_of(int fd, char *bytes, size_t most)
{
    ssize_t got = pread(fd, bytes, most, 0);

    assert_true(got > 0 && (size_t)got < most);
    return (size_t)got;
}

static struct keyring *from_bytes(const void *bytes, size_t len, struct err *err)
{
    int fd = file_sealed_memory("test", bytes, len, NULL);
    struct keyring *keyring;

    assert_true(fd >= 0);
    keyring = keyring_from_fd(fd, err);
    close(fd);
    return keyring;
}

static void every_key_comes_out_as_it_went_in(void **state)
{
    struct keyring *sent = some_keys();
    int fd = keyring_to_fd(sent, KEYRING_KEYS, NULL);
    struct keyring *got = keyring_from_fd(fd, NULL);

    (void)state;
    assert_non_null(got);
    close(fd);
    assert_int_equal(got->key_count, KEYS);
    for (unsigned i = 0; i < KEYS; i++) {
        uint8_t id[SNAPSHOT_ID_BYTES];

        name_key(id, i);
        assert_non_null(keyring_find(got, id));
        assert_true(text_equal(keyring_find(got, id)->der, sent->keys[i].der));
        assert_int_equal(keyring_find(got, id)->uses, KEYRING_AS_SERVER);
        assert_ptr_equal(keyring_find(sent, id), &sent->keys[i]);
    }
    keyring_unref(sent);
    keyring_unref(got);
}

/* The key of a domain may be that of the client, too, which somebody meant to be so. */
static void our_own_key_goes_with_the_keys_and_says_what_it_is_for(void **state)
{
    (void)state;
    for (unsigned number = 0; number <= KEYS; number += KEYS) {
        struct keyring *sent = some_keys();
        struct keyring *got;
        int fd;
        unsigned uses = KEYRING_AS_CLIENT | (number < KEYS ? KEYRING_AS_SERVER : 0);

        name_key(sent->client.id, number);
        sent->client.der = TEXT("ours");
        fd = keyring_to_fd(sent, KEYRING_KEYS, NULL);
        got = keyring_from_fd(fd, NULL);
        assert_int_equal(got->key_count, KEYS + 1);
        assert_int_equal(keyring_find(got, sent->client.id)->uses, uses);
        close(fd);
        keyring_unref(got);
        fd = keyring_to_fd(sent, KEYRING_TICKETS, NULL);
        got = keyring_from_fd(fd, NULL);
        assert_int_equal(got->key_count, 0);
        close(fd);
        keyring_unref(got);
        keyring_unref(sent);
    }
}

/* Neither part has anything of the other. */
static void each_gets_its_part(void **state)
{
    static const uint8_t none[KEYRING_TICKET_SECRET_BYTES];
    struct keyring *sent = some_keys();
    int keys_fd = keyring_to_fd(sent, KEYRING_KEYS, NULL);
    int tickets_fd = keyring_to_fd(sent, KEYRING_TICKETS, NULL);
    struct keyring *keys = keyring_from_fd(keys_fd, NULL);
    struct keyring *tickets = keyring_from_fd(tickets_fd, NULL);

    (void)state;
    assert_memory_equal(keys->ticket_secret, none, sizeof(none));
    assert_int_equal(keys->key_count, KEYS);
    assert_memory_equal(tickets->ticket_secret, sent->ticket_secret, sizeof(none));
    assert_int_equal(tickets->key_count, 0);
    assert_null(keyring_find(tickets, sent->keys[0].id));
    close(keys_fd);
    close(tickets_fd);
    keyring_unref(keys);
    keyring_unref(tickets);
    keyring_unref(sent);
}

static void a_key_that_is_not_there_is_not_found(void **state)
{
    struct keyring *sent = some_keys();
    int fd = keyring_to_fd(sent, KEYRING_KEYS, NULL);
    struct keyring *got = keyring_from_fd(fd, NULL);
    uint8_t id[SNAPSHOT_ID_BYTES];

    (void)state;
    name_key(id, KEYS);
    assert_null(keyring_find(sent, id));
    assert_null(keyring_find(got, id));
    keyring_unref(keyring_ref(got));
    keyring_unref(sent);
    keyring_unref(got);
    keyring_unref(NULL);
    close(fd);
}

static void an_empty_keyring_travels_too(void **state)
{
    struct keyring *sent = keyring_new();
    int fd = keyring_to_fd(sent, KEYRING_KEYS, NULL);
    struct keyring *got = keyring_from_fd(fd, NULL);

    (void)state;
    assert_non_null(got);
    assert_int_equal(got->key_count, 0);
    keyring_unref(sent);
    keyring_unref(got);
    close(fd);
}

static void bytes_that_are_cut_or_changed_are_refused(void **state)
{
    struct keyring *sent = some_keys();
    int fd = keyring_to_fd(sent, KEYRING_KEYS, NULL);
    char bytes[4096];
    size_t len = bytes_of(fd, bytes, sizeof(bytes) - 1);
    struct err err;

    (void)state;
    for (size_t cut = 1; cut < len; cut++)
        assert_null(from_bytes(bytes, cut, &err));
    bytes[len] = 'x';
    assert_null(from_bytes(bytes, len + 1, &err));
    for (size_t i = 0; i < 20; i++) { /* magic, version, length */
        bytes[i] ^= 1;
        assert_null(from_bytes(bytes, len, &err));
        bytes[i] ^= 1;
    }
    bytes[52] = 127; /* the count */
    assert_null(from_bytes(bytes, len, &err));
    bytes[52] = KEYS;
    for (unsigned uses = 0; uses < 256; uses++) { /* of the first */
        struct keyring *got;

        bytes[56 + SNAPSHOT_ID_BYTES] = (char)uses;
        got = from_bytes(bytes, len, &err);
        assert_int_equal(got != NULL, uses == KEYRING_AS_SERVER || uses == KEYRING_AS_CLIENT);
        keyring_unref(got);
    }
    keyring_unref(sent);
    close(fd);
}

static void an_empty_key_is_refused(void **state)
{
    struct keyring *sent = some_keys();
    int fd;

    (void)state;
    sent->keys[KEYS / 2].der = TEXT_NONE;
    fd = keyring_to_fd(sent, KEYRING_KEYS, NULL);
    assert_null(keyring_from_fd(fd, NULL));
    keyring_unref(sent);
    close(fd);
}

static void a_keyring_that_could_still_change_is_refused(void **state)
{
    static const int too_few[] = { 0, F_SEAL_WRITE | F_SEAL_SHRINK, F_SEAL_SHRINK | F_SEAL_GROW,
                                   F_SEAL_WRITE | F_SEAL_GROW };
    struct keyring *sent = some_keys();
    int sealed = keyring_to_fd(sent, KEYRING_KEYS, NULL);
    char bytes[4096];
    size_t len = bytes_of(sealed, bytes, sizeof(bytes));
    struct err err;

    (void)state;
    for (size_t i = 0; i < sizeof(too_few) / sizeof(too_few[0]); i++) {
        int fd = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);

        assert_int_equal(write(fd, bytes, len), len);
        assert_int_equal(fcntl(fd, F_ADD_SEALS, too_few[i]), 0);
        assert_null(keyring_from_fd(fd, &err));
        assert_non_null(strstr(err.text, "not sealed"));
        close(fd);
    }
    assert_null(keyring_from_fd(STDIN_FILENO, &err));
    assert_null(keyring_from_fd(-1, &err));
    close(sealed);
    keyring_unref(sent);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_key_comes_out_as_it_went_in),
        cmocka_unit_test(a_key_that_is_not_there_is_not_found),
        cmocka_unit_test(our_own_key_goes_with_the_keys_and_says_what_it_is_for),
        cmocka_unit_test(each_gets_its_part),
        cmocka_unit_test(an_empty_keyring_travels_too),
        cmocka_unit_test(bytes_that_are_cut_or_changed_are_refused),
        cmocka_unit_test(an_empty_key_is_refused),
        cmocka_unit_test(a_keyring_that_could_still_change_is_refused),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
