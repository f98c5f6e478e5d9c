// Jobs that have to be stored in the end, against a real database on a disk that has room, or not.
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "keeper.h"
#include "store/db.h"

#define TEXT_BYTES 20000 // of a row: more than the room that a full disk has

static const struct rf_migration migrations[] = {
    {1, "CREATE TABLE word (n INTEGER PRIMARY KEY, text TEXT NOT NULL);"},
};

struct fixture {
    char folder[64], path[96];
    struct rf_loop *loop;
    struct rf_store *store;
    struct rf_keeper keeper;
    int stored, dropped; // jobs
    int64_t last;        // the n of the one that was stored last
    struct rf_timer room;
    int tries; // of all
};

struct job {
    struct rf_kept kept;
    struct fixture *fixture;
    int64_t n;
    int refuses; // the run fails so often
    struct job *follower;
};

static enum rf_err run(struct rf_kept *kept, struct rf_db *db, struct rf_error *error) {
    static char text[TEXT_BYTES + 1];
    struct job *job = (struct job *)kept;
    job->fixture->tries++;
    if (job->refuses-- > 0)
        return rf_error_set(error, RF_ERR_CONFLICT, "not now");
    memset(text, 'x', TEXT_BYTES);
    return rf_db_run(db, error, "INSERT INTO word (n, text) VALUES (?, ?)", "it", job->n, text);
}

static void look_done(struct fixture *f) {
    if (rf_keeper_idle(&f->keeper))
        rf_loop_stop(f->loop);
}

static void stored(struct rf_kept *kept) {
    struct job *job = (struct job *)kept;
    struct fixture *f = job->fixture;
    f->stored++;
    f->last = job->n;
    assert_false(kept->failing);
    if (job->follower != NULL)
        rf_keeper_keep(&f->keeper, &job->follower->kept);
    free(job);
    look_done(f);
}

static void drop(struct rf_kept *kept) {
    struct job *job = (struct job *)kept;
    job->fixture->dropped++;
    free(job);
}

static struct job *new_job(struct fixture *f, int64_t n, int refuses) {
    struct job *job = calloc(1, sizeof *job);
    assert_non_null(job);
    *job = (struct job){.kept = {.run = run, .stored = stored, .drop = drop},
                        .fixture = f,
                        .n = n,
                        .refuses = refuses};
    return job;
}

static void keep(struct fixture *f, int64_t n, int refuses) {
    rf_keeper_keep(&f->keeper, &new_job(f, n, refuses)->kept);
}

static void open_store(struct fixture *f) {
    struct rf_error error = {0};
    if (rf_store_open(f->loop, f->path, migrations, 1, &f->store, &error) != RF_OK)
        fail_msg("%s", error.message);
    rf_keeper_init(&f->keeper, f->loop, f->store, "words");
    f->keeper.wait = rf_ms(20);
}

static void close_store(struct fixture *f) {
    rf_keeper_close(&f->keeper);
    rf_store_close(&f->store);
    rf_keeper_fini(&f->keeper);
}

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    strcpy(f->folder, "/tmp/rf-keeper-XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/x.db", f->folder);
    f->loop = rf_loop_new();
    assert_non_null(f->loop);
    open_store(f);
    signal(SIGXFSZ, SIG_IGN); // a write beyond the limit is an error, as on a full disk
    *state = f;
    return 0;
}

static void set_file_limit(rlim_t bytes) {
    struct rlimit limit;
    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock"};
    set_file_limit(RLIM_INFINITY);
    if (f->store != NULL)
        close_store(f);
    rf_loop_destroy(&f->loop);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s%s", f->path, suffixes[i]);
        unlink(name);
    }
    assert_int_equal(rmdir(f->folder), 0);
    free(f);
    return 0;
}

static void run_loop(struct fixture *f) {
    struct rf_error error = {0};
    assert_int_equal(rf_loop_run(f->loop, &error), RF_OK);
}

// ---- what is in the database ----

struct count_job {
    struct rf_store_job job;
    int64_t count;
};

