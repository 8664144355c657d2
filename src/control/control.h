#ifndef SWARMWARD_CONTROL_CONTROL_H
#define SWARMWARD_CONTROL_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/channel.h"
#include "model/board.h"
#include "model/snapshot.h"
#include "net/io.h"
#include "pki/certificate_file.h"
#include "pki/dev_authority.h"
#include "slot_map.h"

/* The state of control, shared by its files. */

struct command_server;

/* loader.c */
struct loader {
    /* What is published and not yet rolled out; owned. */
    int snapshot_fd; /* -1: nothing */
    uint64_t generation;
    int64_t started_us;
    bool again; /* asked for while it was rolling out */
    bool warned_ticket_secret;
    /* Loads by number, so that whoever asked knows which one is his. */
    uint64_t begun;
};

struct control {
    /* owned */
    struct io *io;
    struct channel *channel;
    struct board *board;
    struct command_server *server; /* NULL before HELLO */
    struct certificate_store *store;
    struct dev_authority *authority; /* NULL unless --dev */
    struct slot_map *slots;
    struct snapshot *snapshot; /* the one that runs; NULL before the first */
    char *config_path;
    char *state_directory;
    struct loader loader;
    bool dev;
    uint8_t boot_secret[KEYRING_TICKET_SECRET_BYTES];
};

/* loader.c */

/* What a load came to. */
struct load_result {
    uint64_t number; /* the load it is */
    uint64_t generation;
    int64_t milliseconds;
    bool invalid;       /* the file or what it names: nothing was published */
    const char *reason; /* "" = it is served */
};

/*
 * Load now, or as soon as the rollout that is under way is over. Returns the number of the load
 * that will have seen the files as they are now. Its result comes through command_server_loaded().
 */
uint64_t loader_request(struct control *control);
void loader_rolled_out(struct control *control, const char *reason);

/* command_server.c: takes the listening socket. */
struct command_server *command_server_new(struct control *control, int fd);
void command_server_free(struct command_server *server);
void command_server_loaded(struct command_server *server, const struct load_result *result);

#endif
