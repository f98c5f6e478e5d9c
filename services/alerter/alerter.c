#include "alerter.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include <ringfence/bus.h>

#include "base/clock.h"
#include "base/crash_point.h"
#include "base/file.h"
#include "base/log.h"
#include "config/config.h"
#include "core.h"
#include "couriers.h"
#include "events/text.h"
#include "forms/forms.h"
#include "heartbeat.h"
#include "http/client.h"
#include "ledger.h"
#include "redact/configured.h"
#include "rules.h"
#include "serve.h"

#define PAGE_EVENTS 256
#define RETRY_WAIT  rf_seconds(1) // of a page that could not be stored
#define DRAIN_LOOK  rf_ms(5)

struct alerter {
    struct rf_process *process;
    struct rf_ledger *ledger;
    struct rf_http *http;
    struct rf_redaction *redaction;
    struct rf_forms *forms;
    struct rf_subscription *subscription;
    struct rf_couriers couriers;
    struct rf_serve serve;
    struct rf_heartbeat heartbeat;
    struct rf_ledger_page page;
    bool page_busy;
    bool page_warned; // its trouble was told
    bool known;       // there is a cursor: what is missing behind it was missed by us
    struct rf_journal_place cursor;
    struct rf_timer page_timer; // submits the page again
    struct rf_timer drain_timer;
};

// ---- pages ----

static void submit_page(void *arg) {
    struct alerter *alerter = arg;
    rf_ledger_submit_page(alerter->ledger, &alerter->page);
}

static void free_page(struct alerter *alerter) {
    rf_core_alerts_free(&alerter->page.alerts, &alerter->page.count);
    free(alerter->page.fresh);
    alerter->page.fresh = NULL;
    alerter->page_busy = false;
}

static void on_page_stored(void *arg, enum rf_err result, const struct rf_error *error) {
    struct alerter *alerter = arg;
    if (alerter->subscription == NULL) // stopped
        return;
    if (result != RF_OK) {
        if (!alerter->page_warned)
            rf_log(RF_LOG_ERROR, "cannot keep alerts, goes on trying: %s", error->message);
        alerter->page_warned = true;
        rf_timer_after(&alerter->page_timer, RETRY_WAIT);
        return;
    }
    if (alerter->page_warned)
        rf_log(RF_LOG_INFO, "alerts can be kept again");
    alerter->page_warned = false;
    RF_CRASH_POINT(alerter, page_stored);
    for (size_t i = 0; i < alerter->page.count; i++)
        if (alerter->page.fresh[i])
            rf_couriers_add(&alerter->couriers, &alerter->page.alerts[i], &alerter->page.names,
                            alerter->page.now);
    alerter->known = true;
    alerter->cursor = alerter->page.cursor;
    free_page(alerter);
    rf_couriers_kick(&alerter->couriers);
    if (!alerter->process->draining)
        rf_subscription_next(alerter->subscription);
}

// Out of memory: the page is not asked on, so nothing is lost; a restart reads it again.
static void on_page_lost(struct alerter *alerter, const struct rf_error *error) {
    free_page(alerter);
    rf_process_fail(alerter->process, error);
}

static void on_page(void *arg, const struct rf_journal_page *read) {
    struct alerter *alerter = arg;
    struct rf_error error;
    if (alerter->known)
        rf_bus_tell_gap(alerter->process->bus, alerter->process->service, &alerter->cursor, read);
    struct rf_ledger_page *page = &alerter->page;
    alerter->page_busy = true;
    page->cursor = rf_journal_place(read->scanned, read->journal);
    page->now = rf_clock_utc();
    page->names = rf_channels_names(&alerter->couriers.channels);
    page->done = on_page_stored;
    page->arg = alerter;
    if (rf_core_alerts(alerter->redaction, read->events.items, read->events.count, &page->alerts,
                       &page->count, &error) != RF_OK) {
        on_page_lost(alerter, &error);
        return;
    }
    for (size_t i = 0; i < page->count; i++) {
        page->alerts[i].order = page->alerts[i].n;
        page->alerts[i].channels =
            rf_channels_taking(&alerter->couriers.channels, page->alerts[i].severity);
    }
    page->fresh = calloc(page->count + 1, sizeof *page->fresh);
    if (page->fresh == NULL) {
        rf_error_set(&error, RF_ERR_NOMEM, "no memory for a page of alerts");
        on_page_lost(alerter, &error);
        return;
    }
    submit_page(alerter);
}

// ---- the beginning ----

static enum rf_err on_loaded(void *arg, const char *channel, const struct rf_delivery *delivery,
                             struct rf_error *error) {
    struct alerter *alerter = arg;
    return rf_couriers_load(&alerter->couriers, channel, delivery, error);
}

static enum rf_err open_ledger(struct alerter *alerter, struct rf_error *error) {
    struct rf_process *process = alerter->process;
    struct rf_text folder = {0}, path = {0};
    rf_text_add(&folder, "%s/alerter", process->config->state_dir);
    rf_text_add(&path, "%s/alerter/alerts.db", process->config->state_dir);
    enum rf_err result = folder.failed || path.failed
                             ? rf_error_set(error, RF_ERR_NOMEM, "no memory for a path")
                             : rf_folder_make(folder.data, 0700, error);
    if (result == RF_OK)
        result = rf_ledger_open(process->loop, path.data, &alerter->ledger, error);
    rf_text_fini(&folder);
    rf_text_fini(&path);
    return result;
}

static void on_idle(void *arg);
static void look_drained(void *arg);

