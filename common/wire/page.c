#include "wire/page.h"

#include <stdlib.h>
#include <string.h>

#include "wire/see.h"

#define EVENTS_MOST 10000 // that can be asked for

// ---- one event ----

// What was seen of an event, and where its parts are kept.
struct seen {
    struct rf_event_glance event;
    const struct rf_page *page;
    const unsigned char *list; // where the list begins in the frame
};

static void take_text(const struct seen *seen, struct rf_str text, const char **out) {
    if (text.bytes == NULL)
        return;
    char *copy = seen->page->texts + (text.bytes - (const char *)seen->list);
    copy[text.size] = '\0';
    *out = copy;
}

static void take_data(const struct seen *seen, struct rf_bytes data, struct rf_bytes *out) {
    if (data.size > 0)
        *out = (struct rf_bytes){
            seen->page->bytes + ((const char *)data.data - (const char *)seen->list), data.size};
}

// A text ends where something else begins, at the latest the head of the next event: the NUL stands
// in its place, as the fields alone are copied.
static void take_event(const struct seen *seen, const unsigned char *fields,
                       const unsigned char *end, struct rf_event *event) {
    const struct rf_event_glance *from = &seen->event;
    if (from->data.size > 0)
        end = from->data.data;
    memcpy(seen->page->texts + (fields - seen->list), fields, (size_t)(end - fields));
    *event = (struct rf_event){.n = from->n, .seq = from->seq, .ts = from->ts};
    take_text(seen, from->id, &event->id);
    take_text(seen, from->stream, &event->stream);
    take_text(seen, from->origin, &event->origin);
    take_text(seen, from->severity, &event->severity);
    take_text(seen, from->type, &event->type);
    take_text(seen, from->subject, &event->subject);
    take_text(seen, from->service, &event->service);
    take_text(seen, from->campaign, &event->campaign);
    take_text(seen, from->contact, &event->contact);
    take_text(seen, from->trace, &event->trace);
    take_data(seen, from->data, &event->data_packed);
}

// ---- the list ----

// For a list of at most so many bytes and so many events.
static bool make_room(struct rf_page *page, size_t bytes, size_t events) {
    if (bytes >= page->room) {
        free(page->bytes);
        free(page->texts);
        page->room = bytes + bytes / 4 + 1;
        page->bytes = malloc(page->room);
        page->texts = malloc(page->room);
    }
    if (events > page->events_room) {
        free(page->events);
        page->events_room = events;
        page->events = calloc(events, sizeof *page->events);
    }
    bool there = page->bytes != NULL && page->texts != NULL &&
                 (page->events != NULL || page->events_room == 0);
    if (!there)
        rf_page_fini(page);
    return there;
}

// As a publisher sends it, with a version before the fields, and the number that the broker gave it
// behind them; or as the broker writes its own, with the number among them.
static bool see_envelope(struct rf_cursor *cursor, size_t pairs, struct rf_event_glance *event) {
    struct rf_cursor versioned = *cursor;
    if (skip_version(&versioned)) {
        *cursor = versioned;
        pairs--;
    }
    if (!see_some_of_event(cursor, 3, pairs, event, &pairs))
        return false;
    if (event->n_pair.size == 0 && skip_text(cursor, "n", 1)) {
        pairs--;
        if (!see_i64(cursor, 0, INT64_MAX, &event->n))
            return false;
    }
    return pairs == 0;
}

static bool read_list(struct rf_page *page, struct rf_cursor *cursor) {
    struct seen seen = {.page = page, .list = cursor->at};
    size_t count, pairs;
    page->size = 0; // until all of it was read
    page->list++;
    if (!open_container(cursor, 1, RF_PACKED_ARRAY, &count) || count > EVENTS_MOST ||
        !make_room(page, (size_t)(cursor->end - seen.list), count))
        return false;
    for (size_t i = 0; i < count; i++) {
        if (!open_container(cursor, 2, RF_PACKED_MAP, &pairs))
            return false;
        const unsigned char *fields = cursor->at;
        if (!see_envelope(cursor, pairs, &seen.event))
            return false;
        take_event(&seen, fields, cursor->at, &page->events[i]);
    }
    page->size = (size_t)(cursor->at - seen.list);
    page->count = count;
    memcpy(page->bytes, seen.list, page->size);
    return true;
}

