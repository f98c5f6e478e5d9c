// The service "alerter": what people ask of it by ringfence alert.
#ifndef RF_ALERTER_SERVE_H
#define RF_ALERTER_SERVE_H

#include <ringfence/bus.h>
#include <ringfence/worker.h>

#include "couriers.h"
#include "engine.h"

struct rf_serve_test;

struct rf_serve {
    struct rf_couriers *couriers;
    const struct rf_engine *engine;
    struct rf_worker *worker;
    struct rf_serve_test *tests; // that are under way
    bool stopped;
};

// rf_serve_start: registers with the broker, as soon as it is there. `couriers` and `engine` are
// borrowed.
RF_NODISCARD enum rf_err rf_serve_start(struct rf_serve *serve, struct rf_couriers *couriers,
                                        const struct rf_engine *engine, struct rf_error *error);

// rf_serve_drain: takes no more. rf_serve_stop: ends it, before the ledger is closed.
void rf_serve_drain(struct rf_serve *serve);
void rf_serve_stop(struct rf_serve *serve);

#endif
