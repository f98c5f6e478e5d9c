// The rotation of one sink's file: when it is due, the rename, and the keeper of the files that
// were closed.
#ifndef RF_LOGGER_ROTATION_H
#define RF_LOGGER_ROTATION_H

#include <stdbool.h>

#include "log_file.h"
#include "rotate.h"
#include "runtime/loop.h"

struct rf_keeper;
struct rf_process;

// Embedded in its owner; private but for `began`.
struct rf_rotation {
    struct rf_process *process;
    struct rf_log_file *file;
    struct rf_keeper *keeper;
    struct rf_utc began;       // the open file; 0: not known
    struct rf_timer timer;     // the file's age, or a look at the closed ones
    struct rf_instant not_yet; // after a rotation that failed
    bool failing;
    void (*due)(void *arg);
    void *arg;
};

// rf_rotation_init: `due` is called when the file has reached its age.
RF_NODISCARD enum rf_err rf_rotation_init(struct rf_rotation *rotation, struct rf_process *process,
                                          struct rf_log_file *file, void (*due)(void *arg),
                                          void *arg, struct rf_error *error);
void rf_rotation_fini(struct rf_rotation *rotation);

// rf_rotation_opened: the file was opened, or emptied by somebody. It was begun at `began`, or now,
// if it is empty or that is 0.
void rf_rotation_opened(struct rf_rotation *rotation, struct rf_utc began);

// rf_rotation_begun: the first line of an empty file was written now.
void rf_rotation_begun(struct rf_rotation *rotation);

// rf_rotation_closed: it was closed, and may belong to another process.
void rf_rotation_closed(struct rf_rotation *rotation);

// rf_rotation_due: whether to rotate before `incoming` further bytes are written.
bool rf_rotation_due(const struct rf_rotation *rotation, size_t incoming);

// rf_rotation_settle: all of the file stays, also over a power loss, and `name` is what it is to be
// called. Its reader's place is to be stored between this and rf_rotation_rename, which closes it;
// nothing is at its path then. Both block.
RF_NODISCARD enum rf_err rf_rotation_settle(const struct rf_rotation *rotation,
                                            char name[RF_ROTATED_NAME_SIZE],
                                            struct rf_error *error);
RF_NODISCARD enum rf_err rf_rotation_rename(struct rf_rotation *rotation, const char *name,
                                            struct rf_error *error);

// rf_rotation_failed: tells it once, and lets the file grow for a while before the next try.
void rf_rotation_failed(struct rf_rotation *rotation, const struct rf_error *error);

#endif
