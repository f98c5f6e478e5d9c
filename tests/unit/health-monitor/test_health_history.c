// The history against a real database, over ends and beginnings.
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "history.h"
#include "runtime/loop.h"

#define BEGIN (INT64_C(20000) * 24 * 3600)

static struct rf_utc utc_s(int64_t seconds) {
    return (struct rf_utc){(BEGIN + seconds) * RF_NS_PER_S};
}

struct fixture {
    char folder[64], path[96];
    struct rf_loop *loop;
    struct health_account *accounts[2];
    struct health_named named[2];
    struct health_history *history;
    json_t *answer;
};

// A life of the monitor begins: nothing is known but what was kept.
static void begin(struct fixture *f, int64_t now) {
    static const char *const names[] = {"elevenlabs", "twilio"};
    struct rf_error error;
    for (size_t i = 0; i < 2; i++) {
        free(f->accounts[i]);
        f->accounts[i] = calloc(1, sizeof *f->accounts[i]);
        assert_non_null(f->accounts[i]);
        f->named[i] = (struct health_named){names[i], f->accounts[i]};
    }
    assert_int_equal(
        health_history_open(f->loop, f->path, f->named, 2, utc_s(now), &f->history, &error), RF_OK);
}

static void end(struct fixture *f, int64_t now) {
    health_history_close(&f->history, utc_s(now));
    assert_null(f->history);
}

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    if (f == NULL)
        return -1;
    snprintf(f->folder, sizeof f->folder, "/tmp/rf-history-XXXXXX");
    if (mkdtemp(f->folder) == NULL)
        return -1;
    snprintf(f->path, sizeof f->path, "%s/history.db", f->folder);
    f->loop = rf_loop_new();
    *state = f;
    return f->loop == NULL ? -1 : 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    char path[128];
    health_history_close(&f->history, utc_s(0));
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        snprintf(path, sizeof path, "%s%s", f->path, suffixes[i]);
        unlink(path);
    }
    rmdir(f->folder);
    rf_loop_destroy(&f->loop);
    free(f->accounts[0]);
    free(f->accounts[1]);
    json_decref(f->answer);
    free(f);
    return 0;
}

// One look at provider `at`; what it gives is kept.
static void look(struct fixture *f, size_t at, int64_t second, enum health_status status,
                 int64_t since) {
    const struct health_sight sight = {status, utc_s(since), "probes", "HTTP 503"};
    struct health_change change;
    unsigned news = health_account_look(f->accounts[at], &sight,
                                        (struct rf_instant){(7 + second) * RF_NS_PER_S},
                                        utc_s(second), &change);
    if (news & HEALTH_NEWS_CHANGE)
        health_history_change(f->history, f->named[at].name, &change);
    if (news & HEALTH_NEWS_OUTAGE)
        health_history_outage(f->history, f->named[at].name, &f->accounts[at]->outage);
}

static void watch(struct fixture *f, size_t at, int64_t from, int64_t until,
                  enum health_status status) {
    for (int64_t second = from; second <= until; second += 10)
        look(f, at, second, status, from);
}

static void on_answer(void *arg, const char *call, const json_t *answer, enum rf_err err,
                      const char *message) {
    struct fixture *f = arg;
    (void)message;
    assert_string_equal(call, "q");
    assert_int_equal(err, RF_OK);
    json_decref(f->answer);
    f->answer = json_deep_copy(answer);
    rf_loop_stop(f->loop);
}

// The rows of an answer; `after`: where a page begins, taken over.
static const json_t *ask(struct fixture *f, const char *name, int limit, json_t *after) {
    struct rf_error error;
    json_t *params = json_pack("{s:i, s:o*}", "limit", limit, "after", after);
    enum rf_err err = strcmp(name, "incidents") == 0
                          ? health_history_incidents(f->history, "q", params, on_answer, f)
                          : health_history_changes(f->history, "q", params, on_answer, f);
    assert_int_equal(err, RF_OK);
    json_decref(params);
    assert_int_equal(rf_loop_run(f->loop, &error), RF_OK);
    return json_object_get(f->answer, name);
}

static int64_t number(const json_t *row, const char *key) {
    return json_integer_value(json_object_get(row, key));
}

static const char *text(const json_t *row, const char *key) {
    return json_string_value(json_object_get(row, key));
}

static struct health_spent latest_hour(struct fixture *f, size_t at, int64_t now) {
    return health_availability_between(&f->accounts[at]->availability, utc_s(now - 3600),
                                       utc_s(now), utc_s(now));
}

