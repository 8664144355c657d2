/* OpenSSL's heap: blocks of every size, used again, resized, given back once. */

#include "crypto_memory.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#define SIZES 20000

static void a_block_of_any_size_holds_what_is_put_there(void **state)
{
    (void)state;
    for (size_t bytes = 1; bytes < SIZES; bytes += 1 + bytes / 40) {
        unsigned char *first = crypto_memory_take(bytes);
        unsigned char *second = crypto_memory_take(bytes);

        assert_int_equal((uintptr_t)first % 16, 0);
        memset(first, 1, bytes);
        memset(second, 2, bytes);
        for (size_t i = 0; i < bytes; i++)
            assert_int_equal(first[i], 1);
        crypto_memory_give(first);
        crypto_memory_give(second);
    }
}

static void what_was_given_back_is_used_again(void **state)
{
    void *block = crypto_memory_take(17000);

    (void)state;
    crypto_memory_give(block);
    assert_ptr_equal(crypto_memory_take(16900), block); /* the same class */
    crypto_memory_give(block);
}

static void a_resized_block_keeps_its_bytes(void **state)
{
    unsigned char *block = crypto_memory_resize(NULL, 1);
    size_t bytes = 1;

    (void)state;
    block[0] = 0;
    while (bytes < SIZES) {
        size_t more = bytes + 1 + bytes / 7;

        block = crypto_memory_resize(block, more);
        for (size_t i = 0; i < bytes; i++)
            assert_int_equal(block[i], (unsigned char)(i * 3));
        for (size_t i = bytes; i < more; i++)
            block[i] = (unsigned char)(i * 3);
        bytes = more;
    }
    assert_null(crypto_memory_resize(block, 0));
}

static void nothing_is_nothing(void **state)
{
    (void)state;
    assert_null(crypto_memory_take(0));
    crypto_memory_give(NULL);
    assert_null(crypto_memory_take(SIZE_MAX - 3));
}

static void a_block_given_back_twice_ends_the_process(void **state)
{
    pid_t child = fork();
    int status;

    (void)state;
    if (child == 0) {
        void *block = crypto_memory_take(100);

        signal(SIGABRT, SIG_DFL);
        crypto_memory_give(block);
        crypto_memory_give(block);
        _exit(0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
}

static void a_great_many_are_not_kept(void **state)
{
    static void *blocks[1000];

    (void)state;
    for (size_t i = 0; i < 1000; i++)
        blocks[i] = crypto_memory_take(17000);
    for (size_t i = 0; i < 1000; i++)
        crypto_memory_give(blocks[i]); /* ASan: what went back to the heap is poisoned */
    crypto_memory_give(crypto_memory_take(17000));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_block_of_any_size_holds_what_is_put_there),
        cmocka_unit_test(what_was_given_back_is_used_again),
        cmocka_unit_test(a_resized_block_keeps_its_bytes),
        cmocka_unit_test(nothing_is_nothing),
        cmocka_unit_test(a_block_given_back_twice_ends_the_process),
        cmocka_unit_test(a_great_many_are_not_kept),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
