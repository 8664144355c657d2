#ifndef SWARMWARD_CHECKER_ORDERS_H
#define SWARMWARD_CHECKER_ORDERS_H

#include "ipc/channel.h"

/* The parent's messages, carried out. The owner of the channel is a struct checker. */
extern const struct channel_handler checker_orders;

#endif
