// A page of the journal that is read from disk: what was asked for, by whom, and what was found.
// Made by the core, filled in by the reader on its thread, and sent by the core.
#ifndef RF_BROKER_PAGE_H
#define RF_BROKER_PAGE_H

#include <sys/queue.h>

#include <ringfence/error.h>
#include <ringfence/messages.h>

#include "peer.h"
#include "wire/wire.h"

// What a page may cost, whatever is asked for.
#define RF_PAGE_EVENTS 1000
#define RF_PAGE_BYTES  RF_WIRE_EVENT_BYTES // of frames; one event always fits
#define RF_PAGE_SCAN                                                                               \
    20000 // events looked at in one go; a long way without a match is
          // made in several pages

// What a question may hold.
#define RF_PAGE_RID_BYTES    255
#define RF_PAGE_PREFIXES     100
#define RF_PAGE_PREFIX_BYTES 255

// What looking at an event costs, in bytes that are packed in the same time.
#define RF_PAGE_LOOK 64

struct rf_page {
    STAILQ_ENTRY(rf_page) link; // for whoever has it
    struct rf_peer peer;
    char *rid;

    // The question: of `after`, `since` and `newest` the latest place counts.
    char **prefixes;
    size_t prefix_count; // 0: all
    size_t limit, bytes_most;
    int64_t after;
    int64_t upto;   // no further, whatever is there: the core was not told yet
    int64_t since;  // UTC ns; 0: no matter
    int64_t newest; // so many that match; 0: no matter
    bool sought;    // a time or the newest were asked for
    bool other;     // it begins at `from`, as it was asked for from a place of another journal
    int64_t from;

    // How far the newest are searched for, from `upto` downwards.
    int64_t back, matched;

    // The answer. Or `failed`, and then nothing else of it is of use.
    bool failed;
    char why[RF_ERROR_MESSAGE_SIZE];
    unsigned char *bytes; // all frames, one behind the other
    size_t size, room;
    struct rf_bytes *frames; // of RF_PAGE_EVENTS at most, in `bytes`
    size_t count;
    int64_t scanned;
    int64_t trimmed; // not 0: events that were asked for, up to this number, are gone
};

// rf_page_bytes: what the frames of the page that is asked for may have; the first always fits.
size_t rf_page_bytes(const struct rf_journal_read *read);

// rf_page_new: as asked by `read`; texts are copied. NULL if out of memory.
struct rf_page *rf_page_new(const struct rf_peer *peer, const struct rf_journal_read *read,
                            int64_t upto);
void rf_page_destroy(struct rf_page **page);

// rf_page_matches: whether the page asks for events with this topic.
bool rf_page_matches(const struct rf_page *page, const char *topic);

// rf_page_add: appends a frame, copied. False: it is not in the page, which is full, or for which
// there is no memory (an empty one has then failed).
bool rf_page_add(struct rf_page *page, const void *frame, size_t size);

// rf_page_fail: there is no answer but this reason. One that has frames already stays as it is.
void rf_page_fail(struct rf_page *page, const char *why);

// rf_page_finish: after the last frame: `frames` can be used. Once.
void rf_page_finish(struct rf_page *page);

#endif
