// When a log file is closed for a new one, and what becomes of the files that were: compressed,
// and removed, the oldest first. Pure.
#ifndef RF_LOGGER_ROTATE_H
#define RF_LOGGER_ROTATE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/time.h>

#include "rotated/list.h"

// logger.rotate of the configuration; 0 is without that bound.
struct rf_rotate_rules {
    int64_t size; // bytes
    struct rf_duration age;
    enum rf_pack compress;
    int64_t keep_bytes; // of all rotated files of one log, as they are on the disk
    struct rf_duration keep_age;
};

// rf_rotate_due: whether a file of `size` bytes, begun at `began`, is to be rotated before
// `incoming` bytes are written to it. An empty one never is: a page that is larger than the rule
// has a file to itself.
bool rf_rotate_due(const struct rf_rotate_rules *rules, int64_t size, int64_t incoming,
                   struct rf_utc began, struct rf_utc now);

// rf_rotate_wait: how long until it is due by its age; false: never. A clock that was set back
// delays it by no more than the age once more.
bool rf_rotate_wait(const struct rf_rotate_rules *rules, struct rf_utc began, struct rf_utc now,
                    struct rf_duration *wait);

// rf_rotate_stamp: the time for the name of a file that is closed `now`, in whole microseconds:
// later than all in `list`, also if the clock was set back, so that the names keep their order.
struct rf_utc rf_rotate_stamp(const struct rf_rotated_list *list, struct rf_utc now);

enum rf_keep_action { RF_KEEP_DONE, RF_KEEP_REMOVE, RF_KEEP_COMPRESS };

struct rf_keep_step {
    enum rf_keep_action action;
    size_t index; // in the list
};

// rf_keep_next: the one thing to do next with the files of `list`. In this order: what a kill has
// left half compressed is removed; of a file that is there twice the one that is not compressed, or
// less, goes; then what is older than keep_age; then the oldest is compressed (not without
// `can_compress`), so that keep_bytes, which comes last, counts what will stay.
struct rf_keep_step rf_keep_next(const struct rf_rotate_rules *rules,
                                 const struct rf_rotated_list *list, struct rf_utc now,
                                 bool can_compress);

#endif
