// Claims over several campaigns, and what a contact brings along, on a database in memory.
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "campaign.h"
#include "database.h"
#include "dial.h"
#include "outcome.h"
#include "queue.h"
#include "record.h"
#include "report.h"

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

static void must(struct rf_db *db, struct rf_store_job *job) {
    struct rf_error error = {0};
    if (database_do(db, job, &error) != RF_OK)
        fail_msg("%s", error.message);
}

// Loads a contact; its problem, or NULL if it was added.
static char *load_one(struct rf_db *db, const char *campaign, json_t *contact) {
    json_t *params = json_pack("{s:s,s:[o]}", "campaign", campaign, "contacts", contact);
    struct rf_campaign_load *job = NULL;
    struct rf_error error = {0};
    assert_int_equal(rf_campaign_load_new(params, (struct rf_utc){S}, &job, &error), RF_OK);
    must(db, &job->job);
    char *problem = job->rows[0].problem ? strdup(job->rows[0].problem) : NULL;
    rf_campaign_load_destroy(&job);
    json_decref(params);
    return problem;
}

// A campaign with `count` contacts, started.
static void campaign(struct rf_db *db, const char *name, int64_t priority, int count) {
    char sql[128];
    for (int i = 0; i < count; i++) {
        json_t *contact =
            json_pack("{s:i,s:o}", "line", i + 2, "phone", json_sprintf("+120255501%02d", i));
        assert_null(load_one(db, name, contact));
    }
    assert_true(database_order(db, name, RF_CAMPAIGN_START, (struct rf_utc){200 * S}) >= 0);
    snprintf(sql, sizeof sql, "UPDATE campaign SET priority = %d WHERE name = '%s'", (int)priority,
             name);
    assert_int_equal(database_exec(db, sql), RF_OK);
}

// Claims, and counts what came of each campaign: `first`, `second`.
struct claimed {
    int first, second;
    struct rf_queue_claim job;
};

static struct claimed claim(struct rf_db *db, int64_t count, int64_t limit) {
    struct claimed got = {.job = {.job.run = rf_queue_claim_run, .now = {200 * S}, .limit = limit}};
    got.job.decision = (struct rf_claim_decision){.count = count, .first = RF_STEP_SCRIPT};
    must(db, &got.job.job);
    for (size_t i = 0; i < got.job.contacts.count; i++) {
        got.first += strcmp(got.job.contacts.items[i].campaign, "first") == 0;
        got.second += strcmp(got.job.contacts.items[i].campaign, "second") == 0;
    }
    rf_contact_list_clear(&got.job.contacts);
    return got;
}

static void campaigns_of_one_priority_share_the_places(void **state) {
    campaign(*state, "first", 0, 20);
    campaign(*state, "second", 0, 20);
    struct claimed got = claim(*state, 8, 0);
    assert_int_equal(got.first, 4);
    assert_int_equal(got.second, 4);
    got = claim(*state, 3, 0);
    assert_int_equal(got.first + got.second, 3);
    assert_true(got.first > 0 && got.second > 0);
}

static void a_campaign_that_comes_late_catches_up_with_the_one_that_was_alone(void **state) {
    campaign(*state, "first", 0, 20);
    assert_int_equal(claim(*state, 8, 0).first, 8);
    campaign(*state, "second", 0, 20);
    struct claimed got = claim(*state, 4, 0);
    assert_int_equal(got.first, 0);
    assert_int_equal(got.second, 4);
}

static void a_higher_priority_goes_first_and_what_it_leaves_is_used(void **state) {
    campaign(*state, "first", -1, 20);
    campaign(*state, "second", 2, 5);
    struct claimed got = claim(*state, 3, 0);
    assert_int_equal(got.second, 3);
    assert_int_equal(got.first, 0);
    got = claim(*state, 6, 0);
    assert_int_equal(got.second, 2);
    assert_int_equal(got.first, 4);
}

static void a_paused_campaign_takes_nothing_and_has_nothing_due(void **state) {
    campaign(*state, "first", 9, 5);
    campaign(*state, "second", 0, 2);
    assert_int_equal(
        database_exec(*state, "UPDATE campaign SET state = 'paused' WHERE name = 'first'"), RF_OK);
    struct claimed got = claim(*state, 8, 0);
    assert_int_equal(got.first, 0);
    assert_int_equal(got.second, 2);
    assert_int_equal(got.job.open_next.ns, INT64_MAX);
    assert_int_equal(
        database_exec(*state, "UPDATE campaign SET state = 'running' WHERE name = 'first'"), RF_OK);
    assert_int_equal(claim(*state, 8, 0).first, 5);
}

