// Where a subscription stands in the broker's journal, and when it asks for the next page. Pure.
//
// The events socket is only a doorbell, as it drops silently: whatever it fails to ring for is
// found by the newest number in each answer to a heartbeat.
#ifndef RF_BUS_CURSOR_H
#define RF_BUS_CURSOR_H

#include <stdbool.h>
#include <stdint.h>

#include <ringfence/messages.h>
#include <ringfence/time.h>

struct rf_cursor {
    uint64_t scanned;                 // all up to it is seen
    char journal[RF_JOURNAL_ID_SIZE]; // in this journal; empty: not known
    uint64_t last;                    // newest number that we know of
    bool credit;                      // the subscriber wants the next page
    bool rung;                        // the doorbell rang since we asked last
    bool asked;                       // a page is under way
    bool sought;            // the broker is to find the place to begin at: the first page tells it
    struct rf_instant when; // we asked
    struct rf_duration patience; // so long, and we ask again
};

// rf_cursor_init: `after` is the last number seen, of `journal` (NULL: not known). The first page
// is wanted at once.
void rf_cursor_init(struct rf_cursor *cursor, uint64_t after, const char *journal);

// rf_cursor_seek: right after rf_cursor_init: the broker finds the place to begin at. Until the
// first page has come, every question has to name what to look for.
void rf_cursor_seek(struct rf_cursor *cursor);

// rf_cursor_wants: whether to ask for a page now. One that was asked for and does not come is asked
// for again after 5 s, then after twice as long each time, up to 20 s: a slow line may still carry
// the answers to the questions before.
bool rf_cursor_wants(const struct rf_cursor *cursor, struct rf_instant now);
void rf_cursor_asked(struct rf_cursor *cursor, struct rf_instant now);

// rf_cursor_behind: there may be more: a page is under way, or is to be asked for.
bool rf_cursor_behind(const struct rf_cursor *cursor);

void rf_cursor_rung(struct rf_cursor *cursor);
void rf_cursor_next(struct rf_cursor *cursor);

// rf_cursor_tip: a heartbeat's answer: `last` is the newest number of `journal` (NULL: a broker
// that does not tell). If that is not the one we read, or ends before our place, the broker is
// asked what became of it.
void rf_cursor_tip(struct rf_cursor *cursor, uint64_t last, const char *journal);

// rf_cursor_reconnected: a page under way will not come.
void rf_cursor_reconnected(struct rf_cursor *cursor);

// rf_cursor_page: a page came. True if the subscriber is to be told (then the credit is used up):
// there are events, some were trimmed, the cursor moved, or it is known only now in which journal
// it stands. A page of another journal, or one that ends before what was asked for, takes the
// cursor there.
bool rf_cursor_page(struct rf_cursor *cursor, const struct rf_journal_page *page);

#endif
