#include "wire/arena.h"

#include <stdalign.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_LEAST ((size_t)512)

struct block {
    struct block *next;
    size_t used, size;
    alignas(max_align_t) char bytes[];
};

// Stands at the beginning of the first block itself: most messages are one allocation.
struct rf_arena {
    struct block *blocks; // the newest first: only it has room that is still used
};

static struct block *block_new(size_t size, struct block *next) {
    size_t all;
    if (__builtin_add_overflow(size, sizeof(struct block), &all))
        return NULL;
    struct block *block = malloc(all);
    if (block != NULL)
        *block = (struct block){.next = next, .size = size};
    return block;
}

struct rf_arena *rf_arena_new(size_t size_hint) {
    size_t size;
    if (__builtin_add_overflow(size_hint < BLOCK_LEAST ? BLOCK_LEAST : size_hint,
                               sizeof(struct rf_arena), &size))
        return NULL;
    struct block *block = block_new(size, NULL);
    if (block == NULL)
        return NULL;
    struct rf_arena *arena = (void *)block->bytes;
    block->used = sizeof *arena;
    arena->blocks = block;
    return arena;
}

void rf_arena_destroy(struct rf_arena **arena) {
    struct block *block = *arena == NULL ? NULL : (*arena)->blocks;
    while (block != NULL) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    *arena = NULL;
}

static void *take(struct rf_arena *arena, size_t size, size_t align) {
    struct block *block = arena->blocks;
    size_t start = (block->used + align - 1) & ~(align - 1);
    if (start > block->size || block->size - start < size) {
        size_t double_size = block->size > SIZE_MAX / 4 ? block->size : block->size * 2;
        block = block_new(size > double_size ? size : double_size, arena->blocks);
        if (block == NULL)
            return NULL;
        arena->blocks = block;
        start = 0;
    }
    block->used = start + size;
    return block->bytes + start;
}

void *rf_arena_take(struct rf_arena *arena, size_t count, size_t size) {
    size_t all;
    if (__builtin_mul_overflow(count, size, &all))
        return NULL;
    void *things = take(arena, all, alignof(max_align_t));
    return things == NULL ? NULL : memset(things, 0, all);
}

char *rf_arena_text(struct rf_arena *arena, const char *text, size_t size) {
    size_t all;
    if (__builtin_add_overflow(size, 1, &all))
        return NULL;
    char *copy = take(arena, all, 1);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text, size);
    copy[size] = '\0';
    return copy;
}
