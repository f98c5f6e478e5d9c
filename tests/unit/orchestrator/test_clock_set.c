// The wall clock is set: that it is noticed, and what is stored then.
#include "database.h"

#include "clock_set.h"
#include "shift.h"

#define S RF_NS_PER_S

static struct rf_duration look(struct rf_clock_set *clock, int64_t utc_ms, int64_t boot_ms) {
    return rf_clock_set_look(clock, (struct rf_utc){utc_ms * RF_NS_PER_MS},
                             (struct rf_instant){boot_ms * RF_NS_PER_MS});
}

static void a_clock_that_is_set_is_noticed_once_and_one_that_drifts_is_not(void **state) {
    (void)state;
    struct rf_clock_set clock = {0};
    assert_int_equal(look(&clock, 5000000, 1000).ns, 0); // the first look
    assert_int_equal(look(&clock, 5001000, 2000).ns, 0);
    assert_int_equal(look(&clock, 1402000, 3000).ns, -3600 * S);
    assert_int_equal(look(&clock, 1403000, 4000).ns, 0);
    assert_int_equal(look(&clock, 5004000, 5000).ns, 3600 * S);
    for (int i = 1; i <= 20; i++) // half a second at a time
        assert_int_equal(look(&clock, 5004000 + 1500 * i, 5000 + 1000 * i).ns, 0);
}

static void what_the_store_does_not_take_is_owed_with_what_comes_meanwhile(void **state) {
    (void)state;
    struct rf_clock_owed clock = {0};
    assert_false(rf_clock_owed_begin(&clock));
    rf_clock_owed_add(&clock, rf_seconds(-3600));
    assert_true(rf_clock_owed_begin(&clock));
    assert_int_equal(clock.moving.all.ns, -3600 * S);
    assert_false(rf_clock_owed_begin(&clock)); // it is on its way
    assert_true(rf_clock_owed_end(&clock, false));
    for (int second = 0; second < 5; second++) {
        assert_true(rf_clock_owed_begin(&clock));
        assert_false(rf_clock_owed_end(&clock, false)); // which was said
    }
    rf_clock_owed_add(&clock, rf_seconds(60));
    assert_true(rf_clock_owed_begin(&clock));
    assert_int_equal(clock.moving.all.ns, -3540 * S);
    assert_int_equal(clock.moving.back.ns, -3600 * S);
    rf_clock_owed_add(&clock, rf_seconds(-7)); // while it is on its way
    assert_false(rf_clock_owed_end(&clock, true));
    assert_true(rf_clock_owed_begin(&clock));
    assert_int_equal(clock.moving.all.ns, -7 * S);
    assert_int_equal(clock.moving.back.ns, -7 * S);
    assert_true(rf_clock_owed_end(&clock, false)); // a new failure is said
    assert_true(rf_clock_owed_begin(&clock));
    assert_false(rf_clock_owed_end(&clock, true));
    assert_false(rf_clock_owed_begin(&clock));
}

static struct rf_clock_steps set_by(int64_t seconds) {
    return (struct rf_clock_steps){rf_seconds(seconds), rf_seconds(seconds < 0 ? seconds : 0)};
}

static int setup(void **state) {
    *state = database_open();
    struct rf_db *db = *state;
    assert_int_equal(
        database_exec(db, "INSERT INTO campaign (name, state, created) VALUES ('c', 'running', 1);"
                          "INSERT INTO contact (campaign, line, phone, due) VALUES"
                          " (1, 2, '+12025550100', 0), (1, 3, '+12025550101', 0),"
                          " (1, 4, '+12025550102', 0), (1, 5, '+12025550103', 0)"),
        RF_OK);
    return 0;
}

static int teardown(void **state) {
    struct rf_db *db = *state;
    rf_db_close(&db);
    return 0;
}

static void put(struct rf_db *db, int64_t line, const char *states, int64_t due_s, int64_t owner) {
    char sql[512], word[32];
    int used = 0;
    for (; sscanf(states, "%31s%n", word, &used) == 1; states += used) {
        snprintf(sql, sizeof sql,
                 "UPDATE contact SET state = '%s', due = %lld, owner = %lld, step = 2"
                 " WHERE line = %lld",
                 word, (long long)(due_s * S), (long long)owner, (long long)line);
        assert_int_equal(database_exec(db, sql), RF_OK);
    }
}

static int64_t due_s(struct rf_db *db, int64_t line) {
    char sql[96];
    snprintf(sql, sizeof sql, "SELECT due FROM contact WHERE line = %lld", (long long)line);
    return database_number(db, sql) / S;
}

