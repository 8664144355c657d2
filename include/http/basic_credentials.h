#ifndef SWARMWARD_HTTP_BASIC_CREDENTIALS_H
#define SWARMWARD_HTTP_BASIC_CREDENTIALS_H

#include "http/head.h"

/* User and password of a request (RFC 7617). */

#define BASIC_CREDENTIALS_BYTES 512 /* decoded, with the colon */

enum basic_status {
    BASIC_NONE, /* no field Authorization, or one of another scheme */
    BASIC_BAD,  /* repeated, too long, no base64, a control character, no colon */
    BASIC_OK,
};

struct basic_credentials {
    char bytes[BASIC_CREDENTIALS_BYTES];
    struct text user; /* views of `bytes` */
    struct text password;
};

/* Fields that are dropped already count as well. Whoever asks wipes `credentials_out`. */
enum basic_status basic_credentials_read(const struct field_list *fields,
                                         struct basic_credentials *credentials_out);

#endif
