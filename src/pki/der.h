#ifndef SWARMWARD_PKI_DER_H
#define SWARMWARD_PKI_DER_H

#include <stdbool.h>
#include <stdint.h>

#include "base/text.h"

/* A walk over DER: views only, nothing is copied, lengths must be in their shortest form. */

enum der_tag {
    DER_BOOLEAN = 0x01,
    DER_INTEGER = 0x02,
    DER_BIT_STRING = 0x03,
    DER_OCTET_STRING = 0x04,
    DER_OID = 0x06,
    DER_UTC_TIME = 0x17,
    DER_GENERALIZED_TIME = 0x18,
    DER_SEQUENCE = 0x30,
    DER_CONTEXT = 0x80,             /* | number */
    DER_CONTEXT_CONSTRUCTED = 0xa0, /* | number */
};

struct der {
    uint8_t tag;
    struct text content;
    struct text whole; /* with tag and length */
};

/* Take the next value off `in`. False: nothing whole is there; `in` stays. */
bool der_next(struct text *in, struct der *value_out);

/* The same, only when it has this tag. */
bool der_take(struct text *in, uint8_t tag, struct text *content_out);

/* Is one next that has this tag? */
bool der_is(struct text in, uint8_t tag);

/* A non-negative INTEGER without its leading zero; a BIT STRING without unused bits. */
bool der_take_number(struct text *in, struct text *number_out);
bool der_take_bits(struct text *in, struct text *bits_out);

/* UTCTime or GeneralizedTime in the form of RFC 5280 (seconds, Z) as Unix time. */
bool der_take_time(struct text *in, int64_t *time_out);

#endif
