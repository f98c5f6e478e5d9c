#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bus/told.h"

static struct rf_told told;

static int init(void **state) {
    (void)state;
    rf_told_init(&told);
    return 0;
}

static int fini(void **state) {
    (void)state;
    rf_told_fini(&told);
    return 0;
}

static struct rf_instant at(int64_t seconds) {
    return (struct rf_instant){seconds * RF_NS_PER_S};
}

// The frame's first byte is its name.
static void add(char name, const char *remembered, int64_t seconds) {
    const char id[] = {name, '\0'};
    struct rf_frame frame = {.data = malloc(1), .size = 1};
    *(char *)frame.data = name;
    assert_int_equal(rf_told_add(&told, &frame, remembered != NULL ? remembered : id,
                                 remembered != NULL ? RF_TOLD_REMEMBERED : RF_TOLD_REPLY,
                                 at(seconds)),
                     RF_OK);
    assert_null(frame.data);
}

// Sends all that is to be sent, after heartbeat `beat`, and compares it with `names`.
static void assert_sends(const char *names, int64_t beat) {
    char sent[64] = "";
    const struct rf_frame *frame;
    while ((frame = rf_told_next(&told)) != NULL) {
        size_t length = strlen(sent);
        assert_true(length + 1 < sizeof sent);
        sent[length] = *(char *)frame->data;
        sent[length + 1] = '\0';
        rf_told_sent(&told, beat);
    }
    assert_string_equal(sent, names);
}

static void all_are_sent_once_in_order(void **state) {
    (void)state;
    add('a', NULL, 0);
    add('b', "b", 0);
    assert_int_equal(told.unsent, 2);
    assert_sends("ab", 1);
    assert_int_equal(told.unsent, 0);
    add('c', NULL, 0);
    assert_sends("c", 1);
    assert_sends("", 2);
}

static void those_that_were_never_sent_are_named(void **state) {
    (void)state;
    const char *ids[2];
    add('a', "kept", 0);
    add('b', NULL, 0);
    assert_sends("ab", 1);
    add('c', NULL, 0);
    add('d', "also", 0);
    assert_int_equal(told.unsent, 2);
    rf_told_again(&told, true);
    rf_told_unsent(&told, ids);
    assert_string_equal(ids[0], "c");
    assert_string_equal(ids[1], "also");
}

static void what_was_read_is_freed_but_for_what_is_remembered(void **state) {
    (void)state;
    add('a', NULL, 0);
    add('b', "b", 0);
    add('c', NULL, 0);
    assert_sends("abc", 1);
    rf_told_read(&told, 1); // that heartbeat was sent before them
    assert_int_equal(told.under_way, 2);
    rf_told_read(&told, 2);
    assert_int_equal(told.under_way, 0);
    assert_int_equal(told.count, 1);
    rf_told_again(&told, false);
    assert_sends("", 2);
}

static void incident_20_what_may_be_lost_with_a_connection_is_sent_again(void **state) {
    (void)state;
    add('a', NULL, 0);
    add('b', "b", 0);
    assert_sends("ab", 1);
    rf_told_read(&told, 2);
    add('c', NULL, 0);
    add('d', "d", 0);
    assert_sends("cd", 2);
    add('e', NULL, 0); // could not be sent any more
    rf_told_again(&told, false);
    assert_sends("cde", 3);
    rf_told_read(&told, 4);
    rf_told_again(&told, false);
    assert_sends("", 4);
}

static void another_broker_is_told_all_that_is_remembered_too(void **state) {
    (void)state;
    add('a', NULL, 0);
    add('b', "b", 0);
    assert_sends("ab", 1);
    rf_told_read(&told, 2);
    add('c', NULL, 0);
    assert_sends("c", 2);
    add('d', "d", 0);
    rf_told_again(&told, true);
    assert_sends("bcd", 3);
    // And a third one, before the second has read it.
    rf_told_again(&told, true);
    assert_sends("bcd", 4);
    rf_told_read(&told, 5);
    rf_told_again(&told, true);
    assert_sends("bd", 5);
    assert_int_equal(told.count, 2);
}

static void a_heartbeat_that_is_read_late_frees_nothing_that_is_yet_to_be_sent(void **state) {
    (void)state;
    add('a', NULL, 0);
    add('b', NULL, 0);
    assert_sends("ab", 1);
    rf_told_again(&told, false);
    rf_told_read(&told, 9); // an answer from before
    assert_sends("ab", 9);
}

static void one_that_is_remembered_is_told_again_when_it_is_asked_for(void **state) {
    (void)state;
    add('a', "a", 0);
    add('b', "b", 0);
    assert_sends("ab", 1);
    assert_true(rf_told_repeat(&told, "a"));
    assert_sends("a", 1);
    rf_told_read(&told, 2);
    assert_true(rf_told_repeat(&told, "a"));
    assert_sends("a", 2);
    assert_true(rf_told_repeat(&told, "b"));
    rf_told_again(&told, false);
    assert_sends("ab", 3);
    assert_false(rf_told_repeat(&told, "c"));
    add('d', "d", 0);
    assert_true(rf_told_repeat(&told, "d")); // it is to be sent anyway
    assert_sends("d", 3);
}

