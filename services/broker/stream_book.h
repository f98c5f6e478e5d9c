// Streams: what was the last number known of each publisher's stream. Here events are told apart:
// new, known already, or after a gap.
#ifndef RF_BROKER_STREAM_BOOK_H
#define RF_BROKER_STREAM_BOOK_H

#include <sys/queue.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

#include "base/map.h"

#define RF_STREAM_BOOK_MAX   10000 // beyond it the longest idle one is forgotten
#define RF_STREAM_NAME_BYTES 255

struct rf_stream_row {
    struct rf_map_node by_name;
    TAILQ_ENTRY(rf_stream_row) by_age; // longest idle first
    char *name;
    int64_t number; // of its row on disk, never given again
    int64_t last;   // number of the last event known
    struct rf_instant heard;
    int64_t written;  // up to where a record tells of it; 0 and not on_disk: none does
    int64_t position; // of the last record that tells of it
    int64_t promised; // of the last one without which nothing is said of it: not of a measurement
    bool on_disk;     // a record has named it
};

TAILQ_HEAD(rf_stream_ages, rf_stream_row);

// A row is about to be forgotten.
typedef void rf_stream_forgotten_fn(void *arg, const struct rf_stream_row *row);

struct rf_stream_book {
    struct rf_map rows;
    struct rf_stream_ages ages;
    struct rf_duration idle; // rows not heard of for so long are forgotten
    int64_t numbers;         // the last one given to a row
    int64_t forgotten;
    rf_stream_forgotten_fn *on_forget;
    void *arg;
};

// rf_stream_book_init: rows get numbers above `numbers`. `on_forget` may be NULL.
void rf_stream_book_init(struct rf_stream_book *book, struct rf_duration idle, int64_t numbers,
                         rf_stream_forgotten_fn *on_forget, void *arg);
void rf_stream_book_fini(struct rf_stream_book *book);

// rf_stream_book_open: opens the stream for a publisher that goes on with `next` (1 or more): a
// known stream keeps its last number, an unknown one may begin anywhere. RF_ERR_INVALID for a name
// that is empty or too long, RF_ERR_NOMEM.
RF_NODISCARD enum rf_err rf_stream_book_open(struct rf_stream_book *book, const char *name,
                                             int64_t next, struct rf_instant now,
                                             struct rf_stream_row **row);

// rf_stream_book_restore: a row from disk, the longest idle ones first. RF_ERR_NOMEM.
RF_NODISCARD enum rf_err rf_stream_book_restore(struct rf_stream_book *book, int64_t number,
                                                const char *name, int64_t last,
                                                struct rf_instant heard);

// rf_stream_book_find: the open stream of that name, heard of now; NULL if it is not open.
struct rf_stream_row *rf_stream_book_find(struct rf_stream_book *book, const char *name,
                                          struct rf_instant now);

enum rf_stream_verdict {
    RF_STREAM_NEW,       // the event that was expected
    RF_STREAM_DUPLICATE, // known: acknowledge it, drop it
    RF_STREAM_GAP,       // later than expected
};

// rf_stream_row_check: what event number `seq` of the stream is.
enum rf_stream_verdict rf_stream_row_check(const struct rf_stream_row *row, int64_t seq);

// rf_stream_row_advance: all numbers up to `seq` are known now; an earlier one changes nothing.
void rf_stream_row_advance(struct rf_stream_row *row, int64_t seq);

// rf_stream_book_expire: forgets the rows that have been idle for the whole of `idle`.
void rf_stream_book_expire(struct rf_stream_book *book, struct rf_instant now);

// rf_stream_book_wake: when rf_stream_book_expire has something to do; false if never.
bool rf_stream_book_wake(const struct rf_stream_book *book, struct rf_instant *when);

#endif
