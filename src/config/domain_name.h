#ifndef SWARMWARD_CONFIG_DOMAIN_NAME_H
#define SWARMWARD_CONFIG_DOMAIN_NAME_H

#include "base/arena.h"
#include "base/err.h"
#include "base/text.h"

/*
 * A written domain name, checked (letters, digits, hyphens; "*" as the whole left-most label only)
 * and in lower case, in `arena`. -1: `err` says what is wrong with it.
 */
int domain_name_read(struct text written, struct arena *arena, struct text *name_out,
                     struct err *err);

#endif
