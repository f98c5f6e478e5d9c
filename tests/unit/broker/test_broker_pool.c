#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pool.h"

#define MS RF_NS_PER_MS

static struct rf_instant at_ms(int64_t ms) {
    return (struct rf_instant){ms * MS};
}

static struct rf_pool made(enum rf_pool_kind kind, const struct rf_pool_rules *rules) {
    struct rf_pool pool;
    rf_pool_init(&pool, kind, rules, at_ms(0));
    return pool;
}

// A pool is not to be moved once it has holders: its list points back to it.
#define PLACES(n)                                                                                  \
    made(RF_POOL_PLACES, &(struct rf_pool_rules){.places = (n)});                                  \
    TAILQ_INIT(&pool.holders)
#define TOKENS(r, b)                                                                               \
    made(RF_POOL_TOKENS, &(struct rf_pool_rules){.rate = (r), .burst = (b)});                      \
    TAILQ_INIT(&pool.holders)
#define RETRIES(share, least)                                                                      \
    made(RF_POOL_RETRIES,                                                                          \
         &(struct rf_pool_rules){.budget = {(share), (least), {10 * 1000 * MS}}});                 \
    TAILQ_INIT(&pool.holders)

static void want(struct rf_pool *pool, struct rf_pool_holder *holder, int64_t returned,
                 int64_t used, int64_t wanted, int64_t ms) {
    const struct rf_pool_word word = {returned, used, wanted, holder->granted};
    rf_pool_hear(pool, holder, &word, at_ms(ms));
    rf_pool_run(pool, at_ms(ms));
}

static void join(struct rf_pool *pool, struct rf_pool_holder *holders, size_t count) {
    for (size_t i = 0; i < count; i++)
        rf_pool_join(pool, &holders[i], 0, at_ms(0));
    rf_pool_run(pool, at_ms(0));
}

static void a_limit_with_room_for_all_is_shared_out_before_anybody_asks(void **state) {
    (void)state;
    struct rf_pool pool = PLACES(64);
    struct rf_pool_holder holders[8] = {0};
    join(&pool, holders, 1);
    assert_int_equal(holders[0].granted, 64);
    for (size_t i = 1; i < 8; i++)
        rf_pool_join(&pool, &holders[i], 0, at_ms(1));
    rf_pool_run(&pool, at_ms(1));
    assert_int_equal(holders[0].keep, 8); // gives the rest back
    want(&pool, &holders[0], 56, 0, 0, 2);
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(rf_pool_holder_has(&holders[i]), 8);
}

static void few_places_move_to_whom_wants_one_and_in_turn(void **state) {
    (void)state;
    struct rf_pool pool = PLACES(2);
    struct rf_pool_holder h[3] = {0};
    join(&pool, h, 3);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(h[i].granted, 0);
    want(&pool, &h[0], 0, 0, 5, 1);
    assert_int_equal(h[0].granted, 2); // nobody else wants any
    want(&pool, &h[1], 0, 0, 1, 2);
    want(&pool, &h[2], 0, 0, 1, 3);
    want(&pool, &h[0], 1, 0, 4, 4);
    want(&pool, &h[0], 2, 0, 5, 5);
    assert_int_equal(h[1].granted, 1);
    assert_int_equal(h[2].granted, 1);
    want(&pool, &h[2], 1, 0, 1, 6); // it came later than the first one's wish
    assert_int_equal(h[0].granted, 3);
}

static void what_is_on_its_way_is_not_asked_for_twice(void **state) {
    (void)state;
    struct rf_pool pool = PLACES(10);
    struct rf_pool_holder h[11] = {0};
    join(&pool, h, 11); // so that nobody keeps any
    want(&pool, &h[0], 0, 0, 3, 1);
    const struct rf_pool_word sent_before = {.wanted = 3, .seen = 0};
    rf_pool_hear(&pool, &h[0], &sent_before, at_ms(2));
    rf_pool_run(&pool, at_ms(2));
    assert_int_equal(h[0].granted, 3);
    want(&pool, &h[0], 0, 0, 3, 3);
    assert_int_equal(h[0].granted, 6);
}

