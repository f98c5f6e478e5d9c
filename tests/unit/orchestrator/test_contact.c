#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "contact.h"
#include "database.h"

static void every_state_has_a_name_that_is_read_back(void **state) {
    (void)state;
    for (int i = 0; i < RF_CONTACT_STATES; i++) {
        enum rf_contact_state read = RF_CONTACT_NEW;
        const char *name = rf_contact_state_name((enum rf_contact_state)i);
        assert_true(rf_contact_state_parse(name, &read));
        assert_int_equal(read, i);
    }
    enum rf_contact_state read = RF_CONTACT_DIAL;
    assert_false(rf_contact_state_parse("running", &read));
    assert_false(rf_contact_state_parse(NULL, &read));
    assert_int_equal(read, RF_CONTACT_DIAL);
}

static void each_state_is_running_waiting_ended_or_before_them(void **state) {
    (void)state;
    for (int i = 0; i < RF_CONTACT_STATES; i++) {
        enum rf_contact_state s = (enum rf_contact_state)i;
        const char *name = rf_contact_state_name(s);
        assert_int_equal(rf_contact_running(s), strncmp(name, "running.", 8) == 0);
        assert_int_equal(rf_contact_waiting(s), strncmp(name, "waiting.", 8) == 0);
        assert_int_equal(rf_contact_ended(s), s == RF_CONTACT_DONE || s == RF_CONTACT_SET_ASIDE);
    }
}

static void
a_person_alone_takes_a_contact_out_of_its_end_and_all_others_can_reach_one(void **state) {
    (void)state;
    bool reaches[RF_CONTACT_STATES] = {[RF_CONTACT_DONE] = true, [RF_CONTACT_SET_ASIDE] = true};
    for (int round = 0; round < RF_CONTACT_STATES; round++)
        for (size_t i = 0; i < rf_contact_transition_count; i++)
            if (reaches[rf_contact_transitions[i].to])
                reaches[rf_contact_transitions[i].from] = true;
    for (int i = 0; i < RF_CONTACT_STATES; i++)
        assert_true(reaches[i]);
    // Only a person takes a contact out of its end, and only one that was set aside: into the
    // queue, or to where its open attempt was left.
    for (size_t i = 0; i < rf_contact_transition_count; i++) {
        const struct rf_contact_transition *t = &rf_contact_transitions[i];
        assert_true(!rf_contact_ended(t->from) ||
                    (t->from == RF_CONTACT_SET_ASIDE &&
                     (t->to == RF_CONTACT_WAIT_RETRY || t->to == RF_CONTACT_ASK ||
                      t->to == RF_CONTACT_FOLLOW)));
    }
}

// From a dial if it had its calls before, and may have no further one.
static void a_contact_is_done_only_from_a_call_that_was_followed(void **state) {
    (void)state;
    for (int from = 0; from < RF_CONTACT_STATES; from++)
        assert_int_equal(rf_contact_may((enum rf_contact_state)from, RF_CONTACT_DONE),
                         from == RF_CONTACT_FOLLOW || from == RF_CONTACT_DIAL);
}

static void a_dial_is_never_repeated_from_a_call_that_may_exist(void **state) {
    (void)state;
    assert_false(rf_contact_may(RF_CONTACT_FOLLOW, RF_CONTACT_DIAL));
    assert_false(rf_contact_may(RF_CONTACT_ASK, RF_CONTACT_WAIT_RETRY));
    assert_false(rf_contact_may(RF_CONTACT_ASK, RF_CONTACT_WAIT_BREAKER));
}

// RF_MANUAL is ringfence-orchestrator(8).
static void the_manual_has_the_picture_of_the_table_as_it_is(void **state) {
    (void)state;
    char *picture = NULL, *manual = NULL;
    size_t size = 0;
    struct rf_error error = {0};
    FILE *out = open_memstream(&picture, &size);
    assert_non_null(out);
    rf_contact_draw(out);
    assert_int_equal(fclose(out), 0);
    assert_int_equal(rf_file_read(RF_MANUAL, 1 << 20, &manual, NULL, &error), RF_OK);
    if (!strstr(manual, picture))
        fail_msg("the manual needs this picture, between .Bd -literal and .Ed:\n%s", picture);
    for (size_t i = 0; i < rf_contact_transition_count; i++) {
        const struct rf_contact_transition *t = &rf_contact_transitions[i];
        char edge[160];
        snprintf(edge, sizeof edge, "|--> %-16s %s\n", rf_contact_state_name(t->to), t->when);
        assert_non_null(strstr(picture, edge));
    }
    free(manual);
    free(picture);
}

