#ifndef SWARMWARD_TESTS_FUZZ_MEMORY_NET_H
#define SWARMWARD_TESTS_FUZZ_MEMORY_NET_H

#include "base/buffer.h"
#include "net/stream.h"

/*
 * Streams, sockets, clocks and deadlines in memory, in the place of those of src/net: whoever is
 * linked with this has a network that does what a test says, in no time at all.
 */

#define MEMORY_STREAMS_MAX 512

struct stream {
    /* owned */
    struct buffer in;  /* for the owner */
    struct buffer out; /* all that the owner has ever written */
    /* borrowed */
    struct io *io;
    const struct stream_handler *handler;
    void *owner;
    size_t taken; /* of `out`, by the peer */
    int fd;
    bool is_backend;
    bool connecting;
    bool reading;
    bool kicked;
    bool at_end;   /* the peer has ended its bytes */
    bool end_told; /* and the owner has read that */
    bool stuck;    /* the peer takes nothing */
    bool greeted;  /* the peer has sent what it begins with; for who plays it */
    bool backed_up;
    bool broken;
    bool reported;
    bool shut; /* the owner has ended its bytes */
    bool lingering;
    bool lingered; /* on_peer_closed was called */
    bool closed;
    bool reset;
};

struct memory_net {
    struct stream *streams[MEMORY_STREAMS_MAX]; /* in the order of their beginning */
    size_t count;
    bool refuse_connects; /* at once */
    bool break_connects;  /* when they should be done */
    bool with_h2;         /* clients to come have agreed on HTTP/2 */
};

extern struct memory_net memory_net;

/* Everything is closed: forget it. */
void memory_net_done(void);

/* What the peer does. */
void memory_peer_sends(struct stream *stream, struct text bytes);
void memory_peer_ends(struct stream *stream);
void memory_peer_breaks(struct stream *stream);
void memory_peer_is_stuck(struct stream *stream, bool stuck);

/* Call back until nobody has anything to do. False: somebody never comes to rest. */
bool memory_net_run(void);
/* Let time pass, deadline by deadline. */
bool memory_net_wait(int64_t ms);

#endif
