#include "bus/cursor.h"

#include <stdio.h>
#include <string.h>

#define ASK_AGAIN  rf_seconds(5)
#define ASK_SELDOM rf_seconds(20)

static void keep_journal(struct rf_cursor *cursor, const char *journal) {
    if (journal != NULL)
        snprintf(cursor->journal, sizeof cursor->journal, "%s", journal);
}

void rf_cursor_init(struct rf_cursor *cursor, uint64_t after, const char *journal) {
    // Rung: the first answer may be read before any heartbeat told the newest number.
    *cursor = (struct rf_cursor){
        .scanned = after, .last = after, .credit = true, .rung = true, .patience = ASK_AGAIN};
    keep_journal(cursor, journal);
}

void rf_cursor_seek(struct rf_cursor *cursor) {
    cursor->sought = true;
}

bool rf_cursor_wants(const struct rf_cursor *cursor, struct rf_instant now) {
    if (!cursor->credit)
        return false;
    if (cursor->asked)
        return rf_instant_since(now, cursor->when).ns >= cursor->patience.ns;
    return cursor->rung || cursor->last > cursor->scanned;
}

bool rf_cursor_behind(const struct rf_cursor *cursor) {
    return cursor->asked || cursor->rung || cursor->last > cursor->scanned;
}

void rf_cursor_asked(struct rf_cursor *cursor, struct rf_instant now) {
    int64_t longer = cursor->patience.ns * 2;
    if (!cursor->asked)
        cursor->patience = ASK_AGAIN;
    else
        cursor->patience = rf_ns(longer < ASK_SELDOM.ns ? longer : ASK_SELDOM.ns);
    cursor->asked = true;
    cursor->rung = false;
    cursor->when = now;
}

void rf_cursor_rung(struct rf_cursor *cursor) {
    cursor->rung = true;
}

void rf_cursor_next(struct rf_cursor *cursor) {
    cursor->credit = true;
}

void rf_cursor_tip(struct rf_cursor *cursor, uint64_t last, const char *journal) {
    bool other =
        journal != NULL && cursor->journal[0] != '\0' && strcmp(journal, cursor->journal) != 0;
    // A journal without a newest number is empty; that says nothing about ours.
    bool shorter = last > 0 && last < cursor->scanned;
    if (other || (shorter && !cursor->sought))
        cursor->rung = true;
    cursor->last = last;
}

void rf_cursor_reconnected(struct rf_cursor *cursor) {
    if (cursor->asked)
        cursor->rung = true;
    cursor->asked = false;
}

bool rf_cursor_page(struct rf_cursor *cursor, const struct rf_journal_page *page) {
    uint64_t scanned = (uint64_t)page->scanned, last = (uint64_t)page->last;
    bool anew = page->other || (scanned < cursor->scanned && last > 0);
    bool found = cursor->journal[0] == '\0' && page->journal != NULL && scanned > 0;
    bool moved = scanned > cursor->scanned || anew || cursor->sought || found;
    cursor->asked = false;
    cursor->sought = false;
    keep_journal(cursor, page->journal);
    if (moved)
        cursor->scanned = scanned;
    if (last > cursor->last || anew)
        cursor->last = last;
    if (page->events.count == 0 && page->trimmed == 0 && !moved)
        return false;
    cursor->credit = false;
    return true;
}
