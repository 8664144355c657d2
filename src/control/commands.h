#ifndef SWARMWARD_CONTROL_COMMANDS_H
#define SWARMWARD_CONTROL_COMMANDS_H

#include <stdint.h>

#include "base/buffer.h"
#include "control.h"

/*
 * The commands of the socket. A request is one line of JSON: {"command":"status"}. An answer is one
 * line of JSON with "ok": true and the facts, or false and "error"; then the connection ends.
 */

#define COMMAND_REQUEST_BYTES 16384

enum command_outcome {
    COMMAND_ANSWERED, /* the answer is in `out` */
    COMMAND_WAITS,    /* for load number `*load_out` */
};

enum command_outcome command_run(struct control *control, struct text request, struct buffer *out,
                                 uint64_t *load_out);

/* The answers that are not a command's own. */
void command_answer_error(struct buffer *out, struct text reason, bool invalid);
void command_answer_load(struct buffer *out, const struct load_result *result);

/* status.c, explain.c: the members of an answer, into an open object. */
struct json_out;
void status_write(struct control *control, struct json_out *json);
/* -1: `err` says what is wrong with the URL. */
int explain_write(struct control *control, struct text url, struct text method,
                  struct json_out *json, struct err *err);

#endif