static void who_got_all_that_it_asked_for_asks_again(void **state) {
    campaign(*state, "first", 0, 3);
    struct claimed got = claim(*state, 3, 0);
    assert_int_equal(got.first, 3);
    assert_true(got.job.open_next.ns <= 200 * S);
    got = claim(*state, 3, 0);
    assert_int_equal(got.first, 0);
    assert_int_equal(got.job.open_next.ns, INT64_MAX);
    assert_int_equal(got.job.sharers, 1);
}

static void without_a_campaign_it_is_still_known_who_shares_the_database(void **state) {
    struct claimed got = claim(*state, 3, 0);
    assert_int_equal(got.job.contacts.count, 0);
    assert_int_equal(got.job.open_next.ns, INT64_MAX);
    assert_int_equal(got.job.sharers, 1);
}

static void the_limit_of_a_campaign_counts_what_is_in_progress(void **state) {
    campaign(*state, "first", 0, 20);
    struct claimed got = claim(*state, 2, 3);
    assert_int_equal(got.first, 2);
    assert_false(got.job.full);
    assert_int_equal(got.job.open_next.ns, 0); // due by any clock
    got = claim(*state, 8, 3);
    assert_int_equal(got.first, 1);
    assert_true(got.job.full);
    // What is due waits for one of its contacts, not for a time.
    assert_int_equal(got.job.open_next.ns, INT64_MAX);
    got = claim(*state, 8, 3);
    assert_int_equal(got.first, 0);
    assert_int_equal(database_exec(*state, "UPDATE contact SET state = 'set_aside'"
                                           " WHERE line = 2"),
                     RF_OK);
    assert_int_equal(claim(*state, 8, 3).first, 1);
}

static void the_claim_tells_how_many_orchestrators_are_at_work(void **state) {
    campaign(*state, "first", 0, 1);
    assert_int_equal(claim(*state, 1, 0).job.sharers, 1);
    assert_int_equal(database_exec(*state, "INSERT INTO member (name, alive_until, gone)"
                                           " VALUES ('b', 1, 0), ('c', 1, 1)"),
                     RF_OK);
    assert_int_equal(claim(*state, 1, 0).job.sharers, 2);
}

struct other {
    struct rf_db *db;
    struct claimed got;
    atomic_bool done;
};

// A second orchestrator at the same database.
static struct rf_db *join_beside(void) {
    struct rf_db *db = database_connect(false);
    struct rf_error error = {0};
    struct rf_takeover_open open = {.job.run = rf_takeover_open_run};
    assert_int_equal(db->driver->begin(db, &error), RF_OK);
    assert_int_equal(rf_member_join(db, "other", rf_seconds(3600), &error), RF_OK);
    assert_int_equal(db->driver->commit(db, &error), RF_OK);
    must(db, &open.job);
    return db;
}

static void *claim_beside(void *arg) {
    struct other *other = arg;
    other->got = claim(other->db, 2, 3);
    atomic_store(&other->done, true);
    return NULL;
}

// Two orchestrators claim at the same time, each two of three.
static void the_limit_holds_over_orchestrators_that_claim_at_the_same_time(void **state) {
    struct rf_db *db = *state;
    if (!database_is_postgres())
        skip();
    campaign(db, "first", 0, 20);
    struct other other = {.db = join_beside()};
    struct rf_db *watcher = database_connect(false);
    struct rf_error error = {0};
    struct rf_queue_claim job = {.job.run = rf_queue_claim_run, .now = {200 * S}, .limit = 3};
    job.decision.count = 2;
    assert_int_equal(db->driver->begin(db, &error), RF_OK);
    assert_int_equal(rf_queue_claim_run(&job.job, db, &error), RF_OK);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, claim_beside, &other), 0);
    while (!atomic_load(&other.done) &&
           database_number(watcher, "SELECT count (*) FROM pg_stat_activity"
                                    " WHERE wait_event_type = 'Lock'") == 0)
        (void)usleep(1000);
    assert_int_equal(db->driver->commit(db, &error), RF_OK);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_int_equal(job.contacts.count, 2);
    assert_int_equal(other.got.first, 1);
    assert_int_equal(other.got.job.full, true);
    rf_contact_list_clear(&job.contacts);
    rf_db_close(&other.db);
    rf_db_close(&watcher);
}

