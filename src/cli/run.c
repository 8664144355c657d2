/* `swarmward run`: checks its words and hands over to the parent. */

#include "parent/run.h"

#include <stdio.h>
#include <string.h>

#include "command_client.h"
#include "model/board.h"
#include "subcommands.h"

const struct option_row dev_option = {
    .name = "--dev",
    .offset = offsetof(struct arguments, dev),
    .help = "make certificates for domains that have none, signed by a private CA",
};

static const struct option_row config_option = {
    .name = "--config",
    .brief = "-c",
    .value = "FILE",
    .offset = offsetof(struct arguments, config),
    .help = "the mapping file (required)",
};

static const struct option_row workers_option = {
    .name = "--workers",
    .value = "N|auto",
    .offset = offsetof(struct arguments, workers),
    .help = "worker processes; auto (the default) is one a core",
};

static const struct option_row state_option = {
    .name = "--state-dir",
    .value = "DIR",
    .offset = offsetof(struct arguments, state_directory),
    .help = "keep the private CA of --dev here (DIR/ca.crt); without it, in memory only",
};

static const struct option_row docker_option = {
    .name = "--docker-socket",
    .value = "PATH",
    .offset = offsetof(struct arguments, docker_socket),
    .help = "started as root: control joins the group of this socket, so that it may ask Docker; "
            "default /run/swarmward/docker.sock, else /var/run/docker.sock",
};

static const struct option_row user_option = {
    .name = "--user",
    .value = "NAME",
    .offset = offsetof(struct arguments, user),
    .help = "started as root: who the children become; default: swarmward, else nobody",
};

static const struct option_row keys_option = {
    .name = "--keys-in-workers",
    .offset = offsetof(struct arguments, keys_in_workers),
    .help =
        "give the private keys to every worker instead of to swarmward-keys: for measuring what "
        "that costs, not for production",
};

const struct option_row socket_option = {
    .name = "--socket",
    .value = "PATH",
    .offset = offsetof(struct arguments, socket),
    .help = "the command socket, where it is not the default one",
};

int run_parse_workers(const char *text, size_t *workers_out, struct err *err)
{
    uint64_t workers = 0;

    if (text && strcmp(text, "auto") != 0 &&
        (!text_to_u64(text_of(text), &workers) || workers == 0 || workers > BOARD_WORKERS))
        return err_set(err, "--workers %s: give a number from 1 to %d, or auto", text,
                       BOARD_WORKERS);
    *workers_out = (size_t)workers;
    return 0;
}

static int run(const struct arguments *arguments)
{
    struct run_options options = {
        .config_path = arguments->config,
        .dev = arguments->dev,
        .state_directory = arguments->state_directory,
        .socket_path = arguments->socket,
        .user = arguments->user,
        .docker_socket = arguments->docker_socket,
        .keys_in_workers = arguments->keys_in_workers,
    };
    struct err err;

    if (!arguments->config || !arguments->config[0]) {
        fputs("swarmward run: -c FILE is missing: the mapping file\n", stderr);
        return EXIT_USAGE;
    }
    if (run_parse_workers(arguments->workers, &options.workers, &err) < 0) {
        fprintf(stderr, "swarmward run: %s\n", err.text);
        return EXIT_USAGE;
    }
    return parent_run(&options);
}

const struct subcommand run_subcommand = {
    .name = "run",
    .summary = "serve what the mapping file says, until a signal ends it",
    .options = { &config_option, &workers_option, &dev_option, &state_option, &socket_option,
                 &user_option, &docker_option, &keys_option },
    .text = "Serve what the mapping file says, in the foreground.\n"
            "\n"
            "Signals: SIGHUP loads the file again; SIGTERM and SIGINT turn health red, wait for\n"
            "shutdown.delay, then drain; a second one ends at once; SIGUSR1 opens the access log\n"
            "again. Exit code: 0 ended as asked, 1 it failed, 2 wrong usage or an invalid file.",
    .run = run,
};
