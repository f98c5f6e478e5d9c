#include "bus/cursor.h"

#define ASK_AGAIN rf_seconds(5)

void rf_cursor_init(struct rf_cursor *cursor, uint64_t after) {
    // Rung: the first answer may be read before any heartbeat told the newest number.
    *cursor = (struct rf_cursor){.scanned = after, .last = after, .credit = true, .rung = true};
}

void rf_cursor_seek(struct rf_cursor *cursor) {
    cursor->sought = true;
}

bool rf_cursor_wants(const struct rf_cursor *cursor, struct rf_instant now) {
    if (!cursor->credit)
        return false;
    if (cursor->asked)
        return rf_instant_since(now, cursor->when).ns >= ASK_AGAIN.ns;
    return cursor->rung || cursor->last > cursor->scanned;
}

bool rf_cursor_behind(const struct rf_cursor *cursor) {
    return cursor->asked || cursor->rung || cursor->last > cursor->scanned;
}

void rf_cursor_asked(struct rf_cursor *cursor, struct rf_instant now) {
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

bool rf_cursor_tip(struct rf_cursor *cursor, uint64_t first, uint64_t last) {
    // A journal without a newest number is empty; that says nothing about ours.
    bool lost = !cursor->sought && last > 0 && last < cursor->scanned;
    cursor->last = last;
    if (!lost)
        return false;
    cursor->scanned = first > 0 ? first - 1 : 0;
    return true;
}

void rf_cursor_reconnected(struct rf_cursor *cursor) {
    if (cursor->asked)
        cursor->rung = true;
    cursor->asked = false;
}

bool rf_cursor_page(struct rf_cursor *cursor, uint64_t count, uint64_t scanned, uint64_t last,
                    uint64_t trimmed) {
    bool anew = scanned < cursor->scanned && last > 0;
    bool moved = scanned > cursor->scanned || anew || cursor->sought;
    cursor->asked = false;
    cursor->sought = false;
    if (moved)
        cursor->scanned = scanned;
    if (last > cursor->last || anew)
        cursor->last = last;
    if (count == 0 && trimmed == 0 && !moved)
        return false;
    cursor->credit = false;
    return true;
}
