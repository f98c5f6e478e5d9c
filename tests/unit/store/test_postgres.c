// What only a database on the other side of a network can do to a store.
#include "engine.h"

#include <pthread.h>
#include <string.h>

#include "base/clock.h"
#include "relay.h"
#include "runtime/loop.h"
#include "store/batch.h"
#include "store/member.h"
#include "store/store.h"

static const struct rf_migration migrations[] = {
    {1, RF_MEMBER_TABLE_POSTGRES "CREATE TABLE word (n BIGINT PRIMARY KEY)"},
};

struct fixture {
    char place[ENGINE_PLACE_SIZE];
    struct relay *relay;
    struct rf_loop *loop;
    struct rf_store *store; // by way of the relay
    struct rf_db *other;    // directly
    int lost;
};

static void on_lost(void *arg, const struct rf_error *why) {
    assert_int_equal(why->code, RF_ERR_IO);
    struct fixture *f = arg;
    f->lost++;
    rf_loop_stop(f->loop);
}

static struct rf_db *by_relay(struct fixture *f) {
    char url[2 * ENGINE_PLACE_SIZE];
    struct rf_db *db;
    struct rf_error error = {0};
    snprintf(url, sizeof url, "%s%s", relay_url(f->relay), strstr(f->place, "&options"));
    engine_must(rf_postgres_open(url, NULL, &db, &error), &error);
    return db;
}

static void join(struct fixture *f, struct rf_duration term) {
    struct rf_error error = {0};
    engine_must(rf_store_join(f->store, "one", term, on_lost, f, &error), &error);
}

static int setup(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    struct rf_error error = {0};
    assert_non_null(f);
    engine_fresh(f->place);
    f->relay = relay_new(engine_url());
    f->loop = rf_loop_new();
    f->other = engine_open(f->place);
    engine_must(rf_store_start(f->loop, by_relay(f), migrations, 1, &f->store, &error), &error);
    *state = f;
    return 0;
}

static int teardown(void **state) {
    struct fixture *f = *state;
    rf_store_close(&f->store);
    rf_loop_destroy(&f->loop);
    rf_db_close(&f->other);
    relay_destroy(f->relay);
    free(f);
    return 0;
}

struct put {
    struct rf_store_job base;
    int64_t n;
};

static enum rf_err run_put(struct rf_store_job *base, struct rf_db *db, struct rf_error *error) {
    return rf_db_run(db, error, "INSERT INTO word VALUES (?)", "i", ((struct put *)base)->n);
}

static enum rf_err put(struct fixture *f, int64_t n, struct rf_error *error) {
    struct put job = {.base.run = run_put, .n = n};
    return rf_store_now(f->store, &job.base, error);
}

// The COMMIT goes along with what is not waited for.
static enum rf_err run_put_later(struct rf_store_job *base, struct rf_db *db,
                                 struct rf_error *error) {
    return rf_db_later(db, error, "INSERT INTO word VALUES (?)", "i", ((struct put *)base)->n);
}

static enum rf_err put_later(struct fixture *f, int64_t n, struct rf_error *error) {
    struct put job = {.base.run = run_put_later, .n = n};
    return rf_store_now(f->store, &job.base, error);
}

static int64_t ask(struct fixture *f, const char *sql) {
    int64_t value = -1;
    struct rf_error error = {0};
    engine_must(rf_db_number(f->other, &error, &value, sql, ""), &error);
    return value;
}

static void a_commit_whose_answer_is_lost_is_told_as_what_it_was(void **state) {
    struct fixture *f = *state;
    join(f, rf_seconds(60));
    static const struct {
        enum relay_cut cut;
        bool carried_out;
    } cases[] = {
        {RELAY_CUTS_AFTER, true}, {RELAY_CUTS_BEFORE, false}, {RELAY_STALLS, false},
        {RELAY_CUTS_AFTER, true}, {RELAY_FORWARDS, true},
    };
    const int count = (int)(sizeof cases / sizeof *cases);
    int64_t kept = 0;
    for (int i = 0; i < 2 * count; i++) {
        struct rf_error error = {0};
        relay_next_commit(f->relay, cases[i % count].cut);
        enum rf_err err = i < count ? put(f, i, &error) : put_later(f, i, &error);
        if (err != (cases[i % count].carried_out ? RF_OK : RF_ERR_IO))
            fail_msg("put %d: %s: %s", i, rf_err_name(err), error.message);
        kept += cases[i % count].carried_out;
        assert_int_equal(ask(f, "SELECT count (*) FROM word"), kept);
    }
    assert_int_equal(f->lost, 0);
}

