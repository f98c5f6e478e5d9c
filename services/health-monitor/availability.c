#include "availability.h"

const struct health_window health_windows[HEALTH_WINDOWS] = {
    {"1h", {INT64_C(3600) * RF_NS_PER_S}},
    {"24h", {INT64_C(24) * 3600 * RF_NS_PER_S}},
    {"7d", {INT64_C(7) * 24 * 3600 * RF_NS_PER_S}},
    {"30d", {INT64_C(30) * 24 * 3600 * RF_NS_PER_S}},
    {"90d", {INT64_C(90) * 24 * 3600 * RF_NS_PER_S}},
};

int64_t health_spent_known(const struct health_spent *spent) {
    return spent->up_ns + spent->degraded_ns + spent->down_ns;
}

double health_spent_share(const struct health_spent *spent) {
    int64_t known = health_spent_known(spent);
    return known <= 0 ? -1 : (double)(spent->up_ns + spent->degraded_ns) / (double)known;
}

static struct health_bucket *bucket_at(struct health_bucket *ring, int64_t size, int64_t number) {
    struct health_bucket *bucket = &ring[number % size];
    if (bucket->number != number)
        *bucket = (struct health_bucket){.number = number};
    return bucket;
}

static int64_t *part_of(struct health_spent *spent, enum health_status status) {
    switch (status) {
    case HEALTH_UP:
        return &spent->up_ns;
    case HEALTH_DEGRADED:
        return &spent->degraded_ns;
    case HEALTH_DOWN:
        return &spent->down_ns;
    case HEALTH_UNKNOWN:
        break;
    }
    return NULL;
}

static void add(struct health_bucket *ring, int64_t size, int64_t length, enum health_status status,
                int64_t from, int64_t until) {
    // What the ring cannot hold was over long ago.
    if (until - from > size * length)
        from = until - size * length;
    while (from < until) {
        int64_t number = from / length, end = (number + 1) * length;
        int64_t more = (until < end ? until : end) - from;
        struct health_spent *spent = &bucket_at(ring, size, number)->spent;
        int64_t room = length - health_spent_known(spent);
        *part_of(spent, status) += more < room ? more : room;
        from += more;
    }
}

void health_availability_add(struct health_availability *availability, enum health_status status,
                             struct rf_utc from, struct rf_utc until) {
    if (status == HEALTH_UNKNOWN || from.ns < 0)
        return;
    add(availability->minutes, HEALTH_MINUTES, HEALTH_MINUTE.ns, status, from.ns, until.ns);
    add(availability->hours, HEALTH_HOURS, HEALTH_HOUR.ns, status, from.ns, until.ns);
}

bool health_availability_put(struct health_availability *availability, struct rf_duration length,
                             const struct health_bucket *bucket) {
    if (bucket->number < 0)
        return false;
    if (length.ns == HEALTH_MINUTE.ns)
        availability->minutes[bucket->number % HEALTH_MINUTES] = *bucket;
    else if (length.ns == HEALTH_HOUR.ns)
        availability->hours[bucket->number % HEALTH_HOURS] = *bucket;
    else
        return false;
    return true;
}

// The share of a bucket's time that lies in `inside` of the `passed` that it has had so far.
static int64_t part(int64_t whole, int64_t inside, int64_t passed) {
    return inside >= passed ? whole : (int64_t)((double)whole * (double)inside / (double)passed);
}

struct ring {
    const struct health_bucket *buckets;
    int64_t size, length;
};

static struct health_spent sum(const struct ring *ring, int64_t from, int64_t until, int64_t now) {
    struct health_spent sum = {0};
    int64_t first = from / ring->length, last = (until - 1) / ring->length;
    if (last - first >= ring->size)
        first = last - ring->size + 1;
    for (int64_t number = first; number <= last; number++) {
        const struct health_bucket *bucket = &ring->buckets[number % ring->size];
        if (bucket->number != number)
            continue;
        int64_t begin = number * ring->length, end = begin + ring->length;
        int64_t passed = (now > begin && now < end ? now : end) - begin;
        int64_t inside = (end < until ? end : until) - (begin > from ? begin : from);
        sum.up_ns += part(bucket->spent.up_ns, inside, passed);
        sum.degraded_ns += part(bucket->spent.degraded_ns, inside, passed);
        sum.down_ns += part(bucket->spent.down_ns, inside, passed);
    }
    return sum;
}

struct health_spent health_availability_between(const struct health_availability *availability,
                                                struct rf_utc from, struct rf_utc until,
                                                struct rf_utc now) {
    const struct ring minutes = {availability->minutes, HEALTH_MINUTES, HEALTH_MINUTE.ns};
    const struct ring hours = {availability->hours, HEALTH_HOURS, HEALTH_HOUR.ns};
    if (from.ns < 0)
        from.ns = 0;
    if (until.ns <= from.ns)
        return (struct health_spent){0};
    bool recent = rf_utc_since(now, from).ns <= HEALTH_DAY.ns;
    return sum(recent ? &minutes : &hours, from.ns, until.ns, now.ns);
}