static void what_was_written_is_there_after_an_end_and_the_time_between_is_unknown(void **state) {
    struct fixture *f = *state;
    begin(f, 0);
    watch(f, 0, 0, 300, HEALTH_UP);
    watch(f, 0, 300, 400, HEALTH_DOWN);
    end(f, 400);
    begin(f, 1000);
    assert_int_equal(f->accounts[0]->outage.began.ns, utc_s(300).ns);
    struct health_spent spent = latest_hour(f, 0, 1000);
    assert_int_equal(spent.up_ns, 300 * RF_NS_PER_S);
    assert_int_equal(spent.down_ns, 100 * RF_NS_PER_S);
    watch(f, 0, 1000, 1100, HEALTH_UP);
    health_history_write(f->history, utc_s(1100));
    const json_t *rows = ask(f, "incidents", 10, NULL);
    assert_int_equal(json_array_size(rows), 1);
    const json_t *incident = json_array_get(rows, 0);
    assert_string_equal(text(incident, "provider"), "elevenlabs");
    assert_string_equal(text(incident, "worst"), "down");
    assert_string_equal(text(incident, "why"), "HTTP 503");
    assert_int_equal(number(incident, "began"), utc_s(300).ns);
    assert_int_equal(number(incident, "ended"), utc_s(1000).ns);
    // Newest first: up, we were away, down, up.
    static const struct {
        const char *from, *to, *cause;
        int64_t at;
    } expected[] = {{"unknown", "up", "probes", 1000},
                    {"down", "unknown", "monitor", 400},
                    {"up", "down", "probes", 300},
                    {"unknown", "up", "probes", 0}};
    rows = ask(f, "changes", 10, NULL);
    assert_int_equal(json_array_size(rows), 4);
    for (size_t i = 0; i < 4; i++) {
        const json_t *row = json_array_get(rows, i);
        assert_string_equal(text(row, "from"), expected[i].from);
        assert_string_equal(text(row, "to"), expected[i].to);
        assert_string_equal(text(row, "cause"), expected[i].cause);
        assert_int_equal(number(row, "at"), utc_s(expected[i].at).ns);
    }
}

static void in_folder(const struct fixture *f, const char *command) {
    char line[256];
    snprintf(line, sizeof line, "cd %s && %s", f->folder, command);
    assert_int_equal(system(line), 0);
}

static void a_write_without_an_end_loses_nothing_that_was_before_it(void **state) {
    struct fixture *f = *state;
    begin(f, 0);
    watch(f, 1, 0, 100, HEALTH_UP);
    health_history_write(f->history, utc_s(100));
    (void)ask(f, "changes", 10, NULL); // behind the write
    watch(f, 1, 110, 200, HEALTH_UP);
    // As after a kill: what the last write did not have is gone.
    in_folder(f, "cp history.db kept && cp history.db-wal kept-wal");
    end(f, 200);
    in_folder(f, "mv kept history.db && mv kept-wal history.db-wal");
    begin(f, 500);
    struct health_spent spent = latest_hour(f, 1, 500);
    assert_int_equal(spent.up_ns, 100 * RF_NS_PER_S);
}

static void pages_follow_one_another_without_a_gap(void **state) {
    struct fixture *f = *state;
    begin(f, 0);
    for (int64_t i = 0; i < 25; i++)
        for (size_t at = 0; at < 2; at++) {
            look(f, at, i * 20, HEALTH_DOWN, i * 20);
            look(f, at, i * 20 + 10, HEALTH_UP, i * 20 + 10);
        }
    health_history_write(f->history, utc_s(500));
    const char *const names[] = {"incidents", "changes"};
    const size_t counts[] = {50, 100};
    for (size_t i = 0; i < 2; i++) {
        size_t count = 0, pages = 0;
        json_t *after = NULL;
        int64_t last = INT64_MAX;
        do {
            const json_t *rows = ask(f, names[i], 7, after);
            for (size_t at = 0; at < json_array_size(rows); at++) {
                int64_t place = number(json_array_get(rows, at), i == 0 ? "began" : "id");
                assert_true(i == 0 ? place <= last : place < last);
                last = place;
            }
            count += json_array_size(rows);
            assert_true(++pages < 20);
            after = json_incref(json_object_get(f->answer, "next"));
        } while (after != NULL);
        assert_int_equal(count, counts[i]);
    }
}

