// What an export tells of contacts and their calls, page by page.
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "database.h"

#include "campaign.h"
#include "export.h"

static int setup(void **state) {
    *state = database_open();
    return 0;
}

static int teardown(void **state) {
    struct rf_db *db = *state;
    rf_db_close(&db);
    return 0;
}

// Loads contacts of the lines from `first` to `last`; each has the column `column`.
static void load(struct rf_db *db, int first, int last, const char *column, const char *value) {
    json_t *contacts = json_array();
    for (int line = first; line <= last; line++)
        json_array_append_new(contacts, json_pack("{s:i,s:o,s:{s:s}}", "line", line, "phone",
                                                  json_sprintf("+1202555%04d", line), "fields",
                                                  column, value));
    json_t *params = json_pack("{s:s,s:o}", "campaign", "spring", "contacts", contacts);
    struct rf_campaign_load *job = NULL;
    struct rf_error error = {0};
    assert_int_equal(rf_campaign_load_new(params, (struct rf_utc){100}, &job, &error), RF_OK);
    assert_int_equal(database_do(db, &job->job, &error), RF_OK);
    assert_int_equal(job->added, last - first + 1);
    rf_campaign_load_destroy(&job);
    json_decref(params);
}

static json_t *page(struct rf_db *db, int64_t after, int64_t limit, const char *states) {
    struct rf_report report = {.job.run = rf_export_run,
                               .campaign = (char *)"spring",
                               .after = after,
                               .limit = limit,
                               .states = states ? json_loads(states, 0, NULL) : NULL};
    struct rf_error error = {0};
    if (database_do(db, &report.job, &error) != RF_OK)
        fail_msg("%s", error.message);
    json_decref(report.states);
    return report.result;
}

static int64_t number(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}

static void pages_go_through_all_contacts_in_order_of_their_lines(void **state) {
    struct rf_db *db = *state;
    load(db, 2, 8, "city", "Bath");
    int64_t after = 0, expected = 2;
    for (bool more = true; more;) {
        size_t i;
        json_t *contact, *result = page(db, after, 3, NULL);
        json_array_foreach(json_object_get(result, "contacts"), i, contact)
            assert_int_equal(number(contact, "line"), expected++);
        // The columns come once.
        assert_int_equal(json_array_size(json_object_get(result, "columns")), after == 0 ? 1 : 0);
        after = number(result, "last");
        more = json_is_true(json_object_get(result, "more"));
        json_decref(result);
    }
    assert_int_equal(expected, 9);
}

static void large_fields_make_small_pages(void **state) {
    struct rf_db *db = *state;
    char *text = malloc(16001);
    assert_non_null(text);
    memset(text, 'x', 16000);
    text[16000] = '\0';
    load(db, 1, 100, "note", text);
    json_t *result = page(db, 0, 1000, NULL);
    assert_true(json_is_true(json_object_get(result, "more")));
    assert_in_range(json_array_size(json_object_get(result, "contacts")), 60, 70);
    assert_int_equal(number(result, "last"), json_array_size(json_object_get(result, "contacts")));
    json_decref(result);
    free(text);
}

// Line 2 was called twice, line 3 waits to be called again, line 4 was set aside before any call.
static void call(struct rf_db *db) {
    static const char *const statements[] = {
        "UPDATE contact SET state = 'scheduled'",
        "UPDATE contact SET state = 'running.script' WHERE line <= 4",
        "UPDATE contact SET state = 'running.dial', step = 2 WHERE line <= 3",
        "UPDATE contact SET state = 'set_aside', reason = 'permanent.auth', message = 'no key',"
        " ended = 900 WHERE line = 4",
        "INSERT INTO attempt (id, contact, phone, created, send_before, state) VALUES"
        " ('A1', (SELECT id FROM contact WHERE line = 2), '+12025550002', 200, 201, 'intent'),"
        " ('A3', (SELECT id FROM contact WHERE line = 3), '+12025550003', 300, 301, 'intent')",
        "UPDATE attempt SET state = 'placed', sid = 'C' || id, provider = 'twilio'",
        "UPDATE attempt SET state = 'ended', ended = 250, duration_s = 0",
        "INSERT INTO attempt (id, contact, phone, created, send_before, state) VALUES"
        " ('A2', (SELECT id FROM contact WHERE line = 2), '+12025550002', 400, 401, 'intent')",
        "UPDATE attempt SET state = 'placed', sid = 'CA2', provider = 'twilio' WHERE id = 'A2'",
        "UPDATE attempt SET state = 'ended', ended = 450, duration_s = 31 WHERE id = 'A2'",
        "INSERT INTO attempt (id, contact, phone, created, send_before, state) VALUES"
        " ('A0', (SELECT id FROM contact WHERE line = 2), '+12025550002', 150, 151, 'intent')",
        "UPDATE attempt SET state = 'absent', status = 'breaker_open', unsent = 1 WHERE id = 'A0'",
        "UPDATE contact SET state = 'running.follow' WHERE line <= 3",
        "UPDATE contact SET state = 'done', outcome = 'completed', ended = 450 WHERE line = 2",
        "UPDATE contact SET state = 'waiting.retry', reason = 'busy' WHERE line = 3",
    };
    for (size_t i = 0; i < sizeof statements / sizeof *statements; i++)
        if (database_exec(db, statements[i]) != RF_OK)
            fail_msg("%s", statements[i]);
}

