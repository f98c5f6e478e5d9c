// What the jobs write, on a database in memory.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "campaign.h"
#include "database.h"
#include "dial.h"
#include "explain.h"
#include "queue.h"
#include "record.h"
#include "report.h"
#include "shift.h"
#include "takeover.h"

#define S RF_NS_PER_S

static const struct rf_rules rules = {.play = true,
                                      .defer_delay = {30 * S},
                                      .send_margin = {20 * S},
                                      .http_timeout = {15 * S},
                                      .list_lag = {5 * S},
                                      .clock_skew = {2 * S},
                                      .poll_initial = {1 * S},
                                      .poll_max = {5 * S},
                                      .lost_after = {600 * S},
                                      .max_attempts = 4};

static int setup(void **state) {
    *state = database_open();
    return 0;
}

static int teardown(void **state) {
    struct rf_db *db = *state;
    rf_db_close(&db);
    return 0;
}

static json_t *entry(int64_t line, const char *phone, const char *name) {
    return json_pack("{s:I,s:s,s:s,s:{s:s}}", "line", (json_int_t)line, "phone", phone, "name",
                     name, "fields", "city", "Bath");
}

// Loads a page and gives its result.
static json_t *load(struct rf_db *db, const char *campaign, json_t *contacts) {
    json_t *params = json_pack("{s:s,s:o}", "campaign", campaign, "contacts", contacts);
    struct rf_campaign_load *job = NULL;
    struct rf_error error = {0};
    if (rf_campaign_load_new(params, (struct rf_utc){100 * S}, &job, &error) != RF_OK)
        fail_msg("%s", error.message);
    if (database_do(db, &job->job, &error) != RF_OK)
        fail_msg("%s", error.message);
    json_t *result = rf_campaign_load_result(job);
    rf_campaign_load_destroy(&job);
    json_decref(params);
    return result;
}

static void expect_load(json_t *result, int64_t added, int64_t known, size_t refused) {
    assert_int_equal(json_integer_value(json_object_get(result, "added")), added);
    assert_int_equal(json_integer_value(json_object_get(result, "known")), known);
    assert_int_equal(json_array_size(json_object_get(result, "refused")), refused);
    json_decref(result);
}

static int64_t start(struct rf_db *db, const char *campaign) {
    return database_order(db, campaign, RF_CAMPAIGN_START, (struct rf_utc){200 * S});
}

static struct rf_queue_claim claim(struct rf_db *db, int64_t count, enum rf_step first, bool test,
                                   int64_t now_s) {
    struct rf_queue_claim job = {.job.run = rf_queue_claim_run, .now = {now_s * S}};
    job.decision = (struct rf_claim_decision){.count = count, .first = first, .test = test};
    struct rf_error error = {0};
    if (database_do(db, &job.job, &error) != RF_OK)
        fail_msg("%s", error.message);
    return job;
}

static enum rf_err record(struct rf_db *db, const struct rf_contact *contact,
                          const struct rf_plan *plan, struct rf_error *error) {
    struct rf_record *job = rf_record_new(contact, plan, (struct rf_utc){300 * S});
    assert_non_null(job);
    enum rf_err err = database_do(db, &job->job, error);
    rf_record_destroy(&job);
    return err;
}

static enum rf_err intend(struct rf_db *db, struct rf_contact *contact, const char *id) {
    struct rf_error error = {0};
    struct rf_dial dial;
    rf_dial_begin(&dial, id, &rules, (struct rf_utc){300 * S});
    struct rf_record *job = rf_record_intent(contact, &dial, 0, (struct rf_utc){300 * S});
    enum rf_err err = database_do(db, &job->job, &error);
    if (err == RF_OK)
        contact->dial = dial;
    rf_record_destroy(&job);
    return err;
}

static int64_t events(struct rf_db *db, const char *type) {
    char sql[160];
    snprintf(sql, sizeof sql,
             "SELECT count (*) FROM outbox WHERE event /*! ::json */ ->> 'type' = '%s'", type);
    return database_number(db, sql);
}

static void loading_again_adds_nothing_twice(void **state) {
    struct rf_db *db = *state;
    for (int round = 0; round < 2; round++) {
        json_t *page =
            json_pack("[o,o]", entry(2, "+12025550100", "Ann"), entry(3, "+12025550101", "Bob"));
        expect_load(load(db, "spring", page), round == 0 ? 2 : 0, round == 0 ? 0 : 2, 0);
    }
    // The same number on another page and line of the same campaign is the same contact.
    expect_load(load(db, "spring", json_pack("[o]", entry(900, "+12025550101", "Bob"))), 0, 1, 0);
    expect_load(load(db, "autumn", json_pack("[o]", entry(2, "+12025550101", "Bob"))), 1, 0, 0);
    assert_int_equal(database_number(db, "SELECT count (*) FROM contact"), 3);
    assert_int_equal(events(db, "campaign.loaded"), 2);
}

