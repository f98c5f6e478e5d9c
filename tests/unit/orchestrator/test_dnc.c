// Numbers that nobody may call: kept, paged, and looked at when contacts are loaded, claimed and
// dialled.
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "database.h"

#include "campaign.h"
#include "dial.h"
#include "dnc.h"
#include "queue.h"
#include "record.h"

#define S     RF_NS_PER_S
#define SINCE (1795860000 * S) // 2026-11-28

static int setup(void **state) {
    *state = database_open();
    return 0;
}

static int teardown(void **state) {
    struct rf_db *db = *state;
    rf_db_close(&db);
    return 0;
}

static json_t *numbers(const char *text) {
    json_t *list = json_loads(text, 0, NULL);
    assert_non_null(list);
    return json_pack("{s:o}", "numbers", list);
}

// Carries out dnc_add or dnc_remove and expects its counts.
static void expect_change(struct rf_db *db, bool remove, const char *text, int64_t changed,
                          int64_t unchanged, size_t refused) {
    json_t *params = numbers(text);
    struct rf_dnc_change *change = NULL;
    struct rf_error error = {0};
    assert_int_equal(rf_dnc_change_new(params, remove, (struct rf_utc){SINCE}, &change, &error),
                     RF_OK);
    if (database_do(db, &change->job, &error) != RF_OK)
        fail_msg("%s", error.message);
    json_t *result = rf_dnc_change_result(change);
    assert_int_equal(json_integer_value(json_object_get(result, remove ? "removed" : "added")),
                     changed);
    assert_int_equal(json_integer_value(json_object_get(result, remove ? "unknown" : "known")),
                     unchanged);
    assert_int_equal(json_array_size(json_object_get(result, "refused")), refused);
    json_decref(result);
    rf_dnc_change_destroy(&change);
    json_decref(params);
}

static void expect_list(struct rf_db *db, int64_t after, int64_t limit, const char *expected) {
    struct rf_dnc_list list = {.job.run = rf_dnc_list_run, .after = after, .limit = limit};
    struct rf_error error = {0};
    if (database_do(db, &list.job, &error) != RF_OK)
        fail_msg("%s", error.message);
    char *text = json_dumps(list.result, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, expected);
    free(text);
    json_decref(list.result);
}

static void numbers_are_added_once_removed_and_listed_by_pages(void **state) {
    struct rf_db *db = *state;
    bool empty = false;
    struct rf_error error = {0};
    assert_int_equal(rf_dnc_empty(db, &empty, &error), RF_OK);
    assert_true(empty);
    expect_change(db, false,
                  "[{\"phone\":\"+12025550101\",\"why\":\"by letter\"},{\"phone\":\"+4930123456\"},"
                  "{\"phone\":\"+12025550101\",\"why\":\"again\"}]",
                  2, 1, 0);
    expect_change(db, false, "[{\"phone\":\"+12025550100\"}]", 1, 0, 0);
    assert_int_equal(rf_dnc_empty(db, &empty, &error), RF_OK);
    assert_false(empty);
    expect_list(
        db, 0, 2,
        "{\"numbers\":[{\"phone\":\"+4930123456\",\"since\":1795860000000000000,\"why\":\"\"},"
        "{\"phone\":\"+12025550100\",\"since\":1795860000000000000,\"why\":\"\"}]}");
    expect_list(db, 12025550100, 2,
                "{\"numbers\":[{\"phone\":\"+12025550101\",\"since\":1795860000000000000,\"why\":"
                "\"by letter\"}]}");
    expect_change(db, true, "[{\"phone\":\"+12025550101\"},{\"phone\":\"+12025550199\"}]", 1, 1, 0);
    expect_list(db, 12025550100, 2, "{\"numbers\":[]}");
    // What changed nothing is told of by nothing.
    expect_change(db, false, "[{\"phone\":\"+4930123456\"}]", 0, 1, 0);
    assert_int_equal(database_number(db, "SELECT count (*) FROM outbox"), 3);
}

static void what_is_wrong_with_a_number_is_told_and_the_others_are_taken(void **state) {
    struct rf_db *db = *state;
    expect_change(db, false,
                  "[{\"phone\":\"0301234\"},{},5,{\"phone\":\"+12025550101\",\"why\":7},"
                  "{\"phone\":\"+12025550102\",\"why\":null}]",
                  1, 0, 4);
    json_t *many = json_array();
    for (int i = 0; i <= RF_DNC_PAGE_MAX; i++)
        json_array_append_new(many, json_object());
    json_t *const wrong[] = {NULL, json_object(), json_pack("{s:s}", "numbers", "+12025550101"),
                             json_pack("{s:[],s:i}", "numbers", "by", 1),
                             json_pack("{s:o}", "numbers", many)};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        struct rf_dnc_change *change = NULL;
        struct rf_error error = {0};
        assert_int_equal(
            rf_dnc_change_new(wrong[i], false, (struct rf_utc){SINCE}, &change, &error),
            RF_ERR_INVALID);
        assert_null(change);
        json_decref(wrong[i]);
    }
}

