/*
 * The bodies of the messages between our processes, one encoder and one decoder each, and the table
 * of who may send what to whom. Decoders refuse everything that is out of bounds, so that what
 * comes out of them may be used without another look. Sends nothing itself: that is channel.c.
 */

#include "ipc/messages.h"

#include <assert.h>

#include "ipc/wire.h"

#define TO(role) (1U << (role))
#define MEMBERS  (TO(ROLE_WORKER) | TO(ROLE_CHECKER) | TO(ROLE_KEYS))

#define GRACE_MS_MAX ((int64_t)7 * 24 * 3600 * 1000)

struct message_rule {
    uint32_t type;
    const char *name;
    enum process_role sender;
    unsigned receivers; /* bit per enum process_role */
};

/* READY and REFUSED come from three roles, so they have three rows; SIGN from two. */
static const struct message_rule rules[] = {
    { MESSAGE_HELLO, "HELLO", ROLE_PARENT, TO(ROLE_CONTROL) },
    { MESSAGE_LOAD, "LOAD", ROLE_PARENT, TO(ROLE_CONTROL) },
    { MESSAGE_PUBLISH, "PUBLISH", ROLE_CONTROL, TO(ROLE_PARENT) },
    { MESSAGE_LOAD_FAILED, "LOAD_FAILED", ROLE_CONTROL, TO(ROLE_PARENT) },
    { MESSAGE_ROLLED_OUT, "ROLLED_OUT", ROLE_PARENT, TO(ROLE_CONTROL) },
    { MESSAGE_LISTENER, "LISTENER", ROLE_PARENT, TO(ROLE_WORKER) },
    { MESSAGE_LOG_SINK, "LOG_SINK", ROLE_PARENT, TO(ROLE_WORKER) },
    { MESSAGE_PREPARE, "PREPARE", ROLE_PARENT, MEMBERS },
    { MESSAGE_READY, "READY", ROLE_WORKER, TO(ROLE_PARENT) },
    { MESSAGE_READY, "READY", ROLE_CHECKER, TO(ROLE_PARENT) },
    { MESSAGE_READY, "READY", ROLE_KEYS, TO(ROLE_PARENT) },
    { MESSAGE_REFUSED, "REFUSED", ROLE_WORKER, TO(ROLE_PARENT) },
    { MESSAGE_REFUSED, "REFUSED", ROLE_CHECKER, TO(ROLE_PARENT) },
    { MESSAGE_REFUSED, "REFUSED", ROLE_KEYS, TO(ROLE_PARENT) },
    { MESSAGE_COMMIT, "COMMIT", ROLE_PARENT, MEMBERS },
    { MESSAGE_CANCEL, "CANCEL", ROLE_PARENT, MEMBERS },
    { MESSAGE_DRAIN, "DRAIN", ROLE_PARENT, TO(ROLE_WORKER) | TO(ROLE_CHECKER) },
    { MESSAGE_SIGNER, "SIGNER", ROLE_PARENT, MEMBERS },
    { MESSAGE_SIGN, "SIGN", ROLE_WORKER, TO(ROLE_KEYS) },
    { MESSAGE_SIGN, "SIGN", ROLE_CHECKER, TO(ROLE_KEYS) },
    { MESSAGE_SIGNED, "SIGNED", ROLE_KEYS, TO(ROLE_WORKER) | TO(ROLE_CHECKER) },
};

#define RULE_COUNT (sizeof(rules) / sizeof(rules[0]))

bool message_allowed(enum process_role sender, enum process_role receiver, uint32_t type)
{
    for (size_t i = 0; i < RULE_COUNT; i++)
        if (rules[i].type == type && rules[i].sender == sender && rules[i].receivers & TO(receiver))
            return true;
    return false;
}

const char *message_name(uint32_t type)
{
    for (size_t i = 0; i < RULE_COUNT; i++)
        if (rules[i].type == type)
            return rules[i].name;
    return "unknown";
}

/* Paths end up in system calls, where a NUL would cut them short. */
static struct text get_path(struct wire *wire)
{
    struct text path = wire_get_text(wire, MESSAGE_PATH_BYTES - 1);

    if (text_find(path, '\0') < path.len)
        wire->bad = true;
    return path;
}

static int64_t get_grace_ms(struct wire *wire)
{
    int64_t grace_ms = wire_get_i64(wire);

    if (grace_ms < 0 || grace_ms > GRACE_MS_MAX)
        wire->bad = true;
    return grace_ms;
}

void message_hello_put(struct buffer *out, const struct message_hello *hello)
{
    assert(hello->config_path.len < MESSAGE_PATH_BYTES);
    assert(hello->state_directory.len < MESSAGE_PATH_BYTES);
    wire_put_text(out, hello->config_path);
    wire_put_text(out, hello->state_directory);
    wire_put_bool(out, hello->dev);
    wire_put_u64(out, hello->generation);
    wire_put_bytes(out, hello->boot_secret, sizeof(hello->boot_secret));
}

