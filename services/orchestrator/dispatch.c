#include "dispatch.h"

#include <stdlib.h>
#include <string.h>

#include "attempt.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "base/map.h"
#include "clock_watch.h"
#include "queue.h"
#include "runner.h"

// After a failure of the store, and while the broker is away.
#define LATER_S 1

static struct rf_instant loop_now(const struct rf_orchestrator *orchestrator) {
    return rf_loop_now(orchestrator->process->loop);
}

static void later(struct rf_orchestrator *orchestrator) {
    rf_timer_after(&orchestrator->claim_timer, rf_seconds(LATER_S));
}

// A date of the database as an instant of the loop.
static struct rf_instant instant_of(struct rf_orchestrator *orchestrator, struct rf_utc due) {
    if (due.ns == INT64_MAX)
        return RF_CLAIM_NEVER;
    return rf_instant_add(loop_now(orchestrator),
                          rf_utc_since(due, rf_clock_watch_now(orchestrator)));
}

static void on_claimed(struct rf_store_job *job, enum rf_err result, const struct rf_error *error) {
    struct rf_queue_claim *claim = (struct rf_queue_claim *)job;
    struct rf_orchestrator *orchestrator = claim->owner;
    orchestrator->claiming = false;
    if (orchestrator->stopping) {
        rf_contact_list_clear(&claim->contacts);
        free(claim);
        return;
    }
    if (result == RF_OK) {
        rf_pace_share(&orchestrator->pace, claim->sharers);
        orchestrator->ahead_ready = claim->ahead;
        const struct rf_claim_result made = {
            .claimed = claim->claimed,
            .test_row = claim->test_row,
            .open_next = instant_of(orchestrator, claim->open_next),
            .test_next = instant_of(orchestrator, claim->test_next),
            .prepare_next = instant_of(orchestrator, claim->prepare_next),
            .prepared = claim->prepared,
            .full = claim->full,
            .sharers = claim->sharers,
        };
        rf_claim_made(&orchestrator->claim, &claim->decision, &made, loop_now(orchestrator));
        if (claim->contacts.count > 0) {
            RF_CRASH_POINT(orchestrator, claim_committed);
            rf_outbox_kick(&orchestrator->outbox);
        }
        for (size_t i = 0; i < claim->contacts.count; i++)
            rf_terms_go(orchestrator, claim->contacts.items[i].campaign_row);
        rf_runner_begin_all(orchestrator, &claim->contacts, &orchestrator->unbegun);
        rf_dispatch_tick(orchestrator);
    } else {
        if (!orchestrator->claim_bad)
            rf_log(RF_LOG_ERROR, "contacts cannot be claimed, trying again every second: %s",
                   error->message);
        later(orchestrator);
    }
    orchestrator->claim_bad = result != RF_OK;
    rf_contact_list_clear(&claim->contacts);
    free(claim);
    rf_orchestrator_settle(orchestrator);
}

static void submit_claim(struct rf_orchestrator *orchestrator,
                         const struct rf_claim_decision *decision) {
    struct rf_queue_claim *claim = calloc(1, sizeof *claim);
    if (!claim) {
        later(orchestrator);
        return;
    }
    claim->job.run = rf_queue_claim_run;
    claim->job.done = on_claimed;
    claim->owner = orchestrator;
    claim->decision = *decision;
    claim->limit = orchestrator->process->config->campaign.concurrency;
    claim->now = rf_clock_watch_now(orchestrator);
    orchestrator->claiming = true;
    rf_store_submit(orchestrator->store, &claim->job);
}

