// Wishes to be the test request of a half-open breaker. Each is answered once: an unanswered wish
// would hold up the call that waits for it.
#include <stdlib.h>
#include <string.h>

#include "bus/serving.h"

#define ANSWER_LIMIT rf_seconds(5)

struct rf_permit_wish {
    char *call, *service;
    int64_t epoch;
    bool sent;
    struct rf_instant asked; // when it was sent
    struct rf_instant due;
    struct rf_permit_wish *next;
};

static void wish_free(struct rf_permit_wish *wish) {
    free(wish->call);
    free(wish->service);
    free(wish);
}

void rf_worker_permit(struct rf_worker *worker, const char *call, const char *provider,
                      int64_t epoch) {
    struct rf_permit_wish *wish = calloc(1, sizeof *wish);
    if (wish == NULL || (wish->call = strdup(call)) == NULL ||
        (wish->service = strdup(provider)) == NULL)
        abort(); // the call would wait for ever
    wish->epoch = epoch;
    wish->due = rf_instant_add(rf_loop_now(worker->loop), ANSWER_LIMIT);
    wish->next = worker->wishes;
    worker->wishes = wish;
    if (worker->pulse.connected)
        rf_worker_flush_soon(worker);
    else
        wish->due = rf_loop_now(worker->loop); // refused at the next tick
}

bool rf_wishes_flush(struct rf_worker *worker) {
    for (struct rf_permit_wish *wish = worker->wishes; wish != NULL; wish = wish->next) {
        struct rf_permit_request request = {
            .call = wish->call, .service = wish->service, .epoch = wish->epoch};
        if (wish->sent)
            continue;
        wish->asked = rf_loop_now(worker->loop);
        if (rf_worker_send(worker, RF_MESSAGE_permit_request, &request) != RF_OK)
            return false;
        wish->sent = true;
    }
    return true;
}

static struct rf_permit_wish *take(struct rf_worker *worker, const char *call,
                                   const char *service) {
    for (struct rf_permit_wish **at = &worker->wishes; *at != NULL; at = &(*at)->next) {
        struct rf_permit_wish *wish = *at;
        if (strcmp(wish->call, call) != 0 || strcmp(wish->service, service) != 0)
            continue;
        *at = wish->next;
        return wish;
    }
    return NULL;
}

static void refuse(struct rf_worker *worker, struct rf_permit_wish *wish) {
    if (worker->handlers->permit != NULL)
        worker->handlers->permit(worker->arg, wish->call, wish->service, NULL, wish->epoch,
                                 rf_ns(0));
    wish_free(wish);
}

// A grant that nobody waits for any more is not used: its lease ends at the broker.
void rf_wish_granted(struct rf_worker *worker, const struct rf_permit_granted *granted) {
    struct rf_permit_wish *wish = take(worker, granted->call, granted->service);
    if (wish == NULL)
        return;
    // The lease is counted from before the broker can have given it: it may have given the permit
    // to another since.
    struct rf_duration age = rf_instant_since(rf_loop_now(worker->loop), wish->asked);
    struct rf_duration left = rf_ns(granted->lease_ns - age.ns);
    if (left.ns <= 0) {
        refuse(worker, wish);
        return;
    }
    if (worker->handlers->permit != NULL)
        worker->handlers->permit(worker->arg, granted->call, granted->service, granted->permit,
                                 granted->epoch, left);
    wish_free(wish);
}

void rf_wish_refused(struct rf_worker *worker, const struct rf_permit_refused *refused) {
    struct rf_permit_wish *wish = take(worker, refused->call, refused->service);
    if (wish != NULL)
        refuse(worker, wish);
}

void rf_wishes_tick(struct rf_worker *worker) {
    struct rf_instant now = rf_loop_now(worker->loop);
    struct rf_permit_wish *wish = worker->wishes;
    while (wish != NULL) {
        bool over = !rf_instant_before(now, wish->due);
        struct rf_permit_wish *next = wish->next;
        // Its handler may make new wishes, which stand before all others, but takes none away.
        if (over)
            refuse(worker, take(worker, wish->call, wish->service));
        wish = next;
    }
}

void rf_wishes_refuse_all(struct rf_worker *worker) {
    struct rf_permit_wish *wish = worker->wishes;
    worker->wishes = NULL;
    while (wish != NULL) {
        struct rf_permit_wish *next = wish->next;
        refuse(worker, wish);
        wish = next;
    }
}

void rf_wishes_fini(struct rf_worker *worker) {
    while (worker->wishes != NULL) {
        struct rf_permit_wish *wish = worker->wishes;
        worker->wishes = wish->next;
        wish_free(wish);
    }
}
