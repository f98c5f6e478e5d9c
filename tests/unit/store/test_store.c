#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "runtime/loop.h"
#include "store/member.h"
#include "store/sqlite.h"
#include "store/store.h"

static const struct rf_migration migrations[] = {
    {1, "CREATE TABLE word (n INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"},
    {2, "ALTER TABLE word ADD COLUMN length INTEGER;"
        "UPDATE word SET length = length(text);"},
};

struct fixture {
    char folder[64];
    char path[96];
    struct rf_loop *loop;
    struct rf_store *store;
};

// What a test's job does, and how it ended.
struct job {
    struct rf_store_job base;
    struct fixture *fixture;
    const char *sql;      // carried out first
    enum rf_err ends_as;  // then returned
    struct job *follower; // submitted by done()
    int order;            // of done(), from 1
    enum rf_err result;
    char message[RF_ERROR_MESSAGE_SIZE];
};
static int done_count;

static enum rf_err run(struct rf_store_job *base, struct rf_db *db, struct rf_error *error) {
    struct job *job = (struct job *)base;
    if (job->sql) {
        enum rf_err err = rf_db_run(db, error, job->sql, "");
        if (err != RF_OK)
            return err;
    }
    return job->ends_as == RF_OK ? RF_OK : rf_error_set(error, job->ends_as, "the job said no");
}

static void done(struct rf_store_job *base, enum rf_err result, const struct rf_error *error) {
    struct job *job = (struct job *)base;
    job->order = ++done_count;
    job->result = result;
    snprintf(job->message, sizeof job->message, "%s", error->message);
    if (job->follower)
        rf_store_submit(job->fixture->store, &job->follower->base);
    else if (rf_store_pending(job->fixture->store) == 0)
        rf_loop_stop(job->fixture->loop);
}

static struct job insert(struct fixture *f, const char *sql) {
    return (struct job){.base = {.run = run, .done = done}, .fixture = f, .sql = sql};
}

static int setup(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    strcpy(f->folder, "/tmp/rf-store-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/x.db", f->folder);
    f->loop = rf_loop_new();
    assert_non_null(f->loop);
    done_count = 0;
    *state = f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    rf_store_close(&f->store);
    rf_loop_destroy(&f->loop);
    const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s%s", f->path, suffixes[i]);
        unlink(name);
    }
    assert_int_equal(rmdir(f->folder), 0);
    free(f);
    return 0;
}

static void open_store(struct fixture *f, size_t count) {
    struct rf_error error = {0};
    enum rf_err err = rf_store_open(f->loop, f->path, migrations, count, &f->store, &error);
    if (err != RF_OK)
        fail_msg("%s", error.message);
}

static void run_loop(struct fixture *f) {
    struct rf_error error = {0};
    if (rf_store_pending(f->store) > 0)
        assert_int_equal(rf_loop_run(f->loop, &error), RF_OK);
    assert_int_equal(rf_store_pending(f->store), 0);
}

// Reads one number by rf_store_now.
struct number_job {
    struct rf_store_job base;
    const char *sql;
    int64_t value;
};

static enum rf_err read_number(struct rf_store_job *base, struct rf_db *db,
                               struct rf_error *error) {
    struct number_job *job = (struct number_job *)base;
    return rf_db_number(db, error, &job->value, job->sql, "");
}

static int64_t number(struct fixture *f, const char *sql) {
    struct number_job job = {.base.run = read_number, .sql = sql};
    struct rf_error error = {0};
    if (rf_store_now(f->store, &job.base, &error) != RF_OK)
        fail_msg("%s", error.message);
    return job.value;
}

// A job that holds the thread, in a transaction of its own, until it is let go, so that those
// behind it wait together.
struct gate_job {
    struct rf_store_job base;
    struct fixture *fixture;
    int entered[2]; // the thread is inside
    int pipe[2];
};

