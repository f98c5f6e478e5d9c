#include "inherit.h"

#include <stdlib.h>

#include "base/crash_point.h"
#include "base/log.h"
#include "calendar.h"
#include "cancel.h"
#include "config/config.h"
#include "dispatch.h"
#include "runner.h"
#include "takeover.h"

// Others put contacts into the queue as well, and nobody tells us.
#define LOOK_EVERY rf_seconds(1)

// A stream of somebody who is gone, until its last event is published.
struct rf_inherited {
    struct rf_inherited *next;
    struct rf_orchestrator *orchestrator;
    struct rf_outbox outbox;
    struct rf_takeover_forget forget;
    bool forgetting;
};

// ---- streams ----

static void on_forgotten(struct rf_store_job *job, enum rf_err result,
                         const struct rf_error *error) {
    struct rf_inherited *done = ((struct rf_takeover_forget *)job)->owner;
    struct rf_orchestrator *orchestrator = done->orchestrator;
    if (orchestrator->stopping)
        return;
    done->forgetting = false;
    // The broker may have told meanwhile that it has more of the stream than we knew, as after a
    // restore: then it is forgotten when it has settled again.
    if (result != RF_OK) {
        rf_log(RF_LOG_WARNING, "a stream is not forgotten yet, trying again: %s", error->message);
        rf_outbox_kick_later(&done->outbox); // which settles, and then it is tried again
    } else if (rf_outbox_empty(&done->outbox)) {
        struct rf_inherited **link = &orchestrator->inherited;
        while (*link != done)
            link = &(*link)->next;
        *link = done->next;
        rf_outbox_close(&done->outbox);
        free(done);
    }
    rf_orchestrator_settle(orchestrator);
}

static void on_settled(void *arg) {
    struct rf_inherited *inherited = arg;
    struct rf_orchestrator *orchestrator = inherited->orchestrator;
    if (orchestrator->stopping)
        return;
    if (rf_outbox_empty(&inherited->outbox) && !inherited->forgetting) {
        inherited->forgetting = true;
        rf_store_submit(orchestrator->store, &inherited->forget.job);
    }
    rf_orchestrator_settle(orchestrator);
}

static void inherit_stream(struct rf_orchestrator *orchestrator,
                           const struct rf_takeover_stream *stream) {
    struct rf_error error = {0};
    struct rf_inherited *inherited = calloc(1, sizeof *inherited);
    enum rf_err err;
    if (!inherited) {
        err = rf_error_set(&error, RF_ERR_NOMEM, "out of memory");
    } else {
        inherited->orchestrator = orchestrator;
        inherited->forget = (struct rf_takeover_forget){
            .job = {.run = rf_takeover_forget_run, .done = on_forgotten},
            .owner = inherited,
            .stream = stream->row};
        inherited->next = orchestrator->inherited;
        orchestrator->inherited = inherited;
        err = rf_outbox_open(&inherited->outbox, stream, orchestrator->process->loop,
                             orchestrator->store, orchestrator->process->bus, on_settled, inherited,
                             &error);
    }
    if (err != RF_OK)
        rf_log(RF_LOG_ERROR, "events of %s wait for the next start: %s", stream->name,
               error.message);
}

// ---- takeovers ----

static void go_on(struct rf_orchestrator *orchestrator, struct rf_takeover *takeover) {
    if (takeover->contacts.count > 0)
        RF_CRASH_POINT(orchestrator, takeover_committed);
    if (takeover->stream_count > 0)
        rf_log(RF_LOG_INFO,
               "taking over %zu contacts and %zu streams of who is gone; %lld contacts go back"
               " into the queue",
               takeover->contacts.count, takeover->stream_count, (long long)takeover->returned);
    for (size_t i = 0; i < takeover->stream_count; i++)
        inherit_stream(orchestrator, &takeover->streams[i]);
    rf_runner_begin_all(orchestrator, &takeover->contacts, &orchestrator->unbegun_taken);
    if (takeover->cancelled)
        rf_cancel_sweep(orchestrator);
    if (takeover->reopening || orchestrator->compare)
        rf_calendar_go_on(orchestrator);
    if (takeover->returned > 0 || takeover->starting)
        rf_dispatch_queued(orchestrator);
}

