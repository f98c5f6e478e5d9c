// A database with a thread of its own: the loop hands over jobs and gets them back when they are
// done, in order. Each job is one transaction; jobs that wait together share one commit.
#ifndef RF_STORE_STORE_H
#define RF_STORE_STORE_H

#include <stddef.h>
#include <stdint.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

struct rf_store;
struct rf_db; // db.h
struct rf_loop;

// A numbered migration: SQL that takes the schema from version `number - 1` to `number`.
struct rf_migration {
    int number; // 1, 2, 3, ...
    const char *sql;
};

// A job, embedded in its owner's struct, or allocated; it must live until done() is called.
struct rf_store_job {
    // run: on the store's thread, inside a transaction (a savepoint of its own). It touches nothing
    // but the job's own memory and the database, and neither begins nor ends a transaction. An
    // error rolls the job back, and no other. It may be called again: what lost a deadlock
    // (RF_ERR_BUSY) is run a few times more, in a transaction of its own.
    enum rf_err (*run)(struct rf_store_job *job, struct rf_db *db, struct rf_error *error);
    // done: on the loop's thread, after the commit is on the disk (result RF_OK) or the job failed:
    // what run() returned, or RF_ERR_IO when the commit failed (disk full, a locked file: then
    // every job of that commit fails), RF_ERR_DAMAGED, or RF_ERR_CLOSED. May free the job, and may
    // submit others.
    void (*done)(struct rf_store_job *job, enum rf_err result, const struct rf_error *error);
    struct rf_store_job *next; // private
    enum rf_err result;        // private
    struct rf_error error;     // private
};

// rf_store_open: opens or creates the database at `path` (mode 0600, WAL, synchronous FULL, so that
// a commit survives a power loss; foreign keys on), holds a lock on `path`.lock so that no second
// process opens it through this library (RF_ERR_CONFLICT), and brings the schema up to the last
// migration. Refused are a database of a later version (RF_ERR_INVALID), and a file that is none,
// is damaged or empty, or is gone while its write-ahead log is there (RF_ERR_DAMAGED); after a
// crash its whole structure is read for that. The folder must exist. Blocks.
RF_NODISCARD enum rf_err rf_store_open(struct rf_loop *loop, const char *path,
                                       const struct rf_migration *migrations, size_t count,
                                       struct rf_store **store, struct rf_error *error);

// rf_store_start: the same with a database that is open already (postgres.h, sqlite.h), which the
// store takes over, also after an error.
RF_NODISCARD enum rf_err rf_store_start(struct rf_loop *loop, struct rf_db *db,
                                        const struct rf_migration *migrations, size_t count,
                                        struct rf_store **store, struct rf_error *error);

typedef void rf_store_lost_fn(void *arg, const struct rf_error *why);

// rf_store_join: joins as a member (member.h), for start-up only; the thread renews the lease when
// nothing else does. `on_lost` is called once, on the loop's thread, when another has taken our
// place (RF_ERR_IO) or the database proves damaged (RF_ERR_DAMAGED): nothing is written any more,
// and who has work under the lease is to let go of it.
RF_NODISCARD enum rf_err rf_store_join(struct rf_store *store, const char *name,
                                       struct rf_duration term, rf_store_lost_fn *on_lost,
                                       void *arg, struct rf_error *error);

// rf_store_lease_end: until when the lease certainly holds; INT64_MAX: it does not end. It moves on
// while it is renewed.
struct rf_instant rf_store_lease_end(const struct rf_store *store);

// rf_store_submit: queues the job. Never blocks.
void rf_store_submit(struct rf_store *store, struct rf_store_job *job);

// rf_store_pending: jobs whose done() was not called yet.
size_t rf_store_pending(const struct rf_store *store);

// rf_store_close: runs what is queued, calls done() for it (a job submitted by those gets
// RF_ERR_CLOSED), ends the thread, closes the database and nulls the pointer. Blocks on the disk.
// NULL is fine.
void rf_store_close(struct rf_store **store);

// rf_store_now: runs one job at once and waits for it; for start-up only, before the loop runs.
// Jobs submitted before it are carried out first. done() is not called.
RF_NODISCARD enum rf_err rf_store_now(struct rf_store *store, struct rf_store_job *job,
                                      struct rf_error *error);

#endif
