// What the sinks have in common that give events to another program: a durable subscription of
// their own, whose place the broker keeps; one page at a time, kept until it was given; the next
// one `interval` after it. A kill may have the last page given a second time, with the same numbers
// n.
#ifndef RF_LOGGER_FORWARD_H
#define RF_LOGGER_FORWARD_H

#include <stdbool.h>
#include <stddef.h>

#include "runtime/loop.h"
#include "sink.h"

struct rf_subscription;

struct rf_forward_kind {
    const char *name;            // otlp, traces, syslog
    const char *const *prefixes; // of the topics that it wants
    size_t prefix_count;         // 0: all
    // Takes over what is to be given of a page. False: out of memory.
    bool (*take)(void *self, const struct rf_journal_page *page);
    // Gives what was taken, from its beginning or from where it stopped, and answers by
    // rf_forward_done or rf_forward_failed, then or later.
    void (*give)(void *self);
    void (*drop)(void *self); // forgets what was taken, and gives no more of it
    void (*run)(void *self);  // begins, or ends, or begins anew, as the configuration says now
};

// Embedded in its owner; private but for `sink`.
struct rf_forward {
    struct rf_sink sink;
    const struct rf_forward_kind *kind;
    void *self;
    struct rf_subscription *subscription;
    struct rf_journal_place end; // of the page in hand
    bool waiting;                // one is
    struct rf_duration interval;
    struct rf_instant began; // of the page that is or was in hand
    struct rf_timer timer;   // the next try
    struct rf_timer page_timer;
    bool restarts; // as soon as what is under way has an end
    struct rf_timer restart_timer;
    void (*active)(void *arg);
    void *arg;
};

// rf_forward_init: nothing begins yet. `active` is called when a page came or was given.
void rf_forward_init(struct rf_forward *forward, struct rf_process *process,
                     const struct rf_forward_kind *kind, void *self, void (*active)(void *arg),
                     void *arg);
void rf_forward_fini(struct rf_forward *forward);

// rf_forward_end: what is in hand is dropped, and comes again when it begins anew.
void rf_forward_end(struct rf_forward *forward);

// rf_forward_restart: has it run as the configuration says now. What is under way comes to its end
// first: dropped, it might have been taken, and would be given twice.
void rf_forward_restart(struct rf_forward *forward);

// rf_forward_renew: the page in hand is given up, and all begins anew behind what runs now: in
// place of rf_forward_done or _failed.
void rf_forward_renew(struct rf_forward *forward);

// rf_forward_begin: with up to `limit` events a page. It has not begun, or was ended.
void rf_forward_begin(struct rf_forward *forward, size_t limit, struct rf_duration interval);

// rf_forward_done: all that was taken is given.
void rf_forward_done(struct rf_forward *forward);

// rf_forward_failed: it is tried again, after `at_least` and the wait that is configured.
void rf_forward_failed(struct rf_forward *forward, const char *message,
                       struct rf_duration at_least);

// rf_forward_hurry: the process drains: does not wait for the interval any more.
void rf_forward_hurry(struct rf_forward *forward);

// rf_forward_busy: something is in hand that may yet be given, or the broker has not said that
// there is nothing more.
bool rf_forward_busy(const struct rf_forward *forward);

#endif
