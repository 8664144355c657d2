#ifndef SWARMWARD_CLI_COMMAND_CLIENT_H
#define SWARMWARD_CLI_COMMAND_CLIENT_H

#include <jansson.h>

#include "arguments.h"
#include "base/buffer.h"
#include "base/err.h"

enum exit_code {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2, /* or an invalid file */
};

/*
 * Ask the running swarmward: one command with its members, over the socket of --socket or the
 * default one. EXIT_DONE: `*answer_out` has the facts; json_decref() it, and `raw` the line itself.
 * Else what went wrong has been said on standard error.
 */
int command_ask(const struct arguments *arguments, struct text request, struct buffer *raw,
                json_t **answer_out);

/* A request without members. */
int command_ask_plain(const struct arguments *arguments, const char *command, struct buffer *raw,
                      json_t **answer_out);

/* Members of an answer; what is not there is empty, 0 or false. */
const char *answer_text(const json_t *object, const char *key);
long long answer_number(const json_t *object, const char *key);

#endif
