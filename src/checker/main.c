/*
 * swarmward-checker: asks the endpoints of services with a health path whether they are well, and
 * writes what it finds on the board. A process of its own because it reads what backends send; it
 * holds no key, no listener and no Docker socket, and does nothing while no service has a path.
 */

#include "base/log.h"
#include "checker.h"
#include "orders.h"
#include "process/descriptors.h"
#include "process/sandbox.h"
#include "process/spawn.h"
#include "tls/tls_backend.h"

int main(void)
{
    struct checker checker;
    struct board *board;
    struct io *io;
    struct err err;

    child_begin("swarmward-checker");
    board = board_map(CHILD_BOARD, &err);
    if (!board) {
        log_error("event=start_failed reason=\"%s\"", err.text);
        return 1;
    }
    io = io_new();
    checker_init(&checker, io, board);
    checker.channel = channel_new(io, CHILD_CHANNEL, &checker_orders, &checker);
    tls_backend_begin();
    sandbox_confine(SANDBOX_CHECKER, &board->checker.refused_call);
    io_run(io);
    channel_free(checker.channel);
    checker_done(&checker);
    io_free(io);
    board_unmap(board);
    return 0;
}