static enum rf_err hold(struct rf_store_job *base, struct rf_db *db, struct rf_error *error) {
    (void)db;
    (void)error;
    struct gate_job *job = (struct gate_job *)base;
    char byte = 'x';
    if (write(job->entered[1], &byte, 1) != 1 || read(job->pipe[0], &byte, 1) != 1)
        return RF_ERR_IO;
    return RF_OK;
}

static void gate_done(struct rf_store_job *base, enum rf_err result, const struct rf_error *error) {
    (void)error;
    struct gate_job *job = (struct gate_job *)base;
    assert_int_equal(result, RF_OK);
    close(job->pipe[0]);
    close(job->pipe[1]);
    close(job->entered[0]);
    close(job->entered[1]);
    if (rf_store_pending(job->fixture->store) == 0)
        rf_loop_stop(job->fixture->loop);
}

static void shut_gate(struct fixture *f, struct gate_job *gate) {
    *gate = (struct gate_job){.base = {.run = hold, .done = gate_done}, .fixture = f};
    assert_int_equal(pipe(gate->pipe), 0);
    assert_int_equal(pipe(gate->entered), 0);
    rf_store_submit(f->store, &gate->base);
    char byte;
    assert_int_equal(read(gate->entered[0], &byte, 1), 1);
}

static void open_gate(struct gate_job *gate) {
    assert_int_equal(write(gate->pipe[1], "x", 1), 1);
}

