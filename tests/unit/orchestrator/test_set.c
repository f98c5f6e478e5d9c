// Settings of a campaign's own, in the database: kept, versioned, and obeyed by claims and intents.
#include <stdlib.h>
#include <string.h>

#include "campaign.h"
#include "database.h"
#include "dial.h"
#include "explain.h"
#include "outcome.h"
#include "queue.h"
#include "record.h"
#include "reopen.h"
#include "report.h"
#include "set.h"

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

static struct rf_config *configured(void) {
    struct rf_config *config;
    struct rf_error error = {0};
    assert_int_equal(rf_config_load(NULL, &config, &error), RF_OK);
    return config;
}

static void load(struct rf_db *db, const char *name, int contacts) {
    json_t *list = json_array();
    for (int i = 0; i < contacts; i++)
        json_array_append_new(
            list, json_pack("{s:i,s:o}", "line", i + 2, "phone",
                            json_sprintf("+1%s%06d", name[0] == 'f' ? "2025" : "3035", i)));
    json_t *params = json_pack("{s:s,s:o}", "campaign", name, "contacts", list);
    struct rf_campaign_load *job;
    struct rf_error error = {0};
    assert_int_equal(rf_campaign_load_new(params, (struct rf_utc){100 * S}, &job, &error), RF_OK);
    assert_int_equal(database_do(db, &job->job, &error), RF_OK);
    rf_campaign_load_destroy(&job);
    json_decref(params);
}

static void campaign(struct rf_db *db, const char *name, int contacts) {
    load(db, name, contacts);
    assert_true(database_order(db, name, RF_CAMPAIGN_START, (struct rf_utc){200 * S}) >= 0);
}

// A request for settings: what comes of it, with the result, or the error's text.
static enum rf_err request(struct rf_db *db, json_t *params, json_t **result,
                           struct rf_error *error) {
    struct rf_config *config = configured();
    struct rf_set *set;
    bool changed = false;
    assert_int_equal(rf_set_new(params, "call", (struct rf_utc){300 * S}, &set, error), RF_OK);
    enum rf_err err = database_do(db, &set->job, error);
    if (err == RF_OK)
        err = rf_set_decide(set, config, &changed, error);
    set->job.run = rf_set_write_run;
    if (err == RF_OK && changed)
        err = database_do(db, &set->job, error);
    *result = err == RF_OK ? json_incref(set->result) : NULL;
    rf_set_destroy(&set);
    rf_config_destroy(&config);
    json_decref(params);
    return err;
}

static void set(struct rf_db *db, const char *name, const char *key, const char *value,
                int64_t version) {
    json_t *result;
    struct rf_error error = {0};
    if (request(db, json_pack("{s:s,s:{s:s}}", "campaign", name, "changes", key, value), &result,
                &error) != RF_OK)
        fail_msg("%s", error.message);
    assert_int_equal(json_integer_value(json_object_get(result, "version")), version);
    json_decref(result);
}

static void refused(struct rf_db *db, json_t *params, enum rf_err expected, const char *message) {
    json_t *result;
    struct rf_error error = {0};
    assert_int_equal(request(db, params, &result, &error), expected);
    if (!strstr(error.message, message))
        fail_msg("\"%s\" is not in \"%s\"", message, error.message);
}

static int64_t events(struct rf_db *db) {
    return database_number(db, "SELECT count (*) FROM outbox WHERE event /*! ::json */ ->> 'type'"
                               " = 'campaign.set'");
}

static json_t *status(struct rf_db *db, const char *name) {
    struct rf_error error = {0};
    struct rf_report report = {
        .job.run = rf_report_status_run, .campaign = (char *)name, .now = {400 * S}};
    assert_int_equal(database_do(db, &report.job, &error), RF_OK);
    json_t *entry = json_incref(json_array_get(json_object_get(report.result, "campaigns"), 0));
    json_decref(report.result);
    return entry;
}

