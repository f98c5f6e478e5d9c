// Google Sheets as a sink: its own subscription, its own cursor, and a file that keeps what is
// under way. sheet.c decides; here is the carrying out.
#ifndef RF_LOGGER_SHEET_SINK_H
#define RF_LOGGER_SHEET_SINK_H

#include <stdbool.h>

#include <ringfence/rate_limit.h>

#include "http/client.h"
#include "runtime/loop.h"
#include "sheet.h"
#include "sink.h"

struct rf_subscription;

// Embedded in its owner; private.
struct rf_sheet_sink {
    struct rf_sink sink;
    struct rf_http *http;
    struct rf_sheet sheet;
    bool open; // the kept file was read
    char *path;
    struct rf_subscription *subscription;
    struct rf_http_transfer *transfer;
    enum rf_sheet_action action;        // of the transfer
    struct rf_timer timer;              // the next try
    struct rf_timer page_timer;         // the next page
    struct rf_rate_limit reads, writes; // requests that the quota allows
    int64_t quota;                      // of which they are made
    struct rf_instant began;            // the batch that is or was in hand
    void (*active)(void *arg);
    void *arg;
};

// rf_sheet_sink_init: nothing begins yet. `http` is borrowed.
RF_NODISCARD enum rf_err rf_sheet_sink_init(struct rf_sheet_sink *sink, struct rf_process *process,
                                            struct rf_http *http, void (*active)(void *arg),
                                            void *arg, struct rf_error *error);
void rf_sheet_sink_fini(struct rf_sheet_sink *sink);

// rf_sheet_sink_run: begins, or ends, or begins anew, as the configuration says now.
void rf_sheet_sink_run(struct rf_sheet_sink *sink);

// rf_sheet_sink_hurry: does not wait for the interval any more: the process drains.
void rf_sheet_sink_hurry(struct rf_sheet_sink *sink);

// rf_sheet_sink_busy: a batch is in hand that may yet be written.
bool rf_sheet_sink_busy(const struct rf_sheet_sink *sink);

#endif
