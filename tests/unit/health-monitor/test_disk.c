#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "disk.h"

#define GIB (INT64_C(1) << 30)

static const struct rf_disk_bounds bounds = {.least_bytes = GIB, .least_share = 0.1};

static void the_smaller_of_both_bounds_is_wanted(void **state) {
    (void)state;
    struct rf_disk_room small = {.total_bytes = 5 * GIB}, large = {.total_bytes = 4096 * GIB};
    assert_int_equal(rf_disk_least(&small, &bounds), GIB / 2);
    assert_int_equal(rf_disk_least(&large, &bounds), GIB);
}

static void a_disk_that_fills_up_is_told_once_and_is_ok_again_only_with_a_tenth_more(void **state) {
    (void)state;
    static const struct {
        int64_t free_bytes;
        bool told;
        enum health_disk_status status;
    } looks[] = {
        {GIB, true, HEALTH_DISK_OK},
        {GIB, false, HEALTH_DISK_OK},
        {GIB - 1, true, HEALTH_DISK_LOW},
        {0, false, HEALTH_DISK_LOW},
        {GIB, false, HEALTH_DISK_LOW},
        {GIB * 11 / 10 - 1, false, HEALTH_DISK_LOW},
        {GIB * 11 / 10 + 1, true, HEALTH_DISK_OK},
    };
    struct health_disk disk = {0};
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++) {
        struct rf_disk_room room = {.free_bytes = looks[i].free_bytes,
                                    .total_bytes = 100 * GIB,
                                    .free_inodes = 500,
                                    .total_inodes = 1000};
        enum health_disk_status before = disk.status, from;
        bool inodes;
        struct rf_utc now = {(int64_t)i + 1};
        assert_int_equal(health_disk_record(&disk, &room, &bounds, now, &from, &inodes),
                         looks[i].told);
        assert_int_equal(disk.status, looks[i].status);
        assert_int_equal(from, before);
        assert_false(inodes);
        if (looks[i].told)
            assert_int_equal(disk.since.ns, now.ns);
    }
}

static void a_disk_without_inodes_is_low_and_one_that_counts_none_is_not(void **state) {
    (void)state;
    struct health_disk disk = {0};
    enum health_disk_status from;
    bool inodes;
    struct rf_disk_room room = {.free_bytes = 50 * GIB, .total_bytes = 100 * GIB};
    assert_true(health_disk_record(&disk, &room, &bounds, (struct rf_utc){1}, &from, &inodes));
    assert_int_equal(disk.status, HEALTH_DISK_OK);
    room.total_inodes = 10000;
    room.free_inodes = 99;
    assert_true(health_disk_record(&disk, &room, &bounds, (struct rf_utc){2}, &from, &inodes));
    assert_int_equal(disk.status, HEALTH_DISK_LOW);
    assert_true(inodes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_smaller_of_both_bounds_is_wanted),
        cmocka_unit_test(a_disk_that_fills_up_is_told_once_and_is_ok_again_only_with_a_tenth_more),
        cmocka_unit_test(a_disk_without_inodes_is_low_and_one_that_counts_none_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
