// The names of a log's rotated files: when it was closed, and the first and the last journal number
// in it, as in
//   app_logs.json.20261128T214602.123456Z.1-5000.gz
// Sorted as texts they are in the order of time. Pure.
#ifndef RF_ROTATED_NAME_H
#define RF_ROTATED_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/time.h>

// In the order of the words of logger.rotate.compress.
enum rf_pack { RF_PACK_NONE, RF_PACK_GZIP, RF_PACK_ZSTD };

#define RF_ROTATED_NAME_SIZE 256

struct rf_rotated_name {
    struct rf_utc closed; // whole microseconds
    int64_t first, last;  // numbers; 0: no line has one
    enum rf_pack pack;
    bool partial; // being compressed, or left so by a kill
};

// rf_rotated_name_write: the name beside a log called `base`, without a folder. False if it has no
// place in `out`, or the time is before 1970 or after 9999.
bool rf_rotated_name_write(const char *base, const struct rf_rotated_name *name,
                           char out[RF_ROTATED_NAME_SIZE]);

// rf_rotated_name_read: false if `text` is not such a name of the log `base`, to the letter.
bool rf_rotated_name_read(const char *base, const char *text, struct rf_rotated_name *name);

#endif