static void a_second_reply_to_one_id_takes_the_place_of_the_first(void **state) {
    (void)state;
    add('a', "x", 0);
    add('b', "x", 0);
    assert_sends("b", 1);
    assert_int_equal(told.count, 1);
}

static void it_is_known_from_when_on_nothing_was_forgotten(void **state) {
    (void)state;
    int64_t keep = RF_TOLD_KEEP / RF_NS_PER_S;
    add('a', "a", 10);
    add('b', "b", 20);
    assert_sends("ab", 1);
    assert_int_equal(rf_told_known_ns(&told, at(keep)), 0);
    assert_int_equal(rf_told_known_ns(&told, at(10 + keep)), RF_TOLD_KEEP - 1);
    assert_int_equal(told.count, 1);
    assert_int_equal(rf_told_known_ns(&told, at(11 + keep)), RF_TOLD_KEEP + RF_NS_PER_S - 1);
    rf_told_again(&told, true);
    assert_sends("b", 2);
}

static void it_holds_so_many_and_the_oldest_that_were_sent_give_way(void **state) {
    (void)state;
    char id[16];
    for (int i = 0; i < RF_TOLD_MAX + 10; i++) {
        snprintf(id, sizeof id, "c%d", i);
        add('x', id, i);
        if (rf_told_next(&told) != NULL && i < RF_TOLD_MAX)
            rf_told_sent(&told, 1);
    }
    assert_int_equal(told.count, RF_TOLD_MAX);
    assert_int_equal(told.unsent, 10);
    assert_false(rf_told_repeat(&told, "c9"));
    assert_true(rf_told_repeat(&told, "c10"));
    assert_int_equal(rf_told_known_ns(&told, at(109)), 100 * RF_NS_PER_S - 1);
}

static void what_was_never_sent_is_never_forgotten(void **state) {
    (void)state;
    char id[16];
    for (int i = 0; i < RF_TOLD_MAX + 10; i++) {
        snprintf(id, sizeof id, "c%d", i);
        add('x', id, 0);
    }
    assert_int_equal(told.unsent, RF_TOLD_MAX + 10);
    assert_int_equal(rf_told_known_ns(&told, at(2 * RF_TOLD_KEEP / RF_NS_PER_S)), 0);
}

static void a_broker_that_never_says_what_it_read_costs_no_memory(void **state) {
    (void)state;
    for (int i = 0; i < 100 * RF_TOLD_UNDER_WAY; i++) {
        add('x', NULL, 0);
        rf_told_sent(&told, 1);
        assert_true(told.under_way <= RF_TOLD_UNDER_WAY);
    }
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, init, fini)

static void hand_back(char name, const char *id) {
    struct rf_frame frame = {.data = malloc(1), .size = 1};
    *(char *)frame.data = name;
    assert_int_equal(rf_told_add(&told, &frame, id, RF_TOLD_HANDBACK, at(0)), RF_OK);
}

static void a_handback_is_not_told_again_when_the_call_was_given_again(void **state) {
    (void)state;
    hand_back('a', "c1");
    hand_back('b', "c2");
    add('c', "c3", 0);
    assert_sends("abc", 1);
    rf_told_withdraw(&told, "c1");
    rf_told_withdraw(&told, "c3"); // a reply stands
    rf_told_withdraw(&told, "c4"); // never heard of
    rf_told_again(&told, true);
    assert_sends("bc", 2);
    // One that was not sent yet, and the same once more after it.
    hand_back('d', "c1");
    rf_told_withdraw(&told, "c1");
    assert_int_equal(told.unsent, 0);
    hand_back('e', "c1");
    assert_sends("e", 3);
    rf_told_read(&told, 4);
    assert_int_equal(told.under_way, 0);
    rf_told_withdraw(&told, "c1");
    rf_told_again(&told, true);
    assert_sends("c", 5);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(all_are_sent_once_in_order),
        TEST(those_that_were_never_sent_are_named),
        TEST(what_was_read_is_freed_but_for_what_is_remembered),
        TEST(incident_20_what_may_be_lost_with_a_connection_is_sent_again),
        TEST(another_broker_is_told_all_that_is_remembered_too),
        TEST(a_heartbeat_that_is_read_late_frees_nothing_that_is_yet_to_be_sent),
        TEST(one_that_is_remembered_is_told_again_when_it_is_asked_for),
        TEST(a_second_reply_to_one_id_takes_the_place_of_the_first),
        TEST(it_is_known_from_when_on_nothing_was_forgotten),
        TEST(it_holds_so_many_and_the_oldest_that_were_sent_give_way),
        TEST(what_was_never_sent_is_never_forgotten),
        TEST(a_handback_is_not_told_again_when_the_call_was_given_again),
        TEST(a_broker_that_never_says_what_it_read_costs_no_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
