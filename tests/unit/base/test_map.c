#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/map.h"

struct item {
    char key[16];
    struct rf_map_node node;
    bool visited;
};

static void a_thousand_keys_are_found_after_the_table_grew(void **state) {
    (void)state;
    static struct item items[1000];
    struct rf_map map = {.seed = UINT64_C(0x9e3779b97f4a7c15)};
    for (int i = 0; i < 1000; i++) {
        snprintf(items[i].key, sizeof items[i].key, "key-%d", i);
        assert_true(rf_map_add_text(&map, &items[i].node, items[i].key));
    }
    assert_int_equal(map.count, 1000);
    for (int i = 0; i < 1000; i++)
        assert_ptr_equal(rf_map_find_text(&map, items[i].key), &items[i].node);
    assert_null(rf_map_find_text(&map, "key-1000"));
    assert_null(rf_map_find_text(&map, ""));
    rf_map_fini(&map);
}

static void a_walk_meets_every_node_once_also_while_passed_ones_are_removed(void **state) {
    (void)state;
    static struct item items[300];
    struct rf_map map = {0};
    for (int i = 0; i < 300; i++) {
        snprintf(items[i].key, sizeof items[i].key, "%d", i);
        assert_true(rf_map_add_text(&map, &items[i].node, items[i].key));
    }
    int met = 0;
    struct rf_map_node *node, *next;
    for (node = rf_map_next(&map, NULL); node != NULL; node = next) {
        next = rf_map_next(&map, node);
        struct item *item = RF_OWNER(node, struct item, node);
        assert_false(item->visited);
        item->visited = true;
        met++;
        rf_map_remove(&map, node);
    }
    assert_int_equal(met, 300);
    assert_int_equal(map.count, 0);
    assert_null(rf_map_next(&map, NULL));
    rf_map_fini(&map);
}

static void a_key_is_hashed_once_for_all_maps_of_its_seed(void **state) {
    (void)state;
    struct rf_map one = {.seed = 7}, two = {.seed = 7}, other = {.seed = 8};
    struct item a = {.key = "call-1"}, b = {.key = "call-1"}, c = {.key = "call-1"};
    struct rf_map_key key = rf_map_key(7, a.key, strlen(a.key));
    assert_true(rf_map_add_key(&one, &a.node, &key));
    assert_true(rf_map_add_text(&two, &b.node, b.key));
    assert_true(rf_map_add_text(&other, &c.node, c.key));
    assert_ptr_equal(rf_map_find_text(&one, "call-1"), &a.node);
    assert_ptr_equal(rf_map_find_key(&two, &key), &b.node);
    assert_null(rf_map_find_key(&other, &key)); // another seed, another hash
    struct rf_map_key again = rf_map_key_of(&b.node);
    assert_ptr_equal(rf_map_find_key(&one, &again), &a.node);
    rf_map_fini(&one);
    rf_map_fini(&two);
    rf_map_fini(&other);
}

static void keys_of_bytes_differ_by_length_too(void **state) {
    (void)state;
    struct item a = {.key = "\0\1"}, b = {.key = "\0\1\2"};
    struct rf_map map = {0};
    assert_true(rf_map_add(&map, &a.node, a.key, 2));
    assert_true(rf_map_add(&map, &b.node, b.key, 3));
    assert_ptr_equal(rf_map_find(&map, "\0\1", 2), &a.node);
    assert_ptr_equal(rf_map_find(&map, "\0\1\2", 3), &b.node);
    assert_null(rf_map_find(&map, "\0", 1));
    rf_map_fini(&map);
}

static size_t longest_chain(const struct rf_map *map) {
    size_t longest = 0;
    for (size_t i = 0; i < map->bucket_count; i++) {
        size_t length = 0;
        for (const struct rf_map_node *node = map->buckets[i]; node != NULL; node = node->next)
            length++;
        if (length > longest)
            longest = length;
    }
    return longest;
}

// The buckets are chosen by the lowest bits of the hash: every bit of the key has to reach them.
// 4096 keys thrown at random into as many buckets leave a chain over 12 once in 10^6 times.
static void keys_that_are_alike_spread_over_the_buckets(void **state) {
    (void)state;
    static unsigned char keys[4096][32];
    static struct rf_map_node nodes[4096];
    for (size_t shift = 0; shift <= sizeof keys[0] * 8 - 12; shift++) {
        struct rf_map map = {0};
        memset(keys, 'x', sizeof keys);
        for (size_t i = 0; i < 4096; i++) {
            for (size_t bit = 0; bit < 12; bit++)
                keys[i][(shift + bit) / 8] ^= (unsigned char)((i >> bit & 1) << (shift + bit) % 8);
            assert_true(rf_map_add(&map, &nodes[i], keys[i], sizeof keys[i]));
        }
        assert_true(longest_chain(&map) <= 12);
        rf_map_fini(&map);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_keys_are_found_after_the_table_grew),
        cmocka_unit_test(a_walk_meets_every_node_once_also_while_passed_ones_are_removed),
        cmocka_unit_test(a_key_is_hashed_once_for_all_maps_of_its_seed),
        cmocka_unit_test(keys_of_bytes_differ_by_length_too),
        cmocka_unit_test(keys_that_are_alike_spread_over_the_buckets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
