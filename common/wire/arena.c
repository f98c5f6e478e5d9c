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

struct rf_arena {
    struct block *blocks; // the newest first: only it has room that is still used
};

static struct block *block_new(size_t size) {
    size_t all;
    if (__builtin_add_overflow(size, sizeof(struct block), &all))
        return NULL;
    struct block *block = calloc(1, all);
    if (block != NULL)
        block->size = size;
    return block;
}

struct rf_arena *rf_arena_new(size_t size_hint) {
    struct rf_arena *arena = calloc(1, sizeof *arena);
    if (arena == NULL)
        return NULL;
    arena->blocks = block_new(size_hint < BLOCK_LEAST ? BLOCK_LEAST : size_hint);
    if (arena->blocks == NULL)
        rf_arena_destroy(&arena);
    return arena;
}

void rf_arena_destroy(struct rf_arena **arena) {
    if (*arena == NULL)
        return;
    struct block *block = (*arena)->blocks;
    while (block != NULL) {
        struct block *next = block->next;
        free(block);
        block = next;
    }
    free(*arena);
    *arena = NULL;
}

static void *take(struct rf_arena *arena, size_t size, size_t align) {
    struct block *block = arena->blocks;
    size_t start = (block->used + align - 1) & ~(align - 1);
    if (start > block->size || block->size - start < size) {
        size_t double_size = block->size > SIZE_MAX / 4 ? block->size : block->size * 2;
        block = block_new(size > double_size ? size : double_size);
        if (block == NULL)
            return NULL;
        block->next = arena->blocks;
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
    return take(arena, all, alignof(max_align_t));
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