static void bad_contacts_are_refused_by_line_and_the_others_are_taken(void **state) {
    struct rf_db *db = *state;
    json_t *page = json_pack(
        "[o,o,o,o,o,o,o,o]", entry(2, "+12025550100", "Ann"), entry(3, "0202555", "Bob"),
        entry(0, "+12025550102", "Cid"), json_pack("{s:i}", "line", 6),
        json_pack("{s:i,s:s,s:{s:i}}", "line", 7, "phone", "+12025550104", "fields", "x", 1),
        json_pack("{s:i,s:s,s:i}", "line", 8, "phone", "+12025550105", "time_zone", 5),
        json_pack("{s:i,s:s,s:n,s:{s:s}}", "line", 9, "phone", "+12025550106", "time_zone",
                  "fields", "time_zone", "Nowhere/Here"),
        json_pack("{s:I,s:s}", "line", (json_int_t)INT64_MAX, "phone", "+12025550107"));
    json_t *result = load(db, "spring", page);
    const json_int_t lines[] = {3, 0, 6, 7, 8, 9, INT64_MAX};
    json_t *refused = json_object_get(result, "refused");
    for (size_t i = 0; i < 7; i++) {
        json_t *item = json_array_get(refused, i);
        assert_int_equal(json_integer_value(json_object_get(item, "line")), lines[i]);
        assert_true(json_string_length(json_object_get(item, "reason")) > 0);
    }
    expect_load(result, 1, 0, 7);
}

static void a_second_list_whose_lines_are_taken_gets_the_next_free_numbers(void **state) {
    struct rf_db *db = *state;
    for (int round = 0; round < 2; round++) {
        json_t *first =
            json_pack("[o,o]", entry(2, "+12025550100", "Ann"), entry(7, "+12025550101", "Bob"));
        expect_load(load(db, "spring", first), round ? 0 : 2, round ? 2 : 0, 0);
        json_t *second =
            json_pack("[o,o,o]", entry(2, "+12025550102", "Cid"), entry(3, "+12025550103", "Dan"),
                      entry(4, "+12025550101", "Bob"));
        expect_load(load(db, "spring", second), round ? 0 : 2, round ? 3 : 1, 0);
    }
    assert_int_equal(database_number(db, "SELECT line FROM contact WHERE phone = '+12025550102'"),
                     8);
    assert_int_equal(database_number(db, "SELECT line FROM contact WHERE phone = '+12025550103'"),
                     3);
    assert_int_equal(database_number(db, "SELECT total FROM campaign"), 4);
    assert_int_equal(start(db, "spring"), 4);
}

// More contacts than go into one statement, with all that stands in the way of some of them.
static void a_large_page_is_taken_but_for_what_is_known(void **state) {
    struct rf_db *db = *state;
    enum { COUNT = 75 };
    json_t *before = json_array(), *page = json_array();
    for (int i = 0; i < 5; i++) // their lines are 2, 12, 22, ... of the page below
        json_array_append_new(before, json_pack("{s:i,s:o}", "line", 2 + 10 * i, "phone",
                                                json_sprintf("+12025559%03d", i)));
    expect_load(load(db, "c", before), 5, 0, 0);
    for (int i = 0; i < COUNT; i++) {
        // Each twentieth has the number of the one before it, and one is known from before.
        int number = i % 20 == 19 ? i - 1 : i == 50 ? 9003 : i;
        json_array_append_new(page, json_pack("{s:i,s:o}", "line", 2 + i, "phone",
                                              json_sprintf("+1202555%04d", number)));
    }
    json_array_append_new(page, json_pack("{s:i,s:s}", "line", 2 + COUNT, "phone", "030 12"));
    expect_load(load(db, "c", page), COUNT - 4, 4, 1);
    assert_int_equal(database_number(db, "SELECT count (*) FROM contact"), 5 + COUNT - 4);
    assert_int_equal(database_number(db, "SELECT count (DISTINCT line) FROM contact"),
                     5 + COUNT - 4);
    assert_int_equal(database_number(db, "SELECT total FROM campaign"), 5 + COUNT - 4);
    // The five whose lines were taken stand behind all others.
    assert_int_equal(database_number(db, "SELECT count (*) FROM contact WHERE line > 76"), 5);
    assert_int_equal(database_number(db, "SELECT line FROM contact WHERE phone = '+12025550031'"),
                     33);
}