static void settings_are_kept_with_a_version_that_rises_with_each_change(void **state) {
    struct rf_db *db = *state;
    json_t *result;
    struct rf_error error = {0};
    campaign(db, "first", 2);
    assert_int_equal(request(db,
                             json_pack("{s:s,s:s,s:s}", "campaign", "first", "settings",
                                       "campaign: {max_calls: 3, concurrency: 2}", "file", "f"),
                             &result, &error),
                     RF_OK);
    assert_true(json_is_true(json_object_get(result, "changed")));
    json_decref(result);
    set(db, "first", "max_calls", "4", 2);
    set(db, "first", "max_calls", "4", 2); // as it is already
    set(db, "first", "pace", "0.5", 3);
    set(db, "first", "concurrency", "", 4);
    assert_int_equal(events(db), 4);
    json_t *entry = status(db, "first");
    json_t *expected = json_pack("{s:s,s:s}", "max_calls", "4", "pace", "0.5");
    assert_true(json_equal(json_object_get(entry, "settings"), expected));
    assert_int_equal(json_integer_value(json_object_get(entry, "version")), 4);
    json_decref(expected);
    json_decref(entry);
    set(db, "first", "max_calls", "", 5);
    set(db, "first", "pace", "", 6);
    entry = status(db, "first");
    assert_null(json_object_get(entry, "settings"));
    json_decref(entry);
}

static void settings_may_be_there_before_the_contacts(void **state) {
    struct rf_db *db = *state;
    json_t *result;
    struct rf_error error = {0};
    refused(db, json_pack("{s:s,s:{s:s}}", "campaign", "first", "changes", "pace", "1"),
            RF_ERR_NOT_FOUND, "there is no campaign first");
    assert_int_equal(request(db,
                             json_pack("{s:s,s:s,s:b}", "campaign", "first", "settings",
                                       "campaign: {pace: 1}", "create", 1),
                             &result, &error),
                     RF_OK);
    json_decref(result);
    campaign(db, "first", 3);
    json_t *entry = status(db, "first");
    assert_int_equal(json_integer_value(json_object_get(entry, "version")), 1);
    assert_int_equal(json_integer_value(json_object_get(entry, "total")), 3);
    json_decref(entry);
}

static void what_is_wrong_is_told_and_changes_nothing(void **state) {
    struct rf_db *db = *state;
    campaign(db, "first", 2);
    set(db, "first", "max_calls", "4", 1);
    refused(db,
            json_pack("{s:s,s:s,s:s}", "campaign", "first", "settings",
                      "campaign:\n  max_calls: 500\n", "file", "spring.yaml"),
            RF_ERR_CONFIG, "spring.yaml:2: campaign.max_calls: \"500\" is out of range");
    refused(db, json_pack("{s:s,s:{s:s}}", "campaign", "first", "changes", "max_cals", "4"),
            RF_ERR_CONFIG, "did you mean max_calls?");
    refused(db,
            json_pack("{s:s,s:{s:s,s:s}}", "campaign", "first", "changes", "holidays",
                      "/nowhere/days", "time_zone", "UTC"),
            RF_ERR_CONFIG, "campaign.holidays: /nowhere/days");
    refused(db, json_pack("{s:s,s:s,s:b}", "campaign", "second", "settings", "x: 1", "create", 1),
            RF_ERR_CONFIG, "x: does not belong here");
    assert_int_equal(database_number(db, "SELECT count (*) FROM campaign"), 1);
    assert_int_equal(events(db), 1);
    assert_int_equal(database_number(db, "SELECT version FROM campaign"), 1);
    database_order(db, "first", RF_CAMPAIGN_CANCEL, (struct rf_utc){300 * S});
    refused(db, json_pack("{s:s,s:{s:s}}", "campaign", "first", "changes", "pace", "1"),
            RF_ERR_INVALID, "it is cancelled");
}

static void of_two_changes_at_once_neither_is_lost(void **state) {
    struct rf_db *db = *state;
    struct rf_config *config = configured();
    struct rf_error error = {0};
    bool changed;
    struct rf_set *first;
    campaign(db, "first", 2);
    json_t *params = json_pack("{s:s,s:{s:s}}", "campaign", "first", "changes", "pace", "1");
    assert_int_equal(rf_set_new(params, "c", (struct rf_utc){300 * S}, &first, &error), RF_OK);
    assert_int_equal(database_do(db, &first->job, &error), RF_OK);
    assert_int_equal(rf_set_decide(first, config, &changed, &error), RF_OK);
    set(db, "first", "max_calls", "4", 1); // meanwhile
    first->job.run = rf_set_write_run;
    assert_int_equal(database_do(db, &first->job, &error), RF_ERR_CONFLICT);
    first->job.run = rf_set_read_run;
    assert_int_equal(database_do(db, &first->job, &error), RF_OK);
    assert_int_equal(rf_set_decide(first, config, &changed, &error), RF_OK);
    first->job.run = rf_set_write_run;
    assert_int_equal(database_do(db, &first->job, &error), RF_OK);
    json_t *entry = status(db, "first");
    assert_int_equal(json_object_size(json_object_get(entry, "settings")), 2);
    json_decref(entry);
    rf_set_destroy(&first);
    json_decref(params);
    rf_config_destroy(&config);
}

