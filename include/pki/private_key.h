#ifndef SWARMWARD_PKI_PRIVATE_KEY_H
#define SWARMWARD_PKI_PRIVATE_KEY_H

#include "base/text.h"

/* The secret number of an ECDSA key (SEC1 or PKCS#8), big-endian, a view of `der`. False: it is no
 * such key. */
bool private_key_scalar(struct text der, struct text *scalar_out);

#endif