static void without_a_membership_an_unknown_outcome_is_told_as_unknown(void **state) {
    struct fixture *f = *state;
    struct rf_error error = {0};
    relay_next_commit(f->relay, RELAY_CUTS_AFTER);
    assert_int_equal(put(f, 1, &error), RF_ERR_IO);
    assert_non_null(strstr(error.message, "unknown"));
}

// Ends all sessions of ours but the one that asks. The server's own (autovacuum) nobody may end who
// is no superuser.
static void cut_all(struct fixture *f) {
    (void)ask(f, "SELECT count (pg_terminate_backend (pid)) FROM pg_stat_activity"
                 " WHERE pid <> pg_backend_pid () AND datname = current_database ()"
                 " AND usename = current_user");
}

static enum rf_err run_cut(struct rf_store_job *base, struct rf_db *db, struct rf_error *error) {
    enum rf_err err = run_put(base, db, error);
    if (err == RF_OK)
        err = rf_db_run(db, error, "SELECT pg_terminate_backend (pg_backend_pid ())", "");
    return err;
}

static void a_session_that_is_ended_while_idle_is_not_noticed(void **state) {
    struct fixture *f = *state;
    struct rf_error error = {0};
    join(f, rf_seconds(60));
    for (int64_t n = 0; n < 3; n++) {
        cut_all(f);
        engine_must(put(f, n, &error), &error);
        cut_all(f);
        engine_must(put_later(f, 10 + n, &error), &error);
    }
    assert_int_equal(ask(f, "SELECT count (*) FROM word"), 6);
}

static void
a_session_that_is_ended_in_a_transaction_fails_its_jobs_and_the_next_go_on(void **state) {
    struct fixture *f = *state;
    struct rf_error error = {0};
    join(f, rf_seconds(60));
    struct put job = {.base.run = run_cut, .n = 1};
    assert_int_equal(rf_store_now(f->store, &job.base, &error), RF_ERR_IO);
    engine_must(put(f, 2, &error), &error);
    assert_int_equal(ask(f, "SELECT sum (n) FROM word"), 2);
}

static void a_database_that_is_away_fails_the_jobs_until_it_is_back(void **state) {
    struct fixture *f = *state;
    struct rf_error error = {0};
    join(f, rf_seconds(60));
    relay_away(f->relay, 1);
    for (int64_t n = 0; n < 3; n++)
        assert_int_equal(put(f, n, &error), RF_ERR_IO);
    relay_away(f->relay, 0);
    int tries = 0;
    while (put(f, 9, &error) != RF_OK) { // the backoff of some tries
        assert_true(++tries < 2000);
        usleep(10000);
    }
    assert_int_equal(ask(f, "SELECT sum (n) FROM word"), 9);
    assert_int_equal(f->lost, 0); // nobody has taken our place meanwhile
}

// Holds the store's thread until it is let go, so that those behind it wait together.
struct gate {
    struct rf_store_job base;
    int entered[2], let_go[2];
};

static enum rf_err run_gate(struct rf_store_job *base, struct rf_db *db, struct rf_error *error) {
    struct gate *gate = (struct gate *)base;
    char byte = 'x';
    (void)db;
    (void)error;
    return write(gate->entered[1], &byte, 1) == 1 && read(gate->let_go[0], &byte, 1) == 1
               ? RF_OK
               : RF_ERR_IO;
}

struct waiting_put {
    struct put put;
    struct fixture *fixture;
    enum rf_err result;
};

static void on_put(struct rf_store_job *base, enum rf_err result, const struct rf_error *error) {
    struct waiting_put *put = (struct waiting_put *)base;
    (void)error;
    put->result = result;
    if (rf_store_pending(put->fixture->store) == 0)
        rf_loop_stop(put->fixture->loop);
}

static void on_gate(struct rf_store_job *base, enum rf_err result, const struct rf_error *error) {
    (void)base;
    (void)error;
    assert_int_equal(result, RF_OK);
}

