// The order of places, beside the plainest way to find it.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "ranking.h"

#define PLACES 70

// The model: a look at every place.
static const struct rf_rank *naive(const struct rf_rank *places, const struct rf_rank *but) {
    const struct rf_rank *best = NULL;
    for (size_t i = 0; i < PLACES; i++) {
        const struct rf_rank *rank = &places[i];
        if (rank->at == 0 || rank == but || rank->credit == 0)
            continue;
        if (best != NULL && rank->last != best->last) {
            best = best->last ? rank : best;
            continue;
        }
        if (best == NULL || rank->credit > best->credit ||
            (rank->credit == best->credit && rank->turn < best->turn))
            best = rank;
    }
    return best;
}

// Of places that are equal in both, either may come.
static void assert_same(const struct rf_rank *got, const struct rf_rank *expected) {
    assert_int_equal(got == NULL, expected == NULL);
    if (got == NULL)
        return;
    assert_int_equal(got->credit, expected->credit);
    assert_int_equal(got->turn, expected->turn);
}

static uint32_t state;

static uint32_t random_below(uint32_t limit) {
    state ^= state << 13;
    state ^= state >> 17;
    state ^= state << 5;
    return state % limit;
}

static void it_finds_what_a_look_at_every_place_finds(void **unused) {
    (void)unused;
    for (uint32_t seed = 1; seed <= 20; seed++) {
        struct rf_ranking ranking = {0};
        struct rf_rank places[PLACES] = {0};
        uint64_t turns = 0;
        state = seed * 2654435761U;
        for (int step = 0; step < 5000; step++) {
            struct rf_rank *rank = &places[random_below(PLACES)];
            switch (random_below(6)) {
            case 0:
                if (rank->at == 0)
                    assert_true(rf_ranking_add(&ranking, rank));
                break;
            case 1:
                if (random_below(3) == 0)
                    rf_ranking_remove(&ranking, rank);
                break;
            case 2: // a few values only, so that many are equal
                rank->credit = random_below(4);
                rank->last = random_below(3) == 0;
                if (rank->at != 0)
                    rf_ranking_moved(&ranking, rank);
                break;
            default: { // a call is handed out
                struct rf_rank *first = rf_ranking_first(&ranking);
                if (first == NULL)
                    break;
                first->credit--;
                first->turn = ++turns;
                rf_ranking_moved(&ranking, first);
            }
            }
            struct rf_rank *first = rf_ranking_first(&ranking);
            assert_same(first, naive(places, NULL));
            assert_same(rf_ranking_second(&ranking), naive(places, first));
        }
        rf_ranking_fini(&ranking);
    }
}

static void equals_take_turns(void **unused) {
    (void)unused;
    struct rf_ranking ranking = {0};
    struct rf_rank places[8] = {0};
    int served[8] = {0};
    uint64_t turns = 0;
    for (size_t i = 0; i < 8; i++) {
        places[i].credit = 1;
        assert_true(rf_ranking_add(&ranking, &places[i]));
    }
    for (int round = 1; round <= 50; round++) {
        for (int i = 0; i < 8; i++) {
            struct rf_rank *first = rf_ranking_first(&ranking);
            first->turn = ++turns;
            rf_ranking_moved(&ranking, first);
            served[first - places]++;
        }
        for (int i = 0; i < 8; i++)
            assert_int_equal(served[i], round);
    }
    rf_ranking_fini(&ranking);
}

static void an_empty_one_and_one_without_credit_have_no_first(void **unused) {
    (void)unused;
    struct rf_ranking ranking = {0};
    struct rf_rank rank = {0};
    assert_null(rf_ranking_first(&ranking));
    assert_null(rf_ranking_second(&ranking));
    assert_true(rf_ranking_add(&ranking, &rank));
    assert_null(rf_ranking_first(&ranking));
    assert_null(rf_ranking_second(&ranking));
    rf_ranking_remove(&ranking, &rank);
    rf_ranking_remove(&ranking, &rank); // it is in none: nothing happens
    assert_int_equal(ranking.count, 0);
    rf_ranking_fini(&ranking);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_finds_what_a_look_at_every_place_finds),
        cmocka_unit_test(equals_take_turns),
        cmocka_unit_test(an_empty_one_and_one_without_credit_have_no_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
