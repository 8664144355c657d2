#ifndef SWARMWARD_DOCKER_CURL_LOOP_H
#define SWARMWARD_DOCKER_CURL_LOOP_H

#include <curl/curl.h>

#include "net/io.h"

/* libcurl's multi interface on the event loop: its sockets and its one timer. */
struct curl_loop;

/* `on_progress` after every turn in which curl did something; never from inside curl. */
struct curl_loop *curl_loop_new(struct io *io, void (*on_progress)(void *owner), void *owner);
/* Every easy handle was removed before. */
void curl_loop_free(struct curl_loop *loop);
/* `on_progress` soon, though curl has nothing to do. */
void curl_loop_wake(struct curl_loop *loop);
CURLM *curl_loop_multi(struct curl_loop *loop);

#endif