static void a_wish_in_vain_takes_back_what_others_keep_for_a_while(void **state) {
    (void)state;
    struct rf_pool pool = PLACES(8);
    struct rf_pool_holder h[2] = {0};
    join(&pool, h, 2);
    want(&pool, &h[1], 0, 0, 3, 1);
    assert_int_equal(h[0].keep, 0);
    assert_true(h[0].untold);
    want(&pool, &h[0], 4, 0, 0, 2);
    assert_int_equal(h[1].granted, 7);
    struct rf_instant when;
    assert_true(rf_pool_wake(&pool, at_ms(2), &when));
    assert_int_equal(when.ns, 1001 * MS);
    rf_pool_run(&pool, when);
    assert_int_equal(h[0].keep, 4);
    assert_int_equal(rf_pool_holder_has(&h[0]), 1); // the one that is left
}

static void places_of_a_lost_holder_are_free_when_its_attempts_are_over(void **state) {
    (void)state;
    struct rf_pool pool = PLACES(2);
    struct rf_pool_holder h[3] = {0};
    join(&pool, h, 3);
    want(&pool, &h[0], 0, 0, 2, 1);
    rf_pool_lose(&pool, &h[0], at_ms(500), at_ms(100));
    want(&pool, &h[1], 0, 0, 2, 101);
    assert_int_equal(h[1].granted, 0);
    struct rf_instant when;
    assert_true(rf_pool_wake(&pool, at_ms(101), &when));
    assert_int_equal(when.ns, 500 * MS);
    rf_pool_run(&pool, at_ms(499));
    assert_int_equal(h[1].granted, 0);
    rf_pool_run(&pool, at_ms(500));
    assert_int_equal(h[1].granted, 2);
    assert_false(h[0].joined);
}

static void a_lost_holder_that_comes_back_says_what_is_left(void **state) {
    (void)state;
    struct rf_pool pool = PLACES(3);
    struct rf_pool_holder h[4] = {0};
    join(&pool, h, 4);
    want(&pool, &h[0], 0, 0, 3, 1);
    rf_pool_lose(&pool, &h[0], at_ms(500), at_ms(100));
    rf_pool_join(&pool, &h[0], 1, at_ms(200));
    want(&pool, &h[1], 0, 0, 5, 201);
    assert_int_equal(h[1].granted, 2);
    assert_int_equal(pool.outstanding, 3);
}

static void a_holder_that_left_with_nothing_running_frees_its_places_at_once(void **state) {
    (void)state;
    struct rf_pool pool = PLACES(2);
    struct rf_pool_holder h[3] = {0};
    join(&pool, h, 3);
    want(&pool, &h[0], 0, 0, 2, 1);
    want(&pool, &h[1], 0, 0, 1, 2);
    rf_pool_leave(&pool, &h[0], at_ms(3));
    rf_pool_run(&pool, at_ms(3));
    assert_int_equal(h[1].granted, 1);
}

static void impossible_counts_are_cut_down(void **state) {
    (void)state;
    struct rf_pool pool = PLACES(4);
    struct rf_pool_holder h[5] = {0};
    join(&pool, h, 5);
    want(&pool, &h[0], 0, 0, 2, 1);
    const struct rf_pool_word mad[] = {{INT64_MAX, INT64_MAX, INT64_MAX, INT64_MAX},
                                       {INT64_MIN, INT64_MIN, INT64_MIN, INT64_MIN},
                                       {INT64_MAX, 0, -1, 0},
                                       {-5, INT64_MAX, 3, INT64_MIN}};
    for (size_t i = 0; i < sizeof mad / sizeof *mad; i++) {
        rf_pool_hear(&pool, &h[0], &mad[i], at_ms(2));
        rf_pool_run(&pool, at_ms(2));
        int64_t has = 0;
        for (size_t k = 0; k < 5; k++) {
            assert_true(rf_pool_holder_has(&h[k]) >= 0);
            has += rf_pool_holder_has(&h[k]);
        }
        assert_int_equal(has, pool.outstanding);
        assert_true(has <= 4);
    }
    rf_pool_join(&pool, &h[1], INT64_MAX, at_ms(3));
    rf_pool_join(&pool, &h[2], INT64_MIN, at_ms(3));
    rf_pool_run(&pool, at_ms(3));
    assert_int_equal(rf_pool_left(&pool, at_ms(3)), 0);
}