static int64_t room(const struct rf_orchestrator *orchestrator) {
    return orchestrator->process->config->orchestrator.concurrency - orchestrator->running;
}

static void submit(struct rf_orchestrator *orchestrator);

static void on_taken(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    struct rf_takeover *takeover = (struct rf_takeover *)job;
    struct rf_orchestrator *orchestrator = takeover->owner;
    orchestrator->inheriting = false;
    if (!orchestrator->stopping) {
        if (result == RF_OK)
            go_on(orchestrator, takeover);
        else if (!orchestrator->inherit_bad)
            rf_log(RF_LOG_WARNING, "cannot look for who is gone, trying again every second: %s",
                   error->message);
        orchestrator->inherit_bad = result != RF_OK;
        rf_outbox_kick(&orchestrator->outbox); // a campaign may have ended by it
        if (result == RF_OK && (takeover->more || takeover->starting) &&
            orchestrator->unbegun_taken.count == 0)
            submit(orchestrator);
        rf_orchestrator_settle(orchestrator);
    }
    rf_contact_list_clear(&takeover->contacts);
    free(takeover);
}

static void submit(struct rf_orchestrator *orchestrator) {
    struct rf_takeover *takeover = calloc(1, sizeof *takeover);
    if (!takeover)
        return; // the next turn of the timer
    takeover->job.run = rf_takeover_run;
    takeover->job.done = on_taken;
    takeover->owner = orchestrator;
    takeover->now = rf_clock_utc();
    takeover->room = room(orchestrator);
    orchestrator->inheriting = true;
    rf_store_submit(orchestrator->store, &takeover->job);
}

static void on_timer(void *arg) {
    struct rf_orchestrator *orchestrator = arg;
    if (orchestrator->draining || orchestrator->stopping)
        return;
    struct rf_instant now = rf_loop_now(orchestrator->process->loop);
    rf_runner_begin_all(orchestrator, &orchestrator->unbegun_taken, &orchestrator->unbegun_taken);
    if (!orchestrator->inheriting && orchestrator->unbegun_taken.count == 0 &&
        !rf_instant_before(now, orchestrator->inherit_at)) {
        struct rf_duration term = orchestrator->process->config->orchestrator.store.lease;
        orchestrator->inherit_at = rf_instant_add(now, rf_ns(term.ns / 3));
        submit(orchestrator);
    }
    if (!rf_orchestrator_alone(orchestrator))
        rf_dispatch_queued(orchestrator);
    rf_timer_after(&orchestrator->inherit_timer, LOOK_EVERY);
}

enum rf_err rf_inherit_start(struct rf_orchestrator *orchestrator, struct rf_error *error) {
    enum rf_err err = RF_OK;
    bool more = true;
    while (err == RF_OK && more) {
        struct rf_takeover takeover = {
            .job.run = rf_takeover_run, .now = rf_clock_utc(), .room = room(orchestrator)};
        err = rf_store_now(orchestrator->store, &takeover.job, error);
        if (err == RF_OK)
            go_on(orchestrator, &takeover);
        more = takeover.more && orchestrator->unbegun_taken.count == 0;
        rf_contact_list_clear(&takeover.contacts);
    }
    rf_timer_init(&orchestrator->inherit_timer, orchestrator->process->loop, on_timer,
                  orchestrator);
    if (err == RF_OK)
        rf_timer_after(&orchestrator->inherit_timer, LOOK_EVERY);
    return err;
}

void rf_inherit_soon(struct rf_orchestrator *orchestrator) {
    orchestrator->inherit_at = (struct rf_instant){0};
}

void rf_inherit_stop(struct rf_orchestrator *orchestrator) {
    if (orchestrator->inherit_timer.loop)
        rf_timer_stop(&orchestrator->inherit_timer);
    for (struct rf_inherited *i = orchestrator->inherited; i; i = i->next)
        rf_outbox_close(&i->outbox);
}

void rf_inherit_fini(struct rf_orchestrator *orchestrator) {
    while (orchestrator->inherited) {
        struct rf_inherited *first = orchestrator->inherited;
        orchestrator->inherited = first->next;
        free(first);
    }
}
