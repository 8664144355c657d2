#ifndef SWARMWARD_HTTP_H1_TARGET_H
#define SWARMWARD_HTTP_H1_TARGET_H

#include "http/h1_parser.h"

/*
 * Settle scheme, host, port, authority, path and query of a head whose method, target and fields
 * are there. -1: `*refusal` says why (400).
 */
int h1_settle_target(struct request_head *head, struct h1_refusal *refusal);
/*
 * The same for HTTP/2: `head->target` is :path (not empty), `head->authority` is :authority when
 * there is one, `head->scheme` is set.
 */
int h2_settle_target(struct request_head *head, bool has_authority, struct h1_refusal *refusal);

#endif
