/*
 * Writes first inputs for the targets whose format has no text form: DIRECTORY/snapshot,
 * DIRECTORY/ipc and DIRECTORY/sign. Made when building, so that they are never of an older format
 * than the code.
 */

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/buffer.h"
#include "base/file.h"
#include "example_snapshot.h"
#include "ipc/messages.h"
#include "ipc/signing.h"
#include "ipc/wire.h"

static const char *target; /* DIRECTORY/ipc and so on */

static void open_target(const char *directory, const char *name)
{
    static char path[4096];

    if (snprintf(path, sizeof(path), "%s/%s", directory, name) >= (int)sizeof(path) ||
        (mkdir(path, 0777) < 0 && errno != EEXIST)) {
        perror(path);
        exit(1);
    }
    target = path;
}

static void write_seed(const char *name, struct buffer *bytes)
{
    char path[4096 + 64];
    struct err err;

    snprintf(path, sizeof(path), "%s/%s", target, name);
    if (file_write(path, buffer_text(bytes).at, buffer_len(bytes), 0666, &err) < 0) {
        fprintf(stderr, "%s\n", err.text);
        exit(1);
    }
    buffer_done(bytes);
}

static void write_snapshots(void)
{
    struct snapshot *example = example_snapshot();
    struct snapshot *several = large_snapshot(3, 10);
    struct buffer bytes = { 0 };

    snapshot_encode(example, &bytes);
    write_seed("example", &bytes);
    snapshot_encode(several, &bytes);
    write_seed("several", &bytes);
    snapshot_unref(example);
    snapshot_unref(several);
}

/* A packet of `type` with what was put behind the first four bytes. */
static void write_packet(uint32_t type, struct buffer *bytes)
{
    for (size_t i = 0; i < 4; i++)
        bytes->bytes[bytes->start + i] = (char)(uint8_t)(type >> (8 * i));
    write_seed(message_name(type), bytes);
}

static struct address address_of(struct text text)
{
    struct address address;

    if (address_parse(text, &address, NULL) < 0)
        abort();
    return address;
}

static void write_publish(void)
{
    struct message_publish publish = {
        .id = 1,
        .generation = 2,
        .listener_count = 2,
        .access_log = TEXT("/var/log/access"),
        .shutdown_delay_ms = 5000,
    };
    struct buffer bytes = { 0 };

    publish.listeners[0].address = address_of(TEXT("0.0.0.0:443"));
    publish.listeners[1].address = address_of(TEXT("[::]:80"));
    publish.listeners[1].kind = LISTENER_HTTP;
    wire_put_u32(&bytes, 0);
    message_publish_put(&bytes, &publish);
    write_packet(MESSAGE_PUBLISH, &bytes);
    wire_put_u32(&bytes, 0);
    message_listener_put(&bytes, &publish.listeners[1]);
    write_packet(MESSAGE_LISTENER, &bytes);
}

static void write_packets(void)
{
    struct message_hello hello = { .config_path = TEXT("/etc/s.yaml"), .dev = true };
    struct message_failure failure = { .id = 1, .reason = TEXT("no such file") };
    struct buffer bytes = { 0 };

    wire_put_u32(&bytes, 0);
    message_hello_put(&bytes, &hello);
    write_packet(MESSAGE_HELLO, &bytes);
    wire_put_u32(&bytes, 0);
    message_load_put(&bytes, &(struct message_load){ .id = 3 });
    write_packet(MESSAGE_LOAD, &bytes);
    wire_put_u32(&bytes, 0);
    message_failure_put(&bytes, &failure);
    write_packet(MESSAGE_REFUSED, &bytes);
    wire_put_u32(&bytes, 0);
    message_generation_put(&bytes, &(struct message_generation){ .generation = 4 });
    write_packet(MESSAGE_PREPARE, &bytes);
    wire_put_u32(&bytes, 0);
    write_packet(MESSAGE_DRAIN, &bytes);
}

/* What TLS 1.3 and TLS 1.2 have signed, two in one body, and an answer. */
static void write_requests(void)
{
    static const char context[] = "TLS 1.3, server CertificateVerify";
    struct sign_request newer = {
        .id = 1,
        .scheme = SIGN_ECDSA_SHA256,
        .message_bytes = 64 + sizeof(context) + 32,
    };
    struct sign_request older = { .id = 2, .scheme = SIGN_RSA_PKCS1_SHA256, .message_bytes = 100 };
    struct sign_answer answer = { .id = 1, .signature = TEXT("signature") };
    struct buffer bytes = { 0 };

    memset(newer.message, ' ', 64);
    memcpy(newer.message + 64, context, sizeof(context));
    memcpy(older.message + 64, "\x03\x00\x1d\x20", 4);
    sign_request_put(&bytes, &newer);
    sign_request_put(&bytes, &older);
    write_seed("requests", &bytes);
    sign_answer_put(&bytes, &answer);
    write_seed("answer", &bytes);
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fputs("usage: make_seeds DIRECTORY\n", stderr);
        return 2;
    }
    if (mkdir(argv[1], 0777) < 0 && errno != EEXIST) {
        perror(argv[1]);
        return 1;
    }
    open_target(argv[1], "snapshot");
    write_snapshots();
    open_target(argv[1], "ipc");
    write_packets();
    write_publish();
    open_target(argv[1], "sign");
    write_requests();
    return 0;
}
