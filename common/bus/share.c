// The worker's shares of limits that the broker keeps for all. What they are the service knows;
// here it is told and heard: at once what is news, all of it with each heartbeat.
#include "bus/serving.h"

static bool is_for_us(const struct rf_worker *worker) {
    return worker->limits.kept && worker->handlers->demand != NULL;
}

void rf_limits_begin(struct rf_worker *worker, bool kept) {
    worker->limits.kept = kept;
    worker->limits.all = true;
    if (worker->handlers->term != NULL)
        worker->handlers->term(worker->arg, kept);
}

void rf_worker_demand_soon(struct rf_worker *worker) {
    worker->limits.news = true;
    if (is_for_us(worker))
        rf_worker_flush_soon(worker);
}

void rf_limits_tick(struct rf_worker *worker) {
    worker->limits.all = true;
}

bool rf_limits_flush(struct rf_worker *worker) {
    struct rf_limit_demand demand = {.answer = worker->limits.all};
    if (!is_for_us(worker) || (!worker->limits.all && !worker->limits.news))
        return true;
    bool all = worker->limits.all;
    worker->limits.all = worker->limits.news = false;
    if (!worker->handlers->demand(worker->arg, all, &demand))
        return true;
    // The lease is counted from before the broker can have read it.
    demand.stamp = rf_loop_now(worker->loop).ns;
    if (rf_worker_send(worker, RF_MESSAGE_limit_demand, &demand) == RF_OK)
        return true;
    worker->limits.all = true; // what it thinks we know, we do not
    return false;
}

void rf_limits_take(struct rf_worker *worker, const struct rf_limit_share *share) {
    struct rf_instant stamp = {share->stamp};
    if (worker->handlers->share != NULL)
        worker->handlers->share(worker->arg, share, rf_instant_add(stamp, rf_ns(share->lease_ns)));
}
