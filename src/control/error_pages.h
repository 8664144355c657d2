#ifndef SWARMWARD_CONTROL_ERROR_PAGES_H
#define SWARMWARD_CONTROL_ERROR_PAGES_H

#include "config/settings_file.h"

/* Reads the files of every `error_pages` into the settings. What is wrong is in `problems`. */
void error_pages_load(struct settings *settings, struct problems *problems);

#endif