// ---- what obeys them ----

static struct rf_queue_claim claim(struct rf_db *db, int64_t count, int64_t limit) {
    struct rf_queue_claim job = {.job.run = rf_queue_claim_run, .now = {400 * S}, .limit = limit};
    job.decision = (struct rf_claim_decision){.count = count, .first = RF_STEP_SCRIPT};
    struct rf_error error = {0};
    if (database_do(db, &job.job, &error) != RF_OK)
        fail_msg("%s", error.message);
    return job;
}

static size_t claimed(struct rf_db *db, int64_t limit, bool *full) {
    struct rf_queue_claim job = claim(db, 20, limit);
    size_t count = job.contacts.count;
    *full = job.full;
    rf_contact_list_clear(&job.contacts);
    return count;
}

static void a_limit_of_its_own_holds_in_place_of_the_configured_one(void **state) {
    struct rf_db *db = *state;
    bool full;
    campaign(db, "first", 10);
    campaign(db, "second", 10);
    set(db, "first", "concurrency", "3", 1);
    assert_int_equal(claimed(db, 2, &full), 3 + 2);
    assert_true(full);
    set(db, "first", "concurrency", "4", 2);
    assert_int_equal(claimed(db, 2, &full), 1);
    set(db, "first", "concurrency", "0", 3); // no limit, whatever is configured
    set(db, "second", "concurrency", "3", 1);
    assert_int_equal(claimed(db, 2, &full), 6 + 1);
    set(db, "second", "concurrency", "", 2);
    assert_int_equal(claimed(db, 0, &full), 7);
    assert_false(full);
}

static void a_dial_that_older_settings_allow_is_not_begun_and_learns_the_newer_ones(void **state) {
    struct rf_db *db = *state;
    struct rf_error error = {0};
    campaign(db, "first", 1);
    set(db, "first", "pace", "9", 1);
    struct rf_queue_claim job = claim(db, 1, 0);
    struct rf_contact *contact = &job.contacts.items[0];
    assert_int_equal(contact->version, 1);
    assert_string_equal(contact->settings, "{\"pace\":\"9\"}");
    contact->state = RF_CONTACT_DIAL;
    assert_int_equal(database_exec(db, "UPDATE contact SET state = 'running.dial'"), RF_OK);
    set(db, "first", "max_calls", "2", 2);
    const struct rf_rules rules = {.send_margin = {20 * S}};
    struct rf_dial dial;
    rf_dial_begin(&dial, "A1", &rules, (struct rf_utc){500 * S});
    struct rf_record *record =
        rf_record_intent(contact, &dial, contact->version, (struct rf_utc){500 * S});
    // However often the database has it tried.
    for (int i = 0; i < 3; i++) {
        assert_int_equal(database_do(db, &record->job, &error), RF_ERR_CONFLICT);
        assert_true(record->stale);
        assert_false(record->paused);
        assert_int_equal(record->newer, 2);
        assert_non_null(strstr(record->settings, "\"max_calls\":\"2\""));
        assert_int_equal(database_number(db, "SELECT count (*) FROM attempt"), 0);
    }
    rf_record_destroy(&record);
    record = rf_record_intent(contact, &dial, 2, (struct rf_utc){500 * S});
    assert_int_equal(database_do(db, &record->job, &error), RF_OK);
    assert_int_equal(database_number(db, "SELECT count (*) FROM attempt"), 1);
    rf_record_destroy(&record);
    rf_contact_list_clear(&job.contacts);
}

