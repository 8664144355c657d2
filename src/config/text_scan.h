#ifndef SWARMWARD_CONFIG_TEXT_SCAN_H
#define SWARMWARD_CONFIG_TEXT_SCAN_H

#include "config/settings_file.h"

/*
 * What the bytes must be before anything reads them as YAML: UTF-8, no control characters, no
 * invisible line breaks, no directives. False: `problems` says where.
 */
bool text_scan(struct text yaml, const struct settings *settings, struct problems *problems);

#endif