void rf_dispatch_tick(struct rf_orchestrator *orchestrator) {
    if (orchestrator->draining || orchestrator->stopping || orchestrator->claiming ||
        !orchestrator->breakers_known || !orchestrator->marks_known)
        return; // the end of a claim ticks again
    if (!rf_bus_connected(orchestrator->process->bus)) {
        later(orchestrator);
        return;
    }
    rf_runner_begin_all(orchestrator, &orchestrator->unbegun, &orchestrator->unbegun);
    if (orchestrator->unbegun.count > 0) {
        later(orchestrator);
        return;
    }
    struct rf_claim_decision decision = rf_claim_decide(
        &orchestrator->claim, orchestrator->running,
        orchestrator->process->config->orchestrator.concurrency, loop_now(orchestrator));
    if (decision.count > 0 || decision.test || decision.prepare > 0)
        submit_claim(orchestrator, &decision);
    else if (decision.wake)
        rf_timer_at(&orchestrator->claim_timer, decision.wake_at);
}

static void on_claim_timer(void *arg) {
    rf_dispatch_tick(arg);
}

// ---- pace ----

// Dials all that may be dialled now. Who is not after all takes no place from the next one.
static void dial_line(struct rf_orchestrator *orchestrator) {
    struct rf_pace_waiter *waiter;
    struct rf_instant due = RF_CLAIM_NEVER;
    if (orchestrator->draining || orchestrator->stopping)
        return; // the next start goes on from here
    while ((waiter = rf_pace_next(&orchestrator->pace, loop_now(orchestrator), &due)))
        if (!rf_attempt_begin(RF_OWNER(waiter, struct rf_runner, waiter)))
            rf_pace_give_back(&orchestrator->pace, waiter);
    if (due.ns != INT64_MAX)
        rf_timer_at(&orchestrator->pace_timer, due);
}

static void on_pace_timer(void *arg) {
    dial_line(arg);
}

void rf_dispatch_line_up(struct rf_runner *runner) {
    struct rf_orchestrator *orchestrator = runner->orchestrator;
    if (!rf_attempt_allowed(runner))
        return;
    runner->waiter.campaign = runner->contact.campaign_row;
    runner->waiter.priority = runner->contact.priority;
    runner->waiter.rate = rf_terms_campaign(runner->terms)->pace;
    if (rf_pace_wait(&orchestrator->pace, &runner->waiter) != RF_OK) {
        rf_runner_rest(runner);
        return;
    }
    dial_line(orchestrator);
}

void rf_dispatch_not_dialled(struct rf_runner *runner) {
    rf_pace_give_back(&runner->orchestrator->pace, &runner->waiter);
    dial_line(runner->orchestrator);
}

void rf_dispatch_queued(struct rf_orchestrator *orchestrator) {
    rf_claim_queued(&orchestrator->claim, loop_now(orchestrator));
    rf_dispatch_tick(orchestrator);
}

void rf_dispatch_changed(struct rf_orchestrator *orchestrator) {
    dial_line(orchestrator);
    rf_dispatch_queued(orchestrator);
}

static void on_released(struct rf_store_job *job, enum rf_err result,
                        const struct rf_error *error) {
    struct rf_queue_release *release = (struct rf_queue_release *)job;
    struct rf_orchestrator *orchestrator = release->owner;
    free(release);
    if (orchestrator->stopping)
        return;
    // Without it they are looked at again when their deferral ends.
    if (result != RF_OK)
        rf_log(RF_LOG_WARNING, "deferred contacts are not released early: %s", error->message);
    else
        rf_dispatch_queued(orchestrator);
    rf_orchestrator_settle(orchestrator);
}

void rf_dispatch_release(struct rf_orchestrator *orchestrator) {
    struct rf_queue_release *job = calloc(1, sizeof *job);
    if (!job)
        return;
    job->job.run = rf_queue_release_run;
    job->job.done = on_released;
    job->owner = orchestrator;
    job->now = rf_clock_watch_now(orchestrator);
    rf_store_submit(orchestrator->store, &job->job);
}

void rf_dispatch_configure(struct rf_orchestrator *orchestrator, const struct rf_config *config) {
    bool better = rf_claim_configure(&orchestrator->claim, config, loop_now(orchestrator));
    rf_pace_configure(&orchestrator->pace, config->orchestrator.pace);
    rf_terms_configure(orchestrator, config);
    if (orchestrator->pace_timer.loop) {
        // As soon as all of the configuration is in force.
        rf_timer_after(&orchestrator->pace_timer, rf_ns(0));
        rf_timer_after(&orchestrator->claim_timer, rf_ns(0));
        if (better)
            rf_dispatch_release(orchestrator);
    }
}

