// Old notices of a channel become one summary: by the ledger's real rows.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ringfence/loop.h>

#include "concern.h"
#include "ledger.h"
#include "ledger_parts.h"
#include "store/db.h"

#define START (INT64_C(1763981280) * RF_NS_PER_S) // 2025-11-24 10:48:00 UTC
#define MOST  60

struct fixture {
    struct rf_loop *loop;
    struct rf_ledger *ledger;
    struct rf_ledger_fold fold;
    struct rf_ledger_reading reading;
    enum rf_err result;
};

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    struct rf_error error;
    f->loop = rf_loop_new();
    assert_non_null(f->loop);
    assert_int_equal(rf_ledger_open(f->loop, ":memory:", &f->ledger, &error), RF_OK);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    rf_ledger_close(&f->ledger);
    rf_loop_destroy(&f->loop);
    rf_alert_fini(&f->reading.alert);
    rf_alert_fini(&f->reading.first);
    free(f->fold.concerns);
    free(f);
    return 0;
}

// ---- what is there ----

static void on_stored(void *arg) {
    rf_loop_stop(((struct fixture *)arg)->loop);
}

static struct rf_alert alert_of(int i, const char *title) {
    struct rf_alert alert = {.kind = i % 2 == 0 ? RF_NOTICE_OPENED : RF_NOTICE_RESOLVED,
                             .n = 100 + i,
                             .order = 10 + i,
                             .channels = 3,
                             // The first one happened last.
                             .at = {START - i * RF_NS_PER_S},
                             .opened = {START},
                             .severity = strdup(i == 1 ? "error" : "warning"),
                             .type = strdup("foo.bar"),
                             .subject = strdup("x"),
                             .title = strdup(title),
                             .text = strdup("text"),
                             .payload = strdup("{}")};
    char name[32];
    snprintf(alert.id, sizeof alert.id, "alert-%d", i);
    memcpy(alert.thread, alert.id, sizeof alert.thread);
    snprintf(name, sizeof name, "incident/%d", i);
    const char *names[] = {name};
    alert.incident = strdup(name);
    alert.concerns = i == 0 ? strdup("") : rf_concern_of(names, 1); // of before version 8
    return alert;
}

// Alerts 0 to count - 1, which wait on the channels a and b.
static void keep(struct fixture *f, int count, const char *title) {
    static struct rf_ledger_page page;
    struct rf_alert *alerts = calloc((size_t)count, sizeof *alerts);
    bool *fresh = calloc((size_t)count, sizeof *fresh);
    struct rf_error error;
    for (int i = 0; i < count; i++)
        alerts[i] = alert_of(i, title);
    page = (struct rf_ledger_page){
        .changes = {.alerts = alerts, .alert_count = (size_t)count},
        .names = {.names = {"a", "b"}},
        .fresh = fresh,
        .now = {START},
        .stored = on_stored,
        .arg = f,
    };
    rf_ledger_submit_page(f->ledger, &page);
    assert_int_equal(rf_loop_run(f->loop, &error), RF_OK);
    rf_engine_changes_free(&page.changes);
    free(fresh);
}

// ---- folding ----

static void on_folded(void *arg, enum rf_err result, const struct rf_error *error) {
    struct fixture *f = arg;
    (void)error;
    f->result = result;
    rf_loop_stop(f->loop);
}

// Folds these on channel a, a day later.
static void fold(struct fixture *f, int first, int count) {
    struct rf_error error;
    f->fold.count = (size_t)count;
    for (int i = 0; i < count; i++)
        snprintf(f->fold.ids[i], sizeof f->fold.ids[i], "alert-%d", first + i);
    snprintf(f->fold.channel, sizeof f->fold.channel, "a");
    snprintf(f->fold.summary, sizeof f->fold.summary, "summary");
    f->fold.now = (struct rf_utc){START + 86400 * RF_NS_PER_S};
    f->fold.done = on_folded;
    f->fold.arg = f;
    rf_ledger_fold(f->ledger, &f->fold);
    assert_int_equal(rf_loop_run(f->loop, &error), RF_OK);
}

static void on_read(void *arg, enum rf_err result, const struct rf_error *error) {
    on_folded(arg, result, error);
}

static const struct rf_alert *summary_of(struct fixture *f) {
    struct rf_error error;
    snprintf(f->reading.id, sizeof f->reading.id, "summary");
    f->reading.done = on_read;
    f->reading.arg = f;
    rf_ledger_read(f->ledger, &f->reading);
    assert_int_equal(rf_loop_run(f->loop, &error), RF_OK);
    assert_int_equal(f->result, RF_OK);
    return &f->reading.alert;
}

// ---- SQL of our own ----

struct question {
    struct rf_store_job job;
    const char *sql;
    int64_t answer;
};

static enum rf_err run_question(struct rf_store_job *job, struct rf_db *db,
                                struct rf_error *error) {
    struct question *question = (struct question *)job;
    return rf_db_number(db, error, &question->answer, question->sql, "");
}

static enum rf_err run_order(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    return rf_db_run(db, error, ((struct question *)job)->sql, "");
}

static void no_done(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    (void)job, (void)result, (void)error;
}

static int64_t number(struct fixture *f, const char *sql) {
    struct question question = {.job = {.run = run_question, .done = no_done}, .sql = sql};
    struct rf_error error;
    if (rf_store_now(f->ledger->store, &question.job, &error) != RF_OK)
        fail_msg("%s", error.message);
    return question.answer;
}

