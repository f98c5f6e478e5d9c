#include <ringfence/bulkhead.h>

#include <stddef.h>
#include <string.h>

static const char *const verdict_names[] = {
    [RF_BULKHEAD_GRANTED] = "granted", [RF_BULKHEAD_QUEUED] = "queued",
    [RF_BULKHEAD_FULL] = "full",       [RF_BULKHEAD_TOO_LATE] = "too_late",
    [RF_BULKHEAD_NONE] = "none",
};

const char *rf_bulkhead_verdict_name(enum rf_bulkhead_verdict verdict) {
    return (unsigned)verdict <= RF_BULKHEAD_NONE ? verdict_names[verdict] : "unknown";
}

void rf_bulkhead_init(struct rf_bulkhead *bulkhead, const struct rf_bulkhead_policy *policy) {
    memset(bulkhead, 0, sizeof *bulkhead);
    rf_bulkhead_change(bulkhead, policy);
}

void rf_bulkhead_change(struct rf_bulkhead *bulkhead, const struct rf_bulkhead_policy *policy) {
    bulkhead->policy = *policy;
    if (bulkhead->policy.max_in_flight < 0)
        bulkhead->policy.max_in_flight = 0;
    if (bulkhead->policy.max_queue < 0)
        bulkhead->policy.max_queue = 0;
}

static bool has_place(const struct rf_bulkhead *bulkhead, struct rf_instant now) {
    bool own =
        bulkhead->policy.max_in_flight == 0 || bulkhead->in_flight < bulkhead->policy.max_in_flight;
    return own && rf_share_free(&bulkhead->share, bulkhead->in_flight, now) > 0;
}

// How many may wait.
static int64_t queue_room(const struct rf_bulkhead *bulkhead) {
    int64_t own = bulkhead->policy.max_in_flight - bulkhead->in_flight;
    bool lacks_share = bulkhead->share.mode != RF_SHARE_LOCAL && own > 0;
    return bulkhead->policy.max_queue + (lacks_share ? own : 0);
}

int64_t rf_bulkhead_wanted(const struct rf_bulkhead *bulkhead) {
    int64_t wanted = bulkhead->queued, most = bulkhead->policy.max_in_flight;
    if (bulkhead->share.mode == RF_SHARE_LOCAL)
        return 0;
    if (most > 0 && wanted > most - rf_share_has(&bulkhead->share))
        wanted = most - rf_share_has(&bulkhead->share);
    return wanted > 0 ? wanted : 0;
}

static void append(struct rf_bulkhead *bulkhead, struct rf_bulkhead_waiter *waiter) {
    waiter->before = bulkhead->last;
    waiter->after = NULL;
    waiter->queued = true;
    if (bulkhead->last != NULL)
        bulkhead->last->after = waiter;
    else
        bulkhead->first = waiter;
    bulkhead->last = waiter;
    bulkhead->queued++;
}

enum rf_bulkhead_verdict rf_bulkhead_enter(struct rf_bulkhead *bulkhead,
                                           struct rf_bulkhead_waiter *waiter,
                                           struct rf_instant deadline, struct rf_instant now) {
    if (waiter != NULL && waiter->queued)
        return RF_BULKHEAD_QUEUED;
    if (!rf_instant_before(now, deadline))
        return RF_BULKHEAD_TOO_LATE;
    if (bulkhead->first == NULL && has_place(bulkhead, now)) {
        bulkhead->in_flight++;
        return RF_BULKHEAD_GRANTED;
    }
    if (waiter == NULL || bulkhead->queued >= queue_room(bulkhead))
        return RF_BULKHEAD_FULL;
    waiter->deadline = deadline;
    append(bulkhead, waiter);
    return RF_BULKHEAD_QUEUED;
}

enum rf_bulkhead_verdict rf_bulkhead_next(struct rf_bulkhead *bulkhead, struct rf_instant now,
                                          struct rf_bulkhead_waiter **waiter) {
    struct rf_bulkhead_waiter *first = *waiter = bulkhead->first;
    if (first == NULL)
        return RF_BULKHEAD_NONE;
    if (!rf_instant_before(now, first->deadline)) {
        rf_bulkhead_remove(bulkhead, first);
        return RF_BULKHEAD_TOO_LATE;
    }
    if (!has_place(bulkhead, now)) {
        *waiter = NULL;
        return RF_BULKHEAD_NONE;
    }
    rf_bulkhead_remove(bulkhead, first);
    bulkhead->in_flight++;
    return RF_BULKHEAD_GRANTED;
}

void rf_bulkhead_remove(struct rf_bulkhead *bulkhead, struct rf_bulkhead_waiter *waiter) {
    if (!waiter->queued)
        return;
    if (waiter->before != NULL)
        waiter->before->after = waiter->after;
    else
        bulkhead->first = waiter->after;
    if (waiter->after != NULL)
        waiter->after->before = waiter->before;
    else
        bulkhead->last = waiter->before;
    waiter->before = waiter->after = NULL;
    waiter->queued = false;
    bulkhead->queued--;
}

void rf_bulkhead_leave(struct rf_bulkhead *bulkhead, struct rf_instant now) {
    if (bulkhead->in_flight > 0)
        bulkhead->in_flight--;
    bool is_turn = rf_instant_before(now, bulkhead->share.turn);
    (void)rf_share_trim(&bulkhead->share, bulkhead->in_flight + (is_turn ? bulkhead->queued : 0));
}