static void the_reading_of_turns_uses_indexes(void **state) {
    if (database_is_postgres())
        skip(); // whose plans depend on what it has counted
    struct rf_rows *row;
    struct rf_error error = {0};
    assert_int_equal(rf_db_query(*state, &error, &row,
                                 "EXPLAIN QUERY PLAN SELECT count (*) FROM contact WHERE"
                                 " campaign = 1 AND " RF_SCHEMA_UNENDED " AND " RF_SCHEMA_RUNNING,
                                 ""),
                     RF_OK);
    while (rf_rows_next(row, &error) == RF_OK) {
        assert_non_null(strstr(rf_rows_text(row, 3), "contact_unended (campaign=? AND state=?)"));
        assert_null(strstr(rf_rows_text(row, 3), "SCAN"));
    }
    rf_rows_end(&row);
}

static void a_contacts_time_zone_comes_from_its_key_or_its_column(void **state) {
    struct rf_db *db = *state;
    assert_null(load_one(db, "first",
                         json_pack("{s:i,s:s,s:s}", "line", 2, "phone", "+12025550100", "time_zone",
                                   "Asia/Kathmandu")));
    assert_null(load_one(db, "first",
                         json_pack("{s:i,s:s,s:{s:s}}", "line", 3, "phone", "+12025550101",
                                   "fields", "time_zone", "Europe/Berlin")));
    assert_null(load_one(db, "first",
                         json_pack("{s:i,s:s,s:{s:s}}", "line", 4, "phone", "+12025550102",
                                   "fields", "time_zone", "")));
    char *problem = load_one(
        db, "first",
        json_pack("{s:i,s:s,s:s}", "line", 5, "phone", "+12025550103", "time_zone", "Berlin"));
    assert_string_equal(problem, "has a time_zone that the system does not know; write one such "
                                 "as Europe/Berlin, with its capitals");
    free(problem);
    campaign(db, "first", 0, 0);
    struct rf_queue_claim job = {.job.run = rf_queue_claim_run, .now = {200 * S}};
    job.decision.count = 8;
    must(db, &job.job);
    assert_int_equal(job.contacts.count, 3);
    assert_string_equal(job.contacts.items[0].time_zone, "Asia/Kathmandu");
    assert_string_equal(job.contacts.items[1].time_zone, "Europe/Berlin");
    assert_null(job.contacts.items[2].time_zone);
    rf_contact_list_clear(&job.contacts);
}

static void status_tells_when_the_first_is_called_who_waits_for_it(void **state) {
    struct rf_db *db = *state;
    static const char *const changes[] = {
        "UPDATE contact SET state = 'running.script' WHERE line > 2",
        "UPDATE contact SET state = 'running.dial' WHERE line > 3",
        "UPDATE contact SET state = 'running.follow' WHERE line > 6",
        "UPDATE contact SET state = 'waiting.retry', reason = 'transient', due = 1 WHERE line = 3",
        "UPDATE contact SET state = 'waiting.window', reason = 'hour', due = 90 WHERE line = 4",
        "UPDATE contact SET state = 'waiting.window', reason = 'holiday', due = 70 WHERE line = 5",
        "UPDATE contact SET state = 'waiting.retry', reason = 'busy', due = 50 WHERE line = 7",
        ("UPDATE contact SET state = 'waiting.retry', reason = 'voicemail', due = 40"
         " WHERE line = 8"),
    };
    campaign(db, "first", 0, 8);
    struct rf_error error = {0};
    for (size_t i = 0; i <= sizeof changes / sizeof changes[0]; i++) {
        struct rf_report status = {.job.run = rf_report_status_run};
        assert_int_equal(database_do(db, &status.job, &error), RF_OK);
        const json_t *told = json_array_get(json_object_get(status.result, "campaigns"), 0);
        const json_t *opens = json_object_get(told, "window_opens");
        const json_t *again = json_object_get(told, "calls_again");
        assert_int_equal(json_integer_value(opens), i < 5 ? 0 : i == 5 ? 90 : 70);
        assert_int_equal(json_integer_value(again), i < 7 ? 0 : i == 7 ? 50 : 40);
        assert_int_equal(opens != NULL, i >= 5);
        assert_int_equal(again != NULL, i >= 7);
        json_decref(status.result);
        if (i < sizeof changes / sizeof changes[0])
            assert_int_equal(database_exec(db, changes[i]), RF_OK);
    }
    struct rf_report contacts = {
        .job.run = rf_report_contacts_run, .campaign = (char *)"first", .limit = 10};
    assert_int_equal(database_do(db, &contacts.job, &error), RF_OK);
    const json_t *list = json_object_get(contacts.result, "contacts");
    assert_null(json_object_get(json_array_get(list, 0), "until")); // never begun
    assert_int_equal(json_integer_value(json_object_get(json_array_get(list, 2), "until")), 90);
    json_decref(contacts.result);
}

