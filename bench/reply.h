#ifndef SWARMWARD_BENCH_REPLY_H
#define SWARMWARD_BENCH_REPLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One HTTP/1.1 response as the load generator needs it: status, length, and when it is complete. */

#define REPLY_HEAD_BYTES 8192

enum reply_result {
    REPLY_MORE, /* not complete yet */
    REPLY_DONE, /* head and body are complete */
    REPLY_BAD,  /* not HTTP/1.1, or of a length that is not counted */
};

struct reply {
    int status;
    bool closes;         /* the server says it will close the connection */
    bool head_complete;  /* the fields below count only now */
    uint64_t body_bytes; /* as announced */
    uint64_t body_seen;
    size_t head_bytes;
    char head[REPLY_HEAD_BYTES];
};

void reply_reset(struct reply *reply);

/* Bytes behind the end of the response are an answer to nothing that was asked: REPLY_BAD. */
enum reply_result reply_feed(struct reply *reply, const char *bytes, size_t count);

#endif