static void jobs_that_wait_together_share_a_commit_and_one_that_fails_fails_alone(void **state) {
    struct fixture *f = *state;
    struct rf_error error = {0};
    join(f, rf_seconds(60));
    engine_must(put(f, 0, &error), &error);
    struct gate gate = {.base = {.run = run_gate, .done = on_gate}};
    assert_int_equal(pipe(gate.entered), 0);
    assert_int_equal(pipe(gate.let_go), 0);
    rf_store_submit(f->store, &gate.base);
    char byte;
    assert_int_equal(read(gate.entered[0], &byte, 1), 1);
    static const int64_t numbers[] = {1, 2, 1, 3}; // the third is there already
    struct waiting_put puts[4];
    for (int i = 0; i < 4; i++) {
        puts[i] = (struct waiting_put){
            .put = {.base = {.run = run_put, .done = on_put}, .n = numbers[i]}, .fixture = f};
        rf_store_submit(f->store, &puts[i].put.base);
    }
    int64_t before = ask(f, "SELECT number FROM member");
    assert_int_equal(write(gate.let_go[1], "x", 1), 1);
    assert_int_equal(rf_loop_run(f->loop, &error), RF_OK);
    for (int i = 0; i < 4; i++)
        assert_int_equal(puts[i].result, i == 2 ? RF_ERR_CONFLICT : RF_OK);
    assert_int_equal(ask(f, "SELECT sum (n) FROM word"), 6);
    assert_int_equal(ask(f, "SELECT number FROM member"), before + 2); // the gate's, and one
    for (int i = 0; i < 2; i++) {
        close(gate.entered[i]);
        close(gate.let_go[i]);
    }
}

// A job that locks words one after the other; the first time it waits behind the first of them
// until another has got its own.
struct locker {
    struct rf_store_job base;
    int64_t words[2]; // 0: none
    pthread_barrier_t *meet;
    int runs;
};

static enum rf_err run_locker(struct rf_store_job *base, struct rf_db *db, struct rf_error *error) {
    struct locker *locker = (struct locker *)base;
    enum rf_err err = RF_OK;
    locker->runs++;
    for (int i = 0; err == RF_OK && i < 2 && locker->words[i] != 0; i++) {
        err = rf_db_run(db, error, "UPDATE word SET n = n WHERE n = ?", "i", locker->words[i]);
        if (i == 0 && locker->meet && locker->runs == 1)
            (void)pthread_barrier_wait(locker->meet);
    }
    return err;
}

struct batch_work {
    struct rf_db *db;
    struct rf_store_job *batch;
};

static void *run_batch(void *arg) {
    const struct batch_work *work = arg;
    rf_batch_run(work->db, work->batch);
    return NULL;
}

static void jobs_that_wait_for_each_other_in_two_batches_are_both_carried_out(void **state) {
    struct fixture *f = *state;
    struct rf_error error = {0};
    engine_must(put(f, 1, &error), &error);
    engine_must(put(f, 2, &error), &error);
    pthread_barrier_t meet;
    assert_int_equal(pthread_barrier_init(&meet, NULL, 2), 0);
    struct locker second = {.base.run = run_locker, .words = {2}};
    struct locker first = {
        .base = {.run = run_locker, .next = &second.base}, .words = {1}, .meet = &meet};
    struct locker across = {.base.run = run_locker, .words = {2, 1}, .meet = &meet};
    struct batch_work work = {engine_open(f->place), &across.base};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, run_batch, &work), 0);
    rf_batch_run(f->other, &first.base);
    pthread_join(thread, NULL);
    pthread_barrier_destroy(&meet);
    rf_db_close(&work.db);
    const struct locker *all[] = {&first, &second, &across};
    for (size_t i = 0; i < 3; i++)
        if (all[i]->base.result != RF_OK)
            fail_msg("job %zu: %s", i, all[i]->base.error.message);
    assert_int_equal(first.runs, 1);
    assert_in_range(second.runs + across.runs, 3, 5); // one of them was thrown out
    assert_ptr_equal(first.base.next, &second.base);
}

static void what_another_transaction_holds_for_long_is_told_as_such(void **state) {
    struct fixture *f = *state;
    struct rf_error error = {0};
    engine_must(put(f, 1, &error), &error);
    struct rf_db *holder = engine_open(f->place);
    engine_script(holder, "BEGIN; UPDATE word SET n = n");
    engine_script(f->other, "SET lock_timeout = 50");
    struct locker job = {.base.run = run_locker, .words = {1}};
    rf_batch_run(f->other, &job.base);
    assert_int_equal(job.base.result, RF_ERR_TIMEOUT);
    assert_int_equal(job.runs, 1);
    rf_db_close(&holder);
}

static void text_that_is_not_utf8_is_refused_for_good(void **state) {
    struct fixture *f = *state;
    struct rf_error error = {0};
    assert_int_equal(rf_db_run(f->other, &error, "SELECT ? || ''", "t", "No\xEBl"), RF_ERR_INVALID);
    assert_int_equal(rf_db_run(f->other, &error, "SELECT 1 / ?", "i", (int64_t)0), RF_ERR_INVALID);
}