// The same bytes are the same value, whatever follows.
static bool see_list(struct rf_page *page, struct rf_cursor *cursor) {
    if (page->size == 0 || page->size > (size_t)(cursor->end - cursor->at) ||
        memcmp(cursor->at, page->bytes, page->size) != 0)
        return read_list(page, cursor);
    cursor->at += page->size;
    return true;
}

// ---- the message ----

static bool copy_text(struct rf_cursor *cursor, char copy[RF_PAGE_TEXT_SIZE], const char **out) {
    struct rf_str text;
    if (!see_str(cursor, &text) || text.size >= RF_PAGE_TEXT_SIZE)
        return false;
    memcpy(copy, text.bytes, text.size);
    copy[text.size] = '\0';
    *out = copy;
    return true;
}

// `pairs` only comes to 0 in the end if there were as many as were announced.
#define OPTIONAL(field, see)                                                                       \
    if (skip_text(cursor, field, sizeof(field) - 1) && (pairs--, !(see)))                          \
    return false

// Up to the first of its fields. `pairs`: how many fields there are.
static bool see_head(struct rf_cursor *cursor, size_t *pairs) {
    bool seen = open_container(cursor, 0, RF_PACKED_MAP, pairs) && *pairs >= 2 &&
                skip_text(cursor, "t", 1) && is_journal_page(cursor) && skip_version(cursor);
    if (seen)
        *pairs -= 2;
    return seen;
}

bool rf_page_rid(const void *data, size_t size, struct rf_str *rid) {
    struct rf_cursor cursor = {data, (const unsigned char *)data + size};
    size_t pairs;
    return see_head(&cursor, &pairs) && skip_text(&cursor, "rid", 3) && see_str(&cursor, rid);
}

static bool see_page(struct rf_cursor *cursor, size_t pairs, struct rf_page *page) {
    struct rf_journal_page *body = &page->body;
    if (pairs < 4 || !skip_text(cursor, "rid", 3) || !copy_text(cursor, page->rid, &body->rid) ||
        !skip_text(cursor, "events", 6) || !see_list(page, cursor) ||
        !skip_text(cursor, "scanned", 7) || !see_i64(cursor, 0, INT64_MAX, &body->scanned) ||
        !skip_text(cursor, "last", 4) || !see_i64(cursor, 0, INT64_MAX, &body->last))
        return false;
    pairs -= 4;
    OPTIONAL("trimmed", see_i64(cursor, 0, INT64_MAX, &body->trimmed));
    OPTIONAL("journal", copy_text(cursor, page->journal, &body->journal));
    OPTIONAL("other", see_bool(cursor, &body->other));
    OPTIONAL("from", see_i64(cursor, 0, INT64_MAX, &body->from));
    body->events.items = page->events;
    body->events.count = page->count;
    return pairs == 0;
}

bool rf_page_read(struct rf_page *page, const void *data, size_t size) {
    struct rf_cursor cursor = {data, (const unsigned char *)data + size};
    size_t pairs;
    // Each value takes a byte at least, so only a frame of more bytes than that can hold too many.
    if (size > RF_WIRE_MAX_VALUES && rf_wire_bound(data, size, NULL) != RF_OK)
        return false;
    page->body = (struct rf_journal_page){0};
    return see_head(&cursor, &pairs) && see_page(&cursor, pairs, page) && cursor.at == cursor.end;
}

void rf_page_fini(struct rf_page *page) {
    free(page->bytes);
    free(page->texts);
    free(page->events);
    *page = (struct rf_page){.list = page->list};
}
