#ifndef SWARMWARD_TESTS_FUZZ_EXCHANGE_WORLD_H
#define SWARMWARD_TESTS_FUZZ_EXCHANGE_WORLD_H

#include "memory_net.h"
#include "worker.h"

/*
 * A worker between clients and backends that are nothing but bytes of an input, in memory. The
 * input is a play: 0xFE and a letter begin a step (exchange_world.c has them), what follows are
 * bytes. What the clients and backends of a play speak is the choice of whoever plays it.
 */

#define WORLD_CLIENTS_MAX 4
/* limits.connection_memory of a play, and what one turn may add before it is looked at. */
#define WORLD_MEMORY      ((size_t)128 * 1024)
#define WORLD_MEMORY_TURN ((size_t)64 * 1024)

struct world {
    struct worker worker;
    struct stream *clients[WORLD_CLIENTS_MAX];
    struct buffer sent[WORLD_CLIENTS_MAX]; /* by the client */
    size_t client_count;
};

extern struct world world;

struct world_rules {
    bool h2_clients;
    bool h2_backends;
    bool delivery;  /* a.test compresses and edits */
    unsigned steps; /* at most */
    /* Called for letters that exchange_world.c does not know, and for new clients. */
    void (*more)(char letter, struct text bytes);
};

/* With one client. `rules` are borrowed until the end. */
void world_begin(const struct world_rules *rules);
void world_play(struct text input);
/* Everybody goes; what is left ends by its limits. */
void world_end_play(void);
void world_end(void);

struct stream *world_newest_client(void);
struct stream *world_newest_backend(void); /* NULL: none is open */
/* Bytes of the newest client; when it has been shown out they must lead nowhere. */
void world_client_sends(struct text bytes);

/* --- what every backend of HTTP/1.1 must have got (exchange_check.c) ---------------------------
 */

#define WORLD_LIMITS                                                                               \
    {                                                                                              \
        .head_bytes = 65536, .fields = 256, .target_bytes = 65536                                  \
    }

/* Requests that reached backends, each counted once, however often it was sent again. */
void check_backend_h1(const struct stream *stream);
void check_counts(struct text request_id);
size_t check_counted(void);
void check_begin(void);
/* Requests that a client of HTTP/1.1 has sent to their end; all whose head is good. */
size_t check_whole_requests(struct text requests);
size_t check_requests_begun(struct text requests);

struct sent_request {
    enum http_method method;
    bool old;   /* HTTP/1.0 */
    bool whole; /* to its end, and good */
};

/* The next request in what a client sent. False: there is none whose head is whole and good. */
bool check_next_request(struct text *input, struct sent_request *request_out);

struct framing;
/* True: it ended well; `*input` is behind it. `good`: it must be none that a parser refuses. */
bool check_skip_body(const struct framing *framing, bool good, struct text *input);

#endif
