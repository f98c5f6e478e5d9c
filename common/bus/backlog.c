#include "bus/backlog.h"

#include <stdlib.h>

void rf_backlog_init(struct rf_backlog *backlog, uint64_t first, size_t limit,
                     rf_backlog_free_fn *free) {
    *backlog = (struct rf_backlog){.first = first, .limit = limit, .free = free};
}

static void drop_first(struct rf_backlog *backlog) {
    backlog->free(backlog->items[backlog->head]);
    backlog->head = (backlog->head + 1) % backlog->capacity;
    backlog->count--;
    backlog->first++;
    if (backlog->sent > 0)
        backlog->sent--;
}

void rf_backlog_fini(struct rf_backlog *backlog) {
    while (backlog->count > 0)
        drop_first(backlog);
    free(backlog->items);
    backlog->items = NULL;
    backlog->capacity = 0;
}

uint64_t rf_backlog_next(const struct rf_backlog *backlog) {
    return backlog->first + backlog->count;
}

static enum rf_err grow(struct rf_backlog *backlog) {
    size_t capacity = backlog->capacity == 0 ? 16 : backlog->capacity * 2;
    if (capacity > backlog->limit)
        capacity = backlog->limit;
    void **items = calloc(capacity, sizeof *items);
    if (items == NULL)
        return RF_ERR_NOMEM;
    for (size_t i = 0; i < backlog->count; i++)
        items[i] = backlog->items[(backlog->head + i) % backlog->capacity];
    free(backlog->items);
    backlog->items = items;
    backlog->capacity = capacity;
    backlog->head = 0;
    return RF_OK;
}

enum rf_err rf_backlog_put(struct rf_backlog *backlog, void *item) {
    if (backlog->count >= backlog->limit)
        return RF_ERR_FULL;
    if (backlog->count == backlog->capacity && grow(backlog) != RF_OK)
        return RF_ERR_NOMEM;
    backlog->items[(backlog->head + backlog->count) % backlog->capacity] = item;
    backlog->count++;
    return RF_OK;
}

bool rf_backlog_ack(struct rf_backlog *backlog, uint64_t number) {
    if (number < backlog->first)
        return false;
    while (backlog->count > 0 && backlog->first <= number)
        drop_first(backlog);
    if (backlog->count == 0 && backlog->first <= number)
        backlog->first = number + 1;
    return true;
}

size_t rf_backlog_unsent(const struct rf_backlog *backlog) {
    return backlog->count - backlog->sent;
}

void *rf_backlog_at(const struct rf_backlog *backlog, uint64_t number) {
    if (number < backlog->first || number - backlog->first >= backlog->count)
        return NULL;
    return backlog->items[(backlog->head + (size_t)(number - backlog->first)) % backlog->capacity];
}

void rf_backlog_sent(struct rf_backlog *backlog, size_t count) {
    backlog->sent += count;
}

void rf_backlog_rewind(struct rf_backlog *backlog, uint64_t number) {
    size_t known = number <= backlog->first ? 0 : (size_t)(number - backlog->first);
    if (known < backlog->sent)
        backlog->sent = known;
}