static void
what_older_settings_make_of_a_call_is_not_written_and_learns_the_newer_ones(void **state) {
    struct rf_db *db = *state;
    struct rf_error error = {0};
    campaign(db, "first", 1);
    struct rf_queue_claim job = claim(db, 1, 0);
    struct rf_contact *contact = &job.contacts.items[0];
    contact->state = RF_CONTACT_FOLLOW;
    contact->dial = (struct rf_dial){.state = RF_DIAL_PLACED, .id = "A1", .sid = "CA1"};
    assert_int_equal(
        database_exec(db, "UPDATE contact SET state = 'running.dial';"
                          "UPDATE contact SET state = 'running.follow';"
                          "INSERT INTO attempt (id, contact, phone, created, send_before, state)"
                          " SELECT 'A1', id, phone, 1, 1, 'intent' FROM contact;"
                          "UPDATE attempt SET state = 'placed', sid = 'CA1'"),
        RF_OK);
    set(db, "first", "max_calls", "3", 1);
    const struct rf_config_campaign before = {.max_calls = 1};
    struct rf_plan plan;
    rf_plan_stay(contact, &plan);
    rf_outcome_ended(contact, RF_UNREACHED_BUSY, &before, NULL, NULL, (struct rf_utc){500 * S},
                     &plan);
    assert_int_equal(plan.to, RF_CONTACT_DONE);
    struct rf_record *record = rf_record_new(contact, &plan, (struct rf_utc){500 * S});
    record->version = contact->version;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(database_do(db, &record->job, &error), RF_ERR_CONFLICT);
        assert_true(record->stale);
        assert_int_equal(record->newer, 1);
        assert_non_null(strstr(record->settings, "\"max_calls\":\"3\""));
    }
    assert_int_equal(database_number(db, "SELECT count (*) FROM attempt WHERE state = 'placed'"),
                     1);
    record->version = 1;
    assert_int_equal(database_do(db, &record->job, &error), RF_OK);
    assert_int_equal(database_number(db, "SELECT count (*) FROM contact WHERE state = 'done'"), 1);
    rf_record_destroy(&record);
    rf_contact_list_clear(&job.contacts);
}

// Makes the contact at a line wait for its window.
static void wait_for_window(struct rf_db *db, const char *name, const char *unreached) {
    char sql[512];
    snprintf(sql, sizeof sql,
             "UPDATE contact SET state = 'running.script' WHERE state = 'scheduled';"
             "UPDATE contact SET state = 'running.dial' WHERE state = 'running.script';"
             "UPDATE contact SET state = 'waiting.window', step = 2, last_unreached = '%s',"
             " due = 900000000000000 WHERE campaign = (SELECT id FROM campaign WHERE name = '%s')",
             unreached, name);
    assert_int_equal(database_exec(db, sql), RF_OK);
}

static void who_waits_for_the_first_window_is_looked_at_when_it_has_become_another(void **state) {
    struct rf_db *db = *state;
    static const char noted[] = "SELECT count (*) FROM reopen";
    campaign(db, "first", 2);
    wait_for_window(db, "first", "none");
    campaign(db, "second", 3);
    wait_for_window(db, "second", "none");
    set(db, "first", "pace", "2", 1);
    assert_int_equal(database_number(db, noted), 0);
    set(db, "first", "time_zone", "UTC", 2);
    assert_int_equal(database_number(db, noted), 1); // not the other campaign
    struct rf_reopen job = {.job.run = rf_reopen_run, .most = 100, .now = {300 * S}};
    struct rf_error error = {0};
    assert_int_equal(database_do(db, &job.job, &error), RF_OK);
    assert_int_equal(database_number(db, "SELECT count (*) FROM contact WHERE due = 300000000000"),
                     2);
    assert_int_equal(database_number(db, noted), 0);
}

static void why_tells_the_campaigns_own_cap(void **state) {
    struct rf_db *db = *state;
    struct rf_error error = {0};
    campaign(db, "first", 1);
    set(db, "first", "max_calls", "7", 1);
    assert_int_equal(database_exec(db, "UPDATE contact SET state = 'running.script';"
                                       "UPDATE contact SET state = 'running.dial', step = 2;"
                                       "UPDATE contact SET state = 'running.follow'"),
                     RF_OK);
    json_t *params = json_pack("{s:s}", "contact", "first-2");
    struct rf_explain *explain;
    assert_int_equal(rf_explain_new(params, "c", (struct rf_utc){400 * S}, &explain, &error),
                     RF_OK);
    explain->max_calls = 2;
    assert_int_equal(database_do(db, &explain->job, &error), RF_OK);
    const char *text = json_string_value(
        json_object_get(json_array_get(json_object_get(explain->result, "contacts"), 0), "text"));
    assert_non_null(strstr(text, "up to 7 calls in all"));
    rf_explain_destroy(&explain);
    json_decref(params);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(settings_are_kept_with_a_version_that_rises_with_each_change),
        TEST(settings_may_be_there_before_the_contacts),
        TEST(what_is_wrong_is_told_and_changes_nothing),
        TEST(of_two_changes_at_once_neither_is_lost),
        TEST(a_limit_of_its_own_holds_in_place_of_the_configured_one),
        TEST(a_dial_that_older_settings_allow_is_not_begun_and_learns_the_newer_ones),
        TEST(what_older_settings_make_of_a_call_is_not_written_and_learns_the_newer_ones),
        TEST(who_waits_for_the_first_window_is_looked_at_when_it_has_become_another),
        TEST(why_tells_the_campaigns_own_cap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