static enum rf_err open_parts(struct alerter *alerter, struct rf_error *error) {
    struct rf_process *process = alerter->process;
    enum rf_err result = open_ledger(alerter, error);
    if (result == RF_OK)
        result = rf_redaction_configured(process->config, &alerter->redaction, error);
    if (result == RF_OK)
        result = rf_http_new(process->loop, &alerter->http, error);
    if (result == RF_OK)
        result = rf_forms_new(process->config->alerter.templates, &alerter->forms, error);
    if (result != RF_OK)
        return result;
    struct rf_courier_means means = {.process = process,
                                     .ledger = alerter->ledger,
                                     .http = alerter->http,
                                     .forms = (const struct rf_forms *const *)&alerter->forms,
                                     .idle = on_idle,
                                     .arg = alerter};
    result = rf_couriers_init(&alerter->couriers, &means, error);
    if (result != RF_OK)
        return result;
    result = rf_ledger_load(alerter->ledger, &alerter->known, &alerter->cursor, on_loaded, alerter,
                            error);
    if (result == RF_OK)
        result =
            rf_ledger_channels(alerter->ledger, rf_couriers_restore, &alerter->couriers, error);
    if (result != RF_OK)
        return result;
    struct rf_subscription_options options = {.prefixes = rf_alert_topics,
                                              .prefix_count = rf_alert_topic_count,
                                              .after = (uint64_t)alerter->cursor.n,
                                              .journal = alerter->cursor.journal,
                                              .limit = PAGE_EVENTS,
                                              .durable = process->service};
    return rf_subscription_new(process->bus, &options, on_page, alerter, &alerter->subscription,
                               error);
}

// Why no heartbeat is sent.
static const char *trouble_of(void *arg) {
    const struct alerter *alerter = arg;
    if (!rf_bus_connected(alerter->process->bus))
        return "the broker is away";
    return alerter->page_warned ? "alerts cannot be kept" : NULL;
}

enum rf_err rf_alerter_start(struct rf_process *process, struct rf_error *error) {
    struct alerter *alerter = calloc(1, sizeof *alerter);
    if (alerter == NULL)
        return rf_error_set(error, RF_ERR_NOMEM, "no memory");
    process->state = alerter;
    alerter->process = process;
    rf_timer_init(&alerter->page_timer, process->loop, submit_page, alerter);
    rf_timer_init(&alerter->drain_timer, process->loop, look_drained, alerter);
    enum rf_err result = open_parts(alerter, error);
    if (result != RF_OK)
        return result;
    result = rf_serve_start(&alerter->serve, &alerter->couriers, error);
    if (result != RF_OK)
        return result;
    rf_heartbeat_start(&alerter->heartbeat, process->loop, &process->config->alerter.heartbeat,
                       alerter->ledger, alerter->http, trouble_of, alerter);
    rf_couriers_bury(&alerter->couriers);
    rf_couriers_kick(&alerter->couriers);
    rf_process_ready(process, "%d channels, %zu deliveries waiting, journal read to %" PRId64,
                     __builtin_popcount(rf_channels_enabled(&alerter->couriers.channels)),
                     rf_couriers_waiting(&alerter->couriers), alerter->cursor.n);
    return RF_OK;
}

enum rf_err rf_alerter_reload(struct rf_process *process, const struct rf_config *fresh,
                              struct rf_error *error) {
    struct alerter *alerter = process->state;
    struct rf_redaction *redaction = NULL;
    struct rf_forms *forms = NULL;
    enum rf_err result = rf_redaction_configured(fresh, &redaction, error);
    if (result == RF_OK)
        result = rf_forms_new(fresh->alerter.templates, &forms, error);
    if (result == RF_OK)
        result = rf_couriers_reload(&alerter->couriers, &fresh->alerter, error);
    if (result != RF_OK) {
        rf_redaction_destroy(&redaction);
        rf_forms_destroy(&forms);
        return result;
    }
    rf_heartbeat_reload(&alerter->heartbeat, &fresh->alerter.heartbeat);
    rf_redaction_destroy(&alerter->redaction);
    alerter->redaction = redaction;
    rf_forms_destroy(&alerter->forms);
    alerter->forms = forms;
    return RF_OK;
}

// ---- the end ----

// What is being sent is finished and stored; what waits is in the outbox for the next start.
static void look_drained(void *arg) {
    struct alerter *alerter = arg;
    if (rf_couriers_busy(&alerter->couriers))
        return;
    if (rf_ledger_pending(alerter->ledger))
        rf_timer_after(&alerter->drain_timer, DRAIN_LOOK);
    else
        rf_process_drained(alerter->process);
}

static void on_idle(void *arg) {
    struct alerter *alerter = arg;
    rf_timer_after(&alerter->drain_timer, rf_ns(0));
}

void rf_alerter_drain(struct rf_process *process) {
    struct alerter *alerter = process->state;
    rf_serve_drain(&alerter->serve);
    look_drained(alerter);
}

void rf_alerter_stop(struct rf_process *process) {
    struct alerter *alerter = process->state;
    if (alerter == NULL)
        return;
    rf_timer_stop(&alerter->page_timer);
    rf_timer_stop(&alerter->drain_timer);
    rf_subscription_destroy(&alerter->subscription);
    rf_serve_stop(&alerter->serve);
    rf_heartbeat_stop(&alerter->heartbeat);
    rf_couriers_stop(&alerter->couriers);
    rf_ledger_close(&alerter->ledger);
    rf_http_destroy(&alerter->http);
    rf_forms_destroy(&alerter->forms);
    rf_redaction_destroy(&alerter->redaction);
    rf_couriers_fini(&alerter->couriers);
    free_page(alerter);
    free(alerter);
    process->state = NULL;
}
