// Work on files is done on a thread of its own, one piece after the other, so that the loop never
// waits for a disk.
#ifndef GATEWAY_DISK_H
#define GATEWAY_DISK_H

#include <stddef.h>

#include <ringfence/error.h>

struct disk;
struct disk_job;
struct rf_loop;

// What is to be done with `work`, on the thread.
typedef enum rf_err disk_work_fn(void *work, struct rf_error *error);

// What came of it, in the loop. `error` is borrowed, and filled only if `result` is not RF_OK;
// `work` is as the thread left it, and is freed afterwards.
typedef void disk_done_fn(void *arg, enum rf_err result, const struct rf_error *error,
                          const void *work);

RF_NODISCARD enum rf_err disk_new(struct rf_loop *loop, struct disk **disk, struct rf_error *error);

// disk_destroy: waits for the piece that is being done, leaves the others undone, and calls nobody
// back. Nulls the pointer; NULL is fine.
void disk_destroy(struct disk **disk);

// disk_do: queues `work`, one allocation that belongs to the disk from now on (freed by free(),
// also when this fails); NULL is RF_ERR_NOMEM. `done` is called once, from the loop, never from
// inside this call. `job` may be NULL.
RF_NODISCARD enum rf_err disk_do(struct disk *disk, disk_work_fn *how, void *work,
                                 disk_done_fn *done, void *arg, struct disk_job **job,
                                 struct rf_error *error);

// disk_forget: `done` of a job that is under way is not called any more. The work is not done
// unless it has begun already.
void disk_forget(struct disk_job *job);

#endif
