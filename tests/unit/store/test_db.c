// What every database does alike.
#include "engine.h"

#include <string.h>

#include "store/batch.h"
#include "store/member.h"

struct fixture {
    char place[ENGINE_PLACE_SIZE];
    struct rf_db *db;
    struct rf_error error;
};

static int setup(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    engine_fresh(f->place);
    f->db = engine_open(f->place);
    engine_script(f->db, "CREATE TABLE word (n BIGINT PRIMARY KEY, text TEXT UNIQUE)");
    *state = f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    rf_db_close(&f->db);
    engine_remove(f->place);
    free(f);
    return 0;
}

static int64_t count(struct fixture *f) {
    int64_t value = -1;
    engine_must(rf_db_number(f->db, &f->error, &value, "SELECT count (*) FROM word", ""),
                &f->error);
    return value;
}

static enum rf_err put(struct fixture *f, int64_t n, const char *text) {
    return rf_db_run(f->db, &f->error, "INSERT INTO word VALUES (?, ?)", "it", n, text);
}

static void values_come_back_as_they_went_in(void **state) {
    struct fixture *f = *state;
    static const unsigned char bytes[] = {0, 1, '\'', '\\', 0xff, 0};
    engine_script(f->db, engine_is_postgres()
                             ? "CREATE TABLE v (i BIGINT, r DOUBLE PRECISION, t TEXT, b BYTEA)"
                             : "CREATE TABLE v (i BIGINT, r DOUBLE PRECISION, t TEXT, b BLOB)");
    const char *text = "it's a \"question\"? \\ \xc3\xa9\n";
    engine_must(rf_db_run(f->db, &f->error, "INSERT INTO v VALUES (?, ?, ?, ?)", "irtb", INT64_MIN,
                          0.1, text, bytes, sizeof bytes),
                &f->error);
    engine_must(rf_db_run(f->db, &f->error, "INSERT INTO v VALUES (?, ?, ?, ?)", "irtb", INT64_MAX,
                          -1e300, (char *)NULL, (void *)NULL, (size_t)0),
                &f->error);
    struct rf_rows *rows;
    engine_must(
        rf_db_query(f->db, &f->error, &rows, "SELECT i, r = ?, t, b FROM v ORDER BY i", "r", 0.1),
        &f->error);
    size_t size;
    assert_int_equal(rf_rows_next(rows, &f->error), RF_OK);
    assert_true(rf_rows_number(rows, 0) == INT64_MIN);
    assert_int_equal(rf_rows_number(rows, 1), 1); // a truth value
    assert_string_equal(rf_rows_text(rows, 2), text);
    const void *back = rf_rows_bytes(rows, 3, &size);
    assert_int_equal(size, sizeof bytes);
    assert_memory_equal(back, bytes, sizeof bytes);
    assert_false(rf_rows_null(rows, 3));
    assert_int_equal(rf_rows_next(rows, &f->error), RF_OK);
    assert_true(rf_rows_number(rows, 0) == INT64_MAX);
    assert_int_equal(rf_rows_number(rows, 1), 0);
    assert_null(rf_rows_text(rows, 2));
    assert_null(rf_rows_bytes(rows, 3, &size));
    assert_int_equal(size, 0);
    assert_true(rf_rows_null(rows, 2));
    assert_int_equal(rf_rows_next(rows, &f->error), RF_ERR_NOT_FOUND);
    rf_rows_end(&rows);
    assert_null(rows);
}

static void a_constraint_is_a_conflict_and_another_error_is_not(void **state) {
    struct fixture *f = *state;
    assert_int_equal(put(f, 1, "a"), RF_OK);
    assert_int_equal(put(f, 1, "b"), RF_ERR_CONFLICT);
    assert_int_equal(put(f, 2, "a"), RF_ERR_CONFLICT);
    assert_non_null(strstr(f->error.message, "database: "));
    assert_int_equal(rf_db_run(f->db, &f->error, "INSERT INTO nowhere VALUES (?)", "i", (int64_t)1),
                     RF_ERR_IO);
    assert_non_null(strstr(f->error.message, "nowhere"));
    assert_int_equal(count(f), 1);
}

