// Keeps the rotated files of one log: a thread of its own compresses and removes them by
// rf_keep_next, so that the loop never waits for it.
#ifndef RF_LOGGER_KEEPER_H
#define RF_LOGGER_KEEPER_H

#include <ringfence/error.h>

#include "rotate.h"

struct rf_keeper;
struct rf_loop;

// rf_keeper_new: for the log `path`, which is copied. Nothing is touched before rf_keeper_look.
RF_NODISCARD enum rf_err rf_keeper_new(struct rf_loop *loop, const char *path,
                                       struct rf_keeper **keeper, struct rf_error *error);

// rf_keeper_destroy: ends the thread; what it is compressing is given up, and is done again in the
// next life. Nulls the pointer; NULL is fine.
void rf_keeper_destroy(struct rf_keeper **keeper);

// rf_keeper_look: looks at the files by these rules, and again at them if it is doing so already.
// Only who holds the log's lock may call it. What could not be done is told by a line of our own
// once a look, and tried again at the next one.
void rf_keeper_look(struct rf_keeper *keeper, const struct rf_rotate_rules *rules);

#endif