static enum rf_err run_count(struct rf_store_job *job, struct rf_db *db, struct rf_error *error) {
    struct rf_rows *rows = NULL;
    enum rf_err err = rf_db_query(db, error, &rows, "SELECT COUNT(*) FROM word", "");
    if (err == RF_OK && (err = rf_rows_next(rows, error)) == RF_OK)
        ((struct count_job *)job)->count = rf_rows_number(rows, 0);
    rf_rows_end(&rows);
    return err;
}

static void no_done(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    (void)job, (void)result, (void)error;
}

static int64_t rows_of(struct fixture *f) {
    struct count_job count = {.job = {.run = run_count, .done = no_done}};
    struct rf_error error = {0};
    if (f->store == NULL)
        open_store(f);
    assert_int_equal(rf_store_now(f->store, &count.job, &error), RF_OK);
    return count.count;
}

// ---- tests ----

static void what_has_room_is_stored_once_and_told_once(void **state) {
    struct fixture *f = *state;
    assert_true(rf_keeper_idle(&f->keeper));
    for (int64_t n = 1; n <= 10; n++)
        keep(f, n, 0);
    assert_false(rf_keeper_idle(&f->keeper));
    run_loop(f);
    assert_int_equal(f->stored, 10);
    assert_int_equal(f->tries, 10);
    assert_int_equal(rows_of(f), 10);
}

static void give_room(void *arg) {
    struct fixture *f = arg;
    assert_int_equal(f->stored, 0);
    assert_true(f->keeper.failing);
    assert_true(f->tries > 5); // all of them, some more than once
    set_file_limit(RLIM_INFINITY);
}

static void what_a_full_disk_does_not_take_is_stored_when_there_is_room(void **state) {
    struct fixture *f = *state;
    set_file_limit(8192);
    for (int64_t n = 1; n <= 5; n++)
        keep(f, n, 0);
    rf_timer_init(&f->room, f->loop, give_room, f);
    rf_timer_after(&f->room, rf_ms(500));
    run_loop(f);
    assert_int_equal(f->stored, 5);
    assert_int_equal(f->dropped, 0);
    assert_false(f->keeper.failing);
    assert_int_equal(rows_of(f), 5);
}

static void one_that_fails_holds_up_no_other(void **state) {
    struct fixture *f = *state;
    keep(f, 1, 3);
    keep(f, 2, 0);
    keep(f, 3, 0);
    run_loop(f);
    assert_int_equal(f->last, 1);
    assert_int_equal(f->stored, 3);
    assert_int_equal(f->tries, 6);
}

static void one_that_was_stored_may_have_the_next_one_kept(void **state) {
    struct fixture *f = *state;
    struct job *first = new_job(f, 1, 1);
    first->follower = new_job(f, 2, 1);
    rf_keeper_keep(&f->keeper, &first->kept);
    run_loop(f);
    assert_int_equal(f->stored, 2);
    assert_int_equal(f->last, 2);
}

static void at_the_end_what_was_given_is_stored_and_nobody_is_told(void **state) {
    struct fixture *f = *state;
    keep(f, 1, 0);
    keep(f, 2, 0);
    close_store(f);
    assert_int_equal(f->stored, 0);
    assert_int_equal(f->dropped, 2);
    assert_int_equal(rows_of(f), 2);
}

static void at_the_end_what_cannot_be_stored_is_dropped(void **state) {
    struct fixture *f = *state;
    set_file_limit(8192);
    keep(f, 1, 0);
    keep(f, 2, 0);
    close_store(f);
    set_file_limit(RLIM_INFINITY);
    assert_int_equal(f->stored, 0);
    assert_int_equal(f->dropped, 2);
    assert_int_equal(rows_of(f), 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(what_has_room_is_stored_once_and_told_once),
        TEST(what_a_full_disk_does_not_take_is_stored_when_there_is_room),
        TEST(one_that_fails_holds_up_no_other),
        TEST(one_that_was_stored_may_have_the_next_one_kept),
        TEST(at_the_end_what_was_given_is_stored_and_nobody_is_told),
        TEST(at_the_end_what_cannot_be_stored_is_dropped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
