// A hash map over structs that embed their node: no allocation an entry, any bytes as the key.
#ifndef RF_BASE_MAP_H
#define RF_BASE_MAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// RF_OWNER: the struct of `type` that embeds `member` at `pointer`.
#define RF_OWNER(pointer, type, member) ((type *)((char *)(pointer)-offsetof(type, member)))

struct rf_map_node {
    struct rf_map_node *next;
    uint64_t hash;
    const void *key; // borrowed; lives in the owner
    size_t key_size;
};

// Zero-initialised is an empty map. Where others choose the keys, a seed that they cannot know, set
// before the first node, keeps them from choosing the buckets as well.
struct rf_map {
    uint64_t seed;
    struct rf_map_node **buckets;
    size_t bucket_count; // a power of two
    size_t count;
};

// A key together with its hash, for what is looked up more than once, and in several maps of one
// seed.
struct rf_map_key {
    const void *bytes; // borrowed
    size_t size;
    uint64_t hash;
};

// rf_map_key: the key for maps of this seed. rf_map_key_of: the one under which a node stands.
struct rf_map_key rf_map_key(uint64_t seed, const void *bytes, size_t size);
static inline struct rf_map_key rf_map_key_of(const struct rf_map_node *node) {
    return (struct rf_map_key){node->key, node->key_size, node->hash};
}

// rf_map_fini: frees the table; the owners free themselves.
void rf_map_fini(struct rf_map *map);

// rf_map_find: the node under the key, or NULL. rf_map_find_text: the same for a text.
struct rf_map_node *rf_map_find(const struct rf_map *map, const void *key, size_t key_size);
struct rf_map_node *rf_map_find_text(const struct rf_map *map, const char *key);
struct rf_map_node *rf_map_find_key(const struct rf_map *map, const struct rf_map_key *key);

// rf_map_add: adds a node under a key that is not there yet; the key must outlive the node's place
// in the map. False if out of memory (nothing is added).
bool rf_map_add(struct rf_map *map, struct rf_map_node *node, const void *key, size_t key_size);
bool rf_map_add_text(struct rf_map *map, struct rf_map_node *node, const char *key);
bool rf_map_add_key(struct rf_map *map, struct rf_map_node *node, const struct rf_map_key *key);

// rf_map_remove: takes out a node that is in the map.
void rf_map_remove(struct rf_map *map, struct rf_map_node *node);

// rf_map_next: the node after `node` (NULL: the first) in no particular order, or NULL at the end.
// The map must not change in between, but for the removal of nodes already passed.
struct rf_map_node *rf_map_next(const struct rf_map *map, const struct rf_map_node *node);

#endif