static void a_page_whose_transaction_is_lost_is_loaded_whole_by_the_next(void **state) {
    struct rf_db *db = *state;
    struct rf_campaign_load *job = NULL;
    struct rf_error error = {0};
    json_t *params = json_pack("{s:s,s:[o,o]}", "campaign", "c", "contacts",
                               entry(2, "+12025550100", "Ada"), entry(3, "+12025550101", "Bob"));
    assert_int_equal(rf_campaign_load_new(params, (struct rf_utc){100 * S}, &job, &error), RF_OK);
    assert_int_equal(db->driver->begin(db, &error), RF_OK);
    assert_int_equal(job->job.run(&job->job, db, &error), RF_OK);
    db->driver->rollback(db);
    assert_int_equal(database_do(db, &job->job, &error), RF_OK);
    expect_load(rf_campaign_load_result(job), 2, 0, 0);
    assert_int_equal(database_number(db, "SELECT count (*) FROM contact"), 2);
    rf_campaign_load_destroy(&job);
    json_decref(params);
}

static void a_campaign_knows_the_columns_of_its_lists_in_their_order(void **state) {
    struct rf_db *db = *state;
    expect_load(load(db, "spring", json_pack("[o]", entry(2, "+12025550100", "Ann"))), 1, 0, 0);
    json_t *second = json_pack("[{s:i,s:s,s:{s:s,s:s}}]", "line", 3, "phone", "+12025550101",
                               "fields", "plan", "gold", "city", "Bath");
    expect_load(load(db, "spring", second), 1, 0, 0);
    assert_int_equal(database_number(db, "SELECT place FROM campaign_column WHERE name = 'city'"),
                     0);
    assert_int_equal(database_number(db, "SELECT place FROM campaign_column WHERE name = 'plan'"),
                     1);
}

static void a_page_that_is_wrong_as_a_whole_is_refused(void **state) {
    (void)state;
    char long_name[70];
    memset(long_name, 'a', 65);
    long_name[65] = '\0';
    json_t *big = json_array();
    for (int i = 0; i <= RF_CAMPAIGN_PAGE_MAX; i++)
        json_array_append_new(big, json_object());
    json_t *const pages[] = {
        NULL,
        json_pack("{s:s}", "campaign", "x"),
        json_pack("{s:[]}", "contacts"),
        json_pack("{s:s,s:[]}", "campaign", "", "contacts"),
        json_pack("{s:s,s:[]}", "campaign", "a/b", "contacts"),
        json_pack("{s:s,s:[]}", "campaign", long_name, "contacts"),
        json_pack("{s:s,s:{}}", "campaign", "x", "contacts"),
        json_pack("{s:s,s:o}", "campaign", "x", "contacts", big),
    };
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++) {
        struct rf_campaign_load *job = NULL;
        struct rf_error error = {0};
        assert_int_equal(rf_campaign_load_new(pages[i], (struct rf_utc){1}, &job, &error),
                         RF_ERR_INVALID);
        assert_null(job);
        assert_true(strlen(error.message) > 10);
        json_decref(pages[i]);
    }
}

static void starting_queues_all_and_starting_again_changes_nothing(void **state) {
    struct rf_db *db = *state;
    expect_load(load(db, "spring", json_pack("[o]", entry(2, "+12025550100", "Ann"))), 1, 0, 0);
    assert_int_equal(start(db, "spring"), 1);
    struct rf_queue_claim first = claim(db, 10, RF_STEP_SCRIPT, false, 200);
    assert_int_equal(first.contacts.count, 1);
    assert_int_equal(start(db, "spring"), 1);
    struct rf_queue_claim second = claim(db, 10, RF_STEP_SCRIPT, false, 200);
    assert_int_equal(second.contacts.count, 0);
    assert_int_equal(events(db, "contact.started"), 1);
    rf_contact_list_clear(&first.contacts);
    rf_contact_list_clear(&second.contacts);
    assert_int_equal(start(db, "winter"), -1);
}

