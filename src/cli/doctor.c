/*
 * `swarmward doctor`: hands over to swarmward-control, which can ask the Docker API. So this
 * program, which runs as root as the parent, links no HTTP client (see check.c).
 */

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "command_client.h"
#include "process/spawn.h"
#include "subcommands.h"

static const struct option_row config_option = {
    .name = "--config",
    .brief = "-c",
    .value = "FILE",
    .offset = offsetof(struct arguments, config),
    .help = "the mapping file; without it every setting has its default",
};

static const struct option_row service_option = {
    .name = "--service",
    .value = "NAME",
    .offset = offsetof(struct arguments, service),
    .help = "swarmward's own service; needed where doctor does not run in its container",
};

static const struct option_row docker_option = {
    .name = "--docker-socket",
    .value = "PATH",
    .offset = offsetof(struct arguments, docker_socket),
    .help = "as it is given to `run`",
};

static const struct option_row user_option = {
    .name = "--user",
    .value = "NAME",
    .offset = offsetof(struct arguments, user),
    .help = "as it is given to `run`",
};

#define WORDS_MAX 16

struct command {
    const char *words[WORDS_MAX];
    size_t count;
};

static void add(struct command *command, const char *name, const char *value)
{
    if (!value)
        return;
    command->words[command->count++] = name;
    command->words[command->count++] = value;
}

static int run(const struct arguments *arguments)
{
    struct command command = { .words = { "swarmward-control", "--doctor" }, .count = 2 };
    char program[PATH_MAX];
    struct err err;

    if (arguments->json)
        command.words[command.count++] = "--json";
    add(&command, "--config", arguments->config);
    add(&command, "--service", arguments->service);
    add(&command, "--docker-socket", arguments->docker_socket);
    add(&command, "--user", arguments->user);
    if (spawn_find_program("swarmward-control", program, sizeof(program), &err) < 0) {
        fprintf(stderr, "swarmward doctor: %s\n", err.text);
        return EXIT_FAILED;
    }
    spawn_replace(program, command.words);
    fprintf(stderr, "swarmward doctor: %s: %s\n", program, strerror(errno));
    return EXIT_FAILED;
}

const struct subcommand doctor_subcommand = {
    .name = "doctor",
    .summary = "look at the swarm that swarmward stands in, and say what to do",
    .options = { &config_option, &service_option, &docker_option, &user_option, &json_option },
    .text = "Look at the Docker socket, the Engine and its version on every node, the clock, how\n"
            "swarmward's ports are published, networks and their encryption and MTU, DNS, and\n"
            "labels. Each is ok, warning, error or skipped, with what was found and what to do.\n"
            "Needs no swarmward that runs, but says most inside of its container:\n"
            "\n"
            "  docker exec CONTAINER swarmward doctor -c /etc/swarmward/swarmward.yaml\n"
            "\n"
            "Exit code: 0 no error, 1 an error, 2 wrong usage or an invalid file.",
    .run = run,
};