static void waits_of_ours_keep_their_length_and_windows_their_hour(void **state) {
    struct rf_db *db = *state;
    static const char noted[] = "SELECT count (*) FROM reopen";
    struct rf_error error = {0};
    int64_t us = rf_member_of(db);
    put(db, 2, "scheduled running.script waiting.retry", 10030, us);
    put(db, 3, "scheduled running.script running.dial waiting.window", 20000, us);
    put(db, 4, "scheduled running.script waiting.breaker", 10030, us + 7);
    put(db, 5, "scheduled running.script running.dial", 0, us);
    assert_int_equal(
        database_exec(db, "INSERT INTO attempt (id, contact, phone, created, send_before, state)"
                          " SELECT 'A', id, phone, 10000000000000, 10010000000000, 'intent'"
                          " FROM contact WHERE line = 5"),
        RF_OK);
    struct rf_shift shift = {.job.run = rf_shift_run, .now = {6400 * S}, .step = set_by(-3600)};
    assert_int_equal(database_do(db, &shift.job, &error), RF_OK);
    assert_int_equal(due_s(db, 2), 6430);
    assert_int_equal(database_number(db, noted), 1); // looked at again
    assert_int_equal(due_s(db, 4), 10030);           // another's, by another clock
    assert_int_equal(database_number(db, "SELECT created FROM attempt"), 6400 * S);
    assert_int_equal(database_number(db, "SELECT send_before FROM attempt"), 6410 * S);
    assert_int_equal(database_exec(db, "DELETE FROM reopen"), RF_OK);
    shift.now.ns = 6410 * S;
    shift.step = set_by(10);
    shift.alone = true;
    put(db, 3, "running.dial waiting.window", 20000, us);
    assert_int_equal(database_do(db, &shift.job, &error), RF_OK);
    assert_int_equal(due_s(db, 2), 6440);
    assert_int_equal(database_number(db, noted), 0); // too little for another window
    assert_int_equal(due_s(db, 4), 10040);
    assert_int_equal(database_number(db, "SELECT created FROM attempt"), 6400 * S);
    assert_int_equal(database_number(db, "SELECT send_before FROM attempt"), 6420 * S);
}

static void a_clock_that_was_set_back_meanwhile_shows_in_the_last_attempt(void **state) {
    struct rf_db *db = *state;
    struct rf_error error = {0};
    put(db, 2, "scheduled running.script waiting.retry", 10030, rf_member_of(db));
    struct rf_shift shift = {.job.run = rf_shift_run, .alone = true, .at_start = true};
    shift.now.ns = 6400 * S;
    assert_int_equal(database_do(db, &shift.job, &error), RF_OK); // nobody was dialled yet
    assert_int_equal(due_s(db, 2), 10030);
    assert_int_equal(
        database_exec(db, "INSERT INTO attempt (id, contact, phone, created, send_before, state)"
                          " SELECT 'A', id, phone, 10000000000000, 10010000000000, 'intent'"
                          " FROM contact WHERE line = 5"),
        RF_OK);
    shift.now.ns = 10001 * S;
    assert_int_equal(database_do(db, &shift.job, &error), RF_OK);
    assert_int_equal(shift.step.all.ns, 0);
    assert_int_equal(due_s(db, 2), 10030);
    shift.now.ns = 6400 * S;
    assert_int_equal(database_do(db, &shift.job, &error), RF_OK);
    assert_int_equal(shift.step.all.ns, -3600 * S);
    assert_int_equal(due_s(db, 2), 6430);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static void a_sleep_is_seen_once_and_no_lag_is_one(void **state) {
    (void)state;
    static const struct {
        int64_t boot_s, now_s, slept_s;
    } looks[] = {{1000, 400, 0},  {1001, 401, 0},  {4603, 403, 3600}, {4604, 404, 0},
                 {9605, 5405, 0}, {9605, 5406, 0}, {9608, 5408, 0}};
    struct rf_clock_set clock = {0};
    for (size_t i = 0; i < sizeof looks / sizeof looks[0]; i++) {
        struct rf_duration slept =
            rf_clock_slept_look(&clock, (struct rf_instant){looks[i].boot_s * S},
                                (struct rf_instant){looks[i].now_s * S + (i == 6 ? S / 2 : 0)});
        assert_int_equal(slept.ns, looks[i].slept_s * S);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_clock_that_is_set_is_noticed_once_and_one_that_drifts_is_not),
        cmocka_unit_test(what_the_store_does_not_take_is_owed_with_what_comes_meanwhile),
        TEST(waits_of_ours_keep_their_length_and_windows_their_hour),
        TEST(a_clock_that_was_set_back_meanwhile_shows_in_the_last_attempt),
        cmocka_unit_test(a_sleep_is_seen_once_and_no_lag_is_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
