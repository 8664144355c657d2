/* `swarmward healthcheck`: one word and an exit code, for HEALTHCHECK of a container. */

#include <stdio.h>

#include "command_client.h"
#include "subcommands.h"

static int run(const struct arguments *arguments)
{
    struct buffer raw = { 0 };
    json_t *answer = NULL;
    int code = command_ask_plain(arguments, "health", &raw, &answer);

    if (code == EXIT_DONE) {
        printf("%s%s\n", answer_text(answer, "health"),
               json_is_true(json_object_get(answer, "stale")) ? ", stale" : "");
        code = json_is_true(json_object_get(answer, "healthy")) ? EXIT_DONE : EXIT_FAILED;
    }
    json_decref(answer);
    buffer_done(&raw);
    return code;
}

const struct subcommand healthcheck_subcommand = {
    .name = "healthcheck",
    .summary = "exit 0 when traffic is served, 1 when it is not or will soon not be",
    .options = { &socket_option },
    .text = "Say `ready` and exit 0 while traffic is served; else say `starting`, `draining`,\n"
            "`no_worker` or `no_keys` and exit 1. Made for the HEALTHCHECK of a container.",
    .run = run,
};
