// What operators do with campaigns, in the database.
#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "campaign.h"
#include "campaigns/schema.h"
#include "database.h"
#include "explain.h"
#include "queue.h"
#include "reason.h"
#include "record.h"
#include "report.h"
#include "requeue.h"
#include "sweep.h"

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

static void exec(struct rf_db *db, const char *sql) {
    assert_int_equal(database_exec(db, sql), RF_OK);
}

// Contacts at the lines from 2 on.
static void load(struct rf_db *db, const char *name, int contacts) {
    for (int from = 0; from < contacts; from += RF_CAMPAIGN_PAGE_MAX) {
        json_t *list = json_array();
        for (int i = from; i < contacts && i < from + RF_CAMPAIGN_PAGE_MAX; i++)
            json_array_append_new(list, json_pack("{s:i,s:o,s:s}", "line", i + 2, "phone",
                                                  json_sprintf("+12025%06d", i), "name", "Ann"));
        json_t *params = json_pack("{s:s,s:o}", "campaign", name, "contacts", list);
        struct rf_campaign_load *job;
        struct rf_error error = {0};
        assert_int_equal(rf_campaign_load_new(params, (struct rf_utc){100 * S}, &job, &error),
                         RF_OK);
        must(db, &job->job);
        rf_campaign_load_destroy(&job);
        json_decref(params);
    }
}

static void campaign(struct rf_db *db, const char *name, int contacts) {
    load(db, name, contacts);
    assert_true(database_order(db, name, RF_CAMPAIGN_START, (struct rf_utc){200 * S}) >= 0);
}

static void order(struct rf_db *db, enum rf_campaign_order what) {
    assert_true(database_order(db, "spring", what, (struct rf_utc){300 * S}) >= 0);
}

static struct rf_queue_claim claim(struct rf_db *db, int64_t count, int64_t now_s) {
    struct rf_queue_claim job = {.job.run = rf_queue_claim_run, .now = {now_s * S}};
    job.decision.count = count;
    must(db, &job.job);
    return job;
}

static int64_t events(struct rf_db *db, const char *type, const char *severity) {
    char sql[256];
    snprintf(sql, sizeof sql,
             "SELECT count (*) FROM outbox WHERE event /*! ::json */ ->> 'type' = '%s'"
             " AND event /*! ::json */ ->> 'severity' = '%s'",
             type, severity);
    return database_number(db, sql);
}

// The counts that are kept, held against the rows themselves.
static void assert_counted(struct rf_db *db) {
    assert_int_equal(
        database_number(
            db, "SELECT count (*) FROM (SELECT campaign, state, coalesce (outcome, '') AS o,"
                " coalesce (reason, '') AS r, count (*) AS n FROM contact"
                " GROUP BY campaign, state, coalesce (outcome, ''), coalesce (reason, '')"
                " EXCEPT SELECT campaign, state, outcome, reason,"
                " CAST (sum (count) AS BIGINT) FROM campaign_count"
                " GROUP BY campaign, state, outcome, reason) AS wrong"),
        0);
    assert_int_equal(database_number(db, "SELECT CAST (coalesce (sum (count), 0) AS BIGINT)"
                                         " FROM campaign_count"),
                     database_number(db, "SELECT count (*) FROM contact"));
}

static json_t *status(struct rf_db *db, int64_t now_s) {
    struct rf_report report = {
        .job.run = rf_report_status_run, .campaign = (char *)"spring", .now = {now_s * S}};
    must(db, &report.job);
    json_t *told = json_incref(json_array_get(json_object_get(report.result, "campaigns"), 0));
    json_decref(report.result);
    return told;
}

static int64_t number(const json_t *object, const char *key) {
    return json_integer_value(json_object_get(object, key));
}

static void assert_state(struct rf_db *db, const char *state) {
    json_t *told = status(db, 400);
    assert_string_equal(json_string_value(json_object_get(told, "state")), state);
    json_decref(told);
}

// ---- states ----

static void the_database_allows_exactly_the_transitions_of_a_campaign(void **state) {
    struct rf_db *db = *state;
    for (int from = 0; from < RF_CAMPAIGN_STATES; from++) {
        for (int to = 0; to < RF_CAMPAIGN_STATES; to++) {
            char sql[160];
            const char *names[] = {rf_campaign_state_name((enum rf_campaign_state)from),
                                   rf_campaign_state_name((enum rf_campaign_state)to)};
            snprintf(sql, sizeof sql,
                     "DELETE FROM campaign; INSERT INTO campaign (name, state, created)"
                     " VALUES ('c', '%s', 1)",
                     names[0]);
            exec(db, sql);
            snprintf(sql, sizeof sql, "UPDATE campaign SET state = '%s'", names[1]);
            bool may = from == to ||
                       rf_campaign_may((enum rf_campaign_state)from, (enum rf_campaign_state)to);
            assert_int_equal(database_exec(db, sql) == RF_OK, may);
        }
    }
    assert_int_equal(database_number(db, "SELECT count (*) FROM campaign_transition"),
                     rf_campaign_transition_count);
    assert_int_not_equal(database_exec(db, "UPDATE campaign SET state = 'asleep'"), RF_OK);
}

