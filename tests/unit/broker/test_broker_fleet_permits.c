// Who tests a half-open breaker; and the fleet as a random model.
#include "stage_fleet.h"

#include <stdio.h>
#include <stdlib.h>

// ---- tests of a half-open breaker ----

static void to_half_open(int first, int second) {
    fails(first, 4);
    fails(second, 1);
    assert_int_equal(breaker(), RF_BREAKER_OPEN);
    pass(RECOVERY);
    assert_int_equal(breaker(), RF_BREAKER_HALF_OPEN);
    stage_hush(&stage);
}

static void ask(int g, const char *id) {
    struct rf_permit_request request = {
        .call = id, .service = "elevenlabs", .epoch = guard()->breaker.epoch};
    stage_receive(&stage, &gateways[g], RF_MESSAGE_permit_request, &request);
}

static void granted(int g, char *permit, size_t permit_size) {
    snprintf(permit, permit_size, "%s",
             stage_next(&stage, &gateways[g], RF_MESSAGE_permit_granted)->as.permit_granted.permit);
}

static void refused(int g) {
    stage_next(&stage, &gateways[g], RF_MESSAGE_permit_refused);
}

static void an_ejected_gateway_gets_no_test_permit(void **state) {
    (void)state;
    char permit[128];
    begin(8);
    guard()->jury.ejections.policy.time = rf_seconds(100);
    eject(3, 4);
    to_half_open(0, 1);
    ask(3, "c-3");
    refused(3);
    ask(4, "c-4");
    granted(4, permit, sizeof permit);
}

static void incident_04_the_gateway_that_holds_the_permit_is_killed(void **state) {
    (void)state;
    char permit[128];
    begin(8);
    to_half_open(0, 1);
    int64_t began = stage.now.instant.ns;
    ask(2, "c-2");
    granted(2, permit, sizeof permit);
    // It is lost after its lease at the broker, but its request may be at the provider still.
    pass_without(STAGE_LEASE + S, 1 << 2);
    assert_int_equal(stage.core->dispatch.seats.by_instance.count, 7);
    stage_hush(&stage);
    ask(3, "c-3");
    refused(3);
    pass_without(began + LEASE - 1 - stage.now.instant.ns, 1 << 2);
    stage_hush(&stage);
    ask(3, "c-3");
    refused(3);
    stage_at(&stage, began + LEASE);
    ask(3, "c-3");
    granted(3, permit, sizeof permit);
    for (int g = 4; g < 8; g++) {
        ask(g, "other");
        refused(g);
    }
}

static void
one_that_leaves_with_a_call_in_hand_keeps_its_permit_until_the_lease_ends(void **state) {
    (void)state;
    char permit[128];
    begin(2);
    to_half_open(0, 1);
    call(&stage, &client, "c-0", 600 * S);
    int holder = 0;
    stage_next(&stage, &gateways[holder], RF_MESSAGE_call_request);
    ask(holder, "c-0");
    granted(holder, permit, sizeof permit);
    struct rf_worker_bye bye = {.instance = name_of(holder)};
    stage_receive(&stage, &gateways[holder], RF_MESSAGE_worker_bye, &bye);
    ask(1, "c-1");
    refused(1);
}

static void the_gateway_whose_test_failed_leaves_the_next_one_to_others(void **state) {
    (void)state;
    char permit[128];
    begin(8);
    to_half_open(0, 1);
    ask(2, "c-2");
    granted(2, permit, sizeof permit);
    report(2, "transient", permit);
    pass(RECOVERY);
    assert_int_equal(breaker(), RF_BREAKER_HALF_OPEN);
    stage_hush(&stage);
    ask(2, "c-2");
    refused(2);
    // Nobody else has a call for so long: it may.
    pass(2 * S);
    stage_hush(&stage);
    ask(2, "c-2");
    granted(2, permit, sizeof permit);
    report(2, "ok", permit);
    assert_int_equal(breaker(), RF_BREAKER_CLOSED);
}

// ---- a random model ----

static uint64_t random_state;

static int below(int most) {
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return (int)((random_state * UINT64_C(2685821657736338717) >> 33) % (uint64_t)most);
}

static void check_bounds(void) {
    int64_t alive = 0, out = 0;
    for (int g = 0; g < size; g++) {
        bool here = rf_map_find_text(&stage.core->dispatch.seats.by_instance, name_of(g)) != NULL;
        alive += here;
        out += here && rf_ejections_find(&guard()->jury.ejections, name_of(g)) != NULL;
    }
    assert_true(out * 2 <= alive);
    assert_true(alive == 0 || out < alive);
    assert_int_equal(guard()->fleet.alive, alive);
    assert_int_equal(guard()->fleet.ejected, out);
}

