/*
 * The secrets beside a snapshot, as a sealed memory file of their own. Control writes
 * them, swarmward-keys and the workers each read theirs; the parent only passes descriptors on. The
 * bytes:
 *
 *     magic, version, length of all, ticket secret, count, then id, uses and key for each
 */

#include "model/keyring.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/file.h"
#include "base/locked_memory.h"
#include "base/memory.h"
#include "ipc/wire.h"
#include "sealed_map.h"

#define MAGIC        0x5359454b44524157U /* "WARDKEYS" */
#define VERSION      2
#define HEADER_BYTES (8 + 4 + 8 + KEYRING_TICKET_SECRET_BYTES + 4)

#define KEYS_MAX      65536
#define KEY_BYTES     ((size_t)16 * 1024)
#define KEY_EXTRA     (SNAPSHOT_ID_BYTES + 1 + 4)
#define KEY_LEAST     (KEY_EXTRA + 1)
#define KEYRING_BYTES ((size_t)256 * 1024 * 1024)

struct keyring *keyring_new(void)
{
    struct keyring *keyring = memory_new(sizeof(*keyring));

    keyring->references = 1;
    return keyring;
}

struct keyring *keyring_ref(struct keyring *keyring)
{
    assert(keyring->references > 0);
    keyring->references++;
    return keyring;
}

void keyring_unref(struct keyring *keyring)
{
    if (!keyring)
        return;
    assert(keyring->references > 0);
    if (--keyring->references)
        return;
    string_map_done(&keyring->index);
    arena_wipe(&keyring->arena);
    locked_memory_free(keyring->bytes, keyring->byte_count);
    memory_wipe(keyring, sizeof(*keyring));
    free(keyring);
}

static struct text id_text(const uint8_t id[SNAPSHOT_ID_BYTES])
{
    return text_make((const char *)id, SNAPSHOT_ID_BYTES);
}

const struct keyring_key *keyring_find(const struct keyring *keyring,
                                       const uint8_t id[SNAPSHOT_ID_BYTES])
{
    size_t index;

    if (string_map_get(&keyring->index, id_text(id), &index))
        return &keyring->keys[index];
    /* one that is being built has no index */
    for (uint32_t i = 0; !keyring->bytes && i < keyring->key_count; i++)
        if (text_equal(id_text(keyring->keys[i].id), id_text(id)))
            return &keyring->keys[i];
    return NULL;
}

static bool has_client(const struct keyring *keyring)
{
    return keyring->client.der.len > 0;
}

static size_t encoded_bytes(const struct keyring *keyring, enum keyring_part part)
{
    size_t bytes = HEADER_BYTES;

    if (part != KEYRING_KEYS)
        return bytes;
    for (uint32_t i = 0; i < keyring->key_count; i++)
        bytes += KEY_EXTRA + keyring->keys[i].der.len;
    return bytes + (has_client(keyring) ? KEY_EXTRA + keyring->client.der.len : 0);
}

static void put_key(struct buffer *out, const struct keyring_key *key, enum keyring_use use)
{
    wire_put_bytes(out, key->id, SNAPSHOT_ID_BYTES);
    wire_put_u8(out, (uint8_t)use);
    wire_put_text(out, key->der);
}

static void put_keys(struct buffer *out, const struct keyring *keyring)
{
    wire_put_u32(out, keyring->key_count + has_client(keyring));
    for (uint32_t i = 0; i < keyring->key_count; i++)
        put_key(out, &keyring->keys[i], KEYRING_AS_SERVER);
    if (has_client(keyring))
        put_key(out, &keyring->client, KEYRING_AS_CLIENT);
}

int keyring_to_fd(const struct keyring *keyring, enum keyring_part part, struct err *err)
{
    static const uint8_t no_secret[KEYRING_TICKET_SECRET_BYTES];
    const uint8_t *secret = part == KEYRING_TICKETS ? keyring->ticket_secret : no_secret;
    struct buffer bytes = { 0 };
    size_t length = encoded_bytes(keyring, part);
    int fd;

    if (keyring->key_count >= KEYS_MAX || length > KEYRING_BYTES)
        return err_set(err, "keyring: %u keys in %zu bytes, the limits are %d and %zu",
                       keyring->key_count, length, KEYS_MAX - 1, KEYRING_BYTES);
    buffer_reserve(&bytes, length); /* one that grows would leave copies behind */
    wire_put_u64(&bytes, MAGIC);
    wire_put_u32(&bytes, VERSION);
    wire_put_u64(&bytes, length);
    wire_put_bytes(&bytes, secret, KEYRING_TICKET_SECRET_BYTES);
    if (part == KEYRING_KEYS)
        put_keys(&bytes, keyring);
    else
        wire_put_u32(&bytes, 0);
    assert(buffer_len(&bytes) == length);
    fd = file_sealed_memory("swarmward-keyring", bytes.bytes, length, err);
    memory_wipe(bytes.bytes, length);
    buffer_done(&bytes);
    return fd;
}

/* One that is there twice is for all that either of them is for; the first has it. */
static void index_key(struct keyring *keyring, size_t number)
{
    struct keyring_key *key = &keyring->keys[number];
    size_t known;

    if (string_map_get(&keyring->index, id_text(key->id), &known))
        keyring->keys[known].uses |= key->uses;
    else
        string_map_put(&keyring->index, id_text(key->id), number);
}

static int decode(struct keyring *keyring, struct text bytes, struct err *err)
{
    struct wire wire = wire_read(bytes);
    size_t count;

    if (wire_get_u64(&wire) != MAGIC)
        return err_set(err, "keyring: these bytes are none");
    if (wire_get_u32(&wire) != VERSION)
        return err_set(err, "keyring: of another version: restart swarmward whole");
    if (wire_get_u64(&wire) != bytes.len)
        return err_set(err, "keyring: it is cut or has something behind it");
    wire_get_bytes(&wire, keyring->ticket_secret, sizeof(keyring->ticket_secret));
    count = wire_get_count(&wire, KEYS_MAX, KEY_LEAST);
    keyring->keys = arena_new(&keyring->arena, count, sizeof(*keyring->keys));
    keyring->key_count = (uint32_t)count;
    for (size_t i = 0; i < count && !wire.bad; i++) {
        struct keyring_key *key = &keyring->keys[i];

        wire_get_bytes(&wire, key->id, sizeof(key->id));
        key->uses = wire_get_u8(&wire);
        key->der = wire_get_text(&wire, KEY_BYTES);
        if (!key->der.len || (key->uses != KEYRING_AS_SERVER && key->uses != KEYRING_AS_CLIENT))
            wire.bad = true;
        else
            index_key(keyring, i);
    }
    if (!wire_is_done(&wire))
        return err_set(err, "keyring: a key is out of bounds");
    return 0;
}

struct keyring *keyring_from_fd(int fd, struct err *err)
{
    struct keyring *keyring;
    size_t byte_count;
    void *sent = sealed_map(fd, "keyring", KEYRING_BYTES, &byte_count, err);

    if (!sent)
        return NULL;
    keyring = keyring_new();
    keyring->bytes = locked_memory_new(byte_count, &keyring->locked);
    keyring->byte_count = byte_count;
    memcpy(keyring->bytes, sent, byte_count);
    munmap(sent, byte_count);
    if (decode(keyring, text_make(keyring->bytes, byte_count), err) == 0)
        return keyring;
    keyring_unref(keyring);
    return NULL;
}
