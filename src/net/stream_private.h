#ifndef SWARMWARD_NET_STREAM_PRIVATE_H
#define SWARMWARD_NET_STREAM_PRIVATE_H

#include <stdbool.h>

#include <event2/event.h>
#include <event2/event_struct.h>

#include "base/buffer.h"
#include "net/stream.h"

/* What stream.c (life, reading), stream_handshake.c and stream_output.c (writing) share. */

struct stream {
    TAILQ_ENTRY(stream) handshake_link; /* when `queued` */
    /* owned */
    int fd;
    struct stream_layer *layer; /* NULL: plain */
    struct event read_event;    /* bytes or the peer's end */
    struct event *write_event;  /* NULL until a send came short */
    char *held;                 /* received and not consumed over the end of a turn; NULL mostly */
    struct buffer out;          /* written and not sent */
    char *error;                /* why it is broken */
    /* borrowed */
    struct io *io;
    const struct stream_handler *handler;
    void *owner;
    const char
        *input; /* received and not consumed: in `held` when that is there, else io->receive */
    size_t input_left;
    size_t input_wanted; /* the layer can do nothing with fewer */
    uint64_t sent;       /* bytes that the socket took */
    bool connecting;
    bool started;   /* stream_start() was called */
    bool held_back; /* the layer's handshake waits for something else than bytes */
    bool accepted;  /* a client's, whose handshake may have to wait for its turn */
    bool queued;    /* in io->handshakes */
    bool has_turn;
    bool goes_on; /* what held the handshake back is there: it has waited already */
    bool ready;   /* connected and the layer's handshake is done */
    bool reading; /* the owner wants on_readable */
    bool drained; /* no more receiving in this turn */
    bool at_end;  /* the peer has ended its bytes */
    bool broken;
    bool reported; /* on_broken was called */
    bool closed;   /* stream_free() was called */
    bool shutting; /* FIN behind what is pending */
    bool lingering;
    bool read_armed;
    bool write_armed;
};

/* Send what is gathered; what the socket does not take is kept. */
void stream_flush_gathered(struct stream *stream);
/* on_broken comes from the loop. */
void stream_mark_broken(struct stream *stream, const char *why);
/* The layer has failed: its last words, an alert for one, still go out. */
void stream_fail_layer(struct stream *stream, const char *why);
void stream_watch_reads(struct stream *stream, bool wanted);
void stream_watch_writes(struct stream *stream, bool wanted);
/* Run the read callback from the loop, soon. */
void stream_schedule(struct stream *stream);
/* What libevent calls when there is something to read, as `what` (EV_READ, EV_TIMEOUT) says. */
void stream_dispatch_read(struct stream *stream, short what);

/* stream_handshake.c */
void stream_handshake_step(struct stream *stream);
void stream_become_ready(struct stream *stream);
/* True: its step is taken in a later turn of the loop, and nothing is to be done now. */
bool stream_handshake_waits(struct stream *stream);
/* It waits no longer. */
void stream_handshake_leave(struct stream *stream);
/* libevent calls it when the socket takes bytes again, or is connected. */
void stream_on_write_event(evutil_socket_t fd, short what, void *arg);
/* Send what was kept. */
void stream_send_kept(struct stream *stream);
void stream_finish_shutdown(struct stream *stream);
/* on_peer_closed, when both sides have ended. */
void stream_finish_linger(struct stream *stream);

#endif
