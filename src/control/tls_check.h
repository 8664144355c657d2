#ifndef SWARMWARD_CONTROL_TLS_CHECK_H
#define SWARMWARD_CONTROL_TLS_CHECK_H

#include "config/settings_file.h"
#include "model/settings.h"

/*
 * What the `tls` section asks of the linked OpenSSL. 0: it has all of it. -1: `problems` says what
 * is missing. A group of the default list may be missing: it is left out.
 */
int tls_check(const struct settings *settings, struct problems *problems);

#endif