static void an_order_that_does_not_fit_is_refused_with_what_can_be_done(void **state) {
    struct rf_db *db = *state;
    struct rf_error error = {0};
    load(db, "spring", 1);
    struct rf_control control = {.job.run = rf_control_order_run,
                                 .campaign = (char *)"spring",
                                 .order = RF_CAMPAIGN_RESUME,
                                 .most = RF_CONTROL_MOST};
    assert_int_equal(database_do(db, &control.job, &error), RF_ERR_INVALID);
    assert_string_equal(error.message, "campaign spring: no resume: it was not started yet; start "
                                       "it by campaign start");
    control.campaign = (char *)"winter";
    assert_int_equal(database_do(db, &control.job, &error), RF_ERR_NOT_FOUND);
    assert_non_null(strstr(error.message, "there is no campaign winter; "));
    assert_int_equal(events(db, "campaign.ordered", "info"), 0);
    order(db, RF_CAMPAIGN_START);
    order(db, RF_CAMPAIGN_START);
    assert_int_equal(events(db, "campaign.ordered", "info"), 1);
}

static void priorities_have_bounds(void **state) {
    (void)state;
    static const struct {
        const char *params;
        bool fine;
    } cases[] = {
        {"{\"campaign\": \"c\", \"priority\": 10}", true},
        {"{\"campaign\": \"c\", \"priority\": -10}", true},
        {"{\"campaign\": \"c\", \"priority\": 11}", false},
        {"{\"campaign\": \"c\", \"priority\": -11}", false},
        {"{\"campaign\": \"c\", \"priority\": \"5\"}", false},
        {"{\"campaign\": \"c\", \"priority\": 1.5}", false},
        {"{\"campaign\": 7}", false},
        {"[]", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rf_control *control;
        struct rf_error error = {0};
        json_t *params = json_loads(cases[i].params, 0, NULL);
        enum rf_err err = rf_control_new(params, "id", (struct rf_utc){0}, &control, &error);
        assert_int_equal(err, cases[i].fine ? RF_OK : RF_ERR_INVALID);
        rf_control_destroy(&control);
        json_decref(params);
    }
}

// ---- pause ----

static void a_contact_of_a_paused_campaign_rests_at_the_end_of_its_step(void **state) {
    struct rf_db *db = *state;
    campaign(db, "spring", 2);
    struct rf_queue_claim first = claim(db, 1, 210);
    order(db, RF_CAMPAIGN_PAUSE);
    struct rf_queue_claim none = claim(db, 5, 310);
    assert_int_equal(none.contacts.count, 0);
    struct rf_plan plan;
    struct rf_contact *contact = &first.contacts.items[0];
    rf_plan_stay(contact, &plan);
    plan.to = RF_CONTACT_DIAL;
    plan.step = RF_STEP_DIAL;
    plan.text = "Hello.";
    struct rf_record *record = rf_record_new(contact, &plan, (struct rf_utc){320 * S});
    must(db, &record->job);
    assert_int_equal(record->to, RF_CONTACT_WAIT_RETRY);
    assert_false(record->cancelled);
    rf_record_destroy(&record);
    assert_int_equal(database_number(db, "SELECT count (*) FROM contact WHERE step = 2"
                                         " AND state = 'waiting.retry' AND reason = 'paused'"
                                         " AND script = 'Hello.'"),
                     1);
    order(db, RF_CAMPAIGN_RESUME);
    struct rf_queue_claim second = claim(db, 5, 330);
    assert_int_equal(second.contacts.count, 2);
    assert_int_equal(second.contacts.items[0].state, RF_CONTACT_DIAL);
    assert_string_equal(second.contacts.items[0].script, "Hello.");
    rf_contact_list_clear(&first.contacts);
    rf_contact_list_clear(&second.contacts);
    assert_counted(db);
}

static void a_paused_campaign_ends_with_its_last_call(void **state) {
    struct rf_db *db = *state;
    campaign(db, "spring", 1);
    struct rf_queue_claim first = claim(db, 1, 210);
    exec(db, "UPDATE contact SET state = 'running.dial'");
    exec(db, "UPDATE contact SET state = 'running.follow'");
    order(db, RF_CAMPAIGN_PAUSE);
    struct rf_contact *contact = &first.contacts.items[0];
    contact->state = RF_CONTACT_FOLLOW;
    struct rf_plan plan;
    rf_plan_stay(contact, &plan);
    plan.to = RF_CONTACT_DONE;
    rf_plan_copy(plan.status, sizeof plan.status, "completed");
    struct rf_record *record = rf_record_new(contact, &plan, (struct rf_utc){320 * S});
    must(db, &record->job);
    rf_record_destroy(&record);
    rf_contact_list_clear(&first.contacts);
    assert_state(db, "finished");
    assert_int_equal(events(db, "campaign.finished", "info"), 1);
}

// ---- cancel ----

static void a_cancelled_campaign_is_swept_in_batches_and_its_calls_come_to_their_end(void **state) {
    struct rf_db *db = *state;
    const int contacts = RF_SWEEP_MOST + 20;
    campaign(db, "spring", contacts);
    struct rf_queue_claim first = claim(db, 2, 210);
    assert_int_equal(first.contacts.count, 2);
    order(db, RF_CAMPAIGN_CANCEL);
    struct rf_sweep sweep = {.job.run = rf_sweep_run, .now = {310 * S}};
    must(db, &sweep.job);
    assert_int_equal(sweep.count, RF_SWEEP_MOST);
    assert_true(sweep.more);
    must(db, &sweep.job);
    assert_int_equal(sweep.count, 18);
    assert_false(sweep.more);
    json_t *told = status(db, 320);
    assert_int_equal(number(told, "set_aside"), contacts - 2);
    assert_int_equal(number(json_object_get(told, "reasons"), "cancelled"), contacts - 2);
    assert_int_equal(number(told, "running"), 2);
    assert_true(json_is_false(json_object_get(told, "finished")));
    json_decref(told);
    assert_int_equal(events(db, "contact.set_aside", "info"), contacts - 2);
    assert_int_equal(events(db, "contact.set_aside", "error"), 0);

    // One of those in progress ends, the other is deferred: it is to be swept too.
    struct rf_plan plan;
    for (int i = 0; i < 2; i++) {
        struct rf_contact *contact = &first.contacts.items[i];
        rf_plan_stay(contact, &plan);
        plan.to = i == 0 ? RF_CONTACT_SET_ASIDE : RF_CONTACT_WAIT_BREAKER;
        rf_plan_copy(plan.reason, sizeof plan.reason, i == 0 ? "retries_exhausted" : "marked");
        struct rf_record *record = rf_record_new(contact, &plan, (struct rf_utc){330 * S});
        must(db, &record->job);
        assert_int_equal(record->cancelled, i == 1);
        rf_record_destroy(&record);
    }
    assert_int_equal(events(db, "campaign.finished", "info"), 0);
    must(db, &sweep.job);
    assert_int_equal(sweep.count, 1);
    assert_int_equal(events(db, "campaign.finished", "info"), 1);
    must(db, &sweep.job);
    assert_int_equal(sweep.count, 0);
    told = status(db, 340);
    assert_true(json_is_true(json_object_get(told, "finished")));
    assert_string_equal(json_string_value(json_object_get(told, "state")), "cancelled");
    json_decref(told);
    assert_counted(db);
    rf_contact_list_clear(&first.contacts);
}

static void a_campaign_that_was_never_started_can_be_cancelled(void **state) {
    struct rf_db *db = *state;
    load(db, "spring", 3);
    order(db, RF_CAMPAIGN_CANCEL);
    order(db, RF_CAMPAIGN_CANCEL);
    struct rf_sweep sweep = {.job.run = rf_sweep_run, .now = {310 * S}};
    must(db, &sweep.job);
    assert_int_equal(sweep.count, 3);
    assert_int_equal(events(db, "campaign.finished", "info"), 1);
    // Nobody is loaded into it any more.
    load(db, "spring", 5);
    assert_int_equal(database_number(db, "SELECT count (*) FROM contact"), 3);
}

static void a_campaign_that_is_cancelled_before_its_start_was_never_started(void **state) {
    struct rf_db *db = *state;
    load(db, "spring", 1);
    order(db, RF_CAMPAIGN_CANCEL);
    json_t *told = status(db, 400);
    assert_null(json_object_get(told, "started"));
    json_decref(told);
}

static void a_priority_that_is_ordered_during_a_start_stands(void **state) {
    struct rf_db *db = *state;
    load(db, "spring", 10);
    struct rf_control start = {.job.run = rf_control_order_run,
                               .campaign = (char *)"spring",
                               .order = RF_CAMPAIGN_START,
                               .prioritize = true,
                               .priority = 5,
                               .most = 6};
    must(db, &start.job);
    assert_true(start.more);
    struct rf_control other = {.job.run = rf_control_priority_run,
                               .campaign = (char *)"spring",
                               .prioritize = true,
                               .priority = -2};
    must(db, &other.job);
    start.again = true;
    must(db, &start.job);
    assert_false(start.more);
    assert_int_equal(number(start.result, "priority"), -2);
    json_decref(start.result);
    json_decref(other.result);
}

static void who_is_loaded_into_a_campaign_that_runs_is_told_as_not_in_the_queue(void **state) {
    struct rf_db *db = *state;
    campaign(db, "spring", 2);
    load(db, "spring", 5);
    json_t *told = status(db, 400);
    assert_int_equal(number(told, "new"), 5);
    assert_int_equal(number(told, "not_queued"), 3);
    json_decref(told);
    struct rf_explain explain = {.contact = (char *)"spring-4", .max_calls = 3};
    explain.job.run = rf_explain_run;
    must(db, &explain.job);
    const char *text = json_string_value(
        json_object_get(json_array_get(json_object_get(explain.result, "contacts"), 0), "text"));
    assert_non_null(strstr(text, "Next, when its campaign is started once more, "));
    assert_non_null(strstr(text, "What you can do: ringfence campaign start spring."));
    json_decref(explain.result);
}

// ---- retry ----

static enum rf_err retry(struct rf_db *db, const char *params, int64_t *retried, int64_t *kept,
                         struct rf_error *error) {
    struct rf_requeue *requeue;
    json_t *given = json_loads(params, 0, NULL);
    assert_non_null(given);
    enum rf_err err = rf_requeue_new(given, "id", (struct rf_utc){500 * S}, &requeue, error);
    json_decref(given);
    if (err == RF_OK)
        err = database_do(db, &requeue->job, error);
    if (err == RF_OK) {
        *retried = number(requeue->result, "retried");
        *kept = number(requeue->result, "kept");
    }
    rf_requeue_destroy(&requeue);
    return err;
}

// Sets the contact at a line aside.
static void aside(struct rf_db *db, int line, const char *reason) {
    char sql[256];
    snprintf(sql, sizeof sql,
             "UPDATE contact SET state = 'set_aside', reason = '%s', message = 'm', spent = 3,"
             " deferrals = 2, redials = 1, busy = 1, step = 2, ended = 1 WHERE line = %d",
             reason, line);
    exec(db, sql);
}

static void attempt(struct rf_db *db, int line, const char *state, const char *sid) {
    char sql[512];
    snprintf(sql, sizeof sql,
             "INSERT INTO attempt (id, contact, phone, created, send_before, state) SELECT 'a%d',"
             " id, phone, 1, 2, 'intent' FROM contact WHERE line = %d;"
             "UPDATE attempt SET state = 'unknown', sid = %s WHERE id = 'a%d';"
             "UPDATE attempt SET state = '%s' WHERE id = 'a%d'",
             line, line, sid, line, state, line);
    exec(db, sql);
}

static void those_that_were_set_aside_are_tried_again_with_fresh_budgets(void **state) {
    struct rf_db *db = *state;
    struct rf_error error = {0};
    int64_t retried, kept;
    campaign(db, "spring", 3);
    exec(db, "UPDATE contact SET state = 'running.script'");
    aside(db, 2, "retries_exhausted");
    aside(db, 3, "permanent.auth");
    aside(db, 4, "retries_exhausted");
    exec(db, "UPDATE campaign SET state = 'finished', finished = 1");
    assert_int_equal(retry(db, "{\"campaign\": \"spring\", \"reason\": \"permanent.auth\"}",
                           &retried, &kept, &error),
                     RF_OK);
    assert_int_equal(retried, 1);
    assert_state(db, "running");
    assert_int_equal(
        retry(db, "{\"campaign\": \"spring\", \"contact\": \"spring-4\"}", &retried, &kept, &error),
        RF_OK);
    assert_int_equal(retried, 1);
    assert_int_equal(database_number(db, "SELECT count (*) FROM contact WHERE state = "
                                         "'waiting.retry' AND spent = 0 AND deferrals = 0"
                                         " AND redials = 0 AND reason IS NULL AND ended = 0"
                                         " AND step = 2 AND busy = 1"),
                     2);
    assert_int_equal(retry(db, "{\"campaign\": \"spring\"}", &retried, &kept, &error), RF_OK);
    assert_int_equal(retried, 1);
    struct rf_queue_claim all = claim(db, 9, 510);
    assert_int_equal(all.contacts.count, 3);
    rf_contact_list_clear(&all.contacts);
    assert_counted(db);
}

// So that the order's answer says why nobody was tried again.
static void those_that_want_to_be_named_are_counted_where_no_reason_is(void **state) {
    struct rf_db *db = *state;
    struct rf_error error = {0};
    struct rf_requeue *requeue;
    campaign(db, "spring", 3);
    exec(db, "UPDATE contact SET state = 'running.script'");
    aside(db, 2, "do_not_call");
    aside(db, 3, "call_lost");
    for (int named = 0; named < 2; named++) {
        json_t *params =
            json_pack("{s:s, s:s*}", "campaign", "spring", "reason", named ? "call_unknown" : NULL);
        assert_int_equal(rf_requeue_new(params, "c", (struct rf_utc){500 * S}, &requeue, &error),
                         RF_OK);
        must(db, &requeue->job);
        assert_int_equal(number(requeue->result, "retried"), 0);
        assert_int_equal(number(requeue->result, "unnamed"), named ? 0 : 2);
        rf_requeue_destroy(&requeue);
        json_decref(params);
    }
}

static void of_whom_a_dial_is_in_doubt_its_provider_is_asked_first(void **state) {
    struct rf_db *db = *state;
    struct rf_error error = {0};
    int64_t retried, kept;
    campaign(db, "spring", 4);
    exec(db, "UPDATE contact SET state = 'running.script'");
    for (int line = 2; line <= 5; line++)
        aside(db, line, "store_refused");
    attempt(db, 2, "placed", "'CA1'");
    attempt(db, 3, "unknown", "NULL");
    exec(db, "INSERT INTO attempt (id, contact, phone, created, send_before, state)"
             " SELECT 'a4', id, phone, 1, 2, 'intent' FROM contact WHERE line = 4;"
             "UPDATE campaign SET state = 'cancelled', finished = 1");
    // Of a cancelled campaign nobody is called; but what holds a number is brought to its end.
    assert_int_equal(retry(db, "{\"campaign\": \"spring\"}", &retried, &kept, &error), RF_OK);
    assert_int_equal(retried, 3);
    assert_int_equal(kept, 0);
    assert_state(db, "cancelled");
    assert_int_equal(database_number(db, "SELECT count (*) FROM campaign WHERE finished IS NULL"),
                     1);
    const char *const states[] = {"running.follow", "running.ask", "running.ask", "set_aside"};
    for (int line = 2; line <= 5; line++) {
        char sql[128];
        snprintf(sql, sizeof sql, "SELECT count (*) FROM contact WHERE line = %d AND state = '%s'",
                 line, states[line - 2]);
        assert_int_equal(database_number(db, sql), 1);
    }
    struct rf_takeover takeover = {.job.run = rf_takeover_run, .now = {600 * S}};
    assert_int_equal(database_do(db, &takeover.job, &error), RF_OK);
    assert_int_equal(takeover.contacts.count, 3); // whatever places there are
    assert_int_equal(takeover.contacts.items[0].dial.state, RF_DIAL_PLACED);
    assert_string_equal(takeover.contacts.items[0].dial.sid, "CA1");
    assert_int_equal(takeover.contacts.items[2].dial.state, RF_DIAL_UNKNOWN);
    rf_contact_list_clear(&takeover.contacts);
    // One that has none is refused as before.
    assert_int_equal(
        retry(db, "{\"campaign\": \"spring\", \"contact\": \"5\"}", &retried, &kept, &error),
        RF_ERR_INVALID);
    assert_non_null(strstr(error.message, "it was cancelled"));
    assert_counted(db);
}

static void nobody_is_tried_again_whose_call_may_exist(void **state) {
    struct rf_db *db = *state;
    struct rf_error error = {0};
    int64_t retried, kept;
    campaign(db, "spring", 4);
    exec(db, "UPDATE contact SET state = 'running.script'");
    aside(db, 2, "call_unknown");
    attempt(db, 2, "ended", "NULL");
    aside(db, 3, "call_unknown");
    attempt(db, 3, "absent", "NULL");
    aside(db, 4, "call_lost");
    aside(db, 5, "do_not_call");
    assert_int_equal(retry(db, "{\"campaign\": \"spring\"}", &retried, &kept, &error), RF_OK);
    assert_int_equal(retried, 0);
    assert_int_equal(kept, 0);
    // One alone wants its reason named as well.
    assert_int_equal(
        retry(db, "{\"campaign\": \"spring\", \"contact\": \"spring-5\"}", &retried, &kept, &error),
        RF_ERR_INVALID);
    assert_string_equal(error.message, "contact spring-5 was set aside as do_not_call: ask for it "
                                       "by --reason do_not_call");
    // Named, those of which the absence of a call is proven go, and no other.
    assert_int_equal(retry(db, "{\"campaign\": \"spring\", \"reason\": \"call_unknown\"}", &retried,
                           &kept, &error),
                     RF_OK);
    assert_int_equal(retried, 1);
    assert_int_equal(kept, 1);
    assert_int_equal(database_number(db, "SELECT count (*) FROM contact WHERE line = 3"
                                         " AND state = 'waiting.retry'"),
                     1);
    assert_int_equal(retry(db,
                           "{\"campaign\": \"spring\", \"contact\": \"2\","
                           " \"reason\": \"call_unknown\"}",
                           &retried, &kept, &error),
                     RF_ERR_INVALID);
    assert_non_null(strstr(error.message, "a second one is not risked"));
    assert_int_equal(retry(db, "{\"campaign\": \"spring\", \"reason\": \"do_not_call\"}", &retried,
                           &kept, &error),
                     RF_OK);
    assert_int_equal(retried, 1);
}

static void a_retry_that_makes_no_sense_is_refused_with_words(void **state) {
    struct rf_db *db = *state;
    static const struct {
        const char *params, *says;
        enum rf_err err;
    } cases[] = {
        {"{}", "campaign: expected a name", RF_ERR_INVALID},
        {"{\"campaign\": \"winter\"}", "there is no campaign winter", RF_ERR_NOT_FOUND},
        {"{\"campaign\": \"spring\", \"reason\": \"sunspots\"}", "nobody is set aside as",
         RF_ERR_INVALID},
        {"{\"campaign\": \"spring\", \"contact\": \"Ann\"}", "such as spring-2", RF_ERR_INVALID},
        {"{\"campaign\": \"spring\", \"contact\": \"spring-9\"}", "there is no contact spring-9",
         RF_ERR_NOT_FOUND},
        {"{\"campaign\": \"spring\", \"contact\": \"spring-2\"}", "is scheduled, not set aside",
         RF_ERR_INVALID},
    };
    campaign(db, "spring", 1);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rf_error error = {0};
        int64_t retried, kept;
        assert_int_equal(retry(db, cases[i].params, &retried, &kept, &error), cases[i].err);
        if (!strstr(error.message, cases[i].says))
            fail_msg("%s", error.message);
    }
    order(db, RF_CAMPAIGN_CANCEL);
    struct rf_error error = {0};
    int64_t retried, kept;
    assert_int_equal(retry(db, "{\"campaign\": \"spring\"}", &retried, &kept, &error),
                     RF_ERR_INVALID);
    assert_non_null(strstr(error.message, "cannot be undone"));
}

