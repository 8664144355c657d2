#ifndef SWARMWARD_PKI_EC_CURVE_H
#define SWARMWARD_PKI_EC_CURVE_H

#include <stdbool.h>

#include "base/text.h"

/* The three curves that certificates may use. */

struct ec_curve;

/* By the bytes of its OID; NULL: none of them. */
const struct ec_curve *ec_curve_find(struct text oid);

bool ec_curve_has_point(const struct ec_curve *curve, struct text point);

/* Is `point` the public half of `scalar` (big-endian)? */
bool ec_curve_point_is(const struct ec_curve *curve, struct text scalar, struct text point);

#endif
