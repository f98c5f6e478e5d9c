#include "outbox.h"

#include <stdlib.h>
#include <string.h>

#include "concern.h"
#include "resilience/backoff.h"

void rf_outbox_init(struct rf_outbox *outbox, const struct rf_retry_policy *policy, uint64_t seed) {
    *outbox = (struct rf_outbox){.policy = *policy, .rng = {seed}};
}

static void free_delivery(struct rf_delivery *delivery) {
    free(delivery->alert);
    free(delivery->incident);
    free(delivery->concerns);
    free(delivery);
}

void rf_outbox_fini(struct rf_outbox *outbox) {
    while (outbox->first != NULL) {
        struct rf_delivery *next = outbox->first->next;
        free_delivery(outbox->first);
        outbox->first = next;
    }
    *outbox = (struct rf_outbox){0};
}

void rf_outbox_policy(struct rf_outbox *outbox, const struct rf_retry_policy *policy) {
    outbox->policy = *policy;
}

enum rf_err rf_outbox_add(struct rf_outbox *outbox, const struct rf_delivery *delivery,
                          struct rf_error *error) {
    struct rf_delivery *added = malloc(sizeof *added);
    const char *incident = delivery->incident;
    if (added != NULL) {
        *added = *delivery;
        added->alert = strdup(delivery->alert);
        added->incident = strdup(delivery->incident);
        added->concerns =
            delivery->concerns != NULL ? strdup(delivery->concerns) : rf_concern_of(&incident, 1);
    }
    if (added == NULL || added->alert == NULL || added->incident == NULL ||
        added->concerns == NULL) {
        if (added != NULL)
            free_delivery(added);
        return rf_error_set(error, RF_ERR_NOMEM, "no memory for a delivery");
    }
    struct rf_delivery **place = &outbox->first;
    if (outbox->last != NULL && outbox->last->n <= added->n)
        place = &outbox->last->next;
    while (*place != NULL && (*place)->n <= added->n)
        place = &(*place)->next;
    added->next = *place;
    *place = added;
    if (added->next == NULL)
        outbox->last = added;
    outbox->count++;
    outbox->failing = outbox->failing || (added->attempts > 0 && !added->partial);
    return RF_OK;
}

static void remove_delivery(struct rf_outbox *outbox, struct rf_delivery *delivery) {
    struct rf_delivery *before = NULL;
    for (struct rf_delivery *d = outbox->first; d != delivery; d = d->next)
        before = d;
    if (before == NULL)
        outbox->first = delivery->next;
    else
        before->next = delivery->next;
    if (outbox->last == delivery)
        outbox->last = before;
    outbox->count--;
    free_delivery(delivery);
}

// The longest wait that this outbox can have decided. The wall clock may have been put back since:
// what then seems to lie further ahead is due.
static struct rf_duration longest_wait(const struct rf_outbox *outbox) {
    struct rf_duration most = RF_OUTBOX_MAX_WAIT;
    return outbox->policy.max_delay.ns > most.ns ? outbox->policy.max_delay : most;
}

static bool is_due(const struct rf_outbox *outbox, struct rf_utc when, struct rf_utc now) {
    int64_t wait = rf_utc_since(when, now).ns;
    // A draw of the jitter can double the longest wait.
    return wait <= 0 || wait / 2 > longest_wait(outbox).ns;
}

static bool is_exhausted(const struct rf_outbox *outbox, const struct rf_delivery *delivery) {
    return delivery->attempts > outbox->policy.max_retries;
}

// Whether an earlier alert that tells of the same incident still waits and is not refused for good.
static bool is_overtaking(const struct rf_outbox *outbox, const struct rf_delivery *delivery) {
    for (const struct rf_delivery *d = outbox->first; d != delivery; d = d->next)
        if (!d->refused && !d->partial && rf_concern_shared(d->concerns, delivery->concerns))
            return true;
    return false;
}

const struct rf_delivery *rf_outbox_take(struct rf_outbox *outbox, struct rf_utc now,
                                         struct rf_utc *wake) {
    *wake = (struct rf_utc){INT64_MAX};
    if (outbox->in_flight != NULL || outbox->first == NULL)
        return NULL;
    if (!is_due(outbox, outbox->hold, now)) {
        *wake = outbox->hold;
        return NULL;
    }
    for (struct rf_delivery *d = outbox->first; d != NULL; d = d->next) {
        bool due = is_due(outbox, d->due, now);
        if (due && !is_overtaking(outbox, d)) {
            outbox->in_flight = d;
            return d;
        }
        if (!due && d->due.ns < wake->ns)
            *wake = d->due;
        if (!due && !d->refused && !d->partial && !is_exhausted(outbox, d))
            return NULL;
    }
    return NULL;
}