static void strange_numbers_do_not_keep_the_broker_busy(void **state) {
    (void)state;
    struct rf_pool pool = RETRIES(10.0, 10);
    struct rf_pool_holder h[2] = {0};
    rf_pool_calls(&pool, INT64_MAX, at_ms(0));
    rf_pool_join(&pool, &h[0], INT64_MAX, at_ms(0));
    rf_pool_join(&pool, &h[1], INT64_MIN, at_ms(0));
    const struct rf_pool_word mad[] = {{INT64_MAX, 0, INT64_MAX, INT64_MAX},
                                       {0, INT64_MAX, INT64_MAX, 0},
                                       {INT64_MAX, INT64_MAX, INT64_MAX, INT64_MIN}};
    for (size_t i = 0; i < 300; i++) {
        rf_pool_hear(&pool, &h[i % 2], &mad[i % 3], at_ms(1));
        rf_pool_run(&pool, at_ms(1));
    }
    assert_int_equal(rf_pool_holder_has(&h[0]) + rf_pool_holder_has(&h[1]), pool.outstanding);
    assert_int_equal(pool.budget.waiting, pool.outstanding);
}

static void a_lower_limit_waits_for_what_is_outstanding(void **state) {
    (void)state;
    struct rf_pool pool = PLACES(4);
    struct rf_pool_holder h[5] = {0};
    join(&pool, h, 5);
    want(&pool, &h[0], 0, 0, 4, 1);
    rf_pool_change(&pool, &(struct rf_pool_rules){.places = 2}, at_ms(2));
    want(&pool, &h[1], 0, 0, 1, 3);
    want(&pool, &h[0], 2, 0, 0, 4);
    assert_int_equal(h[1].granted, 0);
    want(&pool, &h[0], 3, 0, 0, 5);
    assert_int_equal(h[1].granted, 1);
}

// ---- tokens ----

// The next one an interval after the holder said that it used the one before: 1031.25 ms with the
// margin, as the header says.
static void the_next_token_is_granted_an_interval_after_the_use_of_the_one_before(void **state) {
    (void)state;
    struct rf_pool pool = TOKENS(1, 1);
    struct rf_pool_holder h[2] = {0};
    struct rf_instant when;
    join(&pool, h, 2);
    want(&pool, &h[0], 0, 0, 3, 0);
    assert_int_equal(h[0].granted, 1);
    want(&pool, &h[1], 0, 0, 1, 700);
    assert_false(rf_pool_wake(&pool, at_ms(700), &when)); // it may be used at any moment
    want(&pool, &h[0], 0, 1, 2, 800);
    assert_int_equal(h[1].granted, 0);
    assert_true(rf_pool_wake(&pool, at_ms(800), &when));
    assert_true(when.ns >= 1831 * MS && when.ns < 1832 * MS);
    rf_pool_run(&pool, (struct rf_instant){when.ns - 1});
    assert_int_equal(h[1].granted, 0);
    rf_pool_run(&pool, when);
    assert_int_equal(h[1].granted, 1); // it was served longest ago
    assert_int_equal(h[0].granted, 1);
}

static void a_token_that_comes_back_unused_is_granted_at_once(void **state) {
    (void)state;
    struct rf_pool pool = TOKENS(1, 1);
    struct rf_pool_holder h[2] = {0};
    join(&pool, h, 2);
    want(&pool, &h[0], 0, 0, 1, 0);
    want(&pool, &h[1], 0, 0, 1, 10);
    want(&pool, &h[0], 1, 0, 0, 20);
    assert_int_equal(h[1].granted, 1);
}

static void a_token_of_a_lost_holder_counts_as_used_when_its_lease_ends(void **state) {
    (void)state;
    struct rf_pool pool = TOKENS(1, 1);
    struct rf_pool_holder h[2] = {0};
    struct rf_instant when;
    join(&pool, h, 2);
    want(&pool, &h[0], 0, 0, 1, 0);
    want(&pool, &h[1], 0, 0, 1, 10);
    rf_pool_lose(&pool, &h[0], at_ms(3000), at_ms(2500)); // it may use it until then
    rf_pool_run(&pool, at_ms(2999));
    assert_int_equal(pool.outstanding, 1);
    rf_pool_run(&pool, at_ms(3000));
    assert_int_equal(pool.outstanding, 0);
    assert_int_equal(h[1].granted, 0);
    assert_true(rf_pool_wake(&pool, at_ms(3000), &when));
    assert_true(when.ns >= 4031 * MS && when.ns < 4032 * MS);
    rf_pool_run(&pool, when);
    assert_int_equal(h[1].granted, 1);
}

