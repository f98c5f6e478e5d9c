// Streams: what was the last number known of each publisher's stream. Here events are told apart:
// new, known already, or after a gap. A stream belongs to the key that opened it: nobody else moves
// it on.
#ifndef RF_BROKER_STREAM_BOOK_H
#define RF_BROKER_STREAM_BOOK_H

#include <sys/queue.h>

#include <ringfence/error.h>
#include <ringfence/time.h>

#include "base/map.h"

#define RF_STREAM_BOOK_MAX    10000 // beyond it the longest idle one is forgotten
#define RF_STREAM_BOOK_OF_ONE 1000  // of one key: beyond it its own longest idle one is forgotten
#define RF_STREAM_NAME_BYTES  255

// Owners that are no names of keys: peers without a key, and whoever comes first, of streams from
// before owners were kept.
#define RF_STREAM_KEYLESS  ""
#define RF_STREAM_ANYBODYS "?"

struct rf_stream_row {
    struct rf_map_node by_name;
    TAILQ_ENTRY(rf_stream_row) by_age; // longest idle first
    TAILQ_ENTRY(rf_stream_row) in_owner;
    struct rf_stream_owner *owner;
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

struct rf_stream_owner {
    struct rf_map_node by_name;
    struct rf_stream_ages rows; // longest idle first
    size_t count;
    char name[]; // of its key in the broker's list, or as above
};

// Who opens a stream. One that `takes` makes also another's stream its own.
struct rf_stream_claim {
    const char *owner;
    bool takes;
};

// A row is about to be forgotten.
typedef void rf_stream_forgotten_fn(void *arg, const struct rf_stream_row *row);

struct rf_stream_book {
    struct rf_map rows, owners;
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
// known stream keeps its last number, an unknown one may begin anywhere. It belongs to the claim's
// owner from now on; `moved` tells whether it belonged to another. RF_ERR_INVALID for a name that
// is empty or too long, RF_ERR_CONFLICT for a stream that is another's (`row` tells whose),
// RF_ERR_NOMEM.
RF_NODISCARD enum rf_err rf_stream_book_open(struct rf_stream_book *book, const char *name,
                                             int64_t next, const struct rf_stream_claim *claim,
                                             struct rf_instant now, struct rf_stream_row **row,
                                             bool *moved);

// rf_stream_book_restore: a row from disk, the longest idle ones first. Forgets none. RF_ERR_NOMEM.
RF_NODISCARD enum rf_err rf_stream_book_restore(struct rf_stream_book *book, int64_t number,
                                                const char *name, int64_t last, const char *owner,
                                                struct rf_instant heard);

// rf_stream_book_find: the open stream of that name; NULL if it is not open.
struct rf_stream_row *rf_stream_book_find(const struct rf_stream_book *book, const char *name);

// rf_stream_book_hear: the stream was used now: it is not idle.
void rf_stream_book_hear(struct rf_stream_book *book, struct rf_stream_row *row,
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