// The channel works: what failed before may be tried again, but a message that always fails is
// not tried more often than its first retry would be.
static void hurry(struct rf_outbox *outbox) {
    if (!outbox->failing)
        return;
    outbox->failing = false;
    for (struct rf_delivery *d = outbox->first; d != NULL; d = d->next) {
        struct rf_utc soon = rf_utc_add(d->tried, outbox->policy.initial_delay);
        if (!d->refused && !d->partial && d->attempts > 0 && soon.ns < d->due.ns)
            d->due = soon;
    }
}

static struct rf_settlement settle_success(struct rf_outbox *outbox, struct rf_utc now) {
    struct rf_delivery *delivery = outbox->in_flight;
    struct rf_settlement settlement = {
        .done = true, .attempts = delivery->attempts + 1, .due = now, .tried = now, .tell = true};
    outbox->in_flight = NULL;
    outbox->hold = (struct rf_utc){0};
    remove_delivery(outbox, delivery);
    hurry(outbox);
    return settlement;
}

static struct rf_duration at_least(struct rf_duration wait, struct rf_duration least) {
    return wait.ns < least.ns ? least : wait;
}

static struct rf_duration at_most(struct rf_duration wait, struct rf_duration most) {
    return wait.ns > most.ns ? most : wait;
}

struct rf_settlement rf_outbox_settle(struct rf_outbox *outbox, enum rf_outcome outcome,
                                      struct rf_duration retry_after, struct rf_utc now) {
    if (outcome == RF_OUTCOME_OK)
        return settle_success(outbox, now);
    struct rf_delivery *delivery = outbox->in_flight;
    struct rf_duration asked = at_most(retry_after, RF_OUTBOX_MAX_WAIT);
    struct rf_duration wait =
        at_least(rf_backoff_wait(&outbox->policy, delivery->attempts, &outbox->rng), asked);
    bool permanent = outcome == RF_OUTCOME_REFUSED || outcome == RF_OUTCOME_BARRED;
    if (permanent)
        wait = at_least(wait, RF_OUTBOX_LONG_DELAY);
    outbox->in_flight = NULL;
    delivery->partial = delivery->partial || outcome == RF_OUTCOME_PARTIAL;
    if (outcome == RF_OUTCOME_PARTIAL) // the channel works
        hurry(outbox);
    else
        outbox->failing = true;
    delivery->attempts++;
    delivery->tried = now;
    delivery->due = rf_utc_add(now, wait);
    delivery->refused = outcome == RF_OUTCOME_REFUSED;
    // The whole channel rests when it says so itself; after a refused message, so long that a
    // queue of messages to be refused is no storm.
    if (outcome == RF_OUTCOME_LIMITED || outcome == RF_OUTCOME_BARRED)
        outbox->hold = delivery->due;
    else if (outcome == RF_OUTCOME_REFUSED)
        outbox->hold = rf_utc_add(now, at_most(rf_seconds(1), outbox->policy.initial_delay));
    bool final = permanent || is_exhausted(outbox, delivery);
    struct rf_settlement settlement = {.attempts = delivery->attempts,
                                       .due = delivery->due,
                                       .tried = now,
                                       .refused = delivery->refused,
                                       .tell = !final || !delivery->told,
                                       .final = final};
    delivery->told = final;
    return settlement;
}

void rf_outbox_give_back(struct rf_outbox *outbox, struct rf_utc due) {
    if (outbox->in_flight != NULL)
        outbox->in_flight->due = due;
    outbox->in_flight = NULL;
}

const struct rf_delivery *rf_outbox_old(const struct rf_outbox *outbox, struct rf_utc before,
                                        struct rf_utc *next) {
    *next = (struct rf_utc){INT64_MAX};
    for (const struct rf_delivery *d = outbox->first; d != NULL; d = d->next) {
        if (d == outbox->in_flight)
            continue;
        if (d->made.ns <= before.ns)
            return d;
        if (d->made.ns < next->ns)
            *next = d->made;
    }
    return NULL;
}

size_t rf_outbox_stale(const struct rf_outbox *outbox, struct rf_utc before,
                       const struct rf_delivery **found, size_t most) {
    size_t count = 0;
    for (const struct rf_delivery *d = outbox->first; d != NULL && count < most; d = d->next)
        if (d != outbox->in_flight && !d->partial && d->made.ns <= before.ns)
            found[count++] = d;
    return count;
}

bool rf_outbox_drop(struct rf_outbox *outbox, const char *alert) {
    for (struct rf_delivery *d = outbox->first; d != NULL; d = d->next) {
        if (strcmp(d->alert, alert) != 0)
            continue;
        if (d == outbox->in_flight)
            return false;
        remove_delivery(outbox, d);
        return true;
    }
    return false;
}

void rf_outbox_retry_now(struct rf_outbox *outbox, struct rf_utc now) {
    outbox->hold = (struct rf_utc){0};
    for (struct rf_delivery *d = outbox->first; d != NULL; d = d->next)
        d->due = now;
}
