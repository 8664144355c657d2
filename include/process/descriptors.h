#ifndef SWARMWARD_PROCESS_DESCRIPTORS_H
#define SWARMWARD_PROCESS_DESCRIPTORS_H

/* The descriptors that a child finds open, by number. Everything else is closed on exec. */
enum child_descriptor {
    CHILD_CHANNEL = 3, /* messages with the parent */
    CHILD_BOARD = 4,   /* memfd of struct board */
};

#endif
