#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "bus/flight.h"

#define MOST ((size_t)1024 * 1024)

static struct rf_instant at(int64_t ms) {
    return (struct rf_instant){ms * (RF_NS_PER_S / 1000)};
}

static struct rf_flight fresh(void) {
    struct rf_flight flight;
    rf_flight_init(&flight, MOST);
    return flight;
}

static void one_thing_always_has_room_and_then_a_portion_has(void **state) {
    (void)state;
    struct rf_flight flight = fresh();
    assert_true(rf_flight_has_room(&flight, 0, 10 * MOST));
    rf_flight_sent(&flight, 1, RF_PORTION_FIRST - 1, at(0));
    assert_true(rf_flight_has_room(&flight, 0, 1));
    assert_false(rf_flight_has_room(&flight, 1, 1));
    rf_flight_acknowledged(&flight, 1, RF_PORTION_FIRST - 1, at(5000));
    assert_true(rf_flight_has_room(&flight, 0, MOST));
}

static void a_quick_acknowledgement_of_all_that_was_under_way_makes_it_wider(void **state) {
    (void)state;
    struct rf_flight flight = fresh();
    rf_flight_sent(&flight, 10, 3000, at(0));
    rf_flight_sent(&flight, 20, 3000, at(1));
    rf_flight_acknowledged(&flight, 9, 1000, at(2));
    rf_flight_acknowledged(&flight, 20, 5000, at(2)); // 3000 were under way when 10 was sent
    assert_int_equal(flight.portion.bytes, RF_PORTION_FIRST);
    rf_flight_sent(&flight, 30, RF_PORTION_FIRST, at(3));
    rf_flight_acknowledged(&flight, 30, RF_PORTION_FIRST, at(4));
    assert_int_equal(flight.portion.bytes, 2 * RF_PORTION_FIRST);
}

// It may be of the first time, which was long ago.
static void what_is_sent_again_shows_nothing(void **state) {
    (void)state;
    struct rf_flight flight = fresh();
    rf_flight_sent(&flight, 10, RF_PORTION_FIRST, at(0));
    rf_flight_rewound(&flight, 10, 0);
    rf_flight_sent(&flight, 10, RF_PORTION_FIRST, at(5000));
    rf_flight_acknowledged(&flight, 10, RF_PORTION_FIRST, at(5001));
    assert_int_equal(flight.portion.bytes, RF_PORTION_FIRST);
    rf_flight_sent(&flight, 11, RF_PORTION_FIRST, at(6000));
    rf_flight_acknowledged(&flight, 11, RF_PORTION_FIRST, at(6001));
    assert_int_equal(flight.portion.bytes, 2 * RF_PORTION_FIRST);
}

static void without_acknowledgement_less_is_sent_and_that_later(void **state) {
    (void)state;
    struct rf_flight flight = fresh();
    assert_int_equal(flight.patience.ns, rf_seconds(5).ns);
    for (int i = 0; i < 5; i++)
        rf_flight_missed(&flight);
    assert_int_equal(flight.patience.ns, rf_seconds(20).ns);
    assert_int_equal(flight.portion.bytes, RF_PORTION_LEAST);
    rf_flight_sent(&flight, 1, 10, at(0));
    rf_flight_acknowledged(&flight, 1, 10, at(1));
    assert_int_equal(flight.patience.ns, rf_seconds(5).ns);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_thing_always_has_room_and_then_a_portion_has),
        cmocka_unit_test(a_quick_acknowledgement_of_all_that_was_under_way_makes_it_wider),
        cmocka_unit_test(what_is_sent_again_shows_nothing),
        cmocka_unit_test(without_acknowledgement_less_is_sent_and_that_later),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
