#ifndef SWARMWARD_BASE_ERR_H
#define SWARMWARD_BASE_ERR_H

/* The reason for a failure, in words an operator can act on: what, where, what to do. */

#define ERR_TEXT_BYTES 512

struct err {
    char text[ERR_TEXT_BYTES];
};

/* Always -1, so that a caller may `return err_set(...)`. Too long a text is cut. NULL `err` is
 * fine. */
int err_set(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Put "prefix: " before the text that is there. Always -1. */
int err_prefix(struct err *err, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
