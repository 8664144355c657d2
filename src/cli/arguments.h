#ifndef SWARMWARD_CLI_ARGUMENTS_H
#define SWARMWARD_CLI_ARGUMENTS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"
#include "base/err.h"

/*
 * The words behind a subcommand, by tables: one row an option, one row a subcommand, and the help
 * is printed from the same rows.
 */

struct arguments {
    /* borrowed from argv; NULL: not given */
    const char *config;
    const char *workers;
    const char *state_directory;
    const char *socket;
    const char *user;
    const char *docker_socket;
    const char *service;
    bool dev;
    bool keys_in_workers;
    bool json;
    bool strict;
    bool help;
    const char *words[2]; /* FILE, URL and METHOD */
    size_t word_count;
};

struct option_row {
    const char *name;  /* "--config" */
    const char *brief; /* "-c" or NULL */
    const char *value; /* "FILE"; NULL: a flag */
    size_t offset;     /* of a `const char *`, or of a `bool`, in struct arguments */
    const char *help;
};

#define OPTIONS_MAX 9

struct subcommand {
    const char *name;
    const char *summary; /* one line for the overview */
    const char *words;   /* "URL [METHOD]"; NULL: none */
    size_t words_least;
    size_t words_most;
    const struct option_row *options[OPTIONS_MAX]; /* NULL behind the last; --help is everywhere */
    const char *text;                              /* what it does, for its help */
    int (*run)(const struct arguments *arguments); /* returns the exit code */
};

/* -1: `err` says which word is wrong, and what was perhaps meant. */
int arguments_parse(const struct subcommand *subcommand, int count, char **words,
                    struct arguments *arguments_out, struct err *err);

void arguments_write_help(const struct subcommand *subcommand, struct buffer *out);

#endif
