#ifndef SWARMWARD_PROCESS_PRIVILEGES_H
#define SWARMWARD_PROCESS_PRIVILEGES_H

#include <stdint.h>

#include "base/err.h"
#include "process/spawn.h"

/*
 * Who may do what after start. Started as root, the children become an ordinary user and the parent
 * stays uid 0 with nothing but the capabilities of privileges_for_parent(). Started as an ordinary
 * user there is nothing to drop and nothing here does anything.
 */

/* Bit n is capability number n (linux/capability.h). */
typedef uint64_t capability_mask;

capability_mask privileges_permitted(void);

/*
 * Of what it has, the parent keeps: NET_BIND_SERVICE (listeners that a reload adds), SETUID and
 * SETGID (a child that is started again drops its ids itself), KILL (those children belong to
 * another user), and only to hand them on: what privileges_for_reader() wants, for control;
 * SYS_CHROOT, with which the closed programs leave the file system (sandbox.h); SETPCAP, without
 * which the bounding set of a child cannot be emptied.
 */
capability_mask privileges_for_parent(capability_mask have);

/* What control keeps to read root's key files: DAC_READ_SEARCH; DAC_OVERRIDE where a container
 * gives only that; else nothing. */
capability_mask privileges_for_reader(capability_mask have);

/*
 * Which user the children become. `name` NULL: `swarmward`, else `nobody`; "root" drops nothing.
 * Only for root; -1: no such user, or the capabilities to change to it are missing.
 */
int privileges_choose_user(const char *name, capability_mask have,
                           struct spawn_identity *identity_out, struct err *err);

/*
 * swarmward-keys becomes a user of its own, `swarmward-keys`, where there is one and the others
 * drop to a user, too: nobody may then send it signals, either. Else it is as the others.
 */
struct spawn_identity privileges_keys_user(const struct spawn_identity *others);

/* Give up every other capability for good, bounding set included, and forbid new privileges. */
int privileges_keep(capability_mask keep, struct err *err);

/* In a child, between fork and exec: become `identity`. -1 with errno. */
int privileges_become(const struct spawn_identity *identity);

/* Everything that is left, for good. */
int privileges_give_up(struct err *err);

#endif
