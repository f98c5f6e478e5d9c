// Pages of the journal. Only what is on disk is shown, so that no number is told that a broker that
// is killed now would give again.
#include "core.h"

#include <stdlib.h>

#define PAGE_EVENTS 1000
#define PAGE_BYTES  ((size_t)1024 * 1024)
#define PAGE_SCAN   20000 // a long way without a match is made in several pages

// A page on its way: the entries that were found, and the events decoded from them.
struct page {
    const struct rf_journal_entry *entries[PAGE_EVENTS];
    struct rf_message *decoded[PAGE_EVENTS];
    struct rf_event events[PAGE_EVENTS];
    struct rf_journal_found found;
};

static void find_page(const struct rf_core *core, const struct rf_journal_read *read,
                      struct page *page) {
    struct rf_journal_limits limits = {
        .events = read->limit < PAGE_EVENTS ? (size_t)read->limit : PAGE_EVENTS,
        .bytes = PAGE_BYTES,
        .scan = PAGE_SCAN,
    };
    page->found.entries = page->entries;
    rf_journal_find(&core->journal, read->after, read->prefixes.items, read->prefixes.count,
                    &limits, &page->found);
}

// We encoded these frames ourselves, so that only memory can fail here; then the page ends early.
static void decode_page(struct page *page) {
    for (size_t i = 0; i < page->found.count; i++) {
        const struct rf_journal_entry *entry = page->entries[i];
        if (rf_wire_decode_event(entry->frame, entry->size, &page->decoded[i], NULL) != RF_OK) {
            page->found.count = i;
            page->found.scanned = entry->n - 1;
            return;
        }
        page->events[i] = page->decoded[i]->as.event_publish.events.items[0];
    }
}

void rf_on_journal_read(struct rf_core *core, const struct rf_peer *from,
                        struct rf_message **message, size_t size) {
    (void)size;
    const struct rf_journal_read *read = &(*message)->as.journal_read;
    struct page *page = calloc(1, sizeof *page);
    if (page == NULL) {
        rf_ground_refuse(&core->ground, from, read->rid, "overloaded", "out of memory");
        return;
    }
    find_page(core, read, page);
    decode_page(page);
    struct rf_journal_page reply = {
        .rid = read->rid,
        .events = {page->events, page->found.count},
        .scanned = page->found.scanned,
        .last = core->journal.durable,
        .trimmed = page->found.trimmed,
    };
    core->ground.counters.pages_served++;
    rf_ground_send(&core->ground, from, RF_MESSAGE_journal_page, &reply);
    for (size_t i = 0; i < page->found.count; i++)
        rf_message_destroy(&page->decoded[i]);
    free(page);
}
