// Beginning with the work when the store can be opened: a database server may be away when the
// orchestrator starts, as both may be started together, or the server be started anew.
#ifndef RF_ORCHESTRATOR_AWAIT_H
#define RF_ORCHESTRATOR_AWAIT_H

#include "orchestrator.h"

// rf_await_store: calls `begin` now, if the store is a file; else as soon as the server answers,
// which is asked again and again with growing waits. A server that refuses us for good, and an
// error of `begin` itself, end the process; but one that waiting may mend is waited for while
// `begin` has no store.
RF_NODISCARD enum rf_err rf_await_store(struct rf_orchestrator *orchestrator,
                                        enum rf_err (*begin)(struct rf_orchestrator *,
                                                             struct rf_error *),
                                        struct rf_error *error);

// rf_await_mends: whether an error is one that waiting may mend: the server is away, or another
// program holds what we need, such as an orchestrator that brings the database up to date.
bool rf_await_mends(enum rf_err err);

// rf_await_stop: does not wait any more.
void rf_await_stop(struct rf_orchestrator *orchestrator);

#endif
