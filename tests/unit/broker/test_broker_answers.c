#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "answers.h"

static const struct rf_bytes small = {"reply", 5};

static struct rf_map_key key(const char *id) {
    return rf_map_key(0, id, strlen(id));
}

static void keep(struct rf_answers *answers, enum rf_answers_memory memory, const char *id,
                 const struct rf_bytes *reply, int64_t at) {
    struct rf_map_key it = key(id);
    rf_answers_keep(answers, memory, &it, reply, false, NULL, (struct rf_instant){at});
}

static const struct rf_answer *find(struct rf_answers *answers, const char *id, int64_t at) {
    struct rf_map_key it = key(id);
    return rf_answers_find(answers, &it, (struct rf_instant){at});
}

static bool complete(const struct rf_answers *answers, bool repeatable, int64_t since) {
    return rf_answers_complete(answers, repeatable, (struct rf_instant){since});
}

static void an_answer_is_known_until_its_time_is_over(void **state) {
    (void)state;
    struct rf_answers answers;
    rf_answers_init(&answers, 1000);
    keep(&answers, RF_ANSWERS_ONCE, "a", &small, 5);
    const struct rf_answer *answer = find(&answers, "a", 5 + RF_ANSWERS_KEEP - 1);
    assert_non_null(answer);
    assert_int_equal(answer->size, small.size);
    assert_memory_equal(answer->data, small.data, small.size);
    assert_string_equal(answer->id, "a");
    assert_null(find(&answers, "a", 5 + RF_ANSWERS_KEEP));
    assert_null(find(&answers, "b", 5));
    rf_answers_fini(&answers);
}

static void a_later_answer_takes_the_place_of_an_earlier_one_whatever_its_memory(void **state) {
    (void)state;
    struct rf_answers answers;
    rf_answers_init(&answers, 1000);
    struct rf_map_key a = key("a");
    rf_answers_keep(&answers, RF_ANSWERS_ONCE_NO, &a, &small, true, NULL, (struct rf_instant){0});
    assert_true(find(&answers, "a", 1)->own);
    assert_true(rf_answers_said_no(find(&answers, "a", 1)));
    struct rf_bytes other = {"it was done", 11};
    keep(&answers, RF_ANSWERS_ONCE, "a", &other, 1);
    assert_int_equal(answers.map.count, 1);
    assert_int_equal(answers.memories[RF_ANSWERS_ONCE_NO].count, 0);
    assert_false(find(&answers, "a", 1)->own);
    assert_memory_equal(find(&answers, "a", 1)->data, "it was done", 11);
    rf_answers_forget(&answers, &a);
    assert_null(find(&answers, "a", 1));
    assert_int_equal(answers.memories[RF_ANSWERS_ONCE].bytes, 0);
    rf_answers_fini(&answers);
}

static void of_what_may_be_repeated_the_oldest_give_way_to_the_bounds(void **state) {
    (void)state;
    struct rf_answers answers;
    char id[16];
    rf_answers_init(&answers, 1000);
    keep(&answers, RF_ANSWERS_ONCE, "dial", &small, 5);
    for (int i = 0; i <= RF_ANSWERS_MAX; i++) {
        snprintf(id, sizeof id, "%d", i);
        assert_true(complete(&answers, true, 0));
        keep(&answers, RF_ANSWERS_REPEATABLE, id, &small, 5);
    }
    assert_int_equal(answers.memories[RF_ANSWERS_REPEATABLE].count, RF_ANSWERS_MAX);
    assert_null(find(&answers, "0", 5));
    assert_non_null(find(&answers, "1", 5));
    // Whoever asks since when it knows all is told no; of the others nothing is missing.
    assert_false(complete(&answers, true, 5));
    assert_true(complete(&answers, true, 6));
    assert_true(complete(&answers, false, 0));
    assert_non_null(find(&answers, "dial", 5));
    struct rf_bytes large = {calloc(1, RF_ANSWERS_LARGE + 1), RF_ANSWERS_LARGE};
    assert_non_null(large.data);
    for (int i = 0; i < 300; i++) {
        snprintf(id, sizeof id, "large %d", i);
        keep(&answers, RF_ANSWERS_REPEATABLE, id, &large, 6);
        assert_true(answers.memories[RF_ANSWERS_REPEATABLE].bytes <= RF_ANSWERS_BYTES_REPEATABLE);
    }
    // An id counts as what is said of it does.
    assert_int_equal(answers.memories[RF_ANSWERS_REPEATABLE].count,
                     RF_ANSWERS_BYTES_REPEATABLE /
                         (sizeof(struct rf_answer) + sizeof "large 299" + RF_ANSWERS_LARGE));
    assert_non_null(find(&answers, "large 299", 6));
    assert_non_null(find(&answers, "dial", 6));
    free((void *)large.data);
    rf_answers_fini(&answers);
}

