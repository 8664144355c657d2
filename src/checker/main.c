/*
 * swarmward-checker: asks the endpoints of services with a health path whether they are well, and
 * writes what it finds on the board. A process of its own because it reads what backends send; it
 * holds no key (swarmward-keys signs for it), no listener and no Docker socket, and does nothing
 * while no service has a path.
 */

#include "base/log.h"
#include "base/text.h"
#include "checker.h"
#include "orders.h"
#include "process/descriptors.h"
#include "process/sandbox.h"
#include "process/spawn.h"
#include "tls/signer.h"
#include "tls/tls_backend.h"

int main(int argc, char **argv)
{
    struct checker checker;
    struct signer *signer;
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
    if (argc < 2 || !text_equal(text_of(argv[1]), TEXT("--keys-in-workers")))
        checker.signer = signer_new(io, NULL);
    sandbox_confine(SANDBOX_CHECKER, &board->checker.refused_call);
    io_run(io);
    channel_free(checker.channel);
    signer = checker.signer;
    checker_done(&checker);
    signer_free(signer);
    io_free(io);
    board_unmap(board);
    return 0;
}