static void
a_large_campaign_is_started_in_parts_and_by_another_start_if_one_broke_off(void **state) {
    struct rf_db *db = *state;
    json_t *page = json_array();
    for (int i = 0; i < 5; i++)
        json_array_append_new(
            page, json_pack("{s:i,s:o}", "line", 2 + i, "phone", json_sprintf("+1202555010%d", i)));
    expect_load(load(db, "spring", page), 5, 0, 0);
    struct rf_control job = {.job.run = rf_control_order_run,
                             .order = RF_CAMPAIGN_START,
                             .campaign = (char *)"spring",
                             .most = 2,
                             .now = {200 * S}};
    struct rf_error error = {0};
    static const int64_t queued[] = {2, 4, 5};
    for (size_t i = 0; i < 3; i++) {
        // The last time it is another start.
        if (i == 2)
            job = (struct rf_control){.job.run = rf_control_order_run,
                                      .order = RF_CAMPAIGN_START,
                                      .campaign = (char *)"spring",
                                      .most = 2,
                                      .now = {300 * S}};
        assert_int_equal(database_do(db, &job.job, &error), RF_OK);
        assert_int_equal(job.more, i < 2);
        assert_int_equal(json_integer_value(json_object_get(job.result, "total")), 5);
        json_decref(job.result);
        job.result = NULL;
        assert_int_equal(
            database_number(db, "SELECT count (*) FROM contact WHERE state = 'scheduled'"),
            queued[i]);
    }
    assert_int_equal(database_number(db, "SELECT started FROM campaign"), 200 * S);
}

static void a_campaign_without_contacts_finishes_at_its_start_once(void **state) {
    struct rf_db *db = *state;
    expect_load(load(db, "void", json_array()), 0, 0, 0);
    start(db, "void");
    start(db, "void");
    assert_int_equal(events(db, "campaign.finished"), 1);
    // What comes after the end is refused, so that it finishes once.
    expect_load(load(db, "void", json_pack("[o]", entry(2, "+12025550100", "Ann"))), 0, 0, 1);
}

static void a_claimed_contact_brings_all_that_its_steps_need(void **state) {
    struct rf_db *db = *state;
    expect_load(load(db, "spring", json_pack("[o]", entry(2, "+12025550100", "Ann"))), 1, 0, 0);
    start(db, "spring");
    struct rf_queue_claim job = claim(db, 10, RF_STEP_SCRIPT, false, 200);
    struct rf_contact *c = &job.contacts.items[0];
    assert_string_equal(c->id, "spring-2");
    assert_string_equal(c->phone, "+12025550100");
    assert_string_equal(c->name, "Ann");
    assert_string_equal(c->fields, "{\"city\":\"Bath\"}");
    assert_int_equal(c->state, RF_CONTACT_SCRIPT);
    assert_int_equal(job.claimed, 1);
    assert_int_equal(job.open_next.ns, INT64_MAX);
    rf_contact_list_clear(&job.contacts);
}

static void claims_take_what_is_due_furthest_first_and_the_test_below_it(void **state) {
    struct rf_db *db = *state;
    json_t *page = json_array();
    char phone[16];
    for (int i = 0; i < 6; i++) {
        snprintf(phone, sizeof phone, "+1202555010%d", i);
        json_array_append_new(page, entry(i + 1, phone, "x"));
    }
    expect_load(load(db, "spring", page), 6, 0, 0);
    start(db, "spring");
    // 1 and 2 wait at the dial, 3 at speech (due later), 4 to 6 were never begun.
    const char *const sql =
        "UPDATE contact SET state = 'running.script' WHERE line <= 3;"
        "UPDATE contact SET state = 'waiting.breaker', step = 2, due = 10 WHERE line IN (1, 2);"
        "UPDATE contact SET state = 'waiting.retry', step = 1, due = 500000000000 WHERE line = 3;";
    assert_int_equal(
        database_exec(db, "UPDATE contact SET state = 'running.script' WHERE line <= 3"), RF_OK);
    assert_int_equal(database_exec(db, sql), RF_OK);
    struct rf_queue_claim job = claim(db, 3, RF_STEP_DIAL, true, 200);
    assert_int_equal(job.contacts.count, 3);
    assert_int_equal(job.claimed, 2);
    assert_int_equal(job.contacts.items[0].line, 1);
    assert_int_equal(job.contacts.items[0].state, RF_CONTACT_DIAL);
    assert_int_equal(job.contacts.items[1].line, 2);
    assert_int_equal(job.contacts.items[2].line, 4); // 3 is not due
    assert_int_equal(job.test_row, job.contacts.items[2].row);
    assert_int_equal(job.open_next.ns, INT64_MAX);
    assert_int_equal(job.test_next.ns, 0); // due by any clock
    rf_contact_list_clear(&job.contacts);
    job = claim(db, 10, RF_STEP_SCRIPT, false, 200);
    assert_int_equal(job.contacts.count, 2);
    assert_int_equal(job.open_next.ns, 500 * S);
    rf_contact_list_clear(&job.contacts);
}

