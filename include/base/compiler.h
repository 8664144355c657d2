#ifndef SWARMWARD_BASE_COMPILER_H
#define SWARMWARD_BASE_COMPILER_H

#ifndef __has_attribute
#    define __has_attribute(name) 0
#endif

/*
 * In front of a large local array of which only what was written is read: -ftrivial-auto-var-init
 * would zero all of it at each call.
 */
#if __has_attribute(uninitialized)
#    define NOT_INITIALISED __attribute__((uninitialized))
#else
#    define NOT_INITIALISED
#endif

#endif