// It has no numbers for its events; later it may have.
static void without_a_stream_of_ours_nothing_is_claimed(void **state) {
    struct rf_db *db = *state;
    struct rf_error error = {0};
    campaign(db, "first", 0, 2);
    for (int open = 0; open < 2; open++) {
        struct rf_queue_claim job = {
            .job.run = rf_queue_claim_run, .now = {200 * S}, .decision.count = 10};
        assert_int_equal(
            database_exec(db, open ? "UPDATE stream SET open = 1" : "UPDATE stream SET open = 0"),
            RF_OK);
        assert_int_equal(database_do(db, &job.job, &error), open ? RF_OK : RF_ERR_IO);
        db->driver->rollback(db);
        assert_int_equal(
            database_number(db, "SELECT count (*) FROM contact WHERE state = 'running.script'"),
            open ? 2 : 0);
        rf_contact_list_clear(&job.contacts);
    }
}

static void who_was_made_ready_for_a_shut_window_is_counted_and_what_was_not_goes_on(void **state) {
    struct rf_db *db = *state;
    static const char *const changes[] = {
        "UPDATE contact SET state = 'running.script' WHERE line < 8",
        "UPDATE contact SET state = 'waiting.window', step = 0, due = 900000000000"
        " WHERE line < 4",
        "UPDATE contact SET state = 'running.speech' WHERE line IN (4, 5, 6, 7)",
        "UPDATE contact SET state = 'waiting.window', step = 1, due = 900000000000"
        " WHERE line = 4",
        "UPDATE contact SET state = 'running.dial' WHERE line IN (5, 6, 7)",
        "UPDATE contact SET state = 'waiting.window', step = 2, due = 900000000000"
        " WHERE line IN (5, 6, 7)",
        // Who was called already is none of them.
        "UPDATE contact SET last_unreached = 'busy', busy = 1 WHERE line = 7",
    };
    campaign(db, "first", 0, 7);
    for (size_t i = 0; i < sizeof changes / sizeof changes[0]; i++)
        assert_int_equal(database_exec(db, changes[i]), RF_OK);
    struct rf_queue_claim job = {.job.run = rf_queue_claim_run, .now = {200 * S}};
    must(db, &job.job);
    assert_int_equal(job.ahead, 3);
    job.now.ns = 900 * S;
    job.decision.count = 10;
    must(db, &job.job);
    assert_int_equal(job.ahead, 0);
    assert_int_equal(
        database_number(db, "SELECT count (*) FROM contact WHERE state = 'running.script'"), 3);
    assert_int_equal(
        database_number(db, "SELECT count (*) FROM contact WHERE state = 'running.speech'"), 1);
    rf_contact_list_clear(&job.contacts);
}

static void incident_27_a_campaign_that_was_paused_meanwhile_dials_nobody(void **state) {
    struct rf_db *db = *state;
    static const struct rf_rules rules = {.send_margin = {20 * S}};
    campaign(db, "first", 0, 1);
    struct rf_queue_claim job = {.job.run = rf_queue_claim_run, .now = {200 * S}};
    job.decision.count = 1;
    must(db, &job.job);
    struct rf_contact *contact = &job.contacts.items[0];
    assert_int_equal(database_exec(db, "UPDATE contact SET state = 'running.dial'"), RF_OK);
    contact->state = RF_CONTACT_DIAL;
    for (int paused = 1; paused >= 0; paused--) {
        struct rf_error error = {0};
        struct rf_dial dial;
        char sql[80];
        snprintf(sql, sizeof sql, "UPDATE campaign SET state = '%s'",
                 paused == 1 ? "paused" : "running");
        assert_int_equal(database_exec(db, sql), RF_OK);
        rf_dial_begin(&dial, "A1", &rules, (struct rf_utc){300 * S});
        struct rf_record *intent = rf_record_intent(contact, &dial, 0, (struct rf_utc){300 * S});
        assert_int_equal(database_do(db, &intent->job, &error), paused ? RF_ERR_CONFLICT : RF_OK);
        assert_int_equal(intent->paused, paused > 0);
        assert_int_equal(database_number(db, "SELECT count (*) FROM attempt"), !paused);
        rf_record_destroy(&intent);
    }
    rf_contact_list_clear(&job.contacts);
}