static void many_are_tried_again_page_by_page(void **state) {
    struct rf_db *db = *state;
    campaign(db, "spring", RF_REQUEUE_MOST + 5);
    exec(db, "UPDATE contact SET state = 'running.script'");
    exec(db, "UPDATE contact SET state = 'set_aside', reason = 'retries_exhausted', ended = 1");
    int64_t all = 0, after = 0, pages = 0;
    do {
        struct rf_error error = {0};
        struct rf_requeue *requeue;
        json_t *params = json_pack("{s:s,s:I}", "campaign", "spring", "after", (json_int_t)after);
        assert_int_equal(rf_requeue_new(params, "id", (struct rf_utc){1}, &requeue, &error), RF_OK);
        must(db, &requeue->job);
        all += number(requeue->result, "retried");
        after = number(requeue->result, "after");
        rf_requeue_destroy(&requeue);
        json_decref(params);
        pages++;
    } while (after != 0);
    assert_int_equal(all, RF_REQUEUE_MOST + 5);
    assert_int_equal(pages, 2);
}

// ---- status, why ----

// The rate of before says nothing of what comes.
static void status_names_the_campaign_that_takes_all_places_and_no_time_left(void **state) {
    struct rf_db *db = *state;
    campaign(db, "spring", 40);
    exec(db, "UPDATE contact SET state = 'running.script' WHERE line < 12");
    exec(db, "UPDATE contact SET state = 'set_aside', reason = 'permanent.invalid',"
             " ended = 230000000000 WHERE line < 12");
    campaign(db, "urgent", 1);
    exec(db, "UPDATE campaign SET priority = 5 WHERE name = 'urgent'");
    json_t *told = status(db, 260);
    assert_null(json_object_get(told, "behind")); // nothing of the other one is in progress
    assert_non_null(json_object_get(told, "left_s"));
    json_decref(told);
    exec(db, "UPDATE contact SET state = 'running.script'"
             " WHERE campaign = (SELECT id FROM campaign WHERE name = 'urgent')");
    told = status(db, 260);
    assert_string_equal(json_string_value(json_object_get(told, "behind")), "urgent");
    assert_null(json_object_get(told, "left_s"));
    json_decref(told);
    exec(db, "UPDATE campaign SET priority = 0 WHERE name = 'urgent'"); // each gets its part
    told = status(db, 260);
    assert_null(json_object_get(told, "behind"));
    json_decref(told);
}

