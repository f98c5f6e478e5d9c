#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "processes.h"

struct heard {
    int count;
    char last[HEALTH_NAME_SIZE];
};

static void on_lost(void *arg, const struct health_process *process) {
    struct heard *heard = arg;
    heard->count++;
    snprintf(heard->last, sizeof heard->last, "%s", process->instance);
}

static struct rf_instant at(int64_t ns) {
    return (struct rf_instant){ns};
}

static void see(struct health_processes *processes, const char *instance, const char *state) {
    assert_true(health_processes_seen(processes, instance, "alerter", state, (struct rf_utc){1}));
}

static void one_whose_entry_ends_without_a_word_is_lost_once(void **state) {
    (void)state;
    struct health_processes processes;
    struct heard heard = {0};
    health_processes_init(&processes, rf_ns(10));
    see(&processes, "a", "ready");
    see(&processes, "b", "ready");
    health_processes_gone(&processes, "a", on_lost, &heard);
    health_processes_gone(&processes, "a", on_lost, &heard);
    assert_int_equal(heard.count, 1);
    assert_string_equal(heard.last, "a");
    assert_int_equal(processes.count, 1);
    health_processes_fini(&processes);
}

static void one_that_said_it_ends_is_not_lost(void **state) {
    (void)state;
    struct health_processes processes;
    struct heard heard = {0};
    health_processes_init(&processes, rf_ns(10));
    see(&processes, "a", "ready");
    see(&processes, "a", "draining");
    health_processes_gone(&processes, "a", on_lost, &heard);
    see(&processes, "b", "ready");
    see(&processes, "b", "stopped");
    health_processes_gone(&processes, "b", on_lost, &heard);
    assert_int_equal(heard.count, 0);
    health_processes_fini(&processes);
}

static void after_a_brokers_restart_each_has_the_grace_to_come_back(void **state) {
    (void)state;
    struct health_processes processes;
    struct heard heard = {0};
    struct rf_instant when;
    health_processes_init(&processes, rf_ns(10));
    see(&processes, "a", "ready");
    see(&processes, "b", "ready");
    assert_false(health_processes_wake(&processes, &when));
    health_processes_absent(&processes, at(100));
    assert_true(health_processes_wake(&processes, &when));
    assert_int_equal(when.ns, 110);
    see(&processes, "a", "ready");
    health_processes_tick(&processes, at(109), on_lost, &heard);
    assert_int_equal(heard.count, 0);
    health_processes_tick(&processes, at(110), on_lost, &heard);
    assert_int_equal(heard.count, 1);
    assert_string_equal(heard.last, "b");
    assert_false(health_processes_wake(&processes, &when));
    health_processes_fini(&processes);
}

static void a_second_snapshot_does_not_prolong_the_grace(void **state) {
    (void)state;
    struct health_processes processes;
    struct heard heard = {0};
    health_processes_init(&processes, rf_ns(10));
    see(&processes, "a", "ready");
    health_processes_absent(&processes, at(100));
    health_processes_absent(&processes, at(105));
    health_processes_tick(&processes, at(110), on_lost, &heard);
    assert_int_equal(heard.count, 1);
    health_processes_fini(&processes);
}

static void there_is_a_bound_and_a_name_that_is_too_long_is_refused(void **state) {
    (void)state;
    struct health_processes processes;
    char name[2 * HEALTH_NAME_SIZE];
    health_processes_init(&processes, rf_ns(10));
    for (int i = 0; i < HEALTH_MAX_PROCESSES; i++) {
        snprintf(name, sizeof name, "p%d", i);
        see(&processes, name, "ready");
    }
    assert_false(health_processes_seen(&processes, "one-more", "x", "ready", (struct rf_utc){1}));
    see(&processes, "p7", "ready");
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_false(health_processes_seen(&processes, name, "x", "ready", (struct rf_utc){1}));
    health_processes_fini(&processes);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_whose_entry_ends_without_a_word_is_lost_once),
        cmocka_unit_test(one_that_said_it_ends_is_not_lost),
        cmocka_unit_test(after_a_brokers_restart_each_has_the_grace_to_come_back),
        cmocka_unit_test(a_second_snapshot_does_not_prolong_the_grace),
        cmocka_unit_test(there_is_a_bound_and_a_name_that_is_too_long_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