static void a_large_answer_that_may_be_had_again_is_not_kept_and_pushes_nothing_out(void **state) {
    (void)state;
    struct rf_answers answers;
    rf_answers_init(&answers, 1000);
    struct rf_bytes page = {calloc(1, RF_ANSWERS_LARGE + 1), RF_ANSWERS_LARGE + 1};
    assert_non_null(page.data);
    keep(&answers, RF_ANSWERS_REPEATABLE, "script", &small, 4);
    keep(&answers, RF_ANSWERS_REPEATABLE, "page", &small, 4);
    for (int i = 0; i < 1000; i++)
        keep(&answers, RF_ANSWERS_REPEATABLE, "page", &page, 5);
    assert_null(find(&answers, "page", 5));
    assert_non_null(find(&answers, "script", 5));
    assert_int_equal(answers.memories[RF_ANSWERS_REPEATABLE].count, 1);
    assert_false(complete(&answers, true, 5));
    assert_true(complete(&answers, false, 0));
    // Of what may not be repeated it is.
    keep(&answers, RF_ANSWERS_ONCE, "dial", &page, 6);
    assert_int_equal(find(&answers, "dial", 6)->size, page.size);
    free((void *)page.data);
    rf_answers_fini(&answers);
}

static void of_what_may_not_be_repeated_bytes_give_way_and_no_id(void **state) {
    (void)state;
    struct rf_answers answers;
    char id[16];
    rf_answers_init(&answers, 1000);
    const size_t size = RF_ANSWERS_BYTES / 4 - sizeof(struct rf_answer) - sizeof "0";
    struct rf_bytes large = {calloc(1, size), size};
    assert_non_null(large.data);
    for (int i = 0; i < 10; i++) {
        snprintf(id, sizeof id, "%d", i);
        keep(&answers, RF_ANSWERS_ONCE, id, &large, i);
        assert_true(answers.memories[RF_ANSWERS_ONCE].bytes <= RF_ANSWERS_BYTES);
    }
    for (int i = 0; i < 10; i++) {
        snprintf(id, sizeof id, "%d", i);
        const struct rf_answer *answer = find(&answers, id, 10);
        assert_non_null(answer);
        assert_string_equal(answer->id, id);
        assert_int_equal(answer->size, i < 6 ? 0 : size); // the oldest ones' went
    }
    assert_true(complete(&answers, false, 0));
    // They go at their time, in their order, and can be replaced.
    keep(&answers, RF_ANSWERS_ONCE, "3", &small, 10);
    assert_int_equal(find(&answers, "3", 10)->size, small.size);
    assert_true(rf_answers_room(&answers, 0, (struct rf_instant){RF_ANSWERS_KEEP + 1}));
    assert_int_equal(answers.map.count, 8);
    free((void *)large.data);
    rf_answers_fini(&answers);
}

static void
there_is_room_for_a_call_that_may_not_be_repeated_while_its_id_can_be_kept(void **state) {
    (void)state;
    struct rf_answers answers;
    struct rf_instant now = {5}, later = {5 + RF_ANSWERS_KEEP};
    char id[16];
    size_t flooded = 0, other = 0;
    rf_answers_init(&answers, 100);
    // A service takes as much as it leaves free.
    int taken = 0;
    for (; rf_answers_room(&answers, flooded, now); taken++)
        rf_answers_await(&answers, &flooded, true);
    assert_int_equal(taken, 50);
    assert_int_equal(flooded, 50);
    // An answer takes the place of the call.
    for (int i = 0; i < taken; i++) {
        snprintf(id, sizeof id, "%d", i);
        rf_answers_await(&answers, &flooded, false);
        struct rf_map_key it = key(id);
        rf_answers_keep(&answers, RF_ANSWERS_ONCE, &it, &small, false, &flooded, now);
    }
    assert_int_equal(flooded, 50);
    assert_false(rf_answers_room(&answers, flooded, now));
    assert_true(rf_answers_room(&answers, other, now));
    for (taken = 0; rf_answers_room(&answers, other, now); taken++)
        assert_true(rf_answers_await(&answers, &other, true));
    assert_int_equal(taken, 25);
    // After ten minutes there is room again; before, nothing was forgotten.
    assert_true(complete(&answers, false, 0));
    assert_true(rf_answers_room(&answers, flooded, later));
    assert_int_equal(flooded, 0);
    rf_answers_fini(&answers);
}