static void the_claim_reads_its_index_and_never_the_whole_table(void **state) {
    if (database_is_postgres())
        skip(); // whose plans depend on what it has counted
    struct rf_db *db = *state;
    struct rf_rows *row;
    struct rf_error error = {0};
    assert_int_equal(
        rf_db_query(db, &error, &row,
                    "EXPLAIN QUERY PLAN SELECT c.id FROM contact c"
                    " JOIN campaign k ON k.id = c.campaign"
                    " WHERE c.campaign = 1 AND " RF_SCHEMA_QUEUED_OF(
                        "c.") " AND c.step = 1 AND c.due <= 5 ORDER BY c.due, c.id LIMIT 3",
                    ""),
        RF_OK);
    bool index = false;
    while (rf_rows_next(row, &error) == RF_OK) {
        const char *detail = rf_rows_text(row, 3);
        index |= strstr(detail, "contact_queued") != NULL;
        assert_null(strstr(detail, "SCAN"));
        assert_null(strstr(detail, "TEMP B-TREE"));
    }
    assert_true(index);
    rf_rows_end(&row);
}

// One contact at its dial, in progress.
static struct rf_contact dialling(struct rf_db *db, const char *campaign, const char *phone) {
    expect_load(load(db, campaign, json_pack("[o]", entry(2, phone, "Ann"))), 1, 0, 0);
    start(db, campaign);
    struct rf_queue_claim job = claim(db, 1, RF_STEP_SCRIPT, false, 200);
    assert_int_equal(job.contacts.count, 1);
    struct rf_contact contact = job.contacts.items[0];
    free(job.contacts.items);
    struct rf_plan plan;
    struct rf_error error = {0};
    rf_plan_stay(&contact, &plan);
    plan.to = RF_CONTACT_DIAL;
    plan.step = RF_STEP_DIAL;
    plan.text = "Hello";
    assert_int_equal(record(db, &contact, &plan, &error), RF_OK);
    contact.state = RF_CONTACT_DIAL;
    contact.step = RF_STEP_DIAL;
    return contact;
}

static void one_number_has_one_open_attempt_over_all_campaigns(void **state) {
    struct rf_db *db = *state;
    struct rf_contact a = dialling(db, "spring", "+12025550100");
    struct rf_contact b = dialling(db, "autumn", "+12025550100");
    assert_int_equal(intend(db, &a, "A1"), RF_OK);
    assert_int_equal(intend(db, &b, "B1"), RF_ERR_CONFLICT);
    // incident 46: the claim of the number ends with the attempt.
    struct rf_plan plan;
    struct rf_error error = {0};
    rf_plan_stay(&a, &plan);
    plan.to = RF_CONTACT_WAIT_RETRY;
    plan.dial = RF_DIAL_ABSENT;
    assert_int_equal(record(db, &a, &plan, &error), RF_OK);
    assert_int_equal(intend(db, &b, "B2"), RF_OK);
    rf_contact_clear(&a);
    rf_contact_clear(&b);
}

// What is told of the first campaign's only contact.
static json_t *contact_told(struct rf_db *db) {
    struct rf_error error = {0};
    struct rf_report report = {
        .job.run = rf_report_contacts_run, .campaign = (char *)"spring", .limit = 10};
    assert_int_equal(database_do(db, &report.job, &error), RF_OK);
    json_t *entry = json_incref(json_array_get(json_object_get(report.result, "contacts"), 0));
    json_decref(report.result);
    return entry;
}

static void a_dial_that_was_never_sent_is_told_as_no_attempt(void **state) {
    struct rf_db *db = *state;
    struct rf_contact contact = dialling(db, "spring", "+12025550100");
    struct rf_plan plan;
    struct rf_error error = {0};
    assert_int_equal(intend(db, &contact, "A1"), RF_OK);
    const struct rf_call_reply reply = {.class = "local", .code = "breaker_open", .sent = "no"};
    rf_plan_reply(&contact, &reply, &rules, (struct rf_utc){300 * S}, &plan);
    assert_int_equal(record(db, &contact, &plan, &error), RF_OK);
    assert_int_equal(database_number(db, "SELECT count (*) FROM attempt WHERE state = 'absent'"),
                     1);
    json_t *told = contact_told(db);
    assert_int_equal(json_integer_value(json_object_get(told, "attempts")), 0);
    json_decref(told);
    struct rf_explain explain = {.job.run = rf_explain_run, .contact = (char *)"spring-2"};
    assert_int_equal(database_do(db, &explain.job, &error), RF_OK);
    json_t *entry = json_array_get(json_object_get(explain.result, "contacts"), 0);
    const char *text = json_string_value(json_object_get(entry, "text"));
    assert_non_null(strstr(text, "It was not dialled yet; its script is written. 1 time its dial"));
    assert_true(json_is_false(
        json_object_get(json_array_get(json_object_get(entry, "attempts"), 0), "sent")));
    json_decref(explain.result);
    rf_contact_clear(&contact);
}

