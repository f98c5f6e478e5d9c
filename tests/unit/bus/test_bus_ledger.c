#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

#include "bus/ledger.h"

static const struct rf_worker_offer offers[] = {{"speech", 4}, {"script", 2}};

static struct rf_ledger opened(void) {
    struct rf_ledger ledger;
    assert_int_equal(rf_ledger_init(&ledger, offers, 2), RF_OK);
    return ledger;
}

// What the broker computes: dispatched since the registration is the fake's own count.
static int64_t free_places(const struct rf_ledger_offer *offer, int64_t dispatched) {
    return rf_ledger_offered(offer) - (dispatched - offer->released);
}

static void a_request_takes_a_place_until_it_is_released(void **state) {
    (void)state;
    struct rf_ledger ledger = opened();
    bool counted, repeatable;
    assert_int_equal(rf_ledger_request(&ledger, "speech", "a", false, 0), RF_LEDGER_NEW);
    assert_int_equal(free_places(&ledger.offers[0], 1), 3);
    assert_ptr_equal(rf_ledger_release(&ledger, "speech", 1, &counted), &ledger.offers[0]);
    assert_true(counted);
    assert_int_equal(free_places(&ledger.offers[0], 1), 4);
    assert_int_equal(ledger.offers[0].waiting, 1);
    assert_int_equal(rf_ledger_in_hand(&ledger), 1); // it waits for its retry
    assert_true(rf_ledger_due(&ledger.offers[0]));
    rf_ledger_told(&ledger.offers[0]);
    rf_ledger_waiting(&ledger, "speech", 1);
    rf_ledger_waiting(&ledger, "dance", 0);
    assert_false(rf_ledger_due(&ledger.offers[0]));
    rf_ledger_waiting(&ledger, "speech", 0);
    assert_true(rf_ledger_due(&ledger.offers[0]));
    assert_int_equal(ledger.offers[0].waiting, 0);
    assert_true(rf_ledger_answered(&ledger, "a", &repeatable));
    assert_false(rf_ledger_answered(&ledger, "a", &repeatable));
    assert_int_equal(rf_ledger_in_hand(&ledger), 0);
    rf_ledger_fini(&ledger);
}

static void a_request_that_is_in_hand_is_not_carried_out_twice(void **state) {
    (void)state;
    struct rf_ledger ledger = opened();
    assert_int_equal(rf_ledger_request(&ledger, "speech", "a", false, 0), RF_LEDGER_NEW);
    assert_int_equal(rf_ledger_request(&ledger, "speech", "a", false, 0), RF_LEDGER_KNOWN);
    assert_int_equal(free_places(&ledger.offers[0], 2), 3);
    assert_int_equal(rf_ledger_in_hand(&ledger), 1);
    rf_ledger_fini(&ledger);
}

static void what_may_be_repeated_is_known_until_it_is_answered(void **state) {
    (void)state;
    struct rf_ledger ledger = opened();
    bool repeatable;
    assert_int_equal(rf_ledger_request(&ledger, "speech", "a", true, 0), RF_LEDGER_NEW);
    assert_int_equal(rf_ledger_request(&ledger, "speech", "b", false, 0), RF_LEDGER_NEW);
    assert_true(rf_ledger_answered(&ledger, "a", &repeatable));
    assert_true(repeatable);
    assert_true(rf_ledger_answered(&ledger, "b", &repeatable));
    assert_false(repeatable);
    rf_ledger_fini(&ledger);
}

static void a_service_that_is_not_offered_is_unknown(void **state) {
    (void)state;
    struct rf_ledger ledger = opened();
    bool counted;
    assert_int_equal(rf_ledger_request(&ledger, "telephony", "a", false, 0), RF_LEDGER_UNKNOWN);
    assert_null(rf_ledger_release(&ledger, "telephony", 0, &counted));
    assert_int_equal(rf_ledger_in_hand(&ledger), 0);
    rf_ledger_fini(&ledger);
}