// Takes over all whose lease has ended, as another member that was here for long.
static int64_t judge(struct fixture *f, bool long_here) {
    struct rf_error error = {0};
    struct rf_db *db = f->other;
    engine_must(db->driver->begin(db, &error), &error);
    if (rf_member_of(db) == 0)
        engine_must(rf_member_join(db, "other", rf_seconds(60), &error), &error);
    db->connected = long_here ? (struct rf_instant){1} : rf_clock_now();
    engine_must(rf_member_expire(db, &error), &error);
    engine_must(db->driver->commit(db, &error), &error);
    return ask(f, "SELECT count (*) FROM member WHERE gone = 1");
}

static void
incident_47_what_comes_after_the_lease_has_ended_and_been_taken_is_refused(void **state) {
    struct fixture *f = *state;
    struct rf_error error = {0};
    join(f, rf_seconds(60));
    engine_must(put(f, 1, &error), &error);
    assert_int_equal(judge(f, true), 0); // it holds
    engine_script(f->other, "UPDATE member SET alive_until = 0 WHERE name = 'one'");
    assert_int_equal(judge(f, false), 0); // who has just come does not judge
    engine_must(put(f, 2, &error), &error);
    assert_int_equal(judge(f, true), 0); // it was renewed by writing
    engine_script(f->other, "UPDATE member SET alive_until = 0 WHERE name = 'one'");
    assert_int_equal(judge(f, true), 1);
    assert_int_equal(put(f, 3, &error), RF_ERR_IO);
    assert_non_null(strstr(error.message, "taken over"));
    assert_int_equal(put_later(f, 4, &error), RF_ERR_IO);
    assert_int_equal(ask(f, "SELECT sum (n) FROM word"), 3);
    assert_int_equal(rf_loop_run(f->loop, &error), RF_OK);
    assert_int_equal(f->lost, 1);
}

static void a_member_in_the_middle_of_a_transaction_is_not_judged(void **state) {
    struct fixture *f = *state;
    struct rf_error error = {0};
    struct rf_db *slow = engine_open(f->place);
    engine_must(slow->driver->begin(slow, &error), &error);
    engine_must(rf_member_join(slow, "slow", rf_seconds(60), &error), &error);
    engine_must(slow->driver->commit(slow, &error), &error);
    engine_must(slow->driver->begin(slow, &error), &error);
    assert_int_equal(judge(f, true), 0);
    slow->driver->rollback(slow);
    engine_script(f->other, "UPDATE member SET alive_until = 0 WHERE name = 'slow'");
    engine_must(slow->driver->begin(slow, &error), &error);
    engine_must(rf_db_run(slow, &error, "SELECT 1", ""), &error); // renews it, not yet to be seen
    assert_int_equal(judge(f, true), 0);
    engine_must(slow->driver->commit(slow, &error), &error);
    assert_int_equal(judge(f, true), 0);
    rf_db_close(&slow);
}

typedef enum rf_err run_fn(struct rf_db *db, struct rf_error *error, const char *sql,
                           const char *types, ...);

static void hold(struct fixture *f, run_fn *write) {
    int64_t gone = ask(f, "SELECT count (*) FROM member WHERE gone = 1");
    struct rf_error error = {0};
    struct rf_db *stopped = engine_open(f->place);
    engine_must(stopped->driver->begin(stopped, &error), &error);
    engine_must(rf_member_join(stopped, "stopped", rf_ms(300), &error), &error);
    engine_must(stopped->driver->commit(stopped, &error), &error);
    engine_must(stopped->driver->begin(stopped, &error), &error);
    engine_must(write(stopped, &error, "INSERT INTO word VALUES (1)", ""), &error);
    int tries = 0;
    while (judge(f, true) == gone) {
        assert_true(++tries < 2000);
        usleep(10000);
    }
    assert_int_not_equal(stopped->driver->commit(stopped, &error), RF_OK);
    assert_int_equal(ask(f, "SELECT count (*) FROM word"), 0);
    engine_must(stopped->driver->begin(stopped, &error), &error);
    assert_int_not_equal(rf_db_run(stopped, &error, "INSERT INTO word VALUES (1)", ""), RF_OK);
    assert_true(stopped->lost);
    assert_int_not_equal(stopped->driver->commit(stopped, &error), RF_OK);
    stopped->driver->rollback(stopped);
    assert_int_not_equal(stopped->driver->begin(stopped, &error), RF_OK);
    assert_int_equal(ask(f, "SELECT count (*) FROM word"), 0);
    rf_db_close(&stopped);
}