// A question about calls since 100 s is written, and taken over by another life.
static struct rf_contact questioned(struct rf_db *db) {
    struct rf_contact contact = dialling(db, "spring", "+12025550100");
    struct rf_error error = {0};
    assert_int_equal(database_exec(db, "UPDATE contact SET ask_since = 100000000000"), RF_OK);
    contact.ask_since.ns = 100 * S;
    rf_dial_question(&contact.dial, "Q1", &contact, &rules, (struct rf_utc){250 * S});
    struct rf_record *job = rf_record_intent(&contact, &contact.dial, 0, (struct rf_utc){300 * S});
    assert_int_equal(database_do(db, &job->job, &error), RF_OK);
    rf_record_destroy(&job);
    rf_contact_clear(&contact);
    // The clock is set back.
    struct rf_shift shift = {.job.run = rf_shift_run, .now = {240 * S}};
    shift.step.all = shift.step.back = rf_seconds(-60);
    assert_int_equal(database_do(db, &shift.job, &error), RF_OK);
    assert_int_equal(database_number(db, "SELECT created FROM attempt"), 40 * S);
    database_live(db);
    struct rf_takeover resume = {.job.run = rf_takeover_run, .room = INT64_MAX};
    assert_int_equal(database_do(db, &resume.job, &error), RF_OK);
    assert_int_equal(resume.contacts.count, 1);
    contact = resume.contacts.items[0];
    free(resume.contacts.items);
    assert_true(contact.dial.question);
    struct rf_plan plan;
    rf_plan_stay(&contact, &plan);
    plan.to = RF_CONTACT_ASK;
    plan.dial = RF_DIAL_UNKNOWN;
    assert_int_equal(record(db, &contact, &plan, &error), RF_OK);
    contact.state = RF_CONTACT_ASK;
    contact.dial.state = RF_DIAL_UNKNOWN;
    return contact;
}

static void a_question_that_finds_no_call_leaves_nothing_whatever_the_clock_did(void **state) {
    struct rf_db *db = *state;
    struct rf_error error = {0};
    struct rf_contact contact = questioned(db);
    struct rf_plan plan;
    rf_plan_stay(&contact, &plan);
    plan.to = RF_CONTACT_DIAL;
    plan.dial = RF_DIAL_ABSENT;
    assert_int_equal(record(db, &contact, &plan, &error), RF_OK);
    assert_int_equal(database_number(db, "SELECT count (*) FROM attempt"), 0);
    assert_int_equal(database_number(db, "SELECT ask_since FROM contact"), 0);
    rf_contact_clear(&contact);
}

static void a_call_that_a_question_finds_is_told_with_its_own_time(void **state) {
    struct rf_db *db = *state;
    struct rf_error error = {0};
    struct rf_contact contact = questioned(db);
    struct rf_plan plan;
    rf_plan_stay(&contact, &plan);
    plan.to = RF_CONTACT_FOLLOW;
    plan.dial = RF_DIAL_PLACED;
    rf_plan_copy(plan.sid, sizeof plan.sid, "CA9");
    plan.created.ns = 180 * S;
    assert_int_equal(record(db, &contact, &plan, &error), RF_OK);
    assert_int_equal(database_number(db, "SELECT created FROM attempt"), 180 * S);
    // Its end does not change it.
    contact.state = RF_CONTACT_FOLLOW;
    contact.dial.state = RF_DIAL_PLACED;
    rf_plan_stay(&contact, &plan);
    plan.to = RF_CONTACT_DONE;
    plan.dial = RF_DIAL_ENDED;
    assert_int_equal(record(db, &contact, &plan, &error), RF_OK);
    assert_int_equal(database_number(db, "SELECT created FROM attempt"), 180 * S);
    rf_contact_clear(&contact);
}

static void a_resumed_contact_has_its_finished_steps_and_its_open_attempt(void **state) {
    struct rf_db *db = *state;
    struct rf_contact contact = dialling(db, "spring", "+12025550100");
    assert_int_equal(intend(db, &contact, "A1"), RF_OK);
    struct rf_takeover resume = {.job.run = rf_takeover_run, .room = INT64_MAX};
    struct rf_error error = {0};
    database_live(db);
    assert_int_equal(database_do(db, &resume.job, &error), RF_OK);
    assert_int_equal(resume.contacts.count, 1);
    struct rf_contact *back = &resume.contacts.items[0];
    assert_int_equal(back->state, RF_CONTACT_DIAL);
    assert_string_equal(back->script, "Hello");
    assert_int_equal(back->dial.state, RF_DIAL_INTENT);
    assert_string_equal(back->dial.id, "A1");
    assert_int_equal(back->dial.created.ns, 300 * S);
    assert_int_equal(back->dial.send_before.ns, 320 * S);
    rf_contact_list_clear(&resume.contacts);
    rf_contact_clear(&contact);
}