static void changes_are_counted(void **state) {
    struct fixture *f = *state;
    assert_int_equal(put(f, 1, "a"), RF_OK);
    assert_int_equal(rf_db_changes(f->db), 1);
    assert_int_equal(put(f, 2, "b"), RF_OK);
    engine_must(rf_db_run(f->db, &f->error, "UPDATE word SET text = text || ?", "t", "!"),
                &f->error);
    assert_int_equal(rf_db_changes(f->db), 2);
    assert_int_equal(count(f), 2);
    assert_int_equal(rf_db_changes(f->db), 2); // of the last that changes something
    engine_must(rf_db_run(f->db, &f->error,
                          "INSERT INTO word VALUES (?, 'x') ON CONFLICT DO NOTHING", "i",
                          (int64_t)1),
                &f->error);
    assert_int_equal(rf_db_changes(f->db), 0);
    engine_must(rf_db_run(f->db, &f->error, "DELETE FROM word WHERE n = ?", "i", (int64_t)9),
                &f->error);
    assert_int_equal(rf_db_changes(f->db), 0);
    int64_t n = 0;
    engine_must(rf_db_number(f->db, &f->error, &n,
                             "INSERT INTO word VALUES (?, 'r') RETURNING n * 2", "i", (int64_t)21),
                &f->error);
    assert_int_equal(n, 42);
    assert_int_equal(count(f), 3);
}

static void rows_may_be_read_while_others_are_written(void **state) {
    struct fixture *f = *state;
    for (int64_t n = 0; n < 5; n++)
        assert_int_equal(put(f, n, NULL), RF_OK);
    static const char select[] = "SELECT n FROM word WHERE n < ? ORDER BY n";
    struct rf_rows *outer, *inner;
    int64_t sum = 0;
    engine_must(rf_db_query(f->db, &f->error, &outer, select, "i", (int64_t)5), &f->error);
    while (rf_rows_next(outer, &f->error) == RF_OK) {
        // The same text, in use already.
        engine_must(rf_db_query(f->db, &f->error, &inner, select, "i", rf_rows_number(outer, 0)),
                    &f->error);
        while (rf_rows_next(inner, &f->error) == RF_OK)
            sum++;
        rf_rows_end(&inner);
        assert_int_equal(put(f, 100 + rf_rows_number(outer, 0), NULL), RF_OK);
    }
    rf_rows_end(&outer);
    assert_int_equal(sum, 0 + 1 + 2 + 3 + 4);
    assert_int_equal(count(f), 10);
}

static void more_texts_than_are_kept_prepared_are_carried_out_all_the_same(void **state) {
    struct fixture *f = *state;
    for (int round = 0; round < 2; round++)
        for (int n = 0; n < 300; n++) {
            char sql[64];
            int64_t value = -1;
            snprintf(sql, sizeof sql, "SELECT CAST (? AS BIGINT) + %d", n);
            engine_must(rf_db_number(f->db, &f->error, &value, sql, "i", (int64_t)round),
                        &f->error);
            assert_int_equal(value, n + round);
        }
}

static void a_transaction_is_whole_and_what_follows_a_mark_can_be_undone(void **state) {
    struct fixture *f = *state;
    const struct rf_driver *driver = f->db->driver;
    engine_must(driver->begin(f->db, &f->error), &f->error);
    assert_int_equal(put(f, 1, "a"), RF_OK);
    engine_must(driver->mark(f->db, &f->error), &f->error);
    assert_int_equal(put(f, 2, "b"), RF_OK);
    assert_int_equal(put(f, 2, "b"), RF_ERR_CONFLICT);
    driver->undo(f->db);
    assert_true(driver->alive(f->db));
    engine_must(driver->release(f->db, &f->error), &f->error);
    assert_int_equal(put(f, 3, "c"), RF_OK);
    engine_must(driver->commit(f->db, &f->error), &f->error);
    assert_false(driver->alive(f->db));
    assert_int_equal(count(f), 2);
    engine_must(driver->begin(f->db, &f->error), &f->error);
    assert_int_equal(put(f, 4, "d"), RF_OK);
    driver->rollback(f->db);
    assert_int_equal(count(f), 2);
}

// A job that puts words and waits for none of them.
struct later {
    struct rf_store_job base;
    int64_t words[3]; // 0: none
};

static enum rf_err run_later(struct rf_store_job *base, struct rf_db *db, struct rf_error *error) {
    struct later *later = (struct later *)base;
    enum rf_err err = RF_OK;
    for (int i = 0; err == RF_OK && i < 3 && later->words[i] != 0; i++)
        err = rf_db_later(db, error, "INSERT INTO word VALUES (?, NULL)", "i", later->words[i]);
    return err;
}

