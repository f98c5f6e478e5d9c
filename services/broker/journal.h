// The newest part of the journal in memory, as the frames that are published: events that wait for
// the disk, and behind them, bounded by count and bytes, those that are kept, for whoever reads
// near the tip. The journal itself is on disk.
#ifndef RF_BROKER_JOURNAL_H
#define RF_BROKER_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/error.h>

struct rf_journal_entry {
    int64_t n;
    int64_t position; // of its record
    char *topic;
    void *frame; // the encoded event, as on the events socket
    size_t size;
};

struct rf_journal {
    struct rf_journal_entry *ring;
    size_t room, first, count;
    size_t bytes; // of all entries, with what they cost beside the frame
    size_t max_count, max_bytes;
    size_t waiting; // the newest entries, which wait for the disk: nobody is shown them yet
    size_t waiting_bytes;
    int64_t last;    // newest number given
    int64_t durable; // newest number that is on disk; stays when all entries are gone
    int64_t trimmed; // every number up to it is gone from here
    int64_t dropped; // entries that left for the bounds
};

// rf_journal_init: empty. `last`: the number before the first one to be appended; all up to
// `trimmed` are gone.
void rf_journal_init(struct rf_journal *journal, size_t max_count, size_t max_bytes, int64_t last,
                     int64_t trimmed);
void rf_journal_fini(struct rf_journal *journal);

// rf_journal_restore: appends an event from disk, as rf_journal_append; `n` is not above the `last`
// of rf_journal_init. Before the first append.
RF_NODISCARD enum rf_err rf_journal_restore(struct rf_journal *journal, int64_t n,
                                            const char *topic, const void *frame, size_t size);

// rf_journal_append: appends event `n` (above all before), copying topic and frame. It waits for
// its record, at `position`. RF_ERR_NOMEM: nothing is appended.
RF_NODISCARD enum rf_err rf_journal_append(struct rf_journal *journal, int64_t position, int64_t n,
                                           const char *topic, const void *frame, size_t size);

// rf_journal_waiting: the oldest entry that waits for the disk, or NULL.
const struct rf_journal_entry *rf_journal_waiting(const struct rf_journal *journal);

// rf_journal_keep: the oldest waiting entry is on disk. Entries beyond the bounds are dropped, the
// oldest first, but no waiting one and not the newest.
void rf_journal_keep(struct rf_journal *journal);

// rf_journal_first: the oldest number that is there; durable + 1 when there is none.
int64_t rf_journal_first(const struct rf_journal *journal);

// What a page may cost.
struct rf_journal_limits {
    size_t events;
    size_t bytes; // of frames; the first match always fits
    size_t scan;  // entries looked at
};

struct rf_journal_found {
    const struct rf_journal_entry **entries; // the caller's array of limits->events
    size_t count;
    size_t looked_at;
    int64_t scanned; // no match is left before it, or at it
};

// rf_journal_find: the entries on disk after number `after` (`trimmed` to `durable`) whose topic
// begins with one of `prefixes` (prefix_count 0: all), up to the limits. Entries are borrowed until
// the next change.
void rf_journal_find(const struct rf_journal *journal, int64_t after, const char *const *prefixes,
                     size_t prefix_count, const struct rf_journal_limits *limits,
                     struct rf_journal_found *page);

#endif
