/* `swarmward reload`: as SIGHUP, but waits for the outcome and says it. */

#include <stdio.h>

#include "command_client.h"
#include "subcommands.h"

static int run(const struct arguments *arguments)
{
    struct buffer raw = { 0 };
    json_t *answer = NULL;
    int code = command_ask_plain(arguments, "reload", &raw, &answer);

    if (code == EXIT_DONE)
        printf("generation %lld is served after %lld ms\n", answer_number(answer, "generation"),
               answer_number(answer, "milliseconds"));
    json_decref(answer);
    buffer_done(&raw);
    return code;
}

const struct subcommand reload_subcommand = {
    .name = "reload",
    .summary = "load the mapping file again, and say when it is served or why not",
    .options = { &socket_option },
    .text = "Load the mapping file and its certificates again, and wait until every worker serves\n"
            "them. When anything is wrong nothing changes, and all problems are printed.\n"
            "Exit code: 0 it is served, 1 it failed, 2 the file is not valid.",
    .run = run,
};
