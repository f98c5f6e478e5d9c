// Campaigns that stand still, in the database.
#include <string.h>

#include "database.h"
#include "notice.h"
#include "stall_rows.h"
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

static void must(struct rf_db *db, const char *sql) {
    assert_int_equal(database_exec(db, sql), RF_OK);
}

// A campaign that runs, with contacts at lines 2 and on that are due.
static void running(struct rf_db *db, int contacts) {
    char sql[256];
    must(db, "INSERT INTO campaign (name, state, created) VALUES ('c', 'running', 1)");
    for (int i = 0; i < contacts; i++) {
        snprintf(sql, sizeof sql,
                 "INSERT INTO contact (campaign, line, phone) SELECT id, %d, '+120255501%02d'"
                 " FROM campaign WHERE name = 'c'",
                 i + 2, i);
        must(db, sql);
    }
    must(db, "UPDATE contact SET state = 'scheduled'");
}

// A round at `at_s`; how many events lie in the outbox after it.
static int64_t look(struct rf_db *db, struct rf_stall_job *job, int64_t at_s) {
    struct rf_error error = {0};
    job->job.run = rf_stall_run;
    job->limit = rf_seconds(600);
    job->now = (struct rf_utc){(1000 + at_s) * S};
    job->instant = (struct rf_instant){at_s * S};
    if (database_do(db, &job->job, &error) != RF_OK)
        fail_msg("%s", error.message);
    return database_number(db, "SELECT count (*) FROM outbox");
}

// The number `key` in the data of the newest event, whose type must be this one.
static int64_t told(struct rf_db *db, const char *type, const char *key) {
    struct rf_rows *row;
    struct rf_error error = {0};
    struct rf_event event;
    json_t *root;
    assert_int_equal(
        rf_db_query(db, &error, &row, "SELECT event FROM outbox ORDER BY seq DESC LIMIT 1", ""),
        RF_OK);
    assert_int_equal(rf_rows_next(row, &error), RF_OK);
    assert_int_equal(rf_notice_parse(rf_rows_text(row, 0), &event, &root, &error), RF_OK);
    assert_string_equal(event.type, type);
    assert_string_equal(event.subject, "c");
    assert_string_equal(event.campaign, "c");
    int64_t number = json_integer_value(json_object_get(event.data, key));
    json_decref(root);
    rf_rows_end(&row);
    return number;
}

static void a_campaign_without_movement_is_told_once_and_again_when_a_contact_ends(void **state) {
    struct rf_db *db = *state;
    struct rf_stall_job job = {0};
    running(db, 3);
    assert_int_equal(look(db, &job, 0), 0);
    assert_int_equal(look(db, &job, 599), 0);
    assert_int_equal(look(db, &job, 600), 1);
    assert_int_equal(told(db, "queue.stalled", "due"), 3);
    assert_int_equal(told(db, "queue.stalled", "since"), 1000 * S);
    assert_int_equal(look(db, &job, 700), 1);
    // Another who shares the database, or a later life, does not tell it again.
    struct rf_stall_job other = {0};
    assert_int_equal(look(db, &other, 0), 1);
    assert_int_equal(look(db, &other, 700), 1);
    must(db, "UPDATE contact SET state = 'running.script' WHERE line = 2;"
             "UPDATE contact SET state = 'set_aside', reason = 'test', ended = 1 WHERE line = 2");
    assert_int_equal(look(db, &other, 750), 2);
    assert_int_equal(told(db, "queue.moving", "held_ns"), 750 * S);
    assert_int_equal(look(db, &job, 760), 2);
    rf_stall_fini(&job.stall);
    rf_stall_fini(&other.stall);
}

static void a_contact_that_is_begun_and_put_off_again_has_not_moved(void **state) {
    struct rf_db *db = *state;
    struct rf_stall_job job = {0};
    running(db, 3);
    assert_int_equal(look(db, &job, 0), 0);
    must(db, "UPDATE contact SET state = 'running.script' WHERE line = 2");
    assert_int_equal(look(db, &job, 300), 0);
    must(db, "UPDATE contact SET state = 'waiting.breaker' WHERE line = 2");
    assert_int_equal(look(db, &job, 600), 1);
    must(db, "UPDATE contact SET state = 'running.script' WHERE line = 2");
    assert_int_equal(look(db, &job, 700), 1);
    rf_stall_fini(&job.stall);
}

static void
calls_that_take_long_and_contacts_that_wait_for_their_time_are_no_standstill(void **state) {
    struct rf_db *db = *state;
    struct rf_stall_job job = {0};
    running(db, 2);
    must(db, "UPDATE contact SET state = 'running.script' WHERE line = 2;"
             "UPDATE contact SET state = 'running.dial' WHERE line = 2;"
             "UPDATE contact SET state = 'running.follow' WHERE line = 2");
    assert_int_equal(look(db, &job, 0), 0);
    assert_int_equal(look(db, &job, 700), 0);
    must(db, "UPDATE contact SET due = 9000000000000 WHERE line = 3;"
             "UPDATE contact SET state = 'done', outcome = 'completed', ended = 1 WHERE line = 2");
    assert_int_equal(look(db, &job, 800), 0);
    assert_int_equal(look(db, &job, 1500), 0);
    rf_stall_fini(&job.stall);
}

static void a_paused_campaign_stands_still_by_intent(void **state) {
    struct rf_db *db = *state;
    struct rf_stall_job job = {0};
    running(db, 2);
    assert_int_equal(look(db, &job, 0), 0);
    assert_int_equal(look(db, &job, 600), 1);
    must(db, "UPDATE campaign SET state = 'paused'");
    assert_int_equal(look(db, &job, 660), 2);
    (void)told(db, "queue.moving", "held_ns");
    assert_int_equal(look(db, &job, 2000), 2);
    rf_stall_fini(&job.stall);
}

static void one_behind_a_campaign_of_higher_priority_waits_for_its_turn(void **state) {
    struct rf_db *db = *state;
    struct rf_stall_job job = {0};
    running(db, 2);
    must(db, "INSERT INTO campaign (name, state, created, priority)"
             " VALUES ('urgent', 'running', 1, 5);"
             "INSERT INTO contact (campaign, line, phone) SELECT id, 2, '+12025550300'"
             " FROM campaign WHERE name = 'urgent';"
             "UPDATE contact SET state = 'scheduled' WHERE phone = '+12025550300';"
             "UPDATE contact SET state = 'running.script' WHERE phone = '+12025550300'");
    assert_int_equal(look(db, &job, 0), 0);
    assert_int_equal(look(db, &job, 700), 0);
    must(db, "UPDATE contact SET state = 'set_aside', reason = 'test', ended = 1"
             " WHERE phone = '+12025550300'");
    assert_int_equal(look(db, &job, 800), 0);
    assert_int_equal(look(db, &job, 1500), 1);
    (void)told(db, "queue.stalled", "due");
    rf_stall_fini(&job.stall);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_campaign_without_movement_is_told_once_and_again_when_a_contact_ends),
        TEST(a_contact_that_is_begun_and_put_off_again_has_not_moved),
        TEST(calls_that_take_long_and_contacts_that_wait_for_their_time_are_no_standstill),
        TEST(a_paused_campaign_stands_still_by_intent),
        TEST(one_behind_a_campaign_of_higher_priority_waits_for_its_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