static void status_tells_rate_and_time_left_only_when_they_mean_something(void **state) {
    struct rf_db *db = *state;
    campaign(db, "spring", 40);
    exec(db, "UPDATE contact SET state = 'running.script'");
    exec(db, "UPDATE contact SET state = 'set_aside', reason = 'permanent.invalid',"
             " ended = 230000000000 WHERE line < 12");
    json_t *told = status(db, 260); // 10 of 40 in a minute
    assert_true(json_number_value(json_object_get(told, "per_minute")) == 10.0);
    assert_int_equal(number(told, "left_s"), 180);
    json_decref(told);
    exec(db, "UPDATE contact SET state = 'waiting.retry', reason = 'transient', due = 7"
             " WHERE line = 20");
    exec(db, "UPDATE contact SET state = 'running.dial' WHERE line = 21");
    exec(db, "UPDATE contact SET state = 'waiting.window', reason = 'hour', due = 90"
             " WHERE line = 21");
    told = status(db, 260);
    assert_null(json_object_get(told, "left_s"));
    assert_int_equal(number(told, "window_opens"), 90);
    const json_t *waits = json_object_get(told, "waits");
    assert_int_equal(json_array_size(waits), 2);
    assert_int_equal(number(json_array_get(waits, 0), "until"), 7);
    assert_int_equal(number(json_array_get(waits, 0), "contacts"), 1);
    json_decref(told);
    order(db, RF_CAMPAIGN_PAUSE);
    told = status(db, 310);
    assert_null(json_object_get(told, "per_minute"));
    assert_int_equal(number(told, "since"), 300 * S);
    json_decref(told);
    assert_counted(db);
}

