// What is looked at again and again costs the same however many contacts there are: counted in
// steps of SQLite's machine, which no other work on this computer changes.
#include "database.h"

#include <sqlite3.h>

#include "campaign.h"
#include "queue.h"
#include "report.h"

#define S RF_NS_PER_S

static void must(struct rf_db *db, struct rf_store_job *job) {
    struct rf_error error = {0};
    if (database_do(db, job, &error) != RF_OK)
        fail_msg("%s", error.message);
}

static void load(struct rf_db *db, int from, int to) {
    struct rf_error error = {0};
    struct rf_campaign_load *job;
    json_t *list = json_array();
    for (int i = from; i < to; i++)
        json_array_append_new(list, json_pack("{s:i,s:o}", "line", i + 2, "phone",
                                              json_sprintf("+1202%07d", 5550100 + i)));
    json_t *params = json_pack("{s:s,s:o}", "campaign", "c", "contacts", list);
    assert_int_equal(rf_campaign_load_new(params, (struct rf_utc){S}, &job, &error), RF_OK);
    must(db, &job->job);
    rf_campaign_load_destroy(&job);
    json_decref(params);
}

// A campaign whose contacts are done, or wait for a day that is far off before their next call.
static struct rf_db *with_contacts(int count) {
    static const char spread[] =
        "DROP TRIGGER contact_update;"
        "UPDATE contact SET state = CASE WHEN line % 2 = 0 THEN 'done' WHEN line % 4 = 1"
        " THEN 'waiting.window' ELSE 'waiting.retry' END, step = 2, last_unreached = 'busy', due = "
        "4000000000000000000;"
        "UPDATE contact SET state = 'running.dial' WHERE line = 3";
    struct rf_db *db = database_open();
    for (int i = 0; i < count; i += 40)
        load(db, i, i + 40);
    assert_true(database_order(db, "c", RF_CAMPAIGN_START, (struct rf_utc){2 * S}) >= 0);
    assert_int_equal(database_exec(db, spread), RF_OK);
    return db;
}

static int add_steps(unsigned event, void *total, void *statement, void *ns) {
    (void)event;
    (void)ns;
    *(int64_t *)total += sqlite3_stmt_status(statement, SQLITE_STMTSTATUS_VM_STEP, 1);
    return 0;
}

static int64_t steps_of(struct rf_db *db, struct rf_store_job *job) {
    int64_t total = 0;
    sqlite3_trace_v2(rf_sqlite_handle(db), SQLITE_TRACE_PROFILE, add_steps, &total);
    must(db, job); // what is kept prepared has counted since it was
    total = 0;
    must(db, job);
    sqlite3_trace_v2(rf_sqlite_handle(db), 0, NULL, NULL);
    return total;
}

static int64_t takeover_costs(struct rf_db *db) {
    struct rf_takeover job = {.job.run = rf_takeover_run, .now = {20 * S}, .room = INT64_MAX};
    int64_t steps = steps_of(db, &job.job);
    rf_contact_list_clear(&job.contacts);
    return steps;
}

static int64_t claim_costs(struct rf_db *db) {
    struct rf_queue_claim job = {.job.run = rf_queue_claim_run,
                                 .now = {20 * S},
                                 .decision = {.count = 8, .first = RF_STEP_DIAL}};
    int64_t steps = steps_of(db, &job.job);
    rf_contact_list_clear(&job.contacts);
    return steps;
}

static int64_t preparation_costs(struct rf_db *db) {
    struct rf_queue_claim job = {.job.run = rf_queue_claim_run,
                                 .now = {20 * S},
                                 .decision = {.first = (enum rf_step)RF_STEPS,
                                              .test_first = (enum rf_step)RF_STEPS,
                                              .prepare = 8,
                                              .prepare_most = 100,
                                              .prepare_first = RF_STEP_SCRIPT,
                                              .prepare_end = RF_STEP_DIAL}};
    int64_t steps = steps_of(db, &job.job);
    rf_contact_list_clear(&job.contacts);
    return steps;
}

// Of a campaign that would stand behind another one, had it anything due.
static int64_t status_costs(struct rf_db *db) {
    static const char behind[] =
        "UPDATE contact SET state = 'waiting.retry' WHERE line = 3;"
        "INSERT INTO campaign (name, created, state, priority) VALUES ('high', 1, 'running', 5);"
        "INSERT INTO contact (campaign, line, phone, name, created)"
        " SELECT id, 2, '+12125550199', 'x', 1 FROM campaign WHERE name = 'high';"
        "UPDATE contact SET state = 'running.dial' WHERE phone = '+12125550199'";
    struct rf_report job = {
        .job.run = rf_report_status_run, .campaign = (char *)"c", .now = {20 * S}};
    assert_int_equal(database_exec(db, behind), RF_OK);
    int64_t steps = steps_of(db, &job.job);
    json_decref(job.result);
    return steps;
}

static void assert_flat(int64_t (*costs)(struct rf_db *db)) {
    struct rf_db *few = with_contacts(40), *many = with_contacts(4000);
    int64_t few_steps = costs(few), many_steps = costs(many);
    // Twice for what pages of an index that is a level deeper may add; a scan takes a hundred
    // times.
    if (many_steps > 2 * few_steps + 100)
        fail_msg("%lld steps with 40 contacts, %lld with 4000", (long long)few_steps,
                 (long long)many_steps);
    rf_db_close(&few);
    rf_db_close(&many);
}

static void a_look_for_who_is_gone_costs_the_same_with_any_number_of_contacts(void **state) {
    (void)state;
    assert_flat(takeover_costs);
}

static void a_claim_costs_the_same_with_any_number_of_contacts(void **state) {
    (void)state;
    assert_flat(claim_costs);
}

static void a_claim_of_who_is_made_ready_costs_the_same_with_any_number_of_contacts(void **state) {
    (void)state;
    assert_flat(preparation_costs);
}

static void a_status_costs_the_same_with_any_number_of_contacts(void **state) {
    (void)state;
    assert_flat(status_costs);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_look_for_who_is_gone_costs_the_same_with_any_number_of_contacts),
        cmocka_unit_test(a_claim_costs_the_same_with_any_number_of_contacts),
        cmocka_unit_test(a_claim_of_who_is_made_ready_costs_the_same_with_any_number_of_contacts),
        cmocka_unit_test(a_status_costs_the_same_with_any_number_of_contacts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
