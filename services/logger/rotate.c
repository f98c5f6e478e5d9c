#include "rotate.h"

bool rf_rotate_wait(const struct rf_rotate_rules *rules, struct rf_utc began, struct rf_utc now,
                    struct rf_duration *wait) {
    if (rules->age.ns == 0)
        return false;
    *wait = rf_ns(rf_ns_sub(rules->age.ns, rf_ns_sub(now.ns, began.ns)));
    if (wait->ns > rules->age.ns)
        *wait = rules->age;
    if (wait->ns < 0)
        *wait = rf_ns(0);
    return true;
}

bool rf_rotate_due(const struct rf_rotate_rules *rules, int64_t size, int64_t incoming,
                   struct rf_utc began, struct rf_utc now) {
    struct rf_duration wait;
    if (size == 0)
        return false;
    if (rules->size > 0 && (size >= rules->size || incoming > rules->size - size))
        return true;
    return rf_rotate_wait(rules, began, now, &wait) && wait.ns == 0;
}

struct rf_utc rf_rotate_stamp(const struct rf_rotated_list *list, struct rf_utc now) {
    struct rf_utc stamp = {now.ns - now.ns % 1000};
    for (size_t i = 0; i < list->count; i++)
        if (list->items[i].name.closed.ns >= stamp.ns)
            stamp.ns = list->items[i].name.closed.ns + 1000;
    return stamp;
}

static bool same(const struct rf_rotated_name *a, const struct rf_rotated_name *b) {
    return a->closed.ns == b->closed.ns && a->first == b->first && a->last == b->last;
}

static struct rf_keep_step step(enum rf_keep_action action, size_t index) {
    return (struct rf_keep_step){action, index};
}

struct rf_keep_step rf_keep_next(const struct rf_rotate_rules *rules,
                                 const struct rf_rotated_list *list, struct rf_utc now,
                                 bool can_compress) {
    const struct rf_rotated_file *items = list->items;
    int64_t bytes = 0;
    for (size_t i = 0; i < list->count; i++)
        if (items[i].name.partial)
            return step(RF_KEEP_REMOVE, i);
    for (size_t i = 0; i + 1 < list->count; i++)
        if (same(&items[i].name, &items[i + 1].name))
            return step(RF_KEEP_REMOVE, i);
    for (size_t i = 0; i < list->count; i++)
        if (rules->keep_age.ns > 0 &&
            rf_ns_sub(now.ns, items[i].name.closed.ns) > rules->keep_age.ns)
            return step(RF_KEEP_REMOVE, i);
    for (size_t i = 0; i < list->count; i++)
        if (can_compress && rules->compress != RF_PACK_NONE && items[i].name.pack == RF_PACK_NONE)
            return step(RF_KEEP_COMPRESS, i);
    for (size_t i = 0; i < list->count; i++)
        bytes = rf_ns_add(bytes, items[i].bytes);
    if (rules->keep_bytes > 0 && bytes > rules->keep_bytes)
        return step(RF_KEEP_REMOVE, 0);
    return step(RF_KEEP_DONE, 0);
}