static void expect_contact(const json_t *result, size_t i, const char *expected) {
    char *text = json_dumps(json_array_get(json_object_get(result, "contacts"), i),
                            JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(text, expected);
    free(text);
}

static void a_contact_is_told_with_all_its_calls(void **state) {
    struct rf_db *db = *state;
    load(db, 2, 5, "city", "Bath");
    call(db);
    json_t *result = page(db, 0, 1000, NULL);
    expect_contact(result, 0,
                   "{\"attempts\":2,\"created\":100,\"duration_s\":31,\"ended\":450,\"fields\":"
                   "{\"city\":\"Bath\"},\"first_dial\":200,\"id\":\"spring-2\",\"line\":2,"
                   "\"outcome\":\"completed\",\"phone\":\"+12025550002\",\"provider\":\"twilio\","
                   "\"sids\":[\"CA1\",\"CA2\"],\"state\":\"done\",\"step\":\"dial\"}");
    expect_contact(
        result, 1,
        "{\"attempts\":1,\"created\":100,\"duration_s\":0,\"fields\":{\"city\":\"Bath\"},"
        "\"first_dial\":300,\"id\":\"spring-3\",\"line\":3,\"phone\":\"+12025550003\","
        "\"provider\":\"twilio\",\"reason\":\"busy\",\"sids\":[\"CA3\"],\"state\":"
        "\"waiting\",\"step\":\"dial\"}");
    expect_contact(result, 2,
                   "{\"attempts\":0,\"created\":100,\"ended\":900,\"fields\":{\"city\":\"Bath\"},"
                   "\"id\":\"spring-4\",\"line\":4,\"message\":\"no key\",\"phone\":"
                   "\"+12025550004\",\"reason\":\"permanent.auth\",\"sids\":[],\"state\":"
                   "\"set_aside\",\"step\":\"script\"}");
    assert_false(json_is_true(json_object_get(result, "more")));
    json_decref(result);
}

static void the_states_that_are_wanted_are_picked_and_the_others_passed_over(void **state) {
    struct rf_db *db = *state;
    static const struct {
        const char *states;
        size_t count;
        int64_t first;
    } cases[] = {
        {"[\"done\"]", 1, 2},
        {"[\"waiting\",\"set_aside\"]", 2, 3},
        {"[\"new\"]", 1, 5},
        {"[\"running\"]", 0, 0},
    };
    load(db, 2, 5, "city", "Bath");
    call(db);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        json_t *result = page(db, 0, 4, cases[i].states);
        const json_t *contacts = json_object_get(result, "contacts");
        assert_int_equal(json_array_size(contacts), cases[i].count);
        assert_int_equal(number(json_array_get(contacts, 0), "line"), cases[i].first);
        assert_int_equal(number(result, "last"), 5);
        json_decref(result);
        json_t *states = json_loads(cases[i].states, 0, NULL);
        assert_true(rf_export_states_valid(states));
        json_decref(states);
    }
    static const char *const wrong[] = {"[]", "{}", "[\"asleep\"]", "[1]"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        json_t *states = json_loads(wrong[i], 0, NULL);
        assert_false(rf_export_states_valid(states));
        json_decref(states);
    }
    assert_true(rf_export_states_valid(NULL));
}

static void an_unknown_campaign_is_told(void **state) {
    struct rf_report report = {.job.run = rf_export_run, .campaign = (char *)"winter", .limit = 10};
    struct rf_error error = {0};
    assert_int_equal(database_do(*state, &report.job, &error), RF_ERR_NOT_FOUND);
    assert_string_equal(error.message, "there is no campaign winter");
    json_decref(report.result);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(pages_go_through_all_contacts_in_order_of_their_lines),
        TEST(large_fields_make_small_pages),
        TEST(a_contact_is_told_with_all_its_calls),
        TEST(the_states_that_are_wanted_are_picked_and_the_others_passed_over),
        TEST(an_unknown_campaign_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
