#include "journal.h"

#include <stdlib.h>
#include <string.h>

void rf_journal_init(struct rf_journal *journal, size_t max_count, size_t max_bytes, int64_t last,
                     int64_t trimmed) {
    *journal = (struct rf_journal){.max_count = max_count > 0 ? max_count : 1,
                                   .max_bytes = max_bytes,
                                   .last = last,
                                   .durable = last,
                                   .trimmed = trimmed};
}

static struct rf_journal_entry *entry_at(const struct rf_journal *journal, size_t place) {
    size_t at = journal->first + place;
    return &journal->ring[at < journal->room ? at : at - journal->room];
}

void rf_journal_fini(struct rf_journal *journal) {
    for (size_t i = 0; i < journal->count; i++)
        free(entry_at(journal, i)->topic);
    free(journal->ring);
    *journal = (struct rf_journal){0};
}

// Topic and frame share one allocation.
static size_t cost(const struct rf_journal_entry *entry) {
    // NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the next one is never the one just dropped
    return sizeof *entry + strlen(entry->topic) + 1 + entry->size;
}

static void drop_oldest(struct rf_journal *journal) {
    struct rf_journal_entry *oldest = entry_at(journal, 0);
    journal->bytes -= cost(oldest);
    journal->trimmed = oldest->n;
    free(oldest->topic);
    journal->first = journal->first + 1 < journal->room ? journal->first + 1 : 0;
    journal->count--;
    journal->dropped++;
}

// What waits is bounded by whoever takes it.
static void drop_beyond_bounds(struct rf_journal *journal) {
    while (journal->count - journal->waiting > 1 &&
           (journal->count - journal->waiting > journal->max_count ||
            journal->bytes - journal->waiting_bytes > journal->max_bytes))
        drop_oldest(journal);
}

static bool make_room(struct rf_journal *journal) {
    if (journal->count < journal->room)
        return true;
    size_t room = journal->room == 0 ? 256 : journal->room * 2;
    struct rf_journal_entry *ring = calloc(room, sizeof *ring);
    if (ring == NULL)
        return false;
    for (size_t i = 0; i < journal->count; i++)
        ring[i] = *entry_at(journal, i);
    free(journal->ring);
    journal->ring = ring;
    journal->room = room;
    journal->first = 0;
    return true;
}

static struct rf_journal_entry *append(struct rf_journal *journal, int64_t n, const char *topic,
                                       const void *frame, size_t size) {
    size_t topic_size = strlen(topic) + 1;
    char *copy = malloc(topic_size + size);
    if (copy == NULL || !make_room(journal)) {
        free(copy);
        return NULL;
    }
    memcpy(copy, topic, topic_size);
    memcpy(copy + topic_size, frame, size);
    struct rf_journal_entry *entry = entry_at(journal, journal->count);
    *entry =
        (struct rf_journal_entry){.n = n, .topic = copy, .frame = copy + topic_size, .size = size};
    journal->count++;
    journal->bytes += cost(entry);
    return entry;
}

enum rf_err rf_journal_restore(struct rf_journal *journal, int64_t n, const char *topic,
                               const void *frame, size_t size) {
    if (append(journal, n, topic, frame, size) == NULL)
        return RF_ERR_NOMEM;
    drop_beyond_bounds(journal);
    return RF_OK;
}

enum rf_err rf_journal_append(struct rf_journal *journal, int64_t position, int64_t n,
                              const char *topic, const void *frame, size_t size) {
    struct rf_journal_entry *entry = append(journal, n, topic, frame, size);
    if (entry == NULL)
        return RF_ERR_NOMEM;
    entry->position = position;
    journal->last = n;
    journal->waiting++;
    journal->waiting_bytes += cost(entry);
    return RF_OK;
}

const struct rf_journal_entry *rf_journal_waiting(const struct rf_journal *journal) {
    return journal->waiting > 0 ? entry_at(journal, journal->count - journal->waiting) : NULL;
}

void rf_journal_keep(struct rf_journal *journal) {
    const struct rf_journal_entry *entry = rf_journal_waiting(journal);
    journal->durable = entry->n;
    journal->waiting_bytes -= cost(entry);
    journal->waiting--;
    drop_beyond_bounds(journal);
}

int64_t rf_journal_first(const struct rf_journal *journal) {
    return journal->count > journal->waiting ? entry_at(journal, 0)->n : journal->durable + 1;
}

// Numbers ascend but may have holes, so the place of the first one after `after` is searched.
static size_t place_after(const struct rf_journal *journal, int64_t after) {
    size_t low = 0, high = journal->count - journal->waiting;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (entry_at(journal, middle)->n <= after)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool matches(const char *topic, const char *const *prefixes, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (strncmp(topic, prefixes[i], strlen(prefixes[i])) == 0)
            return true;
    }
    return count == 0;
}

void rf_journal_find(const struct rf_journal *journal, int64_t after, const char *const *prefixes,
                     size_t prefix_count, const struct rf_journal_limits *limits,
                     struct rf_journal_found *page) {
    page->count = page->looked_at = 0;
    page->scanned = after;
    size_t bytes = 0;
    for (size_t i = place_after(journal, after); i < journal->count - journal->waiting; i++) {
        const struct rf_journal_entry *entry = entry_at(journal, i);
        if (page->looked_at >= limits->scan)
            return;
        page->looked_at++;
        if (matches(entry->topic, prefixes, prefix_count)) {
            if (page->count >= limits->events ||
                (page->count > 0 && bytes + entry->size > limits->bytes))
                return;
            bytes += entry->size;
            page->entries[page->count++] = entry;
        }
        page->scanned = entry->n;
    }
    // Everything is scanned: numbers that were skipped at the end are no events either.
    if (journal->durable > page->scanned)
        page->scanned = journal->durable;
}
