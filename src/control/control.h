#ifndef SWARMWARD_CONTROL_CONTROL_H
#define SWARMWARD_CONTROL_CONTROL_H

#include <stdbool.h>
#include <stdint.h>

#include "ipc/channel.h"
#include "model/board.h"
#include "model/snapshot.h"
#include "net/deadline.h"
#include "net/io.h"
#include "pki/certificate_file.h"
#include "pki/dev_authority.h"
#include "slot_map.h"

/* The state of control, shared by its files. */

struct admin;
struct command_server;

struct good_labels;
struct label_cache;
struct mapping;
struct mapping_file;
struct swarm_link;

enum loader_state {
    LOADER_IDLE,
    LOADER_WAITING,     /* the file is read; the swarm that it names is being looked at */
    LOADER_ROLLING_OUT, /* published, the parent has not answered */
};

/* loader.c */
struct loader {
    /* owned: of what is served; NULL before the first, or after a restart that could not read it */
    struct mapping_file *file;
    struct mapping *mapping;
    /* owned: of what is being loaded; no file when only the swarm has changed */
    struct mapping_file *next_file;
    struct mapping *next_mapping;
    struct swarm_link *next_link; /* when that file needs another than the one in use */
    int snapshot_fd;              /* published; -1: nothing */
    struct deadline patience;     /* LOADER_WAITING: for so long */
    struct deadline refresh;      /* when changes of the swarm are looked at again */
    enum loader_state state;
    uint64_t generation;
    uint64_t content; /* publication.content of what is served; 0: unknown */
    uint64_t next_content;
    int64_t started_us;
    int64_t parse_ms;
    int64_t refreshed_ms; /* monotonic, of the last look */
    bool load_again;      /* asked for while it was busy */
    bool refresh_again;
    /* what is served knows more of the swarm than the link does: swarm_choice.h */
    bool held;
    bool next_held;
    bool said_held;
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
    struct slot_map *domain_slots;
    struct label_cache *labels;
    struct good_labels *good_labels;
    struct admin *admin;                               /* NULL before the first snapshot */
    struct swarm_link *link;                           /* NULL: what is served asks for none */
    void (*on_swarm_changed)(struct control *control); /* loader.c */
    struct snapshot *snapshot; /* the one that runs; NULL before the first */
    char *config_path;
    char *state_directory;
    struct loader loader;
    bool dev;
    bool warned_of_mesh;
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
/* After a restart: go on from the text of the file that is served. */
void loader_resume(struct control *control, int text_fd);
void loader_init(struct control *control);
void loader_done(struct control *control);

/* command_server.c: takes the listening socket. */
struct command_server *command_server_new(struct control *control, int fd);
void command_server_free(struct command_server *server);
void command_server_loaded(struct command_server *server, const struct load_result *result);

#endif