// A call that ended busy: what is written of it is what the next claim reads.
static void how_calls_ended_is_kept_for_the_next_one(void **state) {
    struct rf_db *db = *state;
    static const enum rf_unreached endings[] = {RF_UNREACHED_BUSY,      RF_UNREACHED_VOICEMAIL,
                                                RF_UNREACHED_NO_ANSWER, RF_UNREACHED_CANCELED,
                                                RF_UNREACHED_FAILED,    RF_UNREACHED_BUSY};
    struct rf_config_campaign rules = {.max_calls = 9};
    for (int how = RF_UNREACHED_BUSY; how < RF_UNREACHED_COUNT; how++)
        rules.recall[how] = (struct rf_config_recall){
            .retries = 2, .delay = {60 * S}, .max_delay = {60 * S}, .backoff_factor = 1};
    campaign(db, "first", 0, 1);
    for (int64_t round = 0; round < 6; round++) {
        struct rf_utc now = {(200 + round * 100) * S};
        struct rf_queue_claim job = {.job.run = rf_queue_claim_run, .now = now};
        job.decision.count = 1;
        must(db, &job.job);
        assert_int_equal(job.contacts.count, 1);
        struct rf_contact *contact = &job.contacts.items[0];
        assert_int_equal(rf_outcome_calls(contact->unreached), round);
        assert_int_equal(contact->state, round == 0 ? RF_CONTACT_SCRIPT : RF_CONTACT_DIAL);
        assert_int_equal(contact->last_unreached,
                         round == 0 ? RF_UNREACHED_NONE : endings[round - 1]);
        assert_int_equal(contact->unreached[RF_UNREACHED_BUSY], round > 0);
        assert_int_equal(contact->unreached[RF_UNREACHED_FAILED], round > 4);
        assert_int_equal(database_exec(db, "UPDATE contact SET state = 'running.dial'"
                                           " WHERE state = 'running.script'"),
                         RF_OK);
        assert_int_equal(database_exec(db, "UPDATE contact SET state = 'running.follow'"), RF_OK);
        contact->state = RF_CONTACT_FOLLOW;
        struct rf_plan plan;
        rf_plan_stay(contact, &plan);
        rf_outcome_ended(contact, endings[round], &rules, NULL, NULL, now, &plan);
        plan.dial = RF_DIAL_NONE; // its attempt is another test's
        struct rf_record *record = rf_record_new(contact, &plan, now);
        must(db, &record->job);
        rf_record_destroy(&record);
        assert_int_equal(database_number(db, "SELECT due FROM contact"), now.ns + 60 * S);
        rf_contact_list_clear(&job.contacts);
    }
}

// A claim of contacts to be made ready for their speech, which is down.
static struct claimed make_ready(struct rf_db *db, int64_t places, int64_t most) {
    struct claimed got = {.job = {.job.run = rf_queue_claim_run, .now = {200 * S}}};
    got.job.decision = (struct rf_claim_decision){.first = RF_STEP_DIAL,
                                                  .count = places,
                                                  .test_first = RF_STEP_DIAL,
                                                  .prepare = places,
                                                  .prepare_most = most,
                                                  .prepare_first = RF_STEP_SCRIPT,
                                                  .prepare_end = RF_STEP_SPEECH};
    must(db, &got.job.job);
    for (size_t i = 0; i < got.job.contacts.count; i++) {
        got.first += strcmp(got.job.contacts.items[i].campaign, "first") == 0;
        got.second += strcmp(got.job.contacts.items[i].campaign, "second") == 0;
    }
    rf_contact_list_clear(&got.job.contacts);
    return got;
}

