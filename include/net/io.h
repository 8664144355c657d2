#ifndef SWARMWARD_NET_IO_H
#define SWARMWARD_NET_IO_H

#include <stddef.h>
#include <stdint.h>

struct event_base;
struct event;
struct stream;

/*
 * What the streams of one event loop share: the loop, its clock, and the large buffers that only
 * live for one turn (one receive buffer, one gather buffer: DESIGN section 7). One a process.
 */
struct io;

/* What is received at once: two full TLS records and what surrounds them. */
#define IO_RECEIVE_BYTES ((size_t)34 * 1024)
/*
 * The payload of two full records: what is moved from one side to the other at once. Measured: of
 * 64 KiB the first half has left the first-level cache before it is used, and a download costs a
 * third more.
 */
#define IO_PIECE_BYTES ((size_t)32 * 1024)

struct io *io_new(void);
/* All streams, deadlines and events of it are gone before. NULL is fine. */
void io_free(struct io *io);

/* Borrowed; for events that are no stream. */
struct event_base *io_base(struct io *io);

/* Monotonic, read once a turn. */
int64_t io_now_ms(struct io *io);
int64_t io_now_us(struct io *io);

/* Runs until io_stop(). */
void io_run(struct io *io);
void io_stop(struct io *io);

/*
 * Around every callback that the loop makes: what was written during it leaves with one send, and
 * what was freed during it is freed for good at the outermost leave.
 */
void io_enter(struct io *io);
void io_leave(struct io *io);

/*
 * Something to be done once when all that is active in this turn was looked at, however often it
 * was asked for: what many callbacks gathered goes with one send.
 */
struct io_task;
struct io_task *io_task_new(struct io *io, void (*run)(void *owner), void *owner);
void io_task_free(struct io_task *task); /* NULL is fine */
void io_task_run_later(struct io_task *task);
/* The same in the next turn, behind what the kernel reports by then. */
void io_task_run_next_turn(struct io_task *task);

/* Free `memory` with `free_it` at the outermost io_leave (at once outside of callbacks). */
void io_free_later(struct io *io, void *memory, void (*free_it)(void *memory));

/* A scratch area of IO_RECEIVE_BYTES for bytes in the clear; valid until the current callback
 * returns. */
char *io_scratch(struct io *io);

#endif
