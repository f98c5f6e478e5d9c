// Memory that is given back all at once: the texts and arrays of one decoded message.
#ifndef RF_WIRE_ARENA_H
#define RF_WIRE_ARENA_H

#include <stddef.h>

struct rf_arena;

// rf_arena_new: `size_hint` bytes are at hand at once. NULL if out of memory.
struct rf_arena *rf_arena_new(size_t size_hint);
void rf_arena_destroy(struct rf_arena **arena);

// rf_arena_take: `count` zeroed things of `size` bytes, aligned for any type; NULL if out of memory
// or the product overflows. Nothing (0 bytes) is a valid pointer too.
void *rf_arena_take(struct rf_arena *arena, size_t count, size_t size);

// rf_arena_text: a NUL-terminated copy; NULL if out of memory.
char *rf_arena_text(struct rf_arena *arena, const char *text, size_t size);

#endif
