/*
 * Free lists under OpenSSL's CRYPTO_malloc(), by CRYPTO_set_mem_functions(3): 6 us less a handshake
 * than with glibc's heap. Not under a sanitizer, which must see each block on its own.
 */

#include "crypto_memory.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#define SMALL_STEP    ((size_t)16)
#define SMALL_CLASSES ((size_t)64) /* up to 1 KiB */
#define LARGE_STEP    ((size_t)512)
#define LARGE_CLASSES ((size_t)36) /* up to 18 KiB: a record with its head and room to align */
#define CLASSES       (SMALL_CLASSES + LARGE_CLASSES)
#define CLASS_NONE    UINT32_MAX          /* larger than all: not kept */
#define SMALL_KEPT    ((size_t)64 * 1024) /* bytes of one class, at most */
#define LARGE_KEPT    ((size_t)256 * 1024)

enum block_state {
    BLOCK_TAKEN = 0x7a6b,
    BLOCK_FREE = 0x1f2e,
};

struct block {
    alignas(max_align_t) size_t bytes; /* behind this head */
    uint32_t class;
    uint32_t state;
};

/* What lies behind the head of a free block. */
struct link {
    struct block *next;
};

struct free_list {
    struct block *first;
    size_t bytes; /* of all */
};

/* OpenSSL's allocator is the process's, and so is this. */
static struct free_list lists[CLASSES];

static uint32_t class_of(size_t bytes)
{
    size_t small = (bytes + SMALL_STEP - 1) / SMALL_STEP;
    size_t large = (bytes + LARGE_STEP - 1) / LARGE_STEP;

    if (small <= SMALL_CLASSES)
        return (uint32_t)(small - 1);
    return large <= LARGE_CLASSES ? (uint32_t)(SMALL_CLASSES + large - 1) : CLASS_NONE;
}

static size_t class_bytes(uint32_t class)
{
    return class < SMALL_CLASSES ? (class + 1) * SMALL_STEP
                                 : (class - SMALL_CLASSES + 1) * LARGE_STEP;
}

static struct block *head_of(void *memory)
{
    struct block *block = (struct block *)memory - 1;

    if (block->state != BLOCK_TAKEN)
        abort(); /* given back twice, or written before its begin */
    return block;
}

static struct block *pop(uint32_t class)
{
    struct free_list *list = &lists[class];
    struct block *block = list->first;

    if (!block)
        return NULL;
    list->first = ((struct link *)(block + 1))->next;
    list->bytes -= block->bytes;
    return block;
}

void *crypto_memory_take(size_t bytes)
{
    uint32_t class;
    struct block *block = NULL;

    if (!bytes)
        return NULL;
    class = class_of(bytes);
    if (class != CLASS_NONE) {
        bytes = class_bytes(class);
        block = pop(class);
    }
    if (!block) {
        if (bytes > SIZE_MAX - sizeof(*block))
            return NULL;
        block = malloc(sizeof(*block) + bytes);
        if (!block)
            return NULL;
        block->bytes = bytes;
        block->class = class;
    }
    block->state = BLOCK_TAKEN;
    return block + 1;
}

void crypto_memory_give(void *memory)
{
    struct block *block;
    struct free_list *list;

    if (!memory)
        return;
    block = head_of(memory);
    block->state = BLOCK_FREE;
    if (block->class == CLASS_NONE) {
        free(block);
        return;
    }
    list = &lists[block->class];
    if (list->bytes >= (block->class < SMALL_CLASSES ? SMALL_KEPT : LARGE_KEPT)) {
        free(block);
        return;
    }
    ((struct link *)(block + 1))->next = list->first;
    list->first = block;
    list->bytes += block->bytes;
}

void *crypto_memory_resize(void *memory, size_t bytes)
{
    void *larger;
    size_t there;

    if (!memory)
        return crypto_memory_take(bytes);
    if (!bytes) {
        crypto_memory_give(memory);
        return NULL;
    }
    there = head_of(memory)->bytes;
    if (bytes <= there)
        return memory;
    larger = crypto_memory_take(bytes);
    if (!larger)
        return NULL;
    memcpy(larger, memory, there);
    crypto_memory_give(memory);
    return larger;
}

#if defined(__has_feature)
#    if __has_feature(address_sanitizer)
#        define IS_SANITIZED 1
#    endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(IS_SANITIZED)

void crypto_memory_install(void)
{
}

#else

static void *take(size_t bytes, const char *file, int line)
{
    (void)file;
    (void)line;
    return crypto_memory_take(bytes);
}

static void *resize(void *block, size_t bytes, const char *file, int line)
{
    (void)file;
    (void)line;
    return crypto_memory_resize(block, bytes);
}

static void give(void *block, const char *file, int line)
{
    (void)file;
    (void)line;
    crypto_memory_give(block);
}

void crypto_memory_install(void)
{
    CRYPTO_set_mem_functions(take, resize, give); /* 0: too late, and no harm done */
}

#endif
