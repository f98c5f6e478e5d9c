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
    int64_t last; // number of the last event known
    struct rf_instant heard;
};

TAILQ_HEAD(rf_stream_ages, rf_stream_row);

struct rf_stream_book {
    struct rf_map rows;
    struct rf_stream_ages ages;
    struct rf_duration idle; // rows not heard of for so long are forgotten
    int64_t forgotten;
};

void rf_stream_book_init(struct rf_stream_book *book, struct rf_duration idle);
void rf_stream_book_fini(struct rf_stream_book *book);

// rf_stream_book_open: opens the stream for a publisher that goes on with `next` (1 or more): a
// known stream keeps its last number, an unknown one may begin anywhere. RF_ERR_INVALID for a name
// that is empty or too long, RF_ERR_NOMEM.
RF_NODISCARD enum rf_err rf_stream_book_open(struct rf_stream_book *book, const char *name,
                                             int64_t next, struct rf_instant now, int64_t *last);

enum rf_stream_verdict {
    RF_STREAM_NEW,       // the event that was expected: taken by rf_stream_book_advance
    RF_STREAM_DUPLICATE, // known: acknowledge it, drop it
    RF_STREAM_GAP,       // later than expected
    RF_STREAM_CLOSED,    // not open: it must be opened first
};

// rf_stream_book_check: what event number `seq` of the stream is. `last` gets the last number known
// (0 for CLOSED).
enum rf_stream_verdict rf_stream_book_check(struct rf_stream_book *book, const char *name,
                                            int64_t seq, struct rf_instant now, int64_t *last);

// rf_stream_book_advance: all numbers up to `seq` are known now; an earlier one changes nothing.
// False if the stream is not open.
bool rf_stream_book_advance(struct rf_stream_book *book, const char *name, int64_t seq,
                            struct rf_instant now);

// rf_stream_book_expire: forgets the rows that have been idle for the whole of `idle`.
void rf_stream_book_expire(struct rf_stream_book *book, struct rf_instant now);

// rf_stream_book_wake: when rf_stream_book_expire has something to do; false if never.
bool rf_stream_book_wake(const struct rf_stream_book *book, struct rf_instant *when);

#endif