// Loads the contact of line 2 and starts its campaign; gives the reason if it is refused.
static char *load(struct rf_db *db, const char *phone) {
    json_t *params = json_pack("{s:s,s:[{s:i,s:s}]}", "campaign", "spring", "contacts", "line", 2,
                               "phone", phone);
    struct rf_campaign_load *job = NULL;
    struct rf_error error = {0};
    assert_int_equal(rf_campaign_load_new(params, (struct rf_utc){100 * S}, &job, &error), RF_OK);
    assert_int_equal(database_do(db, &job->job, &error), RF_OK);
    char *reason = job->rows[0].problem ? strdup(job->rows[0].problem) : NULL;
    rf_campaign_load_destroy(&job);
    json_decref(params);
    assert_true(database_order(db, "spring", RF_CAMPAIGN_START, (struct rf_utc){100 * S}) >= 0);
    return reason;
}

static struct rf_contact claimed(struct rf_db *db) {
    struct rf_queue_claim claim = {.job.run = rf_queue_claim_run, .now = {200 * S}};
    claim.decision.count = 1;
    struct rf_error error = {0};
    assert_int_equal(database_do(db, &claim.job, &error), RF_OK);
    assert_int_equal(claim.contacts.count, 1);
    struct rf_contact contact = claim.contacts.items[0];
    free(claim.contacts.items);
    return contact;
}

static void a_number_on_the_list_is_refused_when_it_is_loaded(void **state) {
    struct rf_db *db = *state;
    expect_change(db, false, "[{\"phone\":\"+12025550100\",\"why\":\"by letter\"}]", 1, 0, 0);
    char *reason = load(db, "+12025550100");
    assert_string_equal(reason, "is on the do-not-call list since 2026-11-28: by letter");
    free(reason);
    assert_int_equal(database_number(db, "SELECT count (*) FROM contact"), 0);
}

static void a_number_that_came_on_the_list_is_known_when_its_contact_is_claimed(void **state) {
    struct rf_db *db = *state;
    assert_null(load(db, "+12025550100"));
    expect_change(db, false, "[{\"phone\":\"+12025550100\"}]", 1, 0, 0);
    struct rf_contact contact = claimed(db);
    assert_true(contact.barred);
    struct rf_plan plan;
    rf_dnc_plan(&contact, "is on the do-not-call list", &plan);
    struct rf_record *record = rf_record_new(&contact, &plan, (struct rf_utc){300 * S});
    struct rf_error error = {0};
    assert_int_equal(database_do(db, &record->job, &error), RF_OK);
    rf_record_destroy(&record);
    assert_int_equal(database_number(db, "SELECT count (*) FROM contact WHERE state = 'set_aside'"
                                         " AND reason = 'do_not_call' AND ended = 300000000000"),
                     1);
    rf_contact_clear(&contact);
}

static void the_last_look_is_in_the_transaction_of_the_intent(void **state) {
    struct rf_db *db = *state;
    assert_null(load(db, "+12025550100"));
    struct rf_contact contact = claimed(db);
    assert_false(contact.barred);
    assert_int_equal(database_exec(db, "UPDATE contact SET state = 'running.dial'"), RF_OK);
    contact.state = RF_CONTACT_DIAL;
    expect_change(db, false, "[{\"phone\":\"+12025550100\",\"why\":\"by letter\"}]", 1, 0, 0);
    const struct rf_rules rules = {.send_margin = {20 * S}};
    struct rf_dial dial;
    struct rf_error error = {0};
    rf_dial_begin(&dial, "A1", &rules, (struct rf_utc){300 * S});
    struct rf_record *record = rf_record_intent(&contact, &dial, 0, (struct rf_utc){300 * S});
    assert_int_equal(database_do(db, &record->job, &error), RF_ERR_CONFLICT);
    assert_true(record->barred);
    assert_false(record->paused);
    assert_string_equal(record->barred_why,
                        "is on the do-not-call list since 2026-11-28: by letter");
    assert_int_equal(database_number(db, "SELECT count (*) FROM attempt"), 0);
    // Off the list again, it may be called.
    expect_change(db, true, "[{\"phone\":\"+12025550100\"}]", 1, 0, 0);
    assert_int_equal(database_do(db, &record->job, &error), RF_OK);
    assert_false(record->barred);
    assert_int_equal(database_number(db, "SELECT count (*) FROM attempt"), 1);
    rf_record_destroy(&record);
    rf_contact_clear(&contact);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(numbers_are_added_once_removed_and_listed_by_pages),
        TEST(what_is_wrong_with_a_number_is_told_and_the_others_are_taken),
        TEST(a_number_on_the_list_is_refused_when_it_is_loaded),
        TEST(a_number_that_came_on_the_list_is_known_when_its_contact_is_claimed),
        TEST(the_last_look_is_in_the_transaction_of_the_intent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
