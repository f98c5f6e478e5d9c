// Numbered things that are kept until the other side has acknowledged them: events of a stream,
// outcomes of a worker. Numbers ascend by 1. Pure; what the things are, only the owner knows.
#ifndef RF_BUS_BACKLOG_H
#define RF_BUS_BACKLOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/error.h>

typedef void rf_backlog_free_fn(void *item);

struct rf_backlog {
    void **items;    // a ring
    size_t capacity; // of the ring, grown up to `limit`
    size_t limit;
    size_t head, count;
    size_t sent;    // how many of them, from the oldest, were sent
    uint64_t first; // number of the oldest, or of the next one when empty
    rf_backlog_free_fn *free;
};

// rf_backlog_init: empty, the first thing will have number `first`. `free` ends a thing.
void rf_backlog_init(struct rf_backlog *backlog, uint64_t first, size_t limit,
                     rf_backlog_free_fn *free);
void rf_backlog_fini(struct rf_backlog *backlog);

// rf_backlog_next: the number that the next thing has.
uint64_t rf_backlog_next(const struct rf_backlog *backlog);

// rf_backlog_put: takes `item` over under the next number. RF_ERR_FULL at the limit, RF_ERR_NOMEM:
// not taken.
RF_NODISCARD enum rf_err rf_backlog_put(struct rf_backlog *backlog, void *item);

// rf_backlog_ack: everything up to `number` is known to the other side and freed. One beyond what
// is kept moves the numbering on: the other side knows more than we have. True if anything moved.
bool rf_backlog_ack(struct rf_backlog *backlog, uint64_t number);

// rf_backlog_unsent: how many are to be sent; the oldest of them has number first + sent.
size_t rf_backlog_unsent(const struct rf_backlog *backlog);

// rf_backlog_at: the thing with `number`, NULL if it is not kept.
void *rf_backlog_at(const struct rf_backlog *backlog, uint64_t number);

// rf_backlog_sent: the oldest `count` of the unsent ones are under way now.
void rf_backlog_sent(struct rf_backlog *backlog, size_t count);

// rf_backlog_rewind: everything from `number` on is to be sent again (0: all).
void rf_backlog_rewind(struct rf_backlog *backlog, uint64_t number);

#endif