static void what_nobody_waited_for_is_there_before_what_follows(void **state) {
    struct fixture *f = *state;
    const struct rf_driver *driver = f->db->driver;
    for (int i = 0; i < 2; i++) { // at first its text is prepared
        engine_must(driver->begin(f->db, &f->error), &f->error);
        engine_must(rf_db_later(f->db, &f->error, "INSERT INTO word VALUES (1, ?)", "t", "a"),
                    &f->error);
        engine_must(
            rf_db_later(f->db, &f->error, "UPDATE word SET text = text || 'b' WHERE n = 1", ""),
            &f->error);
        int64_t seen = 0;
        engine_must(
            rf_db_number(f->db, &f->error, &seen, "SELECT n FROM word WHERE text = 'ab'", ""),
            &f->error);
        assert_int_equal(seen, 1);
        engine_must(
            rf_db_later(f->db, &f->error, "UPDATE word SET n = 2 WHERE text = ?", "t", "ab"),
            &f->error);
        if (i == 0)
            driver->rollback(f->db);
        else
            engine_must(driver->commit(f->db, &f->error), &f->error);
        assert_false(driver->alive(f->db));
        assert_int_equal(count(f), i);
    }
}

static void a_job_fails_by_what_it_did_not_wait_for(void **state) {
    struct fixture *f = *state;
    engine_must(put(f, 5, "five"), &f->error);
    for (int i = 0; i < 2; i++) {
        struct later alone = {.base.run = run_later, .words = {1, 5, 2}};
        rf_batch_run(f->db, &alone.base);
        assert_int_equal(alone.base.result, RF_ERR_CONFLICT);
        assert_int_equal(count(f), 1);
    }
    struct later last = {.base.run = run_later, .words = {9}};
    struct later bad = {.base = {.run = run_later, .next = &last.base}, .words = {7, 5, 8}};
    struct later first = {.base = {.run = run_later, .next = &bad.base}, .words = {6}};
    rf_batch_run(f->db, &first.base);
    assert_int_equal(first.base.result, RF_OK);
    assert_int_equal(bad.base.result, RF_ERR_CONFLICT);
    assert_int_equal(last.base.result, RF_OK);
    int64_t sum = 0;
    engine_must(rf_db_number(f->db, &f->error, &sum, "SELECT sum (n) FROM word", ""), &f->error);
    assert_int_equal(sum, 5 + 6 + 9);
}

// A job that goes on although a statement of it failed is not carried out by half.
static void what_follows_a_failed_statement_fails_too(void **state) {
    struct fixture *f = *state;
    const struct rf_driver *driver = f->db->driver;
    if (!engine_is_postgres())
        skip(); // it does not wait, so that there it is the statement itself that fails
    engine_must(put(f, 5, "five"), &f->error);
    engine_must(driver->begin(f->db, &f->error), &f->error);
    engine_must(rf_db_later(f->db, &f->error, "INSERT INTO word VALUES (5, ?)", "t", "x"),
                &f->error);
    assert_int_equal(put(f, 6, "six"), RF_ERR_CONFLICT);
    assert_true(driver->alive(f->db));
    assert_int_not_equal(driver->commit(f->db, &f->error), RF_OK);
    driver->rollback(f->db);
    assert_int_equal(count(f), 1);
}

static const struct rf_migration steps[] = {
    {1, "CREATE TABLE one (n INTEGER)"},
    {2, "CREATE TABLE two (n INTEGER); INSERT INTO two VALUES (2)"},
    {3, "CREATE TABLE three (n INTEGER); INSERT INTO nowhere VALUES (1)"},
};

static void a_schema_is_brought_up_step_by_step_and_a_later_one_refused(void **state) {
    struct fixture *f = *state;
    engine_must(rf_db_migrate(f->db, steps, 1, &f->error), &f->error);
    engine_must(rf_db_migrate(f->db, steps, 2, &f->error), &f->error);
    engine_must(rf_db_migrate(f->db, steps, 2, &f->error), &f->error);
    int64_t value = 0;
    engine_must(rf_db_number(f->db, &f->error, &value, "SELECT n FROM two", ""), &f->error);
    assert_int_equal(value, 2);
    assert_int_equal(rf_db_migrate(f->db, steps, 1, &f->error), RF_ERR_INVALID);
    assert_non_null(strstr(f->error.message, "version 2 is later than 1"));
    // A step that fails leaves nothing.
    assert_int_equal(rf_db_migrate(f->db, steps, 3, &f->error), RF_ERR_IO);
    assert_non_null(strstr(f->error.message, "migration 3"));
    engine_must(rf_db_number(f->db, &f->error, &value, "SELECT version FROM schema_version", ""),
                &f->error);
    assert_int_equal(value, 2);
    assert_int_equal(rf_db_number(f->db, &f->error, &value, "SELECT count (*) FROM three", ""),
                     RF_ERR_IO);
}

