// The journal: the last events in order, bounded by count and bytes, as the frames that were
// published. (In memory: a broker that is killed loses it.)
#ifndef RF_BROKER_JOURNAL_H
#define RF_BROKER_JOURNAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/error.h>

struct rf_journal_entry {
    int64_t n;
    char *topic;
    void *frame; // the encoded event, as on the events socket
    size_t size;
};

struct rf_journal {
    struct rf_journal_entry *ring;
    size_t room, first, count;
    size_t bytes; // of all entries, with what they cost beside the frame
    size_t max_count, max_bytes;
    int64_t last;    // newest number given; stays when all entries are gone
    int64_t trimmed; // every number up to it is gone
};

// rf_journal_init: empty. `last`: the number before the first one to be appended; all up to it are
// gone, as far as this journal knows.
void rf_journal_init(struct rf_journal *journal, size_t max_count, size_t max_bytes, int64_t last);
void rf_journal_fini(struct rf_journal *journal);

// rf_journal_append: appends event `n` (above all before), copying topic and frame, and drops the
// oldest ones beyond the bounds; the newest always stays. `dropped` (may be NULL) is raised by
// their number. RF_ERR_NOMEM: nothing is appended.
RF_NODISCARD enum rf_err rf_journal_append(struct rf_journal *journal, int64_t n, const char *topic,
                                           const void *frame, size_t size, int64_t *dropped);

// rf_journal_first: the oldest number that is there; last + 1 when there is none.
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
    int64_t scanned; // no match is left before it, or at it
    int64_t trimmed; // not 0: events from after+1 up to this number are gone
};

// rf_journal_read: the entries after number `after` whose topic begins with one of `prefixes`
// (prefix_count 0: all), up to the limits. A cursor beyond the newest number, which another data
// directory must have given, reads from the beginning. Entries are borrowed until the next append.
void rf_journal_find(const struct rf_journal *journal, int64_t after, const char *const *prefixes,
                     size_t prefix_count, const struct rf_journal_limits *limits,
                     struct rf_journal_found *page);

#endif