int message_hello_get(struct text body, struct message_hello *hello_out)
{
    struct wire wire = wire_read(body);
    struct message_hello hello = { 0 };

    hello.config_path = get_path(&wire);
    hello.state_directory = get_path(&wire);
    hello.dev = wire_get_bool(&wire);
    hello.generation = wire_get_u64(&wire);
    wire_get_bytes(&wire, hello.boot_secret, sizeof(hello.boot_secret));
    if (!wire_is_done(&wire) || !hello.config_path.len)
        return -1;
    *hello_out = hello;
    return 0;
}

void message_load_put(struct buffer *out, const struct message_load *load)
{
    wire_put_u64(out, load->id);
}

int message_load_get(struct text body, struct message_load *load_out)
{
    struct wire wire = wire_read(body);
    uint64_t id = wire_get_u64(&wire);

    if (!wire_is_done(&wire))
        return -1;
    load_out->id = id;
    return 0;
}

static void put_listener(struct buffer *out, const struct message_listener *listener)
{
    wire_put_u8(out, (uint8_t)listener->kind);
    wire_put_address(out, &listener->address);
}

static struct message_listener get_listener(struct wire *wire)
{
    uint8_t kind = wire_get_u8(wire);
    struct address address = wire_get_address(wire);

    if (kind > LISTENER_HTTP)
        wire->bad = true;
    return (struct message_listener){
        .kind = kind == LISTENER_HTTP ? LISTENER_HTTP : LISTENER_HTTPS,
        .address = address,
    };
}

static bool is_log_target(struct text target)
{
    return text_equal(target, TEXT("stdout")) || text_equal(target, TEXT("off")) ||
           text_starts(target, TEXT("/"));
}

void message_publish_put(struct buffer *out, const struct message_publish *publish)
{
    assert(publish->listener_count <= MESSAGE_LISTENERS_MAX);
    assert(publish->access_log.len < MESSAGE_PATH_BYTES);
    wire_put_u64(out, publish->id);
    wire_put_u64(out, publish->generation);
    wire_put_u32(out, (uint32_t)publish->listener_count);
    for (size_t i = 0; i < publish->listener_count; i++)
        put_listener(out, &publish->listeners[i]);
    wire_put_text(out, publish->access_log);
    wire_put_i64(out, publish->shutdown_delay_ms);
    wire_put_i64(out, publish->shutdown_drain_ms);
}

int message_publish_get(struct text body, struct message_publish *publish_out)
{
    struct wire wire = wire_read(body);
    struct message_publish publish = { 0 };

    publish.id = wire_get_u64(&wire);
    publish.generation = wire_get_u64(&wire);
    publish.listener_count = wire_get_count(&wire, MESSAGE_LISTENERS_MAX, 10);
    for (size_t i = 0; i < publish.listener_count; i++)
        publish.listeners[i] = get_listener(&wire);
    publish.access_log = get_path(&wire);
    publish.shutdown_delay_ms = get_grace_ms(&wire);
    publish.shutdown_drain_ms = get_grace_ms(&wire);
    if (!wire_is_done(&wire) || !publish.generation || !is_log_target(publish.access_log))
        return -1;
    *publish_out = publish;
    return 0;
}

void message_listener_put(struct buffer *out, const struct message_listener *listener)
{
    put_listener(out, listener);
}

int message_listener_get(struct text body, struct message_listener *listener_out)
{
    struct wire wire = wire_read(body);
    struct message_listener listener = get_listener(&wire);

    if (!wire_is_done(&wire))
        return -1;
    *listener_out = listener;
    return 0;
}

void message_generation_put(struct buffer *out, const struct message_generation *generation)
{
    wire_put_u64(out, generation->generation);
}

int message_generation_get(struct text body, struct message_generation *generation_out)
{
    struct wire wire = wire_read(body);
    uint64_t generation = wire_get_u64(&wire);

    if (!wire_is_done(&wire))
        return -1;
    generation_out->generation = generation;
    return 0;
}

/* A reason is for a reader: too long a one is cut rather than not sent. */
void message_signer_put(struct buffer *out, const struct message_signer *signer)
{
    wire_put_u32(out, signer->worker);
}

int message_signer_get(struct text body, struct message_signer *signer_out)
{
    struct wire wire = wire_read(body);
    struct message_signer signer = { .worker = wire_get_u32(&wire) };

    if (!wire_is_done(&wire))
        return -1;
    *signer_out = signer;
    return 0;
}

void message_failure_put(struct buffer *out, const struct message_failure *failure)
{
    wire_put_u64(out, failure->id);
    wire_put_u64(out, failure->generation);
    wire_put_text(out, text_first(failure->reason, MESSAGE_REASON_BYTES));
}

int message_failure_get(struct text body, struct message_failure *failure_out)
{
    struct wire wire = wire_read(body);
    struct message_failure failure = { 0 };

    failure.id = wire_get_u64(&wire);
    failure.generation = wire_get_u64(&wire);
    failure.reason = wire_get_text(&wire, MESSAGE_REASON_BYTES);
    if (!wire_is_done(&wire))
        return -1;
    *failure_out = failure;
    return 0;
}