static void a_place_that_nobody_had_cannot_be_released(void **state) {
    (void)state;
    struct rf_ledger ledger = opened();
    bool counted;
    assert_null(rf_ledger_release(&ledger, "speech", 0, &counted));
    assert_int_equal(ledger.offers[0].released, 0);
    rf_ledger_fini(&ledger);
}

// The new broker has dispatched nothing to us: only the capacity can tell it of three calls in
// hand.
static void calls_from_before_a_registration_lower_the_capacity(void **state) {
    (void)state;
    struct rf_ledger ledger = opened();
    bool counted;
    for (const char *id = "abc"; *id != '\0'; id++)
        rf_ledger_request(&ledger, "speech", id, false, 0);
    rf_ledger_registered(&ledger);
    assert_int_equal(ledger.offers[0].released, 0);
    assert_int_equal(free_places(&ledger.offers[0], 0), 1);
    rf_ledger_request(&ledger, "speech", "d", false, 0);
    assert_int_equal(free_places(&ledger.offers[0], 1), 0);
    for (int i = 0; i < 3; i++) {
        assert_non_null(rf_ledger_release(&ledger, "speech", 0, &counted));
        assert_false(counted);
        assert_int_equal(free_places(&ledger.offers[0], 1), i + 1);
    }
    assert_non_null(rf_ledger_release(&ledger, "speech", -1, &counted));
    assert_true(counted);
    assert_int_equal(free_places(&ledger.offers[0], 1), 4);
    rf_ledger_fini(&ledger);
}

static void a_second_registration_counts_what_was_taken_since_the_first(void **state) {
    (void)state;
    struct rf_ledger ledger = opened();
    rf_ledger_request(&ledger, "script", "a", false, 0);
    rf_ledger_registered(&ledger);
    rf_ledger_request(&ledger, "script", "b", false, 0);
    rf_ledger_registered(&ledger);
    assert_int_equal(rf_ledger_offered(&ledger.offers[1]), 0);
    rf_ledger_request(&ledger, "script", "c", false,
                      0); // a broker that dispatches beyond the capacity
    rf_ledger_registered(&ledger);
    assert_int_equal(rf_ledger_offered(&ledger.offers[1]), 0);
    rf_ledger_fini(&ledger);
}

static void of_few_places_each_is_told_at_once(void **state) {
    (void)state;
    for (int64_t capacity = 1; capacity < 8; capacity++)
        assert_true(rf_ledger_credit_due(capacity, capacity - 1, 1));
    assert_false(rf_ledger_credit_due(8, 7, 1));
    assert_false(rf_ledger_credit_due(8, 8, 0));
}

static void of_many_places_a_quarter_is_told_or_when_the_broker_knows_of_few(void **state) {
    (void)state;
    assert_false(rf_ledger_credit_due(256, 193, 63));
    assert_true(rf_ledger_credit_due(256, 192, 64));
    assert_false(rf_ledger_credit_due(256, 64, 1));
    assert_true(rf_ledger_credit_due(256, 63, 1));
    assert_true(rf_ledger_credit_due(256, -3, 1)); // the capacity that is offered has sunk
    assert_true(rf_ledger_credit_due(INT64_MAX, 0, 1));
}

// A broker and a worker that carries out calls as they come to it, with messages under way on both
// sides for as long as it pleases.
struct model {
    struct rf_ledger ledger;
    int64_t sent, told, waiting; // the broker's
    int64_t requests, credit;    // on their way; the latter is the last one, 0: none
    int64_t next, in_hand;
};

static void model_tell(struct model *model) {
    struct rf_ledger_offer *offer = &model->ledger.offers[0];
    if (!rf_ledger_due(offer))
        return;
    rf_ledger_told(offer);
    model->credit = offer->released;
}

static int64_t model_free(const struct model *model) {
    return model->ledger.offers[0].capacity + model->told - model->sent;
}

static void model_dispatch(struct model *model) {
    for (; model->waiting > 0 && model_free(model) > 0; model->waiting--) {
        model->sent++;
        model->requests++;
    }
}

