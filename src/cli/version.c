/* `swarmward version`. */

#include <stdio.h>

#include "subcommands.h"

static int run(const struct arguments *arguments)
{
    (void)arguments;
    puts("swarmward " SWARMWARD_VERSION);
    return 0;
}

const struct subcommand version_subcommand = {
    .name = "version",
    .summary = "say which version this is",
    .text = "Say which version this is.",
    .run = run,
};
