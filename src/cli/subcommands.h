#ifndef SWARMWARD_CLI_SUBCOMMANDS_H
#define SWARMWARD_CLI_SUBCOMMANDS_H

#include "arguments.h"

/* One file and one row each. */
extern const struct subcommand run_subcommand;
extern const struct subcommand check_subcommand;
extern const struct subcommand doctor_subcommand;
extern const struct subcommand reload_subcommand;
extern const struct subcommand status_subcommand;
extern const struct subcommand explain_subcommand;
extern const struct subcommand healthcheck_subcommand;
extern const struct subcommand version_subcommand;

/* The option that several of them have. */
extern const struct option_row socket_option;
extern const struct option_row json_option;
extern const struct option_row dev_option;

/* "auto" is 0. -1: not a number of workers. */
int run_parse_workers(const char *text, size_t *workers_out, struct err *err);

#endif
