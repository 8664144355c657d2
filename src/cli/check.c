/*
 * `swarmward check`: hands over to swarmward-control, which loads the file as it would for serving.
 * So this program, which runs as root as the parent, links no YAML and no certificate parser.
 */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "command_client.h"
#include "process/spawn.h"
#include "subcommands.h"

static const struct option_row strict_option = {
    .name = "--strict",
    .offset = offsetof(struct arguments, strict),
    .help = "warnings make it invalid, too",
};

static int run(const struct arguments *arguments)
{
    char program[PATH_MAX];
    const char *words[6] = { "swarmward-control", "--check" };
    size_t count = 2;
    struct err err;

    if (arguments->strict)
        words[count++] = "--strict";
    if (arguments->dev)
        words[count++] = "--dev";
    words[count++] = "--";
    words[count++] = arguments->words[0];
    if (spawn_find_program("swarmward-control", program, sizeof(program), &err) < 0) {
        fprintf(stderr, "swarmward check: %s\n", err.text);
        return EXIT_FAILED;
    }
    spawn_replace(program, words);
    fprintf(stderr, "swarmward check: %s: %s\n", program, strerror(errno));
    return EXIT_FAILED;
}

const struct subcommand check_subcommand = {
    .name = "check",
    .summary = "say what is wrong with a mapping file and the certificates it names",
    .words = "FILE",
    .words_least = 1,
    .words_most = 1,
    .options = { &strict_option, &dev_option },
    .text = "Load FILE and all certificates it names, as `run` would, and serve nothing. Every\n"
            "problem is a line FILE:LINE:COLUMN. Exit code: 0 valid, 2 not.",
    .run = run,
};
