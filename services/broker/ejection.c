#include "ejection.h"

#include <string.h>

// FNV-1a (public domain, Fowler, Noll and Vo): two names that meet by chance are one in 2^64, and a
// gateway that seeks one could as well lie about its results.
uint64_t rf_ejection_who(const char *instance) {
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (const unsigned char *at = (const unsigned char *)instance; *at != '\0'; at++)
        hash = (hash ^ *at) * UINT64_C(0x100000001b3);
    return hash == 0 ? 1 : hash;
}

bool rf_ejection_room(int64_t alive, int64_t ejected) {
    return (ejected + 1) * 2 <= alive; // which spares the last one as well
}

static struct rf_ejection *row_of(struct rf_ejections *ejections, uint64_t who) {
    for (size_t i = 0; i < ejections->count; i++) {
        if (ejections->rows[i].who == who)
            return &ejections->rows[i];
    }
    return NULL;
}

// Its own row, a new one, or that of the one that is over for longest.
static struct rf_ejection *row_for(struct rf_ejections *ejections, const char *instance) {
    struct rf_ejection *row = row_of(ejections, rf_ejection_who(instance));
    if (row != NULL || strlen(instance) >= sizeof row->instance)
        return row;
    if (ejections->count < RF_EJECTIONS_MAX) {
        row = &ejections->rows[ejections->count++];
    } else {
        for (size_t i = 0; i < ejections->count; i++) {
            struct rf_ejection *other = &ejections->rows[i];
            if (!other->stands && (row == NULL || rf_instant_before(other->until, row->until)))
                row = other;
        }
    }
    if (row == NULL)
        return NULL;
    *row = (struct rf_ejection){.who = rf_ejection_who(instance)};
    memcpy(row->instance, instance, strlen(instance) + 1);
    return row;
}

static struct rf_duration length_of(const struct rf_ejection_policy *policy, int64_t times) {
    double ns = (double)policy->time.ns, most = (double)policy->max.ns;
    for (int64_t i = 1; i < times && ns < most && policy->growth > 1.0; i++)
        ns *= policy->growth;
    return ns < most ? rf_ns((int64_t)ns) : policy->max;
}

struct rf_ejection *rf_ejections_begin(struct rf_ejections *ejections, const char *instance,
                                       struct rf_instant now) {
    const struct rf_ejection_policy *policy = &ejections->policy;
    struct rf_ejection *row = policy->time.ns > 0 ? row_for(ejections, instance) : NULL;
    if (row == NULL)
        return NULL;
    if (row->times > 0 && rf_instant_since(now, row->until).ns > policy->max.ns)
        row->times = 0;
    row->times++;
    row->stands = true;
    row->since = now;
    row->until = rf_instant_add(now, length_of(policy, row->times));
    return row;
}

struct rf_ejection *rf_ejections_restore(struct rf_ejections *ejections, const char *instance,
                                         int64_t times, struct rf_duration left,
                                         struct rf_instant now) {
    const struct rf_ejection_policy *policy = &ejections->policy;
    struct rf_ejection *row =
        policy->time.ns > 0 && left.ns > 0 ? row_for(ejections, instance) : NULL;
    if (row == NULL)
        return NULL;
    row->times = times > 0 ? times : 1;
    row->stands = true;
    row->since = now;
    row->until = rf_instant_add(now, left.ns < policy->max.ns ? left : policy->max);
    return row;
}

struct rf_ejection *rf_ejections_find(struct rf_ejections *ejections, const char *instance) {
    struct rf_ejection *row = row_of(ejections, rf_ejection_who(instance));
    return row != NULL && row->stands ? row : NULL;
}

void rf_ejections_end(struct rf_ejection *ejection, struct rf_instant now) {
    ejection->stands = false;
    ejection->until = now;
}

static const struct rf_ejection *first_to_end(const struct rf_ejections *ejections) {
    const struct rf_ejection *first = NULL;
    for (size_t i = 0; i < ejections->count; i++) {
        const struct rf_ejection *row = &ejections->rows[i];
        if (row->stands && (first == NULL || rf_instant_before(row->until, first->until)))
            first = row;
    }
    return first;
}

struct rf_ejection *rf_ejections_due(struct rf_ejections *ejections, struct rf_instant now) {
    const struct rf_ejection *first = first_to_end(ejections);
    bool due = first != NULL && !rf_instant_before(now, first->until);
    return due ? &ejections->rows[first - ejections->rows] : NULL;
}

bool rf_ejections_wake(const struct rf_ejections *ejections, struct rf_instant *when) {
    const struct rf_ejection *first = first_to_end(ejections);
    if (first != NULL)
        *when = first->until;
    return first != NULL;
}

bool rf_ejections_exclude(const struct rf_ejections *ejections, uint64_t who,
                          struct rf_instant began) {
    for (size_t i = 0; i < ejections->count; i++) {
        const struct rf_ejection *row = &ejections->rows[i];
        if (row->who == who)
            return row->stands || rf_instant_before(began, row->until);
    }
    return false;
}
