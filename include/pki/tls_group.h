#ifndef SWARMWARD_PKI_TLS_GROUP_H
#define SWARMWARD_PKI_TLS_GROUP_H

#include <stdbool.h>

#include "base/text.h"

/* Does the linked OpenSSL have this group for TLS key exchange ("X25519", "prime256v1", "P-256",
 * ...)? */
bool tls_group_is_there(struct text name);

#endif