static void a_new_store_has_the_last_schema_and_is_private(void **state) {
    struct fixture *f = *state;
    open_store(f, 2);
    assert_int_equal(number(f, "SELECT version FROM schema_version"), 2);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM schema_version"), 1);
    assert_int_equal(number(f, "PRAGMA foreign_keys"), 1);
    assert_int_equal(number(f, "PRAGMA synchronous"), 2);
    struct stat info;
    assert_int_equal(stat(f->path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void jobs_are_done_in_the_order_they_came(void **state) {
    struct fixture *f = *state;
    open_store(f, 1);
    struct job jobs[20];
    char sql[20][64];
    for (int i = 0; i < 20; i++) {
        snprintf(sql[i], sizeof sql[i], "INSERT INTO word VALUES (%d, 'w%d')", i, i);
        jobs[i] = insert(f, sql[i]);
        rf_store_submit(f->store, &jobs[i].base);
    }
    assert_int_equal(rf_store_pending(f->store), 20);
    run_loop(f);
    for (int i = 0; i < 20; i++) {
        assert_int_equal(jobs[i].result, RF_OK);
        assert_int_equal(jobs[i].order, i + 1);
    }
    assert_int_equal(number(f, "SELECT COUNT(*) FROM word"), 20);
}

static int commits;

static int count_commit(void *arg) {
    (void)arg;
    commits++;
    return 0;
}

static int refuse_commit(void *arg) {
    (void)arg;
    return 1;
}

static enum rf_err set_counter(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    (void)job;
    (void)error;
    sqlite3_commit_hook(rf_sqlite_handle(db), count_commit, NULL);
    return RF_OK;
}

static enum rf_err set_refusal(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    (void)job;
    (void)error;
    sqlite3_commit_hook(rf_sqlite_handle(db), refuse_commit, NULL);
    return RF_OK;
}

static enum rf_err clear_hook(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    (void)job;
    (void)error;
    sqlite3_commit_hook(rf_sqlite_handle(db), NULL, NULL);
    return RF_OK;
}

static void jobs_that_wait_together_share_one_commit(void **state) {
    struct fixture *f = *state;
    open_store(f, 1);
    struct gate_job gate;
    shut_gate(f, &gate);
    struct job first = insert(f, "INSERT INTO word VALUES (1, 'a')");
    first.base.run = set_counter;
    struct job second = insert(f, "INSERT INTO word VALUES (2, 'b')");
    struct job third = insert(f, "INSERT INTO word VALUES (3, 'c')");
    rf_store_submit(f->store, &first.base);
    rf_store_submit(f->store, &second.base);
    rf_store_submit(f->store, &third.base);
    commits = 0;
    open_gate(&gate);
    run_loop(f);
    assert_int_equal(commits, 1);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM word"), 2);
}

static void a_failing_job_is_rolled_back_alone(void **state) {
    struct fixture *f = *state;
    open_store(f, 1);
    struct gate_job gate;
    shut_gate(f, &gate);
    struct job before = insert(f, "INSERT INTO word VALUES (1, 'a')");
    struct job bad = insert(f, "INSERT INTO word VALUES (2, 'b')");
    bad.ends_as = RF_ERR_INVALID;
    struct job taken = insert(f, "INSERT INTO word VALUES (3, 'a')");
    struct job after = insert(f, "INSERT INTO word VALUES (4, 'd')");
    struct job *all[] = {&before, &bad, &taken, &after};
    for (int i = 0; i < 4; i++)
        rf_store_submit(f->store, &all[i]->base);
    open_gate(&gate);
    run_loop(f);
    assert_int_equal(before.result, RF_OK);
    assert_int_equal(bad.result, RF_ERR_INVALID);
    assert_string_equal(bad.message, "the job said no");
    assert_int_equal(taken.result, RF_ERR_CONFLICT);
    assert_int_equal(after.result, RF_OK);
    assert_int_equal(number(f, "SELECT SUM(n) FROM word"), 5);
}

static void a_failing_commit_fails_every_job_of_it(void **state) {
    struct fixture *f = *state;
    open_store(f, 1);
    struct gate_job gate;
    shut_gate(f, &gate);
    struct job hook = insert(f, NULL);
    hook.base.run = set_refusal;
    struct job lost = insert(f, "INSERT INTO word VALUES (1, 'a')");
    rf_store_submit(f->store, &hook.base);
    rf_store_submit(f->store, &lost.base);
    open_gate(&gate);
    run_loop(f);
    assert_int_equal(hook.result, RF_ERR_IO);
    assert_int_equal(lost.result, RF_ERR_IO);
    assert_non_null(strstr(lost.message, "commit"));

    struct job mend = insert(f, NULL);
    mend.base.run = clear_hook;
    struct job again = insert(f, "INSERT INTO word VALUES (1, 'a')");
    rf_store_submit(f->store, &mend.base);
    rf_store_submit(f->store, &again.base);
    run_loop(f);
    assert_int_equal(again.result, RF_OK);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM word"), 1);
}

static void a_full_disk_is_an_error_and_the_next_job_goes_on(void **state) {
    struct fixture *f = *state;
    open_store(f, 1);
    int64_t pages = number(f, "PRAGMA page_count");
    char limit[64];
    snprintf(limit, sizeof limit, "PRAGMA max_page_count = %d", (int)pages + 2);
    (void)number(f, limit);
    struct job big = insert(f, "INSERT INTO word VALUES (1, hex(zeroblob(200000)))");
    struct job small = insert(f, "INSERT INTO word VALUES (2, 'b')");
    rf_store_submit(f->store, &big.base);
    rf_store_submit(f->store, &small.base);
    run_loop(f);
    assert_int_equal(big.result, RF_ERR_IO);
    assert_non_null(strstr(big.message, "full"));
    assert_int_equal(small.result, RF_OK);
    assert_int_equal(number(f, "SELECT SUM(n) FROM word"), 2);
}

static enum rf_err give_up(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    (void)job;
    // What SQLite does by itself on some I/O errors.
    sqlite3_exec(rf_sqlite_handle(db), "ROLLBACK", NULL, NULL, NULL);
    return rf_error_set(error, RF_ERR_IO, "disk I/O error");
}

static void jobs_before_a_broken_transaction_fail_and_those_behind_it_run(void **state) {
    struct fixture *f = *state;
    open_store(f, 1);
    struct gate_job gate;
    shut_gate(f, &gate);
    struct job before = insert(f, "INSERT INTO word VALUES (1, 'a')");
    struct job breaker = insert(f, NULL);
    breaker.base.run = give_up;
    struct job after = insert(f, "INSERT INTO word VALUES (3, 'c')");
    rf_store_submit(f->store, &before.base);
    rf_store_submit(f->store, &breaker.base);
    rf_store_submit(f->store, &after.base);
    open_gate(&gate);
    run_loop(f);
    assert_int_equal(before.result, RF_ERR_IO);
    assert_int_equal(breaker.result, RF_ERR_IO);
    assert_string_equal(breaker.message, "disk I/O error");
    assert_int_equal(after.result, RF_OK);
    assert_int_equal(number(f, "SELECT SUM(n) FROM word"), 3);
}

static enum rf_err no_patience(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    (void)job;
    (void)error;
    sqlite3_busy_timeout(rf_sqlite_handle(db), 0);
    return RF_OK;
}

static void a_locked_database_fails_the_jobs_and_recovers(void **state) {
    struct fixture *f = *state;
    open_store(f, 1);
    struct job calm = insert(f, NULL);
    calm.base.run = no_patience;
    rf_store_submit(f->store, &calm.base);
    run_loop(f);

    sqlite3 *other;
    assert_int_equal(sqlite3_open(f->path, &other), SQLITE_OK);
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    struct job locked = insert(f, "INSERT INTO word VALUES (1, 'a')");
    rf_store_submit(f->store, &locked.base);
    run_loop(f);
    assert_int_equal(locked.result, RF_ERR_IO);
    assert_non_null(strstr(locked.message, "locked"));

    assert_int_equal(sqlite3_exec(other, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(other);
    struct job again = insert(f, "INSERT INTO word VALUES (1, 'a')");
    rf_store_submit(f->store, &again.base);
    run_loop(f);
    assert_int_equal(again.result, RF_OK);
}

static void a_done_job_may_submit_another(void **state) {
    struct fixture *f = *state;
    open_store(f, 1);
    struct job second = insert(f, "INSERT INTO word VALUES (2, 'b')");
    struct job first = insert(f, "INSERT INTO word VALUES (1, 'a')");
    first.follower = &second;
    rf_store_submit(f->store, &first.base);
    run_loop(f);
    assert_int_equal(second.result, RF_OK);
    assert_int_equal(second.order, 2);
}

static void closing_flushes_what_is_queued_and_refuses_what_comes_then(void **state) {
    struct fixture *f = *state;
    open_store(f, 1);
    struct job jobs[3] = {insert(f, "INSERT INTO word VALUES (1, 'a')"),
                          insert(f, "INSERT INTO word VALUES (2, 'b')"),
                          insert(f, "INSERT INTO word VALUES (3, 'c')")};
    struct job late = insert(f, "INSERT INTO word VALUES (4, 'd')");
    jobs[2].follower = &late;
    for (int i = 0; i < 3; i++)
        rf_store_submit(f->store, &jobs[i].base);
    rf_store_close(&f->store);
    assert_null(f->store);
    for (int i = 0; i < 3; i++)
        assert_int_equal(jobs[i].result, RF_OK);
    assert_int_equal(late.result, RF_ERR_CLOSED);
    assert_int_equal(late.order, 4);
    open_store(f, 1);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM word"), 3);
}

static void an_older_schema_is_brought_up_with_its_rows(void **state) {
    struct fixture *f = *state;
    open_store(f, 1);
    struct job job = insert(f, "INSERT INTO word VALUES (1, 'four')");
    rf_store_submit(f->store, &job.base);
    run_loop(f);
    rf_store_close(&f->store);
    open_store(f, 2);
    assert_int_equal(number(f, "SELECT version FROM schema_version"), 2);
    assert_int_equal(number(f, "SELECT length FROM word"), 4);
}

static void a_later_schema_is_refused_and_left_as_it_is(void **state) {
    struct fixture *f = *state;
    open_store(f, 2);
    rf_store_close(&f->store);
    struct rf_error error = {0};
    assert_int_equal(rf_store_open(f->loop, f->path, migrations, 1, &f->store, &error),
                     RF_ERR_INVALID);
    assert_null(f->store);
    assert_non_null(strstr(error.message, "version 2 is later than 1"));
    assert_non_null(strstr(error.message, f->path));
    open_store(f, 2);
}

static void a_migration_that_fails_leaves_the_version_before_it(void **state) {
    struct fixture *f = *state;
    const struct rf_migration broken[] = {
        migrations[0], {2, "CREATE TABLE half (n INTEGER); INSERT INTO nowhere VALUES (1);"}};
    struct rf_error error = {0};
    assert_int_equal(rf_store_open(f->loop, f->path, broken, 2, &f->store, &error), RF_ERR_IO);
    assert_non_null(strstr(error.message, "migration 2"));
    open_store(f, 1);
    assert_int_equal(number(f, "SELECT COUNT(*) FROM sqlite_master WHERE name = 'half'"), 0);
}

static void a_second_opener_is_refused_until_the_first_closes(void **state) {
    struct fixture *f = *state;
    open_store(f, 1);
    struct rf_store *second = NULL;
    struct rf_error error = {0};
    assert_int_equal(rf_store_open(f->loop, f->path, migrations, 1, &second, &error),
                     RF_ERR_CONFLICT);
    assert_null(second);
    assert_non_null(strstr(error.message, f->path));
    rf_store_close(&f->store);
    open_store(f, 1);
}

static void a_folder_that_is_missing_is_an_error_that_names_it(void **state) {
    struct fixture *f = *state;
    struct rf_error error = {0};
    assert_int_equal(
        rf_store_open(f->loop, "/tmp/rf-no-such-folder/x.db", migrations, 1, &f->store, &error),
        RF_ERR_IO);
    assert_non_null(strstr(error.message, "/tmp/rf-no-such-folder/x.db"));
}

static void a_file_that_is_no_database_is_refused(void **state) {
    struct fixture *f = *state;
    FILE *file = fopen(f->path, "w");
    assert_non_null(file);
    for (int i = 0; i < 1000; i++)
        fputs("not a database at all\n", file);
    fclose(file);
    struct rf_error error = {0};
    assert_int_equal(rf_store_open(f->loop, f->path, migrations, 1, &f->store, &error),
                     RF_ERR_DAMAGED);
    assert_non_null(strstr(error.message, "not a database"));
    assert_non_null(strstr(error.message, f->path));
}

static void an_empty_file_is_refused_and_a_missing_one_whose_log_is_there(void **state) {
    struct fixture *f = *state;
    struct rf_error error = {0};
    char log[PATH_MAX];
    snprintf(log, sizeof log, "%s-wal", f->path);
    fclose(fopen(f->path, "w"));
    assert_int_equal(rf_store_open(f->loop, f->path, migrations, 1, &f->store, &error),
                     RF_ERR_DAMAGED);
    assert_non_null(strstr(error.message, "it is empty"));
    assert_int_equal(unlink(f->path), 0);
    FILE *file = fopen(log, "w");
    fputs("frames", file);
    fclose(file);
    assert_int_equal(rf_store_open(f->loop, f->path, migrations, 1, &f->store, &error),
                     RF_ERR_DAMAGED);
    assert_non_null(strstr(error.message, "it is gone"));
    assert_int_equal(access(f->path, F_OK), -1);
    assert_int_equal(unlink(log), 0);
    open_store(f, 1);
}

// A database with a large table in its middle, whose pages are written over; members may join it.
static const struct rf_migration shared[] = {
    {1, "CREATE TABLE word (n INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE);"},
    {2, "INSERT INTO word WITH RECURSIVE m (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM m"
        " WHERE i < 5000) SELECT i, 'word ' || i FROM m;"},
    {3, RF_MEMBER_TABLE_SQLITE},
};

static enum rf_err open_shared(struct fixture *f, struct rf_error *error) {
    return rf_store_open(f->loop, f->path, shared, 3, &f->store, error);
}

static void tear(const struct fixture *f) {
    FILE *file = fopen(f->path, "r+");
    assert_non_null(file);
    assert_int_equal(fseek(file, 0, SEEK_END), 0);
    long end = ftell(file) - 10 * 4096L;
    assert_int_equal(fseek(file, 5 * 4096L, SEEK_SET), 0);
    while (ftell(file) < end)
        fputc(0x5a, file);
    fclose(file);
}

struct lost {
    struct fixture *fixture;
    struct rf_error why;
    int count;
};

static void on_lost(void *arg, const struct rf_error *why) {
    struct lost *lost = arg;
    lost->why = *why;
    lost->count++;
}

static void a_damage_that_is_found_while_it_runs_is_told_to_its_owner_once(void **state) {
    struct fixture *f = *state;
    struct rf_error error = {0};
    assert_int_equal(open_shared(f, &error), RF_OK);
    rf_store_close(&f->store); // in order: not looked through at the next start
    tear(f);
    assert_int_equal(open_shared(f, &error), RF_OK);
    struct lost lost = {.fixture = f};
    assert_int_equal(rf_store_join(f->store, "one", rf_ns(0), on_lost, &lost, &error), RF_OK);
    struct job jobs[2];
    for (int i = 0; i < 2; i++) {
        jobs[i] = insert(f, "UPDATE word SET text = text || '!'");
        rf_store_submit(f->store, &jobs[i].base);
    }
    run_loop(f);
    assert_int_equal(jobs[0].result, RF_ERR_DAMAGED);
    assert_int_equal(lost.count, 1);
    assert_int_equal(lost.why.code, RF_ERR_DAMAGED);
    assert_non_null(strstr(lost.why.message, "malformed"));
}

static void after_a_crash_the_whole_file_is_looked_through(void **state) {
    struct fixture *f = *state;
    struct rf_error error = {0};
    char log[128];
    snprintf(log, sizeof log, "%s-wal", f->path);
    assert_int_equal(open_shared(f, &error), RF_OK);
    rf_store_close(&f->store);
    tear(f);
    FILE *file = fopen(log, "w"); // as a crash leaves one
    fputs("the rest of a log", file);
    fclose(file);
    assert_int_equal(open_shared(f, &error), RF_ERR_DAMAGED);
    assert_non_null(strstr(error.message, f->path));
    assert_null(f->store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(a_new_store_has_the_last_schema_and_is_private),
        TEST(jobs_are_done_in_the_order_they_came),
        TEST(jobs_that_wait_together_share_one_commit),
        TEST(a_failing_job_is_rolled_back_alone),
        TEST(a_failing_commit_fails_every_job_of_it),
        TEST(a_full_disk_is_an_error_and_the_next_job_goes_on),
        TEST(jobs_before_a_broken_transaction_fail_and_those_behind_it_run),
        TEST(a_locked_database_fails_the_jobs_and_recovers),
        TEST(a_done_job_may_submit_another),
        TEST(closing_flushes_what_is_queued_and_refuses_what_comes_then),
        TEST(an_older_schema_is_brought_up_with_its_rows),
        TEST(a_later_schema_is_refused_and_left_as_it_is),
        TEST(a_migration_that_fails_leaves_the_version_before_it),
        TEST(a_second_opener_is_refused_until_the_first_closes),
        TEST(a_folder_that_is_missing_is_an_error_that_names_it),
        TEST(a_file_that_is_no_database_is_refused),
        TEST(an_empty_file_is_refused_and_a_missing_one_whose_log_is_there),
        TEST(a_damage_that_is_found_while_it_runs_is_told_to_its_owner_once),
        TEST(after_a_crash_the_whole_file_is_looked_through),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