static void model_take(struct model *model) {
    char id[32];
    snprintf(id, sizeof id, "%lld", (long long)model->next++);
    model->requests--;
    model->in_hand++;
    assert_int_equal(rf_ledger_request(&model->ledger, "speech", id, false, 0), RF_LEDGER_NEW);
    model_tell(model);
}

static void model_release(struct model *model) {
    bool counted;
    assert_non_null(rf_ledger_release(&model->ledger, "speech", 0, &counted));
    model->in_hand--;
    model_tell(model);
}

static void model_hear(struct model *model) {
    model->told = model->credit;
    model->credit = 0;
    model_dispatch(model);
}

static void model_step(struct model *model, unsigned dice) {
    if (dice < 3) {
        model->waiting += 1 + (dice == 0) * 20;
        model_dispatch(model);
    } else if (dice < 6 && model->requests > 0) {
        model_take(model);
    } else if (dice < 9 && model->in_hand > 0) {
        model_release(model);
    } else if (model->credit > 0) {
        model_hear(model);
    }
}

// Without a heartbeat ever: no call waits while there is a place, but for messages under way; and
// who has nothing in hand has three quarters of the places at the broker.
static void no_call_waits_because_a_place_was_not_told(void **state) {
    (void)state;
    for (unsigned seed = 1; seed <= 60; seed++) {
        const struct rf_worker_offer offer = {"speech", 1 + (int64_t)seed * seed % 300};
        struct model model = {.in_hand = 0};
        unsigned random = seed;
        assert_int_equal(rf_ledger_init(&model.ledger, &offer, 1), RF_OK);
        for (int i = 0; i < 3000; i++) {
            random = random * 1103515245U + 12345U;
            model_step(&model, (random >> 16) % 12);
            if (i % 50 != 0)
                continue;
            while (model.requests > 0 || model.credit > 0) {
                if (model.credit > 0)
                    model_hear(&model);
                else
                    model_take(&model);
            }
            assert_true(model.waiting == 0 || model.in_hand == offer.capacity);
            assert_true(model.in_hand > 0 || model_free(&model) > offer.capacity * 3 / 4 - 1);
        }
        rf_ledger_fini(&model.ledger);
    }
}

static void whom_a_service_asks_may_change_and_is_bounded(void **state) {
    (void)state;
    static const char *const names[] = {"a", "b", "c", "d", "e", "f", "g", "h", "i"};
    struct rf_ledger ledger = opened();
    assert_int_equal(ledger.offers[0].provider_count, 0);
    assert_true(rf_ledger_uses(&ledger, "speech", names, 9));
    assert_int_equal(ledger.offers[0].provider_count, RF_WORKER_MAX_PROVIDERS);
    assert_string_equal(ledger.offers[0].providers[7], "h");
    assert_true(rf_ledger_uses(&ledger, "speech", names + 8, 1));
    assert_int_equal(ledger.offers[0].provider_count, 1);
    assert_string_equal(ledger.offers[0].providers[0], "i");
    assert_int_equal(ledger.offers[1].provider_count, 0);
    assert_false(rf_ledger_uses(&ledger, "dance", names, 1));
    rf_ledger_fini(&ledger);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_takes_a_place_until_it_is_released),
        cmocka_unit_test(a_request_that_is_in_hand_is_not_carried_out_twice),
        cmocka_unit_test(what_may_be_repeated_is_known_until_it_is_answered),
        cmocka_unit_test(a_service_that_is_not_offered_is_unknown),
        cmocka_unit_test(a_place_that_nobody_had_cannot_be_released),
        cmocka_unit_test(calls_from_before_a_registration_lower_the_capacity),
        cmocka_unit_test(of_few_places_each_is_told_at_once),
        cmocka_unit_test(of_many_places_a_quarter_is_told_or_when_the_broker_knows_of_few),
        cmocka_unit_test(no_call_waits_because_a_place_was_not_told),
        cmocka_unit_test(whom_a_service_asks_may_change_and_is_bounded),
        cmocka_unit_test(a_second_registration_counts_what_was_taken_since_the_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