static void what_is_older_than_ninety_days_is_deleted(void **state) {
    struct fixture *f = *state;
    begin(f, 0);
    watch(f, 0, 0, 100, HEALTH_DOWN);
    watch(f, 0, 100, 200, HEALTH_UP);
    health_history_write(f->history, utc_s(200));
    assert_int_equal(json_array_size(ask(f, "incidents", 10, NULL)), 1);
    int64_t later = INT64_C(91) * 24 * 3600;
    look(f, 0, later, HEALTH_DOWN, later);
    health_history_write(f->history, utc_s(later));
    const json_t *rows = ask(f, "incidents", 10, NULL);
    assert_int_equal(json_array_size(rows), 1);
    assert_int_equal(number(json_array_get(rows, 0), "began"), utc_s(later).ns);
    assert_int_equal(json_array_size(ask(f, "changes", 10, NULL)), 1);
    end(f, later);
    begin(f, later);
    for (size_t i = 0; i < HEALTH_HOURS; i++)
        assert_int_equal(health_spent_known(&f->accounts[0]->availability.hours[i].spent), 0);
}

// Changes of both providers, by pages; the oldest of the first one's in *oldest.
static size_t count_changes(struct fixture *f, const char *name, int64_t *oldest) {
    size_t count = 0;
    json_t *after = NULL;
    do {
        const json_t *rows = ask(f, "changes", HEALTH_HISTORY_ROWS, after);
        for (size_t i = 0; i < json_array_size(rows); i++)
            if (strcmp(text(json_array_get(rows, i), "provider"), name) == 0) {
                *oldest = number(json_array_get(rows, i), "at");
                count++;
            }
        after = json_incref(json_object_get(f->answer, "next"));
    } while (after != NULL);
    return count;
}

static void of_a_provider_that_flaps_the_latest_changes_are_kept_and_all_of_others(void **state) {
    struct fixture *f = *state;
    const int64_t more = 500, batch = 500;
    int64_t second = 0, oldest = 0;
    begin(f, 0);
    look(f, 1, 0, HEALTH_UP, 0);
    look(f, 1, 10, HEALTH_DOWN, 10);
    while (second < HEALTH_HISTORY_MOST + more) {
        for (int64_t i = 0; i < batch; i++, second++) {
            struct health_change change = {.at = utc_s(second),
                                           .from = second % 2 ? HEALTH_UP : HEALTH_DOWN,
                                           .to = second % 2 ? HEALTH_DOWN : HEALTH_UP};
            health_history_change(f->history, "elevenlabs", &change);
        }
        health_history_write(f->history, utc_s(0)); // within the hour: nothing is deleted
        (void)ask(f, "changes", 1, NULL);
    }
    assert_int_equal(count_changes(f, "elevenlabs", &oldest), HEALTH_HISTORY_MOST + more);
    health_history_write(f->history, utc_s(3600 + second));
    assert_int_equal(count_changes(f, "elevenlabs", &oldest), HEALTH_HISTORY_MOST);
    assert_int_equal(oldest, utc_s(more).ns);
    assert_int_equal(count_changes(f, "twilio", &oldest), 2);
}

static void a_second_monitor_on_the_same_file_is_refused(void **state) {
    struct fixture *f = *state;
    struct health_history *second;
    struct rf_error error;
    begin(f, 0);
    assert_int_equal(health_history_open(f->loop, f->path, f->named, 2, utc_s(0), &second, &error),
                     RF_ERR_CONFLICT);
    assert_null(second);
}

static void a_history_that_is_not_kept_takes_everything(void **state) {
    struct fixture *f = *state;
    health_history_change(NULL, "twilio", &(struct health_change){0});
    health_history_outage(NULL, "twilio", &(struct health_outage){0});
    health_history_write(NULL, utc_s(0));
    assert_null(f->history);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            what_was_written_is_there_after_an_end_and_the_time_between_is_unknown, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(a_write_without_an_end_loses_nothing_that_was_before_it,
                                        set_up, tear_down),
        cmocka_unit_test_setup_teardown(pages_follow_one_another_without_a_gap, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_is_older_than_ninety_days_is_deleted, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(
            of_a_provider_that_flaps_the_latest_changes_are_kept_and_all_of_others, set_up,
            tear_down),
        cmocka_unit_test_setup_teardown(a_second_monitor_on_the_same_file_is_refused, set_up,
                                        tear_down),
        cmocka_unit_test_setup_teardown(a_history_that_is_not_kept_takes_everything, set_up,
                                        tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