// ---- what the fleet knows ----

static enum rf_breaker_state breaker_of(const struct rf_state_entry *entry) {
    const char *state = json_string_value(json_object_get(entry->value, "state"));
    if (entry->version == 0 || !state)
        return RF_BREAKER_CLOSED;
    if (strcmp(state, "open") == 0)
        return RF_BREAKER_OPEN;
    return strcmp(state, "half_open") == 0 ? RF_BREAKER_HALF_OPEN : RF_BREAKER_CLOSED;
}

// Takes over what a watch says about one provider; true if something works again.
static bool take_entry(struct rf_orchestrator *orchestrator, const struct rf_state_entry *entry,
                       bool mark, struct rf_instant now) {
    struct rf_claim *claim = &orchestrator->claim;
    enum rf_provider provider;
    const char *slash = strchr(entry->key, '/');
    if (!slash || !rf_provider_parse(slash + 1, &provider))
        return false;
    if (mark)
        return rf_claim_provider(claim, provider, claim->breakers[provider], entry->version != 0,
                                 now);
    orchestrator->breaker_until[provider].ns =
        breaker_of(entry) == RF_BREAKER_OPEN
            ? json_integer_value(json_object_get(entry->value, "until"))
            : 0;
    return rf_claim_provider(claim, provider, breaker_of(entry), claim->marked[provider], now);
}

static bool in_snapshot(const struct rf_state_entry *entries, size_t count, const char *name) {
    for (size_t i = 0; i < count; i++) {
        const char *slash = strchr(entries[i].key, '/');
        if (slash && strcmp(slash + 1, name) == 0)
            return true;
    }
    return false;
}

static void take(struct rf_orchestrator *orchestrator, bool mark, bool snapshot,
                 const struct rf_state_entry *entries, size_t count) {
    struct rf_claim *claim = &orchestrator->claim;
    struct rf_instant now = loop_now(orchestrator);
    bool better = false;
    // What a snapshot does not name is closed, or not marked.
    for (int p = 0; snapshot && p < RF_PROVIDER_COUNT; p++) {
        enum rf_provider provider = (enum rf_provider)p;
        if (!in_snapshot(entries, count, rf_provider_name(provider)))
            better |=
                rf_claim_provider(claim, provider, mark ? claim->breakers[p] : RF_BREAKER_CLOSED,
                                  mark ? false : claim->marked[p], now);
    }
    for (size_t i = 0; i < count; i++)
        better |= take_entry(orchestrator, &entries[i], mark, now);
    if (better)
        rf_dispatch_release(orchestrator);
    rf_dispatch_tick(orchestrator);
}

static void on_breakers(void *arg, bool snapshot, const struct rf_state_entry *entries,
                        size_t count) {
    struct rf_orchestrator *orchestrator = arg;
    orchestrator->breakers_known |= snapshot;
    take(orchestrator, false, snapshot, entries, count);
}

static void on_marks(void *arg, bool snapshot, const struct rf_state_entry *entries, size_t count) {
    struct rf_orchestrator *orchestrator = arg;
    orchestrator->marks_known |= snapshot;
    take(orchestrator, true, snapshot, entries, count);
}

enum rf_err rf_dispatch_start(struct rf_orchestrator *orchestrator, struct rf_error *error) {
    rf_timer_init(&orchestrator->pace_timer, orchestrator->process->loop, on_pace_timer,
                  orchestrator);
    rf_timer_init(&orchestrator->claim_timer, orchestrator->process->loop, on_claim_timer,
                  orchestrator);
    struct rf_bus *bus = orchestrator->process->bus;
    enum rf_err err = rf_bus_watch(bus, "breaker/", on_breakers, orchestrator, error);
    return err == RF_OK ? rf_bus_watch(bus, "mark/", on_marks, orchestrator, error) : err;
}