// What answers at once with ten contacts answers at once with a million.
static void no_question_of_an_operator_reads_all_contacts(void **state) {
    struct rf_db *db = *state;
    if (database_is_postgres())
        skip(); // whose plans depend on what it has counted
    static const char *const questions[] = {
        "SELECT CAST (sum (count) AS BIGINT) FROM campaign_count WHERE campaign = 1",
        "SELECT due FROM contact WHERE campaign = 1 AND " RF_SCHEMA_WAITING
        " AND state = 'waiting.retry' AND reason = 'busy' ORDER BY due LIMIT 1",
        "SELECT count (*), min (ended) FROM (SELECT ended FROM contact WHERE campaign = 1"
        " AND ended > 0 AND ended > 5 ORDER BY ended DESC LIMIT 10) AS lately",
        "SELECT c.id FROM contact c WHERE c.campaign = 1 AND c.state = 'set_aside' AND c.line > 5"
        " ORDER BY c.line LIMIT 10",
        "SELECT id FROM contact WHERE campaign = 1 AND " RF_SCHEMA_UNENDED " AND state IN ('new',"
        " 'scheduled', 'waiting.retry', 'waiting.breaker', 'waiting.window') LIMIT 10",
        "SELECT c.id FROM campaign k CROSS JOIN contact c WHERE c.campaign = k.id"
        " AND c.phone = '+1' ORDER BY k.id DESC LIMIT 10",
        "SELECT c.id FROM campaign k JOIN contact c ON c.campaign = k.id WHERE k.name = 'a'"
        " AND c.line = 1",
    };
    for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
        char sql[512];
        struct rf_rows *row;
        struct rf_error error = {0};
        snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", questions[i]);
        assert_int_equal(rf_db_query(db, &error, &row, sql, ""), RF_OK);
        while (rf_rows_next(row, &error) == RF_OK) {
            const char *step = rf_rows_text(row, 3);
            if (strstr(step, "TEMP B-TREE") || strstr(step, "SCAN c") ||
                strstr(step, "SCAN contact"))
                fail_msg("%s: %s", questions[i], step);
        }
        rf_rows_end(&row);
    }
}