static int64_t join(struct fixture *f, struct rf_duration term) {
    engine_must(f->db->driver->begin(f->db, &f->error), &f->error);
    engine_must(rf_member_join(f->db, "a", term, &f->error), &f->error);
    engine_must(f->db->driver->commit(f->db, &f->error), &f->error);
    return rf_member_of(f->db);
}

static void a_member_gets_a_number_that_was_never_given(void **state) {
    struct fixture *f = *state;
    engine_script(f->db, engine_is_postgres() ? RF_MEMBER_TABLE_POSTGRES : RF_MEMBER_TABLE_SQLITE);
    struct rf_duration term = engine_is_postgres() ? rf_seconds(60) : rf_ns(0);
    int64_t before = 0;
    for (int life = 0; life < 3; life++) {
        int64_t number = join(f, term);
        assert_true(number > before);
        before = number;
        int64_t orphaned = -1;
        engine_must(rf_db_number(f->db, &f->error, &orphaned,
                                 "SELECT " RF_MEMBER_ORPHANED("CAST (? AS BIGINT)"), "i", number),
                    &f->error);
        assert_int_equal(orphaned, 0);
        if (life == 1) { // this one leaves in order
            engine_must(rf_member_leave(f->db, &f->error), &f->error);
            engine_must(rf_db_number(f->db, &f->error, &orphaned,
                                     "SELECT " RF_MEMBER_ORPHANED("CAST (? AS BIGINT)"), "i",
                                     number),
                        &f->error);
            assert_int_equal(orphaned, 1);
            engine_script(f->db, "DELETE FROM member WHERE gone = 1");
        }
        rf_db_close(&f->db);
        f->db = engine_open(f->place);
    }
}

// 43 rows go into statements of 32, 8 and three times 1.
static void a_statement_says_the_same_of_many_rows(void **state) {
    struct fixture *f = *state;
    static const struct rf_db_many insert = {"INSERT INTO word VALUES ", "(?, ?)",
                                             " ON CONFLICT DO NOTHING RETURNING n", 0, 2};
    static const struct rf_db_many update = {
        "UPDATE word SET text = CAST (? AS TEXT) || text WHERE n IN (", "?", ")", 1, 1};
    char texts[43][16];
    size_t parts = 0;
    engine_must(put(f, 7, "taken"), &f->error);
    for (size_t done = 0, part; done < 43; done += part, parts++) {
        struct rf_db_value values[2 * RF_DB_MANY_MAX], numbers[1 + RF_DB_MANY_MAX];
        part = rf_db_many_part(43 - done);
        numbers[0] = (struct rf_db_value){.type = 't', .text = "x"};
        for (size_t i = 0; i < part; i++) {
            int64_t n = (int64_t)(done + i);
            snprintf(texts[n], sizeof texts[n], "word %d", (int)n);
            values[2 * i] = (struct rf_db_value){.type = 'i', .integer = n};
            values[2 * i + 1] = (struct rf_db_value){.type = 't', .text = texts[n]};
            numbers[1 + i] = (struct rf_db_value){.type = 'i', .integer = n};
        }
        struct rf_rows *rows;
        size_t inserted = 0;
        engine_must(rf_db_query_many(f->db, &f->error, &rows, &insert, values, part), &f->error);
        while (rf_rows_next(rows, &f->error) == RF_OK)
            inserted += rf_rows_number(rows, 0) != 7;
        rf_rows_end(&rows);
        assert_int_equal(inserted, done == 0 ? part - 1 : part);
        engine_must(rf_db_later_many(f->db, &f->error, &update, numbers, part), &f->error);
    }
    assert_int_equal(parts, 5);
    assert_int_equal(count(f), 43);
    int64_t whole = 0;
    engine_must(rf_db_number(f->db, &f->error, &whole,
                             "SELECT count (*) FROM word WHERE text = 'xword ' || n"
                             " OR (n = 7 AND text = 'xtaken')",
                             ""),
                &f->error);
    assert_int_equal(whole, 43);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(values_come_back_as_they_went_in),
        TEST(a_constraint_is_a_conflict_and_another_error_is_not),
        TEST(changes_are_counted),
        TEST(a_statement_says_the_same_of_many_rows),
        TEST(rows_may_be_read_while_others_are_written),
        TEST(more_texts_than_are_kept_prepared_are_carried_out_all_the_same),
        TEST(a_transaction_is_whole_and_what_follows_a_mark_can_be_undone),
        TEST(what_nobody_waited_for_is_there_before_what_follows),
        TEST(a_job_fails_by_what_it_did_not_wait_for),
        TEST(what_follows_a_failed_statement_fails_too),
        TEST(a_schema_is_brought_up_step_by_step_and_a_later_one_refused),
        TEST(a_member_gets_a_number_that_was_never_given),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
