// Files are written and synced on a thread of their own, one after the other, so that the loop
// never waits for a disk.
#ifndef GATEWAY_DISK_H
#define GATEWAY_DISK_H

#include <stddef.h>

#include <ringfence/error.h>

struct disk;
struct disk_job;
struct rf_loop;

// How a file is written: rf_file_replace, or a test's own. Called on the thread.
typedef enum rf_err disk_write_fn(const char *path, const void *data, size_t size,
                                  struct rf_error *error);

// `error` is borrowed, and filled only if `result` is not RF_OK.
typedef void disk_done_fn(void *arg, enum rf_err result, const struct rf_error *error);

RF_NODISCARD enum rf_err disk_new(struct rf_loop *loop, disk_write_fn *how, struct disk **disk,
                                  struct rf_error *error);

// disk_destroy: waits for the file that is being written, leaves the others unwritten, and calls
// nobody back. Nulls the pointer; NULL is fine.
void disk_destroy(struct disk **disk);

// disk_write: queues a file; `path` and `data` are copied. `done` is called once, from the loop,
// when it is on the disk or has failed, never from inside this call.
RF_NODISCARD enum rf_err disk_write(struct disk *disk, const char *path, const void *data,
                                    size_t size, disk_done_fn *done, void *arg,
                                    struct disk_job **job, struct rf_error *error);

// disk_forget: `done` of a job that is under way is not called any more. The file is not written
// unless that has begun already.
void disk_forget(struct disk_job *job);

#endif