// Takes a contact by legal steps to `target` in the database: breadth first over the table.
static void walk_to(struct rf_db *db, enum rf_contact_state target) {
    int before[RF_CONTACT_STATES];
    for (int i = 0; i < RF_CONTACT_STATES; i++)
        before[i] = -1;
    before[RF_CONTACT_NEW] = RF_CONTACT_NEW;
    for (int round = 0; round < RF_CONTACT_STATES; round++)
        for (size_t i = 0; i < rf_contact_transition_count; i++) {
            const struct rf_contact_transition *t = &rf_contact_transitions[i];
            if (before[t->from] >= 0 && before[t->to] < 0)
                before[t->to] = (int)t->from;
        }
    int path[RF_CONTACT_STATES];
    int length = 0;
    for (int at = (int)target; at != RF_CONTACT_NEW; at = before[at])
        path[length++] = at;
    while (length > 0) {
        char sql[128];
        snprintf(sql, sizeof sql, "UPDATE contact SET state = '%s'",
                 rf_contact_state_name((enum rf_contact_state)path[--length]));
        assert_int_equal(database_exec(db, sql), RF_OK);
    }
}

static void insert_contact(struct rf_db *db) {
    assert_int_equal(
        database_exec(
            db,
            "DELETE FROM contact; DELETE FROM campaign;"
            "INSERT INTO campaign (id, name, state, created) VALUES (1, 'c', 'running', 1);"
            "INSERT INTO contact (id, campaign, line, phone) VALUES (1, 1, 1, '+12025550100');"),
        RF_OK);
}

static void the_database_allows_exactly_the_transitions_of_the_table(void **state) {
    (void)state;
    struct rf_db *db = database_open();
    for (int from = 0; from < RF_CONTACT_STATES; from++) {
        for (int to = 0; to < RF_CONTACT_STATES; to++) {
            insert_contact(db);
            walk_to(db, (enum rf_contact_state)from);
            char sql[128];
            snprintf(sql, sizeof sql, "UPDATE contact SET state = '%s'",
                     rf_contact_state_name((enum rf_contact_state)to));
            enum rf_err rc = database_exec(db, sql);
            bool may = from == to ||
                       rf_contact_may((enum rf_contact_state)from, (enum rf_contact_state)to);
            assert_int_equal(rc == RF_OK, may);
        }
    }
    assert_int_equal(database_number(db, "SELECT count (*) FROM contact_transition"),
                     rf_contact_transition_count);
    rf_db_close(&db);
}

static void the_database_judges_each_row_of_a_statement_and_by_its_own_past(void **state) {
    (void)state;
    struct rf_db *db = database_open();
    insert_contact(db);
    assert_int_equal(database_exec(db, "INSERT INTO contact (id, campaign, line, phone)"
                                       " VALUES (2, 1, 2, '+12025550101');"
                                       "UPDATE contact SET state = 'scheduled' WHERE id = 2"),
                     RF_OK);
    const char *const forbidden[] = {
        // One of them may, the other not.
        "UPDATE contact SET state = 'running.script'",
        // Each would take the past of the other.
        "UPDATE contact SET state = CASE id WHEN 1 THEN 'running.script' ELSE 'scheduled' END,"
        " id = 3 - id WHERE id = 1 OR id = 2",
    };
    for (size_t i = 0; i < sizeof forbidden / sizeof *forbidden; i++)
        assert_int_not_equal(database_exec(db, forbidden[i]), RF_OK);
    assert_int_equal(database_number(db, "SELECT sum (count) FROM campaign_count"
                                         " WHERE state = 'running.script'"),
                     0);
    assert_int_equal(database_exec(db,
                                   "UPDATE contact SET state ="
                                   " CASE id WHEN 1 THEN 'scheduled' ELSE 'running.script' END"),
                     RF_OK);
    assert_int_equal(database_number(db, "SELECT sum (count) FROM campaign_count"
                                         " WHERE state = 'running.script'"),
                     1);
    assert_int_equal(database_number(db, "SELECT sum (count) FROM campaign_count"), 2);
    rf_db_close(&db);
}

