#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "rotate.h"

#define NOW ((struct rf_utc){INT64_C(1795902362123456789)})

static const struct rf_rotate_rules rules = {
    .size = 1000,
    .age = {60 * RF_NS_PER_S},
    .compress = RF_PACK_GZIP,
    .keep_bytes = 100,
    .keep_age = {600 * RF_NS_PER_S},
};

static struct rf_utc ago(int64_t seconds) {
    return (struct rf_utc){NOW.ns - seconds * RF_NS_PER_S};
}

static void a_file_is_rotated_before_it_would_grow_beyond_its_size(void **state) {
    (void)state;
    assert_false(rf_rotate_due(&rules, 900, 100, NOW, NOW));
    assert_true(rf_rotate_due(&rules, 900, 101, NOW, NOW));
    assert_true(rf_rotate_due(&rules, 1000, 0, NOW, NOW));
    assert_false(rf_rotate_due(&rules, 999, 0, NOW, NOW));
    assert_true(rf_rotate_due(&rules, 1, INT64_MAX, NOW, NOW));
}

static void an_empty_file_is_never_rotated(void **state) {
    (void)state;
    assert_false(rf_rotate_due(&rules, 0, 5000, ago(3600), NOW));
}

static void a_file_is_rotated_at_its_age(void **state) {
    struct rf_duration wait;
    (void)state;
    assert_false(rf_rotate_due(&rules, 1, 1, ago(59), NOW));
    assert_true(rf_rotate_due(&rules, 1, 1, ago(60), NOW));
    assert_true(rf_rotate_wait(&rules, ago(59), NOW, &wait));
    assert_int_equal(wait.ns, RF_NS_PER_S);
    assert_true(rf_rotate_wait(&rules, ago(90), NOW, &wait));
    assert_int_equal(wait.ns, 0);
}

static void a_clock_that_was_set_back_delays_by_one_age_at_most(void **state) {
    struct rf_duration wait;
    (void)state;
    assert_false(rf_rotate_due(&rules, 1, 1, ago(-3600), NOW));
    assert_true(rf_rotate_wait(&rules, ago(-3600), NOW, &wait));
    assert_int_equal(wait.ns, rules.age.ns);
}

static void without_bounds_a_file_grows_for_ever(void **state) {
    const struct rf_rotate_rules none = {0};
    struct rf_duration wait;
    (void)state;
    assert_false(rf_rotate_due(&none, INT64_MAX, INT64_MAX, ago(1000000), NOW));
    assert_false(rf_rotate_wait(&none, ago(1000000), NOW, &wait));
}

struct files {
    struct rf_rotated_file items[8];
    struct rf_rotated_list list;
};

// "age:pack:bytes" each, from the oldest on; a pack of '-', 'g', 'z', or its capital for a partial.
static struct rf_rotated_list *files(struct files *files, const char *text) {
    int age, bytes, used;
    char pack;
    *files = (struct files){.list = {.items = files->items}};
    for (; sscanf(text, " %d:%c:%d%n", &age, &pack, &bytes, &used) == 3; text += used) {
        struct rf_rotated_file *file = &files->items[files->list.count++];
        file->name.closed = ago(age);
        file->name.partial = strchr("GZ", pack) != NULL;
        file->name.pack = pack == '-'                  ? RF_PACK_NONE
                          : strchr("gG", pack) != NULL ? RF_PACK_GZIP
                                                       : RF_PACK_ZSTD;
        file->name.first = file->name.last = age;
        file->bytes = bytes;
    }
    return &files->list;
}

static void names_ascend_also_if_the_clock_is_set_back(void **state) {
    struct files files_;
    (void)state;
    assert_int_equal(rf_rotate_stamp(files(&files_, ""), NOW).ns, INT64_C(1795902362123456000));
    assert_int_equal(rf_rotate_stamp(files(&files_, "10:g:1"), NOW).ns,
                     INT64_C(1795902362123456000));
    struct rf_utc late = rf_rotate_stamp(files(&files_, "10:g:1 -50:g:1"), NOW);
    assert_int_equal(late.ns, ago(-50).ns + 1000);
    assert_int_equal(rf_rotate_stamp(files(&files_, "0:g:1"), NOW).ns, NOW.ns + 1000);
}

static void one_thing_after_the_other_is_done_with_the_files(void **state) {
    static const struct {
        const char *files;
        bool can_compress;
        enum rf_keep_action action;
        size_t index;
    } cases[] = {
        {"", true, RF_KEEP_DONE, 0},
        {"50:g:50 10:z:50", true, RF_KEEP_DONE, 0},
        {"50:-:9 40:G:1 10:-:9", true, RF_KEEP_REMOVE, 1}, // what a kill has left comes first
        {"50:-:9 40:-:9 40:g:1", true, RF_KEEP_REMOVE, 1}, // there twice
        {"50:g:9 40:g:1 40:z:1", true, RF_KEEP_REMOVE, 1}, // also if both are compressed
        {"601:-:1 600:-:1", true, RF_KEEP_REMOVE, 0},      // too old
        {"600:-:1 10:-:1", true, RF_KEEP_COMPRESS, 0},     // not yet
        {"50:g:200 10:-:500", true, RF_KEEP_COMPRESS, 1},  // before sizes count
        {"50:g:60 10:-:41", false, RF_KEEP_REMOVE, 0},     // but if it cannot be, they do
        {"50:g:60 10:g:41", true, RF_KEEP_REMOVE, 0},
        {"50:g:59 10:g:41", true, RF_KEEP_DONE, 0},
        {"10:g:101", true, RF_KEEP_REMOVE, 0}, // the last one too: the bound is a bound
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct files files_;
        struct rf_keep_step step =
            rf_keep_next(&rules, files(&files_, cases[i].files), NOW, cases[i].can_compress);
        if (step.action != cases[i].action || step.index != cases[i].index)
            fail_msg("%s: %d of %zu", cases[i].files, step.action, step.index);
    }
}

static void without_bounds_all_files_stay_as_they_are(void **state) {
    const struct rf_rotate_rules none = {0};
    struct files files_;
    (void)state;
    assert_int_equal(
        rf_keep_next(&none, files(&files_, "9000000:-:2000000000 10:g:1"), NOW, true).action,
        RF_KEEP_DONE);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_is_rotated_before_it_would_grow_beyond_its_size),
        cmocka_unit_test(an_empty_file_is_never_rotated),
        cmocka_unit_test(a_file_is_rotated_at_its_age),
        cmocka_unit_test(a_clock_that_was_set_back_delays_by_one_age_at_most),
        cmocka_unit_test(without_bounds_a_file_grows_for_ever),
        cmocka_unit_test(names_ascend_also_if_the_clock_is_set_back),
        cmocka_unit_test(one_thing_after_the_other_is_done_with_the_files),
        cmocka_unit_test(without_bounds_all_files_stay_as_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