// One gateway is bad, the provider is well, and calls go where the broker would send them: whatever
// the order, the breaker stays closed, nobody else is ejected, and few calls fail.
static void a_bad_gateway_alone_never_opens_it(int bad) {
    int failed = 0;
    for (int i = 0; i < 300; i++) {
        int g = below(size);
        if (rf_authority_bars(guard(), name_of(g), NULL))
            continue;
        report(g, g == bad ? "transient" : "ok", NULL);
        failed += g == bad;
        assert_int_equal(breaker(), RF_BREAKER_CLOSED);
        check_bounds();
    }
    for (int g = 0; g < size; g++)
        assert_true(g == bad || !rf_authority_bars(guard(), name_of(g), NULL));
    assert_true(failed <= 5);
}

// Then the provider fails for all: it opens at the threshold, or one later where the first five
// came from one gateway.
static void all_that_fail_open_it(void) {
    int failed = 0;
    while (breaker() == RF_BREAKER_CLOSED) {
        int g = below(size);
        if (rf_authority_bars(guard(), name_of(g), NULL))
            continue;
        fails(g, 1);
        failed++;
        check_bounds();
        assert_true(failed <= 6);
    }
    assert_true(failed >= 5);
}

static void random_fleets_keep_the_bounds_and_find_the_bad_one(void **state) {
    (void)state;
    for (int seed = 1; seed <= 60; seed++) {
        random_state = (uint64_t)seed * UINT64_C(0x9e3779b97f4a7c15);
        begin(2 + below(7));
        a_bad_gateway_alone_never_opens_it(below(size));
        all_that_fail_open_it();
        stage_close(&stage);
    }
    begin(1); // for the teardown
}

// Anything may happen in any order: the bounds hold all the same.
static void random_events_keep_the_bounds(void **state) {
    (void)state;
    for (int seed = 1; seed <= 40; seed++) {
        random_state = (uint64_t)seed * UINT64_C(0x9e3779b97f4a7c15);
        begin(2 + below(7));
        unsigned gone = 0;
        for (int i = 0; i < 120; i++) {
            int g = below(size), what = below(20);
            bool here = (gone >> g & 1) == 0;
            if (what < 14 && here) {
                report(g, below(3) == 0 ? "ok" : "transient", NULL);
            } else if (what == 14 && here) {
                struct rf_worker_bye bye = {.instance = name_of(g)};
                stage_receive(&stage, &gateways[g], RF_MESSAGE_worker_bye, &bye);
                gone |= 1U << g;
            } else if (what <= 16 && !here) {
                seqs[g] = 0;
                hear(g, 1, false, NULL);
                gone &= ~(1U << g);
            } else if (what == 17) {
                pass_without((1 + below(40)) * S, gone);
                stage_hush(&stage);
            }
            check_bounds();
        }
        stage_close(&stage);
    }
    begin(1);
}

// Whoever asks, reports, vanishes or leaves in HALF_OPEN: no permit is given while another one may
// be in use: until its result, or its lease's end; those of gateways that vanished too.
static void incident_04_whatever_happens_one_test_is_out_at_a_time(void **state) {
    (void)state;
    int64_t grants = 0, longest = 0;
    for (int seed = 1; seed <= 40; seed++) {
        random_state = (uint64_t)seed * UINT64_C(0x9e3779b97f4a7c15);
        begin(2 + below(7));
        to_half_open(0, 1);
        unsigned gone = 0;
        int holder = -1;
        int64_t out_until = 0;
        char permit[128] = "";
        for (int i = 0; i < 100 && breaker() == RF_BREAKER_HALF_OPEN; i++) {
            int g = below(size), what = below(10);
            bool here = (gone >> g & 1) == 0;
            if (what < 6 && here) {
                int64_t before = stage.core->ground.counters.permits_granted;
                bool again = holder == g;
                ask(g, name_of(g));
                bool given = stage.core->ground.counters.permits_granted > before;
                bool out = stage.now.instant.ns < out_until;
                assert_true(!given || again || !out);
                if (given) {
                    granted(g, permit, sizeof permit);
                    out_until = again && out ? out_until : stage.now.instant.ns + LEASE;
                    holder = g;
                    grants++;
                }
            } else if (what == 6 && holder >= 0 && (gone >> holder & 1) == 0) {
                report(holder, "permanent.invalid", permit); // does not count: given back
                if (stage.now.instant.ns < out_until)
                    out_until = 0;
                holder = -1;
            } else if (what == 7 && here && size > 1) {
                gone |= 1U << g; // it vanishes
                longest = g == holder ? longest + 1 : longest;
            }
            pass_without((int64_t)below(8) * S, gone);
            stage_hush(&stage);
        }
        stage_close(&stage);
    }
    assert_true(grants > 100); // or this test looks at nothing
    assert_true(longest > 5);
    begin(1);
}

#define TEST(name) cmocka_unit_test_teardown(name, close_stage)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(an_ejected_gateway_gets_no_test_permit),
        TEST(incident_04_the_gateway_that_holds_the_permit_is_killed),
        TEST(one_that_leaves_with_a_call_in_hand_keeps_its_permit_until_the_lease_ends),
        TEST(the_gateway_whose_test_failed_leaves_the_next_one_to_others),
        TEST(random_fleets_keep_the_bounds_and_find_the_bad_one),
        TEST(random_events_keep_the_bounds),
        TEST(incident_04_whatever_happens_one_test_is_out_at_a_time),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
