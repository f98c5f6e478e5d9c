// Contacts that wait for their first window are looked at when it may have become another one.
#include <string.h>

#include "campaign.h"
#include "database.h"
#include "reopen.h"
#include "store/db.h"

#define S RF_NS_PER_S

static int setup(void **state) {
    *state = database_open();
    return 0;
}

static int teardown(void **state) {
    struct rf_db *db = *state;
    rf_db_close(&db);
    return 0;
}

// A campaign whose contacts, at lines 2 and on, all wait for a window that opens at 900 s.
static void waiting(struct rf_db *db, const char *name, int contacts) {
    static const char *const states[] = {"scheduled", "running.script", "running.dial",
                                         "waiting.window"};
    char sql[512];
    snprintf(sql, sizeof sql,
             "INSERT INTO campaign (name, state, created) VALUES ('%s', 'running', 1)", name);
    assert_int_equal(database_exec(db, sql), RF_OK);
    for (int i = 0; i < contacts; i++) {
        snprintf(sql, sizeof sql,
                 "INSERT INTO contact (campaign, line, phone, step, due)"
                 " SELECT id, %d, '+120255501%02d', 2, 900000000000 FROM campaign"
                 " WHERE name = '%s'",
                 i + 2, i, name);
        assert_int_equal(database_exec(db, sql), RF_OK);
    }
    for (size_t i = 0; i < sizeof states / sizeof *states; i++) {
        snprintf(sql, sizeof sql,
                 "UPDATE contact SET state = '%s' WHERE campaign ="
                 " (SELECT id FROM campaign WHERE name = '%s')",
                 states[i], name);
        assert_int_equal(database_exec(db, sql), RF_OK);
    }
}

// One part; whether there is more.
static bool run(struct rf_db *db, const char *fingerprint, int64_t most, int64_t now_s) {
    struct rf_error error = {0};
    struct rf_reopen job = {.job.run = rf_reopen_run, .most = most, .now = {now_s * S}};
    snprintf(job.fingerprint, sizeof job.fingerprint, "%s", fingerprint);
    if (database_do(db, &job.job, &error) != RF_OK)
        fail_msg("%s", error.message);
    return job.more;
}

static int64_t due_at(struct rf_db *db, int64_t s) {
    char sql[80];
    snprintf(sql, sizeof sql, "SELECT count (*) FROM contact WHERE due = %lld", (long long)(s * S));
    return database_number(db, sql);
}

static void another_calendar_makes_those_due_who_wait_for_their_first_window(void **state) {
    struct rf_db *db = *state;
    waiting(db, "first", 4);
    assert_int_equal(database_exec(db, "UPDATE contact SET last_unreached = 'busy', busy = 1"
                                       " WHERE line = 3;"
                                       "UPDATE contact SET due = 100000000000 WHERE line = 4;"
                                       "UPDATE contact SET state = 'running.dial' WHERE line = 5"),
                     RF_OK);
    assert_false(run(db, "monday", 100, 300));
    assert_int_equal(due_at(db, 300), 1);
    assert_int_equal(database_number(db, "SELECT due FROM contact WHERE line = 2"), 300 * S);
    // The same one, of another life or of another orchestrator, changes nothing.
    assert_int_equal(database_exec(db, "UPDATE contact SET due = 900000000000"), RF_OK);
    assert_false(run(db, "monday", 100, 400));
    assert_false(run(db, "", 100, 400));
    assert_int_equal(due_at(db, 400), 0);
    assert_false(run(db, "tuesday", 100, 500));
    assert_int_equal(due_at(db, 500), 2);
}

static void they_become_due_in_parts_each_once_and_after_a_death_as_well(void **state) {
    struct rf_db *db = *state;
    waiting(db, "first", 7);
    waiting(db, "second", 0);
    waiting(db, "third", 4);
    assert_true(run(db, "monday", 3, 300));
    assert_int_equal(due_at(db, 300), 3);
    // They are put off again at once.
    assert_int_equal(
        database_exec(db, "UPDATE contact SET due = 950000000000 WHERE due = 300000000000"), RF_OK);
    // Another life knows of it by the database alone.
    assert_true(run(db, "monday", 3, 301));
    assert_int_equal(due_at(db, 301), 3);
    int runs = 0, most = 0;
    bool more = true;
    while (more) {
        more = run(db, "", 3, 400 + runs);
        int64_t count = due_at(db, 400 + runs);
        most = count > most ? (int)count : most;
        assert_true(++runs < 10);
    }
    assert_int_equal(most, 3);
    assert_int_equal(due_at(db, 950), 3);
    assert_int_equal(due_at(db, 900), 0);
    assert_int_equal(database_number(db, "SELECT count (*) FROM reopen"), 0);
}

static void what_was_noted_of_one_campaign_is_looked_at_there_alone(void **state) {
    struct rf_db *db = *state;
    struct rf_error error = {0};
    waiting(db, "first", 2);
    waiting(db, "second", 3);
    int64_t id = database_number(db, "SELECT id FROM campaign WHERE name = 'second'");
    assert_int_equal(rf_reopen_note(db, id, &error), RF_OK);
    assert_true(run(db, "", 2, 300));
    // Once more while it is under way: from its beginning.
    assert_int_equal(rf_reopen_note(db, id, &error), RF_OK);
    assert_false(run(db, "", 100, 301));
    assert_int_equal(due_at(db, 900), 2);
    assert_int_equal(due_at(db, 300) + due_at(db, 301), 3);
}

static void only_what_decides_for_whom_it_is_time_is_another_calendar(void **state) {
    (void)state;
    struct rf_hours hours[2] = {{.days = 1, .from = 540, .to = 1020},
                                {.days = 2, .from = 540, .to = 1020}};
    struct rf_config_campaign campaign = {.time_zone = (char *)"UTC", .max_calls = 2};
    char prints[6][RF_SHA256_HEX_SIZE], again[RF_SHA256_HEX_SIZE];
    char text[] = "12-25 Christmas";
    struct rf_holidays *days;
    struct rf_error error = {0};
    assert_int_equal(rf_holidays_parse(text, "t", &days, &error), RF_OK);
    campaign.windows = (struct rf_config_list){.items = hours, .count = 1};
    rf_reopen_fingerprint(&campaign, NULL, prints[0]);
    rf_reopen_fingerprint(&campaign, days, prints[1]);
    campaign.windows.count = 2;
    rf_reopen_fingerprint(&campaign, NULL, prints[2]);
    hours[1].to = 1080;
    rf_reopen_fingerprint(&campaign, NULL, prints[3]);
    campaign.time_zone = (char *)"Asia/Tokyo";
    rf_reopen_fingerprint(&campaign, NULL, prints[4]);
    rf_reopen_fingerprint(&(struct rf_config_campaign){0}, NULL, prints[5]);
    for (int i = 0; i < 6; i++) {
        assert_int_equal(strlen(prints[i]), RF_SHA256_HEX_SIZE - 1);
        for (int j = 0; j < i; j++)
            assert_string_not_equal(prints[i], prints[j]);
    }
    campaign.max_calls = 5;
    campaign.pace = 3;
    assert_string_equal(rf_reopen_fingerprint(&campaign, NULL, again), prints[4]);
    rf_holidays_destroy(&days);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(another_calendar_makes_those_due_who_wait_for_their_first_window),
        TEST(they_become_due_in_parts_each_once_and_after_a_death_as_well),
        TEST(what_was_noted_of_one_campaign_is_looked_at_there_alone),
        cmocka_unit_test(only_what_decides_for_whom_it_is_time_is_another_calendar),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