static void an_event_has_a_stream_which_stays_as_long_as_it(void **state) {
    (void)state;
    struct rf_db *db = database_open();
    assert_int_not_equal(
        database_exec(db, "INSERT INTO outbox (stream, seq, event) SELECT id, 7, '{}' FROM stream"
                          " UNION ALL SELECT 99, 7, '{}'"),
        RF_OK);
    assert_int_equal(database_number(db, "SELECT count (*) FROM outbox"), 0);
    assert_int_equal(
        database_exec(db, "INSERT INTO outbox (stream, seq, event) SELECT id, 7, '{}' FROM stream"),
        RF_OK);
    assert_int_not_equal(database_exec(db, "UPDATE outbox SET stream = 99"), RF_OK);
    assert_int_not_equal(database_exec(db, "UPDATE stream SET id = 99"), RF_OK);
    assert_int_not_equal(database_exec(db, "DELETE FROM stream"), RF_OK);
    assert_int_equal(database_exec(db, "DELETE FROM outbox; DELETE FROM stream"), RF_OK);
    rf_db_close(&db);
}

static void the_database_refuses_an_unknown_state_and_a_birth_in_the_middle(void **state) {
    (void)state;
    struct rf_db *db = database_open();
    insert_contact(db);
    assert_int_not_equal(database_exec(db, "UPDATE contact SET state = 'asleep'"), RF_OK);
    assert_int_not_equal(database_exec(db, "INSERT INTO contact (campaign, line, phone, state)"
                                           " VALUES (1, 2, '+12025550101', 'running.dial')"),
                         RF_OK);
    rf_db_close(&db);
}

static void the_database_refuses_to_reopen_an_attempt_or_to_open_two(void **state) {
    (void)state;
    struct rf_db *db = database_open();
    insert_contact(db);
    const char *const first =
        "INSERT INTO attempt (id, contact, phone, created, send_before, state)"
        " VALUES ('a', 1, '+12025550100', 1, 2, 'intent')";
    const char *const second =
        "INSERT INTO attempt (id, contact, phone, created, send_before, state)"
        " VALUES ('b', 1, '+12025550100', 1, 2, 'intent')";
    assert_int_equal(database_exec(db, first), RF_OK);
    const struct {
        const char *state;
        bool allowed;
    } cases[] = {
        {"ended", false}, // from intent
        {"unknown", true},  {"intent", false}, {"placed", true},  {"absent", false},
        {"unknown", false}, {"ended", true},   {"placed", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        bool open = i < 7;
        if (open)
            assert_int_equal(database_exec(db, second), RF_ERR_CONFLICT);
        char sql[128];
        snprintf(sql, sizeof sql, "UPDATE attempt SET state = '%s' WHERE id = 'a'", cases[i].state);
        assert_int_equal(database_exec(db, sql) == RF_OK, cases[i].allowed);
    }
    assert_int_equal(database_exec(db, second), RF_OK);
    // One that nobody will ever know of may be given up, and is not open any more.
    assert_int_equal(database_exec(db, "UPDATE attempt SET state = 'unknown' WHERE id = 'b';"
                                       "UPDATE attempt SET state = 'ended' WHERE id = 'b';"),
                     RF_OK);
    assert_int_equal(database_number(db, "SELECT count (*) FROM attempt WHERE " RF_SCHEMA_OPEN), 0);
    rf_db_close(&db);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_has_a_name_that_is_read_back),
        cmocka_unit_test(each_state_is_running_waiting_ended_or_before_them),
        cmocka_unit_test(
            a_person_alone_takes_a_contact_out_of_its_end_and_all_others_can_reach_one),
        cmocka_unit_test(a_contact_is_done_only_from_a_call_that_was_followed),
        cmocka_unit_test(a_dial_is_never_repeated_from_a_call_that_may_exist),
        cmocka_unit_test(the_manual_has_the_picture_of_the_table_as_it_is),
        cmocka_unit_test(the_database_allows_exactly_the_transitions_of_the_table),
        cmocka_unit_test(the_database_judges_each_row_of_a_statement_and_by_its_own_past),
        cmocka_unit_test(an_event_has_a_stream_which_stays_as_long_as_it),
        cmocka_unit_test(the_database_refuses_an_unknown_state_and_a_birth_in_the_middle),
        cmocka_unit_test(the_database_refuses_to_reopen_an_attempt_or_to_open_two),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
