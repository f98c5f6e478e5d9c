#include "intake.h"

#include <stdlib.h>
#include <string.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/log.h"
#include "redact/redact.h"
#include "rule.h"

#define PAGE_EVENTS   256
#define SILENCES_WAIT rf_seconds(30)
// Time is the wall clock's; a timer never sleeps longer than this, so that a clock that was put
// forward or back is noticed.
#define LONGEST_SLEEP rf_seconds(30)

// ---- storing ----

static void free_page(struct rf_intake *intake) {
    rf_engine_changes_free(&intake->page.changes);
    free(intake->page.fresh);
    intake->page.fresh = NULL;
    intake->busy = false;
}

// Out of memory: the page is not asked on, so nothing is lost; a restart reads it again.
static void fail(struct rf_intake *intake, const struct rf_error *error) {
    free_page(intake);
    rf_process_fail(intake->process, error);
}

static void sleep_until(struct rf_intake *intake, struct rf_utc wake, struct rf_utc now) {
    struct rf_duration wait = rf_utc_since(wake, now);
    if (wake.ns == INT64_MAX)
        rf_timer_stop(&intake->tick_timer);
    else
        rf_timer_after(&intake->tick_timer, wait.ns < LONGEST_SLEEP.ns ? wait : LONGEST_SLEEP);
}

// Takes what the engine made; stored unless there is nothing.
static void store(struct rf_intake *intake, bool moved, struct rf_utc now) {
    struct rf_ledger_page *page = &intake->page;
    struct rf_error error;
    sleep_until(intake, rf_engine_tick(&intake->engine, now), now);
    if (rf_engine_changes(&intake->engine, &page->changes, &error) != RF_OK) {
        fail(intake, &error);
        return;
    }
    if (!moved && page->changes.state == NULL) {
        rf_engine_changes_free(&page->changes);
        return;
    }
    page->fresh = calloc(page->changes.alert_count + 1, sizeof *page->fresh);
    if (page->fresh == NULL) {
        rf_error_set(&error, RF_ERR_NOMEM, "no memory for a page of alerts");
        fail(intake, &error);
        return;
    }
    intake->busy = true;
    page->moved = moved;
    page->names = rf_channels_names(intake->channels);
    page->now = now;
    rf_ledger_submit_page(intake->ledger, page);
}

static void on_tick(void *arg) {
    struct rf_intake *intake = arg;
    if (!intake->busy && intake->heard && !intake->stopped && !intake->process->draining)
        store(intake, false, rf_clock_utc());
}

void rf_intake_wake(struct rf_intake *intake) {
    rf_timer_after(&intake->tick_timer, rf_ns(0));
}

static void subscribe(struct rf_intake *intake);

static void go_on(struct rf_intake *intake) {
    rf_intake_take_words(intake);
    rf_intake_wake(intake);
    if (intake->stale)
        subscribe(intake);
    else if (intake->owes_page && !intake->process->draining) {
        intake->owes_page = false;
        rf_subscription_next(intake->subscription);
    }
}

static void on_stored(void *arg) {
    struct rf_intake *intake = arg;
    struct rf_ledger_page *page = &intake->page;
    RF_CRASH_POINT(alerter, page_stored);
    rf_engine_stored(&intake->engine);
    for (size_t i = 0; i < page->changes.alert_count; i++)
        if (page->fresh[i])
            intake->made(intake->arg, &page->changes.alerts[i], &page->names, page->now);
    if (page->moved) {
        intake->known = true;
        intake->cursor = page->cursor;
    }
    free_page(intake);
    intake->stored(intake->arg);
    go_on(intake);
}

// ---- reading ----

// Redacted before anything is made of it: a notice goes to mailboxes and chats.
static enum rf_err take_event(struct rf_intake *intake, const struct rf_redaction *redaction,
                              const struct rf_event *event, struct rf_utc now,
                              struct rf_error *error) {
    struct rf_redacted_event redacted;
    if (rf_redact_event(redaction, event, &redacted) != RF_OK)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory to redact an event");
    rf_engine_event(&intake->engine, &redacted.event, now);
    rf_redacted_event_fini(&redacted);
    return RF_OK;
}

static void on_page(void *arg, const struct rf_journal_page *read) {
    struct rf_intake *intake = arg;
    struct rf_utc now = rf_clock_utc();
    if (intake->busy) { // with what time called for: it is asked for again
        intake->stale = true;
        return;
    }
    if (intake->known)
        rf_bus_tell_gap(intake->process->bus, intake->process->service, &intake->cursor, read);
    intake->owes_page = true;
    intake->page.cursor = rf_journal_place(read->scanned, read->journal);
    const struct rf_redaction *redaction =
        rf_redactor_now(intake->redactor, rf_loop_now(intake->process->loop));
    for (size_t i = 0; i < read->events.count; i++) {
        struct rf_error error;
        if (take_event(intake, redaction, &read->events.items[i], now, &error) != RF_OK) {
            fail(intake, &error);
            return;
        }
    }
    store(intake, true, now);
}

