// Which keys differ between two configurations.
#include "config/config.h"

#include <string.h>

#include "config/rows.h"

static bool text_same(const char *a, const char *b) {
    return a == NULL || b == NULL ? a == b : strcmp(a, b) == 0;
}

static bool chain_same(const struct rf_config_chain *a, const struct rf_config_chain *b) {
    return a->count == b->count && a->local == b->local &&
           memcmp(a->links, b->links, a->count * sizeof a->links[0]) == 0;
}

static bool jitter_same(const struct rf_retry_policy *a, const struct rf_retry_policy *b) {
    return a->jitter == b->jitter && !(a->jitter_fraction < b->jitter_fraction) &&
           !(a->jitter_fraction > b->jitter_fraction);
}

static bool hours_same(const struct rf_hours *a, const struct rf_hours *b) {
    return a->days == b->days && a->from == b->from && a->to == b->to;
}

static bool value_same(const struct rf_config_row *row, const void *a, const void *b);

static bool list_same(const struct rf_config_items *items, const struct rf_config_list *a,
                      const struct rf_config_list *b) {
    bool same = a->count == b->count;
    for (size_t i = 0; same && i < a->count; i++)
        for (size_t r = 0; same && r < items->row_count; r++) {
            size_t at = i * items->size + items->rows[r].offset;
            same = value_same(&items->rows[r], (const char *)a->items + at,
                              (const char *)b->items + at);
        }
    return same;
}

// Recursive, as deep as lists are in lists: the table has none.
static bool value_same(const struct rf_config_row *row, const void *a, const void *b) {
    switch (row->type) {
    case RF_CONFIG_BOOL:
        return *(const bool *)a == *(const bool *)b;
    case RF_CONFIG_COUNT:
    case RF_CONFIG_SIZE:
        return *(const int64_t *)a == *(const int64_t *)b;
    case RF_CONFIG_DURATION:
        return ((const struct rf_duration *)a)->ns == ((const struct rf_duration *)b)->ns;
    case RF_CONFIG_NUMBER:
    case RF_CONFIG_SHARE:
        return memcmp(a, b, sizeof(double)) == 0;
    case RF_CONFIG_WORD:
        return *(const unsigned *)a == *(const unsigned *)b;
    case RF_CONFIG_JITTER:
        return jitter_same(a, b);
    case RF_CONFIG_SECRET:
        return strcmp(((const struct rf_secret *)a)->fingerprint,
                      ((const struct rf_secret *)b)->fingerprint) == 0 &&
               text_same(((const struct rf_secret *)a)->file, ((const struct rf_secret *)b)->file);
    case RF_CONFIG_CLASSES:
        return *(const unsigned *)a == *(const unsigned *)b;
    case RF_CONFIG_CHAIN:
        return chain_same(a, b);
    case RF_CONFIG_STATUS:
        return ((const struct rf_config_status *)a)->from ==
                   ((const struct rf_config_status *)b)->from &&
               ((const struct rf_config_status *)a)->to == ((const struct rf_config_status *)b)->to;
    case RF_CONFIG_HOURS:
        return hours_same(a, b);
    case RF_CONFIG_LIST:
        return list_same(row->items, a, b);
    default:
        return text_same(*(char *const *)a, *(char *const *)b);
    }
}

void rf_config_changed(const struct rf_config *old, const struct rf_config *fresh,
                       rf_config_change_fn *fn, void *arg) {
    for (size_t i = 0; i < rf_config_row_count; i++) {
        const struct rf_config_row *row = &rf_config_rows[i];
        if (row->offset != RF_CONFIG_NOWHERE &&
            !value_same(row, (const char *)old + row->offset, (const char *)fresh + row->offset))
            fn(arg, row->key, row->reloadable);
    }
}
