#include "page.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

size_t rf_page_bytes(const struct rf_journal_read *read) {
    bool fewer = read->bytes > 0 && (uint64_t)read->bytes < RF_PAGE_BYTES;
    return fewer ? (size_t)read->bytes : RF_PAGE_BYTES;
}

struct rf_page *rf_page_new(const struct rf_peer *peer, const struct rf_journal_read *read,
                            int64_t upto) {
    struct rf_page *page = calloc(1, sizeof *page);
    if (page == NULL)
        return NULL;
    page->peer = *peer;
    page->rid = strdup(read->rid);
    page->limit = read->limit < RF_PAGE_EVENTS ? (size_t)read->limit : RF_PAGE_EVENTS;
    page->bytes_most = rf_page_bytes(read);
    page->after = read->after;
    page->upto = upto;
    page->since = read->since;
    page->newest = read->newest;
    page->sought = read->since > 0 || read->newest > 0;
    page->back = upto;
    page->prefixes = calloc(read->prefixes.count + 1, sizeof *page->prefixes);
    page->frames = calloc(page->limit, sizeof *page->frames);
    bool whole = page->rid != NULL && page->prefixes != NULL && page->frames != NULL;
    for (size_t i = 0; whole && i < read->prefixes.count; i++) {
        page->prefixes[i] = strdup(read->prefixes.items[i]);
        whole = page->prefixes[i] != NULL;
        page->prefix_count += whole;
    }
    if (!whole)
        rf_page_destroy(&page);
    return page;
}

void rf_page_destroy(struct rf_page **pointer) {
    struct rf_page *page = *pointer;
    if (page == NULL)
        return;
    *pointer = NULL;
    for (size_t i = 0; i < page->prefix_count; i++)
        free(page->prefixes[i]);
    free(page->prefixes);
    free(page->rid);
    free(page->bytes);
    free(page->frames);
    free(page);
}

bool rf_page_matches(const struct rf_page *page, const char *topic) {
    for (size_t i = 0; i < page->prefix_count; i++)
        if (strncmp(topic, page->prefixes[i], strlen(page->prefixes[i])) == 0)
            return true;
    return page->prefix_count == 0;
}

static bool make_room(struct rf_page *page, size_t more) {
    size_t room = page->room == 0 ? 16384 : page->room;
    while (room - page->size < more)
        room *= 2;
    unsigned char *bytes = room > page->room ? realloc(page->bytes, room) : page->bytes;
    if (bytes == NULL)
        return false;
    page->bytes = bytes;
    page->room = room;
    return true;
}

bool rf_page_add(struct rf_page *page, const void *frame, size_t size) {
    if (page->count >= page->limit || (page->count > 0 && page->size + size > page->bytes_most))
        return false;
    if (!make_room(page, size)) {
        rf_page_fail(page, "out of memory");
        return false;
    }
    memcpy(page->bytes + page->size, frame, size);
    page->size += size;
    page->frames[page->count++].size = size; // where it lies is known when nothing moves any more
    return true;
}

void rf_page_fail(struct rf_page *page, const char *why) {
    if (page->count > 0)
        return;
    page->failed = true;
    snprintf(page->why, sizeof page->why, "%s", why);
}

void rf_page_finish(struct rf_page *page) {
    size_t at = 0;
    for (size_t i = 0; i < page->count; i++) {
        page->frames[i].data = page->bytes + at;
        at += page->frames[i].size;
    }
}