static void
incident_18_a_session_stopped_in_a_transaction_holds_nothing_beyond_its_lease(void **state) {
    hold(*state, rf_db_run);
    hold(*state, rf_db_later);
}

// A job such as the start of a campaign with a million contacts.
static void a_transaction_that_takes_longer_than_the_lease_keeps_it(void **state) {
    struct fixture *f = *state;
    struct rf_error error = {0};
    struct rf_db *slow = engine_open(f->place);
    engine_must(slow->driver->begin(slow, &error), &error);
    engine_must(rf_member_join(slow, "slow", rf_ms(1500), &error), &error);
    engine_must(slow->driver->commit(slow, &error), &error);
    engine_must(slow->driver->begin(slow, &error), &error);
    engine_must(rf_db_run(slow, &error, "SELECT pg_sleep (1.7)", ""), &error);
    engine_must(slow->driver->commit(slow, &error), &error);
    assert_int_equal(judge(f, true), 0);
    assert_true(slow->lease_end > rf_clock_now().ns);
    rf_db_close(&slow);
}

static void an_idle_store_renews_its_lease_by_itself(void **state) {
    struct fixture *f = *state;
    join(f, rf_ms(300));
    int64_t first = rf_store_lease_end(f->store).ns;
    int64_t until = ask(f, "SELECT alive_until FROM member");
    for (int tries = 0; rf_store_lease_end(f->store).ns < first + 3 * rf_ms(300).ns; tries++) {
        assert_true(tries < 2000);
        usleep(10000);
    }
    assert_true(ask(f, "SELECT alive_until FROM member") >= until + 2 * rf_ms(300).ns);
}

static void who_closes_in_order_lets_the_next_in_at_once(void **state) {
    struct fixture *f = *state;
    join(f, rf_seconds(60));
    assert_int_equal(ask(f, "SELECT count (*) FROM member WHERE gone = 0"), 1);
    rf_store_close(&f->store);
    assert_int_equal(ask(f, "SELECT count (*) FROM member WHERE gone = 0"), 0);
}

static void a_store_closes_while_the_database_is_away(void **state) {
    struct fixture *f = *state;
    struct rf_error error = {0};
    join(f, rf_seconds(60));
    relay_away(f->relay, 1);
    assert_int_equal(put(f, 1, &error), RF_ERR_IO);
    rf_store_close(&f->store);
}

static void a_url_that_is_none_and_a_server_that_is_not_there_are_told(void **state) {
    (void)state;
    struct rf_db *db;
    struct rf_error error = {0};
    assert_int_equal(rf_postgres_open("postgresql://h/d?nonsense=1", NULL, &db, &error),
                     RF_ERR_CONFIG);
    assert_non_null(strstr(error.message, "nonsense"));
    assert_int_equal(rf_postgres_open("postgresql:///d?host=/nowhere", "x", &db, &error),
                     RF_ERR_IO);
    assert_non_null(strstr(error.message, "/nowhere"));
    assert_null(db);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    if (!engine_is_postgres()) {
        (void)fputs("start it by tests/integration/postgres.py\n", stderr);
        return 1;
    }
    const struct CMUnitTest tests[] = {
        TEST(jobs_that_wait_together_share_a_commit_and_one_that_fails_fails_alone),
        TEST(jobs_that_wait_for_each_other_in_two_batches_are_both_carried_out),
        TEST(what_another_transaction_holds_for_long_is_told_as_such),
        TEST(text_that_is_not_utf8_is_refused_for_good),
        TEST(a_commit_whose_answer_is_lost_is_told_as_what_it_was),
        TEST(without_a_membership_an_unknown_outcome_is_told_as_unknown),
        TEST(a_session_that_is_ended_while_idle_is_not_noticed),
        TEST(a_session_that_is_ended_in_a_transaction_fails_its_jobs_and_the_next_go_on),
        TEST(a_database_that_is_away_fails_the_jobs_until_it_is_back),
        TEST(incident_47_what_comes_after_the_lease_has_ended_and_been_taken_is_refused),
        TEST(a_member_in_the_middle_of_a_transaction_is_not_judged),
        TEST(incident_18_a_session_stopped_in_a_transaction_holds_nothing_beyond_its_lease),
        TEST(a_transaction_that_takes_longer_than_the_lease_keeps_it),
        TEST(an_idle_store_renews_its_lease_by_itself),
        TEST(who_closes_in_order_lets_the_next_in_at_once),
        TEST(a_store_closes_while_the_database_is_away),
        cmocka_unit_test(a_url_that_is_none_and_a_server_that_is_not_there_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