static void why_is_answered_by_id_and_by_number(void **state) {
    struct rf_db *db = *state;
    campaign(db, "spring", 2);
    campaign(db, "spring-b", 2);
    exec(db, "UPDATE contact SET state = 'running.script' WHERE line = 2");
    aside(db, 2, "retries_exhausted");
    const struct {
        const char *contact;
        size_t found;
        enum rf_err err;
        const char *says;
    } cases[] = {
        {"spring-2", 1, RF_OK, "it failed as often as it may be tried (retries_exhausted: m)"},
        {"spring-b-3", 1, RF_OK, "is in the queue and was never begun"},
        {"+12025000001", 2, RF_OK, "as soon as there is a free place"},
        {"spring-9", 0, RF_ERR_NOT_FOUND, "there is no contact spring-9"},
        {"+12025009999", 0, RF_ERR_NOT_FOUND, "there is no contact +12025009999"},
        {"Ann", 0, RF_ERR_INVALID, "such as spring-7"},
        {"spring-", 0, RF_ERR_INVALID, "such as spring-7"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct rf_explain explain = {.job.run = rf_explain_run,
                                     .contact = (char *)cases[i].contact,
                                     .now = {300 * S},
                                     .max_calls = 3};
        struct rf_error error = {0};
        assert_int_equal(database_do(db, &explain.job, &error), cases[i].err);
        const json_t *contacts = json_object_get(explain.result, "contacts");
        assert_int_equal(json_array_size(contacts), cases[i].found);
        const char *text =
            cases[i].err == RF_OK
                ? json_string_value(json_object_get(json_array_get(contacts, 0), "text"))
                : error.message;
        if (!strstr(text, cases[i].says))
            fail_msg("%s: %s", cases[i].contact, text);
        json_decref(explain.result);
    }
}

// Whoever counts the contacts plans how at the first ones, which may be few.
static void a_large_campaign_starts_as_fast_after_work_on_single_contacts(void **state) {
    struct rf_db *db = *state, *worked = db;
    load(db, "fresh", 3000);
    load(db, "later", 3000);
    struct rf_instant began = rf_clock_now();
    assert_int_equal(database_order(db, "fresh", RF_CAMPAIGN_START, (struct rf_utc){200 * S}),
                     3000);
    struct rf_duration fresh = rf_instant_since(rf_clock_now(), began);
    if (database_is_postgres()) {
        worked = database_connect(false);
        database_live(worked);
    }
    for (int line = 2; line < 12; line++) {
        char sql[128];
        snprintf(sql, sizeof sql,
                 "UPDATE contact SET state = 'running.script' WHERE line = %d"
                 " AND state = 'scheduled'",
                 line);
        exec(worked, sql);
    }
    began = rf_clock_now();
    assert_int_equal(database_order(worked, "later", RF_CAMPAIGN_START, (struct rf_utc){200 * S}),
                     3000);
    struct rf_duration later = rf_instant_since(rf_clock_now(), began);
    if (later.ns > 5 * fresh.ns + S)
        fail_msg("%lld ms, and %lld ms in a fresh session", (long long)rf_duration_ms(later),
                 (long long)rf_duration_ms(fresh));
    if (worked != db)
        rf_db_close(&worked);
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(the_database_allows_exactly_the_transitions_of_a_campaign),
        TEST(an_order_that_does_not_fit_is_refused_with_what_can_be_done),
        TEST(priorities_have_bounds),
        TEST(a_contact_of_a_paused_campaign_rests_at_the_end_of_its_step),
        TEST(a_paused_campaign_ends_with_its_last_call),
        TEST(a_cancelled_campaign_is_swept_in_batches_and_its_calls_come_to_their_end),
        TEST(a_campaign_that_was_never_started_can_be_cancelled),
        TEST(a_campaign_that_is_cancelled_before_its_start_was_never_started),
        TEST(a_priority_that_is_ordered_during_a_start_stands),
        TEST(who_is_loaded_into_a_campaign_that_runs_is_told_as_not_in_the_queue),
        TEST(those_that_were_set_aside_are_tried_again_with_fresh_budgets),
        TEST(those_that_want_to_be_named_are_counted_where_no_reason_is),
        TEST(of_whom_a_dial_is_in_doubt_its_provider_is_asked_first),
        TEST(nobody_is_tried_again_whose_call_may_exist),
        TEST(a_retry_that_makes_no_sense_is_refused_with_words),
        TEST(many_are_tried_again_page_by_page),
        TEST(status_names_the_campaign_that_takes_all_places_and_no_time_left),
        TEST(status_tells_rate_and_time_left_only_when_they_mean_something),
        TEST(no_question_of_an_operator_reads_all_contacts),
        TEST(why_is_answered_by_id_and_by_number),
        TEST(a_large_campaign_starts_as_fast_after_work_on_single_contacts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
