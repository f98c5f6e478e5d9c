#include "base/map.h"

#include <stdlib.h>
#include <string.h>

#define FIRST_BUCKETS 64

#define WORD sizeof(uint64_t)

// Eight bytes at a time: both halves of the product with an odd number, each of which depends on
// most bits of the other factor. What a changed bit does to them depends on the seed.
static uint64_t mix(uint64_t hash, uint64_t word) {
    __extension__ unsigned __int128 product =
        (unsigned __int128)(hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

static uint64_t hash_of(uint64_t seed, const void *key, size_t size) {
    const unsigned char *bytes = key;
    uint64_t hash = mix(seed, size), word;
    for (; size >= WORD; bytes += WORD, size -= WORD) {
        memcpy(&word, bytes, WORD);
        hash = mix(hash, word);
    }
    for (word = 0; size > 0; size--)
        word = word << 8 | bytes[size - 1];
    return mix(hash, word);
}

static size_t bucket_of(const struct rf_map *map, uint64_t hash) {
    return (size_t)hash & (map->bucket_count - 1);
}

void rf_map_fini(struct rf_map *map) {
    free(map->buckets);
    *map = (struct rf_map){.seed = map->seed};
}

struct rf_map_key rf_map_key(uint64_t seed, const void *bytes, size_t size) {
    return (struct rf_map_key){bytes, size, hash_of(seed, bytes, size)};
}

struct rf_map_node *rf_map_find_key(const struct rf_map *map, const struct rf_map_key *key) {
    if (map->count == 0)
        return NULL;
    struct rf_map_node *node = map->buckets[bucket_of(map, key->hash)];
    while (node != NULL && (node->hash != key->hash || node->key_size != key->size ||
                            memcmp(node->key, key->bytes, key->size) != 0))
        node = node->next;
    return node;
}

struct rf_map_node *rf_map_find(const struct rf_map *map, const void *key, size_t key_size) {
    if (map->count == 0)
        return NULL;
    struct rf_map_key hashed = rf_map_key(map->seed, key, key_size);
    return rf_map_find_key(map, &hashed);
}

struct rf_map_node *rf_map_find_text(const struct rf_map *map, const char *key) {
    return rf_map_find(map, key, strlen(key));
}

static void put(struct rf_map *map, struct rf_map_node *node) {
    struct rf_map_node **bucket = &map->buckets[bucket_of(map, node->hash)];
    node->next = *bucket;
    *bucket = node;
}

static bool grow(struct rf_map *map) {
    size_t count = map->bucket_count == 0 ? FIRST_BUCKETS : map->bucket_count * 2;
    struct rf_map_node **buckets = calloc(count, sizeof map->buckets[0]);
    // A full table goes on with longer chains.
    if (buckets == NULL)
        return map->bucket_count != 0;
    struct rf_map old = *map;
    map->buckets = buckets;
    map->bucket_count = count;
    for (size_t i = 0; i < old.bucket_count; i++) {
        struct rf_map_node *node = old.buckets[i];
        while (node != NULL) {
            struct rf_map_node *next = node->next;
            put(map, node);
            node = next;
        }
    }
    free(old.buckets);
    return true;
}

bool rf_map_add_key(struct rf_map *map, struct rf_map_node *node, const struct rf_map_key *key) {
    if (map->count >= map->bucket_count && !grow(map))
        return false;
    node->key = key->bytes;
    node->key_size = key->size;
    node->hash = key->hash;
    put(map, node);
    map->count++;
    return true;
}

bool rf_map_add(struct rf_map *map, struct rf_map_node *node, const void *key, size_t key_size) {
    struct rf_map_key hashed = rf_map_key(map->seed, key, key_size);
    return rf_map_add_key(map, node, &hashed);
}

bool rf_map_add_text(struct rf_map *map, struct rf_map_node *node, const char *key) {
    return rf_map_add(map, node, key, strlen(key));
}

void rf_map_remove(struct rf_map *map, struct rf_map_node *node) {
    struct rf_map_node **at = &map->buckets[bucket_of(map, node->hash)];
    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    node->next = NULL;
    map->count--;
}

struct rf_map_node *rf_map_next(const struct rf_map *map, const struct rf_map_node *node) {
    if (node != NULL && node->next != NULL)
        return node->next;
    size_t bucket = node == NULL ? 0 : bucket_of(map, node->hash) + 1;
    for (; bucket < map->bucket_count; bucket++) {
        if (map->buckets[bucket] != NULL)
            return map->buckets[bucket];
    }
    return NULL;
}
