#ifndef SWARMWARD_HTTP_H1_METHOD_H
#define SWARMWARD_HTTP_H1_METHOD_H

#include "http/head.h"

/* Both codecs take methods of up to so many upper-case letters, digits, "-" and "_". */
#define METHOD_BYTES_MAX 24

enum http_method h1_identify_method(struct text method);

#endif
