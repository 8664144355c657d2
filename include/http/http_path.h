#ifndef SWARMWARD_HTTP_PATH_H
#define SWARMWARD_HTTP_PATH_H

#include <stdbool.h>
#include <stddef.h>

#include "base/text.h"

/*
 * The path that routes match on: dot segments removed (RFC 3986 section 5.2.4, %2e counts as a
 * dot), nothing else decoded: %2F stays opaque. False: the path is refused (an encoded NUL or
 * backslash, a raw backslash, control octets, a bad escape, a dot segment whose border is a
 * parameter or an encoded slash ("..;", "..%2F"), climbing above the root). `*path_out` is `path`
 * itself when nothing had to change ("*" too), else in `buffer`, which has room for path.len bytes.
 */
bool http_path_normalise(struct text path, char *buffer, struct text *path_out);

#endif