// The events of an orchestrator of before are published under their own numbers, and those that
// come then follow them.
static void an_outbox_of_an_earlier_version_keeps_its_stream_and_its_numbers(void **state) {
    (void)state;
    struct rf_db *db;
    struct rf_error error = {0};
    assert_int_equal(rf_sqlite_open(":memory:", &db, &error), RF_OK);
    assert_int_equal(rf_db_migrate(db, rf_schema_migrations, 5, &error), RF_OK);
    assert_int_equal(database_exec(db, "UPDATE stream SET name = 'orchestrator-0011';"
                                       "INSERT INTO outbox (event) VALUES ('a'), ('b'), ('c');"
                                       "DELETE FROM outbox WHERE seq = 1"),
                     RF_OK);
    assert_int_equal(rf_db_migrate(db, rf_schema_migrations, rf_schema_migration_count, &error),
                     RF_OK);
    struct rf_takeover_open open = {.job.run = rf_takeover_open_run};
    assert_int_equal(database_do(db, &open.job, &error), RF_OK);
    assert_string_equal(open.stream.name, "orchestrator-0011");
    assert_int_equal(open.stream.next, 2);
    assert_int_equal(rf_notice_store(db, "d", &error), RF_OK);
    assert_int_equal(database_number(db, "SELECT seq FROM outbox WHERE event = 'd'"), 4);
    assert_int_equal(database_number(db, "SELECT count (*) FROM outbox"), 3);
    rf_db_close(&db);
}

static void incident_47_a_late_write_does_not_overwrite_another_state(void **state) {
    struct rf_db *db = *state;
    struct rf_contact contact = dialling(db, "spring", "+12025550100");
    assert_int_equal(intend(db, &contact, "A1"), RF_OK);
    struct rf_plan plan;
    struct rf_error error = {0};
    rf_plan_stay(&contact, &plan);
    plan.to = RF_CONTACT_ASK;
    plan.dial = RF_DIAL_UNKNOWN;
    assert_int_equal(record(db, &contact, &plan, &error), RF_OK);
    plan.to = RF_CONTACT_WAIT_RETRY; // decided from what was before
    plan.dial = RF_DIAL_ABSENT;
    assert_int_equal(record(db, &contact, &plan, &error), RF_ERR_INVALID);
    assert_int_equal(database_number(db, "SELECT count (*) FROM attempt WHERE state = 'unknown'"),
                     1);
    rf_contact_clear(&contact);
}

static void the_last_contact_finishes_the_campaign_in_its_own_transaction(void **state) {
    struct rf_db *db = *state;
    struct rf_contact contact = dialling(db, "spring", "+12025550100");
    struct rf_plan plan;
    struct rf_error error = {0};
    rf_plan_stay(&contact, &plan);
    plan.to = RF_CONTACT_SET_ASIDE;
    strcpy(plan.reason, "permanent.invalid");
    assert_int_equal(record(db, &contact, &plan, &error), RF_OK);
    assert_int_equal(events(db, "campaign.finished"), 1);
    assert_int_equal(
        database_number(
            db,
            "SELECT event /*! ::json */ -> 'data' ->> 'set_aside' FROM outbox ORDER BY seq DESC"),
        1);
    start(db, "spring");
    assert_int_equal(events(db, "campaign.finished"), 1);
    rf_contact_clear(&contact);
}

static void status_and_contacts_tell_what_is_stored(void **state) {
    struct rf_db *db = *state;
    struct rf_contact contact = dialling(db, "spring", "+12025550100");
    struct rf_error error = {0};
    struct rf_report status = {.job.run = rf_report_status_run};
    assert_int_equal(database_do(db, &status.job, &error), RF_OK);
    json_t *campaign = json_array_get(json_object_get(status.result, "campaigns"), 0);
    assert_string_equal(json_string_value(json_object_get(campaign, "name")), "spring");
    assert_int_equal(json_integer_value(json_object_get(campaign, "running")), 1);
    assert_int_equal(json_integer_value(json_object_get(campaign, "total")), 1);
    assert_int_equal(json_integer_value(json_object_get(campaign, "done")), 0);
    assert_true(json_is_false(json_object_get(campaign, "finished")));
    json_decref(status.result);

    struct rf_report contacts = {
        .job.run = rf_report_contacts_run, .campaign = (char *)"spring", .limit = 10};
    assert_int_equal(database_do(db, &contacts.job, &error), RF_OK);
    json_t *item = json_array_get(json_object_get(contacts.result, "contacts"), 0);
    assert_string_equal(json_string_value(json_object_get(item, "id")), "spring-2");
    assert_string_equal(json_string_value(json_object_get(item, "state")), "running");
    assert_string_equal(json_string_value(json_object_get(item, "step")), "dial");
    json_decref(contacts.result);
    rf_contact_clear(&contact);

    struct rf_report none = {
        .job.run = rf_report_contacts_run, .campaign = (char *)"winter", .limit = 10};
    assert_int_equal(database_do(db, &none.job, &error), RF_ERR_NOT_FOUND);
}

