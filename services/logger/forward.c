#include "forward.h"

#include <string.h>

#include <ringfence/bus.h>

#include "base/crash_point.h"
#include "runtime/service.h"

static void ask_next_page(void *arg) {
    struct rf_forward *forward = arg;
    rf_subscription_next(forward->subscription);
}

static void give(void *arg) {
    struct rf_forward *forward = arg;
    forward->kind->give(forward->self);
}

static void on_page(void *arg, const struct rf_journal_page *page) {
    struct rf_forward *forward = arg;
    struct rf_error error;
    rf_sink_got(&forward->sink, page);
    forward->end = rf_journal_place(page->scanned, page->journal);
    forward->began = rf_loop_now(forward->sink.process->loop);
    if (!forward->kind->take(forward->self, page)) {
        rf_error_set(&error, RF_ERR_NOMEM, "no memory for a page of %zu events",
                     page->events.count);
        rf_process_fail(forward->sink.process, &error);
        return;
    }
    forward->waiting = true;
    forward->active(forward->arg);
    give(forward);
}

static void restart(void *arg) {
    struct rf_forward *forward = arg;
    forward->kind->run(forward->self);
}

// Not here, where its own parts have called.
static bool restart_soon(struct rf_forward *forward) {
    if (forward->restarts)
        rf_timer_after(&forward->restart_timer, rf_ns(0));
    return forward->restarts;
}

void rf_forward_renew(struct rf_forward *forward) {
    rf_timer_after(&forward->restart_timer, rf_ns(0));
}

void rf_forward_restart(struct rf_forward *forward) {
    bool under_way = forward->waiting && !rf_timer_running(&forward->timer);
    if (under_way)
        forward->restarts = true;
    else
        restart(forward);
}

void rf_forward_done(struct rf_forward *forward) {
    struct rf_instant next = rf_instant_add(forward->began, forward->interval);
    forward->waiting = false;
    rf_sink_works(&forward->sink);
    rf_sink_reached(&forward->sink, &forward->end);
    forward->active(forward->arg);
    if (restart_soon(forward))
        return;
    if (forward->sink.process->draining)
        ask_next_page(forward);
    else
        rf_timer_at(&forward->page_timer, next);
}

void rf_forward_failed(struct rf_forward *forward, const char *message,
                       struct rf_duration at_least) {
    struct rf_duration wait = rf_sink_failed(&forward->sink, message);
    if (!restart_soon(forward))
        rf_timer_after(&forward->timer, wait.ns < at_least.ns ? at_least : wait);
}

// ---- life ----

void rf_forward_end(struct rf_forward *forward) {
    rf_timer_stop(&forward->timer);
    rf_timer_stop(&forward->page_timer);
    rf_timer_stop(&forward->restart_timer);
    forward->restarts = false;
    forward->kind->drop(forward->self);
    forward->waiting = false;
    rf_subscription_destroy(&forward->subscription);
}

void rf_forward_init(struct rf_forward *forward, struct rf_process *process,
                     const struct rf_forward_kind *kind, void *self, void (*active)(void *arg),
                     void *arg) {
    *forward = (struct rf_forward){.kind = kind, .self = self, .active = active, .arg = arg};
    rf_sink_init(&forward->sink, process, kind->name);
    rf_timer_init(&forward->timer, process->loop, give, forward);
    rf_timer_init(&forward->page_timer, process->loop, ask_next_page, forward);
    rf_timer_init(&forward->restart_timer, process->loop, restart, forward);
}

void rf_forward_fini(struct rf_forward *forward) {
    if (forward->sink.process != NULL)
        rf_forward_end(forward);
}

void rf_forward_begin(struct rf_forward *forward, size_t limit, struct rf_duration interval) {
    struct rf_error error;
    forward->interval = interval;
    forward->sink.failures = 0;
    // The place of an earlier page stands if we began anew.
    struct rf_subscription_options all = {.after = (uint64_t)forward->sink.place.n,
                                          .journal = forward->sink.place.journal,
                                          .prefixes = forward->kind->prefixes,
                                          .prefix_count = forward->kind->prefix_count,
                                          .limit = limit,
                                          .durable = forward->sink.subscriber,
                                          .resume = true};
    if (rf_subscription_new(forward->sink.process->bus, &all, on_page, forward,
                            &forward->subscription, &error) != RF_OK)
        rf_process_fail(forward->sink.process, &error);
}

void rf_forward_hurry(struct rf_forward *forward) {
    if (forward->subscription == NULL)
        return;
    if (rf_timer_running(&forward->page_timer)) {
        rf_timer_stop(&forward->page_timer);
        ask_next_page(forward);
    }
    rf_subscription_look(forward->subscription);
}

bool rf_forward_busy(const struct rf_forward *forward) {
    bool behind = forward->subscription != NULL && rf_subscription_behind(forward->subscription);
    return (forward->waiting || behind) && !forward->sink.failing;
}