static void what_is_told_beyond_the_limit_is_kept_and_takes_no_room(void **state) {
    (void)state;
    struct rf_answers answers;
    char id[16];
    rf_answers_init(&answers, 10);
    assert_true(rf_answers_await(&answers, NULL, true));
    for (int i = 0; i < 10; i++) { // as a worker does of the time before a restart
        snprintf(id, sizeof id, "%d", i);
        assert_true(complete(&answers, false, 0));
        keep(&answers, RF_ANSWERS_ONCE, id, &small, i);
    }
    assert_int_equal(answers.memories[RF_ANSWERS_ONCE].count, 9);
    assert_int_equal(find(&answers, "0", 11)->memory, RF_ANSWERS_ONCE);
    assert_int_equal(find(&answers, "9", 11)->memory, RF_ANSWERS_OVERFLOW);
    assert_true(complete(&answers, false, 0));
    // What is awaited finds its room, and no other is awaited beyond it.
    assert_false(rf_answers_room(&answers, 0, (struct rf_instant){11}));
    assert_false(rf_answers_await(&answers, NULL, true));
    assert_int_equal(answers.awaited, 1);
    assert_true(rf_answers_await(&answers, NULL, false));
    keep(&answers, RF_ANSWERS_ONCE, "dial", &small, 11);
    assert_non_null(find(&answers, "dial", 11));
    assert_int_equal(answers.memories[RF_ANSWERS_ONCE].count, 10);
    // And what is known already has its room, too, or finds it when there is some.
    keep(&answers, RF_ANSWERS_ONCE, "0", &small, 12);
    assert_int_equal(find(&answers, "0", 12)->memory, RF_ANSWERS_ONCE);
    keep(&answers, RF_ANSWERS_ONCE, "9", &small, 12);
    assert_int_equal(find(&answers, "9", 12)->memory, RF_ANSWERS_OVERFLOW);
    keep(&answers, RF_ANSWERS_ONCE, "9", &small, RF_ANSWERS_KEEP + 1);
    assert_int_equal(find(&answers, "9", RF_ANSWERS_KEEP + 1)->memory, RF_ANSWERS_ONCE);
    assert_true(complete(&answers, false, 0));
    rf_answers_fini(&answers);
}

static void of_what_is_told_beyond_the_limit_the_oldest_give_way_and_that_is_known(void **state) {
    (void)state;
    struct rf_answers answers;
    char id[16];
    rf_answers_init(&answers, 1);
    keep(&answers, RF_ANSWERS_ONCE, "dial", &small, 5);
    for (int i = 0; i <= RF_ANSWERS_MAX; i++) {
        snprintf(id, sizeof id, "%d", i);
        assert_true(complete(&answers, false, 0));
        keep(&answers, RF_ANSWERS_ONCE, id, &small, 6);
    }
    // Callers are not told so many times that something is unsure that it pushes these out.
    for (int i = 0; i <= RF_ANSWERS_MAX; i++) {
        snprintf(id, sizeof id, "u%d", i);
        keep(&answers, RF_ANSWERS_UNSURE, id, &small, 7);
    }
    assert_null(find(&answers, "0", 7));
    assert_non_null(find(&answers, "1", 7));
    assert_non_null(find(&answers, "dial", 7));
    assert_false(complete(&answers, false, 6));
    assert_false(complete(&answers, true, 6));
    assert_true(complete(&answers, false, 7));
    rf_answers_fini(&answers);
}

static void of_what_is_told_beyond_the_limit_bytes_give_way_and_no_id(void **state) {
    (void)state;
    struct rf_answers answers;
    char id[16];
    rf_answers_init(&answers, 0);
    const size_t size = RF_ANSWERS_BYTES / 4;
    struct rf_bytes large = {calloc(1, size), size};
    assert_non_null(large.data);
    for (int i = 0; i < 6; i++) {
        snprintf(id, sizeof id, "%d", i);
        keep(&answers, RF_ANSWERS_ONCE, id, &large, i);
    }
    assert_int_equal(answers.memories[RF_ANSWERS_OVERFLOW].count, 6);
    assert_true(answers.memories[RF_ANSWERS_OVERFLOW].bytes <= RF_ANSWERS_BYTES);
    assert_int_equal(find(&answers, "0", 6)->size, 0);
    assert_int_equal(find(&answers, "5", 6)->size, size);
    assert_true(complete(&answers, false, 0));
    free((void *)large.data);
    rf_answers_fini(&answers);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer_is_known_until_its_time_is_over),
        cmocka_unit_test(a_later_answer_takes_the_place_of_an_earlier_one_whatever_its_memory),
        cmocka_unit_test(of_what_may_be_repeated_the_oldest_give_way_to_the_bounds),
        cmocka_unit_test(a_large_answer_that_may_be_had_again_is_not_kept_and_pushes_nothing_out),
        cmocka_unit_test(of_what_may_not_be_repeated_bytes_give_way_and_no_id),
        cmocka_unit_test(
            there_is_room_for_a_call_that_may_not_be_repeated_while_its_id_can_be_kept),
        cmocka_unit_test(what_is_told_beyond_the_limit_is_kept_and_takes_no_room),
        cmocka_unit_test(of_what_is_told_beyond_the_limit_the_oldest_give_way_and_that_is_known),
        cmocka_unit_test(of_what_is_told_beyond_the_limit_bytes_give_way_and_no_id),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