static void an_event_is_read_back_as_it_was_written(void **state) {
    (void)state;
    struct rf_contact contact = {.line = 2, .phone = (char *)"+12025550100", .name = (char *)"Ann"};
    contact.campaign = (char *)"spring";
    strcpy(contact.id, "spring-2");
    struct rf_attempt attempt = {.provider = "elevenlabs", .class = "transient", .status = 503};
    struct rf_call_reply reply = {.class = "transient", .mark_made = true};
    reply.attempts.items = &attempt;
    reply.attempts.count = 1;
    struct rf_plan plan = {.class = RF_CLASS_TRANSIENT};
    strcpy(plan.reason, "retries_exhausted");
    strcpy(plan.provider, "elevenlabs");
    const struct rf_notice_step step = {.step = RF_STEP_SPEECH, .reply = &reply};
    char *text = rf_notice_set_aside(&contact, &plan, &step, (struct rf_utc){5 * S});
    struct rf_event event;
    json_t *root;
    struct rf_error error = {0};
    assert_int_equal(rf_notice_parse(text, &event, &root, &error), RF_OK);
    assert_string_equal(event.type, "contact.set_aside");
    assert_string_equal(event.severity, "error");
    assert_string_equal(event.subject, "spring-2");
    assert_string_equal(event.campaign, "spring");
    assert_string_equal(event.contact, "spring-2");
    assert_string_equal(event.service, "elevenlabs");
    assert_int_equal(event.ts, 5 * S);
    assert_int_equal(strlen(event.id), 26);
    const char *const texts[][2] = {{"step", "speech"},
                                    {"reason", "retries_exhausted"},
                                    {"class", "transient"},
                                    {"phone", "+12025550100"},
                                    {"name", "Ann"}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        assert_string_equal(json_string_value(json_object_get(event.data, texts[i][0])),
                            texts[i][1]);
    json_t *first = json_array_get(json_object_get(event.data, "attempts"), 0);
    assert_int_equal(json_integer_value(json_object_get(first, "status")), 503);
    assert_true(json_is_true(json_object_get(event.data, "mark_made")));
    json_decref(root);
    free(text);
    assert_int_equal(rf_notice_parse("[1", &event, &root, &error), RF_ERR_INVALID);
    assert_null(root);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(loading_again_adds_nothing_twice),
        TEST(bad_contacts_are_refused_by_line_and_the_others_are_taken),
        TEST(a_second_list_whose_lines_are_taken_gets_the_next_free_numbers),
        TEST(a_large_page_is_taken_but_for_what_is_known),
        TEST(a_page_whose_transaction_is_lost_is_loaded_whole_by_the_next),
        TEST(a_campaign_knows_the_columns_of_its_lists_in_their_order),
        TEST(a_page_that_is_wrong_as_a_whole_is_refused),
        TEST(starting_queues_all_and_starting_again_changes_nothing),
        TEST(a_large_campaign_is_started_in_parts_and_by_another_start_if_one_broke_off),
        TEST(a_campaign_without_contacts_finishes_at_its_start_once),
        TEST(a_claimed_contact_brings_all_that_its_steps_need),
        TEST(claims_take_what_is_due_furthest_first_and_the_test_below_it),
        TEST(the_claim_reads_its_index_and_never_the_whole_table),
        TEST(one_number_has_one_open_attempt_over_all_campaigns),
        TEST(a_dial_that_was_never_sent_is_told_as_no_attempt),
        TEST(a_question_that_finds_no_call_leaves_nothing_whatever_the_clock_did),
        TEST(a_call_that_a_question_finds_is_told_with_its_own_time),
        TEST(a_resumed_contact_has_its_finished_steps_and_its_open_attempt),
        cmocka_unit_test(an_outbox_of_an_earlier_version_keeps_its_stream_and_its_numbers),
        TEST(incident_47_a_late_write_does_not_overwrite_another_state),
        TEST(the_last_contact_finishes_the_campaign_in_its_own_transaction),
        TEST(status_and_contacts_tell_what_is_stored),
        TEST(an_event_is_read_back_as_it_was_written),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