static void what_was_used_unheard_before_a_new_term_counts(void **state) {
    (void)state;
    struct rf_pool pool = TOKENS(1, 1);
    struct rf_pool_holder h[2] = {0};
    join(&pool, h, 2);
    want(&pool, &h[0], 0, 0, 1, 0);
    want(&pool, &h[1], 0, 0, 1, 10);
    rf_pool_join(&pool, &h[0], 0, at_ms(100)); // it has none: given back, or used
    rf_pool_run(&pool, at_ms(100));
    rf_pool_run(&pool, at_ms(1100));
    assert_int_equal(h[1].granted, 0);
    rf_pool_run(&pool, at_ms(1140));
    assert_int_equal(h[1].granted, 1);
}

static void a_burst_is_granted_at_once_after_a_rest_and_never_more(void **state) {
    (void)state;
    struct rf_pool pool = TOKENS(10, 5);
    struct rf_pool_holder h[6] = {0};
    join(&pool, h, 6);
    want(&pool, &h[0], 0, 0, 9, 0);
    assert_int_equal(h[0].granted, 5);
    want(&pool, &h[0], 0, 5, 4, 1);
    rf_pool_run(&pool, at_ms(100));
    assert_int_equal(h[0].granted, 5);
    rf_pool_run(&pool, at_ms(105));
    assert_int_equal(h[0].granted, 6);
    rf_pool_run(&pool, at_ms(204)); // the sixth is not used: it counts as if it were now
    assert_int_equal(h[0].granted, 6);
    rf_pool_run(&pool, at_ms(208));
    assert_int_equal(h[0].granted, 7);
}

static void any_rate_and_burst_is_borne(void **state) {
    (void)state;
    const double rates[] = {1e-9, 0.000001, 1, 1e6, 1e300};
    for (size_t i = 0; i < sizeof rates / sizeof *rates; i++) {
        struct rf_pool pool = TOKENS(rates[i], INT64_MAX);
        struct rf_pool_holder h[1] = {0};
        struct rf_instant when;
        join(&pool, h, 1);
        want(&pool, &h[0], 0, 0, 100, 0);
        assert_true(h[0].granted >= 100);
        want(&pool, &h[0], 0, h[0].granted, INT64_MAX, 1);
        (void)rf_pool_wake(&pool, at_ms(1), &when);
        assert_true(rf_pool_left(&pool, at_ms(1)) >= 0);
    }
}

// ---- retries ----

static void incident_30_retries_that_wait_anywhere_in_the_fleet_are_in_the_budget(void **state) {
    (void)state;
    struct rf_pool pool = RETRIES(0.2, 10);
    struct rf_pool_holder h[8] = {0};
    join(&pool, h, 8);
    rf_pool_calls(&pool, 100, at_ms(1));
    for (size_t i = 0; i < 8; i++)
        rf_pool_hear(&pool, &h[i], &(struct rf_pool_word){.wanted = 50, .seen = h[i].granted},
                     at_ms(1));
    rf_pool_run(&pool, at_ms(1));
    int64_t granted = 0;
    for (size_t i = 0; i < 8; i++) {
        assert_true(h[i].granted >= 2 && h[i].granted <= 3);
        granted += h[i].granted;
    }
    assert_int_equal(granted, 20);
    // However long they wait, there are no more; one that is cancelled makes room for one.
    for (size_t i = 0; i < 8; i++)
        want(&pool, &h[i], 0, 0, 50, 9000);
    want(&pool, &h[0], 1, 0, 0, 9001);
    granted = 0;
    for (size_t i = 0; i < 8; i++)
        granted += h[i].granted;
    assert_int_equal(granted, 21);
}

