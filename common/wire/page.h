// A page of the journal, read where it stands: the hot path of who gets every event. As with a
// glance (glance.h), what is read so has passed every check of rf_wire_decode and reads the same,
// and whatever is not written as our encoder writes it is left to rf_wire_decode.
//
// Several subscribers of one process may get the same events, each in a page of its own. Then the
// list of the second page is byte for byte that of the first, and what was read is there already.
#ifndef RF_WIRE_PAGE_H
#define RF_WIRE_PAGE_H

#include <stdbool.h>
#include <stdint.h>

#include <ringfence/messages.h>

#include "wire/glance.h"

// Longer ones are left to rf_wire_decode.
#define RF_PAGE_TEXT_SIZE 256

// Zero it before its first use; it keeps its room from one page to the next.
struct rf_page {
    struct rf_journal_page body; // until the next reading; its events' data are packed
    uint64_t list;               // pages with the same number of a list have the same events
    // Private: the texts of the message itself; the list as it came, and at the same places its
    // texts, with NUL behind each.
    char rid[RF_PAGE_TEXT_SIZE], journal[RF_PAGE_TEXT_SIZE];
    char *bytes, *texts;
    size_t size, room;
    struct rf_event *events;
    size_t count, events_room;
};

// rf_page_rid: which question it answers; false: this is no such page.
bool rf_page_rid(const void *data, size_t size, struct rf_str *rid);

// rf_page_read: false: this is no such page, or memory is short; `body` is of no use then.
bool rf_page_read(struct rf_page *page, const void *data, size_t size);

void rf_page_fini(struct rf_page *page);

#endif
