#ifndef SWARMWARD_CONTROL_CHECK_H
#define SWARMWARD_CONTROL_CHECK_H

/*
 * `swarmward check FILE`, which executes `swarmward-control --check [--strict] [--dev] -- FILE`: so
 * the program that runs as root links no YAML and no certificate parser, and what is checked is
 * what is loaded, by the same code. Returns the exit code.
 */
int check_main(int argc, char **argv);

#endif
