// Log lines that wait to be passed on: bounded in number, bytes and rate, and each that was left
// out is counted. Pure; whoever shares one among threads holds a lock.
#ifndef RF_RUNTIME_LINE_QUEUE_H
#define RF_RUNTIME_LINE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/log.h>
#include <ringfence/rate_limit.h>
#include <ringfence/time.h>

#define RF_LINE_QUEUE_LINES ((size_t)1000)
#define RF_LINE_QUEUE_BYTES ((size_t)256 * 1024) // of their texts

struct rf_line {
    struct rf_line *next;
    struct rf_utc at;
    enum rf_log_level level;
    int64_t left_out; // so many before it were
    size_t size;
    char text[]; // with a NUL behind it
};

// Members are for reading only.
struct rf_line_queue {
    struct rf_line *first, **end;
    size_t count, bytes;
    int64_t left_out; // since the last one that was taken in
    struct rf_rate_limit rate;
};

// rf_line_queue_init: an empty one, which takes in `burst` lines at once and `rate` a second (0:
// any number).
void rf_line_queue_init(struct rf_line_queue *queue, double rate, int64_t burst,
                        struct rf_instant now);
void rf_line_queue_fini(struct rf_line_queue *queue);

// rf_line_queue_limit: another rate, if it is another, from now on, as after a rest.
void rf_line_queue_limit(struct rf_line_queue *queue, double rate, int64_t burst,
                         struct rf_instant now);

// rf_line_queue_put: copies a line that was said at `at`. False: it is left out and counted. The
// first ones stay, as they tell how it began.
bool rf_line_queue_put(struct rf_line_queue *queue, struct rf_instant now, struct rf_utc at,
                       enum rf_log_level level, const char *text);

// rf_line_queue_take: the oldest line, which the caller frees by free(); NULL: there is none.
struct rf_line *rf_line_queue_take(struct rf_line_queue *queue);

// rf_line_queue_lose: so many more were left out.
void rf_line_queue_lose(struct rf_line_queue *queue, int64_t lines);

// rf_line_queue_told: how many were left out since the last line that waits, or was taken; from
// here on they are told of.
int64_t rf_line_queue_told(struct rf_line_queue *queue);

#endif
