#ifndef SWARMWARD_CONFIG_ENTRIES_H
#define SWARMWARD_CONFIG_ENTRIES_H

#include "model/settings.h"

/* The rows of what is listed in the file. */

extern const struct field_table certificate_entry; /* struct certificate_settings */
extern const struct field_table server_entry;      /* struct server_settings */
extern const struct field_table route_entry;       /* struct route_settings */
extern const struct field_table domain_entry;      /* struct domain_settings */
extern const struct field_table owner_entry;       /* struct owner_settings */
extern const struct field_table redirect_entry;    /* struct redirect_settings */

#endif
