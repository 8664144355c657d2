/*
 * The command `swarmward`: a table of subcommands. Each is one file and one row, which its help is
 * printed from.
 */

#include <stdio.h>
#include <string.h>

#include "command_client.h"
#include "model/nearest.h"
#include "subcommands.h"

static const struct subcommand *const subcommands[] = {
    &run_subcommand,    &check_subcommand,   &doctor_subcommand,      &reload_subcommand,
    &status_subcommand, &explain_subcommand, &healthcheck_subcommand, &version_subcommand,
};

#define SUBCOMMANDS (sizeof(subcommands) / sizeof(subcommands[0]))

static const struct subcommand *find(const char *name)
{
    for (size_t i = 0; i < SUBCOMMANDS; i++)
        if (strcmp(subcommands[i]->name, name) == 0)
            return subcommands[i];
    return NULL;
}

static void print_overview(FILE *out)
{
    fputs("Use: swarmward COMMAND [OPTION]...\n\nswarmward terminates HTTPS and forwards each "
          "request to the service that its domain is\nmapped to.\n\nCommands:\n",
          out);
    for (size_t i = 0; i < SUBCOMMANDS; i++)
        fprintf(out, "  %-13s %s\n", subcommands[i]->name, subcommands[i]->summary);
    fputs("\n`swarmward COMMAND --help` says more of each.\n", out);
}

static void print_help(const struct subcommand *subcommand)
{
    struct buffer out = { 0 };

    arguments_write_help(subcommand, &out);
    fwrite(out.bytes + out.start, 1, buffer_len(&out), stdout);
    buffer_done(&out);
}

static int unknown_subcommand(const char *name)
{
    struct nearest nearest;

    nearest_start(&nearest, text_of(name));
    for (size_t i = 0; i < SUBCOMMANDS; i++)
        nearest_offer(&nearest, text_of(subcommands[i]->name));
    if (nearest.best.len)
        fprintf(stderr, "swarmward: unknown command %s; did you mean %.*s?\n", name,
                TEXT_ARGS(nearest.best));
    else
        fprintf(stderr, "swarmward: unknown command %s; see swarmward --help\n", name);
    return EXIT_USAGE;
}

static int run_subcommand_words(const struct subcommand *subcommand, int count, char **words)
{
    struct arguments arguments;
    struct err err;

    if (arguments_parse(subcommand, count, words, &arguments, &err) < 0) {
        fprintf(stderr, "swarmward %s: %s; see swarmward %s --help\n", subcommand->name, err.text,
                subcommand->name);
        return EXIT_USAGE;
    }
    if (arguments.help) {
        print_help(subcommand);
        return EXIT_DONE;
    }
    return subcommand->run(&arguments);
}

int main(int argc, char **argv)
{
    const struct subcommand *subcommand;
    const char *name = argc > 1 ? argv[1] : "";

    if (!name[0]) {
        print_overview(stderr);
        return EXIT_USAGE;
    }
    if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 || strcmp(name, "help") == 0) {
        subcommand = argc > 2 ? find(argv[2]) : NULL;
        if (subcommand)
            print_help(subcommand);
        else
            print_overview(stdout);
        return EXIT_DONE;
    }
    if (strcmp(name, "--version") == 0 || strcmp(name, "-V") == 0)
        name = "version";
    subcommand = find(name);
    if (!subcommand)
        return unknown_subcommand(name);
    return run_subcommand_words(subcommand, argc - 2, argv + 2);
}
