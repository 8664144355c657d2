#ifndef SWARMWARD_CONTROL_DOCTOR_H
#define SWARMWARD_CONTROL_DOCTOR_H

/*
 * `swarmward doctor`, which executes `swarmward-control --doctor [--json] [--config FILE]
 * [--service NAME] [--docker-socket PATH] [--user NAME]`. Asks the Docker API and DNS, changes
 * nothing, needs no swarmward that runs. Returns the exit code.
 */
int doctor_main(int argc, char **argv);

#endif