static void contacts_are_made_ready_in_advance_up_to_the_bound_over_all_campaigns(void **state) {
    struct rf_db *db = *state;
    campaign(db, "first", 0, 20);
    campaign(db, "second", 3, 4);
    struct claimed got = make_ready(db, 5, 8);
    assert_int_equal(got.second, 4); // the higher priority first
    assert_int_equal(got.first, 1);
    assert_false(got.job.prepared);
    // Four of them are ready and rest; one is still at it: three more, in however many places.
    assert_int_equal(
        database_exec(db, "UPDATE contact SET state = 'waiting.breaker', step = 1, due = 0,"
                          " reason = 'breaker_open' WHERE state = 'running.script'"
                          " AND campaign = (SELECT id FROM campaign WHERE name = 'second')"),
        RF_OK);
    got = make_ready(db, 10, 8);
    assert_int_equal(got.first, 3);
    assert_int_equal(got.second, 0);
    got = make_ready(db, 10, 8);
    assert_int_equal(got.first + got.second, 0);
    assert_true(got.job.prepared);
    assert_int_equal(got.job.prepare_next.ns, INT64_MAX);
    // When speech is back, those that are ready go first, within their campaign.
    got = claim(db, 4, 0);
    assert_int_equal(got.second, 4);
}

// How many more allocations of JSON succeed; negative: all.
static int allowed = -1;

static void *allocate(size_t size) {
    if (allowed == 0)
        return NULL;
    allowed -= allowed > 0;
    return malloc(size);
}

static void the_sids_that_are_known_are_all_told_or_none(void **state) {
    struct rf_db *db = *state;
    struct rf_error error = {0};
    assert_int_equal(
        database_exec(db, "INSERT INTO campaign (name, state, created) VALUES ('c', 'running', 1);"
                          "INSERT INTO contact (campaign, line, phone, due) VALUES"
                          " (1, 2, '+12025550100', 0);"
                          "INSERT INTO attempt (id, contact, phone, created, send_before, state)"
                          " SELECT 'A1', id, phone, 1, 1, 'intent' FROM contact;"
                          "UPDATE attempt SET state = 'placed', sid = 'CA1';"
                          "UPDATE attempt SET state = 'ended';"
                          "INSERT INTO attempt (id, contact, phone, created, send_before, state)"
                          " SELECT 'A2', id, phone, 1, 1, 'intent' FROM contact;"
                          "UPDATE attempt SET state = 'placed', sid = 'CA2' WHERE id = 'A2'"),
        RF_OK);
    struct rf_queue_known known = {.job.run = rf_queue_known_run, .phone = (char *)"+12025550100"};
    json_set_alloc_funcs(allocate, free);
    enum rf_err err = RF_ERR_NOMEM;
    int failures = 0;
    for (; err != RF_OK && failures < 20; failures++) {
        allowed = failures;
        err = database_do(db, &known.job, &error); // as the store does it again
        allowed = -1;
        if (err == RF_OK)
            assert_int_equal(json_array_size(known.sids), 2);
        else
            assert_int_equal(err, RF_ERR_NOMEM);
    }
    assert_int_equal(err, RF_OK);
    assert_true(failures > 4);
    json_decref(known.sids);
    json_set_alloc_funcs(malloc, free);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(campaigns_of_one_priority_share_the_places),
        TEST(a_campaign_that_comes_late_catches_up_with_the_one_that_was_alone),
        TEST(a_higher_priority_goes_first_and_what_it_leaves_is_used),
        TEST(a_paused_campaign_takes_nothing_and_has_nothing_due),
        TEST(who_got_all_that_it_asked_for_asks_again),
        TEST(without_a_campaign_it_is_still_known_who_shares_the_database),
        TEST(the_limit_of_a_campaign_counts_what_is_in_progress),
        TEST(the_claim_tells_how_many_orchestrators_are_at_work),
        TEST(the_limit_holds_over_orchestrators_that_claim_at_the_same_time),
        TEST(the_sids_that_are_known_are_all_told_or_none),
        TEST(the_reading_of_turns_uses_indexes),
        TEST(a_contacts_time_zone_comes_from_its_key_or_its_column),
        TEST(status_tells_when_the_first_is_called_who_waits_for_it),
        TEST(without_a_stream_of_ours_nothing_is_claimed),
        TEST(who_was_made_ready_for_a_shut_window_is_counted_and_what_was_not_goes_on),
        TEST(incident_27_a_campaign_that_was_paused_meanwhile_dials_nobody),
        TEST(how_calls_ended_is_kept_for_the_next_one),
        TEST(contacts_are_made_ready_in_advance_up_to_the_bound_over_all_campaigns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