static void retries_that_were_sent_count_for_a_window(void **state) {
    (void)state;
    struct rf_pool pool = RETRIES(0.0, 2);
    struct rf_pool_holder h[3] = {0};
    struct rf_instant when;
    join(&pool, h, 3);
    want(&pool, &h[0], 0, 0, 2, 0);
    want(&pool, &h[0], 0, 2, 1, 500);
    assert_int_equal(h[0].granted, 2);
    int64_t now = 500;
    while (h[0].granted == 2 && rf_pool_wake(&pool, at_ms(now), &when)) {
        now = when.ns / MS;
        rf_pool_run(&pool, when);
    }
    assert_true(now >= 10000 && now <= 11500);
}

// ---- a broker that was restarted ----

static void nothing_is_granted_until_all_that_may_hold_something_are_known(void **state) {
    (void)state;
    struct rf_pool pool = PLACES(2);
    struct rf_pool_holder h[3] = {0};
    struct rf_instant when;
    rf_pool_hold(&pool, at_ms(5000));
    rf_pool_join(&pool, &h[0], 1, at_ms(1));
    rf_pool_join(&pool, &h[1], 0, at_ms(1));
    want(&pool, &h[1], 0, 0, 2, 2);
    assert_int_equal(h[1].granted, 0);
    assert_true(rf_pool_wake(&pool, at_ms(2), &when));
    rf_pool_unhold(&pool, at_ms(300));
    rf_pool_run(&pool, at_ms(300));
    assert_int_equal(h[1].granted, 1);
}

static void after_a_hold_the_bucket_is_empty(void **state) {
    (void)state;
    struct rf_pool pool = TOKENS(1, 2);
    struct rf_pool_holder h[3] = {0};
    rf_pool_hold(&pool, at_ms(500));
    join(&pool, h, 3);
    want(&pool, &h[0], 0, 0, 2, 1);
    rf_pool_run(&pool, at_ms(500));
    rf_pool_run(&pool, at_ms(1500));
    assert_int_equal(h[0].granted, 0);
    rf_pool_run(&pool, at_ms(1540));
    assert_int_equal(h[0].granted, 1);
}

static void kinds_have_names(void **state) {
    (void)state;
    enum rf_pool_kind kind;
    for (int i = 0; i < RF_POOL_KIND_COUNT; i++) {
        assert_true(rf_pool_kind_parse(rf_pool_kind_name((enum rf_pool_kind)i), &kind));
        assert_int_equal(kind, i);
    }
    assert_false(rf_pool_kind_parse("chairs", &kind));
    assert_string_equal(rf_pool_kind_name((enum rf_pool_kind)99), "unknown");
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_limit_with_room_for_all_is_shared_out_before_anybody_asks),
        cmocka_unit_test(few_places_move_to_whom_wants_one_and_in_turn),
        cmocka_unit_test(what_is_on_its_way_is_not_asked_for_twice),
        cmocka_unit_test(a_wish_in_vain_takes_back_what_others_keep_for_a_while),
        cmocka_unit_test(places_of_a_lost_holder_are_free_when_its_attempts_are_over),
        cmocka_unit_test(a_lost_holder_that_comes_back_says_what_is_left),
        cmocka_unit_test(a_holder_that_left_with_nothing_running_frees_its_places_at_once),
        cmocka_unit_test(impossible_counts_are_cut_down),
        cmocka_unit_test(strange_numbers_do_not_keep_the_broker_busy),
        cmocka_unit_test(a_lower_limit_waits_for_what_is_outstanding),
        cmocka_unit_test(the_next_token_is_granted_an_interval_after_the_use_of_the_one_before),
        cmocka_unit_test(a_token_that_comes_back_unused_is_granted_at_once),
        cmocka_unit_test(a_token_of_a_lost_holder_counts_as_used_when_its_lease_ends),
        cmocka_unit_test(what_was_used_unheard_before_a_new_term_counts),
        cmocka_unit_test(a_burst_is_granted_at_once_after_a_rest_and_never_more),
        cmocka_unit_test(any_rate_and_burst_is_borne),
        cmocka_unit_test(incident_30_retries_that_wait_anywhere_in_the_fleet_are_in_the_budget),
        cmocka_unit_test(retries_that_were_sent_count_for_a_window),
        cmocka_unit_test(nothing_is_granted_until_all_that_may_hold_something_are_known),
        cmocka_unit_test(after_a_hold_the_bucket_is_empty),
        cmocka_unit_test(kinds_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
