#ifndef SWARMWARD_HTTP_CONTENT_CODING_H
#define SWARMWARD_HTTP_CONTENT_CODING_H

#include "http/head.h"

/*
 * Which coding a response may get on its way (RFC 9110 sections 8.4, 8.8.3 and 12.5.3, RFC 9111
 * section 5.2), and what its head says then. Knows no encoder.
 */

enum content_coding {
    CODING_IDENTITY,
    CODING_GZIP,
    CODING_BROTLI,
};

/*
 * The one of `offered` that the client likes best, the first of those that it likes equally.
 * CODING_IDENTITY: it takes none, or likes the bytes as they are better.
 */
enum content_coding content_coding_choose(const struct field_list *request,
                                          const enum content_coding *offered, size_t count);

/* Content-Type without its parameters, as it came; "" = none. */
struct text content_coding_type(const struct field_list *response);

/* May nobody on the way change the body: no-transform of either side, a coding or a range that is
 * there already, a digest of the bytes? */
bool content_coding_forbidden(const struct request_head *request, const struct response_head *head);

/* The response depends on Accept-Encoding, whether it was coded or not. */
void content_coding_vary(struct field_list *response, struct arena *arena);

/* The bytes are others now: Content-Encoding comes, a strong ETag becomes weak, Accept-Ranges goes.
 */
void content_coding_mark(struct field_list *response, struct arena *arena,
                         enum content_coding coding);

/*
 * A 304 to a client that has the coded response: its ETag is weak, as the one was that the client
 * asks with; a strong one would be another response's.
 */
void content_coding_mark_304(const struct field_list *request, struct field_list *response,
                             struct arena *arena);

#endif
