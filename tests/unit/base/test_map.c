#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>

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

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_thousand_keys_are_found_after_the_table_grew),
        cmocka_unit_test(a_walk_meets_every_node_once_also_while_passed_ones_are_removed),
        cmocka_unit_test(keys_of_bytes_differ_by_length_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
