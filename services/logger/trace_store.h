// What rf_traces keeps in memory, over a restart: a small database, written after the spans of a
// page are given and before the page is let go of. So a page that comes again after a kill makes
// the same spans again, or none.
#ifndef RF_LOGGER_TRACE_STORE_H
#define RF_LOGGER_TRACE_STORE_H

#include <stdbool.h>

#include <ringfence/error.h>
#include <ringfence/messages.h>

#include "store/store.h"
#include "traces.h"

struct rf_loop;

// Embedded in its owner; private but for `place` and `damage`. Zero-initialised is closed.
struct rf_trace_store {
    struct rf_store *store;
    struct rf_traces *traces;
    struct rf_journal_place place; // of the last page that was kept; n 0: none
    struct rf_journal_place next;
    struct rf_store_job job;
    bool keeping, closing;
    char damage[RF_ERROR_MESSAGE_SIZE]; // that rf_trace_store_open found; "": none
    void (*done)(void *arg, enum rf_err result, const struct rf_error *error);
    void *arg;
};

// rf_trace_store_open: opens or creates the file, and fills `traces`, which is empty and borrowed,
// from it. A damaged one is set aside as PATH.damaged and made anew, which `damage` tells: of those
// that were under way the spans begin where they are told of next. Blocks on the disk.
RF_NODISCARD enum rf_err rf_trace_store_open(struct rf_trace_store *store, struct rf_loop *loop,
                                             const char *path, struct rf_traces *traces,
                                             struct rf_error *error);

// rf_trace_store_keep: writes what was touched, and that all up to `place` is given; `done` is
// called later. Nobody may change the traces before.
void rf_trace_store_keep(struct rf_trace_store *store, const struct rf_journal_place *place,
                         void (*done)(void *arg, enum rf_err result, const struct rf_error *error),
                         void *arg);

// rf_trace_store_close: after what is under way, whose `done` is not called. Safe if it is closed.
void rf_trace_store_close(struct rf_trace_store *store);

#endif
