#ifndef SWARMWARD_IPC_MESSAGES_H
#define SWARMWARD_IPC_MESSAGES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/text.h"
#include "net/address.h"

/*
 * Every message between our processes: who may send it to whom, and its body. Each body has one
 * encoder and one decoder in src/ipc/messages.c.
 *
 *     control -> parent   PUBLISH, LOAD_FAILED
 *     parent -> control   HELLO, LOAD, ROLLED_OUT
 *     parent -> worker    LISTENER, LOG_SINK, SIGNER, PREPARE, COMMIT, CANCEL, DRAIN
 *     parent -> checker   PREPARE, COMMIT, CANCEL, DRAIN
 *     parent -> keys      SIGNER, PREPARE, COMMIT, CANCEL
 *     members -> parent   READY, REFUSED
 *     worker, checker -> keys  SIGN
 *     keys -> worker, checker  SIGNED
 */
enum message_type {
    MESSAGE_HELLO = 1,   /* struct message_hello; fds: command socket, [current snapshot, file] */
    MESSAGE_LOAD,        /* read the files again and publish; struct message_load */
    MESSAGE_PUBLISH,     /* struct message_publish; fds: snapshot, keyring, ticket secret, text of
                            the file (for control) */
    MESSAGE_LOAD_FAILED, /* struct message_failure: why nothing was published */
    MESSAGE_ROLLED_OUT,  /* struct message_failure: reason empty = every worker committed */
    MESSAGE_LISTENER,    /* struct message_listener; fd: this worker's own listening socket */
    MESSAGE_LOG_SINK,    /* fd: where access log lines go; no fd: nowhere */
    MESSAGE_PREPARE,     /* struct message_generation; fds: to workers snapshot, ticket secret,
                            [keyring]; to the checker snapshot; to keys keyring */
    MESSAGE_READY,       /* struct message_generation */
    MESSAGE_REFUSED,     /* struct message_failure */
    MESSAGE_COMMIT,      /* struct message_generation */
    MESSAGE_CANCEL,      /* struct message_generation */
    MESSAGE_DRAIN,       /* no body: finish what runs, then exit */
    MESSAGE_SIGNER,      /* struct message_signer; fd: this end of a channel to keys */
    MESSAGE_SIGN,        /* ipc/signing.h */
    MESSAGE_SIGNED,      /* ipc/signing.h */
};

enum process_role {
    ROLE_PARENT,
    ROLE_CONTROL,
    ROLE_WORKER,
    ROLE_CHECKER,
    ROLE_KEYS,
};

/* The permission table: may `sender` send `type` to `receiver`? */
bool message_allowed(enum process_role sender, enum process_role receiver, uint32_t type);
const char *message_name(uint32_t type);

#define MESSAGE_PATH_BYTES    4096
#define MESSAGE_LISTENERS_MAX 16
#define MESSAGE_REASON_BYTES  65536

/* What control needs to begin. Texts are borrowed from the message. */
struct message_hello {
    struct text config_path;
    struct text state_directory; /* "" = keep nothing on disk */
    bool dev;                    /* make certificates for what has none */
    uint64_t generation;         /* of the snapshot that runs; 0 = none yet */
    uint8_t boot_secret[32];     /* the same for every process of this run */
};

struct message_load {
    uint64_t id; /* given back in MESSAGE_PUBLISH or MESSAGE_LOAD_FAILED; 0 = nobody waits */
};

enum listener_kind {
    LISTENER_HTTPS,
    LISTENER_HTTP,
};

struct message_listener {
    enum listener_kind kind;
    struct address address;
};

struct message_publish {
    uint64_t id;
    uint64_t generation;
    size_t listener_count;
    struct message_listener listeners[MESSAGE_LISTENERS_MAX];
    struct text access_log; /* "stdout", "off" or an absolute path */
    int64_t shutdown_delay_ms;
    int64_t shutdown_drain_ms;
};

struct message_generation {
    uint64_t generation;
};

/* As a worker's number: the checker's channel. There are 64 workers at most. */
#define SIGNER_OF_CHECKER 64

struct message_signer {
    uint32_t worker; /* whose channel it is */
};

struct message_failure {
    uint64_t id;
    uint64_t generation;
    struct text reason;
};

void message_hello_put(struct buffer *out, const struct message_hello *hello);
int message_hello_get(struct text body, struct message_hello *hello_out);
void message_load_put(struct buffer *out, const struct message_load *load);
int message_load_get(struct text body, struct message_load *load_out);
void message_publish_put(struct buffer *out, const struct message_publish *publish);
int message_publish_get(struct text body, struct message_publish *publish_out);
void message_listener_put(struct buffer *out, const struct message_listener *listener);
int message_listener_get(struct text body, struct message_listener *listener_out);
void message_generation_put(struct buffer *out, const struct message_generation *generation);
int message_generation_get(struct text body, struct message_generation *generation_out);
void message_signer_put(struct buffer *out, const struct message_signer *signer);
int message_signer_get(struct text body, struct message_signer *signer_out);
void message_failure_put(struct buffer *out, const struct message_failure *failure);
int message_failure_get(struct text body, struct message_failure *failure_out);

#endif