static void subscribe(struct rf_intake *intake) {
    char **topics;
    size_t count;
    struct rf_error error;
    intake->stale = intake->owes_page = false;
    rf_subscription_destroy(&intake->subscription);
    enum rf_err result = rf_rule_topics(intake->engine.setup.config, &topics, &count, &error);
    if (result == RF_OK) {
        struct rf_subscription_options options = {.prefixes = (const char *const *)topics,
                                                  .prefix_count = count,
                                                  .after = (uint64_t)intake->cursor.n,
                                                  .journal = intake->cursor.journal,
                                                  .limit = PAGE_EVENTS,
                                                  .durable = intake->process->service};
        result = rf_subscription_new(intake->process->bus, &options, on_page, intake,
                                     &intake->subscription, &error);
        rf_rule_topics_free(&topics, count);
    }
    if (result != RF_OK)
        rf_process_fail(intake->process, &error);
}

// ---- life ----

// Nobody is told of what is silenced only because the silence was not known yet.
void rf_intake_heard(struct rf_intake *intake) {
    if (intake->heard || intake->stopped)
        return;
    intake->heard = true;
    rf_timer_stop(&intake->quiet_timer);
    subscribe(intake);
    rf_intake_wake(intake);
}

static void on_long_quiet(void *arg) {
    rf_log(RF_LOG_WARNING, "goes on without knowing the silences: the broker has not told them");
    rf_intake_heard(arg);
}

void rf_intake_init(struct rf_intake *intake, struct rf_process *process,
                    const struct rf_channels *channels) {
    *intake = (struct rf_intake){.process = process, .channels = channels};
    intake->words_end = &intake->words;
    intake->page.stored = on_stored;
    intake->page.arg = intake;
    rf_timer_init(&intake->tick_timer, process->loop, on_tick, intake);
    rf_timer_init(&intake->quiet_timer, process->loop, on_long_quiet, intake);
    rf_engine_init(&intake->engine, &(struct rf_engine_setup){.config = &process->config->alerter});
}

static unsigned named(const void *channels, const char *names) {
    return rf_channels_named(channels, names);
}

static enum rf_err setup_of(struct rf_intake *intake, const struct rf_config *config,
                            struct rf_engine_setup *setup, struct rf_error *error) {
    *setup = (struct rf_engine_setup){.config = &config->alerter,
                                      .channels = rf_channels_enabled(intake->channels),
                                      .acks = rf_channels_acks(intake->channels),
                                      .named = named,
                                      .arg = intake->channels};
    for (size_t c = 0; c < RF_CHANNELS_MOST; c++) {
        setup->takes[c] = intake->channels->slots[c].takes;
        setup->names[c] = intake->channels->slots[c].name;
    }
    const struct rf_config_quiet *quiet = &config->alerter.quiet;
    return quiet->hours.count == 0
               ? RF_OK
               : rf_zones_find(&intake->zones, quiet->time_zone, &setup->zone, error);
}

enum rf_err rf_intake_begin(struct rf_intake *intake, struct rf_ledger *ledger, bool known,
                            const struct rf_journal_place *cursor, struct rf_error *error) {
    struct rf_engine_setup setup;
    intake->ledger = ledger;
    intake->known = known;
    intake->cursor = *cursor;
    enum rf_err result = setup_of(intake, intake->process->config, &setup, error);
    if (result != RF_OK)
        return result;
    rf_engine_set(&intake->engine, &setup);
    result = rf_ledger_load_incidents(ledger, &intake->engine, error);
    if (result == RF_OK)
        result = rf_intake_watch(intake, error);
    rf_timer_after(&intake->quiet_timer, SILENCES_WAIT);
    return result;
}

enum rf_err rf_intake_reload(struct rf_intake *intake, const struct rf_config *fresh,
                             struct rf_error *error) {
    struct rf_engine_setup setup;
    enum rf_err result = setup_of(intake, fresh, &setup, error);
    if (result != RF_OK)
        return result;
    rf_engine_set(&intake->engine, &setup);
    intake->stale = intake->heard;
    if (!intake->busy && intake->stale)
        subscribe(intake);
    rf_intake_wake(intake);
    return RF_OK;
}

void rf_intake_stop(struct rf_intake *intake) {
    intake->stopped = true;
    rf_timer_stop(&intake->tick_timer);
    rf_timer_stop(&intake->quiet_timer);
    rf_subscription_destroy(&intake->subscription);
}

void rf_intake_fini(struct rf_intake *intake) {
    rf_intake_drop_words(intake);
    free_page(intake);
    rf_engine_fini(&intake->engine);
    rf_zones_fini(&intake->zones);
}
