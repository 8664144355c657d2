#ifndef SWARMWARD_TESTS_SLOW_LAYER_H
#define SWARMWARD_TESTS_SLOW_LAYER_H

#include "net/stream.h"

/* A layer that hands out three bytes at a time, and whose handshake is the byte '!'. */
struct stream_layer *slow_new(void);

#endif