static void order(struct fixture *f, const char *sql) {
    struct question question = {.job = {.run = run_order, .done = no_done}, .sql = sql};
    struct rf_error error;
    assert_int_equal(rf_store_now(f->ledger->store, &question.job, &error), RF_OK);
}

// ---- tests ----

static void incident_37_old_notices_of_a_channel_wait_as_one_and_as_they_were_elsewhere(void **s) {
    struct fixture *f = *s;
    keep(f, 4, "Something happened");
    fold(f, 0, 3);
    assert_int_equal(f->result, RF_OK);
    assert_int_equal(number(f, "SELECT count(*) FROM delivery WHERE channel = 'a' AND"
                               " state = 'done' AND message = 'told in summary'"),
                     3);
    assert_int_equal(number(f, "SELECT count(*) FROM delivery WHERE channel = 'a' AND"
                               " state = 'waiting' AND alert IN ('summary', 'alert-3')"),
                     2);
    assert_int_equal(number(f, "SELECT count(*) FROM delivery WHERE channel = 'b' AND"
                               " state = 'waiting' AND message = '' AND alert <> 'summary'"),
                     4);
    assert_int_equal(number(f, "SELECT made FROM delivery WHERE alert = 'summary'"),
                     START + 86400 * RF_NS_PER_S);
}

static void a_summary_tells_the_worst_the_first_and_the_age_of_each(void **s) {
    struct fixture *f = *s;
    keep(f, 3, "Something happened");
    fold(f, 0, 3);
    const struct rf_alert *summary = summary_of(f);
    assert_string_equal(summary->title, "3 notices that could not be told by a earlier");
    assert_string_equal(summary->severity, "error");
    assert_int_equal(summary->kind, RF_NOTICE_DIGEST);
    assert_int_equal(summary->at.ns, START - 2 * RF_NS_PER_S);
    assert_int_equal(summary->n, 102);
    assert_non_null(strstr(summary->text,
                           "2025-11-24 10:48:00 UTC warning, opened: Something happened\n"
                           "2025-11-24 10:47:59 UTC error, resolved: Something happened\n"
                           "2025-11-24 10:47:58 UTC warning, opened: Something happened\n"));
}

// So that nothing of an incident that it tells of overtakes it.
static void a_summary_concerns_what_its_notices_do_and_has_the_order_of_the_last(void **s) {
    struct fixture *f = *s;
    const char *const names[] = {"incident/0", "incident/1", "incident/2"};
    keep(f, 3, "Something happened");
    fold(f, 0, 3);
    char *expected = rf_concern_of(names, 3);
    assert_string_equal(f->fold.concerns, expected);
    free(expected);
    assert_int_equal(f->fold.order, 12);
    assert_string_equal(f->fold.incident, "late/a");
    assert_true(rf_ledger_is_fold(f->fold.incident)); // and is not folded again
    assert_false(rf_ledger_is_fold("breaker/late"));
    assert_int_equal(summary_of(f)->order, 12);
}

static void a_long_summary_lists_fifty_and_counts_the_rest(void **s) {
    struct fixture *f = *s;
    char title[400];
    memset(title, 'x', sizeof title);
    memcpy(title, "a\r\nb", 4); // no title breaks a line
    title[sizeof title - 1] = '\0';
    keep(f, MOST, title);
    fold(f, 0, MOST);
    const char *text = summary_of(f)->text, *line = text;
    int lines = 0;
    for (; (line = strchr(line, '\n')) != NULL; line++)
        lines++;
    assert_int_equal(lines, 1 + 50 + 1);
    assert_non_null(strstr(text, "and 10 more\n"));
    assert_true(strlen(text) < 16384);
    assert_int_equal(number(f, "SELECT count(*) FROM delivery WHERE channel = 'a' AND"
                               " state = 'done'"),
                     MOST);
}

static void what_was_settled_meanwhile_stays_as_it_is(void **s) {
    struct fixture *f = *s;
    keep(f, 3, "Something happened");
    order(f, "UPDATE delivery SET state = 'dead', message = 'too late' WHERE alert = 'alert-0' AND"
             " channel = 'a'");
    fold(f, 0, 3);
    assert_int_equal(f->result, RF_OK);
    assert_int_equal(number(f, "SELECT count(*) FROM delivery WHERE channel = 'a' AND"
                               " state = 'dead' AND message = 'too late'"),
                     1);
}

static void a_fold_that_fails_changes_nothing(void **s) {
    struct fixture *f = *s;
    keep(f, 3, "Something happened");
    order(f, "CREATE TRIGGER full BEFORE UPDATE ON delivery WHEN old.alert = 'alert-2' BEGIN"
             " SELECT raise(ABORT, 'no room'); END");
    fold(f, 0, 3);
    assert_int_not_equal(f->result, RF_OK);
    assert_int_equal(number(f, "SELECT count(*) FROM delivery WHERE state = 'waiting'"), 6);
    assert_int_equal(number(f, "SELECT count(*) FROM alert"), 3);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(incident_37_old_notices_of_a_channel_wait_as_one_and_as_they_were_elsewhere),
        TEST(a_summary_tells_the_worst_the_first_and_the_age_of_each),
        TEST(a_summary_concerns_what_its_notices_do_and_has_the_order_of_the_last),
        TEST(a_long_summary_lists_fifty_and_counts_the_rest),
        TEST(what_was_settled_meanwhile_stays_as_it_is),
        TEST(a_fold_that_fails_changes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
